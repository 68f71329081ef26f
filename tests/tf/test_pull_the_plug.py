"""The plug is pulled on real processes; what comes out is what would have come out anyway."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import grow
from grow.runs import checkpoint, verify
from grow.runs.folder import RunFolder
from tests.builders import tree
from tests.tf.conftest import TINY, differences

pytestmark = [pytest.mark.tf, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
DRIVER = Path(__file__).with_name("plug_driver.py")
OFTEN = TINY + "checkpoint: {every: 0s}\n"


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("straight") / "run"


@pytest.fixture
def straight(kept: Path, carry_out: Callable[..., object]) -> Path:
    """A run that nobody disturbed, in this process."""
    if not kept.exists():
        carry_out(kept)
    return kept


@pytest.fixture
def often(tmp_path: Path) -> Path:
    """The same stage file with a checkpoint after every step."""
    path = tmp_path / "often.yaml"
    path.write_text(OFTEN)
    return path


def start(*arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, str(DRIVER), *map(str, arguments)]
    stage_file = Path(str(arguments[0]))
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    cache = str(stage_file.with_name("cache"))
    environment = os.environ | {"PYTHONPATH": paths, "GROW_CACHE": cache}
    return subprocess.Popen(
        command, stdout=-1, stderr=-1, text=True, env=environment, start_new_session=True
    )


def finish(process: subprocess.Popen[str], seconds: float = 120) -> tuple[int, str]:
    out, err = process.communicate(timeout=seconds)
    assert "Traceback" not in err, err
    return process.returncode, out


def ends_as(run: Path, straight: Path) -> None:
    """Every stage's last state and model are those of the straight run; nothing is damaged."""
    ours, theirs = (RunFolder(path).stage_folders() for path in (run, straight))
    assert [one.path.name for one in ours] == [one.path.name for one in theirs]
    for one, other in zip(ours, theirs, strict=True):
        left, right = (next(checkpoint.newest_first(s.checkpoints)) for s in (one, other))
        assert differences(checkpoint.read(left), checkpoint.read(right)) == []
        assert one.model.read_bytes() == other.model.read_bytes()
        mine, its = one.done(), other.done()
        assert mine is not None
        assert its is not None
        assert (mine.weights, mine.best) == (its.weights, its.best)
    assert verify.verify(run).flaws == ()
    left = [name for name in tree(run) if "damaged-" in name]
    assert left == []


def checkpoints(run: Path) -> set[str]:
    return {str(path) for path in run.glob("*/checkpoints/[0-9]*")}


def wait_for_checkpoints(process: subprocess.Popen[str], run: Path, changes: int) -> None:
    """Returns after so many changes of what checkpoints there are, or when the process ends."""
    seen = checkpoints(run)
    deadline = time.monotonic() + 90
    while changes and process.poll() is None and time.monotonic() < deadline:
        if seen != (now := checkpoints(run)):
            seen, changes = now, changes - 1
        time.sleep(0.002)


def test_killed_a_dozen_times_at_random_moments(
    tmp_path: Path, stage_file: Path, carry_out: Callable[..., object]
) -> None:
    chance = random.Random(20)
    stage_file.write_text(OFTEN.replace("epochs: 3", "epochs: 7").replace("epochs: 2", "epochs: 6"))
    run, straight = tmp_path / "run", tmp_path / "straight"
    kills = 0
    while kills < 12:
        process = start(stage_file, run)
        wait_for_checkpoints(process, run, chance.randrange(1, 6))
        time.sleep(chance.uniform(0.0, 0.05))
        if process.poll() is not None:
            break
        process.kill()
        finish(process)
        kills += 1
        for stage in RunFolder(run).stage_folders():
            for path in checkpoint.newest_first(stage.checkpoints):
                checkpoint.read(path)  # a kill damages nothing, ever
    assert finish(start(stage_file, run)) == (0, "")
    assert kills == 12
    carry_out(straight)
    ends_as(run, straight)


POINTS = [
    *[("os.fsync", number) for number in (1, 4, 9, 14, 23, 40)],
    *[("pathlib.Path.rename", number) for number in (1, 2, 3, 5, 7)],
    *[("pathlib.Path.replace", number) for number in (1, 3, 5)],
    *[("shutil.rmtree", number) for number in (1, 4)],
    ("pathlib.Path.write_bytes", 5),
    ("grow.runs.checkpoint._counters", 3),
    ("grow.train.grow.grow", 1),
    ("grow.nets.weights.carry_optimizer", 1),
    ("grow.runs.stage_folder.StageFolder.write_growth_shock", 1),
    ("grow.runs.model_file.save", 2),
    ("grow.runs.stage_folder.StageFolder.write_done", 1),
    ("grow.train.engine._complete", 2),
]


