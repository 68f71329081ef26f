"""A first stage file for a folder: it plans as it is, whatever the folder is like, and says why."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from PIL import Image

import grow
from grow.config.schema import scale_of
from grow.data.sources.parts import named
from grow.errors import DataError, Stopped, UsageError
from grow.nets.transfer import Verdict
from grow.planning import stages as stageplans
from grow.planning import validate
from grow.planning.draft import look
from grow.planning.draft.choose import Chosen, choose, most_stages
from grow.planning.draft.look import Look, without_share
from grow.planning.draft.place import name_for
from grow.planning.draft.wording import stage_file
from grow.planning.estimate import Machine, StageTime, Timing, about, estimate
from grow.planning.stages import Pictures
from grow.signals import StopSwitch

GOLDEN = Path(__file__).parents[1] / "golden" / "init" / "stages.yaml"


def save(path: Path, number: int, size: tuple[int, int] = (16, 16), mode: str = "RGB") -> None:
    """A picture of one colour, which no other number has."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shade = number % 200
    colour = shade if mode == "L" else (shade, 255 - shade, (7 * number) % 256)
    Image.new(mode, size, colour).save(path)


def folder(root: Path, classes: dict[str, int], **how: object) -> Path:
    number = 0
    for name, count in classes.items():
        for _ in range(count):
            save(root / name / f"{number}.png", number, **how)  # type: ignore[arg-type]
            number += 1
    return root


def seen(counts: dict[str, int], side: int = 128, **other: object) -> Look:
    """What a look at so many pictures of one size finds."""
    classes = tuple(counts)
    empty = dict.fromkeys(classes, 0)
    look = Look(
        place="/pictures",
        classes=classes,
        counts={"train": counts, "validation": empty, "test": empty},
        parts={},
        short_sides=(side,) * 10,
        aspects=(1.0,) * 10,
        grey=False,
        total=sum(counts.values()),
    )
    return replace(look, **other)  # type: ignore[arg-type]


# Whatever a folder is like, what is written for it plans.

LETTERS = st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="/\0")
NAMES = st.text(LETTERS, min_size=1, max_size=12).filter(
    lambda name: not name.startswith(".") and not named(name) and len(name.encode()) < 100
)


@settings(max_examples=25)
@given(data=st.data())
def test_what_is_written_for_any_folder_plans_as_it_is(data: st.DataObject) -> None:
    classes = data.draw(st.lists(NAMES, min_size=2, max_size=4, unique=True))
    layout = data.draw(st.sampled_from([(), ("train",), ("train", "test"), ("Train", "val")]))
    place = data.draw(NAMES | st.sampled_from(["~", "~root", "- a", "#", "a: b", "yes", "1e3"]))
    count = data.draw(st.integers(2, 4))
    size = data.draw(st.tuples(st.integers(1, 90), st.integers(1, 90)))
    mode = data.draw(st.sampled_from(["L", "RGB"]))
    base = Path(tempfile.mkdtemp())
    try:
        root = base / place
        for part in layout or ("",):
            how = {"size": size, "mode": mode}
            made = folder(root / part, dict.fromkeys(classes, count), **how)
            # Some systems take two names for one (capitals, accents): not what is asked here.
            assume(len(list(made.iterdir())) == len(classes))
        file = base / data.draw(st.sampled_from(["stages.yaml", "other place/a b.yaml"]))
        file.parent.mkdir(exist_ok=True)
        draft = grow.init(root, out=file, measure=False)
        draft.write()
        plan = grow.plan(file, run_dir=base / "run")
    finally:
        shutil.rmtree(base)
    assert plan.warnings == ()
    assert plan.spec == draft.spec
    assert plan.classes == tuple(sorted(classes))
    assert sum(plan.pictures.values()) == count * len(classes) * max(len(layout), 1)
    assert len(plan.entries) >= 2
    assert draft.look.grey == (mode == "L")
    assert plan.spec.data.validation == ("val" if "val" in layout else 0.2)
    for entry in plan.entries[1:]:
        assert entry.stage.transfer is not None
        assert entry.stage.transfer.verdict is not Verdict.BROKEN


