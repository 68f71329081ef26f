import dataclasses
import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from grow.config.schema import DrawnData, FolderData, NpzData
from grow.data import prepare as prepare_module
from grow.data.cache import index, workspace
from grow.data.cache.index import peek, peek_without
from grow.data.cache.workspace import Workspace
from grow.data.decode import NO_PICTURE, decode
from grow.data.prepare import prepare
from grow.data.sources.outline import list_pictures
from grow.data.synthetic.drawn import draw
from grow.errors import DataError, GrowError, Stopped

SHAPE = (8, 8, 3)
BASE = Path("/")


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


@pytest.fixture
def decoded(monkeypatch):
    """The keys that are loaded, as they are."""
    keys = []

    def counted(data):
        read = real(data)

        def one(candidate, shape):
            keys.append(candidate.key)
            return read(candidate, shape)

        return one

    real = prepare_module.reader
    monkeypatch.setattr(prepare_module, "reader", counted)
    return keys


def _files(cache):
    return sorted(path.name for path in cache.rglob("*") if path.is_file())


def _is_right(prepared, root):
    for row, picture in enumerate(prepared.manifest.pictures):
        expected = decode((root / picture.key).read_bytes(), SHAPE, "stretch")
        np.testing.assert_array_equal(prepared.images[row], expected)
    assert len(prepared.images) == len(prepared.manifest.pictures)


def _entry(cache):
    (entry,) = cache.iterdir()
    return entry


# The first time --------------------------------------------------------------------------


def test_each_row_is_its_picture(root, cache, folder_data):
    prepared = prepare(folder_data(root), BASE, SHAPE, cache)
    assert prepared.decoded == len(prepared.manifest.pictures) == 20
    assert prepared.images.shape == (20, *SHAPE)
    assert not prepared.images.flags.writeable
    _is_right(prepared, root)
    splits = [p.split for p in prepared.manifest.pictures]
    assert splits == sorted(splits)
    assert set(splits) == {"train", "validation"}


def test_an_entry_is_an_array_and_its_index(root, cache, folder_data):
    prepare(folder_data(root), BASE, SHAPE, cache)
    images, name = _files(cache)
    assert images.startswith("images-")
    assert name == "index.json"
    np.testing.assert_array_equal(np.load(_entry(cache) / images).shape, (20, *SHAPE))


def test_progress_and_stop_are_asked_in_the_calling_thread(root, cache, folder_data):
    calls, threads = [], set()

    def progress(done, total):
        calls.append((done, total))
        threads.add(threading.current_thread())

    prepare(
        folder_data(root),
        BASE,
        SHAPE,
        cache,
        progress=progress,
        check_stop=lambda: threads.add(threading.current_thread()),
    )
    assert calls == [(done, 20) for done in range(1, 21)]
    assert threads == {threading.current_thread()}


def test_unusable_pictures_are_named_and_left_out(root, cache, folder_data, decoded):
    (root / "cats" / "0.png").write_bytes(b"")
    (root / "dogs" / "text.jpg").write_text("no picture")
    (root / "dogs" / "notes.txt").write_text("notes")
    prepared = prepare(folder_data(root), BASE, SHAPE, cache)
    assert [(u.key, u.reason) for u in prepared.manifest.unusable] == [
        ("cats/0.png", "the file is empty"),
        ("dogs/notes.txt", "not a picture file (.txt)"),
        ("dogs/text.jpg", NO_PICTURE),
    ]
    _is_right(prepared, root)
    decoded.clear()
    assert prepare(folder_data(root), BASE, SHAPE, cache).manifest == prepared.manifest
    assert decoded == []


def test_the_content_counts_not_the_suffix(root, cache, folder_data):
    (root / "cats" / "0.png").rename(root / "cats" / "0.jpg")
    assert prepare(folder_data(root), BASE, SHAPE, cache).manifest.unusable == ()


def test_a_class_with_damaged_pictures_only(root, cache, folder_data, decoded):
    for path in (root / "dogs").iterdir():
        path.write_bytes(b"broken")
    said = r'found none in "dogs".*dogs/0\.png \(not a JPEG'
    with pytest.raises(DataError, match=said):
        prepare(folder_data(root), BASE, SHAPE, cache)
    decoded.clear()
    with pytest.raises(DataError, match=said):
        prepare(folder_data(root), BASE, SHAPE, cache)
    assert decoded == []


# The second time -------------------------------------------------------------------------


def test_an_unchanged_folder_is_not_read_again(root, cache, folder_data, decoded):
    first = prepare(folder_data(root), BASE, SHAPE, cache)
    files = _files(cache)
    decoded.clear()
    again = prepare(folder_data(root), BASE, SHAPE, cache, progress=pytest.fail)
    assert _files(cache) == files
    assert decoded == []
    assert again.decoded == 0
    assert again.manifest == first.manifest
    np.testing.assert_array_equal(again.images, first.images)


