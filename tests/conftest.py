"""Settings of all tests; each has a picture cache of its own, so none sees what another left."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

# Machines differ, and so does what else they do: a slow example is no failure.
settings.register_profile("grow", deadline=None)
settings.load_profile("grow")


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    cache: Path = tmp_path_factory.getbasetemp() / "cache"
    monkeypatch.setenv("GROW_CACHE", str(cache))