@settings(max_examples=50)
@given(
    counts=st.lists(st.integers(1, 200_000), min_size=2, max_size=30),
    side=st.integers(1, 4000),
    asked=st.none() | st.integers(1, 12),
)
def test_what_is_chosen_for_any_numbers_can_be_built(
    counts: list[int], side: int, asked: int | None
) -> None:
    look = seen({f"class {number}": count for number, count in enumerate(counts)}, side)
    if asked is not None and asked > most_stages(look):
        with pytest.raises(UsageError, match=f"expected 1 to {most_stages(look)} "):
            choose(look, asked)
        return
    chosen = choose(look, asked)
    text = stage_file(look, chosen, name="n", path="p", file="f.yaml", time="")
    spec = validate.parse(text, "f.yaml")
    stages = stageplans.plan_stages(spec, Pictures(look.classes, None))
    assert [stage.architecture.image[0] for stage in stages] == list(chosen.sides)
    assert [stage.training.epochs for stage in stages] == list(chosen.epochs)
    assert len(set(chosen.names)) == len(chosen.names) == asked or asked is None
    assert max(chosen.sides) <= max(side, 4)
    assert max(len(line) for line in text.splitlines()) <= 100


# What is chosen, and why.


def sides(look: Look, stages: int | None = None) -> tuple[int, ...]:
    return choose(look, stages).sides


def test_how_many_stages_follows_from_sizes_and_numbers() -> None:
    many = {"cat": 1000, "dog": 1000}
    assert sides(seen(many, 500)) == (16, 32, 64)
    assert sides(seen(many, 64)) == (16, 32, 64)
    assert sides(seen(many, 50)) == (12, 24, 48)
    assert sides(seen(many, 32)) == (8, 16, 32)
    assert sides(seen(many, 28)) == (7, 14, 28)
    assert sides(seen(many, 20)) == (10, 20)
    assert sides(seen(many, 8)) == (8, 8)
    assert sides(seen(many, 1)) == (4, 4)
    assert sides(seen({"cat": 10, "dog": 10}, 500)) == (16, 32)
    assert sides(seen(many, 128), 4) == (16, 32, 64, 128)
    assert sides(seen(many, 64), 4) == (8, 16, 32, 64)
    assert sides(seen(many, 500), 1) == (64,)
    assert sides(seen(many, 5), 2) == (5, 5)


def test_one_small_picture_among_many_does_not_decide() -> None:
    look = seen({"cat": 500, "dog": 500}, short_sides=(3, *[200] * 99))
    chosen = choose(look)
    assert chosen.sides == (16, 32, 64)
    assert "at least 200 pixels on their shorter side, the smallest 3." in chosen.reasons["stages"]


def test_each_choice_says_why() -> None:
    look = seen({"cat": 30, "dog": 300}, 28, parts={"test": "Test"}, grey=True)
    chosen = choose(look)
    assert chosen.channels == 1
    assert chosen.balance
    assert chosen.reasons["balance"].startswith(
        "There are 10.0 pictures of dog for each one of cat"
    )
    assert chosen.reasons["validation"].endswith(
        "Test/ is left to judge by: no choice depends on it."
    )
    assert chosen.best == "val_loss"
    assert "about 66 validation pictures" in chosen.reasons["best"]


def test_enough_pictures_are_chosen_by_accuracy_and_not_weighed() -> None:
    chosen = choose(seen({"cat": 1000, "dog": 1100}))
    assert (chosen.best, chosen.balance) == ("val_accuracy", False)


@pytest.mark.parametrize(
    ("classes", "mirror"),
    [
        (("cat", "dog"), True),
        (("turn left", "turn right"), False),
        (("LEFT_hand", "other"), False),
        (("bright", "cleft"), True),
        (tuple("0123456789"), False),
        (("zero", "one"), False),
        (("A", "b", "c"), False),
        (("0", "10", "x-ray"), True),
    ],
)
def test_pictures_are_mirrored_unless_that_makes_another_class(
    classes: tuple[str, ...], mirror: bool
) -> None:
    assert choose(seen(dict.fromkeys(classes, 100))).mirror is mirror


def test_a_validation_folder_is_used_and_a_share_taken_where_there_is_none() -> None:
    look = seen({"cat": 4000, "dog": 4000})
    assert choose(look).validation == 0.1
    assert choose(seen({"cat": 40, "dog": 40})).validation == 0.2
    assert choose(replace(look, parts={"validation": "dev"})).validation == "dev"


def test_the_share_leaves_each_class_a_picture_on_both_sides() -> None:
    counts = without_share(seen({"a": 1, "b": 2, "c": 100}), 0.2)
    assert counts["train"] == {"a": 1, "b": 1, "c": 80}
    assert counts["validation"] == {"a": 0, "b": 1, "c": 20}


# The file.


def test_the_stage_file_in_words() -> None:
    look = seen(
        {"cats": 4000, "dogs": 400},
        parts={"test": "test"},
        aspects=(1.5,) * 3,
        total=4900,
    )
    text = stage_file(
        look,
        choose(look),
        name="pets",
        path="../my pets: all",
        file="my stages.yaml",
        time="About 4 minutes.",
    )
    if os.environ.get("GROW_WRITE_GOLDENS"):
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")


