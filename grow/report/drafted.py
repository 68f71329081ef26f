"""What `grow init` shows: what was seen, what was chosen and why, how long, and what to do next.

Returns something Rich can print.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from grow.data.manifest import shown
from grow.planning.draft import Draft
from grow.planning.estimate import about
from grow.report.tables import Row, Table
from grow.report.words import plural, size

_SPLITS = {"train": "training", "validation": "validation", "test": "test"}
_CLASSES = 12
"""How many classes are shown one by one."""

_TOLD = ("stages", "validation", "range", "balance", "augment", "best")


def draft_page(draft: Draft) -> RenderableType:
    """The whole page; the last lines say what to do next."""
    look = draft.look
    parts: list[RenderableType] = [
        Text(
            f"{shown(look.place)}: {len(look.classes):,} classes, "
            f"{plural(look.total, 'picture')}, {'grey' if look.grey else 'colour'}",
            "bold",
        ),
        _counts(draft),
        Text(),
        _stages(draft),
        Text(),
        *(Text(shown(why)) for key in _TOLD if (why := draft.chosen.reasons[key])),
    ]
    parts += [Text(f"note: {shown(note)}", "yellow") for note in draft.notes]
    return Group(*parts, Text(), Text(_time(draft)), *_next(draft))


def _counts(draft: Draft) -> Table:
    """Pictures by class and split; of many classes only the first."""
    counts, names = draft.counts, draft.look.classes
    splits = [split for split, classes in counts.items() if any(classes.values())]
    about = ("train", "validation") if draft.set_aside else ()
    headings = tuple(_SPLITS[split] + (", about" if split in about else "") for split in splits)
    rows = [
        Row((shown(name), *(f"{counts[split][name]:,}" for split in splits)))
        for name in names[:_CLASSES]
    ]
    beyond = names[_CLASSES:]
    if beyond:
        totals = (f"{sum(counts[split][name] for name in beyond):,}" for split in splits)
        rows.append(Row((f"{len(beyond):,} more", *totals)))
    return Table(("class", *headings), tuple(rows), right=headings)


def _stages(draft: Draft) -> Table:
    seconds = draft.estimate.stage_seconds if draft.estimate else ()
    columns = ("stage", "image", "parameters", "epochs", *(["time, about"] if seconds else []))
    rows = []
    for place, stage in enumerate(draft.stages):
        cells = [
            f"{stage.number} {stage.name}",
            size(stage.architecture.image),
            f"{stage.architecture.parameters:,}",
            str(stage.training.epochs),
        ]
        cells += [about(seconds[place])] if seconds else []
        rows.append(Row(tuple(cells)))
    return Table(columns, tuple(rows), right=columns[2:])


def _time(draft: Draft) -> str:
    if draft.estimate is None:
        return "Not timed on this machine."
    return draft.estimate.words


def _next(draft: Draft) -> Iterator[Text]:
    file = shown(shlex.quote(str(draft.file)))
    yield Text(f"written to {shown(str(draft.file))}", "green")
    yield Text()
    yield Text("Next:", "bold")
    yield Text(f"  grow plan {file}")
    yield Text(f"  grow run {file}")
