"""Where fetched data sets lie, and what is known of them before they are fetched."""

from grow.config.schema import CsvData, DrawnData, KerasData, NpzData, TfdsData
from grow.data.cache.index import entry
from grow.data.manifest import Listing
from grow.data.sources import exported
from grow.data.sources.outline import outline


def test_fetched_ones_are_read_from_the_cache_with_their_own_settings(tmp_path):
    keras = KerasData(source="keras", name="mnist", validation=0.3, fit="crop", on_bad="stop")
    found = exported.local(keras, tmp_path)
    assert isinstance(found, NpzData)
    assert found.path == str(tmp_path / "datasets" / "keras-mnist.npz")
    assert (found.validation, found.fit, found.on_bad) == (0.3, "crop", "stop")
    tfds = exported.local(TfdsData(source="tfds", name="a_b/c:1.0.0"), tmp_path)
    assert isinstance(tfds, CsvData)
    assert tfds.path == str(tmp_path / "datasets" / "tfds-a_b-c-1.0.0" / "pictures.csv")


def test_every_setting_all_sources_have_is_handed_on():
    shared = set(KerasData.model_fields) & set(TfdsData.model_fields) & set(NpzData.model_fields)
    assert set(exported._COMMON) == shared - {"source"}


def test_others_stay_as_they_are(tmp_path):
    drawn = DrawnData(source="drawn")
    assert exported.local(drawn, tmp_path) is drawn
    assert exported.missing(drawn, tmp_path) is None


def test_it_is_missing_until_it_is_there(tmp_path):
    data = KerasData(source="keras", name="cifar10")
    assert exported.missing(data, tmp_path) is data
    exported.place(data, tmp_path).parent.mkdir()
    exported.place(data, tmp_path).touch()
    assert exported.missing(data, tmp_path) is None


def test_what_keras_will_give_is_known_before():
    for name, classes in exported.CLASSES.items():
        seen = exported.foreseen(KerasData(source="keras", name=name))
        assert seen.classes == classes
        assert seen.fraction == 0.2
    counts = exported.foreseen(KerasData(source="keras", name="mnist", validation="test")).counts
    assert sum(counts["train"].values()) == 60_000
    assert sum(counts["validation"].values()) == 10_000
    assert exported.foreseen(TfdsData(source="tfds", name="mnist")) is None


def test_policies_need_no_other_cache_entry(tmp_path):
    listing = Listing("drawn", ("cat", "dog"), ())
    plain = DrawnData(source="drawn")
    strict = DrawnData(source="drawn", on_bad="stop", balance="weights")
    assert entry(tmp_path, plain, listing, (4, 4, 3)) == entry(tmp_path, strict, listing, (4, 4, 3))
    assert outline(plain, tmp_path) == outline(strict, tmp_path)