def test_an_existing_file_is_replaced_only_by_force(tmp_path: Path) -> None:
    draft = grow.init(
        folder(tmp_path / "p", {"a": 3, "b": 3}), out=tmp_path / "s.yaml", measure=False
    )
    draft.write()
    assert (tmp_path / "s.yaml").read_text(encoding="utf-8") == draft.text
    (tmp_path / "s.yaml").write_text("mine")
    with pytest.raises(UsageError, match="already exists"):
        draft.write()
    assert (tmp_path / "s.yaml").read_text() == "mine"
    draft.write(force=True)
    assert (tmp_path / "s.yaml").read_text(encoding="utf-8") == draft.text


def test_the_path_is_relative_to_the_file_also_through_links(tmp_path: Path) -> None:
    made = folder(tmp_path / "real" / "deep" / "p", {"a": 3, "b": 3})
    (tmp_path / "link").symlink_to(tmp_path / "real" / "deep")
    (tmp_path / "p").symlink_to(made)
    paths = {
        out: grow.init(made, out=out, measure=False).spec.data.path
        for out in (tmp_path / "s.yaml", tmp_path / "link" / "s.yaml")
    }
    assert list(paths.values()) == ["real/deep/p", "p"]
    linked = grow.init(tmp_path / "p", out=tmp_path / "s.yaml", measure=False)
    assert linked.spec.data.path == "p"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("cats and dogs", "cats-and-dogs"),
        ("Größe (1)", "Grosse-1"),
        ("Élèves", "Eleves"),
        ("猫と犬", "pictures"),
        ("a.b", "a-b"),
        ("-x-", "x"),
        ("y" * 100, "y" * 48),
    ],
)
def test_the_run_is_named_after_the_folder(tmp_path: Path, name: str, expected: str) -> None:
    assert name_for(tmp_path / name) == expected


# Folders that cannot be used, and what is odd about others.


def test_too_little_to_train_on_is_said(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    save(tmp_path / "loose" / "a.png", 1)
    folder(tmp_path / "one", {"only": 3})
    folder(tmp_path / "bad", {"a": 3, "b": 0})
    (tmp_path / "bad" / "b").mkdir()
    (tmp_path / "bad" / "b" / "x.png").write_bytes(b"no picture")
    folder(tmp_path / "code", {"a": 3, "b\x1f": 3})
    same = folder(tmp_path / "same", {"a": 1, "b": 1})
    shutil.copy(same / "a" / "0.png", same / "a" / "1.png")
    for name in ("a/0", "a/1", "b/0", "b/1"):
        (tmp_path / "black" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (8, 8)).save(tmp_path / "black" / f"{name}.png")
    for place, words in {
        "nothing": "no such folder",
        "empty": "found no folder and no picture",
        "loose": "found 1 pictures and no class folders",
        "one": 'found only one folder, "only"',
        "bad": r'found none in "b"\. Not usable: b/x\.png',
        "code": "expected class names of readable characters",
        "same": "expected pictures to validate on, found none",
        "black": r"to validate on, found none\. all 4 pictures are black: a/0\.png",
    }.items():
        with pytest.raises(DataError, match=words):
            grow.init(tmp_path / place, out=tmp_path / "s.yaml", measure=False)
    assert not (tmp_path / "s.yaml").exists()


@pytest.mark.skipif(os.name == "nt", reason="names there are always text")
def test_a_folder_whose_name_is_no_text_cannot_be_named(tmp_path: Path) -> None:
    made = folder(tmp_path / os.fsdecode(b"p\xff"), {"a": 3, "b": 3})
    with pytest.raises(DataError, match=r"p\\udcff: expected a folder whose name is text"):
        grow.init(made, out=tmp_path / "s.yaml", measure=False)


def test_runs_are_not_made_among_the_classes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = folder(tmp_path / "p q", {"a": 3, "b": 3})
    for place in (made, made / "a"):
        monkeypatch.chdir(place)
        with pytest.raises(UsageError, match="would be taken for a class") as caught:
            grow.init(made, out=tmp_path / "s.yaml", measure=False)
        assert caught.value.hint == f"cd {tmp_path} && grow init 'p q'"
    parted = folder(tmp_path / "parted" / "train", {"a": 3, "b": 3}).parent
    monkeypatch.chdir(parted)
    assert grow.init(".", measure=False).spec.data.path == "."


def test_what_is_odd_is_noted(tmp_path: Path) -> None:
    made = folder(tmp_path / "p", {"a": 4, "b": 4, "test": 4})
    (made / "a" / "x.jpg").write_bytes(b"")
    (made / "a" / "y.txt").write_bytes(b"")
    draft = grow.init(made, out=tmp_path / "s.yaml", measure=False)
    notes = "\n".join(draft.notes)
    assert '"test" is taken for a class, since there is no train folder' in notes
    assert "1 picture cannot be used, such as a/x.jpg: the file is empty" in notes
    assert "1 other file is left out, such as a/y.txt" in notes
    assert "such as a/x.jpg (the file is empty)" in draft.text


def test_pictures_lying_on_their_side_are_seen_upright(tmp_path: Path) -> None:
    made = folder(tmp_path / "p", {"a": 3, "b": 3})
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (40, 20), (9, 9, 200)).save(made / "a" / "x.jpg", exif=exif)
    look = grow.init(made, out=tmp_path / "s.yaml", measure=False).look
    assert look.aspects[0] == 0.5
    assert look.short_sides[-1] == 20


