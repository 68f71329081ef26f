"""``python -m grow`` is ``grow``."""

import sys

from grow.cli import main

if __name__ == "__main__":
    sys.exit(main())
