"""What is to be known of pictures before training on them, without training on them.

Each finding is decided by a pure function from what was measured. Nothing of the user's is
written.
"""

from grow.data.checks.value import Check, Finding, Group, Severity, Sizes
from grow.data.checks.work import Wanted, check

__all__ = ["Check", "Finding", "Group", "Severity", "Sizes", "Wanted", "check"]
