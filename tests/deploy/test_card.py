"""Model cards: what is written from what is known, troubles included.

After a deliberate change of words: GROW_WRITE_GOLDENS=1 pytest tests/deploy, then read the
diff of tests/golden/face/card.md.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from math import sqrt
from pathlib import Path

import pytest

import grow
from grow.deploy.card import Card, Measured, Pictures
from grow.report.card import card_markdown, wilson
from grow.runs import model_file
from tests.finished import make_run

GOLDEN = Path(__file__).parents[1] / "golden" / "face" / "card.md"


@pytest.fixture
def card(tmp_path: Path) -> Card:
    make_run(tmp_path / "tiny")
    run = grow.load(tmp_path / "tiny")
    stage = run.stages[1]
    return Card(
        run=run,
        stage=stage,
        notes=model_file.notes_of(stage.plan),
        pictures=Pictures(
            counts={
                "train": {"cat": 32, "dog": 32},
                "validation": {"cat": 16, "dog": 16},
                "test": {"cat": 0, "dog": 0},
            },
            unusable={},
            changed=False,
        ),
        measured={"validation": Measured({"cat": 12, "dog": 11}, {"cat": 16, "dog": 16})},
        trouble="",
        versions={"grow-trainer": "1.2.3", "keras": "4.5.6"},
    )


def test_the_card_as_people_read_it(card: Card) -> None:
    found = card_markdown(card)
    if os.environ.get("GROW_WRITE_GOLDENS"):
        GOLDEN.write_text(found, encoding="utf-8")
    assert found == GOLDEN.read_text(encoding="utf-8")


def test_test_pictures_are_the_figure_that_decided_nothing(card: Card) -> None:
    test = Measured({"cat": 3, "dog": 4}, {"cat": 8, "dog": 4})
    found = card_markdown(replace(card, measured={**card.measured, "test": test}))
    assert "| test | 58.3% of 12 | 32.0% to 80.7% | 66.7% |" in found
    assert "| cat | 75.0% of 16 | 37.5% of 8 |" in found
    assert "The test pictures decided nothing." in found
    assert "There are no test pictures" not in found


def test_what_is_not_known_is_said(card: Card) -> None:
    gone = replace(card, pictures=None, measured={}, trouble="the folder is gone", versions={})
    found = card_markdown(gone)
    assert "Not measured again when this card was written: the folder is gone" in found
    assert "Not looked at when this card was written: the folder is gone" in found
    assert "versions: not known." in found


def test_changed_and_unusable_pictures_are_told(card: Card) -> None:
    assert card.pictures is not None
    odd = replace(card.pictures, changed=True, unusable={"empty": 1, "not a | picture\n": 1200})
    found = card_markdown(replace(card, pictures=odd))
    assert "The pictures have changed since the training" in found
    assert "Left out:\n\n- 1,200: not a \\| picture\n- 1: empty\n" in found


def test_tables_hold_whatever_classes_are_called(card: Card) -> None:
    odd = model_file.Notes(("a|b\nc", "dog"), card.notes.preprocessing)
    measured = {"validation": Measured({"a|b\nc": 1, "dog": 0}, {"a|b\nc": 1, "dog": 0})}
    found = card_markdown(replace(card, notes=odd, measured=measured))
    assert "| a\\|b c | 100.0% of 1 |" in found
    assert "| dog | none |" in found


def test_json_is_plain(card: Card) -> None:
    values = json.loads(json.dumps(card.to_dict()))
    assert values["measured"]["validation"]["accuracy"] == 23 / 32
    assert values["stage"]["name"] == "deeper"


@pytest.mark.parametrize(("right", "total"), [(0, 10), (1, 3), (5, 10), (1970, 2000), (10, 10)])
def test_the_ends_of_an_interval_are_what_the_share_is_just_compatible_with(
    right: int, total: int
) -> None:
    """Wilson's definition: ends p with |share - p| = z sqrt(p (1 - p) / n)."""
    share = right / total
    low, high = wilson(right, total)
    assert 0 <= low <= share + 1e-12
    assert share - 1e-12 <= high <= 1
    for end in (low, high):
        if abs(share - end) < 1e-12:  # nothing below none, nothing above all
            continue
        assert abs(share - end) == pytest.approx(1.959964 * sqrt(end * (1 - end) / total), 1e-6)
