# make demo | make test | make check: each sets up .venv by itself; a second run does not reinstall.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# What is installed is what this file says, byte for byte. It has the oldest form that pip and uv
# both take: pip reads no pylock.toml before 25.1, and a new machine may have any pip.
LOCK := requirements.lock
PYTHONS := 3.11 3.12 3.13 3.14
# Lists of tests for test-oldest and test-newest, and for test-wheel.
UNIT_TESTS ?= tests/border tests/unit tests/conformance/etcd
WHEEL_TESTS ?= tests/border tests/unit
SOURCES := pyproject.toml CMakeLists.txt $(shell find csrc -name "*.[ch]" -o -name "*.inc" -o -name "ffi_build.py")
export NUMBA_CACHE_DIR ?= $(CURDIR)/.numba_cache
export PIP_DISABLE_PIP_VERSION_CHECK := 1

UV := $(shell command -v uv 2>/dev/null)
ifeq ($(UV),)
MAKE_VENV := $(PYTHON) -m venv $(VENV)
INSTALL := $(BIN)/python -m pip install
INSTALL_US := $(INSTALL)
else
MAKE_VENV := $(UV) venv --quiet --allow-existing --python $(PYTHON) $(VENV)
INSTALL := $(UV) pip install --python $(BIN)/python
# uv would take the wheel that it built before modules came or went.
INSTALL_US := $(INSTALL) --reinstall-package pykube-core
endif

.PHONY: demo test check test-c test-py test-oldest test-newest test-wheel bench wheel lock clean help FORCE

help: ## Show the targets
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST)

$(VENV)/.venv:
	@echo "==> creating $(VENV)"
	$(MAKE_VENV)
	@touch $@

$(VENV)/.tools: $(VENV)/.venv $(LOCK)
	@echo "==> installing what $(LOCK) names (once)"
	$(INSTALL) --quiet --require-hashes --only-binary :all: -r $(LOCK)
	@touch $@

# The editable install lists the modules one by one: this file changes when the list does.
$(VENV)/.modules: $(VENV)/.venv FORCE
	@find pykube_core core -name "*.py" | LC_ALL=C sort > $@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

$(VENV)/.installed: $(VENV)/.tools $(VENV)/.modules $(SOURCES)
	@echo "==> building and installing pykube-core"
	$(INSTALL_US) --no-deps --no-build-isolation -e .
	@touch $@

demo: $(VENV)/.installed ## Compare scheduling policies on a synthetic cluster (5,000 nodes, 20,000 pods)
	$(BIN)/pykube demo

test: test-c test-py ## C unit tests under sanitizers, then pytest with smoke-size benchmarks

test-c:
	$(MAKE) -C csrc test tsan

test-py: $(VENV)/.installed
	$(BIN)/python -m pytest

test-oldest: RESOLUTION := lowest-direct
test-oldest: WITH := $(PYTHONS)
test-oldest: ## Unit tests on Python 3.11 and the lowest versions that pyproject.toml admits
test-newest: RESOLUTION := highest
test-newest: WITH := $(shell printf '%s\n' $(PYTHONS) | sort -rV)
test-newest: ## Unit tests on the newest Python that is here and the newest versions to be had
test-oldest test-newest: test-%: $(VENV)/.tools
	$(BIN)/uv venv --quiet --clear --python "$$($(BIN)/python tests/find_python.py $(WITH))" .venv-$*
	$(BIN)/uv pip install --quiet --python .venv-$* --refresh --resolution $(RESOLUTION) \
	  --only-binary :all: -r pyproject.toml --all-extras --group build --group test
	$(BIN)/uv pip install --quiet --python .venv-$* --reinstall-package pykube-core --no-deps \
	  --no-build-isolation -C build-dir=build/$* -e .
	@echo "==> $(UNIT_TESTS) on the $* of:"
	@$(BIN)/uv pip list --python .venv-$* --quiet --format freeze | tr '\n' ' '
	.venv-$*/bin/python -m pytest $(UNIT_TESTS)

check: $(VENV)/.installed ## ruff, mypy --strict, import rules, tidiness of Python, C and paths
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/test_tidy.py tests/test_tidy_c.py tests/test_tidy_paths.py

bench: $(VENV)/.installed ## Full-size benchmarks
	$(BIN)/python -m pytest benchmarks --benchmark-enable --benchmark-only

wheel: $(VENV)/.tools ## A source archive in dist/, and one abi3 wheel made from it
	rm -rf dist
	$(BIN)/uv build --quiet --no-build-isolation --python $(BIN)/python --out-dir dist

test-wheel: wheel ## The wheel on each Python that is here
	$(BIN)/python tests/wheel.py --lock $(LOCK) --tests $(WHEEL_TESTS) --pythons $(PYTHONS)

lock: $(VENV)/.tools ## Write requirements.lock anew: the newest versions, with wheels for every Python
	$(BIN)/uv pip compile --quiet --refresh --upgrade --universal --python-version $(firstword $(PYTHONS)) \
	  --generate-hashes --no-annotate --custom-compile-command "make lock" \
	  --all-extras --group dev pyproject.toml --output-file $(LOCK)
	for python in $(PYTHONS); do \
	  $(BIN)/uv pip install --quiet --dry-run --python-version $$python --only-binary :all: \
	    --require-hashes --target build/lock -r $(LOCK) || exit; \
	done

clean: ## Remove what the build made
	rm -rf build dist .numba_cache .venv-oldest .venv-newest csrc/build
