"""What is to be known of pictures before training on them, without training on them.

Floor 4: puts `stagefile`, `pictures` and `giveaway` together. Each finding is decided by a pure
function from what was measured. No Keras; nothing of the user's is written.
"""

from grow.checking.value import Check, Finding, Group, Severity, Sizes
from grow.checking.work import check

__all__ = ["Check", "Finding", "Group", "Severity", "Sizes", "check"]
