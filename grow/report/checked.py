"""What `grow data check` shows: counts, sizes, the giveaway test, and the findings.

Returns something Rich can print.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.text import Text

from grow.data.checks import Check, Finding, Severity, Sizes
from grow.data.checks.giveaway import Separation, Verdict
from grow.report.tables import Row, Table
from grow.report.words import percent, plural, size

_NAMED = 5
"""How many groups of pictures are named for each finding."""

_INDENT = "  "
_SPLITS = {"train": "training", "validation": "validation", "test": "test"}

_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}

_VERDICTS = {
    Verdict.NOTHING: ("no better than guessing", "dim"),
    Verdict.SLIGHT: ("slightly better than guessing", ""),
    Verdict.TRAINING_ONLY: ("gives the class away in training only", "yellow"),
    Verdict.BOTH: ("tells the classes everywhere", "cyan"),
    Verdict.UNCONFIRMED: ("tells the classes in training", "cyan"),
}


def check_page(found: Check) -> RenderableType:
    """The whole page; paths and words wrap, figures are never cut."""
    parts: list[RenderableType] = [Text(_heading(found), style="bold"), Text(), _counts(found)]
    if found.set_aside:
        parts.append(Text("Validation is a share of the training pictures, set aside."))
    if found.sizes is not None:
        parts += [Text(), *map(Text, _sizes(found.sizes))]
    parts += [Text(), *_giveaways(found.separations)]
    for finding in found.findings:
        parts += [Text(), *_finding(finding)]
    return Group(*parts, Text(), _result(found))


def _heading(found: Check) -> str:
    totals = (
        f"{sum(classes.values()):,} {_SPLITS[split]}"
        for split, classes in found.counts.items()
        if any(classes.values())
    )
    pictures = ", ".join(totals)
    classes = f"{len(found.classes):,} classes"
    return f"{found.source}: {classes}; {f'{pictures} pictures' if pictures else 'no pictures'}"


def _counts(found: Check) -> Table:
    splits = [split for split, classes in found.counts.items() if any(classes.values())]
    headings = tuple(_SPLITS[split] for split in splits)
    rows = tuple(
        Row((name, *(f"{found.counts[split][name]:,}" for split in splits)))
        for name in found.classes
    )
    return Table(("class", *headings), rows, right=headings)


def _sizes(sizes: Sizes) -> Iterator[str]:
    least, middle, greatest = sizes.aspects
    yield (
        f"sizes: {size(sizes.smallest)} to {size(sizes.largest)}, median {size(sizes.median)}; "
        f"width over height {least:.2f} to {greatest:.2f}, median {middle:.2f}"
    )
    kinds = (f"{name} {count:,}" for name, count in {**sizes.formats, **sizes.modes}.items())
    yield f"kinds: {', '.join(kinds)}"


def _giveaways(tested: tuple[Separation, ...]) -> Iterator[RenderableType]:
    if not tested:
        yield Text("giveaway test: too few pictures, or none that differ, to say anything")
        return
    first = tested[0]
    if first.bound >= 1.0:
        yield Text(
            "giveaway test: too few pictures, even a rule that is always right may be chance"
        )
        return
    yield Text(
        "giveaway test: how often one trivial statistic alone tells the class; guessing is right "
        f"on {percent(first.chance)}, and up to {percent(first.bound)} in training may be chance"
    )
    splits = [split for split in ("validation", "test") if any(split in s.others for s in tested)]
    headings = ("training", *splits)
    rows = tuple(
        Row((one.name, percent(one.training), *_elsewhere(one, splits)), *_VERDICTS[one.verdict])
        for one in tested
    )
    yield Table(("statistic", *headings), rows, right=headings, note="verdict")


def _elsewhere(one: Separation, splits: list[str]) -> Iterator[str]:
    for split in splits:
        yield percent(one.others[split].accuracy) if split in one.others else "-"


def _finding(finding: Finding) -> Iterator[RenderableType]:
    yield Text.assemble((f"{finding.severity}: ", _STYLES[finding.severity]), finding.words)
    if finding.advice:
        yield _Indented(finding.advice)
    for group in finding.groups[:_NAMED]:
        beyond = len(group.pictures) - _NAMED
        names = " = ".join(group.pictures[:_NAMED])
        names += f" and {beyond:,} more" if beyond > 0 else ""
        yield _Indented(f"{names}: {group.why}" if group.why else names)
    more = len(finding.groups) - _NAMED
    if more > 0:
        yield _Indented(f"and {more:,} more; --json lists all")


@dataclass(frozen=True)
class _Indented:
    """Words and names below a finding: wrapped where there is no room, never cut."""

    words: str

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        room = max(options.max_width - len(_INDENT), 1)
        wrapped = Text(self.words, overflow="fold").wrap(console, room)
        yield from (Text(_INDENT).append_text(part) for part in wrapped)


def _result(found: Check) -> Text:
    counts: Mapping[Severity, int] = {one: found.count(one) for one in Severity}
    named = [plural(count, one.value) for one, count in counts.items() if count]
    if counts[Severity.ERROR]:
        return Text(f"{', '.join(named)}: training would be refused", style="bold red")
    if not named:
        return Text("nothing found that is wrong", style="green")
    words = ", ".join(named)
    grave = counts[Severity.WARNING]
    return Text(words if grave else f"{words}; nothing grave", style="yellow" if grave else "green")
