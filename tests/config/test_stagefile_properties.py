"""Any text gives a value or words; any value survives being written."""

import json
import math

import jsonschema
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from grow.config import write
from grow.config.schema import RunSpec
from grow.errors import StageFileError
from grow.planning import validate

CHECKER = jsonschema.Draft202012Validator(write.schema())
FOREIGN = (
    "Input should",
    "a valid",
    "pydantic",
    "Field",
    "String",
    "Tuple",
    "^[",
    "_type",
    "discri",
)

GOOD = {
    "name": "a",
    "seed": 1,
    "data": {"source": "folder", "path": "p", "validation": "test", "augment": {"zoom": 0.1}},
    "model": {
        "image": [16, 16, 3],
        "blocks": [{"filters": 2, "kernel": [3, 3], "batch_norm": True, "pool": "max"}],
        "head": {"dense": [4], "dropout": 0.1},
    },
    "train": {
        "epochs": 1,
        "learning_rate": 0.1,
        "best": "last",
        "reduce_on_plateau": {"patience": 1},
        "until": {"plateau": {"patience": 1}},
    },
    "stages": [{"name": "b"}, {"name": "c", "grow": [{"insert": {"filters": 2}}, {"resize": 32}]}],
}
SAMPLES = [
    *[None, True, 0, 1, 2, 3, -1, 5000, 2**63, 10**400, 0.5, 1.0, math.inf, math.nan],
    *["", "no", "32", "20%", "a b", "folder", "x" * 200, "\x1b[0m", "drawn"],
    *[[], [1], [1, 1], [1, 1, 1, 1], [None], [[]], [0] * 70, ["a"]],
    *[{}, {"source": "drawn"}, {"source": ["x"]}, {"filters": 1}, {"str": 1}, {"0": 1}],
]
JSON = st.recursive(
    st.sampled_from(SAMPLES) | st.integers() | st.floats() | st.text(max_size=80),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=9) | st.sampled_from(sorted(GOOD)), inner, max_size=3)
    ),
    max_leaves=8,
)


def places(value, path=()):
    """The paths of everything below the top."""
    pairs = value.items() if isinstance(value, dict) else []
    pairs = enumerate(value) if isinstance(value, list) else pairs
    for key, item in pairs:
        yield (*path, key)
        yield from places(item, (*path, key))


def changed(value, path, new):
    """A copy with ``new`` at the path; a name that was not there becomes a new key."""
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = changed(copy[path[0]] if len(path) > 1 else None, path[1:], new)
    return copy


def without(value, path):
    copy = dict(value) if isinstance(value, dict) else list(value)
    if len(path) == 1:
        del copy[path[0]]
    else:
        copy[path[0]] = without(copy[path[0]], path[1:])
    return copy


def as_yaml(value):
    if isinstance(value, float) and not math.isfinite(value):
        return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)}: {as_yaml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(as_yaml, value)) + "]"
    return json.dumps(value)


def outcome(text):
    """The value, or the error, which must be in words of our own and in places of the file."""
    try:
        return validate.parse(text, "f")
    except StageFileError as error:
        refuse_foreign_words(error)
        return error


def refuse_foreign_words(error):
    assert error.problems
    for problem in error.problems:
        # What follows "found" may be the user's own wording, whatever that says.
        told = problem.text.partition("found")[0]
        assert not [word for word in FOREIGN if word in told], problem.text
        assert problem.render("f").isprintable()
        assert len(problem.text) < 600


# Every kind of refusal that pydantic has for these keys. A new one, after a change to the spec,
# needs a look at how `messages` puts it; then it belongs here.
KINDS = {
    "bool_type",
    "extra_forbidden",
    "finite_number",
    "float_type",
    "greater_than",
    "greater_than_equal",
    "int_parsing_size",
    "int_type",
    "less_than",
    "less_than_equal",
    "literal_error",
    "missing",
    "model_attributes_type",
    "model_type",
    "string_pattern_mismatch",
    "string_too_short",
    "string_type",
    "too_long",
    "too_short",
    "tuple_type",
    "union_tag_invalid",
    "union_tag_not_found",
    "value_error",
}


