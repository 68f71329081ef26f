"""Whatever is damaged in a run folder: nothing hangs, advice helps, and the weights come out."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import grow
from grow.errors import RunFolderError, Stopped
from grow.signals import StopSwitch
from grow.train.events import Event, StepDone
from tests.commands import Command, Said
from tests.damages import DAMAGES, in_time, places

pytestmark = pytest.mark.tf

STAGES = """
name: tiny
seed: 3
data: {source: drawn, train: 24, validation: 10}
model:
  image: [8, 8, 3]
  blocks: [{filters: 3, pool: average}]
  head: {dense: [4]}
train: {batch: 12, learning_rate: 0.01, epochs: 2}
stages:
  - name: small
  - name: deeper
    grow: [{insert: {filters: 3, pool: average}}]
    transfer: preserve
"""
CODES = {0, 1, 2, 3, 4}
SECONDS = 60
KINDS = ("finished", "stopped")


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run and one stopped in its second stage; not to be changed."""
    folder = tmp_path_factory.mktemp("sources")
    (folder / "tiny.yaml").write_text(STAGES)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GROW_CACHE", str(folder / "cache"))
        grow.run(folder / "tiny.yaml", run_dir=folder / "finished")
        switch = StopSwitch()
        steps = []

        def hear(event: Event) -> None:
            if isinstance(event, StepDone):
                steps.append(event)
                if len(steps) == 7:
                    switch.request(15)

        with pytest.raises(Stopped):
            grow.run(
                folder / "tiny.yaml", run_dir=folder / "stopped", listeners=[hear], stop=switch
            )
    grow.draw_pictures(folder / "pictures", pictures=4, size=8)
    return folder


