"""What has to be quick stays light: no TensorFlow, no Keras, and for help not even NumPy."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
STAGES = sorted((ROOT / "stages").glob("*.yaml"))


def loaded(code: str, folder: Path) -> set[str]:
    """The top-level modules that are loaded after some code."""
    script = f"{code}\nimport sys\nprint('loaded:', *sorted(sys.modules))"
    process = subprocess.run(
        [sys.executable, "-c", script],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "GROW_CACHE": str(folder / "cache")},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    return set(process.stdout.rpartition("loaded:")[2].split())


def command(*arguments: str) -> str:
    return f"from grow.cli import main\nmain({list(arguments)!r})"


LIGHT = {
    "import": "import grow",
    "names": "import grow\n[getattr(grow, name) for name in grow.__all__]",
    "--help": command("--help"),
    "run --help": command("run", "--help"),
    "schema": command("schema"),
    "status": command("status", "nothing"),
    "usage": command("frob"),
    "predict": command("predict", "nothing", "nothing.png"),
    "card": command("card", "nothing"),
    "init": "import grow\ngrow.draw_pictures('p', pictures=12, size=16)\n"
    + command("init", "p", "--no-measure"),
    "export": command("export", "nothing", "--to", "saved_model"),
    **{f"plan {file.name}": command("plan", str(file)) for file in STAGES},
}


@pytest.mark.parametrize("code", LIGHT.values(), ids=LIGHT.keys())
def test_tensorflow_and_keras_stay_out(code: str, tmp_path: Path) -> None:
    there = loaded(code, tmp_path)
    assert "grow" in there
    assert not there & {"tensorflow", "keras"}


def test_help_loads_nothing_that_reads_stage_files(tmp_path: Path) -> None:
    assert not loaded(command("--help"), tmp_path) & {"pydantic", "numpy", "yaml", "PIL", "jinja2"}


def test_importing_grow_loads_nothing_else(tmp_path: Path) -> None:
    there = loaded("import grow", tmp_path)
    assert not there & {"numpy", "pydantic", "yaml", "rich", "typer", "PIL"}
    assert {name for name in there if name.startswith("grow.")} == set()


def test_the_api_is_what_it_says() -> None:
    import grow

    assert set(grow.__all__) <= set(dir(grow))
    for name in grow.__all__:
        assert getattr(grow, name).__doc__
    with pytest.raises(AttributeError, match="module 'grow' has no attribute 'frob'"):
        grow.frob  # noqa: B018
