"""A model card: what is known of a trained model, as Markdown, limits included.

One pure function from the value that `carding` gathers; measures and prints nothing. After
Mitchell et al. 2019, "Model Cards for Model Reporting", arXiv:1810.03993.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from grow.config.schema import Data, DrawnData, FolderData, KerasData, NpyData, TfdsData
from grow.report.summary import divergence_words
from grow.report.words import duration, flops, listing, percent, plural, size

if TYPE_CHECKING:
    from grow.data.manifest import Split
    from grow.deploy.card import Card, Measured
    from grow.runs.result import StageResult

_Z = 1.959963984540054
"""The normal distribution's 97.5% point: intervals of 95%."""


def card_markdown(card: Card) -> str:
    """The card as Markdown, ending in a line break."""
    stage = card.stage.plan
    title = f"# Model card: {_inline(card.run.name)}, stage {stage.number} {_inline(stage.name)}"
    sections = (
        _opening(card),
        _figures(card),
        _limits(card),
        _data(card),
        _use(card),
        _architecture(card),
        _training(card),
        _again(card),
    )
    return "\n\n".join([title, *("\n".join(lines) for lines in sections)]) + "\n"


def wilson(right: int, total: int) -> tuple[float, float]:
    """The 95% score interval of a share (Wilson 1927, JASA 22, 209-212), in [0, 1]."""
    share = right / total
    middle = share + _Z**2 / (2 * total)
    half = _Z * math.sqrt(share * (1 - share) / total + _Z**2 / (4 * total**2))
    below = 1 + _Z**2 / total
    return max(0.0, (middle - half) / below), min(1.0, (middle + half) / below)


def _opening(card: Card) -> list[str]:
    image = card.notes.preprocessing.image
    kind = "colour" if image[2] == 3 else "grey"
    stages = card.lineage
    grown = f"grown over {plural(len(stages), 'stage')}" if len(stages) > 1 else "of one stage"
    return [
        f"A small convolutional network, {grown}, that sorts {kind} pictures of any size into "
        f"{len(card.notes.classes)} classes: "
        f"{', '.join(_inline(name) for name in card.notes.classes)}. Trained from random weights "
        "on the pictures below and nothing else."
    ]


def _figures(card: Card) -> list[str]:
    lines = ["## Figures", ""]
    best = card.stage.best
    if best is not None and not best.validated:
        lines += [
            f"Epoch {best.epoch} of {len(card.stage.history)} is the one kept: the last. Nothing "
            "was validated on in training.",
            "",
        ]
    elif best is not None:
        lines += [
            f"Epoch {best.epoch} of {len(card.stage.history)} is the one kept: validation accuracy "
            f"{percent(best.val_accuracy)}, validation loss {best.val_loss:.4f}, as recorded in "
            "training.",
            "",
        ]
    if not card.measured:
        reason = card.trouble or "the pictures there are now have other classes"
        if not card.trouble and best is not None and not best.validated:
            reason = "there are neither validation nor test pictures"
        return [*lines, f"Not measured again when this card was written: {_inline(reason)}"]
    lines += [
        "Measured when this card was written, with the saved model:",
        "",
        "| pictures | classed rightly | 95% interval | by always naming the largest class |",
        "|---|---:|---|---:|",
        *(_figure_row(split, figures) for split, figures in card.measured.items()),
        "",
        *_by_class(card.measured),
    ]
    if "validation" not in card.measured:
        return [*lines, "", "The test pictures decided nothing."]
    chose = "The validation pictures chose the epoch, so their figure is a little too good."
    if "test" in card.measured:
        return [*lines, "", f"{chose} The test pictures decided nothing."]
    return [*lines, "", f"{chose} There are no test pictures, so no figure here is free of that."]


def _figure_row(split: Split, figures: Measured) -> str:
    right, total = sum(figures.right.values()), sum(figures.total.values())
    low, high = wilson(right, total)
    largest = percent(max(figures.total.values()) / total)
    return (
        f"| {split} | {percent(figures.accuracy)} of {total:,} | {percent(low)} to "
        f"{percent(high)} | {largest} |"
    )


def _by_class(measured: Mapping[Split, Measured]) -> Iterator[str]:
    yield f"| class | {' | '.join(measured)} |"
    yield f"|---|{'---:|' * len(measured)}"
    for name in next(iter(measured.values())).total:
        cells = (_share(one.right[name], one.total[name]) for one in measured.values())
        yield f"| {_inline(name)} | {' | '.join(cells)} |"


def _share(right: int, total: int) -> str:
    return f"{percent(right / total)} of {total:,}" if total else "none"


def _limits(card: Card) -> list[str]:
    return ["## Limits", "", *(f"- {limit}" for limit in _each_limit(card))]


def _each_limit(card: Card) -> Iterator[str]:
    height, width, _ = card.notes.preprocessing.image
    yield (
        "It answers with one of its classes whatever it is shown, a picture of something else "
        "included."
    )
    yield f"It sees {height} x {width} pixels of each picture. What is smaller is lost."
    yield "Its probabilities have not been calibrated: 90% need not be right nine times in ten."
    yield (
        f"One training with one seed ({card.run.spec.seed}). Another seed gives another model, and "
        "figures that differ by chance."
    )
    if card.run.spec.data.source == "drawn":
        yield "Trained on drawn pictures: nothing here tells how it does on photographs."
    else:
        yield (
            "The figures hold for pictures like those it was trained on. Where they come from, "
            "what they lack and who may use them, this card does not know."
        )
    if card.pictures is not None and card.pictures.changed:
        yield (
            "The pictures have changed since the training: counts and measured figures are of "
            "those there are now."
        )