def models(run: Path) -> dict[str, str]:
    """The digest of each stage's model."""
    found = sorted(run.glob("0*/model.keras"))
    return {path.parent.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def looked_at(call: Command, sources: Path, run: Path) -> dict[str, Said]:
    """What every command that only looks says of a run."""
    commands = {
        "status": ("status", run),
        "verify": ("status", run, "--verify"),
        "report": ("report", run),
        "plan": ("plan", sources / "tiny.yaml", "--run-dir", run),
        "clean": ("clean", run, "--json"),
        "predict": ("predict", run, sources / "pictures"),
    }
    said = {}
    for name, words in commands.items():
        with in_time(SECONDS):
            said[name] = call(*map(str, words))
    return said


def check(call: Command, sources: Path, run: Path, *, begun: bool) -> None:
    """Nothing hangs or ends in a traceback, and the next run mends whatever is refused."""
    refused = looked_at(call, sources, run)
    assert {said.code for said in refused.values()} <= CODES, refused
    again = ("run", str(sources / "tiny.yaml"), "--run-dir", str(run), "--quiet")
    if refused["report"].code == 4:
        words = refused["report"].err
        assert str(run) in words
        # Advice is a command line that can be given as it stands; its stage file is the user's.
        advised = re.search(r"`grow (resume|run) [^`]*`", words)
        assert advised or "is not a run folder" in words, words
        if advised and advised[1] == "resume":
            again = ("resume", str(run), "--quiet")
    with in_time(2 * SECONDS):
        ran = call(*again)
    assert ran.code == 0, ran
    assert models(run) == models(sources / "finished")
    after = looked_at(call, sources, run)
    assert {name: said for name, said in after.items() if said.code} == {}
    if refused["verify"].code == 4 and not begun:
        assert ran.err, "something was refused, and the run that mended it said nothing"


def cases(every: int) -> Iterator[tuple[str, int, int]]:
    """Kind of run, number of a place, number of a damage at it; each ``every``-th of them."""
    number = 0
    for kind in KINDS:
        for place in range(40):
            for damage in range(len(DAMAGES)):
                number += 1
                # A prime apart, so that each place and each damage has its turn.
                if number % every == 0:
                    yield kind, place, damage


def damage(sources: Path, tmp_path: Path, kind: str, place: int, number: int) -> Path:
    run = tmp_path / "run"
    shutil.copytree(sources / kind, run, symlinks=True)
    there = places(run)
    if place >= len(there):
        pytest.skip("fewer places than that")
    list(DAMAGES.values())[number](run / there[place])
    return run


@pytest.fixture(autouse=True)
def _prepared_once(sources: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROW_CACHE", str(sources / "cache"))


@pytest.mark.parametrize(("kind", "place", "number"), [*cases(47)])
def test_the_next_run_mends_what_is_damaged(
    kind: str, place: int, number: int, sources: Path, tmp_path: Path, call: Command
) -> None:
    run = damage(sources, tmp_path, kind, place, number)
    check(call, sources, run, begun=kind == "stopped")


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("place", range(40))
def test_the_next_run_mends_every_damage_at_every_place(
    kind: str, place: int, sources: Path, tmp_path: Path, call: Command
) -> None:
    for number in range(len(DAMAGES)):
        folder = tmp_path / str(number)
        folder.mkdir()
        run = damage(sources, folder, kind, place, number)
        check(call, sources, run, begun=kind == "stopped")


SWAPS = [
    ("01-*/history.jsonl", "02-*/history.jsonl"),
    ("01-*/stage.json", "02-*/stage.json"),
    ("01-*/checkpoints", "02-*/checkpoints"),
    ("01-*", "02-*"),
    ("run.json", "02-*/stage.json"),
    ("01-*/findings.json", "02-*/findings.json"),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("one", "other"), SWAPS)
def test_two_that_were_swapped(
    kind: str, one: str, other: str, sources: Path, tmp_path: Path, call: Command
) -> None:
    run = Path(shutil.copytree(sources / kind, tmp_path / "run"))
    found = [next(run.glob(name), None) for name in (one, other)]
    if None in found:
        pytest.skip("not there yet")
    left, right = (path for path in found if path is not None)
    left.rename(run / "third")
    right.rename(left)
    (run / "third").rename(right)
    check(call, sources, run, begun=kind == "stopped")


def test_a_checkpoint_of_another_run_is_not_gone_on_from(
    sources: Path, tmp_path: Path, call: Command
) -> None:
    """Of the same network, with the same numbers, whole in itself: of another seed."""
    (tmp_path / "other.yaml").write_text(STAGES.replace("seed: 3", "seed: 4"))
    grow.run(tmp_path / "other.yaml", run_dir=tmp_path / "other")
    run = Path(shutil.copytree(sources / "stopped", tmp_path / "run"))
    for name in ("01-*", "02-*"):
        ours, theirs = (next(folder.glob(name)) for folder in (run, tmp_path / "other"))
        shutil.rmtree(ours / "checkpoints")
        shutil.copytree(theirs / "checkpoints", ours / "checkpoints")
    check(call, sources, run, begun=False)


SLOWLY = """
import sys, time
import grow
from grow.errors import GrowError
from grow.train.events import StepDone
def hear(event):
    if isinstance(event, StepDone):
        print("step", flush=True)
        time.sleep(0.3)
try:
    grow.run(sys.argv[1], run_dir=sys.argv[2], listeners=[hear], tensorboard=False)
except GrowError as error:
    print(error)
    sys.exit(error.exit_code)
"""


def test_a_run_whose_folder_is_moved_ends_and_another_runs_in_its_place(
    sources: Path, tmp_path: Path
) -> None:
    run, away = tmp_path / "run", tmp_path / "away"
    command = [sys.executable, "-c", SLOWLY, str(sources / "tiny.yaml"), str(run)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        while process.stdout.readline().strip() != "step":
            assert process.poll() is None
        time.sleep(0.05)
        run.rename(away)
        before = {name: (away / name).stat().st_mtime_ns for name in places(away)}
        grow.run(sources / "tiny.yaml", run_dir=run)
        said = process.stdout.read()
        assert process.wait(60) == 4
    assert "nothing more is written" in said
    assert {name: (away / name).stat().st_mtime_ns for name in places(away)} == before
    assert models(run) == models(sources / "finished")
    assert grow.verify(run).flaws == ()


IN_A_COMPARISON = [
    ("compare.json", "wrong values"),
    ("compare.json", "a pipe"),
    ("report.html", "a folder"),
    ("lock", "a folder"),
    ("seed-3", "a link to itself"),
    ("seed-3/run.json", "a pipe"),
    ("seed-3/01-small-*/done.json", "flipped"),
    ("seed-3/01-scratch-*/model.keras", "flipped"),
    ("seed-3/01-scratch-*", "a file"),
]


@pytest.mark.slow
def test_the_same_comparison_mends_what_is_damaged_of_it(
    sources: Path, tmp_path: Path, call: Command
) -> None:
    compare = ("compare", str(sources / "tiny.yaml"), "--repeats", "1", "--quiet", "--run-dir")
    folder = tmp_path / "compared"
    assert call(*compare, str(folder)).code == 0
    whole = grow.load_comparison(folder)
    for place, name in IN_A_COMPARISON:
        path = next(folder.glob(place), folder / place)
        DAMAGES[name](path)
        with in_time(SECONDS):
            assert call("report", str(folder)).code in CODES
            assert call("status", str(folder / "seed-3")).code in CODES
        with in_time(3 * SECONDS):
            said = call(*compare, str(folder))
        assert (said.code, f"{path} " in said.err, "put aside as" in said.err) == (0, True, True)
        assert call("report", str(folder)).code == 0
        again = grow.load_comparison(folder)
        figures = [
            (one.settings, one.seeds, one.pictures) for one in (whole.setting, again.setting)
        ]
        assert figures[0] == figures[1]
        assert again.verdict == whole.verdict


def test_the_log_of_a_folder_is_left_alone_once_its_lock_is_lost(
    sources: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    left: list[bytes] = []

    def take(_event: Event) -> None:
        """Another process takes the folder while a listener is told."""
        if not left:
            (run / "lock").write_text('{"host": "elsewhere", "process": 1}')
            (run / "events.jsonl").write_text("of another process\n")
            left.append((run / "events.jsonl").read_bytes())

    with pytest.raises(RunFolderError, match="nothing more is written"):
        grow.run(sources / "tiny.yaml", run_dir=run, listeners=[take])
    assert [(run / "events.jsonl").read_bytes()] == left
