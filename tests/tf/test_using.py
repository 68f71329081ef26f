"""Trained models in use: predictions, exports and cards of tiny real runs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from PIL import Image

import grow
from grow.cli import main
from grow.config import schema
from grow.deploy import formats
from grow.deploy.export import CARD, NOTES
from grow.errors import DataError, GrowError, RunFolderError, UsageError
from grow.signals import StopSwitch

pytestmark = pytest.mark.tf

TWO = """
name: two
seed: 3
data: {source: folder, path: pictures, validation: val, fit: crop, master: 24}
model: {image: [6, 6, 3], blocks: [{filters: 4, batch_norm: true}], head: {dense: [6]}}
train: {batch: 8, learning_rate: 0.01, epochs: 2}
stages:
  - name: small
  - name: deeper
    grow: [{resize: 12}, {insert: {filters: 3, pool: average, activation: leaky_relu}}]
"""
TEN = """
name: ten
data: {source: folder, path: pictures, validation: 0.4}
model: {image: [5, 8, 1], blocks: [{filters: 3, pool: none}], head: {dense: [], pool: global_max}}
train: {batch: 8, epochs: 1}
stages: [{name: only}]
"""

ALL = """
name: all
seed: 1
data: {source: drawn, train: 60, validation: 20}
model:
  image: [9, 9, 1]
  blocks:
    - {filters: 4, activation: gelu, pool: average, pool_size: [3, 3], dropout: 0.1}
    - {filters: 4, activation: silu, pool: none, batch_norm: true}
    - {filters: 4, activation: elu, pool: none}
    - {filters: 4, activation: tanh, pool: none}
    - {filters: 4, activation: gelu, pool: none}
    - {filters: 4, activation: sigmoid, pool: none}
    - {filters: 4, activation: leaky_relu, pool: none}
    - {filters: 4, activation: linear, pool: none}
  head: {dense: [5], pool: global_average, activation: relu}
