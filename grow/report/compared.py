"""The page of a comparison: the verdict, what each variant came to, and how sure that is.

Returns something Rich can print; Markdown is made from the same cells. No Keras.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.text import Text

from grow.comparison import Comparison, Contrast
from grow.evidence import Account, Cost, Estimate, SpeedUp
from grow.report.tables import Row, Table
from grow.report.words import duration, flops, plural
from grow.student import MOST_REPEATS

_WORDS = {
    "scratch_flops": "scratch, equal FLOPs",
    "scratch_epochs": "scratch, equal epochs",
    "resize_only": "resize only",
}
_ACCOUNTS: dict[Account, str] = {"total": "all stages counted", "marginal": "last stage alone"}
_COSTS: dict[Cost, str] = {"flops": "FLOPs", "cpu_seconds": "CPU time"}

_EXPLAINED = (
    "scratch: the final architecture from random weights, in one stage; "
    "resize only: the final depth from the start, on the pictures and epochs of growth."
)


@dataclass(frozen=True)
class Part:
    """A table with what it shows.

    Attributes:
        title: its headline.
        columns: headings of the columns.
        rows: its cells.
        note: what is to be known of it.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def comparison_page(found: Comparison) -> RenderableType:
    """What `grow compare` ends with."""
    lines: list[RenderableType] = [Text()]
    lines += [Text(verdict_line(found, place), "bold") for place in range(len(found.verdicts))]
    lines.append(Text(setting_line(found)))
    for part in parts(found):
        rows = tuple(Row(cells) for cells in part.rows)
        lines += [Text(), Text(part.title, "bold")]
        lines.append(Table(part.columns, rows, right=part.columns[1:]))
        if part.note:
            lines.append(Text(part.note, "dim"))
    lines += [Text(), *(Text(note) for note in notes(found))]
    lines.append(Text(f"figures and curves are in {found.setting.folder}", no_wrap=True))
    return Group(*lines)


def comparison_markdown(found: Comparison) -> str:
    """The same as Markdown, to paste."""
    lines = [f"## {found.setting.name}: did growing help?", ""]
    for place in range(len(found.verdicts)):
        lines += [f"**{verdict_line(found, place)}**", ""]
    lines += [setting_line(found), ""]
    for part in parts(found):
        lines += [f"### {part.title[0].upper()}{part.title[1:]}", "", *_markdown_table(part), ""]
        if part.note:
            lines += [part.note, ""]
    return "\n".join([*lines, *(f"- {note}" for note in notes(found))]) + "\n"


def _markdown_table(part: Part) -> Iterator[str]:
    yield f"| {' | '.join(part.columns)} |"
    yield "|" + "|".join(["---", *("---:" for _ in part.columns[1:])]) + "|"
    for cells in part.rows:
        yield f"| {' | '.join(cells)} |"


def verdict_line(found: Comparison, place: int) -> str:
    """One verdict; with several growths it says which one it is about."""
    verdict = found.verdicts[place]
    return f"{verdict.growth}: {verdict.sentence}" if len(found.verdicts) > 1 else verdict.sentence


def setting_line(found: Comparison) -> str:
    """What was compared on what."""
    setting, pictures = found.setting, found.setting.pictures
    counts = ", ".join(f"{count:,} {split}" for split, count in pictures.counts.items() if count)
    threads = f", {plural(setting.threads, 'thread')} each"
    return f"{plural(len(setting.seeds), 'repeat')}{threads}; pictures: {counts}"


def parts(found: Comparison) -> tuple[Part, ...]:
    """The tables of a comparison, as words."""
    return (_ends(found), _budgets(found), _differences(found), _speed_ups(found))


def _ends(found: Comparison) -> Part:
    on = found.setting.pictures.judged_on
    columns = ("variant", f"{on} accuracy", f"{on} loss", "FLOPs", "CPU time", "wall time")
    rows = tuple(
        (
            called(summary.name),
            _estimate(summary.accuracy, _percent),
            _estimate(summary.loss, _loss),
            flops(summary.flops.mean),
            duration(summary.cpu_seconds.mean),
            duration(summary.seconds.mean),
        )
        for summary in found.summaries
    )
    return Part("at the end", columns, rows, "means and 95% intervals over repeats")


