"""Why no finished stage of a run folder can be used again, in one sentence, and what keeps them.

Only what concerns all stages at once: other classes, other pictures. What else changed is in the
reasons of the lineup. An offer is made only where following it makes the finished stages be found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from grow.config.reader import flow
from grow.config.schema import GrowHead, Operator, RunSpec, Stage
from grow.errors import GrowthError
from grow.nets.transfer import named
from grow.planning.cache_key import Recipe, differences
from grow.planning.lineup import Action, Entry, Found
from grow.planning.stages import Pictures, plan_stages

_KEPT = (Action.REUSE, Action.RESUME, Action.EXTEND)


def sentence(spec: RunSpec, entries: Sequence[Entry], found: Sequence[Found]) -> str:
    """Why everything is trained again although stages are finished; empty where it is not.

    Args:
        spec: the stage file.
        entries: what a run does with each stage.
        found: the stage folders that are there.
    """
    done = [one for one in found if one.done and one.recipe.get("pictures")]
    if not done or any(entry.action in _KEPT for entry in entries):
        return ""
    lists = [_classes(one.recipe) for one in done]
    if not {entry.stage.classes for entry in entries} & set(lists):
        known = _nearest(lists, entries[-1].stage.classes)
        # The largest last: stages before a head that grew know some of its classes.
        of_it = [one for one in done if set(_classes(one.recipe)) <= set(known)]
        return _other_classes(
            spec, entries, sorted(of_it, key=lambda one: _classes(one.recipe) == known)
        )
    if any(_only_the_pictures(one.recipe, entry.stage.recipe) for one in done for entry in entries):
        return (
            "the pictures are not those that the finished stages were trained on, some were "
            "added, changed or removed: all stages will be trained again"
        )
    return ""


def _classes(recipe: Recipe) -> tuple[str, ...]:
    return tuple(recipe["pictures"].get("classes", ()))


def _nearest(lists: Sequence[tuple[str, ...]], now: Sequence[str]) -> tuple[str, ...]:
    """Of lists of classes that were known, the largest that lacks nothing, else the last."""
    kept = [known for known in lists if set(known) < set(now)]
    return max(kept, key=len) if kept else lists[-1]


def _only_the_pictures(old: Recipe, new: Recipe) -> bool:
    """Whether a first stage is another because of its pictures alone."""
    known = old["pictures"].get("digest"), new["pictures"]["digest"]
    changes = list(differences(old, new))
    return None not in known and known[0] != known[1] and len(changes) == 1


def _other_classes(spec: RunSpec, entries: Sequence[Entry], done: Sequence[Found]) -> str:
    now, known = entries[-1].stage.classes, _classes(done[-1].recipe)
    words = (
        f"the classes are now {named(now)}, and the finished stages know {named(known)}: "
        "all stages will be trained again"
    )
    gone = [name for name in known if name not in now]
    if gone:
        return (
            f"{words}; classes can be added by growing the head, but not removed or renamed "
            f"({named(gone)} {'is' if len(gone) == 1 else 'are'} gone)"
        )
    longer = _with_a_stage(spec, [name for name in now if name not in known], done)
    if longer is None:
        return words
    stage = longer.stages[-1]
    written = flow(stage.model_dump(mode="json", exclude_unset=True))
    try:
        stages = plan_stages(longer, _as_they_were(now, done))
    except GrowthError:
        return words
    if stages[0].fingerprint not in {one.fingerprint for one in done}:
        first = [one for one in done if one.number == 1]
        changes = [word for one in first for word in differences(one.recipe, stages[0].recipe)]
        also = f" ({', '.join(changes)})" if changes else ""
        return (
            f"{words}; a stage {written} would go on from what they learnt, "
            f"were nothing else changed{also}"
        )
    last = spec.stages[-1]
    before = f"write the repetitions of {last.name} out one by one, and " if last.repeat else ""
    return (
        f"{words}; to keep them and go on from there, as long as the pictures of "
        f"{named(known)} are what they were, {before}add one more entry at the end of stages: "
        f"{written}"
    )


def _with_a_stage(spec: RunSpec, new: Sequence[str], done: Sequence[Found]) -> RunSpec | None:
    """The stage file with a stage for the new classes; repetitions that were trained one by one."""
    said = {name for stage in spec.stages for op in stage.grow if op.head for name in op.head.grow}
    names = tuple(name for name in new if name not in said)
    if not names:
        return None
    last = max(one.number for one in done)
    rounds = spec.rounds
    kept = [r.stage for at, r in enumerate(rounds) if r.number == 1 or at < last]
    once = {"repeat": None, "stop": None}
    stages = [s.model_copy(update=once) if s.repeat else s for s in kept]
    taken = {stage.name.casefold() for stage in stages}
    name, number = "more-classes", 1
    while name in taken:
        number += 1
        name = f"more-classes-{number}"
    more = Stage(name=name, grow=(Operator(head=GrowHead(grow=names)),))
    return spec.model_copy(update={"stages": (*stages, more)})


def _as_they_were(now: tuple[str, ...], done: Sequence[Found]) -> Pictures:
    """All pictures, and those of the finished stages as they were, for each list of classes."""
    digests = {_classes(one.recipe): one.recipe["pictures"].get("digest") for one in done}
    earlier = tuple(Pictures(known, digest) for known, digest in digests.items())
    return replace(Pictures(now, None), earlier=earlier)
