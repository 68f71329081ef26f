"""Each broken file stands beside the messages it must produce.

After a deliberate change of words: GROW_WRITE_GOLDENS=1 pytest tests/config, then read the diff.
"""

import os
from pathlib import Path

import pytest

from grow.errors import StageFileError
from grow.planning import validate

BROKEN = Path(__file__).parent / "broken"


@pytest.mark.parametrize("file", sorted(BROKEN.glob("*.yaml")), ids=lambda file: file.stem)
def test_broken_file_says_what_is_wrong(file):
    with pytest.raises(StageFileError) as caught:
        validate.parse(file.read_text("utf-8"), file.name)
    said = f"{caught.value}\n"
    golden = file.with_suffix(".txt")
    if os.environ.get("GROW_WRITE_GOLDENS"):
        golden.write_text(said, "utf-8")
    assert said == golden.read_text("utf-8")


def test_every_golden_has_its_broken_file():
    goldens = {file.stem for file in BROKEN.glob("*.txt")}
    assert goldens == {file.stem for file in BROKEN.glob("*.yaml")}
    assert len(goldens) >= 40


def test_problems_come_in_file_order_without_duplicates():
    for file in BROKEN.glob("*.yaml"):
        with pytest.raises(StageFileError) as caught:
            validate.parse(file.read_text("utf-8"), file.name)
        places = [(problem.line, problem.column) for problem in caught.value.problems]
        assert places == sorted(places)
        assert len(set(caught.value.problems)) == len(caught.value.problems)
