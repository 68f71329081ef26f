"""Which classes each stage of a stage file knows, where some are new from a later stage on.

A stage that grows the head (`head: {grow: [tri]}`) names the classes that are new from it on; the
stages before it know all others. So what an earlier stage is trained on does not depend on what
is added later, and a stage that was trained before there was a new class is found again. Pure.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from grow.config.schema import RunSpec
from grow.errors import GrowthError


def new_classes(run: RunSpec) -> tuple[tuple[str, ...], ...]:
    """For each stage that may come, the classes that are new from it on, by name."""
    return tuple(
        tuple(name for operator in later.stage.grow if operator.head for name in operator.head.grow)
        for later in run.rounds
    )


def later_classes(run: RunSpec) -> tuple[frozenset[str], ...]:
    """For each stage that may come, the classes that only a later one knows."""
    new = new_classes(run)
    return tuple(
        frozenset(name for names in new[place + 1 :] for name in names) for place in range(len(new))
    )


def later_sets(run: RunSpec) -> tuple[frozenset[str], ...]:
    """Each set of classes that some stage does not know yet, once."""
    return tuple(dict.fromkeys(names for names in later_classes(run) if names))


def by_stage(run: RunSpec, classes: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """For each stage that may come, the classes it knows, in label order.

    Args:
        run: the stage file.
        classes: names of all classes, in label order.

    Raises:
        GrowthError: a new class is none of them, is new twice, or leaves fewer than two before
            it; ``path`` leads to it from the top of the file.
    """
    known = list(classes)
    for later in run.rounds:
        for place, operator in enumerate(later.stage.grow):
            for at, name in enumerate(operator.head.grow if operator.head else ()):
                where = ("stages", later.entry, "grow", place, "head", "grow", at)
                if name not in known:
                    raise _no_such_class(name, classes, later.stage.name, where)
                known.remove(name)
                if len(known) < 2:
                    raise GrowthError(
                        f"stage {later.stage.name}: expected two or more classes that the first "
                        f"stage knows, found {_named(known)}",
                        path=where,
                        hint="name only classes here that come later",
                    )
    return tuple(
        tuple(name for name in classes if name not in later) for later in later_classes(run)
    )


def _no_such_class(
    name: str, classes: Sequence[str], stage: str, where: tuple[str | int, ...]
) -> GrowthError:
    if name in classes:
        text, hint = f'expected each new class once, found "{name}" again', "remove one of the two"
    else:
        near = difflib.get_close_matches(name, classes, n=1)
        text = f'expected a class of the pictures ({_named(classes)}), found "{name}"'
        hint = (
            f'did you mean "{near[0]}"?'
            if near
            else "name a class that the pictures have, or remove it"
        )
    return GrowthError(f"stage {stage}: {text}", path=where, hint=hint)


def _named(classes: Sequence[str], most: int = 10) -> str:
    more = f" and {len(classes) - most} more" if len(classes) > most else ""
    return ", ".join(classes[:most]) + more
