"""How far what a place of the new model gives is what the old one gave there.

A ladder of four steps; of several inputs the worst counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from grow.nets.architecture import Shape


class Step(IntEnum):
    """Steps of the ladder, the best first."""

    SAME = 0
    CONDITIONAL = 1
    UNKNOWN = 2
    LOST = 3


@dataclass(frozen=True)
class Standing:
    """How what reaches a place stands to what reached it in the old model.

    Attributes:
        step: in one word.
        why: the first thing that is not what it was, in words.
        maps: behind a flatten, the old and the new maps' shape before it, where they differ.
    """

    step: Step
    why: str = ""
    maps: tuple[Shape, Shape] | None = None

    @property
    def fits(self) -> bool:
        """Whether something can be made of it, perhaps on a condition."""
        return self.step in (Step.SAME, Step.CONDITIONAL)


SAME = Standing(Step.SAME)


def conditional(why: str, maps: tuple[Shape, Shape] | None = None) -> Standing:
    """What it was if something holds; ``why`` says what it hangs on."""
    return Standing(Step.CONDITIONAL, why, maps)


def unknown(why: str) -> Standing:
    """Nobody here knows whether it is what it was."""
    return Standing(Step.UNKNOWN, why)


def lost(why: str) -> Standing:
    """Not what it was."""
    return Standing(Step.LOST, why)


def worst(standings: Iterable[Standing]) -> Standing:
    """The worst of several, the first among equals; the same where there is none."""
    return max(standings, key=lambda standing: standing.step, default=SAME)
