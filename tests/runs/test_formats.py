"""What docs/formats.md says of files and JSON is what the code writes: no more, no less."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, get_args

import pytest

import grow
from grow import cli
from grow.comparison.result import Comparison
from grow.comparison.verdict import Outcome
from grow.config import examples
from grow.data.checks import Severity
from grow.data.checks.giveaway import Verdict
from grow.deploy import card, export, predict, trained
from grow.errors import RunFolderError, StageFileError
from grow.nets import transfer
from grow.planning import stages as stageplans
from grow.planning.estimate import Estimate, Machine
from grow.planning.history import Divergence, EpochRecord, GrowthShock
from grow.planning.lineup import Action
from grow.runs import checkpoint, diff, gc, lock, model_file, planned, result, stage_folder, verify
from grow.runs import folder as store
from grow.runs.conditions import Conditions
from grow.runs.folder import RunFolder
from grow.runs.stage_folder import Done, Judged
from grow.train import events
from tests.builders import CATS_DOGS, run_spec, seed_experiment, state
from tests.compared import comparison
from tests.finished import FINDINGS, STAGES

REPOSITORY = Path(__file__).parents[2]
PAGE = (REPOSITORY / "docs" / "formats.md").read_text(encoding="utf-8")

_TABLE = re.compile(r"^\| ([^|`]+) \|.*\n\|(?:---\|)+\n((?:\|.*\n)+)", re.MULTILINE)
_NAME = re.compile(r"^\| `([^`]+)`", re.MULTILINE)
_EXAMPLE = re.compile(r"^```json\n(.*?)^```$", re.MULTILINE | re.DOTALL)

TABLES = {head: _NAME.findall(rows) for head, rows in _TABLE.findall(PAGE)}
"""The names in the first column of each table, by that column's head."""

