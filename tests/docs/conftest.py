"""The place where the commands of the pages are carried out: as the pages assume it, and small.

The stage files that are trained are the real ones with a few pictures and one epoch in place of
thousands and eight, so that a page takes seconds; the others are as they are.
"""

from __future__ import annotations

import io
import shlex
import shutil
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image

import grow
from grow.cli import main
from grow.data.synthetic import drawn
from tests.docs.pages import EMPTY, ROOT, blocks, read

PICTURES = 24
"""How many are in the folder of pictures."""


def carry_out(line: str, extra: str = "") -> str:
    """Carries out one command line of a page, in this process; returns what it prints.

    Of a shell, `grow … > FILE` and `*` in names are all that is understood.
    """
    words = shlex.split(line, comments=True)
    words, target = (words[:-2], words[-1]) if ">" in words else (words, "")
    words = [name for word in words for name in (_matching(word) if "*" in word else [word])]
    assert words[0] == "grow", f"`{line}`: the tests carry out commands of grow only"
    printed = io.StringIO()
    with redirect_stdout(printed):
        code = main([*words[1:], *shlex.split(extra)])
    assert code == 0, f"`{line}` ended with {code}:\n{printed.getvalue()}"
    if target:
        Path(target).write_text(printed.getvalue(), encoding="utf-8")
    return printed.getvalue()


def _matching(pattern: str) -> list[str]:
    """The files of a pattern, as a shell lists them."""
    return sorted(str(path) for path in Path().glob(pattern))


def smaller(text: str) -> str:
    """A stage file with few pictures and one epoch a stage."""
    whole = yaml.safe_load(text)
    few = {"train": PICTURES, "validation": PICTURES // 2}
    whole["data"].update(few if whole["data"]["source"] == "drawn" else {"path": "pictures"})
    for part in (whole["train"], *whole["stages"]):
        part.update({key: 1 for key in ("epochs",) if key in part})
    return yaml.safe_dump(whole, sort_keys=False)


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with pictures, stage files and two finished runs, made once."""
    place = tmp_path_factory.mktemp("docs") / "furnished"
    (place / "stages").mkdir(parents=True)
    (place / "dataset").mkdir()
    for path in (ROOT / "stages").glob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        text = text if path.stem == "seed" else smaller(text)
        (place / "stages" / path.name).write_text(text, encoding="utf-8")
    (own,) = (one for one in blocks("README.md") if one.mark == "file")
    (place / "stages.yaml").write_text(own.text, encoding="utf-8")
    for number in range(PICTURES):
        label = number % 2
        folder = place / "pictures" / ("cats", "dogs")[label]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(drawn.draw(0, number, label)).save(folder / f"{number}.png")
    shutil.copy(place / "pictures" / "cats" / "0.png", place / "holiday.jpg")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        patch.setenv("GROW_CACHE", str(place.parent / "cache"))
        for name in ("quickstart", "cats-dogs"):
            carry_out(f"grow run stages/{name}.yaml")
    old, new, *_ = grow.load(place / "runs" / "quickstart").stages
    shutil.copy(old.path / "model.keras", place / "old.keras")
    shutil.copy(new.path / "model.keras", place / "new.keras")
    return place


@pytest.fixture
def place(
    furnished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], dict[str, Any]]:
    """Puts the process into a copy of that folder, or an empty one.

    It gives the names that Python sees there.
    """

    def enter(page: str) -> dict[str, Any]:
        if EMPTY in read(page):
            (tmp_path / "place").mkdir()
        else:
            shutil.copytree(furnished, tmp_path / "place")
        monkeypatch.chdir(tmp_path / "place")
        monkeypatch.setenv("GROW_CACHE", str(furnished.parent / "cache"))
        monkeypatch.setattr("webbrowser.open", lambda _address: True)
        return {"__name__": "__main__"}

    return enter
