"""What a stage file would do, from the stage file, the pictures' names and the run folder."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

import grow
from grow import report
from grow.config.schema import RunSpec
from grow.data.cache import cache_folder
from grow.data.prepare import prepare
from grow.data.split import check_all_used
from grow.errors import DataError, RunFolderError, StageFileError, UsageError
from grow.planning import validate
from grow.planning.lineup import Action
from grow.planning.stages import Pictures
from grow.planning.validate import parse
from grow.runs.folder import run_folder
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


def test_a_plan_without_pictures_assumes_the_classes_it_is_told(stage_file: Path) -> None:
    own_pictures(stage_file)
    plan = grow.plan(stage_file, classes=2)
    (warning,) = plan.warnings
    assert warning.startswith("the pictures were not looked at; 2 classes are assumed")
    assert plan.pictures == {}
    assert plan.training_flops(plan.entries[0]) is None
    assert plan.entries[0].stage.architecture.layers[-1].units == 1
    assert grow.plan(stage_file, classes=5).entries[0].stage.architecture.layers[-1].units == 5
    with pytest.raises(UsageError, match="expected two or more, found 1"):
        grow.plan(stage_file, classes=1)


TABLE = {
    "heading": "filename,class\npets/a/1.png,a\npets/b/1.png,b\n",
    "empty": "",
    "no-rows": "path,label\n",
    "one-class": "path,label\npets/a/1.png,a\n",
    "no-file": "path,label\npets/a/1,a\npets/b/1,b\n",
    "no-file-of-a-class": "path,label\npets/a/1.png,a\npets/a/2.png,a\npets/b/7.png,b\n",
    "measurements": "path,label\npets/a/1.png,0.5\npets/a/2.png,1.5\npets/b/1.png,2.5\n",
    "part": "path,label,split\npets/a/1.png,a,first\npets/b/1.png,b,\n",
    "only-test": "path,label,split\npets/a/1.png,a,test\npets/b/1.png,b,test\n",
    "new-class-in-validation": (
        "path,label,split\npets/a/1.png,a,\npets/b/1.png,b,\npets/b/2.png,c,val\n"
    ),
    "nothing-to-validate-on": "path,label\npets/a/1.png,a\npets/b/1.png,b\n",
    "quotation-mark": 'path,label\n"pets/a/1.png,a\npets/b/1.png,b\n',
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("name", TABLE)
def test_a_plan_fails_where_a_run_would_on_a_table(
    stage_file: Path, name: str, encoding: str
) -> None:
    pictures_of(stage_file, "a/1", "a/2", "b/1", "b/2")
    stage_file.with_name("t.csv").write_text(TABLE[name], encoding=encoding)
    fails_alike(stage_file, "{source: csv, path: t.csv}")


@pytest.mark.parametrize(
    ("files", "data"),
    [
        ([], "{source: folder, path: pets}"),
        (["a/1", "a/2"], "{source: folder, path: pets}"),
        (["train/a/1", "train/a/2", "train/b/1"], "{source: folder, path: pets/train/a}"),
        (["a/1", "b/1"], "{source: folder, path: pets}"),
        (["a/1", "a/2", "b/1", "b/2"], "{source: folder, path: pets, validation: test}"),
        (["a/1", "a/2", "b/1", "b/2", "c/notes.txt"], "{source: folder, path: pets}"),
        (["a/1", "a/2", "b/1", "a/n.txt"], "{source: folder, path: pets, on_bad: stop}"),
        (
            ["a/1", "a/2", "b/1", "b/2"],
            "{source: folder, path: pets, group: {pattern: '^(.*)/'}}",
        ),
        (["a/1", "a/2", "b/1", "b/2"], "{source: folder, path: pets, group: {folder: 1}}"),
        (["a/1", "b/1"], "{source: npz, path: a.npz}"),
    ],
)
def test_a_plan_fails_where_a_run_would(stage_file: Path, files: list[str], data: str) -> None:
    pictures_of(stage_file, *files)
    fails_alike(stage_file, data)


def test_a_plan_of_arrays_without_their_labels_fails_as_a_run_would(stage_file: Path) -> None:
    np.savez(stage_file.with_name("a.npz"), x_train=np.zeros((4, 8, 8, 3), np.uint8))
    fails_alike(stage_file, "{source: npz, path: a.npz}")


def test_a_plan_fails_as_a_run_would_when_the_pictures_are_prepared(stage_file: Path) -> None:
    pictures_of(stage_file, "a/1", "a/2", "b/1", "b/2", "b/n.txt")
    for data in ("{source: folder, path: pets, on_bad: stop}",):
        fails_alike(stage_file, data)
        fails_alike(stage_file, data)


def pictures_of(stage_file: Path, *names: str) -> None:
    """Pictures that can be read, each another; names with an ending are other files."""
    for number, name in enumerate(names):
        path = stage_file.parent / "pets" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix:
            path.touch()
        else:
            Image.new("RGB", (8, 8), (number * 20, 0, 0)).save(path.with_suffix(".png"))


def carry_out(spec: RunSpec, base: Path) -> None:
    """What a run does before it trains."""
    check_all_used(prepare(spec.data, base, (16, 16, 3), cache_folder()).manifest)


def fails_alike(stage_file: Path, data: str) -> None:
    """A plan and what a run does first end with the same words."""
    stage_file.write_text(STAGES.replace("{source: drawn, train: 64, validation: 32}", data))
    spec = validate.read(stage_file)
    with pytest.raises(DataError) as planned:
        grow.plan(stage_file)
    with pytest.raises(DataError) as done:
        carry_out(spec, stage_file.parent)
    assert str(planned.value) == str(done.value)
    assert planned.value.exit_code == 3


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


def test_classes_that_will_not_be_validated_are_named(stage_file: Path) -> None:
    own_pictures(stage_file, "train/cat/1.png", "train/dog/1.png", "val/dog/2.png")
    (warning,) = grow.plan(stage_file).warnings
    assert warning.startswith('no validation pictures of "cat"')


def test_a_part_that_a_data_set_has_not_is_said_before_it_is_fetched(stage_file: Path) -> None:
    with pytest.raises(DataError, match=r"data\.validation: expected validation pictures"):
        of_data(stage_file, "{source: keras, name: mnist, validation: validation}")


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