EXAMPLES = [json.loads(text) for text in _EXAMPLE.findall(PAGE)]


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A run folder with its first stage begun and its second waiting."""
    folder = RunFolder(tmp_path_factory.mktemp("runs") / "formats")
    folder.path.mkdir()
    spec = run_spec()
    folder.write_run(spec, folder.path, CATS_DOGS)
    for stage in result.load(folder.path).stages[:2]:
        folder.begin(stage.plan)
    return folder


def agree(head: str, names: Iterable[str]) -> None:
    """The table under ``head`` lists just these names, each once."""
    documented, known = TABLES[head], sorted(names)
    lacking = [name for name in known if name not in documented]
    unknown = [name for name in documented if name not in known]
    assert not lacking, f"docs/formats.md, table '{head}' lacks {lacking}"
    assert not unknown, f"docs/formats.md, table '{head}' has {unknown}, which the code lacks"
    assert sorted(documented) == known, f"docs/formats.md, table '{head}' says a name twice"


def plan() -> dict[str, Any]:
    return transfer.plan(*seed_experiment(), "preserve").to_dict()


def written(path: Path) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return values


def test_each_schema_is_listed():
    sources = (path.read_text(encoding="utf-8") for path in (REPOSITORY / "grow").rglob("*.py"))
    schemas = {name for source in sources for name in re.findall(r'"(grow\.[a-z-]+/\d+)"', source)}
    assert {transfer.SCHEMA, checkpoint.SCHEMA, planned.SCHEMA, result.SCHEMA} < schemas
    agree("schema", schemas)
    assert set(re.findall(r"grow\.[a-z-]+/\d+", PAGE)) == schemas


def test_a_transfer_plan():
    agree("field of a plan", plan())


def test_a_line_of_a_transfer_plan():
    for line in plan()["layers"]:
        agree("field of a line", line)


def test_a_line_of_a_layer_that_is_gone():
    old, new = seed_experiment()
    (gone, *_) = transfer.plan(new, old, "preserve").to_dict()["gone"]
    agree("field of a line", gone)


def test_an_adaptation():
    found = [line["adaptation"] for line in plan()["layers"] if line["adaptation"]]
    assert found
    for adaptation in found:
        agree("field of an adaptation", adaptation)


@pytest.mark.parametrize(
    ("head", "members"),
    [
        ("decision", transfer.Decision),
        ("reason", transfer.Reason),
        ("verdict", transfer.Verdict),
        ("action", Action),
        ("outcome", Outcome),
        ("weights", diff.Weights),
    ],
)
def test_closed_lists(head, members):
    agree(head, [str(member) for member in members])


def test_the_decision_beside_a_reason_is_one():
    (rows,) = re.findall(r"^\| reason \| decision \|.*\n\|[-|]+\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    for row in rows.splitlines():
        transfer.Decision(row.split("|")[2].strip(" `"))


def test_a_growth(run_folder):
    folder = run_folder.stage_folders()[1]
    folder.write_growth_shock(GrowthShock(0.5, 0.6, 0.8, 0.7, 0.1, {"dense_1": 0.4}))
    agree("field of a growth", written(folder.path / "growth.json"))


def test_findings_and_mistakes(run_folder):
    folder = run_folder.stage_folders()[0]
    folder.write_findings(FINDINGS)
    values = written(folder.path / "findings.json")
    agree("field of findings", values)
    for mistake in values["mistakes"]:
        agree("field of a mistake", mistake)


def test_an_epoch():
    agree("field of an epoch", EpochRecord.__dataclass_fields__)


def test_the_header_of_a_run(run_folder):
    agree("field of a run", written(run_folder.path / "run.json"))


def test_the_header_of_a_stage_and_its_recipe(run_folder):
    for folder in run_folder.stage_folders():
        agree("field of a stage", written(folder.path / "stage.json"))
        # Only stages that say so have the key `carried`.
        agree("key of the recipe", {*folder.header()["recipe"], "carried"})


def test_a_stage_that_is_done(run_folder):
    folder = run_folder.stage_folders()[0]
    done = Done(epochs=2, best=1, checkpoint="000003", weights="0" * 64, reason="enough")
    folder.write_done(done)
    agree("field of done", written(folder.path / "done.json"))
    (folder.path / "done.json").unlink()


def test_a_stage_that_was_tested(run_folder):
    folder = run_folder.stage_folders()[0]
    folder.write_tested(Judged("0" * 64, "1" * 64, pictures=4, accuracy=0.75, loss=0.5))
    agree("field of a test", written(folder.path / "test.json"))
    (folder.path / "test.json").unlink()


def test_a_comparison():
    found: Comparison = comparison(policies=True)
    values = found.to_dict()
    agree("field of a growth comparison", values)
    agree("field of a verdict", values["verdicts"][0])
    variant, contrast = values["variants"][0], values["contrasts"][0]
    agree("field of a variant", variant)
    agree("field of an estimate", variant["accuracy"])
    agree("field of a trial", variant["trials"][0])
    agree("field of a stage's end", variant["trials"][0]["stages"][0])
    agree("field of a point", variant["trials"][0]["curve"][0])
    agree("field of a contrast", contrast)
    agree("field of a difference", contrast["accuracy"])
    for account in ("total", "marginal"):
        assert set(contrast["speed_up"][account]) == {"flops", "cpu_seconds"}
        agree("field of a speed-up", contrast["speed_up"][account]["flops"])
    for name in (*contrast["speed_up"], *(one["name"] for one in values["variants"])):
        assert f"`{name}`" in PAGE


def test_a_checkpoint(tmp_path):
    known = Conditions(threads=2, onednn=True, processor="Neon 1", mixed=True)
    versions = {"grow-trainer": "0"}
    path = checkpoint.write(tmp_path, state(), versions, known, training="0" * 64)
    manifest, counters = written(path / "manifest.json"), written(path / "state.json")
    agree("field of a manifest", manifest)
    agree("field of a state", counters)
    for name in (*manifest["files"], *counters["tally"]):
        assert f"`{name}`" in PAGE


def test_a_divergence():
    agree("field of a divergence", Divergence.__dataclass_fields__)


def test_each_event_is_mentioned():
    assert set(TABLES["event"]) < {event.__name__ for event in get_args(events.Event)}
    for event in get_args(events.Event):
        assert f"`{event.__name__}`" in PAGE


def test_a_lock(tmp_path):
    with lock.held(tmp_path):
        agree("field of a lock", lock.holder(tmp_path) or {})


def test_what_grow_plan_prints():
    values = planned.plan(REPOSITORY / "stages" / "quickstart.yaml").to_dict()
    agree("field of a planned run", values)
    for stage in values["stages"]:
        agree("field of a planned stage", stage)
        for name in stage["architecture"][0]:
            assert f"`{name}`" in PAGE


def test_what_grow_plan_prints_of_a_difference():
    stages = REPOSITORY / "stages" / "quickstart.yaml"
    old = planned.plan(stages, overrides=["stages.deeper.grow=[{resize: 32}]"])
    values = diff.difference(old, planned.plan(stages)).to_dict()
    agree("field of a plan difference", values)
    for stage in values["stages"]:
        agree("field of a stage's difference", stage)
        agree("field of a stage in short", stage["new"])
    layers = [layer["new"] for stage in values["stages"] for layer in stage["layers"]]
    assert any(layers)
    for layer in filter(None, layers):
        agree("field of a layer in a difference", layer)


def test_what_grow_data_show_prints(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("tiny.yaml").write_text(STAGES)
    assert cli.main(["data", "show", "tiny.yaml", "--count", "1", "--json"]) == 0
    agree("field of a contact sheet", json.loads(capsys.readouterr().out))


def test_what_grow_data_draw_prints(tmp_path):
    agree("field of drawn pictures", grow.draw_pictures(tmp_path / "drawn", pictures=4).to_dict())


def test_what_grow_init_prints_of_an_example(tmp_path):
    agree("field of an example", examples.write("seed", tmp_path / "a.yaml").to_dict())


def test_what_grow_report_prints(run_folder):
    values = result.load(run_folder.path).to_dict()
    agree("field of a report", values)
    for stage in values["stages"]:
        agree("field of a reported stage", stage)


def test_what_grow_status_verify_prints(run_folder):
    values = verify.verify(run_folder.path).to_dict()
    agree("field of a verification", values)
    for name in ("path", "words"):
        assert f"`{name}`" in PAGE


def test_what_grow_init_prints(tmp_path):
    grow.draw_pictures(tmp_path / "p", pictures=12, size=16)
    values = grow.init(tmp_path / "p", out=tmp_path / "s.yaml", measure=False).to_dict()
    agree("field of a draft", values)
    timed = Estimate(1.0, (2.0,), Machine(2, 0.0)).to_dict()
    agree("field of an estimated time", timed)
    for name in (*values["short_sides"], *values["stages"][0]):
        assert f"`{name}`" in PAGE


def test_what_grow_clean_prints(run_folder):
    values = gc.clean(run_folder.path).to_dict()
    agree("field of a cleaning", {*values, "deleted"})


def test_a_saved_model(run_folder):
    plan = result.load(run_folder.path).stages[0].plan
    notes = model_file.notes_of(plan).to_dict()
    assert "range" not in notes["grow"]  # only where it is said
    agree("field of a saved model", {*notes["grow"], "range"})
    assert notes.keys() == {"grow", "class_names"}


def test_an_export(run_folder):
    stage = result.load(run_folder.path).stages[0]
    origin = trained.Origin(result.load(run_folder.path), stage)
    chosen = trained.Trained(stage.path / "model.keras", model_file.notes_of(stage.plan), origin)
    comparison = export.Comparison(1, 0.0, 1e-5, 1)
    values = export.describe(chosen, "onnx", comparison)
    agree("field of an export", values)
    agree("field of a comparison", comparison.to_dict())
    for name in values["preprocessing"]:
        assert f"`{name}`" in PAGE


def test_what_grow_predict_prints():
    one = predict.Prediction("a.png", 0, (1.0, 0.0), 0)
    values = predict.Predictions("tiny", ("cat", "dog"), (one,)).to_dict()
    agree("field of predictions", values)
    agree("field of a prediction", values["pictures"][0])


def test_what_grow_card_prints(run_folder):
    run = result.load(run_folder.path)
    pictures = card.Pictures({}, {}, changed=False)
    measured = {"test": card.Measured({"cat": 1}, {"cat": 1})}
    notes = model_file.notes_of(run.stages[0].plan)
    values = card.Card(run, run.stages[0], notes, pictures, measured, "", {}).to_dict()
    agree("field of a card", values)
    for name in (*values["pictures"], *values["measured"]["test"]):
        assert f"`{name}`" in PAGE


def test_what_grow_data_check_prints(tmp_path):
    stages = tmp_path / "tiny.yaml"
    stages.write_text(STAGES)
    values = grow.check(stages).to_dict()
    agree("field of a check", values)
    assert values["statistics"]
    assert values["findings"]
    for statistic in values["statistics"]:
        agree("field of a statistic", statistic)
    for finding in values["findings"]:
        agree("field of a finding", finding)
    for name in (*values["sizes"], *values["statistics"][0]["others"]["validation"]):
        assert f"`{name}`" in PAGE
    for name in (*Severity, *Verdict):
        assert f"`{name.value}`" in PAGE


def test_errors(tmp_path):
    agree("field of an error", RunFolderError("it is locked").to_dict())
    with pytest.raises(StageFileError) as caught:
        planned.plan(tmp_path / "missing.yaml")
    values = caught.value.to_dict()
    (problem,) = values["problems"]
    agree("field of a problem", problem)
    agree("field of an error", values.keys() - {"file", "problems"})
    assert "`file`" in PAGE
    assert "`problems`" in PAGE


def test_no_table_goes_unchecked():
    """A table with names of the code belongs to one of the tests above."""
    checked = {
        *("schema", "decision", "reason", "verdict", "action", "outcome", "event", "weights"),
        *(head for head in TABLES if head.startswith(("field of", "key of"))),
    }
    assert TABLES.keys() - checked == {"name", "exit code", "part of a layer"}


def test_the_examples_are_of_this_version():
    schemas = [example.get("schema") for example in EXAMPLES]
    assert schemas == [
        store.RUN_SCHEMA,
        transfer.SCHEMA,
        stage_folder.GROWTH_SCHEMA,
        None,
        stage_folder.DONE_SCHEMA,
    ]
    _, a_plan, _, an_epoch, _ = EXAMPLES
    assert EpochRecord.from_dict(an_epoch).to_dict() == an_epoch
    assert json.loads(json.dumps(transfer.TransferPlan.from_dict(a_plan).to_dict())) == a_plan


def test_carried_layers():
    stage = {"grow": [{"insert": {"filters": 4}}], "carried": {"freeze": 1}}
    spec = run_spec(stages=[{"name": "a"}, {"name": "b", **stage}])
    groups = stageplans.plan_stages(spec, CATS_DOGS)[1].groups.to_dict()
    assert groups is not None
    agree("field of carried layers", groups)
