"""What a stage file would do, from the stage file, the pictures' names and the run folder."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

import grow
from grow import report
from grow.errors import DataError, RunFolderError, StageFileError
from grow.lineup import Action
from grow.pictures.prepare import prepare
from grow.planning import cache_folder, run_folder
from grow.stagefile import parse
from grow.stageplans import Pictures
from tests.finished import STAGES, make_run


@pytest.fixture
def stage_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stage file on four pictures, in an otherwise empty folder; nothing is prepared."""
    monkeypatch.setenv("GROW_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "tiny.yaml"
    path.write_text(STAGES.replace("train: 64, validation: 32", "train: 4, validation: 2"))
    return path


@pytest.fixture
def prepared(stage_file: Path) -> Pictures:
    """The same with the pictures prepared, as by an earlier run."""
    spec = parse(stage_file.read_text(), "tiny.yaml")
    manifest = prepare(spec.data, stage_file.parent, (16, 16, 3), cache_folder()).manifest
    return Pictures(manifest.classes, manifest.training_digest)


def own_pictures(stage_file: Path, *files: str) -> None:
    """The stage file with a folder of (empty) files for its pictures."""
    for name in files:
        path = stage_file.parent / "pets" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    text = stage_file.read_text()
    drawn = "{source: drawn, train: 4, validation: 2}"
    stage_file.write_text(text.replace(drawn, "{source: folder, path: pets}"))


def actions(plan: grow.Plan) -> list[tuple[Action, str]]:
    return [(entry.action, entry.reason) for entry in plan.entries]


def test_a_first_plan(stage_file: Path) -> None:
    plan = grow.plan(stage_file)
    assert plan.folder == Path("runs/tiny")
    assert plan.classes == ("cat", "dog")
    assert (plan.pictures["train"], plan.pictures["validation"]) == (4, 2)
    assert (plan.warnings, plan.approximate) == ((), False)
    assert [action for action, _ in actions(plan)] == [Action.RUN, Action.RUN]
    assert sorted(path.name for path in stage_file.parent.iterdir()) == ["tiny.yaml"]


def test_what_was_trained_is_reused(stage_file: Path, prepared: Pictures) -> None:
    make_run(Path("runs/tiny"), complete=1, step=3, pictures=prepared)
    assert actions(grow.plan(stage_file)) == [
        (Action.REUSE, "finished before with the same settings and pictures"),
        (Action.RESUME, "1 of 12 epochs are on disk"),
    ]
    assert actions(grow.plan(stage_file, run_dir="elsewhere"))[0][0] is Action.RUN


def test_what_was_edited_is_trained_anew_and_why(stage_file: Path, prepared: Pictures) -> None:
    make_run(Path("runs/tiny"), pictures=prepared)
    stage_file.write_text(stage_file.read_text().replace("batch: 16", "batch: 8"))
    assert actions(grow.plan(stage_file)) == [
        (Action.RUN, "batch 16 → 8"),
        (Action.RUN, "batch 16 → 8, the stage before it changed"),
    ]


def test_cost_follows_from_pictures_and_epochs(stage_file: Path) -> None:
    plan = grow.plan(stage_file)
    small, deeper = plan.entries
    assert plan.training_flops(small) == small.stage.architecture.training_flops * 4 * 2
    assert plan.training_flops(deeper) == deeper.stage.architecture.training_flops * 4 * 12


def test_missing_pictures_are_noted_and_two_classes_assumed(stage_file: Path) -> None:
    own_pictures(stage_file)
    plan = grow.plan(stage_file)
    (warning,) = plan.warnings
    assert "pets" in warning
    assert warning.endswith("; two classes are assumed")
    assert plan.pictures == {}
    assert plan.training_flops(plan.entries[0]) is None
    assert plan.entries[0].stage.architecture.layers[-1].units == 1


def test_pictures_that_are_divided_only_once_they_are_read(stage_file: Path) -> None:
    own_pictures(stage_file, *(f"{kind}/{n}.jpg" for kind in ("a", "b", "c") for n in range(10)))
    plan = grow.plan(stage_file)
    assert plan.classes == ("a", "b", "c")
    assert (plan.pictures["train"], plan.pictures["validation"]) == (24, 6)
    assert plan.approximate


@pytest.mark.parametrize(
    ("extra", "warning"),
    [
        (("a/notes.txt",), "1 file is left out: a/notes.txt, not a picture file (.txt)"),
        (("a/n.txt", "b/m"), "2 files are left out; the first: a/n.txt, not a picture file (.txt)"),
    ],
)
def test_what_is_left_out_is_said(stage_file: Path, extra: tuple[str, ...], warning: str) -> None:
    own_pictures(stage_file, "a/1.jpg", "a/2.jpg", "b/1.jpg", "b/2.jpg", *extra)
    assert grow.plan(stage_file).warnings == (warning,)


def test_the_json_form_is_json(stage_file: Path, prepared: Pictures) -> None:
    values = json.loads(json.dumps(grow.plan(stage_file).to_dict(), allow_nan=False))
    assert values["schema"] == "grow.plan/1"
    assert values["folder"] == str(Path("runs/tiny"))
    small, deeper = values["stages"]
    assert (small["action"], small["transfer_plan"], small["parameters"]) == ("run", None, 641)
    assert len(small["fingerprint"]) == 64
    assert deeper["transfer_plan"]["layers"][0]["decision"] == "copy"
    assert small["architecture"][0] == {
        "name": "conv_1",
        "kind": "conv",
        "output": [8, 8, 4],
        "parameters": 112,
    }


def test_a_fingerprint_is_not_told_before_the_pictures_are_known(stage_file: Path) -> None:
    assert grow.plan(stage_file).to_dict()["stages"][0]["fingerprint"] is None


def test_shown_in_python_a_plan_is_one_line(stage_file: Path) -> None:
    folder = Path("runs/tiny")
    assert repr(grow.plan(stage_file)) == f"<plan tiny -> {folder}: 1 small: run, 2 deeper: run>"


@pytest.mark.parametrize("place", ["tiny.yaml", "tiny.yaml/run"])
def test_a_file_where_the_run_folder_should_be(stage_file: Path, place: str) -> None:
    with pytest.raises(RunFolderError, match=r"cannot be a run folder: tiny\.yaml is a file"):
        grow.plan(stage_file, run_dir=place)


def test_a_stage_file_that_is_not_there(stage_file: Path) -> None:
    with pytest.raises(StageFileError, match=r"did you mean tiny\.yaml\?"):
        grow.plan("tinny.yaml")


def test_where_a_run_goes() -> None:
    spec = parse(STAGES, "tiny.yaml")
    assert run_folder(spec, None) == Path("runs/tiny")
    assert run_folder(spec, "other") == Path("other")


def test_where_prepared_pictures_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROW_CACHE", "/somewhere")
    assert cache_folder() == Path("/somewhere")
    monkeypatch.delenv("GROW_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/home/me/.cache")
    monkeypatch.setenv("LOCALAPPDATA", "/home/me/.cache")
    assert cache_folder() == Path("/home/me/.cache/grow")


def test_how_carried_layers_are_trained_is_planned(stage_file: Path) -> None:
    plain = grow.plan(stage_file)
    text = stage_file.read_text(encoding="utf-8").replace(
        "  - name: deeper\n", "  - name: deeper\n    carried: {freeze: 12, learning_rate: 0.1x}\n"
    )
    stage_file.write_text(text, encoding="utf-8")
    plan = grow.plan(stage_file)
    (warning,) = plan.warnings
    assert warning == "stage 2 deeper: layers carried over stay frozen to its end, epoch 12"
    first, second = json.loads(json.dumps(plan.to_dict()))["stages"]
    assert first["carried"] is None
    assert second["carried"]["freeze"] == 12
    assert second["carried"]["learning_rate"] == 0.1
    assert second["carried"]["layers"]
    assert second["training_flops"] < plain.to_dict()["stages"][1]["training_flops"]


# Pictures that must be fetched first, weights, and what is said of them --------------------


def of_data(stage_file: Path, data: str) -> grow.Plan:
    """The plan with other pictures."""
    text = stage_file.read_text()
    stage_file.write_text(text.replace("{source: drawn, train: 4, validation: 2}", data))
    return grow.plan(stage_file)


def test_a_data_set_of_keras_is_planned_before_it_is_fetched(stage_file: Path) -> None:
    plan = of_data(stage_file, "{source: keras, name: cifar10}")
    assert plan.classes[3] == "cat"
    assert plan.pictures == {"train": 40_000, "validation": 10_000, "test": 10_000}
    assert plan.warnings == ("cifar10 (keras) is fetched when the run starts",)
    assert not cache_folder().exists()


def test_one_of_tfds_is_not_known_before(stage_file: Path) -> None:
    plan = of_data(stage_file, "{source: tfds, name: cats_vs_dogs}")
    assert plan.pictures == {}
    (warning,) = plan.warnings
    assert warning.startswith("cats_vs_dogs (tfds) is not on this machine yet")
    assert not cache_folder().exists()


def test_class_weights_are_planned(stage_file: Path) -> None:
    own_pictures(stage_file, "cat/1.png", "cat/2.png", "cat/3.png", "dog/1.png")
    text = stage_file.read_text()
    assert grow.plan(stage_file).class_weights == {}
    stage_file.write_text(text.replace("path: pets", "path: pets, balance: weights"))
    plan = grow.plan(stage_file)
    assert plan.class_weights == {"cat": 4 / 6, "dog": 2.0}
    assert plan.to_dict()["class_weights"] == {"cat": 4 / 6, "dog": 2.0}
    page = io.StringIO()
    Console(file=page, width=100, color_system=None).print(report.plan_page(plan))
    assert "training loss: cat 0.667, dog 2" in page.getvalue()


def test_a_stop_is_announced(stage_file: Path) -> None:
    own_pictures(stage_file, "cat/1.png", "dog/1.png", "dog/notes.txt")
    text = stage_file.read_text()
    assert len(grow.plan(stage_file).warnings) == 1
    stage_file.write_text(text.replace("path: pets", "path: pets, on_bad: stop"))
    assert grow.plan(stage_file).warnings[1] == "on_bad is stop: grow run ends before any training"


def test_classes_that_will_not_be_validated_are_named(stage_file: Path) -> None:
    own_pictures(stage_file, "train/cat/1.png", "train/dog/1.png", "val/dog/2.png")
    (warning,) = grow.plan(stage_file).warnings
    assert warning.startswith('no validation pictures of "cat"')


def test_a_part_that_a_data_set_has_not_is_said_before_it_is_fetched(stage_file: Path) -> None:
    plan = of_data(stage_file, "{source: keras, name: mnist, validation: validation}")
    assert plan.pictures == {}
    assert plan.warnings[0].startswith("data.validation: expected validation pictures")


def test_arrays_of_no_known_scale_are_refused_as_by_a_run(stage_file: Path) -> None:
    images = np.full((8, 4, 4), 0.5, np.float32)
    images[3, 0, 0] = 1.02
    np.savez(stage_file.parent / "a.npz", x_train=images, y_train=np.arange(8) % 2)
    with pytest.raises(DataError, match=r"found 0\.5 to 1\.02") as refused:
        of_data(stage_file, "{source: npz, path: a.npz}")
    assert refused.value.exit_code == 3
    stage_file.write_text(stage_file.read_text().replace("a.npz", "a.npz, range: [0, 1]"))
    plan = grow.plan(stage_file)
    assert not any("values" in warning for warning in plan.warnings)