@pytest.mark.parametrize(("call", "number"), POINTS)
def test_killed_at_a_certain_call(
    call: str, number: int, stage_file: Path, straight: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    code, _ = finish(start(stage_file, run, "exit", call, number))
    assert code == 9
    code, out = finish(start(stage_file, run))
    assert (code, out) == (0, "")
    ends_as(run, straight)


STOPS = [
    ("grow.train.step.train_batch", 5),  # goes on with the epoch's smaller batch
    ("grow.data.synthetic.drawn._paint", 20),
    ("grow.train.engine._compiled", 1),
    ("grow.train.grow.evaluate", 2),
    ("grow.nets.network.write_weights", 1),
    ("grow.runs.model_file.save", 1),
    ("grow.runs.folder.RunFolder.begin", 2),
    ("grow.runs.checkpoint.write", 2),
]


@pytest.mark.parametrize(("call", "number"), STOPS)
def test_a_stop_is_honoured_soon_wherever_it_comes(
    call: str, number: int, stage_file: Path, straight: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    code, out = finish(start(stage_file, run, "stop", call, number))
    assert code == 143, out
    times = {line.split()[0]: float(line.split()[1]) for line in out.splitlines()}
    assert times["ended"] - times["stopping"] < 10
    assert finish(start(stage_file, run)) == (0, "")
    ends_as(run, straight)


@pytest.mark.parametrize(("call", "number"), STOPS[1::2])
def test_the_second_signal_leaves_at_once_and_damages_nothing(
    call: str, number: int, stage_file: Path, straight: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    code, out = finish(start(stage_file, run, "twice", call, number))
    assert code == 143
    assert "ended" not in out
    assert finish(start(stage_file, run)) == (0, "")
    ends_as(run, straight)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk with room for some checkpoints and no more."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(disk)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("no small disk can be mounted here")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_loses_nothing(small_disk: Path, stage_file: Path, straight: Path) -> None:
    run = small_disk / "run"
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(120_000))
    code, out = finish(start(stage_file, run))
    assert code != 0
    assert "No space left" in out
    for stage in RunFolder(run).stage_folders():
        for path in checkpoint.newest_first(stage.checkpoints):
            checkpoint.read(path)
    ballast.unlink()
    subprocess.run(["mount", "-o", "remount,size=20m", str(small_disk)], check=True)
    code, _ = finish(start(stage_file, run))
    assert code == 0
    ends_as(run, straight)


@pytest.mark.parametrize("call", ["os.fsync", "pathlib.Path.write_bytes"])
@pytest.mark.parametrize("number", [4, 12, 18])
def test_a_disk_that_is_full_from_then_on(
    call: str, number: int, stage_file: Path, straight: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    code, out = finish(start(stage_file, run, "full", call, number))
    assert code in (1, 4), out
    assert "No space left on device" in out
    code, _ = finish(start(stage_file, run))
    assert code == 0
    ends_as(run, straight)


def test_two_processes_on_one_run_folder(often: Path, straight: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    racers = [start(often, run) for _ in range(3)]
    results = sorted(finish(racer) for racer in racers)
    assert [code for code, _ in results] == [0, 4, 4]
    assert all("is in use by process" in out for _, out in results[1:])
    ends_as(run, straight)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_of_checkpoints(
    stage_file: Path, straight: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    assert finish(start(stage_file, run, "exit", "grow.train.engine._train_epochs", 1))[0] == 9
    (folder,) = RunFolder(run).stage_folders()
    folder.checkpoints.chmod(0o500)
    code, out = finish(start(stage_file, run))
    assert code == 1
    assert "checkpoint not written" in out
    folder.checkpoints.chmod(0o700)
    assert finish(start(stage_file, run))[0] == 0
    ends_as(run, straight)


def test_the_negative_control_a_run_of_another_seed_ends_elsewhere(
    stage_file: Path, straight: Path, tmp_path: Path
) -> None:
    stage_file.write_text(TINY.replace("seed: 3", "seed: 4"))
    grow.run(stage_file, run_dir=tmp_path / "run")
    ours, theirs = (RunFolder(path).stage_folders()[0] for path in (tmp_path / "run", straight))
    left, right = (next(checkpoint.newest_first(s.checkpoints)) for s in (ours, theirs))
    assert differences(checkpoint.read(left), checkpoint.read(right)) != []
