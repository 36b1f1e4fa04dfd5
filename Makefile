# make demo | make test | make check: each sets up .venv by itself; a second run does not reinstall.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null)
SOURCES := pyproject.toml CMakeLists.txt $(wildcard csrc/ffi_build.py $(foreach folder,include common wal store engine engine/*,csrc/$(folder)/*.h csrc/$(folder)/*.c csrc/$(folder)/*.inc))
export NUMBA_CACHE_DIR ?= $(CURDIR)/.numba_cache

.PHONY: demo test check test-c test-py bench wheel clean help

help: ## Show the targets
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST)

$(VENV)/.venv: 
	@echo "==> creating $(VENV)"
ifeq ($(UV),)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --upgrade pip
else
	$(UV) venv --quiet --allow-existing --python $(PYTHON) $(VENV)
endif
	@touch $@

$(VENV)/.tools: $(VENV)/.venv pyproject.toml
	@echo "==> installing the tools that build and test (once)"
ifeq ($(UV),)
	$(BIN)/python -m pip install --disable-pip-version-check --progress-bar on --quiet \
	  "scikit-build-core>=1.0" "cffi>=2.1" "cmake>=3.20" ninja --group dev
else
	$(UV) pip install --python $(BIN)/python "scikit-build-core>=1.0" "cffi>=2.1" "cmake>=3.20" ninja --group dev
endif
	@touch $@

$(VENV)/.installed: $(VENV)/.tools $(SOURCES)
	@echo "==> building and installing pykube-core"
ifeq ($(UV),)
	$(BIN)/python -m pip install --disable-pip-version-check --progress-bar on --no-build-isolation -e .
else
	$(UV) pip install --python $(BIN)/python --no-build-isolation -e .
endif
	@touch $@

demo: $(VENV)/.installed ## Compare scheduling policies on a synthetic cluster (5,000 nodes, 20,000 pods)
	$(BIN)/pykube demo

test: test-c test-py ## C unit tests under sanitizers, then pytest with smoke-size benchmarks

test-c:
	$(MAKE) -C csrc test tsan

test-py: $(VENV)/.installed
	$(BIN)/python -m pytest

check: $(VENV)/.installed ## ruff, mypy --strict, import rules, tidy C
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/test_tidy_c.py

bench: $(VENV)/.installed ## Full-size benchmarks
	$(BIN)/python -m pytest benchmarks --benchmark-enable --benchmark-only

wheel: $(VENV)/.tools ## One abi3 wheel in dist/
	$(BIN)/python -m pip wheel --no-deps --no-build-isolation -w dist .

clean: ## Remove what the build made
	rm -rf build dist .numba_cache csrc/build
