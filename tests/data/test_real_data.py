"""The cats and dogs that lie beside a checkout, where they do."""

from pathlib import Path

import pytest

import grow
from grow.config.schema import FolderData
from grow.data.cache.index import peek
from grow.data.checks import Severity
from grow.data.checks.giveaway import Verdict
from grow.data.prepare import prepare
from grow.data.sources.outline import outline

REPOSITORY = Path(__file__).parents[2]
DATA = FolderData(source="folder", path="../shared/data/cats-dogs", validation="test")
COUNTS = {
    "train": {"cats": 4000, "dogs": 4000},
    "validation": {"cats": 1000, "dogs": 1000},
    "test": {"cats": 0, "dogs": 0},
}

pytestmark = pytest.mark.skipif(
    not (REPOSITORY / DATA.path).is_dir(), reason="no pictures beside this checkout"
)


def test_they_are_counted():
    found = outline(DATA, REPOSITORY)
    assert found.counts == COUNTS
    assert found.unusable == ()


@pytest.mark.slow
def test_they_are_all_prepared(tmp_path):
    prepared = prepare(DATA, REPOSITORY, (64, 64, 3), tmp_path)
    assert prepared.manifest.counts() == COUNTS
    assert prepared.images.shape == (10_000, 64, 64, 3)
    assert 100 < prepared.images[::100].mean() < 130
    assert peek(DATA, REPOSITORY, (64, 64, 3), tmp_path) == prepared.manifest


@pytest.mark.slow
def test_a_check_finds_nothing_grave():
    found = grow.check(REPOSITORY / DATA.path)
    assert found.count(Severity.ERROR) == found.count(Severity.WARNING) == 0
    assert {one.verdict for one in found.separations} == {Verdict.NOTHING, Verdict.SLIGHT}
    (copies,) = [one for one in found.findings if one.code == "duplicates"]
    assert copies.groups[0].pictures == (
        "train/dogs/dog.02027.jpg",
        "train/dogs/dog.03082.jpg",
    )