def test_a_changed_file_alone_is_read_again(root, cache, folder_data, picture, decoded):
    before = prepare(folder_data(root), BASE, SHAPE, cache).manifest.digest
    decoded.clear()
    picture(root / "cats" / "3.png", 77)
    os.utime(root / "cats" / "3.png", ns=(1, 1))
    prepared = prepare(folder_data(root), BASE, SHAPE, cache)
    assert decoded == ["cats/3.png"]
    assert prepared.manifest.digest != before
    _is_right(prepared, root)


def test_an_added_file_alone_is_read(root, cache, folder_data, picture, decoded):
    before = prepare(folder_data(root), BASE, SHAPE, cache)
    decoded.clear()
    picture(root / "cats" / "new.png", 78)
    prepared = prepare(folder_data(root), BASE, SHAPE, cache)
    assert decoded == ["cats/new.png"]
    assert prepared.decoded == 1
    assert set(before.manifest.pictures) < set(prepared.manifest.pictures)
    _is_right(prepared, root)
    _is_right(before, root)  # still mapped, though its file is gone
    assert len(_files(cache)) == 2


@pytest.mark.parametrize("row", [0, 7, -1])
def test_a_removed_file_needs_no_reading(root, cache, folder_data, decoded, row):
    data = folder_data(root, validation=0.5)
    before = prepare(data, BASE, SHAPE, cache)
    decoded.clear()
    (root / before.manifest.pictures[row].key).unlink()
    prepared = prepare(data, BASE, SHAPE, cache)
    assert decoded == []
    assert len(prepared.images) == 19
    _is_right(prepared, root)


def test_a_new_layout_needs_no_reading_of_the_old_pictures(
    split_root, cache, folder_data, picture, decoded
):
    prepare(folder_data(split_root), BASE, SHAPE, cache)
    decoded.clear()
    picture(split_root / "val" / "cats" / "1.png", 50)
    prepared = prepare(folder_data(split_root), BASE, SHAPE, cache)
    assert decoded == ["val/cats/1.png"]
    assert prepared.manifest.counts()["train"] == {"cats": 3, "dogs": 3}
    _is_right(prepared, split_root)


def test_a_repaired_file_is_used(root, cache, folder_data, picture, decoded):
    (root / "cats" / "0.png").write_bytes(b"x")
    prepare(folder_data(root), BASE, SHAPE, cache)
    picture(root / "cats" / "0.png", 5)
    decoded.clear()
    assert prepare(folder_data(root), BASE, SHAPE, cache).manifest.unusable == ()
    assert decoded == ["cats/0.png"]


def test_a_file_that_could_not_be_read_is_tried_again(root, cache, folder_data, monkeypatch):
    real = Path.read_bytes

    def read_bytes(path):
        if path.name == "4.png" and path.parent.name == "cats":
            raise PermissionError(13, "Permission denied")
        return real(path)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", read_bytes)
        prepared = prepare(folder_data(root), BASE, SHAPE, cache)
    (unusable,) = prepared.manifest.unusable
    assert unusable.reason == "cannot be read: Permission denied"
    prepared = prepare(folder_data(root), BASE, SHAPE, cache)
    assert prepared.decoded == 1
    assert prepared.manifest.unusable == ()


def test_each_setting_that_matters_has_its_own_entry(root, cache, folder_data):
    for settings in ({}, {"fit": "crop"}, {"validation": 0.4}, {"augment": {"zoom": 0.1}}):
        prepare(folder_data(root, **settings), BASE, SHAPE, cache)
    prepare(folder_data(root), BASE, (4, 4, 3), cache)
    assert len(list(cache.iterdir())) == 4  # augmentation changes nothing here


# A damaged cache -------------------------------------------------------------------------


def _flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def _truncate(path):
    os.truncate(path, path.stat().st_size - 1)


def _another_shape(path):
    size = path.stat().st_size
    np.save(path, np.zeros((20, 8, 24, 1), np.uint8))
    assert path.stat().st_size == size


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("index.json", _flip),
        ("index.json", _truncate),
        ("index.json", Path.unlink),
        ("index.json", lambda path: path.write_bytes(b"")),
        ("images-*.npy", _truncate),
        ("images-*.npy", Path.unlink),
        ("images-*.npy", _another_shape),
    ],
)
def test_a_damaged_cache_is_made_anew(root, cache, folder_data, decoded, name, damage):
    first = prepare(folder_data(root), BASE, SHAPE, cache)
    kept = np.array(first.images)
    del first
    (path,) = _entry(cache).glob(name)
    damage(path)
    decoded.clear()
    again = prepare(folder_data(root), BASE, SHAPE, cache)
    assert len(decoded) == 20
    np.testing.assert_array_equal(again.images, kept)
    decoded.clear()
    assert prepare(folder_data(root), BASE, SHAPE, cache).decoded == 0


def test_a_flipped_byte_anywhere_in_the_index_is_noticed(root, cache, folder_data):
    prepare(folder_data(root), BASE, SHAPE, cache)
    path = _entry(cache) / "index.json"
    data = path.read_bytes()
    assert index.read(_entry(cache)) is not None
    for place in range(0, len(data), 5):
        path.write_bytes(data[:place] + bytes([data[place] ^ 4]) + data[place + 1 :])
        assert index.read(_entry(cache)) is None, place


