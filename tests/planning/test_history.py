"""Records of epochs, as they are written and read back."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grow.planning.history import EpochRecord, Tally
from tests.builders import record

numbers = st.floats(allow_nan=False, allow_infinity=False)


@given(
    entry=st.builds(
        EpochRecord,
        epoch=st.integers(1),
        loss=numbers,
        accuracy=numbers,
        val_loss=numbers,
        val_accuracy=numbers,
        learning_rate=numbers,
        seconds=numbers,
        cpu_seconds=numbers,
        training_flops=st.integers(0, 10**30),
    )
)
def test_a_record_survives_json_in_every_bit(entry):
    text = json.dumps(entry.to_dict(), allow_nan=False)
    assert EpochRecord.from_dict(json.loads(text)) == entry


@pytest.mark.parametrize("loss", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_becomes_null_and_comes_back_as_none(loss):
    values = record(4, loss=loss, val_loss=loss).to_dict()
    assert values["loss"] is values["val_loss"] is None
    text = json.dumps(values, allow_nan=False)
    back = EpochRecord.from_dict(json.loads(text))
    assert math.isnan(back.loss)
    assert math.isnan(back.val_loss)
    assert back.to_dict() == values


@pytest.mark.parametrize("key", ["epoch", "val_loss", "training_flops"])
def test_a_missing_field_is_refused(key):
    values = record().to_dict()
    del values[key]
    with pytest.raises(TypeError, match=key):
        EpochRecord.from_dict(values)


def test_a_field_that_a_newer_version_wrote_is_left_out():
    assert EpochRecord.from_dict(record().to_dict() | {"lucky": 7}) == record()


batch = st.tuples(st.integers(1, 64), st.integers(0, 64), st.integers(0, 32))


@given(batches=st.lists(batch, min_size=1))
def test_a_tally_weighs_each_batch_by_its_pictures(batches):
    tally, losses, right = Tally(), 0.0, 0
    for pictures, most, loss in batches:
        hits = min(pictures, most)
        tally = tally.plus(pictures, loss / 8, hits / pictures)
        losses, right = losses + pictures * loss / 8, right + hits
    pictures = sum(batch[0] for batch in batches)
    assert (tally.pictures, tally.right) == (pictures, right)
    assert tally.mean_loss == losses / pictures
    assert tally.accuracy == right / pictures


def test_an_empty_tally_has_no_loss_and_no_accuracy():
    assert (Tally().mean_loss, Tally().accuracy) == (0.0, 0.0)
