"""Addresses of stages, and which to reuse, resume and run."""

from __future__ import annotations

import copy
import json
from dataclasses import replace

import pytest

from grow.planning import cache_key, lineup, stages
from grow.planning.lineup import Action, Entry, Found
from grow.planning.stages import Pictures
from tests.builders import CATS_DOGS, history, run_spec, run_values, stage_plans

PLATEAU = {"patience": 2}
DRAWN = {"source": "drawn", "augment": {"zoom": 0.2}}


def _changed(*changes):
    """The usual stage file with values at paths such as ``train.batch`` replaced."""
    values = copy.deepcopy(run_values())
    for path, value in changes:
        *way, last = path.split(".")
        place = values
        for key in way:
            place = place[int(key)] if isinstance(place, list) else place.setdefault(key, {})
        place[int(last) if isinstance(place, list) else last] = value
    return values


def _fingerprints(values, pictures=CATS_DOGS):
    plans = stages.plan_stages(run_spec(**values), pictures)
    return [plan.fingerprint for plan in plans]


# Every change, the first stage whose weights it can change, and the reason in words.
CHANGES = [
    ("seed", 8, 1, "seed 7 → 8"),
    ("train.batch", 16, 1, "batch 32 → 16"),
    ("train.learning_rate", 0.0005, 1, "learning_rate 0.001 → 0.0005"),
    ("train.optimizer", "sgd", 1, "optimizer adam → sgd"),
    ("train.epochs", 7, 1, "epochs 6 → 7"),
    ("train.best", "last", 1, "best val_accuracy → last"),
    (
        "train.until",
        {"plateau": PLATEAU},
        1,
        'until none → {"plateau": {"monitor": "val_loss", "patience": 2, "min_delta": 0.0}}',
    ),
    (
        "train.reduce_on_plateau",
        PLATEAU,
        1,
        'reduce_on_plateau none → {"monitor": "val_loss", "factor": 0.5, "patience": 2, '
        '"min_delta": 0.0001, "cooldown": 0, "minimum": 0.0}',
    ),
    ("data.augment.flip", "horizontal", 1, "flip none → horizontal"),
    ("data.augment.zoom", 0.1, 1, "zoom 0.2 → 0.1"),
    ("data.augment.shear", 0.1, 1, "shear 0.0 → 0.1"),
    ("data.augment.shift", 0.1, 1, "shift 0.0 → 0.1"),
    ("data.augment.brightness", 0.1, 1, "brightness 0.0 → 0.1"),
    ("data.balance", "weights", 1, "balance none → weights"),
    ("data.fit", "crop", 1, "fit stretch → crop"),
    ("data.range", [0, 478], 1, "range none → [0.0, 478.0]"),
    ("data.master", 16, 1, "master [8, 8] → [16, 16]"),
    ("model.image", [8, 8, 1], 1, "the architecture changed"),
    ("model.blocks.0.filters", 5, 1, "the architecture changed"),
    ("model.blocks.0.kernel", 5, 1, "the architecture changed"),
    ("model.blocks.0.activation", "elu", 1, "the architecture changed"),
    ("model.blocks.0.batch_norm", True, 1, "the architecture changed"),
    ("model.blocks.0.dropout", 0.1, 1, "the architecture changed"),
    ("model.blocks.0.pool", "average", 1, "the architecture changed"),
    ("model.head.dense", [6], 1, "the architecture changed"),
    ("model.head.dropout", 0.1, 1, "the architecture changed"),
    ("model.head.activation", "elu", 1, "the architecture changed"),
    ("stages.1.epochs", 7, 2, "epochs 6 → 7"),
    ("stages.1.learning_rate", 0.0005, 2, "learning_rate 0.001 → 0.0005"),
    ("stages.1.transfer", "strict", 2, "transfer weights preserve → strict"),
    ("stages.1.grow.0.insert.filters", 5, 2, "the architecture changed"),
    ("stages.1.grow.0.insert.at", "start", 2, "the architecture changed"),
    ("stages.2.transfer", "shape", 3, "transfer weights preserve → shape"),
    ("stages.1.transfer", {"optimizer": "carry"}, 2, "transfer optimizer reset → carry"),
    ("train.warm_up", 1, 1, "warm_up none → 1.0"),
    ("stages.1.warm_up", 0.5, 2, "warm_up none → 0.5"),
    ("train.on_divergence", "halve", 1, 'on_divergence stop → {"halve": 5}'),
    ("stages.1.on_divergence", {"halve": 2}, 2, 'on_divergence stop → {"halve": 2}'),
    (
        "stages.1.carried",
        {"freeze": 2, "learning_rate": "0.1x"},
        2,
        'carried none → {"freeze": 2, "learning_rate": 0.1}',
    ),
    (
        "stages.1.transfer",
        {"shrink_perturb": {"shrink": 0.4, "perturb": 0.1}},
        2,
        'transfer shrink_perturb none → {"shrink": 0.4, "perturb": 0.1}',
    ),
    (
        "stages.1.transfer",
        {"layers": {"conv_1": "shape"}},
        2,
        'transfer layers {} → {"conv_1": "shape"}',
    ),
]


