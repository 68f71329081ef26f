"""How two plans differ: what is found, what is left out, and what is said of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import grow
from grow.cli import main
from grow.runs.diff import Setting, Weights, difference
from tests.finished import STAGES


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.yaml").write_text(STAGES)
    return tmp_path


def compared(old: str, new: str, classes: int | None = None) -> grow.Difference:
    Path("old.yaml").write_text(old)
    Path("new.yaml").write_text(new)
    return difference(*(grow.plan(name, classes=classes) for name in ("old.yaml", "new.yaml")))


def weights(found: grow.Difference) -> dict[str, Weights]:
    return {stage.name: stage.weights for stage in found.stages}


def test_a_plan_does_not_differ_from_itself() -> None:
    found = compared(STAGES, STAGES)
    assert found.settings == ()
    assert set(weights(found).values()) == {Weights.SAME}
    assert all(not stage.layers for stage in found.stages)


def test_what_holds_anyway_makes_no_difference_when_it_is_said() -> None:
    said = STAGES.replace("epochs: 2}", "epochs: 2, optimizer: adam}")
    said = said.replace("epochs: 12", "transfer: preserve\n    epochs: 12")
    assert compared(STAGES, said).settings == ()


def test_a_key_is_called_as_set_calls_it_and_only_its_stage_has_other_weights() -> None:
    found = compared(STAGES, STAGES.replace("epochs: 12", "epochs: 9"))
    assert found.settings == (Setting("stages.deeper.epochs", 12, 9),)
    assert weights(found) == {"small": Weights.SAME, "deeper": Weights.OTHER}
    assert found.stages[1].why == ("epochs 12 → 9",)
    old, new = found.flops
    assert old is not None
    assert new is not None
    assert new < old
    again = grow.plan("old.yaml", overrides=["stages.deeper.epochs=9"])
    assert difference(again, found.new).settings == ()


def test_layers_and_what_becomes_of_them() -> None:
    found = compared(STAGES, STAGES.replace("insert: {filters: 4,", "insert: {filters: 8,"))
    (layers,) = [stage.layers for stage in found.stages if stage.layers]
    block, pool, flatten, dense = layers
    assert block.name == "conv_2"
    assert block.old is not None
    assert block.new is not None
    assert (block.old.settings["filters"], block.new.settings["filters"]) == (4, 8)
    assert (block.old.decision, block.new.decision) == ("initialise", "initialise")
    assert (pool.name, flatten.name, dense.name) == ("pool_2", "flatten", "dense_1")


def test_stages_of_one_plan_only() -> None:
    both = STAGES.replace("validation: 32}", "validation: 32, master: [16, 16]}")
    alone = both[: both.index("  - name: deeper")]
    assert weights(compared(alone, both)) == {"small": Weights.SAME, "deeper": Weights.ADDED}
    assert weights(compared(both, alone)) == {"small": Weights.SAME, "deeper": Weights.GONE}


def test_other_pictures_make_other_weights_or_nobody_knows() -> None:
    more = STAGES.replace("train: 64", "train: 65")
    assert weights(compared(STAGES, more))["small"] is Weights.OTHER
    elsewhere = "{source: folder, path: %s}"
    drawn = "{source: drawn, train: 64, validation: 32}"
    one, other = (STAGES.replace(drawn, elsewhere % name) for name in ("here", "there"))
    assert weights(compared(one, other, 2))["small"] is Weights.UNKNOWN
    assert compared(one, other, 2).flops == (None, None)


def test_the_command_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "tiny.yaml", "--diff", "tiny.yaml", "--set", "train.epochs=3"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("from tiny.yaml to tiny.yaml --set train.epochs=3\n")
    assert "train.epochs  2    3\n" in said
    assert said.endswith("still to be trained for the new plan: small, deeper\n")
    assert main(["plan", "tiny.yaml", "--diff", "tiny.yaml"]) == 0
    said = capsys.readouterr().out
    assert "the settings are the same" in said
    assert said.endswith("every stage ends with the same weights\n")


def test_the_command_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    Path("other.yaml").write_text(STAGES.replace("dense: [8]", "dense: [16]"))
    assert main(["plan", "tiny.yaml", "--diff", "other.yaml", "--json"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert values["settings"] == [{"key": "model.head.dense", "old": [16], "new": [8]}]
    assert [stage["weights"] for stage in values["stages"]] == ["other", "other"]


def test_a_mistake_in_the_other_file_is_said_with_its_place(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("other.yaml").write_text(STAGES.replace("seed: 3", "seed: x"))
    assert main(["plan", "tiny.yaml", "--diff", "other.yaml"]) == 2
    assert capsys.readouterr().err.startswith("error: other.yaml:3:7 seed: ")
