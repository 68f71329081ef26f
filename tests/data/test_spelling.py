from hypothesis import given
from hypothesis import strategies as st

from grow.data.sources.spelling import alike, difference, folded


@given(st.text())
def test_folding_twice_is_folding_once(name):
    assert folded(folded(name)) == folded(name)


def test_what_looks_different_stays_apart():
    names = [
        "x2",
        "x\u00b2",
        "1",
        "\u2460",
        "hot dog",
        "hot_dog",
        "hotdog",
        "l",
        "1a",
        "cafe",
        "caf\u00e9",
    ]
    assert alike(names) == []


def test_what_looks_equal_is_found_in_the_order_given():
    assert alike(["Box", "cat", "box", "BOX ", "c\u0430t"]) == [
        ("Box", "box", "BOX "),
        ("cat", "c\u0430t"),
    ]


def test_how_two_names_differ():
    assert difference("Box", "box") == "they differ in capitals only"
    assert difference("caf\u00e9", "cafe\u0301") == (
        "an accent is part of its letter in one and a character of its own in the other: "
        "U+00E9 (latin small letter e with acute) in the first, U+0065 (latin small letter e) "
        "U+0301 (combining acute accent) in the second"
    )
    assert difference("box ", "box") == (
        "they differ in blanks: U+0020 (space) in the first, nothing in the second"
    )
    assert "U+0430 (cyrillic small letter a)" in difference("cat", "c\u0430t")
