"""Checkpoints: what is read is what was written, or it is refused by name."""

from __future__ import annotations

import json
import math
import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grow import atomic
from grow.planning.history import Tally
from grow.runs import checkpoint
from grow.runs.checkpoint import DamagedError
from grow.runs.conditions import Conditions
from tests.builders import FAILURES, crash, crash_points, same_states, state, tree

VERSIONS = {"grow": "0.1.0", "keras": "3.15.0"}
FILES = ("tensors.safetensors", "state.json", "manifest.json")
SEALED = FILES[:2]  # the manifest holds their checksums


@pytest.fixture
def good(tmp_path):
    """The path of a good checkpoint."""
    return checkpoint.write(tmp_path, state(), VERSIONS)


def test_it_says_what_computed_it(tmp_path, good):
    known = Conditions(threads=2, onednn=True, processor="Neon 1")
    path = checkpoint.write(tmp_path, state(4), VERSIONS, known)
    assert checkpoint.conditions(path) == known
    assert checkpoint.versions(path) == VERSIONS
    assert checkpoint.conditions(good) == Conditions()  # as older versions wrote it


def _edit_manifest(path, **changes):
    manifest = json.loads((path / "manifest.json").read_text())
    (path / "manifest.json").write_text(json.dumps(manifest | changes))


def test_a_state_comes_back_in_every_bit(tmp_path):
    path = checkpoint.write(tmp_path, state(), VERSIONS)
    assert path == tmp_path / "000003"
    assert same_states(checkpoint.read(path), state())


@pytest.mark.parametrize(
    "array",
    [
        np.array(7, np.int64),
        np.array(0.5, np.float32),
        np.zeros((0, 3), np.float32),
        np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3)),
        np.arange(12, dtype=np.float32).reshape(3, 4)[::2, ::-1],
        np.array([np.nan, np.inf, -0.0], np.float32),
        np.array([True, False]),
        np.array([2**32 - 1], np.uint32),
    ],
    ids=["int scalar", "scalar", "empty", "fortran", "strided", "no numbers", "bool", "uint32"],
)
def test_an_array_of_any_kind_comes_back_in_every_bit(tmp_path, array):
    path = checkpoint.write(tmp_path, state(tensors={"a": array}), VERSIONS)
    back = checkpoint.read(path).tensors["a"]
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    assert back.tobytes() == array.tobytes()


def test_a_running_epoch_whose_loss_is_no_number_comes_back(tmp_path):
    diverged = state(tally=Tally(pictures=32, loss=math.nan, right=16), step=1)
    path = checkpoint.write(tmp_path, diverged, VERSIONS)
    assert same_states(checkpoint.read(path), diverged)


def test_a_state_without_arrays_or_history_comes_back(tmp_path):
    bare = state(0, tensors={}, history=())
    assert same_states(checkpoint.read(checkpoint.write(tmp_path, bare, {})), bare)


def test_the_parts_of_a_state():
    assert list(state().part("weights")) == ["conv_1/kernel"]
    assert list(state().part("optimizer")) == ["iterations", "learning_rate"]
    assert state().part("weight") == {}


def test_the_manifest_says_what_wrote_it(good):
    manifest = json.loads((good / "manifest.json").read_text())
    assert manifest["schema"] == "grow.checkpoint/1"
    assert manifest["versions"] == VERSIONS
    assert sorted(manifest["files"]) == sorted(SEALED)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(good, name):
    (good / name).unlink()
    with pytest.raises(DamagedError, match=f"{good / name}: cannot be read"):
        checkpoint.read(good)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("keep", [0, 1, 0.5, -1])
def test_a_truncated_file_is_named(good, name, keep):
    data = (good / name).read_bytes()
    (good / name).write_bytes(data[: int(len(data) * keep) if 0 < keep < 1 else keep])
    with pytest.raises(DamagedError, match=f"^{good / name}: "):
        checkpoint.read(good)


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_has_grown_is_named(good, name):
    with (good / name).open("ab") as file:
        file.write(b"}")
    with pytest.raises(DamagedError, match=f"^{good / name}: "):
        checkpoint.read(good)


@pytest.mark.parametrize("name", SEALED)
@pytest.mark.parametrize("bit", [0, 7])
def test_a_flipped_bit_is_found_wherever_it_is(good, name, bit):
    data = (good / name).read_bytes()
    for offset in range(len(data)):
        (good / name).write_bytes(_flipped(data, offset, bit))
        with pytest.raises(DamagedError, match=f"^{good / name}: its checksum is not that of"):
            checkpoint.read(good)