# Interruptions and company ---------------------------------------------------------------


def _stopping_after(asked):
    def check_stop():
        nonlocal asked
        asked -= 1
        if asked < 0:
            raise Stopped("stopped", signal_number=2)

    return check_stop


@pytest.mark.parametrize("after", [0, 1, 7, 15, 19, 20, 22, 25])
def test_a_stop_costs_nothing_that_was_read(root, cache, folder_data, after):
    threads, read = threading.active_count(), []
    with pytest.raises(Stopped):
        prepare(
            folder_data(root),
            BASE,
            SHAPE,
            cache,
            progress=lambda done, _: read.append(done),
            check_stop=_stopping_after(after),
        )
    assert threading.active_count() == threads
    again = prepare(folder_data(root), BASE, SHAPE, cache)
    _is_right(again, root)
    assert again.decoded == 20 - len(read)
    assert len(_files(cache)) == 2
    assert prepare(folder_data(root), BASE, SHAPE, cache).decoded == 0


def test_a_stop_before_anything_was_read_leaves_nothing_behind(root, cache, folder_data):
    with pytest.raises(Stopped):
        prepare(folder_data(root), BASE, SHAPE, cache, check_stop=_stopping_after(0))
    assert _files(cache) == []


def test_stops_add_up(root, cache, folder_data, decoded):
    """Stopped again and again; each picture is decoded once, but for those under way."""
    read, stops = [], 0
    while True:
        before = len(read)

        def progress(done, total, before=before):
            read.append(done)
            if len(read) == before + 3:
                raise Stopped("stopped", signal_number=15)

        try:
            prepared = prepare(folder_data(root), BASE, SHAPE, cache, progress=progress)
            break
        except Stopped:
            stops += 1
    assert stops == 6
    assert len(read) == 20
    assert prepared.decoded == 2
    _is_right(prepared, root)
    assert len(_files(cache)) == 2


def _stop_when_all_is_read(root, cache, folder_data):
    """A journal of twenty pictures: its rows and its lines."""

    def check_stop():
        if list(cache.rglob("images-*.npy")):
            raise Stopped("stopped", signal_number=2)

    with pytest.raises(Stopped):
        prepare(folder_data(root), BASE, SHAPE, cache, check_stop=check_stop)
    lines, rows = sorted(_entry(cache).iterdir())
    assert (lines.suffix, rows.suffix) == (".jsonl", ".rows")
    return rows, lines


def test_a_stop_while_writing_costs_nothing_either(root, cache, folder_data, decoded):
    _stop_when_all_is_read(root, cache, folder_data)
    assert len(decoded) == 20
    prepared = prepare(folder_data(root), BASE, SHAPE, cache)
    assert prepared.decoded == 0
    _is_right(prepared, root)
    assert len(decoded) == 20


def test_what_was_read_long_ago_outlives_another_stop(root, cache, folder_data, picture):
    for path in _stop_when_all_is_read(root, cache, folder_data):
        os.utime(path, (1, 1))
    picture(root / "cats" / "new.png", 78)
    with pytest.raises(Stopped):
        prepare(folder_data(root), BASE, SHAPE, cache, check_stop=_stopping_after(20))
    assert prepare(folder_data(root), BASE, SHAPE, cache).decoded == 1
    assert len(_files(cache)) == 2


def test_what_changed_after_a_stop_is_read_again(root, cache, folder_data, picture):
    _stop_when_all_is_read(root, cache, folder_data)
    picture(root / "cats" / "0.png", 99)
    (root / "dogs" / "1.png").unlink()
    picture(root / "dogs" / "new.png", 98)
    prepared = prepare(folder_data(root), BASE, SHAPE, cache)
    assert prepared.decoded == 2
    _is_right(prepared, root)


@pytest.mark.parametrize("length", [0, 1, 191, 192, 193, 1000, 3839])
def test_rows_that_did_not_reach_the_disk_are_read_again(root, cache, folder_data, length):
    rows, _ = _stop_when_all_is_read(root, cache, folder_data)
    os.truncate(rows, length)
    prepared = prepare(folder_data(root), BASE, SHAPE, cache)
    assert prepared.decoded == 20 - length // 192
    _is_right(prepared, root)


def test_lines_that_did_not_reach_the_disk_are_read_again(root, cache, folder_data):
    _, lines = _stop_when_all_is_read(root, cache, folder_data)
    os.truncate(lines, lines.stat().st_size - 2)
    prepared = prepare(folder_data(root), BASE, SHAPE, cache)
    assert prepared.decoded == 1
    _is_right(prepared, root)


