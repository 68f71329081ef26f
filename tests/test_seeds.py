"""Seeds: each random choice has an address, and the address is its seed."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grow.seeds import derive_seed

parts = st.lists(
    st.integers() | st.text(st.characters(codec="utf-8", exclude_characters="\0")), max_size=4
)


@pytest.mark.parametrize(
    ("arguments", "bits", "seed"),
    [
        ((7,), 64, 8719647946811673230),
        ((7, "order", 1, 1), 64, 7311705777004968144),
        ((7, "layer", 2, "conv_1"), 31, 442174499),
        ((0, "augment", 1, 2, 3), 128, 169949096203775860367693619781412724757),
    ],
)
def test_seeds_are_the_same_for_ever(arguments, bits, seed):
    # A change here changes the weights of every run there is: see stageplans.RECIPE.
    assert derive_seed(*arguments, bits=bits) == seed


def test_a_seed_is_the_head_of_the_digest_of_its_address():
    digest = hashlib.sha256(b"7\0order\x001").hexdigest()
    assert f"{derive_seed(7, 'order', 1, bits=256):064x}" == digest
    assert f"{derive_seed(7, 'order', 1):016x}" == digest[:16]


@given(seed=st.integers(0, 2**63), address=parts, bits=st.integers(1, 256))
def test_a_seed_is_below_its_bound(seed, address, bits):
    assert 0 <= derive_seed(seed, *address, bits=bits) < 2**bits


@given(one=parts, other=parts)
def test_two_addresses_have_two_seeds(one, other):
    same = [str(part) for part in one] == [str(part) for part in other]
    assert (derive_seed(1, *one, bits=256) == derive_seed(1, *other, bits=256)) == same
