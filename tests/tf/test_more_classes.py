"""A class more, on real runs: what is finished is found again, and the new class is learnt."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import grow
from grow.errors import StageFileError
from grow.planning.lineup import Action
from grow.runs import checkpoint
from grow.signals import StopSwitch
from grow.train.events import GrowthEnded, StageDone, StepDone, Warned
from tests.tf.conftest import Killed, differences

pytestmark = pytest.mark.tf

STAGES = """
name: shapes
seed: 5
data:
  source: folder
  path: pictures
  balance: weights
  augment: {flip: horizontal}
model:
  image: [8, 8, 3]
  blocks: [{filters: 3, batch_norm: true}]
  head: {dense: [4], dropout: 0.2}
train: {batch: 7, epochs: 2, learning_rate: 0.01}
stages:
  - name: small
  - name: wider
    grow: [{widen: {block: block_1, filters: 5}}]
"""
MORE = """\
  - name: more
    grow: [{deepen: {block: block_1}}, {head: {grow: [bee, eel]}}]
    transfer: {optimizer: carry}
"""
COLOURS = {"ant": (250, 30, 20), "cat": (20, 40, 240), "dog": (20, 230, 30)}
LATER = {"bee": (240, 230, 20), "eel": (200, 30, 220)}


def draw(folder: Path, colours: dict[str, tuple[int, int, int]], count: int = 9) -> None:
    """Pictures of one colour and much noise for each class; more of later classes."""
    for place, (name, colour) in enumerate(colours.items()):
        (folder / name).mkdir(parents=True)
        for n in range(count + 2 * place):
            noise = np.random.default_rng([place, n, *colour]).integers(-90, 90, (8, 8, 3))
            pixels = np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{n}.png")


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with pictures of three classes, and a run of two stages on them."""
    place = tmp_path_factory.mktemp("before")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GROW_CACHE", str(place / "cache"))
        draw(place / "pictures", COLOURS)
        (place / "shapes.yaml").write_text(STAGES)
        grow.run(place / "shapes.yaml", run_dir=place / "run")
    return place


@pytest.fixture
def later(before: Path, tmp_path: Path) -> Path:
    """A copy of it to which two classes came, among the others in the order of names."""
    place = tmp_path / "later"
    shutil.copytree(before, place)
    grow.run(place / "shapes.yaml", run_dir=place / "run")  # prepares the pictures in this place
    draw(place / "pictures", LATER)
    return place


def carried_out(place: Path, folder: str = "run", act=None) -> list:
    events = []
    switch = StopSwitch()

    def hear(event) -> None:
        events.append(event)
        if act is not None:
            act(event, switch)

    grow.run(place / "shapes.yaml", run_dir=place / folder, listeners=[hear], stop=switch)
    return events


def weights(place: Path, folder: str = "run") -> list[str]:
    return [stage.done.weights for stage in grow.load(place / folder).stages if stage.done]


def test_without_the_operator_run_and_plan_say_why_all_is_trained_again(later: Path) -> None:
    plan = grow.plan(later / "shapes.yaml", run_dir=later / "run")
    (said,) = (words for words in plan.warnings if "head: {grow: [bee, eel]}" in words)
    assert said.startswith(
        "the classes are now ant, bee, cat, dog, eel, and the finished stages know ant, cat, dog"
    )
    events = carried_out(later)
    assert said in [event.text for event in events if isinstance(event, Warned)]
    assert [event.reused for event in events if isinstance(event, StageDone)] == [False, False]


def test_with_it_the_finished_stages_are_reused_and_the_new_one_goes_on(later: Path) -> None:
    old = weights(later)
    (later / "shapes.yaml").write_text(STAGES + MORE)
    planned = grow.plan(later / "shapes.yaml", run_dir=later / "run")
    assert [entry.action for entry in planned.entries] == [Action.REUSE, Action.REUSE, Action.RUN]
    events = carried_out(later)
    assert [event.reused for event in events if isinstance(event, StageDone)] == [True, True, False]
    assert not [event for event in events if isinstance(event, Warned | GrowthEnded)]
    run = grow.load(later / "run")
    assert weights(later)[:2] == old
    *_, wider, more = run.stages
    assert (wider.plan.classes, more.plan.classes) == (
        ("ant", "cat", "dog"),
        ("ant", "bee", "cat", "dog", "eel"),
    )
    shock = more.shock
    assert shock.logit_drift < 1e-5
    assert shock.accuracy_before == shock.accuracy_after == wider.best.val_accuracy
    assert shock.loss_after > shock.loss_before == pytest.approx(wider.best.val_loss, abs=1e-6)
    assert {label for label, _, _ in more.findings.confusions} <= set(range(5))
    picture = later / "pictures" / "bee" / "0.png"
    assert grow.predict(run.path, picture).classes == more.plan.classes
    assert grow.predict(run.path, picture, stage="wider").classes == wider.plan.classes


def test_from_nothing_it_comes_to_the_same(later: Path) -> None:
    """Run before and after the classes came, or all at once: the same weights."""
    (later / "shapes.yaml").write_text(STAGES + MORE)
    carried_out(later)
    carried_out(later, "fresh")
    assert weights(later, "fresh") == weights(later)


@pytest.mark.parametrize("at", [1, 3, 6])
def test_interrupted_it_ends_with_the_same_weights(later: Path, at: int) -> None:
    (later / "shapes.yaml").write_text(STAGES + MORE)
    carried_out(later, "straight")
    left = [at]

    def kill(event, _switch) -> None:
        left[0] -= isinstance(event, StepDone)
        if not left[0]:
            raise Killed

    with pytest.raises(Killed):
        carried_out(later, act=kill)
    carried_out(later)
    one, other = (
        [
            checkpoint.read(stage.path / "checkpoints" / stage.done.checkpoint)
            for stage in grow.load(later / name).stages
        ]
        for name in ("straight", "run")
    )
    for left_state, right_state in zip(one, other, strict=True):
        assert differences(left_state, right_state) == []


def test_reports_cards_and_the_resumed_run_know_each_stages_classes(later: Path) -> None:
    (later / "shapes.yaml").write_text(STAGES + MORE)
    carried_out(later)
    grow.resume(later / "run")
    text = (later / "run" / "report.md").read_text()
    assert "exact** for the old classes (ant, cat, dog) relative to each other" in text
    assert "It has 3 classes (ant, cat, dog); its figures cover only these." in text
    assert "on the validation images of the old classes (ant, cat, dog)" in text
    assert "An earlier stage did better" not in text
    card = grow.card(later / "run", stage="wider")
    assert card.trouble == ""
    assert not card.pictures.changed
    assert set(card.measured["validation"].total) == {"ant", "cat", "dog"}
    assert set(grow.card(later / "run").measured["validation"].total) == set(COLOURS | LATER)


def test_a_class_that_the_pictures_lack_is_said_with_its_place_before_they_are_read(
    later: Path,
) -> None:
    (later / "shapes.yaml").write_text((STAGES + MORE).replace("[bee, eel]", "[bees, eel]"))
    place = r"shapes.yaml:19:\d+ stages\[2\].grow\[1\].head.grow\[0\]"
    words = rf'{place}: stage more: .* found "bees"; did you mean "bee"'
    for act in (grow.plan, grow.run):
        with pytest.raises(StageFileError, match=words):
            act(later / "shapes.yaml", run_dir=later / "other")