@pytest.mark.parametrize("bit", range(8))
def test_a_flipped_bit_of_the_manifest_is_found_or_does_no_harm(good, bit):
    # Nothing seals the manifest itself; what a flip may get past is only what nobody reads.
    data = (good / "manifest.json").read_bytes()
    found = []
    for offset in range(len(data)):
        (good / "manifest.json").write_bytes(_flipped(data, offset, bit))
        try:
            back = checkpoint.read(good)
        except DamagedError as error:
            found.append(error.message)
        else:
            assert same_states(back, state())
    assert all(message.startswith(f"{good}/") for message in found)
    assert len(found) > len(data) / 2


def _flipped(data, offset, bit):
    return data[:offset] + bytes([data[offset] ^ 1 << bit]) + data[offset + 1 :]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "is not JSON"),
        ("{", "is not JSON"),
        ("[]", "expected a JSON object"),
        (
            '{"schema": "grow.checkpoint/2"}',
            "expected grow.checkpoint/1, found 'grow.checkpoint/2'",
        ),
        ("{}", "expected grow.checkpoint/1, found None"),
        ('{"schema": "grow.checkpoint/1"}', "does not list tensors.safetensors"),
        ('{"schema": "grow.checkpoint/1", "files": []}', "does not list tensors.safetensors"),
        (
            '{"schema": "grow.checkpoint/1", "files": {"tensors.safetensors": 3}}',
            "does not list tensors.safetensors",
        ),
    ],
)
def test_a_manifest_that_is_not_one_is_named(good, content, why):
    (good / "manifest.json").write_text(content)
    with pytest.raises(DamagedError) as caught:
        checkpoint.read(good)
    assert caught.value.message.startswith(f"{good / 'manifest.json'}: {why}")
    assert caught.value.exit_code == 4


def _counters(**changes):
    """Counters as they stand in state.json, but for the changes; None leaves one out."""
    counters = {"number": 3, "step": 0, "history": [], "tally": {}, "seconds": 0, "cpu_seconds": 0}
    kept = {key: value for key, value in (counters | changes).items() if value is not None}
    return json.dumps(kept).encode()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("state.json", b"{}"),
        ("state.json", _counters(number=None)),
        ("state.json", _counters(history=5)),
        ("state.json", _counters(history=[5])),
        ("state.json", _counters(history=[{}])),
        ("state.json", _counters(tally=5)),
        ("state.json", _counters(tally={"luck": 7})),
        ("tensors.safetensors", b"eight bytes and more that are no header"),
    ],
)
def test_sealed_content_that_makes_no_sense_is_damage_too(good, name, content):
    (good / name).write_bytes(content)
    files = {one: checkpoint._seal((good / one).read_bytes()) for one in SEALED}
    _edit_manifest(good, files=files)
    with pytest.raises(DamagedError, match=f"^{good}: not a checkpoint of grow.checkpoint/1"):
        checkpoint.read(good)


def test_a_checkpoint_that_is_not_there_is_damaged(tmp_path):
    with pytest.raises(DamagedError, match=r"manifest\.json: cannot be read"):
        checkpoint.read(tmp_path / "000001")


def test_a_good_one_of_the_same_number_is_left_as_it_is(good):
    def written():  # not when it was read last
        status = {path.name: path.stat() for path in good.iterdir()}
        return {name: (one.st_ino, one.st_mtime_ns) for name, one in status.items()}

    before = written()
    assert checkpoint.write(good.parent, state(seconds=99.0), VERSIONS) == good
    assert written() == before


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_one_of_the_same_number_is_put_aside(good, name):
    (good / name).write_bytes(b"rubbish")
    checkpoint.write(good.parent, state(), VERSIONS)
    assert same_states(checkpoint.read(good), state())
    aside, kept = sorted((path.name for path in good.parent.iterdir()), reverse=True)
    assert (aside[:15], kept) == ("damaged-000003-", "000003")


def test_one_of_another_training_is_not_read_for_this_one(tmp_path):
    path = checkpoint.write(tmp_path, state(), VERSIONS, training="a" * 64)
    assert same_states(checkpoint.read(path, "a" * 64), state())
    assert same_states(checkpoint.read(path), state())
    with pytest.raises(DamagedError, match="is a checkpoint of another training"):
        checkpoint.read(path, "b" * 64)


def test_one_of_an_earlier_version_says_of_no_training_and_is_read(good):
    assert "training" not in json.loads((good / "manifest.json").read_text())
    assert same_states(checkpoint.read(good, "b" * 64), state())


