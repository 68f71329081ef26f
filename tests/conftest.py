"""Settings of all tests; each has a picture cache of its own, so none sees what another left."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

from grow.cli import main
from tests.commands import Command, Said
from tests.finished import STAGES

# Machines differ, and so does what else they do: a slow example is no failure.
settings.register_profile("grow", deadline=None)
settings.load_profile("grow")


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    cache: Path = tmp_path_factory.getbasetemp() / "cache"
    monkeypatch.setenv("GROW_CACHE", str(cache))


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Command:
    """Carries out a command line in this process."""

    def carry_out(*arguments: str) -> Said:
        code = main(arguments)
        return Said(code, *capsys.readouterr())

    return carry_out


@pytest.fixture
def beside_tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stands in a folder of its own, with one stage file."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.yaml").write_text(STAGES)
    return tmp_path