def _source(data: Data) -> str:
    match data:
        case DrawnData():
            return "Drawn by grow"
        case KerasData() | TfdsData():
            return f"The data set `{_inline(data.name)}` of {data.source}"
        case NpyData():
            return f"The arrays `{_inline(data.images)}` and `{_inline(data.labels)}`"
        case FolderData():
            return f"The folder `{_inline(data.path)}`"
        case _:
            return f"The file `{_inline(data.path)}`"


def _data(card: Card) -> list[str]:
    data = card.run.spec.data
    source = _source(data)
    lines = ["## Data", "", f"{source}, prepared with fit `{data.fit}`."]
    pictures = card.pictures
    if pictures is None:
        return [*lines, "", f"Not looked at when this card was written: {_inline(card.trouble)}"]
    counts = {split: classes for split, classes in pictures.counts.items() if any(classes.values())}
    lines += ["", f"| class | {' | '.join(counts)} |", f"|---|{'---:|' * len(counts)}"]
    for name in card.notes.classes:
        cells = (f"{classes.get(name, 0):,}" for classes in counts.values())
        lines.append(f"| {_inline(name)} | {' | '.join(cells)} |")
    lines += ["", *_unusable(pictures.unusable)]
    return lines


def _unusable(reasons: Mapping[str, int]) -> Iterator[str]:
    if not reasons:
        yield "Nothing in the source was left out."
        return
    yield "Left out:"
    yield ""
    for reason, count in sorted(reasons.items(), key=lambda item: (-item[1], item[0])):
        yield f"- {count:,}: {_inline(reason)}"


def _use(card: Card) -> list[str]:
    height, width, channels = card.notes.preprocessing.image
    kind = "colours red, green and blue" if channels == 3 else "luminance"
    if len(card.notes.classes) == 2:
        outputs = f"One number: the probability of `{_inline(card.notes.classes[1])}`"
    else:
        outputs = "One probability for each class, in the order above"
    return [
        "## Use",
        "",
        f"- Input: `(batch, {height}, {width}, {channels})`, float32, {kind} in [0, 255]. The "
        "model rescales by itself.",
        f"- {_steps(card)}. `grow predict` does that, and so do a few lines of Python: see "
        "`docs/using-the-model.md` in grow.",
        f"- Output: {outputs[0].lower()}{outputs[1:]}.",
    ]


def _steps(card: Card) -> str:
    """What is done to a picture before the model sees it."""
    how = card.notes.preprocessing
    low, high = how.scale or (0, 255)
    scale = f"scaled from {low:g}..{high:g}, " if how.scale else ""
    fit = "cut to the middle part in these proportions, " if how.fit == "crop" else ""
    words = (
        f"A picture is turned upright, {scale}laid over white where it is transparent, {fit}"
        f"brought to {how.master[0]} x {how.master[1]} (area means where it shrinks)"
    )
    if how.master == how.image[:2]:
        return words
    return f"{words}, and then to {how.image[0]} x {how.image[1]} by exact area means"


def _architecture(card: Card) -> list[str]:
    architecture = card.stage.plan.architecture
    rows = [
        f"| `{row.name}` | {row.layer.kind} | {size(row.output)} | {row.parameters:,} |"
        for row in architecture.placed()
    ]
    total = (
        f"{plural(architecture.parameters, 'parameter')}; "
        f"{flops(architecture.training_flops)} to train on a picture once."
    )
    head = ["| layer | kind | output | parameters |", "|---|---|---|---:|"]
    return ["## Architecture", "", *head, *rows, "", total]


def _training(card: Card) -> list[str]:
    head = "| stage | image | parameters | epochs | val accuracy | transfer plan | time |"
    training, data = card.stage.plan.training, card.run.spec.data
    changes = data.augment.model_dump(mode="json", exclude_defaults=True)
    augment = ", ".join(f"{key} {value}" for key, value in changes.items()) or "none"
    return [
        "## Training",
        "",
        head,
        "|---|---|---:|---:|---:|---|---:|",
        *(_stage_row(stage) for stage in card.lineage),
        "",
        f"The last stage: {training.optimizer}, learning rate {training.learning_rate:g} at the "
        f"start, batches of {training.batch}, augmentation: {augment}. All settings are in the "
        "stage file below.",
        *(
            f"\nStage {stage.plan.number} {_inline(stage.plan.name)}: {words}."
            for stage in card.lineage
            for words in divergence_words(stage)
        ),
    ]


def _stage_row(stage: StageResult) -> str:
    plan, best = stage.plan, stage.best
    transfer = "the start" if plan.transfer is None else str(plan.transfer.verdict)
    accuracy = f"{percent(best.val_accuracy)} @{best.epoch}" if best and best.validated else "-"
    seconds = sum(one.seconds for one in stage.happened)
    return (
        f"| {plan.number} {_inline(plan.name)} | {size(plan.architecture.image)} | "
        f"{plan.architecture.parameters:,} | {len(stage.history)} | {accuracy} | {transfer} | "
        f"{duration(seconds)} |"
    )


def _again(card: Card) -> list[str]:
    known = [f"{name} {version}" for name, version in card.versions.items()]
    versions = listing(known, most=len(known)) if known else "not known"
    done = card.stage.done
    weights = "" if done is None else f" Its weights have the SHA-256 `{done.weights}`."
    return [
        "## Made with",
        "",
        f"`grow run stages.yaml`, where stages.yaml is the file below; versions: {versions}. The "
        f"stage's fingerprint is `{card.stage.plan.fingerprint}`.{weights}",
        "",
        "```yaml",
        *_fenced(card.stage_file),
        "```",
    ]


def _fenced(text: str) -> Sequence[str]:
    return text.rstrip("\n").replace("```", "'''").splitlines()


def _inline(text: str) -> str:
    """Text that cannot break a line, a table or a heading."""
    return " ".join(text.split()).replace("|", "\\|")
