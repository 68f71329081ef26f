"""A run as Markdown to paste into an issue, a README or a lab book: tables and plain sentences.

No HTML in it, and nothing a name could turn into markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from grow.config.write import to_yaml
from grow.report import result, summary
from grow.report.confusion import by_class, dense, frequent
from grow.report.transfers import TRANSFER_COLUMNS, together, transfer_rows
from grow.report.words import listing, probability
from grow.runs.findings import Findings
from grow.runs.result import Run, StageResult

MOST_NUMBERS = 12
"""Up to how many classes the confusion matrix is written as a table."""

_MOST_CONFUSIONS = 20


def markdown_text(run: Run) -> str:
    """The report as Markdown text."""
    parts = [f"# {_escaped(run.name)}", *_result(run)]
    for one in run.stages:
        parts += _stage(one, run.classes)
    parts += [*_errors(run), *_made(run)]
    text = "\n\n".join(parts) + "\n"
    return text.encode(errors="backslashreplace").decode()


def _result(run: Run) -> list[str]:
    found = result.headline(run)
    words = f"**{found.figure}** {found.words}" if found.figure else found.words
    if found.interval:
        words += f" ({found.interval})"
    rest = " ".join(filter(None, (found.chosen, result.remarks(run))))
    rows = [summary.stage_cells(one) for one in run.stages]
    return [
        f"{words}." if found.figure else words,
        *([rest] if rest else []),
        _table(summary.STAGE_COLUMNS, rows, right=range(2, 10)),
        f"Total: {summary.totals(run.stages)}.",
    ]


def _stage(one: StageResult, classes: Sequence[str]) -> list[str]:
    plan = one.plan.transfer
    parts = [f"## Stage {one.plan.number}: {_escaped(one.plan.name)}"]
    parts.append(_escaped(summary.stage_facts(one, classes)))
    if plan is None:
        return parts
    rows = [row for row in transfer_rows(plan) if not row.idle]
    idle = ", ".join(row.cells[0] for row in transfer_rows(plan) if row.idle)
    parts.append(_table(TRANSFER_COLUMNS, [row.cells for row in rows], right=(4,)))
    if idle:
        parts.append(_escaped(f"Layers without weights, nothing to copy: {idle}."))
    why = "; ".join(together(plan.why))
    verdict = f"{plan.totals()}; policy: {plan.policy}; optimizer state: {plan.optimizer}."
    parts.append(verdict)
    scope = f" {_escaped(plan.scope)}" if plan.scope else ""
    parts.append(f"Verdict: **{plan.verdict}**{scope}" + (f": {_escaped(why)}." if why else "."))
    if one.shock is not None:
        parts.append(summary.shock_words(one.shock, plan))
    return parts


def _errors(run: Run) -> list[str]:
    subject = result.subject(run)
    if subject is None or subject.findings is None:
        return ["## Errors", _escaped(result.unknown_errors(run))]
    findings, classes = subject.findings, subject.plan.classes
    wrong = findings.pictures - findings.right
    parts = ["## Errors"]
    parts.append(
        f"Stage {subject.plan.number} {_escaped(subject.plan.name)}, on "
        f"{findings.pictures:,} {findings.split} images: {wrong:,} misclassified."
    )
    if len(classes) <= MOST_NUMBERS:
        parts.append("Confusion matrix: rows are true classes, columns are predicted classes.")
        parts.append(_matrix(findings, classes))
    elif wrong:
        pairs = frequent(findings, classes, _MOST_CONFUSIONS)
        rows = [(one.name, one.taken_for, str(one.count), f"{one.share:.0%}") for one in pairs]
        parts.append("The most frequent confusions:")
        parts.append(_table(("true", "predicted", "images", "share of the class"), rows, (2, 3)))
    return [*parts, *_worst(findings, classes)]


def _matrix(findings: Findings, classes: Sequence[str]) -> str:
    numbers = dense(findings, len(classes))
    rows = [
        (one.name, *map(str, row), "-" if one.recall is None else f"{one.recall:.1%}")
        for one, row in zip(by_class(findings, classes), numbers, strict=True)
    ]
    return _table(("", *classes, "recall"), rows, range(1, len(classes) + 2))


def _worst(findings: Findings, classes: Sequence[str]) -> list[str]:
    if not findings.mistakes:
        return []
    rows = [
        (
            one.key,
            f"{classes[one.label]} ({probability(one.probability)})",
            ", ".join(f"{classes[g.label]} ({probability(g.probability)})" for g in one.guesses),
        )
        for one in findings.mistakes
    ]
    columns = ("image", "true", "predictions")
    return ["Most confident mistakes:", _table(columns, rows)]


def _made(run: Run) -> list[str]:
    versions = next((r.versions for r in reversed(run.stages) if r.versions), {})
    facts = [
        f"- command: {_code(run.log.command)}" if run.log.command else "",
        _escaped(f"- {summary.pictures_words(run)} ({listing(run.classes)})"),
        f"- {summary.unusable_words(run)}" if run.log.counts else "",
        f"- versions: {', '.join(f'{name} {number}' for name, number in versions.items())}"
        if versions
        else "",
    ]
    text = to_yaml(run.spec).rstrip()
    fence = "`" * (_longest_run(text) + 3)
    return [
        "## How it was made",
        "\n".join(filter(None, facts)),
        f"{fence}yaml\n{text}\n{fence}",
    ]


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]], right: Iterable[int] = ()) -> str:
    flushed = set(right)
    rule = ["--:" if at in flushed else "---" for at in range(len(columns))]
    lines = [[_escaped(cell) for cell in row] for row in (columns, *rows)]
    lines.insert(1, rule)
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


_SPECIAL = re.compile(r"([\\`*{}\[\]<>#|~!&]|(?<!\w)_|_(?!\w))")


def _escaped(words: str) -> str:
    """Words that mean nothing but themselves in Markdown, on one line."""
    lines = " ".join(words.split())
    return _SPECIAL.sub(r"\\\1", lines)


def _code(words: str) -> str:
    fence = "`" * (_longest_run(words) + 1)
    space = " " if words.startswith("`") or words.endswith("`") else ""
    return f"{fence}{space}{' '.join(words.split())}{space}{fence}"


def _longest_run(words: str) -> int:
    """The longest run of backticks."""
    return max((len(run) for run in re.findall("`+", words)), default=0)
