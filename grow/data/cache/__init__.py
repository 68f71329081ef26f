"""The prepared copy of all pictures, kept on disk and read again only where something changed."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """Where prepared pictures are kept; it can be deleted at any time.

    ``GROW_CACHE``, else ``grow`` in the user's cache folder.
    """
    own = os.environ.get("GROW_CACHE")
    if own:
        return Path(own)
    if os.name == "nt":
        home = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    else:
        home = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    return home / "grow"
