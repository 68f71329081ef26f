"""Shows work while it happens; what draws it is loaded only for commands that need it."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grow.cli.live_run import RunView


def live_view(*, stderr: bool = False, unusable_in: str = "") -> RunView:
    """What shows a run while it happens; loaded only for commands that need it."""
    gc.enable()  # off since the start: see `grow.__main__`
    from grow.cli.live_run import RunView  # noqa: PLC0415

    return RunView(stderr=stderr, unusable_in=unusable_in)
