"""``python -m pykube_core`` is ``pykube``."""

import sys

from pykube_core.cli import main

if __name__ == "__main__":
    sys.exit(main())
