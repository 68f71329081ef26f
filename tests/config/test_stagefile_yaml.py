"""Which YAML is understood, and where it says things stand."""

import math

import pytest

from grow.config.reader import positions


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("1E3", 1000.0),
        ("1.", 1.0),
        (".5", 0.5),
        ("-7", -7),
        ("010", 10),
        ("0x10", "0x10"),
        ("0o10", "0o10"),
        ("1:30", "1:30"),
        ("1_000", "1_000"),
        ("2024-01-02", "2024-01-02"),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("null", None),
        ("'1'", "1"),
        ("!!str 1", "1"),
        ("!!float 1", 1.0),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("=", "="),
    ],
)
def test_scalar(text, value):
    found = positions.load_yaml(f"a: {text}\n")
    assert found.problems == ()
    assert found.value == {"a": value}
    assert type(found.value["a"]) is type(value)


def test_number_too_long_to_be_one_is_infinite():
    assert positions.load_yaml(f"a: {'9' * 5000}").value == {"a": math.inf}


def test_keys_are_text():
    value = positions.load_yaml("1: a\nno: b\nnull: c\n").value
    assert value == {"1": "a", "no": "b", "null": "c"}


def test_places_of_keys_and_values():
    places = positions.load_yaml("a:\n  - b: 1e-3\n  - [x, yy]\n").places
    key_and_value = {
        path: (place.key_line, place.key_column, place.line, place.column)
        for path, place in places.items()
    }
    assert key_and_value == {
        (): (1, 1, 1, 1),
        ("a",): (1, 1, 2, 3),
        ("a", 0): (2, 5, 2, 5),
        ("a", 0, "b"): (2, 5, 2, 8),
        ("a", 1): (3, 5, 3, 5),
        ("a", 1, 0): (3, 6, 3, 6),
        ("a", 1, 1): (3, 9, 3, 9),
    }
    assert places["a", 0, "b"].written == "1e-3"


def test_problem_at_a_missing_path_stands_at_the_key_that_should_hold_it():
    document = positions.load_yaml("a:\n  b: 1\n")
    problem = document.problem(("a", "c", 0), "text")
    assert (problem.path, problem.line, problem.column) == ("a.c[0]", 1, 1)


def test_aliases_and_merge_keys():
    text = "a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\nc: {<<: [{x: 9}, *a]}\nd: *a\n"
    found = positions.load_yaml(text)
    assert found.problems == ()
    assert found.value == {
        "a": {"x": 1, "y": 2},
        "b": {"x": 1, "y": 3},
        "c": {"x": 9, "y": 2},
        "d": {"x": 1, "y": 2},
    }
    assert (found.places["b", "x"].line, found.places["b", "y"].line) == (1, 2)


def test_quoted_merge_key_is_a_key():
    assert positions.load_yaml('"<<": 1').value == {"<<": 1}


def test_first_of_two_equal_keys_counts():
    found = positions.load_yaml("a: 1\na: 2\n")
    assert found.value == {"a": 1}
    assert [(problem.path, problem.line) for problem in found.problems] == [("a", 2)]


@pytest.mark.parametrize(
    "text",
    [
        "&a [*a]",
        "&a {b: *a}",
        "&a {<<: *a}",
        "&a {b: &b {<<: [*a]}}",
        "a: &a\n  <<: &b [*b]\n",
    ],
)
def test_alias_to_itself_is_refused(text):
    (problem,) = positions.load_yaml(text).problems
    assert "found an alias to what it stands in" in problem.text


@pytest.mark.parametrize("link", ["[{0}, {0}]", "{{x: {0}, y: {0}}}", "{{<<: [{0}, {0}]}}"])
def test_bomb_is_refused(link):
    lines = ["a0: &a0 {x: 1}"]
    lines += [f"a{n}: &a{n} {link.format(f'*a{n - 1}')}" for n in range(1, 30)]
    (problem,) = positions.load_yaml("\n".join(lines)).problems
    assert "expected at most 10,000 values" in problem.text


def test_many_values_without_aliases_are_refused_too():
    (problem,) = positions.load_yaml("a: [" + "1," * 10_001 + "]").problems
    assert "expected at most 10,000 values" in problem.text


@pytest.mark.parametrize(
    "tag", ["!x", "!!python/object/apply:os.system", "!!timestamp", "!!binary", "!!set"]
)
@pytest.mark.parametrize("value", ["a", "[a]", "{a: b}"])
def test_tags_are_refused(tag, value):
    (problem,) = positions.load_yaml(f"k: {tag} {value}").problems
    assert f'found the tag "{tag}"' in problem.text
