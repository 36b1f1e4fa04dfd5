"""Hold the engine in C against its slow twin on random histories.

    python tests/model/differential.py --count 100000 --seed 1 --jobs 2

Prints how many states were compared, and the first difference as a seed that shows it again:

    python tests/model/differential.py --only SEED
"""

import argparse
import sys
import time
import traceback
from concurrent.futures import ProcessPoolExecutor
from random import Random

STEPS = 20


def run_seed(seed: int) -> str | None:
    """Run one history; return what differs."""
    from pairs import run_history

    try:
        run_history(Random(seed), STEPS)
    except Exception:
        return traceback.format_exc()
    return None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=10_000, help="states to compare")
    parser.add_argument("--seed", type=int, default=1, help="seed of the first history")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--only", type=int, help="run the history of one seed")
    options = parser.parse_args()
    if options.only is not None:
        found = run_seed(options.only)
        print(found or f"seed {options.only}: no difference")
        return 1 if found else 0
    base = options.seed << 32
    seeds = range(base, base + -(-options.count // STEPS))
    began, done = time.monotonic(), 0
    with ProcessPoolExecutor(options.jobs) as pool:
        for seed, found in zip(seeds, pool.map(run_seed, seeds, chunksize=20), strict=True):
            if found:
                print(found)
                print(f"{done:,} states agree; again with: differential.py --only {seed}")
                pool.shutdown(cancel_futures=True)
                return 1
            done += STEPS
            if done % 10_000 == 0 and sys.stderr.isatty():
                print(f"{done:,} states", file=sys.stderr)
    print(f"{done:,} states agree in {time.monotonic() - began:.0f} s, seed {options.seed}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
