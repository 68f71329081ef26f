"""Growth and its controls as stage files: what each trains, and what they share."""

from __future__ import annotations

import pytest

from grow.comparison import arms
from grow.comparison.arms import RESIZE_ONLY, SCRATCH_EPOCHS, SCRATCH_FLOPS, Variant
from grow.config.schema import GrowHead, Operator, RunSpec, Stage
from grow.nets import operators as growth
from grow.planning import stages as stageplans
from grow.planning.history import History
from grow.planning.stages import Pictures
from grow.planning.validate import parse
from tests.builders import CATS_DOGS, insert, record, resize, widen
from tests.finished import STAGES

SPEC = parse(STAGES, "stages.yaml")
"""8x8 with one block, then 16x16 with two; 2 and 12 epochs."""


def histories(*stages: tuple[int, int]) -> list[History]:
    """Stages of so many epochs, each of so many FLOPs."""
    return [
        tuple(record(n, training_flops=flops) for n in range(1, epochs + 1))
        for epochs, flops in stages
    ]


def controls(spec: RunSpec = SPEC, *stages: tuple[int, int]) -> dict[str, Variant]:
    found = arms.controls(spec, histories(*(stages or ((2, 10), (12, 100)))), classes=2)
    return {variant.name: variant for variant in found.variants}


def epochs(spec: RunSpec) -> list[int]:
    return [spec.training(stage).epochs for stage in spec.stages]


def growing(*operators: object) -> RunSpec:
    stages = (SPEC.stages[0], Stage(name="deeper", grow=operators, epochs=12))
    return SPEC.model_copy(update={"stages": stages})


def test_growth_is_the_stage_file_with_another_seed() -> None:
    (variant,) = arms.growths(SPEC, (), 11)
    assert variant == Variant("growth", SPEC.model_copy(update={"seed": 11}))
    assert variant.is_growth


def test_policies_share_the_stages_before_they_differ() -> None:
    strict, preserve = arms.growths(SPEC, ("strict", "preserve"), 3)
    assert (strict.name, preserve.name) == ("growth:strict", "growth:preserve")
    mine, other = (stageplans.plan_stages(v.spec, CATS_DOGS) for v in (strict, preserve))
    assert mine[0].fingerprint == other[0].fingerprint
    assert mine[1].fingerprint != other[1].fingerprint
    written = stageplans.plan_stages(SPEC, CATS_DOGS)
    assert other[1].fingerprint == written[1].fingerprint  # preserve is what the file says


@pytest.mark.parametrize("name", [SCRATCH_EPOCHS, SCRATCH_FLOPS, RESIZE_ONLY])
def test_every_control_ends_with_the_architecture_of_growth(name: str) -> None:
    final = growth.lineage(SPEC, classes=2)[-1]
    assert growth.lineage(controls()[name].spec, classes=2)[-1] == final
    assert stageplans.master_size(controls()[name].spec) == stageplans.master_size(SPEC)


def test_scratch_trains_as_many_epochs_or_as_many_flops() -> None:
    found = controls()
    assert epochs(found[SCRATCH_EPOCHS].spec) == [14]
    assert epochs(found[SCRATCH_FLOPS].spec) == [13]  # 1,220 FLOPs at 100 an epoch


@pytest.mark.parametrize(("early", "expected"), [(0, 12), (1, 13), (50, 13), (51, 14)])
def test_equal_flops_are_rounded_up_to_whole_epochs(early: int, expected: int) -> None:
    found = controls(SPEC, (2, early), (12, 100))
    assert epochs(found[SCRATCH_FLOPS].spec) == [expected]


def test_controls_follow_what_growth_really_trained() -> None:
    """Early stopping ended both stages of growth early; the controls end where it did."""
    stopping = parse(STAGES.replace("epochs: 2}", "epochs: 9, until: {plateau: {}}}"), "s.yaml")
    found = controls(stopping, (3, 10), (4, 100))
    assert epochs(found[SCRATCH_EPOCHS].spec) == [7]
    assert epochs(found[RESIZE_ONLY].spec) == [3, 4]
    for variant in found.values():
        for stage in variant.spec.stages:
            assert variant.spec.training(stage).until is None


def test_stages_that_did_not_come_are_in_no_control() -> None:
    more = Stage(name="deepest", grow=(resize(32), insert()))
    spec = SPEC.model_copy(update={"stages": (*SPEC.stages, more)})
    final = growth.lineage(SPEC, classes=2)[-1]
    for variant in controls(spec, (2, 10), (12, 100)).values():
        assert growth.lineage(variant.spec, classes=2)[-1] == final
        assert stageplans.master_size(variant.spec) == stageplans.master_size(spec) == (32, 32)


def test_a_repeated_growth_is_taken_as_often_as_it_came() -> None:
    text = """  - name: deeper
    repeat: up to 3
    grow: [{resize: 2x}, {insert: {filters: 4}}]
    stop: {gain: 0.5%}
"""
    spec = parse(STAGES.partition("  - name: deeper")[0] + text, "stages.yaml")
    final = growth.lineage(spec, classes=2)[2]
    found = controls(spec, (2, 10), (2, 100), (2, 100))
    assert epochs(found[RESIZE_ONLY].spec) == [2, 2, 2]
    for variant in found.values():
        assert growth.lineage(variant.spec, classes=2)[-1] == final
        assert len(variant.spec.rounds) == len(variant.spec.stages)
        assert stageplans.master_size(variant.spec) == (64, 64)


