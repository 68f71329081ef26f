import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grow.data.manifest import Candidate, Listing, Manifest, Picture, Unusable
from grow.data.split import check, check_all_used, rank, remarks, set_aside, settle
from grow.errors import DataError


def _picture(content, label=0, key=None):
    digest = hashlib.sha256(str(content).encode()).hexdigest()
    return Picture(key or f"{label}/{content}", label, "train", digest)


def _sides(pictures, fraction=0.2):
    return {p.key: p.split for p in set_aside(pictures, fraction)}


CONTENTS = st.sets(st.integers(0, 10**6), min_size=1, max_size=40)


@given(few=CONTENTS, more=CONTENTS, fraction=st.floats(0.05, 0.95))
def test_adding_pictures_moves_no_other(few, more, fraction):
    # Two anchors see to it that no class needs the remedy for empty sides.
    ranked = sorted((_picture(f"anchor {n}") for n in range(400)), key=lambda p: rank(p.digest))
    anchors = [ranked[0], ranked[-1]]
    before = _sides([*anchors, *map(_picture, few)], fraction)
    after = _sides([*anchors, *map(_picture, few | more)], fraction)
    assert before.items() <= after.items()


@given(
    contents=st.lists(st.tuples(st.integers(0, 8), st.integers(0, 2)), min_size=1),
    fraction=st.floats(0.01, 0.99),
)
def test_copies_stay_together_and_no_side_is_empty(contents, fraction):
    pictures = [
        _picture(f"{c} {label}", label, key=str(n)) for n, (c, label) in enumerate(contents)
    ]
    split = set_aside(pictures, fraction)
    assert [p.key for p in split] == [p.key for p in pictures]
    sides = {}
    for picture in split:
        sides.setdefault(picture.digest, set()).add(picture.split)
    assert all(len(side) == 1 for side in sides.values())
    for label in {label for _, label in contents}:
        mine = [p for p in split if p.label == label]
        if len({p.digest for p in mine}) >= 2:
            assert {p.split for p in mine} == {"train", "validation"}


@given(contents=CONTENTS, fraction=st.floats(0.05, 0.95))
def test_order_of_pictures_does_not_matter(contents, fraction):
    pictures = [_picture(c, c % 2) for c in contents]
    assert _sides(pictures, fraction) == _sides(pictures[::-1], fraction)


def test_the_share_is_about_the_fraction_and_grows_with_it():
    pictures = [_picture(n) for n in range(5000)]
    fifth = {k for k, side in _sides(pictures, 0.2).items() if side == "validation"}
    third = {k for k, side in _sides(pictures, 0.33).items() if side == "validation"}
    assert len(fifth) == pytest.approx(1000, abs=100)
    assert fifth < third


@pytest.mark.parametrize(("fraction", "side"), [(1e-9, "validation"), (1 - 1e-9, "train")])
def test_an_empty_side_gets_the_picture_nearest_to_the_border(fraction, side):
    pictures = sorted((_picture(n) for n in range(9)), key=lambda p: rank(p.digest))
    moved = [p.key for p in set_aside(pictures, fraction) if p.split == side]
    assert moved == [pictures[0 if side == "validation" else -1].key]


def test_a_single_picture_stays_where_its_content_puts_it():
    assert set_aside([_picture(1)], 1e-9)[0].split == "train"


def test_the_rule_never_changes():
    # A change here would move pictures between training and validation in existing runs.
    assert rank("0" * 64) == int(hashlib.sha256(b"split " + b"0" * 64).hexdigest()[:16], 16)


def test_settle_accounts_for_every_candidate():
    candidates = tuple(Candidate(f"a/{n}.png", n % 2, "train", "") for n in range(4))
    listing = Listing("/d", ("a", "b"), candidates, (Unusable("z.txt", "text"),))
    digests = {c.key: c.key for c in candidates}
    manifest = settle(listing, digests, {"a/2.png": "damaged"})
    assert [p.key for p in manifest.pictures] == ["a/0.png", "a/1.png", "a/3.png"]
    assert manifest.unusable == (Unusable("a/2.png", "damaged"), Unusable("z.txt", "text"))