@pytest.mark.parametrize(("path", "value", "first"), [case[:3] for case in CHANGES])
def test_what_can_change_weights_changes_the_addresses_from_there_on(path, value, first):
    before, after = _fingerprints(run_values()), _fingerprints(_changed((path, value)))
    same = [one == other for one, other in zip(before, after, strict=True)]
    assert same == [number < first for number in (1, 2, 3)]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("name", "renamed"),
        ("stages.0.name", "tiny"),
        ("stages.1.name", "middling"),
        ("data.path", "elsewhere/pictures"),
        ("data.validation", 0.5),  # which pictures it sets aside is in their digest
        ("data", DRAWN),
        ("data.on_bad", "stop"),
        ("data.balance", "none"),
        ("data.range", "auto"),
        ("data.master", 8),  # what it is anyway
        ("train.batch", 32),
        ("stages.1.batch", 32),
        ("stages.1.transfer", "preserve"),
        ("stages.1.transfer", {"weights": "preserve", "optimizer": "reset"}),
        ("stages.1.grow.0.insert.name", "eyes"),
        ("train.warm_up", 0),
        ("train.on_divergence", "stop"),
        ("stages.1.on_divergence", {"halve": 0}),
        ("stages.1.carried", {"freeze": 0, "learning_rate": 1}),
    ],
)
def test_what_cannot_change_weights_leaves_every_address(path, value):
    assert _fingerprints(_changed((path, value))) == _fingerprints(run_values())


@pytest.mark.parametrize(
    "pictures",
    [
        replace(CATS_DOGS, digest="1" * 64),
        replace(CATS_DOGS, classes=("cat", "wolf")),
        replace(CATS_DOGS, classes=("cat", "dog", "hen")),
    ],
)
def test_other_pictures_have_other_addresses(pictures):
    one, other = _fingerprints(run_values()), _fingerprints(run_values(), pictures)
    assert not set(one) & set(other)


def test_an_edit_taken_back_leads_to_the_old_addresses():
    assert _fingerprints(_changed(("train.epochs", 9), ("train.epochs", 6))) == _fingerprints(
        run_values()
    )


def test_two_stages_that_are_alike_have_two_addresses():
    twins = stage_plans(stages=[{"name": "a"}, {"name": "b"}, {"name": "c"}])
    assert len({plan.fingerprint for plan in twins}) == 3


def test_addresses_are_the_same_for_ever():
    # A change here makes every stage folder there is worthless: raise RECIPE knowingly.
    assert _fingerprints(run_values()) == [
        "2ce523ffd29d156b5bd47d7d66ac62b7af060aa7d3ad4feec78c568bfb26dcfc",
        "ea1f742604cdc05900e33e76697a5f9948e9a589d299a18011953e1f58263161",
        "6021d4e431990f3d1e352a3a761b63d2ba5aff2f4467bfb00695e28c11e4f78d",
    ]


def test_a_recipe_is_plain_json_and_its_order_does_not_matter():
    recipe = stage_plans()[2].recipe
    back = json.loads(json.dumps(recipe))
    assert cache_key.fingerprint(back) == cache_key.fingerprint(recipe)
    assert cache_key.fingerprint(dict(reversed(recipe.items()))) == cache_key.fingerprint(recipe)


def test_a_stages_folder_bears_number_name_and_address():
    plan = stage_plans()[1]
    assert plan.folder == f"02-deeper-{plan.fingerprint[:8]}"


def test_a_first_stage_has_nothing_to_carry_over_and_later_ones_a_plan():
    first, second, third = stage_plans()
    assert first.transfer is None
    assert [line.name for line in second.transfer.layers] == [
        row.name for row in second.architecture.placed()
    ]
    assert third.recipe["parent"] == second.fingerprint