train: {batch: 16, epochs: 1}
stages: [{name: only}]
"""


def draw(path: Path, seed: int) -> None:
    """Noise of some size, darker or lighter; the format is the suffix's."""
    chance = np.random.default_rng(seed)
    height, width = chance.integers(7, 40, 2)
    noise = chance.integers(0, 128 + seed % 2 * 128, (height, width, 3), np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(noise).save(path)


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two stages on two classes, with test pictures; the folder it stands in."""
    base = tmp_path_factory.mktemp("two")
    for split, count in (("train", 16), ("val", 10), ("test", 7)):
        for seed in range(2 * count):
            kind = ("dark", "light")[seed % 2]
            ending = ("png", "jpg", "webp")[seed % 3]
            draw(base / "pictures" / split / kind / f"{seed}.{ending}", 1000 * count + seed)
    return trained(base, TWO)


@pytest.fixture(scope="module")
def ten(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of one stage on ten classes of grey pictures that are not square."""
    base = tmp_path_factory.mktemp("ten")
    for seed in range(50):
        draw(base / "pictures" / f"class {seed % 10}" / f"{seed}.png", seed)
    return trained(base, TEN)


@pytest.fixture(scope="module")
def every(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of one stage with every activation there is."""
    assert all(f"activation: {name}" in ALL for name in get_args(schema.model.Activation))
    return trained(tmp_path_factory.mktemp("every"), ALL)


def trained(base: Path, text: str) -> Path:
    (base / "stages.yaml").write_text(text)
    grow.run(base / "stages.yaml", run_dir=base / "run")
    return base


def test_predictions_are_what_the_training_validated_on(two: Path) -> None:
    best = grow.load(two / "run").stages[1].best
    found = grow.predict(two / "run", two / "pictures" / "val")
    assert found.judged == (round(best.val_accuracy * 20), 20)
    loss = -np.mean([np.log(one.probabilities[one.folder_label]) for one in found.pictures])
    assert loss == pytest.approx(best.val_loss, abs=1e-6)
    assert [one.picture for one in found.pictures] == sorted(
        str(path) for path in (two / "pictures" / "val").rglob("*.*")
    )
    assert found.model.startswith("two, stage 2 deeper, epoch ")


def test_each_stage_has_its_own_model(two: Path) -> None:
    small = grow.load(two / "run").stages[0]
    found = grow.predict(two / "run", two / "pictures" / "val", stage="small")
    assert found.judged == (round(small.best.val_accuracy * 20), 20)
    by_file = grow.predict(small.path / "model.keras", two / "pictures" / "val")
    assert by_file.pictures == found.pictures


def test_ten_grey_classes(ten: Path) -> None:
    found = grow.predict(ten / "run", ten / "pictures")
    assert len(found.pictures) == 50
    assert found.classes == tuple(f"class {n}" for n in range(10))
    for one in found.pictures:
        assert len(one.probabilities) == 10
        assert sum(one.probabilities) == pytest.approx(1, abs=1e-6)
        assert one.probability == max(one.probabilities)


def test_bad_pictures_are_named_and_the_others_told(
    two: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    draw(Path("good.gif"), 1)
    Image.new("CMYK", (9, 9), (0, 200, 100, 0)).save("cmyk.jpg")
    Path("text.jpg").write_text("hello")
    code = main(["predict", str(two / "run"), "good.gif", "text.jpg", "cmyk.jpg", "--json"])
    said = capsys.readouterr()
    values = json.loads(said.out)
    assert code == 3
    assert [row["picture"] for row in values["pictures"]] == ["good.gif", "cmyk.jpg"]
    assert [row["picture"] for row in values["unusable"]] == ["text.jpg"]
    assert "unusable: text.jpg: not a JPEG, PNG, " in said.err
    assert main(["predict", str(two / "run"), "good.gif", "cmyk.jpg"]) == 0
    said = capsys.readouterr()
    assert [line.split()[-1] for line in said.out.splitlines()] == ["good.gif", "cmyk.jpg"]
    assert main(["predict", str(two / "run"), "text.jpg", "--csv"]) == 3
    assert capsys.readouterr().out.splitlines()[1].startswith("text.jpg,,,")


def test_batches_do_not_change_what_is_said(
    two: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bad.png").write_text("hello")
    arguments = [two / "pictures" / "train", tmp_path / "bad.png", two / "pictures" / "val"]
    at_once = grow.predict(two / "run", *arguments)
    monkeypatch.setattr("grow.deploy.predict._BATCH", 3)
    heard: list[Any] = []
    in_threes = grow.predict(two / "run", *arguments, listeners=[heard.append])
    assert [one.picture for one in in_threes.pictures] == [one.picture for one in at_once.pictures]
    for one, other in zip(in_threes.pictures, at_once.pictures, strict=True):
        assert one.probabilities == pytest.approx(other.probabilities, abs=1e-6)
    assert heard[-1].done == heard[-1].total == 53
    with pytest.raises(GrowError, match="Stopped"):
        grow.predict(two / "run", *arguments, stop=_stopped())


def _stopped() -> StopSwitch:
    switch = StopSwitch()
    switch.request()
    return switch


def test_a_model_without_numbers_is_refused(ten: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(ten / "run", run)
    stage = grow.load(run).stages[0]
    model = stage.model()
    model.get_layer("dense_1").bias.assign(np.full(10, np.nan, np.float32))
    from grow.runs import model_file

    model_file.save(model, model_file.notes_of(stage.plan), tmp_path / "nan.keras")
    with pytest.raises(GrowError, match="no probabilities but NaN"):
        grow.predict(tmp_path / "nan.keras", ten / "pictures")


def test_damaged_and_foreign_models_are_refused(two: Path, tmp_path: Path) -> None:
    import keras

    run = tmp_path / "run"
    shutil.copytree(two / "run", run)
    model = grow.load(run).stages[1].path / "model.keras"
    content = model.read_bytes()
    picture = next((two / "pictures" / "val" / "dark").iterdir())
    model.write_bytes(content[: len(content) // 2])
    for refused in (run, model):
        with pytest.raises(RunFolderError, match=r"model\.keras"):
            grow.predict(refused, picture)
    flipped = bytearray(content)
    flipped[len(content) // 2] ^= 1
    model.write_bytes(flipped)
    with pytest.raises(RunFolderError, match="checksum"):
        grow.predict(run, picture)
    with pytest.raises(RunFolderError, match="checksum"):
        grow.export(run, "saved_model")
    plain = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    plain.save(tmp_path / "plain.keras")
    with pytest.raises(RunFolderError, match="does not say how its pictures are prepared"):
        grow.predict(tmp_path / "plain.keras", picture)
    shutil.rmtree(run / "01-small-nowhere", ignore_errors=True)
    for done in run.rglob("done.json"):
        done.unlink()
    with pytest.raises(RunFolderError, match="no stage is complete yet"):
        grow.predict(run, picture)


Exported = Callable[[Path, formats.Format], grow.Export]


@pytest.fixture
def exported(tmp_path: Path) -> Exported:
    def export(base: Path, to: formats.Format) -> grow.Export:
        for module in formats._MODULES[to]:
            pytest.importorskip(module)
        return grow.export(base / "run", to, out=tmp_path / "out")

    return export


@pytest.mark.parametrize("to", ["saved_model", "onnx", "litert"])
@pytest.mark.parametrize("base", ["two", "ten", "every"])
def test_an_export_gives_what_keras_gives(
    base: str, to: formats.Format, exported: Exported, request: pytest.FixtureRequest
) -> None:
    folder: Path = request.getfixturevalue(base)
    made = exported(folder, to)
    validation = sum(made.card.measured["validation"].total.values())
    assert made.comparison.pictures == made.comparison.same_class == validation >= 20
    assert made.comparison.largest_difference <= 1e-5
    notes = json.loads((made.folder / NOTES).read_text(encoding="utf-8"))
    assert notes["class_names"] == list(made.card.notes.classes)
    assert {**notes, "folder": str(made.folder)} == made.to_dict()
    assert (made.folder / CARD).read_text(encoding="utf-8").startswith("# Model card: ")
    assert sorted(path.name for path in made.folder.iterdir()) == sorted(
        [NOTES, CARD, formats.FILES[to]]
    )


def test_an_onnx_file_says_its_classes(two: Path, exported: Exported) -> None:
    made = exported(two, "onnx")
    import onnxruntime

    session = onnxruntime.InferenceSession(made.path)
    told = session.get_modelmeta().custom_metadata_map
    assert json.loads(told["class_names"]) == ["dark", "light"]
    assert json.loads(told["preprocessing"])["fit"] == "crop"
    (into,), (out,) = session.get_inputs(), session.get_outputs()
    assert (into.name, into.shape) == ("pixels", ["batch", 12, 12, 3])
    assert (out.name, out.shape) == ("probabilities", ["batch", 1])


def test_an_export_that_differs_leaves_nothing(
    two: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = formats.run
    for wrong in (1e-4, np.nan):
        monkeypatch.setattr(formats, "run", lambda *given, by=wrong: run(*given) + by)
        with pytest.raises(GrowError, match="differ from the Keras model's by up to"):
            grow.export(two / "run", "saved_model", out=tmp_path / "out")
        assert list(tmp_path.iterdir()) == []


def test_a_failure_in_the_middle_leaves_nothing_and_the_old_one_stays(
    two: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    grow.export(two / "run", "saved_model", out=out)
    before = (out / NOTES).read_bytes()
    with pytest.raises(UsageError, match="there is an export already"):
        grow.export(two / "run", "saved_model", out=out)
    with monkeypatch.context() as patch:
        patch.setattr("grow.report.card.card_markdown", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            grow.export(two / "run", "saved_model", out=out, force=True, stage="small")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (out / NOTES).read_bytes() == before
    grow.export(two / "run", "saved_model", out=out, force=True, stage="small")
    assert json.loads((out / NOTES).read_bytes())["preprocessing"]["image"] == [6, 6, 3]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_only_exports_give_way(two: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "thesis.txt").write_text("years of work")
    with pytest.raises(UsageError, match="something else than an export"):
        grow.export(two / "run", "saved_model", out=tmp_path / "thesis", force=True)
    assert (tmp_path / "thesis" / "thesis.txt").read_text() == "years of work"


def test_a_missing_extra_is_said_before_anything_else(
    two: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(formats, "find_spec", lambda name: None if "onnx" in name else name)
    with pytest.raises(UsageError, match="onnxruntime and tf2onnx not installed") as caught:
        grow.export(two / "nowhere", "onnx")
    assert "grow-trainer[onnx]" in caught.value.hint


def test_without_its_pictures_a_run_is_compared_on_those_that_are_named(
    two: Path, tmp_path: Path
) -> None:
    moved = tmp_path / "elsewhere"
    shutil.copytree(two / "pictures", moved)
    base = tmp_path / "base"
    base.mkdir()
    shutil.copytree(two / "pictures", base / "pictures")
    trained(base, TWO.replace("epochs: 2", "epochs: 1"))
    shutil.rmtree(base / "pictures")
    with pytest.raises(DataError, match=r"data\.path") as caught:
        grow.export(base / "run", "saved_model")
    assert "--pictures" in caught.value.hint
    made = grow.export(base / "run", "saved_model", pictures=[moved / "test"])
    assert made.comparison.pictures == 14
    assert made.folder.parent == base / "run" / "exports"
    assert made.card.trouble
    (moved / "text.jpg").write_text("hello")
    with pytest.raises(DataError, match=r"text\.jpg: not a JPEG"):
        grow.export(base / "run", "saved_model", pictures=[moved / "text.jpg"], force=True)


def test_a_card_measures_what_the_training_measured(two: Path) -> None:
    card = grow.card(two / "run")
    best = card.stage.best
    assert card.measured["validation"].accuracy == pytest.approx(best.val_accuracy)
    assert sum(card.measured["test"].total.values()) == 14
    found = grow.predict(two / "run", two / "pictures" / "test")
    assert sum(card.measured["test"].right.values()) == found.judged[0]
    assert card.versions["keras"]
    assert not card.pictures.changed


def test_a_card_tells_that_pictures_changed(two: Path, tmp_path: Path) -> None:
    base = tmp_path / "base"
    shutil.copytree(two, base)
    header = json.loads((base / "run" / "run.json").read_text())
    assert header["base"] == str(two)
    draw(two / "pictures" / "val" / "dark" / "new.png", 5)
    try:
        assert grow.card(two / "run").pictures.changed
    finally:
        (two / "pictures" / "val" / "dark" / "new.png").unlink()


def test_the_command_lines(two: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    run = str(two / "run")
    assert main(["card", run, "--out", str(tmp_path / "card.md")]) == 0
    assert f"model card in {tmp_path}" in capsys.readouterr().out.replace("\n", "")
    assert main(["card", run]) == 0
    assert capsys.readouterr().out == (tmp_path / "card.md").read_text(encoding="utf-8")
    assert main(["card", run, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["schema"] == "grow.card/1"
    out = str(tmp_path / "out")
    assert main(["export", run, "--to", "saved_model", "--out", out]) == 0
    said = capsys.readouterr().out
    assert "compared with the Keras model on 20 pictures: same class for 20" in said
    assert main(["export", run, "--to", "saved_model", "--out", out, "--force", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["schema"] == "grow.export/1"
    assert main(["predict", run, "x.png", "--json", "--csv"]) == 2
    assert "expected one of them, found both" in capsys.readouterr().out
