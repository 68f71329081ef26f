"""``python -m grow`` is ``grow``."""

from grow.cli import main

if __name__ == "__main__":
    main()