def test_settle_sets_aside_from_train_only_and_keeps_the_order():
    train = [Candidate(f"t/{n:02}", n // 10, "train", "") for n in range(20)]
    test = [Candidate("x/1", 0, "test", "")]
    listing = Listing("/d", ("a", "b"), (*test, *train), (), 0.5)
    manifest = settle(listing, {c.key: c.key for c in listing.candidates}, {})
    assert manifest.counts()["test"] == {"a": 1, "b": 0}
    order = [(p.split, p.label, p.key) for p in manifest.pictures]
    assert order == sorted(order)
    assert all(manifest.counts()[s][c] for s in ("train", "validation") for c in "ab")


def _kept(split, label):
    return Picture(f"{split}/{label}", label, split, "d")


def test_check_names_the_class_and_the_unusable():
    damaged = tuple(Unusable(f"dogs/{n}.jpg", "damaged") for n in range(7))
    manifest = Manifest(("cats", "dogs"), (_kept("train", 0), _kept("validation", 1)), damaged)
    with pytest.raises(DataError) as caught:
        check(manifest, "/data")
    assert str(caught.value) == (
        '/data: expected a usable training picture in every class, found none in "dogs". '
        "Not usable: dogs/0.jpg (damaged), dogs/1.jpg (damaged), dogs/2.jpg (damaged), "
        "dogs/3.jpg (damaged), dogs/4.jpg (damaged), and 2 more.\n"
        "Add pictures to it, or repair those that cannot be used."
    )


def test_check_wants_something_to_validate_on():
    manifest = Manifest(("cats", "dogs"), (_kept("train", 0), _kept("train", 1)))
    with pytest.raises(DataError, match="expected pictures to validate on, found none"):
        check(manifest, "/data")
    check(Manifest(manifest.classes, (*manifest.pictures, _kept("validation", 0))), "/data")


# What is said of pictures that can be trained on ------------------------------------------


def test_classes_that_are_not_validated_are_named():
    counts = {"train": {"a": 3, "b": 1}, "validation": {"a": 2, "b": 0}, "test": {"a": 0, "b": 0}}
    (remark,) = remarks(counts)
    assert remark.startswith('no validation pictures of "b": ')
    assert remarks({**counts, "validation": {"a": 1, "b": 1}}) == ()
    # Nothing at all to validate on is an error, told elsewhere.
    assert remarks({**counts, "validation": {"a": 0, "b": 0}}) == ()


def test_every_file_must_be_usable_where_that_is_asked_for():
    fine = (Unusable("val/", "not used", chosen=True),)
    check_all_used(Manifest(("a", "b"), (), fine))
    bad = tuple(Unusable(f"{number:02d}\x1b.png", "damaged") for number in range(12))
    with pytest.raises(DataError) as caught:
        check_all_used(Manifest(("a", "b"), (), fine + bad))
    assert caught.value.message.splitlines() == [
        "data.on_bad: expected every file to be usable, found 12 files that cannot be:",
        *[f"  {number:02d}\\x1b.png: damaged" for number in range(10)],
        "  and 2 more",
    ]


def test_without_a_class_the_manifest_is_what_it_was_before_that_class_came() -> None:
    """Labels, places and the validation pictures set aside, so the digest is the same."""
    names = [("ant", 7), ("bee", 9), ("cat", 8)]
    candidates = tuple(
        Candidate(f"{name}/{n}.png", label, "train", f"/{name}/{n}.png")
        for label, (name, count) in enumerate(names)
        for n in range(count)
    )
    whole = Listing("here", ("ant", "bee", "cat"), candidates, fraction=0.3)
    digests = {c.key: c.key for c in candidates}
    reasons = {"ant/3.png": "damaged", "bee/1.png": "damaged"}
    manifest = settle(whole, digests, reasons, [{"bee"}, {"bee", "cat"}])
    before = tuple(replace(c, label=c.label // 2) for c in candidates if c.label != 1)
    own = {key: words for key, words in reasons.items() if key.startswith("ant")}
    as_it_was = settle(replace(whole, classes=("ant", "cat"), candidates=before), digests, own)
    assert manifest.earlier[0] == as_it_was
    assert manifest.earlier[0].training_digest == as_it_was.training_digest
    assert manifest.earlier[1].classes == ("ant",)
    assert manifest.training_digest == settle(whole, digests, reasons).training_digest


def test_stages_that_know_fewer_classes_need_validation_pictures_too() -> None:
    pictures = [("ant", "train"), ("bee", "train"), ("cat", "train"), ("cat", "validation")]
    candidates = tuple(
        Candidate(f"{split}/{name}/{n}.png", ("ant", "bee", "cat").index(name), split, "")
        for n, (name, split) in enumerate(pictures)
    )
    listing = Listing("here", ("ant", "bee", "cat"), candidates)
    manifest = settle(listing, {c.key: c.key for c in candidates}, {}, [{"cat"}])
    with pytest.raises(DataError, match="as stages see it that know only ant, bee: expected pict"):
        check(manifest, "here")