def test_scratch_is_trained_as_the_last_stage_is() -> None:
    last = SPEC.stages[-1].model_copy(update={"learning_rate": 0.5, "batch": 7})
    spec = SPEC.model_copy(update={"stages": (SPEC.stages[0], last)})
    scratch = controls(spec)[SCRATCH_EPOCHS].spec
    training = scratch.training(scratch.stages[0])
    assert (training.learning_rate, training.batch) == (0.5, 7)


def test_the_shorter_scratch_is_a_beginning_of_the_longer_one() -> None:
    """Only their epochs differ, so the engine goes on from one to the other."""
    first, second, _ = controls().values()
    assert (first.name, second.name) == (SCRATCH_FLOPS, SCRATCH_EPOCHS)
    one, other = (stageplans.plan_stages(v.spec, CATS_DOGS)[0].recipe for v in (first, second))
    one["training"]["epochs"] = other["training"]["epochs"]
    assert one == other


def test_resize_only_has_the_final_depth_on_growths_pictures() -> None:
    spec = controls()[RESIZE_ONLY].spec
    old, new = growth.lineage(spec, classes=2)
    assert (old.image, new.image) == ((8, 8, 3), (16, 16, 3))
    assert len(old.blocks) == len(new.blocks) == 2
    assert epochs(spec) == [2, 12]


def test_resize_only_spreads_its_weights_whatever_the_policy() -> None:
    (strict,) = arms.growths(SPEC, ("strict",), 3)
    assert controls(strict.spec)[RESIZE_ONLY].spec.stages[1].transfer.weights == "preserve"


def test_resize_only_freezes_nothing_since_it_has_no_new_layer_to_train() -> None:
    frozen = Stage(name="deeper", grow=SPEC.stages[1].grow, carried={"freeze": 1}, epochs=12)
    spec = SPEC.model_copy(update={"stages": (SPEC.stages[0], frozen)})
    found = controls(spec)[RESIZE_ONLY].spec
    assert found.stages[1].carried.freeze == 0
    stageplans.plan_stages(found, CATS_DOGS)  # planning refuses a freeze that leaves nothing


@pytest.mark.parametrize(
    ("operators", "why"),
    [
        ((insert(),), "all stages have the same image size"),
        ((resize(16),), "grows by resizing alone"),
        ((resize(64), *(insert() for _ in range(4))), "does not fit the first image size"),
    ],
)
def test_a_control_that_would_be_none_is_named_with_the_reason(
    operators: tuple[object, ...], why: str
) -> None:
    found = arms.controls(growing(*operators), histories((2, 1), (12, 1)), classes=2)
    assert [variant.name for variant in found.variants] == [SCRATCH_EPOCHS, SCRATCH_FLOPS] or [
        variant.name for variant in found.variants
    ] == [SCRATCH_FLOPS, SCRATCH_EPOCHS]
    ((name, reason),) = found.missing
    assert name == RESIZE_ONLY
    assert why in reason


def test_every_growth_operator_is_in_the_controls() -> None:
    spec = growing(resize(16), insert(6, at="start"), widen("block_1", 9))
    final = growth.lineage(spec, classes=2)[-1]
    for variant in controls(spec).values():
        assert growth.lineage(variant.spec, classes=2)[-1] == final


def test_the_first_seed_is_the_files_own_and_more_repeats_keep_the_earlier_ones() -> None:
    assert arms.seeds(7, 1) == (7,)
    five = arms.seeds(7, 5)
    assert five[0] == 7
    assert arms.seeds(7, 3) == five[:3]
    assert len(set(arms.seeds(7, 1000))) == 1000
    assert set(five[1:]).isdisjoint(arms.seeds(8, 5))


def test_controls_of_a_growth_by_classes_know_what_growth_knows() -> None:
    head = Operator(head=GrowHead(grow=("eel",)))
    spec = growing(resize(16), insert(4), head)
    found = controls_of(spec, classes=3)
    final = growth.lineage(spec, classes=3)[-1]
    animals = Pictures(("cat", "dog", "eel"), "1" * 64, (CATS_DOGS,))
    for variant in found.values():
        assert growth.lineage(variant.spec, classes=3)[-1] == final
    for name in (SCRATCH_FLOPS, SCRATCH_EPOCHS):
        (only,) = stageplans.plan_stages(found[name].spec, animals)
        assert only.classes == animals.classes
    first, last = stageplans.plan_stages(found[RESIZE_ONLY].spec, animals)
    assert (first.classes, last.classes) == (CATS_DOGS.classes, animals.classes)
    assert first.recipe["pictures"]["digest"] == CATS_DOGS.digest


def controls_of(spec: RunSpec, classes: int) -> dict[str, Variant]:
    found = arms.controls(spec, histories((2, 10), (12, 100)), classes)
    return {variant.name: variant for variant in found.variants}