def variations():
    for path in places(GOOD):
        yield without(GOOD, path)
        for sample in SAMPLES:
            yield changed(GOOD, path, sample)
        if isinstance(path[-1], str):
            yield changed(GOOD, (*path[:-1], "nonsense"), 1)


def kinds_of(value):
    try:
        RunSpec.model_validate(value)
    except ValidationError as error:
        return {item["type"] for item in error.errors()}
    return set()


def test_every_kind_of_refusal_is_known():
    assert set().union(*map(kinds_of, variations())) == KINDS


def test_every_variation_is_a_value_or_words():
    refused = 0
    for value in list(variations())[::3]:  # the samples are not a multiple of three
        result = outcome(as_yaml(value))
        refused += isinstance(result, StageFileError)
        if not CHECKER.is_valid(value):
            assert isinstance(result, StageFileError), value
    assert refused > 500


def test_one_wrong_value_is_one_problem():
    for path in places(GOOD):
        for sample in ({"nonsense": 1}, [["a"]]):
            result = outcome(as_yaml(changed(GOOD, path, sample)))
            assert isinstance(result, StageFileError)
            near = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path)[1:]
            for problem in result.problems:
                assert problem.path.startswith(near), (path, str(result))


@settings(max_examples=60)
@given(st.sampled_from(list(places(GOOD))), JSON)
def test_nonsense_in_a_good_file_is_a_value_or_words(path, new):
    outcome(as_yaml(changed(GOOD, path, new)))


@settings(max_examples=60)
@given(JSON)
def test_any_data_is_a_value_or_words(value):
    outcome(as_yaml(value))


@settings(max_examples=60)
@given(st.text(alphabet="ab: -[]{}&*<!?|>'\"#%@,\n\t~1.e\\", max_size=40) | st.text(max_size=60))
@example("a: '\x85'")
@example("? a\n: b")
@example("%YAML 9.9\n---\na")
@example("%TAG ! x\n")
@example("!x!y z")
@example("a: |9\n b")
@example("\ud800")
@example("- - ? - a")
@example("'\\ud800'")
@example('"\\U99999999"')
@example("\x85a: \u2028b: c")
def test_any_text_is_a_value_or_words(text):
    result = outcome(text)
    assert isinstance(result, RunSpec | StageFileError)


NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True).filter(
    lambda name: (
        not name.endswith(".")
        and name.casefold().partition(".")[0] not in {"con", "nul", "prn", "aux"}
    )
) | st.sampled_from(["no", "1e3", "1.5", "null", "0x1", "0o7", "2024-01-02", "true", "1_0", "007"])
SPECS = st.fixed_dictionaries(
    {
        "name": NAMES,
        "data": st.fixed_dictionaries(
            {
                "source": st.just("folder"),
                "path": st.text(min_size=1).filter(lambda t: "\0" not in t),
            },
            optional={
                "validation": st.sampled_from(["test", "0.2", "1e-1", 0.2, 1e-9, None]),
                "master": st.sampled_from([16, [16, 32]]),
            },
        ),
        "model": st.just({"image": [16, 16, 3], "blocks": [{"filters": 2, "name": "on"}]}),
        "train": st.fixed_dictionaries(
            {"epochs": st.integers(1, 9)},
            optional={
                "learning_rate": st.floats(0, 1e300, exclude_min=True),
                "until": st.just({"plateau": {"patience": 1}}) | st.none(),
            },
        ),
        "stages": st.lists(
            st.fixed_dictionaries(
                {"name": NAMES},
                optional={
                    "epochs": st.none() | st.integers(1, 9),
                    "until": st.none() | st.just({"plateau": {}}),
                },
            ),
            min_size=1,
            max_size=3,
            unique_by=lambda stage: stage["name"].casefold(),
        ),
    },
    optional={"seed": st.integers(0, 2**63 - 1)},
)


@settings(max_examples=60)
@given(SPECS)
def test_any_value_survives_being_written(value):
    spec = RunSpec.model_validate(value)
    again = validate.parse(write.to_yaml(spec), "again")
    assert again == spec
    for mine, other in zip(spec.stages, again.stages, strict=True):
        assert spec.training(mine) == again.training(other)
    assert write.to_yaml(again) == write.to_yaml(spec)