@pytest.mark.parametrize(
    ("changes", "size"),
    [
        ({}, (8, 8)),
        ({"stages": [{"name": "a"}, {"name": "b", "grow": [{"resize": [16, 8]}]}]}, (16, 8)),
        ({"stages": [{"name": "a"}, {"name": "b", "grow": [{"resize": 4}]}]}, (8, 8)),
        ({"data": {"source": "drawn", "master": [32, 64]}}, (32, 64)),
    ],
)
def test_the_master_is_as_large_as_the_largest_stage_unless_said(changes, size):
    assert stages.master_size(run_spec(**changes)) == size


def _found(plan, **changes):
    values = {
        "number": plan.number,
        "name": plan.name,
        "fingerprint": plan.fingerprint,
        "recipe": json.loads(json.dumps(plan.recipe)),  # as it comes from disk
        "epochs": 6,
        "done": True,
    }
    return Found(**(values | changes))


def test_reuse_resume_and_run():
    small, deeper, deepest = stage_plans()
    found = [_found(small), _found(deeper, epochs=2, done=False)]
    assert lineup.line_up((small, deeper, deepest), found) == (
        Entry(small, Action.REUSE, "finished before with the same settings and pictures"),
        Entry(deeper, Action.RESUME, "2 of 6 epochs are on disk"),
        Entry(deepest, Action.RUN, "not trained yet"),
    )


def test_a_stage_that_was_begun_and_has_no_epoch_is_resumed():
    (small, *_) = stage_plans()
    entry = lineup.line_up((small,), [_found(small, epochs=0, done=False)])[0]
    assert (entry.action, entry.reason) == (Action.RESUME, "started before")


def test_a_stage_that_was_renamed_is_still_reused():
    (small, *_) = stage_plans()
    entry = lineup.line_up((small,), [_found(small, name="tiny")])[0]
    assert entry.action is Action.REUSE


def test_pictures_nobody_has_looked_at_prove_nothing():
    plans = stage_plans(Pictures(("cat", "dog"), None))
    entries = lineup.line_up(plans, [_found(plan) for plan in plans])
    reason = "the images have not been read yet"
    assert {(entry.action, entry.reason) for entry in entries} == {(Action.RUN, reason)}


@pytest.mark.parametrize(("path", "value", "first", "reason"), CHANGES)
def test_why_a_stage_is_run_again(path, value, first, reason):
    found = [_found(plan) for plan in stage_plans()]
    plans = stages.plan_stages(run_spec(**_changed((path, value))), CATS_DOGS)
    entries = lineup.line_up(plans, found)
    assert [entry.action is Action.REUSE for entry in entries[: first - 1]] == [True] * (first - 1)
    assert {entry.action for entry in entries[first - 1 :]} == {Action.RUN}
    assert entries[first - 1].reason == reason
    assert all("the stage before it changed" in entry.reason for entry in entries[first:])


@pytest.mark.parametrize(
    ("pictures", "reason"),
    [
        (replace(CATS_DOGS, digest="1" * 64), "the pictures changed"),
        (replace(CATS_DOGS, classes=("cat", "wolf")), 'classes ["cat", "dog"] → ["cat", "wolf"]'),
    ],
)
def test_why_a_stage_is_run_again_on_other_pictures(pictures, reason):
    found = [_found(plan) for plan in stage_plans()]
    assert lineup.line_up(stage_plans(pictures), found)[0].reason == reason


def test_all_changes_are_named():
    found = [_found(plan) for plan in stage_plans()]
    values = _changed(("train.batch", 16), ("seed", 8), ("data.fit", "crop"))
    entries = lineup.line_up(stages.plan_stages(run_spec(**values), CATS_DOGS), found)
    assert entries[0].reason == "seed 7 → 8, batch 32 → 16, fit stretch → crop"


def test_the_reason_compares_with_the_folder_that_differs_least():
    far = stage_plans(seed=1, train={"epochs": 1, "batch": 1})
    near = stage_plans(seed=8)
    found = [_found(far[0]), _found(near[0]), _found(stage_plans()[1])]
    assert lineup.line_up(stage_plans(), found)[0].reason == "seed 8 → 7"


