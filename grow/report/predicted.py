"""Predictions as lines of text and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from grow.report.words import percent, plural

if TYPE_CHECKING:
    from grow.data.manifest import Unusable
    from grow.deploy.predict import Predictions

_MOST_NAMED = 20
"""How many unusable pictures are named one by one; JSON and CSV have them all."""


def prediction_lines(found: Predictions) -> Iterator[str]:
    """One line for each picture: class, probability, file; the accuracy last, if there is one."""
    names = [printable(name) for name in found.classes]
    width = max(map(len, names))
    for one in found.pictures:
        share = f"{percent(one.probability):>6}"
        yield f"{names[one.label]:<{width}}  {share}  {printable(one.picture)}"
    right, judged = found.judged
    if judged:
        yield (
            f"{percent(right / judged)} of {plural(judged, 'picture')} in folders named after "
            f"classes are given that class ({right:,})"
        )


def predictions_csv(found: Predictions) -> str:
    """The predictions as CSV with a heading; a picture that cannot be used says why."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    columns = [f"p_{name}" for name in found.classes]
    rows.writerow(["picture", "class", "probability", *columns, "unusable"])
    for one in found.pictures:
        name = found.classes[one.label]
        rows.writerow([one.picture, name, one.probability, *one.probabilities, ""])
    for bad in found.unusable:
        rows.writerow([bad.key, "", "", *("" for _ in columns), bad.reason])
    return text.getvalue()


def left_out_lines(found: Predictions) -> Iterator[str]:
    """Which pictures could not be used and why, and what was passed over."""
    yield from _named(found.unusable)
    if found.skipped:
        first = found.skipped[0]
        more = "" if len(found.skipped) == 1 else f" and {len(found.skipped) - 1:,} more"
        yield f"passed over: {printable(first.key)}{more}: {first.reason}"
    if found.unusable:
        total = len(found.pictures) + len(found.unusable)
        yield f"{len(found.unusable):,} of {plural(total, 'picture')} could not be used"


def _named(unusable: Sequence[Unusable]) -> Iterator[str]:
    for one in unusable[:_MOST_NAMED]:
        yield f"unusable: {printable(one.key)}: {one.reason}"
    if len(unusable) > _MOST_NAMED:
        yield f"and {len(unusable) - _MOST_NAMED:,} more; --json and --csv name them all"


def printable(name: str) -> str:
    """A file's name as it can be printed: on one line, and without what moves the cursor."""
    if name.isprintable():
        return name
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)