def test_looking_stops_when_asked(tmp_path: Path) -> None:
    made = folder(tmp_path / "p", {"a": 3, "b": 3})
    stop = StopSwitch()
    stop.request()
    with pytest.raises(Stopped):
        grow.init(made, out=tmp_path / "s.yaml", measure=False, stop=stop)


# The time.


def planned(chosen: Chosen, look: Look) -> tuple[stageplans.StagePlan, ...]:
    text = stage_file(look, chosen, name="n", path="p", file="f.yaml", time="")
    return stageplans.plan_stages(validate.parse(text, "f"), Pictures(look.classes, None))


def test_the_time_is_steps_and_validations_of_all_epochs() -> None:
    look = seen({"cat": 1600, "dog": 1600})
    stages = planned(choose(look, 2), look)
    timing = Timing(5.0, (StageTime(1.0, 0.1, 0.01), StageTime(2.0, 0.2, 0.02)))
    found = estimate(timing, stages, (3200, 100), 7.0, Machine(2, 0.0))
    early, last = (stage.training.epochs for stage in stages)
    first, second = found.stage_seconds
    assert found.reading_seconds == 7.0
    assert first == pytest.approx(5 + early * (100 * 0.1 + 1) + 1 + 1 + 1.5)
    assert second == pytest.approx(last * (100 * 0.2 + 2) + 2 + 2 + (2 * 2 + 2) + 1.5)
    assert found.seconds == pytest.approx(7 + first + second)
    assert "busy" not in found.words
    assert "a load of 9.0" in replace(found, machine=Machine(2, 9.0)).words


def test_times_are_as_precise_as_they_are_known() -> None:
    times = {2: "10 seconds", 44: "40 seconds", 200: "3 minutes", 5000: "83 minutes"}
    times |= {9000: "2.5 hours", 86400 * 4: "4 days"}
    assert {seconds: about(seconds) for seconds in times} == times


def deep(folder: Path, number: int, greatest: int) -> Path:
    for count in range(number):
        path = folder / "ab"[count % 2] / f"{count}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        values = np.random.default_rng(count).integers(0, greatest + 1, (16, 16))
        values[0, 0] = greatest
        Image.fromarray(values.astype(np.uint16)).save(path)
    return folder


def test_narrow_pictures_of_sixteen_bits_get_a_range(tmp_path: Path) -> None:
    draft = grow.init(deep(tmp_path / "few", 20, 478), out=tmp_path / "a.yaml", measure=False)
    assert "\n  range: [0, 478]\n" in draft.text
    assert scale_of(draft.spec.data) == (0, 478)
    assert "largest value found is 478" in draft.to_dict()["reasons"]["range"]
    assert not any("levels" in note for note in draft.notes)


def test_pictures_that_were_not_all_looked_at_get_the_range_of_their_bits(tmp_path: Path) -> None:
    folder = deep(tmp_path / "many", look.DECODED + 4, 478)
    draft = grow.init(folder, out=tmp_path / "a.yaml", measure=False)
    assert scale_of(draft.spec.data) == (0, 511)
    assert "as of 9 bits" in draft.chosen.reasons["range"]


def test_other_pictures_get_advice_at_most(tmp_path: Path) -> None:
    wide = grow.init(deep(tmp_path / "wide", 20, 60_000), out=tmp_path / "a.yaml", measure=False)
    assert "range" not in wide.text
    assert any("have 16 bits" in note for note in wide.notes)
    for number in range(20):
        path = tmp_path / "dim" / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        values = np.random.default_rng(number).integers(3, 9, (16, 16), np.uint8)
        Image.fromarray(values).save(path)
    dim = grow.init(tmp_path / "dim", out=tmp_path / "b.yaml", measure=False)
    assert "range" not in dim.text
    assert any("`range: [3, 8]`" in note for note in dim.notes)
