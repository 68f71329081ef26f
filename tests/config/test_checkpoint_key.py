"""How long training may go on without a checkpoint: seconds, or text with a unit."""

from __future__ import annotations

import pytest

from grow.config.write import to_yaml
from grow.errors import StageFileError
from grow.planning import stages, validate
from tests.builders import CATS_DOGS, run_spec

TEXT = """
name: t
data: {source: drawn}
model: {image: [8, 8, 3], blocks: [{filters: 2}]}
train: {epochs: 1}
checkpoint: {every: %s}
stages: [{name: a}]
"""


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("60s", 60), ("5m", 300), ("1.5h", 5400), ("90", 90), ("0", 0), ("2 m", 120), ("0.5", 0.5)],
)
def test_seconds_or_text_with_a_unit(written: str, seconds: float) -> None:
    spec = validate.parse(TEXT % written, "f")
    assert spec.checkpoint.every == seconds
    assert validate.parse(to_yaml(spec), "f") == spec


@pytest.mark.parametrize(
    "written", ["-1", "fast", "true", "null", "[]", "1e20", "60sec", '"60s\\n"', "10 days", "9e9s"]
)
def test_anything_else_is_refused_in_words(written: str) -> None:
    with pytest.raises(StageFileError) as caught:
        validate.parse(TEXT % written, "f")
    (problem,) = caught.value.problems
    assert problem.path == "checkpoint.every"
    assert 'or text, such as "60s" or "5m", found ' in problem.text


def test_a_minute_unless_said() -> None:
    assert run_spec().checkpoint.every == 60


def test_it_changes_no_address() -> None:
    one, other = run_spec(), run_spec(checkpoint={"every": "5m"})
    assert [plan.fingerprint for plan in stages.plan_stages(one, CATS_DOGS)] == [
        plan.fingerprint for plan in stages.plan_stages(other, CATS_DOGS)
    ]