def test_a_stage_is_not_compared_with_another_number():
    small, deeper, _ = stage_plans()
    assert lineup.line_up((deeper,), [_found(small)])[0].reason == "not trained yet"


def test_a_recipe_of_another_version_of_grow_says_so():
    (small, *_) = stage_plans()
    older = small.recipe | {"version": 0}
    entry = lineup.line_up((small,), [_found(small, fingerprint="f" * 64, recipe=older)])[0]
    assert (entry.action, entry.reason) == (Action.RUN, f"version 0 → {stages.RECIPE}")


def test_the_words_for_a_change_are_never_empty():
    old = stage_plans()[1].recipe
    for key in old:
        without = {k: v for k, v in old.items() if k != key}
        assert list(cache_key.differences(old, without)), key
        assert list(cache_key.differences(without, old)), key
    for group in ("training", "transfer", "pictures"):
        for key in old[group]:
            changed = old | {group: {k: v for k, v in old[group].items() if k != key}}
            assert list(cache_key.differences(old, changed)), (group, key)
            assert list(cache_key.differences(changed, old)), (group, key)


HISTORY = history([0.6, 0.5, 0.4, 0.45, 0.47, 0.48])
"""Six epochs, the third the best."""


def _longer(epochs):
    return stage_plans(train={"epochs": epochs, "best": "val_loss"})[0]


def _trained(saved, epochs=6, **changes):
    """Stage 1 as it was trained, with checkpoints of these epochs and steps."""
    there = HISTORY[: max(saved)[0]] if saved else ()
    values = {"history": there, "epochs": len(there), "saved": tuple(saved)} | changes
    return _found(_longer(epochs), **values)


@pytest.mark.parametrize(
    ("before", "now", "saved", "reason"),
    [
        (6, 10, [(6, 0), (5, 0), (3, 0)], "epochs 6 → 10, goes on from epoch 6"),
        (8, 10, [(5, 4), (5, 0), (3, 0)], "epochs 8 → 10, goes on from epoch 5, step 4"),
        (6, 5, [(6, 0), (5, 0), (3, 0)], "epochs 6 → 5, epoch 5 is on disk"),
        (6, 5, [(5, 4), (5, 0), (3, 0)], "epochs 6 → 5, epoch 5 is on disk"),
        (6, 4, [(6, 0), (5, 0), (3, 0)], "epochs 6 → 4, goes on from epoch 3"),
        (6, 10, [(0, 3)], "epochs 6 → 10, goes on from epoch 0, step 3"),
    ],
)
def test_epochs_alone_extend(before, now, saved, reason):
    old = _trained(saved, before)
    (entry,) = lineup.line_up((_longer(now),), [old])
    assert (entry.action, entry.reason, entry.source) == (Action.EXTEND, reason, old.fingerprint)


@pytest.mark.parametrize(
    ("now", "saved"),
    [
        (2, [(6, 0), (5, 0), (3, 0)]),  # nothing so early is kept
        (10, [(6, 0), (5, 0)]),  # the best so far is not there: the stage may end with it
        (10, []),
    ],
)
def test_where_no_checkpoint_will_do_a_stage_is_run(now, saved):
    (entry,) = lineup.line_up((_longer(now),), [_trained(saved)])
    assert (entry.action, entry.reason, entry.source) == (Action.RUN, f"epochs 6 → {now}", None)


def test_what_differs_in_more_than_epochs_is_not_extended():
    plan = stage_plans(seed=8, train={"epochs": 10, "best": "val_loss"})[0]
    (entry,) = lineup.line_up((plan,), [_trained([(6, 0), (3, 0)])])
    assert (entry.action, entry.reason) == (Action.RUN, "seed 7 → 8, epochs 6 → 10")


def test_the_longest_way_gone_is_the_one_extended():
    found = [_trained([(5, 0), (3, 0)], epochs=5), _trained([(6, 0), (3, 0)], epochs=6)]
    (entry,) = lineup.line_up((_longer(10),), found)
    assert (entry.reason, entry.source) == (
        "epochs 6 → 10, goes on from epoch 6",
        found[1].fingerprint,
    )


def test_a_damaged_stage_is_not_reused():
    (small, *_) = stage_plans()
    (entry,) = lineup.line_up((small,), [_found(small, flaws=("x/model.keras is damaged: a",))])
    assert entry.action is Action.RESUME
    assert entry.reason.startswith("x/model.keras is damaged: a; it goes on from")