def test_a_flipped_byte_anywhere_in_a_journal_costs_that_picture(root, cache, folder_data):
    rows, lines = _stop_when_all_is_read(root, cache, folder_data)
    whole = {path: path.read_bytes() for path in (rows, lines)}
    for path, step in ((rows, 331), (lines, 97)):
        for place in range(0, len(whole[path]), step):
            for kept, content in whole.items():
                kept.write_bytes(content)
            damaged = whole[path]
            damaged = damaged[:place] + bytes([damaged[place] ^ 4]) + damaged[place + 1 :]
            path.write_bytes(damaged)
            prepared = prepare(folder_data(root), BASE, SHAPE, cache)
            assert prepared.decoded == 1, (path.suffix, place)
            _is_right(prepared, root)
            (_entry(cache) / "index.json").unlink()


def test_a_killed_process_costs_what_was_under_way(root, cache, folder_data):
    script = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from grow.data.prepare import prepare\n"
        "from grow.config.schema import FolderData\n"
        "data = FolderData.model_validate_json(sys.argv[1])\n"
        "def progress(done, total):\n"
        "    if done == 12: os._exit(9)\n"
        f"prepare(data, Path('/'), {SHAPE}, Path(sys.argv[2]), progress=progress)\n"
    )
    values = folder_data(root).model_dump_json(exclude_unset=True)
    done = subprocess.run([sys.executable, "-c", script, values, str(cache)], check=False)
    assert done.returncode == 9
    prepared = prepare(folder_data(root), BASE, SHAPE, cache)
    assert prepared.decoded == 8
    _is_right(prepared, root)


def test_one_goes_on_while_another_takes_its_journal_over(root, cache, folder_data):
    """Two processes: what the first one has read is removed under its hands."""
    other = []

    def progress(done, total):
        if done == 10 and not other:
            other.append(prepare(folder_data(root), BASE, SHAPE, cache))
            for path in _entry(cache).glob("read-*"):
                path.unlink()

    mine = prepare(folder_data(root), BASE, SHAPE, cache, progress=progress)
    _is_right(mine, root)
    _is_right(other[0], root)


def test_a_listener_that_fails_leaves_nothing_behind(root, cache, folder_data):
    threads = threading.active_count()
    with pytest.raises(TypeError) as caught:
        prepare(folder_data(root), BASE, SHAPE, cache, progress=lambda done: None)
    assert _files(cache) == []
    assert threading.active_count() == threads
    del caught  # kept till here, and with it all frames: the threads ended all the same


def test_a_stop_keeps_the_former_entry(root, cache, folder_data, picture):
    prepare(folder_data(root), BASE, SHAPE, cache)
    before = _files(cache)
    picture(root / "cats" / "new.png", 78)

    def check_stop():
        raise Stopped("stopped", signal_number=15)

    with pytest.raises(Stopped):
        prepare(folder_data(root), BASE, SHAPE, cache, check_stop=check_stop)
    assert _files(cache) == before


