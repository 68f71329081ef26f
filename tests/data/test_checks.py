"""`grow.check`: what it finds in folders with one thing wrong, and what it leaves alone."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

import grow
from grow.data.alike import MOST
from grow.data.checks import Check, Finding, Severity
from grow.data.checks.content import not_compared
from grow.data.checks.giveaway import Verdict
from grow.errors import DataError, Stopped, UsageError
from grow.train.events import Preparing
from tests.finished import STAGES

ROOT = Path(__file__).resolve().parents[2]
Change = Callable[[Image.Image], Image.Image]


def noise(seed: int) -> Image.Image:
    """A random picture of 24 x 24: smooth shapes, and fine grain over them."""
    generator = np.random.default_rng(seed)
    coarse = generator.integers(0, 256, (6, 6, 3), np.uint8)
    shapes = np.asarray(Image.fromarray(coarse).resize((24, 24), Image.Resampling.BICUBIC), float)
    grain = generator.normal(0.0, 12.0, shapes.shape)
    return Image.fromarray(np.clip(shapes + grain, 0, 255).astype(np.uint8))


def fill(folder: Path, count: int, seed: int, change: Change = lambda one: one) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        change(noise(seed + number)).save(folder / f"{number:03}.png")


def pets(root: Path, *, train: int = 40, validation: int = 24, **changes: Change) -> Path:
    """Cats and dogs in train and val; ``changes`` by the folder, such as ``train_cats``."""
    for place, (split, name, count) in enumerate(
        [
            ("train", "cats", train),
            ("train", "dogs", train),
            ("val", "cats", validation),
            ("val", "dogs", validation),
        ]
    ):
        change = changes.get(f"{split}_{name}", lambda one: one)
        fill(root / split / name, count, 10_000 * place, change)
    return root


def only(found: Check, code: str) -> Finding:
    (finding,) = [one for one in found.findings if one.code == code]
    return finding


def codes(found: Check) -> set[str]:
    return {one.code for one in found.findings}


def verdict(found: Check, name: str) -> Verdict:
    (one,) = [one for one in found.separations if one.name == name]
    return one.verdict


def blurred(one: Image.Image) -> Image.Image:
    return one.filter(ImageFilter.GaussianBlur(0.7))


def framed(one: Image.Image) -> Image.Image:
    framed = Image.new("RGB", one.size, "black")
    framed.paste(one.resize((20, 20)), (2, 2))
    return framed


def test_nothing_is_found_where_nothing_is_wrong(tmp_path: Path) -> None:
    found = grow.check(pets(tmp_path, validation=300))
    assert found.findings == ()
    assert found.exit_code(strict=True) == 0
    assert found.counts["train"] == {"cats": 40, "dogs": 40}
    assert found.sizes is not None
    assert found.sizes.median == (24, 24)
    assert found.sizes.formats == {"PNG": 680}
    assert {one.verdict for one in found.separations} == {Verdict.NOTHING}


@pytest.mark.parametrize("seed", range(5))
def test_small_folders_raise_no_alarm(tmp_path: Path, seed: int) -> None:
    for place, name in enumerate(("cats", "dogs", "eels")):
        fill(tmp_path / name, 20, 100_000 * seed + 1000 * place)
    found = grow.check(tmp_path)
    assert found.set_aside
    assert found.count(Severity.WARNING) == found.count(Severity.ERROR) == 0
    assert codes(found) <= {"few-pictures", "few-to-validate-on"}


def test_training_pictures_of_one_class_that_are_blurred(tmp_path: Path) -> None:
    found = grow.check(pets(tmp_path, validation=60, train_cats=blurred))
    finding = only(found, "giveaway-in-training-only")
    assert finding.severity is Severity.WARNING
    assert "sharpness" in finding.words
    assert "not in validation" in finding.words
    assert "The network will learn that" in finding.words
    assert verdict(found, "sharpness") is Verdict.TRAINING_ONLY
    assert found.exit_code() == 0
    assert found.exit_code(strict=True) == 3


def test_a_border_that_one_class_has_everywhere(tmp_path: Path) -> None:
    found = grow.check(pets(tmp_path, train_dogs=framed, val_dogs=framed))
    finding = only(found, "giveaway-everywhere")
    assert finding.severity is Severity.WARNING
    assert "border" in finding.words
    assert "artefact" in finding.words
    assert verdict(found, "border") is Verdict.BOTH


def test_validation_pictures_that_are_set_aside_confirm_nothing(tmp_path: Path) -> None:
    fill(tmp_path / "cats", 60, 0)
    fill(tmp_path / "dogs", 60, 1000, framed)
    found = grow.check(tmp_path)
    assert found.set_aside
    assert "giveaway-everywhere" not in codes(found)
    assert only(found, "giveaway-unconfirmed").severity is Severity.WARNING


def test_one_class_saved_at_another_quality(tmp_path: Path) -> None:
    for split, count in (("train", 40), ("val", 24)):
        for place, (name, quality) in enumerate((("cats", 50), ("dogs", 90))):
            folder = tmp_path / split / name
            folder.mkdir(parents=True)
            for number in range(count):
                one = noise(10_000 * place + 1000 * (split == "val") + number)
                one.save(folder / f"{number}.jpg", quality=quality)
    found = grow.check(tmp_path)
    assert verdict(found, "JPEG quality") is Verdict.BOTH
    assert "JPEG quality" in only(found, "giveaway-everywhere").words


def test_a_leak_between_the_splits(tmp_path: Path) -> None:
    pets(tmp_path)
    shutil.copy(tmp_path / "train/cats/003.png", tmp_path / "val/cats/copy.png")
    found = grow.check(tmp_path)
    finding = only(found, "leak-validation")
    assert finding.severity is Severity.WARNING
    (group,) = finding.groups
    assert set(group.pictures) == {"train/cats/003.png", "val/cats/copy.png"}
    assert "look-alike-leak-validation" not in codes(found)


def test_a_leak_into_the_test_pictures(tmp_path: Path) -> None:
    pets(tmp_path)
    (tmp_path / "val").rename(tmp_path / "test")
    for number in range(12):  # a fifth of them, by their contents, is set aside for validation
        name = f"train/cats/{number:03}.png"
        shutil.copy(tmp_path / name, tmp_path / "test/cats" / f"copy{number}.png")
    assert "leak-test" in codes(grow.check(tmp_path))


def test_a_picture_with_two_labels(tmp_path: Path) -> None:
    pets(tmp_path)
    shutil.copy(tmp_path / "train/cats/003.png", tmp_path / "train/dogs/copy.png")
    finding = only(grow.check(tmp_path), "two-labels")
    assert finding.severity is Severity.WARNING
    assert finding.groups[0].pictures == ("train/cats/003.png", "train/dogs/copy.png")
    assert finding.groups[0].why == "cats and dogs"


def test_copies_within_a_class_are_a_note(tmp_path: Path) -> None:
    pets(tmp_path)
    shutil.copy(tmp_path / "train/cats/003.png", tmp_path / "train/cats/copy.png")
    found = grow.check(tmp_path)
    assert only(found, "duplicates").severity is Severity.NOTE
    assert not {"two-labels", "leak-validation", "look-alikes"} & codes(found)


def test_the_same_picture_saved_again_looks_alike(tmp_path: Path) -> None:
    pets(tmp_path)
    noise(3).resize((48, 48), Image.Resampling.BICUBIC).save(tmp_path / "val/cats/again.jpg")
    noise(4).save(tmp_path / "train/dogs/again.jpg")
    noise(5).save(tmp_path / "train/cats/again.jpg")
    found = grow.check(tmp_path)
    (leak,) = only(found, "look-alike-leak-validation").groups
    (labels,) = only(found, "look-alike-two-labels").groups
    (within,) = only(found, "look-alikes").groups
    assert set(leak.pictures) == {"train/cats/003.png", "val/cats/again.jpg"}
    assert set(labels.pictures) == {"train/cats/004.png", "train/dogs/again.jpg"}
    assert set(within.pictures) == {"train/cats/005.png", "train/cats/again.jpg"}
    assert not {"leak-validation", "two-labels", "duplicates"} & codes(found)


def test_imbalance_few_and_missing(tmp_path: Path) -> None:
    pets(tmp_path)
    fill(tmp_path / "train" / "eels", 4, 90_000)
    found = grow.check(tmp_path)
    imbalance = only(found, "imbalance")
    assert imbalance.severity is Severity.WARNING
    assert imbalance.words.startswith("10.0 training pictures of cats for each one of eels")
    assert "50.0% of the validation pictures" in imbalance.words
    assert "eels (4)" in only(found, "few-pictures").words
    assert "eels" in only(found, "missing-from-validation").words
    assert "48 validation pictures" in only(found, "few-to-validate-on").words


def test_bad_pictures_and_what_is_left_out(tmp_path: Path) -> None:
    pets(tmp_path)
    (tmp_path / "train/cats/empty.jpg").touch()
    (tmp_path / "train/cats/cut.png").write_bytes(
        (tmp_path / "train/cats/001.png").read_bytes()[:90]
    )
    (tmp_path / "train/dogs/notes.txt").write_text("woof")
    (tmp_path / "val/dogs/named.jpg").write_bytes((tmp_path / "val/dogs/001.png").read_bytes())
    (tmp_path / "val/dogs/001.png").unlink()
    found = grow.check(tmp_path)
    bad = only(found, "bad-pictures")
    assert [(one.pictures[0], one.why) for one in bad.groups] == [
        ("train/cats/cut.png", "damaged: image file is truncated"),
        ("train/cats/empty.jpg", "the file is empty"),
    ]
    assert only(found, "left-out").groups[0].why == "not a picture file (.txt)"
    assert only(found, "wrong-ending").groups[0].why == "a PNG picture"


def test_a_class_without_a_usable_picture_is_an_error(tmp_path: Path) -> None:
    pets(tmp_path)
    (tmp_path / "train" / "eels").mkdir()
    (tmp_path / "train" / "eels" / "1.jpg").write_bytes(b"junk")
    found = grow.check(tmp_path)
    assert found.findings[0].severity is Severity.ERROR
    assert '"eels"' in found.findings[0].words
    assert found.exit_code() == 3


def test_every_picture_may_be_bad(tmp_path: Path) -> None:
    for name in ("cats", "dogs"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.jpg").write_bytes(b"junk")
    found = grow.check(tmp_path)
    assert found.sizes is None
    assert found.separations == ()
    assert found.exit_code() == 3


def test_what_is_no_source_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="expected a stage file or a folder of pictures"):
        grow.check(tmp_path / "nope")
    with pytest.raises(DataError, match="expected two or more class folders"):
        grow.check(tmp_path)


def test_no_file_is_changed_and_none_is_made(tmp_path: Path) -> None:
    def state() -> list[tuple[str, int, bytes]]:
        files = sorted(path for path in tmp_path.rglob("*") if path.is_file())
        return [(str(path), path.stat().st_mtime_ns, path.read_bytes()) for path in files]

    pets(tmp_path)
    before = state()
    grow.check(tmp_path)
    assert state() == before


def test_the_drawn_pictures_give_nothing_away(tmp_path: Path) -> None:
    stages = STAGES.replace("train: 64", "train: 200").replace("validation: 32", "validation: 300")
    (tmp_path / "tiny.yaml").write_text(stages)
    found = grow.check(tmp_path / "tiny.yaml")
    assert found.classes == ("cat", "dog")
    assert found.sizes is not None
    assert found.sizes.formats == {}
    assert {one.name for one in found.separations} >= {"mean colour", "border", "all together"}
    assert not {one.name for one in found.separations} & {"JPEG quality", "file format", "size"}
    assert found.count(Severity.WARNING) == found.count(Severity.ERROR) == 0


def test_a_stage_file_says_what_will_be_enlarged(tmp_path: Path) -> None:
    pets(tmp_path / "pets")
    (tmp_path / "big.yaml").write_text(
        "name: big\ndata: {source: folder, path: pets}\nmodel: {image: [32, 32, 3], "
        "blocks: [{filters: 2}]}\ntrain: {batch: 8, epochs: 1}\nstages: [{name: one}]\n"
    )
    found = grow.check(tmp_path / "big.yaml")
    assert only(found, "enlarged").words.startswith("128 pictures are smaller than the 32x32")


def test_it_tells_how_far_it_is_and_can_be_stopped(tmp_path: Path) -> None:
    heard: list[object] = []
    grow.check(pets(tmp_path), listeners=[heard.append])
    assert heard[-2:] == [Preparing(128, 128, "read"), Preparing(128, 128, "compared")]
    switch = grow.StopSwitch()
    switch.request()
    with pytest.raises(Stopped):
        grow.check(tmp_path, stop=switch)


def test_as_json(tmp_path: Path) -> None:
    values = json.loads(json.dumps(grow.check(pets(tmp_path, train_cats=framed)).to_dict()))
    assert values["counts"]["train"] == {"cats": 40, "dogs": 40}
    assert values["findings"][0]["code"] == "giveaway-in-training-only"
    assert {one["name"]: one["verdict"] for one in values["statistics"]}["border"] == (
        "training_only"
    )


def test_too_many_pictures_to_compare_are_said() -> None:
    assert not_compared(MOST) == []
    assert "more than 200,000 pictures" in not_compared(MOST + 1)[0].words


def test_every_finding_is_explained_in_the_docs() -> None:
    page = (ROOT / "docs" / "data-check.md").read_text(encoding="utf-8")
    rooms = (path.read_text(encoding="utf-8") for path in (ROOT / "grow" / "data").rglob("*.py"))
    found = re.findall(r'(?:Finding|Remark)\(\s*f?"([a-z{}-]+)"', "\n".join(rooms))
    made = {re.sub(r"{\w+}", split, code) for code in found for split in ("validation", "test")}
    assert len(made) > 20
    assert made == set(re.findall(r"^\| `([a-z-]+)` \| (?:error|warning|note)", page, re.MULTILINE))


def test_remarks_of_the_layout_are_said_everywhere(tmp_path: Path) -> None:
    """By the check, the first stage file and the plan alike."""
    for part in ("train/box", "train/disc", "test/unlabeled"):
        fill(tmp_path / "p" / part, 6, 100 * len(part))
    finding = only(grow.check(tmp_path / "p"), "pictures-without-classes")
    assert finding.severity is Severity.WARNING
    said = f"{finding.words}. {finding.advice}"
    draft = grow.init(tmp_path / "p", out=tmp_path / "stages.yaml", measure=False)
    assert said in draft.notes
    assert said in grow.plan(draft.write()).warnings


def test_endings_of_other_formats_are_noted_and_missing_ones_are_not(tmp_path: Path) -> None:
    for name in ("box", "disc"):
        fill(tmp_path / name, 6, len(name))
        (tmp_path / name / "001.png").rename(tmp_path / name / "bare")
        (tmp_path / name / "002.png").rename(tmp_path / name / "wrong.txt")
        noise(7).save(tmp_path / name / "a.jfif", "JPEG")
        noise(8).save(tmp_path / name / "b.tif", save_all=True, append_images=[noise(9)])
        noise(10).save(tmp_path / name / "c.jpg", "MPO", save_all=True, append_images=[noise(11)])
    found = grow.check(tmp_path)
    wrong = only(found, "wrong-ending")
    assert [group.pictures for group in wrong.groups] == [("box/wrong.txt",), ("disc/wrong.txt",)]
    assert ("box/b.tif",) in [group.pictures for group in only(found, "animated").groups]


def test_what_pictures_hold_is_said_as_prepared(tmp_path: Path) -> None:
    def faint(one: Image.Image) -> Image.Image:
        return one.point([value // 32 for value in range(256)] * 3)

    every = dict.fromkeys(("train_cats", "train_dogs", "val_cats", "val_dogs"), faint)
    found = only(grow.check(pets(tmp_path / "faint", **every)), "few-levels")
    assert found.severity is Severity.WARNING
    assert "`range: [0, 7]`" in found.advice
    assert "few-levels" not in [one.code for one in grow.check(pets(tmp_path / "good")).findings]


def test_sixteen_bits_are_a_note(tmp_path: Path) -> None:
    for number in range(12):
        path = tmp_path / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        values = np.random.default_rng(number).integers(0, 50_000, (16, 16)).astype(np.uint16)
        Image.fromarray(values).save(path)
    assert only(grow.check(tmp_path), "sixteen-bit").severity is Severity.NOTE
