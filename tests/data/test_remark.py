"""A remark is said whole, and goes with the pictures it is about."""

from grow.data.manifest import Listing
from grow.data.remark import Remark
from grow.data.split import settle


def test_a_remark_is_its_words_and_then_what_to_do() -> None:
    assert str(Remark("odd", "something is odd", "Look at it.")) == "something is odd. Look at it."
    assert str(Remark("odd", "something is odd")) == "something is odd"


def test_a_manifest_keeps_what_its_listing_remarks() -> None:
    remarks = (Remark("odd", "something is odd"),)
    assert settle(Listing("here", (), (), remarks=remarks), {}, {}).remarks == remarks
