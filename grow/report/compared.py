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
from grow.evidence import COSTS, Account, Estimate, SpeedUp
from grow.report.tables import Row, Table
from grow.report.words import duration, flops, plural
from grow.student import MOST_REPEATS

_WORDS = {
    "scratch_flops": "scratch, FLOPs",
    "scratch_epochs": "scratch, epochs",
    "resize_only": "resize only",
}

_EXPLAINED = (
    "scratch: the final architecture from random weights in one stage, with growth's training "
    "FLOPs (rounded up to whole epochs) or its epochs; resize only: the final depth from the "
    "start, on growth's picture sizes and epochs."
)
_ACCOUNTS: tuple[tuple[Account, str, str], ...] = (
    ("total", "speed-up, all stages counted", ""),
    ("marginal", "speed-up, last stage alone", "; the smaller model was there already"),
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
    speed_ups = (_speed_up(found, *account) for account in _ACCOUNTS)
    return (_ends(found), _repeats(found), _differences(found), _budgets(found), *speed_ups)


def _ends(found: Comparison) -> Part:
    on = found.setting.pictures.judged_on
    columns = ("variant", "accuracy", "loss", "FLOPs", "CPU time", "wall")
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
    return Part(f"at the end, on {on} pictures", columns, rows, MEANS)


MEANS = "means over repeats; ± half of the 95% interval"


def _repeats(found: Comparison) -> Part:
    on = found.setting.pictures.judged_on
    columns = ("seed", *(called(one.name) for one in found.summaries))
    rows = tuple(
        (str(seed), *(_percent(one.trials[place].end.accuracy) for one in found.summaries))
        for place, seed in enumerate(found.setting.seeds)
    )
    return Part(f"{on} accuracy of each repeat", columns, rows)


def _differences(found: Comparison) -> Part:
    on = found.setting.pictures.judged_on
    columns = ("against", "points", "95% interval", "p", "repeats", "for 1 point")
    rows = tuple(_difference(contrast, found) for contrast in found.contrasts)
    note = (
        "pairs of the same seed, paired t test, p by Holm's rule for all lines; repeats: how many "
        "tell this difference, or one of 1 point (two-sided 5%, power 80%, the spread seen here)"
    )
    return Part(f"{on} accuracy, growth less the other", columns, rows, note)


def _difference(contrast: Contrast, found: Comparison) -> tuple[str, ...]:
    difference = contrast.accuracy
    told = difference.estimate
    return (
        _against(contrast, found),
        _signed(told.mean),
        "-" if told.low is None or told.high is None else _interval(told, _signed),
        "-" if difference.p_adjusted is None else f"{difference.p_adjusted:.3f}",
        _count(difference.repeats_for_observed, told),
        _count(difference.repeats_for_a_point, told),
    )


def _count(count: int | None, told: Estimate) -> str:
    if told.spread is None:
        return "-"
    return f"over {MOST_REPEATS:,}" if count is None else f"{count:,}"


def _budgets(found: Comparison) -> Part:
    columns = ("variant", "growth's FLOPs", "growth's CPU time")
    rows = tuple(
        (called(one.name), _budget(one.at_equal_flops), _budget(one.at_equal_time))
        for one in found.summaries
    )
    note = f"the best epoch that ended by then; {MEANS}"
    return Part("best validation accuracy within", columns, rows, note)


def _budget(found: Estimate | None) -> str:
    return "no epoch" if found is None else _estimate(found, _percent)


def _speed_up(found: Comparison, account: Account, title: str, more: str) -> Part:
    columns = ("against", "FLOPs", "CPU time")
    rows = tuple(
        (_against(one, found), *(_factor(one.speed_ups[account, cost]) for cost in COSTS))
        for one in found.contrasts
    )
    note = (
        "how many times less growth spent to reach the other's best validation accuracy; "
        f"geometric means, with 95% intervals{more}"
    )
    return Part(title, columns, rows, note)


def _factor(found: SpeedUp) -> str:
    if found.estimate is None:
        return "not reached" if not found.reached else f"reached {found.reached}/{len(found.each)}"
    told = found.estimate
    if told.low is None or told.high is None:
        return _times(told.mean)
    return f"{_times(told.mean)} ({_interval(told, _times)})"


def _times(factor: float) -> str:
    return f"{factor:.2f}x" if factor < 100 else f"{factor:.0e}x"


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
    if found.low is None:
        return words(found.mean)
    return f"{words(found.mean)} ±{words(found.mean - found.low).removesuffix('%')}"


def _interval(found: Estimate, words: Callable[[float], str]) -> str:
    low, high = found.low or 0.0, found.high or 0.0
    return f"{words(low)} to {words(high)}"


def _percent(share: float) -> str:
    return f"{share * 100:.1f}%"


def _signed(share: float) -> str:
    return f"{share * 100:+.1f}"


def _loss(loss: float) -> str:
    return f"{loss:.3f}"
