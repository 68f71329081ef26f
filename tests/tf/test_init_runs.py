"""What `grow init` writes is run as it is, and its steps are timed, on tiny pictures."""

from __future__ import annotations

from pathlib import Path

import pytest

import grow
from grow.train import timing

pytestmark = pytest.mark.tf


def test_what_is_written_for_a_folder_is_timed_and_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timing, "_SECONDS", 0.05)
    grow.draw_pictures(tmp_path / "pets", pictures=24, test=4, size=16)
    told: list[str] = []
    draft = grow.init(
        tmp_path / "pets",
        out=tmp_path / "stages.yaml",
        listeners=[lambda event: told.append(event.doing)],  # type: ignore[union-attr]
    )
    assert told == ["read"] * 28 + ["sizes timed"] * 3
    assert draft.estimate is not None
    assert all(seconds > 0 for seconds in draft.estimate.stage_seconds)
    assert f"# {draft.estimate.words}"[:40] in draft.text

    few = [f"stages.{stage.name}.epochs=1" for stage in draft.stages]
    run = grow.run(draft.write(), run_dir=tmp_path / "run", overrides=few)
    assert [stage.state for stage in run.stages] == ["done", "done"]
    assert [stage.plan.architecture.image[0] for stage in run.stages] == [8, 16]
    found = grow.predict(run.path, tmp_path / "pets" / "test").to_dict()
    assert [one["folder_class"] for one in found["pictures"]] == ["cat", "cat", "dog", "dog"]
