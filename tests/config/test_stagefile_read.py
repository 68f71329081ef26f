"""Whole files: what can be wrong before a key is read, and the ready files."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from grow.config import write
from grow.errors import StageFileError
from grow.nets import operators
from grow.planning import validate

READY = sorted((Path(__file__).parents[2] / "stages").glob("*.yaml"))


def refused(path):
    with pytest.raises(StageFileError) as caught:
        validate.read(path)
    assert caught.value.exit_code == 2
    return str(caught.value).replace(str(path), "FILE").replace(str(path.parent) + os.sep, "")


@pytest.mark.parametrize("file", READY, ids=lambda file: file.stem)
def test_ready_file_reads_and_survives_being_written(file):
    spec = validate.read(file)
    assert spec.name == file.stem
    assert validate.parse(write.to_yaml(spec), "again") == spec


def test_ready_files_are_there():
    assert [file.stem for file in READY] == ["cats-dogs", "quickstart", "seed", "while-it-pays"]


def test_seed_file_is_the_experiment_by_hand():
    spec = validate.read(next(file for file in READY if file.stem == "seed"))
    sizes = [architecture.parameters for architecture in operators.lineage(spec, classes=2)]
    assert sizes == [4_195_457, 1_058_977]
    assert spec.stages[1].transfer.weights == "strict"


def test_missing_file_names_its_likely_neighbour(tmp_path):
    (tmp_path / "quickstart.yaml").touch()
    said = refused(tmp_path / "quikstart.yaml")
    assert said == "FILE: expected a stage file, found none; did you mean quickstart.yaml?"


def test_missing_file_in_a_missing_folder(tmp_path):
    assert refused(tmp_path / "no" / "such.yaml") == "FILE: expected a stage file, found none"


def test_folder(tmp_path):
    found = "FILE: expected a stage file, found a folder; "
    assert (
        refused(tmp_path) == f"{found}`grow init FILE` writes a stage file where it holds pictures"
    )
    (tmp_path / "a.yaml").touch()
    assert refused(tmp_path) == f"{found}did you mean FILE/a.yaml?".replace("/", os.sep)


def test_run_folder(tmp_path):
    (tmp_path / "run.json").touch()
    assert refused(tmp_path).endswith("found a run folder; `grow resume FILE` goes on with it")


@pytest.mark.skipif(os.name == "nt", reason="links need permission there")
def test_link_that_leads_nowhere(tmp_path):
    (tmp_path / "a.yaml").symlink_to("nowhere")
    assert refused(tmp_path / "a.yaml").endswith("found a link that leads nowhere")


def test_other_encoding_is_named_where_it_is_known(tmp_path):
    path = tmp_path / "a.yaml"
    for encoding in ("utf-16", "utf-16-be"):
        path.write_bytes("\ufeffname: a\n".encode(encoding))
        assert "expected UTF-8, found UTF-16; save it as UTF-8" in refused(path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
def test_file_without_permission(tmp_path):
    path = tmp_path / "a.yaml"
    path.touch(mode=0)
    assert "found no permission" in refused(path)


def test_path_that_no_system_admits():
    assert "expected a file that can be read" in refused(Path("a\0b.yaml"))


def test_empty_file(tmp_path):
    path = tmp_path / "a.yaml"
    path.touch()
    assert "FILE: expected a stage file, found an empty one" in refused(path)


def test_other_encoding_names_the_place(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_bytes(b"name: a\n# caf\xe9\n")
    assert refused(path) == "FILE:2:6: expected UTF-8, found other bytes; save it as UTF-8"


def test_utf16_is_not_utf8(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("name: a\n", "utf-16")
    assert "FILE:1:1: expected UTF-8" in refused(path)


def test_mark_of_byte_order_and_windows_line_ends_are_admitted(tmp_path):
    path = tmp_path / "a.yaml"
    text = READY[0].read_text("utf-8")
    path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert validate.read(path) == validate.read(READY[0])


def test_control_character_names_the_place():
    with pytest.raises(StageFileError, match=r"^f:2:4: .*control character U\+0007"):
        validate.parse("a: b\nc: \a\n", "f")


def test_too_long_file(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_bytes(b"#" * (2**20 + 1))
    assert "expected at most 1,048,576 bytes" in refused(path)


def test_many_brackets_end_soon():
    with pytest.raises(StageFileError, match="nested at most 50 deep"):
        validate.parse("[" * 2**20, "f")


def test_reading_loads_no_heavy_library():
    code = (
        "import sys; from pathlib import Path; from grow.planning import validate\n"
        f"validate.read(Path({str(READY[0])!r}))\n"
        "print({'tensorflow', 'keras', 'numpy', 'PIL', 'rich'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