@pytest.mark.parametrize("failure", FAILURES, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("damaged", [False, True], ids=["new", "in place of a damaged one"])
def test_writing_may_break_anywhere_and_no_checkpoint_is_lost(tmp_path, failure, damaged):
    def prepare(folder):
        folder.mkdir()
        checkpoint.write(folder, state(2), VERSIONS)
        if damaged:
            bad = checkpoint.write(folder, state(3), VERSIONS)
            (bad / "state.json").write_bytes(b"rubbish")

    def act(folder):
        checkpoint.write(folder, state(3), VERSIONS)

    prepare(tmp_path / "trial")
    survived = set()
    for at in crash_points(lambda: act(tmp_path / "trial")):
        folder = tmp_path / f"{at}"
        prepare(folder)
        error = crash(lambda: act(folder), at, failure)  # noqa: B023
        assert same_states(checkpoint.read(folder / "000002"), state(2))
        try:
            whole = same_states(checkpoint.read(folder / "000003"), state(3))
            assert whole
        except DamagedError:
            assert error is not None
            whole = False
            assert damaged or checkpoint.numbers(folder) == (2,)
        atomic.sweep(folder)
        assert not [name for name in tree(folder) if name.startswith(atomic.TEMPORARY)]
        act(folder)
        assert same_states(checkpoint.read(folder / "000003"), state(3))
        survived.add(whole)
    assert survived == {True, False}


def test_numbers_and_order(tmp_path):
    assert checkpoint.numbers(tmp_path / "nowhere") == ()
    for number in (10, 9, 1_000_000):
        checkpoint.write(tmp_path, state(number), {})
    for stray in ("damaged-000007-ab", f"{atomic.TEMPORARY}1-000008", "7", "²"):
        (tmp_path / stray).mkdir()
    (tmp_path / "000011").write_text("no folder")
    assert checkpoint.numbers(tmp_path) == (9, 10, 1_000_000)
    newest = [path.name for path in checkpoint.newest_first(tmp_path)]
    assert newest == ["1000000", "000010", "000009"]


def test_removing_and_setting_aside(tmp_path):
    for number in (1, 2, 3):
        checkpoint.write(tmp_path, state(number), {})
    checkpoint.remove(tmp_path, 1)
    aside = atomic.set_aside(tmp_path / "000002")
    assert checkpoint.numbers(tmp_path) == (3,)
    assert same_states(checkpoint.read(aside), state(2))
    assert aside.name.startswith("damaged-000002-")


def test_two_damaged_ones_of_the_same_number_are_both_kept(tmp_path):
    asides = {atomic.set_aside(checkpoint.write(tmp_path, state(1), {})).name for _ in range(2)}
    assert len(asides) == 2
    assert sorted(asides) == sorted(path.name for path in tmp_path.iterdir())


@pytest.mark.parametrize(
    ("there", "keep", "last", "gone"),
    [
        ((), (), 2, ()),
        ((1,), (), 2, ()),
        ((1, 2, 3, 4), (), 2, (1, 2)),
        ((4, 1, 3, 2), (1,), 2, (2,)),
        ((1, 2, 3), (3, 99), 1, (1, 2)),
        ((1, 2, 3), (), 1, (1, 2)),
    ],
)
def test_which_checkpoints_are_superseded(there, keep, last, gone):
    assert checkpoint.superseded(there, keep, last) == gone


@given(
    there=st.sets(st.integers(0, 50)),
    keep=st.sets(st.integers(0, 50)),
    last=st.integers(1, 4),
)
def test_the_newest_and_the_kept_are_never_superseded(there, keep, last):
    gone = set(checkpoint.superseded(tuple(there), keep, last))
    left = there - gone
    assert gone <= there
    assert keep & there <= left
    assert set(sorted(there)[-last:]) <= left
    assert len(left) <= last + len(keep)


@pytest.mark.parametrize(
    "other",
    [
        {"b": np.zeros(4, np.float32)},
        {"a": np.zeros(4, np.float16)},
        {"a": np.zeros(4, np.int32)},
        {"a": np.zeros((2, 2), np.float32)},
        {"a": np.zeros((4, 1), np.float32)},
        {"a": np.array([0, 0, 0, -0.0], np.float32)},
        {"a": np.zeros(4, np.float32), "b": np.zeros(0, np.float32)},
        {},
    ],
    ids=["name", "type", "kind", "shape", "one more axis", "one bit", "one more", "none"],
)
def test_the_digest_tells_apart(other):
    assert checkpoint.digest(other) != checkpoint.digest({"a": np.zeros(4, np.float32)})


def test_the_digest_tells_a_scalar_from_a_list_of_one():
    one, other = np.zeros((), np.float32), np.zeros((1,), np.float32)
    assert checkpoint.digest({"a": one}) != checkpoint.digest({"a": other})


def test_the_digest_does_not_depend_on_order_or_layout():
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    one = {"a": array, "b": array}
    other = {"b": np.asfortranarray(array), "a": array.copy()}
    assert checkpoint.digest(one) == checkpoint.digest(other)


def test_the_digest_is_the_same_for_ever():
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    found = checkpoint.digest({"a": array, "b": np.array(1, np.int64)})
    assert found == "318e32f525a4fda0dad5b05953af20e051e139aca52e2c150931b6147d7066b5"


def test_a_copy_of_the_folder_is_as_good(good, tmp_path):
    shutil.copytree(good, tmp_path / "elsewhere")
    assert same_states(checkpoint.read(tmp_path / "elsewhere"), state())
