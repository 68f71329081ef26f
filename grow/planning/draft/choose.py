"""From what was seen of a folder to the settings of a first stage file, each with its reason.

Pure functions of a `Look`. Owns the rules and their bounds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from grow.data.checks.balance import UNEVEN
from grow.errors import UsageError
from grow.planning.draft.look import Look, without_share

LARGEST = 64
"""The largest side that is chosen unless more stages are asked for: what is measured in docs."""

_LARGEST_ASKED = 256
_SMALLEST, _SMALLEST_ASKED, _USUAL = 7, 4, 16  # sides of stage 1
_STAGES = 3
_FEW = 50  # pictures to train on, fewer of which make two stages enough
_LIKE_MOST = 0.1  # of the pictures may be smaller than what the last stage sees

_SHARE, _SMALL_SHARE, _MANY = 0.2, 0.1, 5000
_COARSE = 100  # validation pictures, fewer of which make accuracy too coarse to choose by

_NAMES = ("small", "deeper", "deepest")

_SIDED = re.compile(
    r"(?<![a-z])(left|right|links|rechts|gauche|droite|izquierda|derecha|sinistra|destra|"
    r"clockwise|east|west)(?![a-z])",
    re.IGNORECASE,
)
_NUMBERS = frozenset(
    ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
)


@dataclass(frozen=True)
class Chosen:
    """The settings of a first stage file.

    Attributes:
        sides: height and width of each stage's pictures; the same twice where only the network
            can grow.
        channels: 3 for colour, 1 for grey.
        validation: the folder to validate on, or the share of the training pictures.
        balance: whether classes are weighed so that they count alike.
        mirror: whether pictures are mirrored left to right.
        distort: how far they are zoomed and slanted.
        batch: pictures a step.
        epochs: of each stage.
        best: which figure chooses the epoch that a stage ends with.
        dense: units of the hidden dense layer.
        reasons: why, in sentences, by the name of what was chosen.
        range: the stored values that become black and white; None for what is usual.
    """

    sides: tuple[int, ...]
    channels: int
    validation: str | float
    balance: bool
    mirror: bool
    distort: float
    batch: int
    epochs: tuple[int, ...]
    best: str
    dense: int
    reasons: dict[str, str]
    range: tuple[int, int] | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """What the stages are called."""
        count = len(self.sides)
        if count <= len(_NAMES):
            return _NAMES[:count]
        between = [f"deeper-{number}" for number in range(2, count - 1)]
        return ("small", "deeper", *between, "deepest")


def choose(look: Look, stages: int | None = None) -> Chosen:
    """The settings for a folder; ``stages`` says how many stages there are to be.

    Raises:
        UsageError: the pictures are too small for so many stages.
    """
    validation, why_validation = _validation(look)
    counts = without_share(look, validation)
    training, held = (sum(counts[split].values()) for split in ("train", "validation"))
    sides, why_sides = _sides(look, training, stages)
    mirror, distort, why_augment = _augment(look)
    balance, why_balance = _balance(look)
    batch, epochs, why_epochs = _amount(training, len(sides))
    best, why_best = _best(held)
    scale, why_range = _range(look)
    return Chosen(
        sides=sides,
        channels=1 if look.grey else 3,
        validation=validation,
        balance=balance,
        mirror=mirror,
        distort=distort,
        batch=batch,
        epochs=epochs,
        best=best,
        dense=32 if training < 200 else 128,
        reasons={
            "validation": why_validation,
            "range": why_range,
            "balance": why_balance,
            "augment": why_augment,
            "stages": why_sides,
            "epochs": why_epochs,
            "best": why_best,
        },
        range=scale,
    )


def side(look: Look) -> int:
    """The side that nine pictures of ten have at least, in pixels."""
    return look.short_sides[int(_LIKE_MOST * (len(look.short_sides) - 1))]


def most_stages(look: Look) -> int:
    """How many stages can be asked for: each has half the side of the next."""
    top = max(min(side(look), _LARGEST_ASKED), _SMALLEST_ASKED)
    # Where pictures are too small to begin with smaller ones, the network alone can grow.
    return max((top // _SMALLEST_ASKED).bit_length(), 2)


def _validation(look: Look) -> tuple[str | float, str]:
    folder, test = look.parts.get("validation"), look.parts.get("test")
    left = f" {test}/ is left to judge by: no choice depends on it." if test else ""
    if folder is not None:
        return folder, f"{folder}/ is there to choose epochs by.{left}"
    total = sum(look.training.values())
    share = _SHARE if total < _MANY else _SMALL_SHARE
    return share, f"One picture of {round(1 / share)} is set aside, to choose epochs by.{left}"


def _sides(look: Look, training: int, asked: int | None) -> tuple[tuple[int, ...], str]:
    """The side of each stage, the largest last."""
    there = side(look)
    seen = f"Nine pictures of ten have at least {there:,} pixels on their shorter side"
    if look.short_sides[0] < there:
        seen += f", the smallest {look.short_sides[0]:,}"
    if asked is not None:
        return _as_asked(look, asked), f"{_count(asked)}, as asked for. {seen}."
    wanted = _STAGES if training >= _FEW else 2
    top = min(there, LARGEST if training >= _FEW else LARGEST // 2)
    fit = 1
    while fit < wanted and top >> fit >= _SMALLEST:
        fit += 1
    if fit == 1:
        tiny = max(top, _SMALLEST_ASKED)
        why = "too few to begin with smaller ones, so the network alone grows"
        return (tiny, tiny), f"Two stages. {seen}: {why}."
    return _doubling(top, fit), f"{_count(fit)}. {seen}. {_why_so_many(there, training, fit)}"


def _why_so_many(there: int, training: int, fit: int) -> str:
    """Why there are not more or fewer stages, the sizes known."""
    if training < _FEW:
        return f"{training:,} pictures to train on have little to teach a third."
    if fit < _STAGES:
        return f"Below {_SMALLEST} pixels there is little to see, so there is no third."
    enough = f"{training:,} pictures to train on are enough for three."
    if there < 2 * LARGEST or training < _MANY:
        return enough
    double = 2 * LARGEST
    return (
        f"{enough} `grow init --stages 4` adds one of {double}x{double}, which costs some four "
        "times as much as the third."
    )


def _as_asked(look: Look, asked: int) -> tuple[int, ...]:
    most = most_stages(look)
    if not 1 <= asked <= most:
        raise UsageError(
            f"--stages: expected 1 to {most} for these pictures, found {asked}; nine of ten have "
            f"{side(look):,} pixels or more on their shorter side, and each stage halves the side",
            hint=f"--stages {most}, or without it for what is usual",
        )
    there = max(side(look), _SMALLEST_ASKED)
    if asked == 2 and there // 2 < _SMALLEST_ASKED:
        return there, there
    return _doubling(min(there, _LARGEST_ASKED, max(LARGEST, _USUAL << (asked - 1))), asked)


def _doubling(top: int, count: int) -> tuple[int, ...]:
    """So many sides, each twice the one before, the last as near below ``top`` as that allows."""
    first = top >> (count - 1)
    return tuple(first << place for place in range(count))


def _count(stages: int) -> str:
    words = {1: "One stage", 2: "Two stages", 3: "Three stages", 4: "Four stages"}
    return words.get(stages, f"{stages} stages")


def _augment(look: Look) -> tuple[bool, float, str]:
    """Whether pictures are mirrored, how far they are distorted, and why."""
    sided = [name for name in look.classes if _SIDED.search(name)]
    if sided:
        return False, 0.2, f"Not mirrored: a mirrored {sided[0]} may be another class."
    if all(_is_symbol(name) for name in look.classes):
        return (
            False,
            0.1,
            (
                "Not mirrored, and changed little: the classes look like digits or letters, which "
                "would become others."
            ),
        )
    return (
        True,
        0.2,
        (
            "Each time a little different, so that less is learnt by heart. Take flip away where "
            "left and right matter."
        ),
    )


def _is_symbol(name: str) -> bool:
    """Whether a class is a single character or a digit in words."""
    return len(name) == 1 or name.lower() in _NUMBERS


def _range(look: Look) -> tuple[tuple[int, int] | None, str]:
    """The range of pictures of 16 bits that use little of it, and why."""
    values = [one.stored for one in look.contents]
    narrow = any(remark.code == "few-levels" for remark in look.remarks)
    deep = [one for one in values if one is not None and one.kind == "16-bit"]
    if not narrow or not deep or len(deep) < len(values):
        return None, ""
    top = int(max(one.high for one in deep))
    seen = f"Stored in 16 bits, but the largest value found is {top:,}"
    if len(values) == look.total:
        return (0, top), f"{seen}: without this line {top:,} of 65,535 would be nearly black."
    depth = (1 << top.bit_length()) - 1  # some that were not looked at may go further
    return (0, depth), (
        f"{seen} in {len(values):,} of {look.total:,} pictures, as of {top.bit_length()} bits: "
        "without this line they would be nearly black."
    )


def _balance(look: Look) -> tuple[bool, str]:
    counts = {name: number for name, number in look.training.items() if number}
    most, least = max(counts, key=counts.__getitem__), min(counts, key=counts.__getitem__)
    ratio = counts[most] / counts[least]
    if ratio < UNEVEN:
        return False, ""
    return True, (
        f"There are {ratio:.1f} pictures of {most} for each one of {least}: weighed, all classes "
        "count alike."
    )


def _amount(training: int, stages: int) -> tuple[int, tuple[int, ...], str]:
    """Pictures a step, epochs of each stage, and why."""
    batch = 8 if training < 200 else 16 if training < 1000 else 32 if training < 50_000 else 64
    steps = -(-training // batch)
    early = min(max(-(-500 // steps), 8 if steps < 600 else 5), 40)
    last = min(max(-(-1000 // steps), 18 if steps < 600 else 10), 60)
    each = "step" if steps == 1 else "steps"
    why = (
        f"About {training:,} pictures in batches of {batch} make {steps:,} {each} an epoch; the "
        "best epoch of each stage is kept."
    )
    return batch, (*(early,) * (stages - 1), last), why


def _best(held: int) -> tuple[str, str]:
    """Which figure chooses the epoch, and why where it is not the usual one."""
    if held >= _COARSE:
        return "val_accuracy", ""
    return "val_loss", (
        f"The epoch is chosen by loss: accuracy on about {held:,} validation pictures moves in "
        f"steps of {100 / max(held, 1):.1f} points."
    )