def test_a_full_disk_is_said_and_leaves_nothing(root, cache, folder_data, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(workspace.os, "fsync", full)
    with pytest.raises(GrowError, match=r"found: No space left on device\.\nFree some disk space"):
        prepare(folder_data(root), BASE, SHAPE, cache)
    assert _files(cache) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize("name", ["_rows_path", "_images"])
def test_a_disk_that_is_full_at_the_last_byte_is_said(root, cache, folder_data, monkeypatch, name):
    enter = Workspace.__enter__

    def entered(work):
        # It takes what is buffered, and fails when that is flushed.
        owner = work if hasattr(work, name) else work.journal
        setattr(owner, name, Path("/dev/full"))
        return enter(work)

    monkeypatch.setattr(Workspace, "__enter__", entered)
    monkeypatch.setattr(workspace, "remove_file", lambda _: None)  # not the device
    with pytest.raises(GrowError, match="expected to write the prepared pictures"):
        prepare(folder_data(root), BASE, SHAPE, cache)


def test_two_at_once(root, cache, folder_data):
    """The other one commits while this one is decoding."""
    other = []

    def progress(done, total):
        if done == 10 and not other:
            other.append(prepare(folder_data(root), BASE, SHAPE, cache))

    mine = prepare(folder_data(root), BASE, SHAPE, cache, progress=progress)
    _is_right(mine, root)
    _is_right(other[0], root)
    assert mine.manifest == other[0].manifest
    assert len(_files(cache)) == 2
    assert prepare(folder_data(root), BASE, SHAPE, cache).decoded == 0


def test_many_at_once(root, cache, folder_data):
    results = []
    threads = [
        threading.Thread(
            target=lambda: results.append(prepare(folder_data(root), BASE, SHAPE, cache))
        )
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 6
    for prepared in results:
        _is_right(prepared, root)


def test_leftovers_of_a_killed_process_go_after_a_day(root, cache, folder_data, picture):
    prepare(folder_data(root), BASE, SHAPE, cache)
    old, young = _entry(cache) / "index-old.tmp", _entry(cache) / "images-young.npy"
    old.touch()
    young.touch()
    os.utime(old, (1, 1))
    picture(root / "cats" / "new.png", 78)
    prepare(folder_data(root), BASE, SHAPE, cache)
    assert not old.exists()
    assert young.exists()


def test_the_cache_may_be_deleted_while_in_use(root, cache, folder_data):
    prepared = prepare(folder_data(root), BASE, SHAPE, cache)
    for path in _entry(cache).iterdir():
        path.unlink()
    _is_right(prepared, root)


# Drawn pictures --------------------------------------------------------------------------


def test_drawn_pictures_alternate_and_validation_stays(cache):
    few = prepare(DrawnData(source="drawn", train=6, validation=4), BASE, (16, 16, 3), cache)
    assert few.manifest.counts() == {
        "train": {"cat": 3, "dog": 3},
        "validation": {"cat": 2, "dog": 2},
        "test": {"cat": 0, "dog": 0},
    }
    more = prepare(DrawnData(source="drawn", train=8, validation=4), BASE, (16, 16, 3), cache)
    digests = [{p.key: p.digest for p in made.manifest.pictures} for made in (few, more)]
    assert digests[0].items() < digests[1].items()
    for split in ("train", "validation"):
        kept = [p.key for p in few.manifest.pictures if p.split == split]
        rows = [i for i, p in enumerate(more.manifest.pictures) if p.key in kept]
        np.testing.assert_array_equal(more.images[rows], few.images[few.manifest.indices(split)])


def test_drawn_pictures_are_what_is_drawn(cache):
    data = DrawnData(source="drawn", train=2, validation=2, seed=5)
    prepared = prepare(data, BASE, (16, 16, 3), cache)
    for row, picture in enumerate(prepared.manifest.pictures):
        number = int(picture.key.split("/")[-1])
        assert picture.label == number % 2
        np.testing.assert_array_equal(prepared.images[row], draw(5, number, picture.label, 16))
    assert prepare(data, BASE, (16, 16, 3), cache).decoded == 0
    other = prepare(data.model_copy(update={"seed": 6}), BASE, (16, 16, 3), cache)
    assert other.manifest.digest != prepared.manifest.digest


@pytest.mark.parametrize("shape", [(16, 12, 3), (4, 4, 1), (8, 24, 1)])
def test_drawn_pictures_of_other_shapes(cache, shape):
    data = DrawnData(source="drawn", train=2, validation=2)
    assert prepare(data, BASE, shape, cache).images.shape == (4, *shape)


# Peeking ---------------------------------------------------------------------------------


def test_peek_knows_what_is_prepared(root, cache, folder_data, picture, decoded):
    data = folder_data(root)
    assert peek(data, BASE, SHAPE, cache) is None
    assert not cache.exists()
    prepared = prepare(data, BASE, SHAPE, cache)
    decoded.clear()
    found = peek(data, BASE, SHAPE, cache)
    assert found == prepared.manifest
    assert found.digest == prepared.manifest.digest
    assert peek(data, BASE, (4, 4, 3), cache) is None
    os.utime(root / "cats" / "3.png", ns=(1, 1))
    assert peek(data, BASE, SHAPE, cache) is None
    prepare(data, BASE, SHAPE, cache)
    assert peek(data, BASE, SHAPE, cache) == prepared.manifest  # touched, not changed
    (root / "cats" / "3.png").rename(root / "cats" / "33.png")
    assert peek(data, BASE, SHAPE, cache) is None
    assert decoded == ["cats/3.png"]


def test_peek_sees_a_damaged_or_missing_array(root, cache, folder_data):
    prepare(folder_data(root), BASE, SHAPE, cache)
    (path,) = _entry(cache).glob("images-*.npy")
    _truncate(path)
    assert peek(folder_data(root), BASE, SHAPE, cache) is None
    path.unlink()
    assert peek(folder_data(root), BASE, SHAPE, cache) is None


def test_rows_out_of_order_are_not_current(root, cache, folder_data):
    prepare(folder_data(root), BASE, SHAPE, cache)
    listing = list_pictures(folder_data(root), BASE)
    stamps = index.stamps(listing)
    held = index.read(_entry(cache))
    assert index.current(listing, stamps, held) is not None
    records = {key: r._replace(row=19 - r.row) for key, r in held.records.items()}
    swapped = index.Index(held.images, held.size, records)
    assert index.current(listing, stamps, swapped) is None


def test_peek_at_drawn_pictures(cache):
    data = DrawnData(source="drawn", train=2, validation=2)
    assert peek(data, BASE, SHAPE, cache) is None
    prepared = prepare(data, BASE, SHAPE, cache)
    assert peek(data, BASE, SHAPE, cache) == prepared.manifest


def _coloured(root, *names):
    for place, name in enumerate(names):
        (root / name).mkdir(parents=True)
        for n in range(6):
            shade = (place * 40 + n, 20 * n, 255 - 9 * place)
            Image.new("RGB", (8, 8), shade).save(root / name / f"{n}.png")


def test_a_part_of_the_pictures_is_what_they_were_before_a_class_came(tmp_path, cache):
    data = FolderData(source="folder", path=str(tmp_path / "p"))
    _coloured(tmp_path / "p", "ant", "cat")
    before = prepare(data, BASE, SHAPE, cache)
    images = np.array(before.images)
    _coloured(tmp_path / "p", "bee")
    (known,) = peek_without(data, BASE, SHAPE, cache, [{"bee"}])
    as_listed = dataclasses.replace(before.manifest, remarks=())
    assert known == as_listed
    assert peek(data, BASE, SHAPE, cache, [{"bee"}]) is None
    after = prepare(data, BASE, SHAPE, cache, later=[{"bee"}])
    part = after.among(("ant", "cat"))
    assert part.manifest == as_listed
    rows = np.arange(len(images))
    np.testing.assert_array_equal(part.images[rows], images)
    np.testing.assert_array_equal(part.images[rows[3]], images[3])
    assert after.among(after.manifest.classes).images is after.images
    assert after.among(("ant", "bee")) is None
    assert peek(data, BASE, SHAPE, cache, [{"bee"}]).earlier == (as_listed,)


def test_what_changed_besides_a_new_class_is_not_taken_for_known(tmp_path, cache):
    data = FolderData(source="folder", path=str(tmp_path / "p"))
    _coloured(tmp_path / "p", "ant", "cat")
    prepare(data, BASE, SHAPE, cache)
    _coloured(tmp_path / "p", "bee")
    Image.new("RGB", (8, 8), "white").save(tmp_path / "p" / "ant" / "more.png")
    assert peek_without(data, BASE, SHAPE, cache, [{"bee"}]) == ()


# Damage -----------------------------------------------------------------------------------


def _flip(path, at=None):
    data = bytearray(path.read_bytes())
    for place in range(len(data) // 2, len(data) // 2 + 40):
        data[place] ^= 1
    path.write_bytes(data)


def test_a_damaged_prepared_copy_is_named_and_made_anew(root, cache, folder_data):
    good = prepare(folder_data(root), BASE, SHAPE, cache)
    (path,) = _entry(cache).glob("images-*.npy")
    _flip(path)
    again = prepare(folder_data(root), BASE, SHAPE, cache)
    (told,) = again.warnings
    assert told == f"{path} is damaged: it has not its digest; the pictures are prepared anew"
    assert again.decoded == 20
    assert again.manifest == good.manifest
    _is_right(again, root)
    after = prepare(folder_data(root), BASE, SHAPE, cache)
    assert (after.decoded, after.warnings) == (0, ())
    assert not path.exists()


HEADS = {
    "a ZIP file": b"PK\3\4",
    "a pickle": b"\x80\x04\x95\0",
    "no bracket": b"\x93NUMPY\1\0v\0((((",
    "open text": b"\x93NUMPY\1\0v\0'''''",
    "indented": b"\x93NUMPY\1\0v\0\t x\n  y\n z",
    "a list as a key": b"\x93NUMPY\1\0v\0{[]: 1}",
    "below nothing": b"{'descr': '|u1', 'fortran_order': False, 'shape': (-1, 8, 8, 3)}",
    "beyond all": b"{'descr': '|u1', 'fortran_order': False, 'shape': (9999999999999999999, 8)}",
    "no number": b"{'descr': '|u1', 'fortran_order': False, 'shape': (None,)}",
}


@pytest.mark.parametrize("digest", ["of before", "none", "of what is there"])
@pytest.mark.parametrize("head", HEADS)
def test_a_damaged_header_of_the_prepared_copy_is_named(root, cache, folder_data, head, digest):
    prepare(folder_data(root), BASE, SHAPE, cache)
    (path,) = _entry(cache).glob("images-*.npy")
    data = bytearray(path.read_bytes())
    text, start = HEADS[head], 10 if HEADS[head].startswith(b"{") else 0
    data[start:127] = text.ljust(127 - start)
    path.write_bytes(data)
    if digest != "of before":
        now = "" if digest == "none" else hashlib.sha256(data).hexdigest()
        whole = dataclasses.replace(index.read(path.parent), digest=now)
        (path.parent / "index.json").write_bytes(index.dumped(whole))
    again = prepare(folder_data(root), BASE, SHAPE, cache)
    assert [f"{path} is damaged" in text for text in again.warnings] == [True]
    _is_right(again, root)
    assert prepare(folder_data(root), BASE, SHAPE, cache).warnings == ()


@pytest.mark.parametrize("place", range(6))
@pytest.mark.parametrize("wrong", [None, [[]], {"a": 1}, True, 0.5])
def test_an_index_with_values_of_other_types_is_none(root, cache, folder_data, place, wrong):
    prepare(folder_data(root), BASE, SHAPE, cache)
    held = index.read(_entry(cache))
    key, record = next(iter(held.records.items()))
    records = {**held.records, key: record._replace(**{record._fields[place]: wrong})}
    path = _entry(cache) / "index.json"
    path.write_bytes(index.dumped(dataclasses.replace(held, records=records)))
    assert peek(folder_data(root), BASE, SHAPE, cache) is None
    again = prepare(folder_data(root), BASE, SHAPE, cache)
    assert [f"{path} is damaged" in text for text in again.warnings] == [True]
    _is_right(again, root)


@pytest.mark.parametrize("name", ["../../kept", "\0", ".", "index.json", 3])
def test_an_index_names_no_other_file_as_its_array(root, cache, folder_data, name):
    prepare(folder_data(root), BASE, SHAPE, cache)
    kept = cache.parent / "kept"
    kept.touch()
    held = index.read(_entry(cache))
    changed = dataclasses.replace(held, images=name, size=0)
    (_entry(cache) / "index.json").write_bytes(index.dumped(changed))
    _is_right(prepare(folder_data(root), BASE, SHAPE, cache), root)
    assert kept.exists()


@pytest.mark.parametrize("what", ["missing", "short", "folder", "pipe", "link"])
def test_what_stands_in_place_of_the_prepared_copy_is_named(root, cache, folder_data, what):
    prepare(folder_data(root), BASE, SHAPE, cache)
    (path,) = _entry(cache).glob("images-*.npy")
    if what == "short":
        _truncate(path)
    else:
        path.unlink()
    make = {
        "folder": path.mkdir,
        "pipe": lambda: os.mkfifo(path),
        "link": lambda: path.symlink_to("x"),
    }
    make.get(what, lambda: None)()
    again = prepare(folder_data(root), BASE, SHAPE, cache)
    assert [str(path) in text for text in again.warnings] == [True]
    _is_right(again, root)
    assert prepare(folder_data(root), BASE, SHAPE, cache).warnings == ()


@pytest.mark.parametrize("what", ["flipped", "folder", "pipe", "link", "circle", "empty", "huge"])
def test_a_damaged_index_is_put_aside_and_told(root, cache, folder_data, what):
    prepare(folder_data(root), BASE, SHAPE, cache)
    path = _entry(cache) / "index.json"
    if what == "flipped":
        _flip(path)
    else:
        path.unlink()
    make = {
        "folder": lambda: (path / "x").mkdir(parents=True),
        "pipe": lambda: os.mkfifo(path),
        "link": lambda: path.symlink_to("nowhere"),
        "circle": lambda: path.symlink_to("index.json"),
        "empty": path.touch,
        "huge": lambda: (path.touch(), os.truncate(path, 1 << 42)),
    }
    make.get(what, lambda: None)()
    assert peek(folder_data(root), BASE, SHAPE, cache) is None
    again = prepare(folder_data(root), BASE, SHAPE, cache)
    assert [f"{path} is damaged" in text for text in again.warnings] == [True]
    assert len(list(path.parent.glob("damaged-index.json-*"))) == 1
    _is_right(again, root)
    assert prepare(folder_data(root), BASE, SHAPE, cache).warnings == ()


@pytest.mark.parametrize("what", ["file", "pipe", "link"])
def test_what_stands_in_place_of_an_entry_is_put_aside(root, cache, folder_data, what):
    prepare(folder_data(root), BASE, SHAPE, cache)
    place = _entry(cache)
    shutil.rmtree(place)
    make = {
        "file": place.touch,
        "pipe": lambda: os.mkfifo(place),
        "link": lambda: place.symlink_to("x"),
    }
    make[what]()
    again = prepare(folder_data(root), BASE, SHAPE, cache)
    assert [f"{place} is damaged: expected a folder" in text for text in again.warnings] == [True]
    _is_right(again, root)


@pytest.mark.parametrize("name", ["read-1.jsonl", "read-1.rows"])
def test_a_pipe_in_place_of_a_journal_is_passed_over(root, cache, folder_data, name):
    prepare(folder_data(root), BASE, SHAPE, cache)
    (_entry(cache) / "index.json").unlink()
    (_entry(cache) / "read-1.jsonl").touch()
    (_entry(cache) / name).unlink(missing_ok=True)
    os.mkfifo(_entry(cache) / name)
    _is_right(prepare(folder_data(root), BASE, SHAPE, cache), root)


def test_an_entry_of_an_earlier_version_is_given_a_digest(root, cache, folder_data):
    prepare(folder_data(root), BASE, SHAPE, cache)
    place = _entry(cache)
    held = index.read(place)
    assert len(held.digest) == 64
    (place / "index.json").write_bytes(index.dumped(dataclasses.replace(held, digest="")))
    found = prepare(folder_data(root), BASE, SHAPE, cache)
    assert (found.decoded, found.warnings) == (0, ())
    assert index.read(place) == held
    assert len(_files(cache)) == 2
    _flip(place / held.images)
    assert prepare(folder_data(root), BASE, SHAPE, cache).decoded == 20


def test_the_digest_of_a_large_copy_can_be_stopped(root, cache, folder_data):
    prepare(folder_data(root), BASE, SHAPE, cache)
    with pytest.raises(Stopped):
        prepare(folder_data(root), BASE, SHAPE, cache, check_stop=_stopping_after(0))


def _edited_in_place(path, content):
    before = path.stat()
    data = content[: before.st_size]
    path.write_bytes(data + b"\0" * (before.st_size - len(data)))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_a_picture_edited_in_place_is_found_where_all_are_verified(
    root, cache, folder_data, decoded
):
    before = prepare(folder_data(root), BASE, SHAPE, cache)
    first, other = root / "cats" / "3.png", root / "dogs" / "4.png"
    assert prepare(folder_data(root), BASE, SHAPE, cache, verify=True).decoded == 0
    _edited_in_place(first, other.read_bytes())
    assert prepare(folder_data(root), BASE, SHAPE, cache).manifest == before.manifest
    decoded.clear()
    found = prepare(folder_data(root), BASE, SHAPE, cache, verify=True)
    assert decoded == ["cats/3.png"]
    assert found.manifest.digest != before.manifest.digest
    assert found.warnings == (
        "cats/3.png: changed, though size and time of change are as they were; read again",
    )
    _is_right(found, root)
    assert prepare(folder_data(root), BASE, SHAPE, cache, verify=True).warnings == ()


def test_arrays_are_read_again_where_all_are_verified(tmp_path, cache):
    path = tmp_path / "a.npz"

    def put(value):
        images = np.full((8, 6, 6, 3), value, np.uint8)
        images[:, 0, 0, 0] = np.arange(8)
        labels = np.array(["a", "b"] * 4)
        np.savez(path, x_train=images, y_train=labels)
        os.utime(path, (1, 1))

    data = NpzData(source="npz", path=str(path))
    put(1)
    before = prepare(data, BASE, SHAPE, cache)
    put(2)
    assert prepare(data, BASE, SHAPE, cache).manifest.digest == before.manifest.digest
    found = prepare(data, BASE, SHAPE, cache, verify=True)
    assert found.manifest.digest != before.manifest.digest
    assert "and 7 more: changed" in found.warnings[0]


# What the pictures hold ------------------------------------------------------------------


@pytest.fixture
def dim(tmp_path):
    """Twenty pictures of 16 bits that go to 400."""
    for number in range(20):
        path = tmp_path / "dim" / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        values = np.random.default_rng(number).integers(0, 401, (8, 8)).astype(np.uint16)
        Image.fromarray(values).save(path)
    return tmp_path / "dim"


def test_what_was_found_is_kept_for_the_next_one(dim, cache, folder_data, monkeypatch):
    first = prepare(folder_data(dim), BASE, SHAPE, cache).manifest
    (remark,) = first.remarks
    assert (remark.code, remark.note) == ("few-levels", False)
    assert "`range: [0, 400]`" in remark.advice
    monkeypatch.setattr(prepare_module, "measure", lambda _: pytest.fail("measured again"))
    assert prepare(folder_data(dim), BASE, SHAPE, cache).manifest == first
    assert peek(folder_data(dim), BASE, SHAPE, cache) == first


def test_with_the_range_there_is_nothing_to_say(dim, cache, folder_data):
    prepared = prepare(folder_data(dim, range=[0, 400]), BASE, SHAPE, cache)
    assert prepared.manifest.remarks == ()
    assert prepared.images.max() > 200
    plain = prepare(folder_data(dim), BASE, SHAPE, cache)
    assert plain.images.max() <= 2
    assert plain.manifest.digest == prepared.manifest.digest


def test_an_entry_of_a_version_that_did_not_look_is_looked_at_once(
    dim, cache, folder_data, decoded, picture
):
    first = prepare(folder_data(dim), BASE, SHAPE, cache).manifest
    place = _entry(cache)
    held = index.read(place)
    records = {key: record._replace(stored=None) for key, record in held.records.items()}
    (place / index.INDEX).write_bytes(index.dumped(index.Index(held.images, held.size, records)))
    assert b"contents" not in (place / index.INDEX).read_bytes()
    assert peek(folder_data(dim), BASE, SHAPE, cache).remarks == ()
    decoded.clear()
    again = prepare(folder_data(dim), BASE, SHAPE, cache).manifest
    assert len(decoded) == 20  # what was stored is not known any longer; only of such pictures
    assert again == first
    assert peek(folder_data(dim), BASE, SHAPE, cache) == again


def test_ordinary_pictures_are_written_down_as_they_always_were(root, cache, folder_data):
    prepare(folder_data(root), BASE, SHAPE, cache)
    held = index.read(_entry(cache))
    assert all(len(record.written()) == 6 for record in held.records.values())
    assert held.contents.remarks == ()


def test_the_range_that_is_usual_does_not_name_another_entry(root, cache, folder_data):
    listing = list_pictures(folder_data(root), BASE)
    settings = {"source": "folder", "fit": "stretch", "validation": None}
    identity = json.dumps([1, listing.place, settings, list(SHAPE)], sort_keys=True)
    name = hashlib.sha256(identity.encode()).hexdigest()[:16]
    said = folder_data(root, range="auto")
    assert index.entry(cache, said, listing, SHAPE).name == name
    other = folder_data(root, range=[0, 9])
    assert index.entry(cache, other, listing, SHAPE).name != name


def test_why_pictures_cannot_be_divided_is_said_with_what_they_hold(tmp_path, cache, folder_data):
    for number in range(6):
        path = tmp_path / "black" / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (8, 8)).save(path)
    for _ in range(2):
        with pytest.raises(
            DataError, match=r"to validate on, found none\. all 6 pictures are black"
        ):
            prepare(folder_data(tmp_path / "black"), BASE, SHAPE, cache)
