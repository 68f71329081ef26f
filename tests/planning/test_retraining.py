"""Why everything is trained again, in one sentence; silence where something is kept."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml

from grow.config import write
from grow.planning import retraining, validate
from grow.planning import stages as stageplans
from grow.planning.lineup import Found, line_up
from grow.planning.stages import Pictures
from tests.builders import history, run_spec, run_values

NOW = ("box", "disc", "tri")
BEFORE = Pictures(("box", "disc"), "0" * 64)


def found(stages, done: int = 9) -> tuple[Found, ...]:
    """The stages as finished folders."""
    return tuple(
        Found(s.number, s.name, s.fingerprint, s.recipe, 6, True, (), history([0.5] * 6))
        for s in stages[:done]
    )


def said(spec, pictures: Pictures, folders) -> str:
    entries = line_up(stageplans.plan_stages(spec, pictures), folders)
    return retraining.sentence(spec, entries, folders)


def trained(spec, done: int = 9) -> tuple[Found, ...]:
    return found(stageplans.plan_stages(spec, BEFORE), done)


def following(words: str, text: dict) -> tuple:
    """The stages of the file once the advice is followed to the letter."""
    entry = yaml.safe_load(words.partition("stages: ")[2])
    spec = run_spec(**{**text, "stages": [*text["stages"], entry]})
    return stageplans.plan_stages(spec, Pictures(NOW, "1" * 64, (BEFORE,)))


@pytest.mark.parametrize("digest", [None, "1" * 64])
@pytest.mark.parametrize("done", [1, 3])
def test_a_class_more_is_said_with_the_entry_that_keeps_what_is_finished(digest, done):
    folders = trained(run_spec(), done)
    words = said(run_spec(), Pictures(NOW, digest), folders)
    assert words.startswith(
        "the classes are now box, disc, tri, and the finished stages know box, disc: "
        "all stages will be trained again; to keep them and go on from there, as long as the "
        "pictures of box, disc are what they were, add one more entry at the end of stages: {"
    )
    stages = following(words, run_values())
    assert [s.fingerprint for s in stages[:done]] == [f.fingerprint for f in folders]
    assert stages[-1].classes == NOW


def test_a_second_class_more_keeps_all_that_is_finished_too():
    text = {"stages": [{"name": "a"}, {"name": "b", "grow": [{"head": {"grow": ["tri"]}}]}]}
    before = Pictures(NOW, "1" * 64, (BEFORE,))
    folders = found(stageplans.plan_stages(run_spec(**text), before))
    last = Pictures(("arc", *NOW), None, (Pictures(("arc", "box", "disc"), None),))
    words = said(run_spec(**text), last, folders)
    assert "are what they were, add one more entry" in words
    entry = yaml.safe_load(words.partition("stages: ")[2])
    longer = run_spec(stages=[*text["stages"], entry])
    stages = stageplans.plan_stages(longer, replace(last, earlier=(before, BEFORE)))
    assert [s.fingerprint for s in stages[:2]] == [f.fingerprint for f in folders]


def test_the_name_of_the_entry_is_free():
    stages = [{"name": "a"}, {"name": "More-Classes", "grow": [{"insert": {"filters": 4}}]}]
    words = said(run_spec(stages=stages), Pictures(NOW, None), trained(run_spec(stages=stages)))
    assert "{name: more-classes-2," in words


def test_names_that_yaml_would_take_for_something_else_are_in_quotes():
    now = Pictures(("box", "disc", "no", "10"), None)
    words = said(run_spec(), now, trained(run_spec()))
    assert yaml.safe_load(words.partition("stages: ")[2])["grow"] == [
        {"head": {"grow": ["no", "10"]}}
    ]


def test_after_a_repeated_entry_its_repetitions_are_to_be_written_out():
    grow = [{"insert": {"filters": 4, "pool": "none"}}]
    again = {"name": "deeper", "repeat": 3, "grow": grow}
    folders = trained(run_spec(stages=[{"name": "a"}, again]))
    words = said(run_spec(stages=[{"name": "a"}, again]), Pictures(NOW, None), folders)
    assert "write the repetitions of deeper out one by one, and add" in words
    names = ("deeper", "deeper-2", "deeper-3")
    written = [{"name": "a"}, *({"name": name, "grow": grow} for name in names)]
    stages = following(words, run_values(stages=written))
    assert [s.fingerprint for s in stages[:4]] == [f.fingerprint for f in folders]


def test_where_other_settings_changed_too_the_entry_is_not_promised_to_help():
    words = said(run_spec(seed=8), Pictures(NOW, None), trained(run_spec()))
    assert "were nothing else changed (seed 7 → 8)" in words
    assert "to keep them" not in words


@pytest.mark.parametrize("now", [("box", "tri"), ("box",) * 1 + ("circle", "tri")])
def test_a_class_removed_or_renamed_is_said_to_be_beyond_the_operator(now):
    words = said(run_spec(), Pictures(now, "1" * 64), trained(run_spec()))
    assert "the finished stages know box, disc" in words
    assert "not removed or renamed (disc is gone)" in words


def test_a_second_class_goes_on_from_the_first():
    stages = [{"name": "a"}, {"name": "b", "grow": [{"head": {"grow": ["tri"]}}]}]
    spec = run_spec(stages=stages)
    folders = found(stageplans.plan_stages(spec, Pictures(NOW, "1" * 64, (BEFORE,))))
    words = said(spec, Pictures((*NOW, "zig"), None), folders)
    assert "the finished stages know box, disc, tri" in words
    assert "head: {grow: [zig]}" in words


def test_other_pictures_are_said():
    words = said(run_spec(), Pictures(BEFORE.classes, "1" * 64), trained(run_spec()))
    assert words.startswith("the pictures are not those that the finished stages were trained on")


@pytest.mark.parametrize(
    ("spec", "pictures", "done"),
    [
        (run_spec(), BEFORE, 9),
        (run_spec(), BEFORE, 1),
        (run_spec(), Pictures(NOW, "1" * 64), 0),
        (run_spec(seed=8), BEFORE, 9),
        (run_spec(), Pictures(BEFORE.classes, None), 9),
    ],
)
def test_silence_otherwise(spec, pictures, done):
    assert said(spec, pictures, trained(run_spec(), done)) == ""


def test_silence_where_the_advice_was_followed():
    stages = [*run_values()["stages"], {"name": "b", "grow": [{"head": {"grow": ["tri"]}}]}]
    pictures = Pictures(NOW, "1" * 64, (BEFORE,))
    assert said(run_spec(stages=stages), pictures, trained(run_spec())) == ""


def test_a_damaged_header_is_no_trouble():
    folders = (replace(trained(run_spec())[0], recipe={}),)
    assert said(run_spec(), Pictures(NOW, None), folders) == ""


def test_the_entry_is_one_that_the_stage_file_takes():
    words = said(run_spec(), Pictures(NOW, None), trained(run_spec()))
    text = write.to_yaml(run_spec()) + "- " + words.partition("stages: ")[2] + "\n"
    assert validate.parse(text, "stages.yaml").stages[-1].name == "more-classes"
