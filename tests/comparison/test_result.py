"""A comparison as a value, its pages beside golden texts, its trials on the way there.

After a deliberate change of words: GROW_WRITE_GOLDENS=1 pytest tests/comparison, then read the
diff of tests/golden/face.
"""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from grow.comparison import stats
from grow.comparison.analysis import compare_trials
from grow.comparison.result import Pictures
from grow.comparison.verdict import Outcome
from grow.planning.lineup import Action, Entry
from grow.report import compared, trials
from grow.report.evidence import MEANS
from grow.train.events import EpochDone, RunStarted, StageDone, StageStarted, Told, Warned
from tests.builders import history
from tests.compared import SETTING, comparison, trial
from tests.finished import plans
from tests.report.test_terminal import compare, drawn

SMALL, DEEPER = plans()


@pytest.mark.parametrize("width", [40, 80, 120])
def test_a_comparison_fits_the_terminal(width: int) -> None:
    page = drawn(compared.comparison_page(comparison()), width)
    compare(f"compare-{width}", page)
    assert max(map(len, page.splitlines())) <= width


def test_a_comparison_of_policies() -> None:
    page = drawn(compared.comparison_page(comparison(policies=True)))
    compare("compare-policies", page)


def test_a_single_repeat_shows_no_interval() -> None:
    missing = (("resize_only", "all stages have the same image size"),)
    validation = Pictures("validation", {"train": 64, "validation": 32, "test": 0})
    found = comparison(repeats=1, missing=missing, pictures=validation)
    page = drawn(compared.comparison_page(found))
    compare("compare-once", page)
    assert "±" not in page.split("each repeat")[0].replace(MEANS, "")


def test_a_comparison_as_markdown() -> None:
    compare("compare-markdown", compared.comparison_markdown(comparison()))


def test_the_verdict_goes_with_the_figures() -> None:
    found = comparison()
    assert found.verdict.outcome is Outcome.SMALL_PICTURES
    assert found.verdict.sentence in repr(found)
    against = {contrast.other: contrast.accuracy for contrast in found.contrasts}
    assert list(against) == ["scratch_flops", "scratch_epochs", "resize_only"]
    assert against["scratch_flops"].estimate.mean == pytest.approx(0.03)


def test_each_policy_has_its_verdict_and_all_differences_are_judged_together() -> None:
    found = comparison(policies=True)
    assert [verdict.growth for verdict in found.verdicts] == ["growth:preserve", "growth:strict"]
    pairs = [(contrast.growth, contrast.other) for contrast in found.contrasts]
    assert len(pairs) == 7
    assert pairs[-1] == ("growth:preserve", "growth:strict")
    ps = [contrast.accuracy.p for contrast in found.contrasts]
    adjusted = tuple(contrast.accuracy.p_adjusted for contrast in found.contrasts)
    assert adjusted == stats.holm(ps)


def test_budgets_are_those_of_growth_in_the_same_repeat() -> None:
    found = {summary.name: summary for summary in comparison().summaries}
    growth, scratch = found["growth"], found["scratch_epochs"]
    assert growth.at_equal_flops is not None
    assert growth.at_equal_flops.mean == pytest.approx(growth.accuracy.mean, abs=1e-4)
    assert scratch.at_equal_flops is not None
    # 12,246 GFLOPs of growth pay for 20 epochs of 607.
    expected = [trial.curve[19].val_accuracy for trial in scratch.trials]
    assert scratch.at_equal_flops.mean == pytest.approx(sum(expected) / 3)


def test_a_budget_that_pays_for_no_epoch_is_said() -> None:
    trials_of = {
        "growth": [trial(7, 0.8, (1, 1), (1, 2))],
        "scratch_flops": [trial(7, 0.7, (1, 9))],
    }
    found = compare_trials(replace(SETTING, seeds=(7,)), trials_of)
    assert found.summaries[1].at_equal_flops is None
    assert "no epoch" in drawn(compared.comparison_page(found))


def test_the_json_is_json_even_where_training_diverged() -> None:
    ended = trial(7, 0.5, (2, 1))
    diverged = replace(ended, stages=(replace(ended.end, loss=math.nan),))
    trials_of = {"growth": [diverged], "scratch_flops": [ended]}
    values = compare_trials(replace(SETTING, seeds=(7,)), trials_of).to_dict()
    assert json.loads(json.dumps(values, allow_nan=False))["variants"][0]["loss"]["mean"] is None


def told(event: object, variant: str = "growth", seed: int = 7) -> Told:
    return Told(seed, variant, event)


def started(variant: str = "growth", seed: int = 7) -> list[Told]:
    entries = tuple(Entry(stage, Action.RUN, "") for stage in plans())
    return [
        told(RunStarted("tiny", SETTING.folder, entries), variant, seed),
        told(StageStarted(SMALL, 4, (), 0), variant, seed),
    ]


def lines_of(*events: Told) -> list[str]:
    now = trials.Trials()
    for second, event in enumerate(events):
        now = trials.advance_trials(now, event, float(second))
    return [line.plain for line in trials.trial_lines(now)]


def test_each_trial_has_one_line() -> None:
    (record,) = history([0.5], "val_accuracy")
    found = lines_of(*started(), told(EpochDone(SMALL, record, 1)), *started("growth", 11))
    assert found == [
        "seed 7  growth  small  epoch 2/2  best 50.0%",
        "seed 11  growth  small  epoch 1/2",
    ]


def test_a_variant_that_is_done_says_so_until_the_next_one_begins() -> None:
    done = [*started(), told(None)]
    assert lines_of(*done) == ["seed 7  growth done"]
    assert lines_of(*done, *started("resize_only")) == ["seed 7  resize_only  small  epoch 1/2"]


def test_the_log_keeps_stages_variants_and_warnings() -> None:
    records = history([0.5, 0.625], "val_accuracy")
    ended = StageDone(SMALL, records, 2, "all 2 epochs trained", reused=False)
    said = [told(ended), told(replace(ended, reused=True)), told(Warned("slow disk")), told(None)]
    assert [line.plain for event in said for line in trials.log_lines(event)] == [
        "seed 7  growth: stage 1 small, 62.5% validation accuracy (epoch 2)",
        "seed 7  growth: note: slow disk",
        "seed 7  growth: done",
    ]
