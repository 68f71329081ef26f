"""Damage is named and put aside, and what comes out is the same; more epochs extend a stage."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import grow
from grow.errors import GrowError, RunFolderError, Stopped
from grow.runs import checkpoint, model_file
from grow.runs.checkpoint import State
from grow.runs.folder import RunFolder
from grow.runs.stage_folder import StageFolder
from grow.signals import StopSwitch
from grow.train.events import EpochDone, Event, RunStarted, StageDone, StepDone, Warned
from tests.builders import tree, with_a_bit_flipped
from tests.tf.conftest import TINY, differences

pytestmark = pytest.mark.tf

Run = Callable[..., list[Event]]
States = Callable[[Path], list[State]]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kept") / "run"


@pytest.fixture
def straight(kept: Path, carry_out: Run) -> Path:
    """A run that nobody disturbed; not to be changed."""
    if not kept.exists():
        carry_out(kept)
    return kept


@pytest.fixture
def copy(straight: Path, tmp_path: Path) -> Path:
    """A copy of it to damage."""
    return Path(shutil.copytree(straight, tmp_path / "copy"))


def lasting(folder: Path) -> dict[str, bytes]:
    """What must come out the same byte for byte; times of day are in the rest."""
    return {name: data for name, data in tree(folder).items() if _lasts(name)}


def _lasts(name: str) -> bool:
    return name.endswith(("model.keras", "tensors.safetensors", "plan.json", "stage.json"))


def good(folder: Path) -> dict[str, bytes]:
    return {name: data for name, data in lasting(folder).items() if "damaged-" not in name}


def warnings(events: list[Event]) -> list[str]:
    return [event.text for event in events if isinstance(event, Warned)]


def stage(folder: Path, number: int) -> StageFolder:
    return RunFolder(folder).stage_folders()[number - 1]


def best(folder: StageFolder) -> str:
    done = folder.done()
    assert done is not None
    return f"checkpoints/{done.checkpoint}"


def newest(folder: StageFolder) -> str:
    return f"checkpoints/{next(checkpoint.newest_first(folder.checkpoints)).name}"


def spoil(path: Path, how: str) -> None:
    data = path.read_bytes()
    if how == "missing":
        path.unlink()
    else:
        path.write_bytes(data[: len(data) // 2] if how == "truncated" else with_a_bit_flipped(data))


PLACES = [
    *("stage.json", "plan.json", "growth.json", "history.jsonl", "done.json", "model.keras"),
    *("best/tensors.safetensors", "best/state.json", "best/manifest.json"),
]
CASES = [
    (2, name, how)
    for name in PLACES
    for how in ("truncated", "flipped", "missing")
    # Of the last stage sizes are looked at, checksums when somebody asks: `--verify`.
    if how != "flipped" or name in ("stage.json", "growth.json", "done.json")
]


@pytest.mark.parametrize(("number", "name", "how"), CASES)
def test_a_damaged_stage_is_put_aside_and_comes_out_the_same(
    number: int, name: str, how: str, copy: Path, straight: Path, carry_out: Run
) -> None:
    there = stage(copy, number)
    path = there.path / name.replace("best", best(there))
    spoil(path, how)
    if name == "done.json" and how == "missing":
        carry_out(copy)  # then the stage was never done, and nothing is damaged
        assert good(copy) == lasting(straight)
        return
    words = warnings(events := carry_out(copy))
    assert any(path.name in text or path.parent.name in text for text in words), words
    assert good(copy) == lasting(straight)
    assert grow.verify(copy).flaws == ()
    done = [event for event in events if isinstance(event, StageDone)]
    assert [event.reused for event in done] == [True, False]
    if how != "missing":
        assert list(there.path.rglob("damaged-*"))


@pytest.mark.parametrize("name", ["best/tensors.safetensors", "model.keras", "history.jsonl"])
def test_a_stage_is_read_whole_before_another_grows_from_it(
    name: str, copy: Path, straight: Path, carry_out: Run
) -> None:
    first, second = stage(copy, 1), stage(copy, 2)
    shutil.rmtree(second.path)
    path = first.path / name.replace("best", best(first))
    spoil(path, "flipped")
    words = warnings(carry_out(copy))
    assert any("trained again from its newest good checkpoint" in text for text in words)
    assert good(copy) == lasting(straight)


def test_a_flipped_bit_is_found_by_verification(copy: Path) -> None:
    for name in ("model.keras", "plan.json", "history.jsonl"):
        path = stage(copy, 2).path / name
        data = path.read_bytes()
        spoil(path, "flipped")
        assert [flaw.path for flaw in grow.verify(copy).flaws] == [path]
        if name == "model.keras":
            with pytest.raises(RunFolderError, match=r"model\.keras"):
                grow.load(copy).model()
        path.write_bytes(data)


def test_without_any_checkpoint_a_stage_is_trained_from_its_start(
    copy: Path, straight: Path, carry_out: Run
) -> None:
    for path in stage(copy, 1).checkpoints.glob("*/state.json"):
        path.write_text("{}")
    words = warnings(events := carry_out(copy))
    assert sum("put aside as damaged-" in text for text in words) >= 2
    assert [e.record.epoch for e in events if isinstance(e, EpochDone)] == [1, 2, 3]
    assert good(copy) == lasting(straight)


def test_damage_of_a_stage_that_is_not_used_stops_nothing(
    copy: Path, straight: Path, carry_out: Run
) -> None:
    old = copy / "01-older-0123abcd"
    shutil.copytree(stage(copy, 1).path, old)
    for name in ("stage.json", "history.jsonl"):
        (old / name).write_text("{")
    words = warnings(carry_out(copy))
    assert len(words) == 2
    assert all("put aside as damaged-" in text for text in words)
    assert warnings(carry_out(copy)) == []
    shutil.rmtree(old)
    assert good(copy) == lasting(straight)


def test_a_model_that_would_run_code_is_not_loaded(copy: Path, tmp_path: Path) -> None:
    import keras

    evil = keras.Sequential([keras.Input((2,)), keras.layers.Lambda(lambda x: x * 2)])
    path = tmp_path / "evil.keras"
    evil.save(path)
    with pytest.raises(RunFolderError, match="not a model that Keras can read"):
        model_file.load(path)
    shutil.copy(path, stage(copy, 2).path / "model.keras")
    with pytest.raises(RunFolderError):
        grow.load(copy).model()


def longer(epochs: int) -> str:
    """The tiny stage file, its first stage trained for other epochs; the second for 2."""
    return TINY.replace("epochs: 3\n", f"epochs: {epochs}\n")


def actions(events: list[Event]) -> list[tuple[str, str]]:
    return [(e.action, e.reason) for s in events if isinstance(s, RunStarted) for e in s.entries]


@pytest.fixture(scope="module")
def five(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("five") / "run"


@pytest.fixture
def straight_to_five(five: Path, stage_file: Path, carry_out: Run) -> Path:
    """A run of the same file with more epochs."""
    stage_file.write_text(longer(5))
    if not five.exists():
        carry_out(five)
    return five


def same(one: list[State], other: list[State]) -> None:
    for left, right in zip(one, other, strict=True):
        assert differences(left, right) == []


def test_more_epochs_extend_a_finished_stage_bit_for_bit(
    copy: Path, straight_to_five: Path, carry_out: Run, last_states: States
) -> None:
    old = tree(stage(copy, 1).path)
    events = carry_out(copy)
    assert actions(events) == [
        ("extend", "epochs 3 → 5, goes on from epoch 3"),
        ("run", "the stage before it changed"),
    ]
    trained = [e.record.epoch for e in events if isinstance(e, EpochDone) and e.stage.number == 1]
    assert trained == [4, 5]
    ours = {p.path.name: p for p in RunFolder(copy).stage_folders()}
    for folder in RunFolder(straight_to_five).stage_folders():
        mine = ours[folder.path.name]
        one, other = good(mine.path), lasting(folder.path)
        ends = {name for name in other if not name.startswith("checkpoints/")}
        ends |= {name for name in other if newest(folder) in name or best(folder) in name}
        assert {name: one[name] for name in ends} == {name: other[name] for name in ends}
    same(
        [_last(ours[f.path.name]) for f in RunFolder(straight_to_five).stage_folders()],
        last_states(straight_to_five),
    )
    assert any(tree(p.path) == old for p in ours.values())


def _last(folder: StageFolder) -> State:
    return checkpoint.read(next(checkpoint.newest_first(folder.checkpoints)))


def test_more_epochs_extend_a_stage_that_was_only_begun(
    tmp_path: Path, stage_file: Path, straight_to_five: Path, carry_out: Run
) -> None:
    def stop(event: Event, switch: StopSwitch) -> None:
        if isinstance(event, StepDone) and (event.epoch, event.step) == (2, 3):
            switch.request(15)

    stage_file.write_text(TINY)
    with pytest.raises(Stopped):
        carry_out(tmp_path / "run", stop)
    stage_file.write_text(longer(5))
    events = carry_out(tmp_path / "run")
    assert actions(events)[0] == ("extend", "epochs 3 → 5, goes on from epoch 1, step 3")
    ours = {p.path.name: p for p in RunFolder(tmp_path / "run").stage_folders()}
    for folder in RunFolder(straight_to_five).stage_folders():
        assert differences(_last(ours[folder.path.name]), _last(folder)) == []


def test_fewer_epochs_take_the_checkpoint_that_is_there_and_the_old_folder_stays(
    straight_to_five: Path, straight: Path, stage_file: Path, tmp_path: Path, carry_out: Run
) -> None:
    folder = Path(shutil.copytree(straight_to_five, tmp_path / "copy"))
    before = {p.path.name: tree(p.path) for p in RunFolder(folder).stage_folders()}
    stage_file.write_text(longer(4))
    events = carry_out(folder)
    (action, reason), _ = actions(events)
    assert reason.startswith("epochs 5 → 4")
    fresh = tmp_path / "fresh"
    carry_out(fresh)
    ours = {p.path.name: p for p in RunFolder(folder).stage_folders()}
    for there in RunFolder(fresh).stage_folders():
        assert differences(_last(ours[there.path.name]), _last(there)) == []
    assert all(tree(ours[name].path) == old for name, old in before.items())
    assert action in ("extend", "run")


def test_a_checkpoint_that_cannot_be_written_loses_nothing(
    tmp_path: Path, straight: Path, carry_out: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full through the best epoch and free again after: the run ends as it would."""
    whole = checkpoint.write
    calls = [0]

    def full(*arguments: object, **more: object) -> Path:
        calls[0] += 1
        if calls[0] in (1, 2, 3):
            raise OSError(28, "No space left on device")
        return whole(*arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(checkpoint, "write", full)
    words = warnings(carry_out(tmp_path / "run"))
    assert any("checkpoint not written" in text and "No space left" in text for text in words)
    assert good(tmp_path / "run").keys() >= {
        name for name in lasting(straight) if name.endswith("model.keras")
    }
    for name, data in lasting(straight).items():
        if name.endswith("model.keras"):
            assert good(tmp_path / "run")[name] == data


def test_a_disk_that_stays_full_ends_the_stage_in_words_and_it_goes_on_later(
    tmp_path: Path, straight: Path, carry_out: Run
) -> None:
    def full(*_: object, **_more: object) -> Path:
        raise OSError(28, "No space left on device")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoint, "write", full)
        with pytest.raises(GrowError, match="cannot be written: No space left on device"):
            carry_out(tmp_path / "run")
    carry_out(tmp_path / "run")
    assert good(tmp_path / "run") == lasting(straight)