def _budgets(found: Comparison) -> Part:
    columns = ("variant", "within growth's FLOPs", "within growth's CPU time")
    rows = tuple(
        (called(one.name), _budget(one.at_equal_flops), _budget(one.at_equal_time))
        for one in found.summaries
    )
    note = "the best epoch that ended by then; always on validation pictures"
    return Part("best validation accuracy on equal budgets", columns, rows, note)


def _budget(found: Estimate | None) -> str:
    return "no epoch" if found is None else _estimate(found, _percent)


def _differences(found: Comparison) -> Part:
    on = found.setting.pictures.judged_on
    columns = ("against", "points", "95% interval", "p (Holm)", "repeats to tell it", "to tell 1")
    rows = tuple(_difference(contrast, found) for contrast in found.contrasts)
    note = "pairs of the same seed; repeats: two-sided 5%, power 80%, at the spread seen here"
    return Part(f"{on} accuracy, growth less the other", columns, rows, note)


def _difference(contrast: Contrast, found: Comparison) -> tuple[str, ...]:
    difference = contrast.accuracy
    told = difference.estimate
    return (
        _against(contrast, found),
        f"{told.mean * 100:+.1f}",
        "-" if told.low is None or told.high is None else _interval(told, _signed),
        "-" if difference.p_adjusted is None else f"{difference.p_adjusted:.3f}",
        _repeats(difference.repeats_for_observed, told),
        _repeats(difference.repeats_for_a_point, told),
    )


def _repeats(count: int | None, told: Estimate) -> str:
    if told.spread is None:
        return "-"
    return f"over {MOST_REPEATS:,}" if count is None else f"{count:,}"


def _speed_ups(found: Comparison) -> Part:
    columns = ("against", *(f"{_COSTS[cost]}, {words}" for cost, words in _both()))
    rows = tuple(
        (
            _against(contrast, found),
            *(_factor(contrast.speed_ups[account, cost]) for account in _ACCOUNTS for cost in _COSTS),
        )
        for contrast in found.contrasts
    )
    note = (
        "how many times less growth spent to reach the other's best validation accuracy; "
        f"{_ACCOUNTS['marginal']}: the smaller model was there already"
    )
    return Part("speed-up", columns, rows, note)


def _both() -> Iterator[tuple[Cost, str]]:
    for words in _ACCOUNTS.values():
        for cost in _COSTS:
            yield cost, words


def _factor(found: SpeedUp) -> str:
    if found.estimate is None:
        return "not reached" if not found.reached else f"reached {found.reached}/{len(found.each)}"
    return _estimate(found.estimate, lambda value: f"{value:.2f}x")


def notes(found: Comparison) -> tuple[str, ...]:
    """What has to be known to read the figures rightly."""
    pictures = found.setting.pictures
    judged = pictures.counts.get(pictures.judged_on, 0)
    mean = found.summaries[0].accuracy.mean
    error = math.sqrt(mean * (1 - mean) / judged) * 100 if judged else 0.0
    lines = [_EXPLAINED]
    if pictures.judged_on == "validation":
        lines.append(
            "There are no test pictures: the figures are of the validation pictures that the best "
            "epochs were chosen on, so all of them flatter."
        )
    lines.append(
        f"All repeats share their {judged:,} {pictures.judged_on} pictures: the intervals say how "
        f"much the seed matters; the accuracy itself has a standard error of {error:.1f} points."
    )
    missing = found.setting.missing
    lines += [f"No control `{called(name)}`: {why}." for name, why in missing]
    return tuple(lines)


def called(name: str) -> str:
    """A variant's name for people."""
    return _WORDS.get(name, name)


def _against(contrast: Contrast, found: Comparison) -> str:
    other = called(contrast.other)
    return f"{contrast.growth} - {other}" if len(found.verdicts) > 1 else other


def _estimate(found: Estimate, words: Callable[[float], str]) -> str:
    if found.low is None or found.high is None:
        return words(found.mean)
    return f"{words(found.mean)} ({_interval(found, words)})"


def _interval(found: Estimate, words: Callable[[float], str]) -> str:
    low, high = found.low or 0.0, found.high or 0.0
    return f"{words(low)} to {words(high)}"


def _percent(share: float) -> str:
    return f"{share * 100:.1f}%"


def _signed(share: float) -> str:
    return f"{share * 100:+.1f}"


def _loss(loss: float) -> str:
    return f"{loss:.3f}"
