"""Stage files read and checked whole: what needs more than one key's value is looked at here.

`grow.config.reader` sees to the shape; whether a growth can be done, which layers there are and
which sizes go together takes the networks, which stand above it.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterator, Sequence
from pathlib import Path as FilePath

from grow.config import reader
from grow.config.reader.positions import Document
from grow.config.reader.words import Path, quote
from grow.config.scalars import LARGEST_SIDE, regular_expression
from grow.config.schema import (
    Carried,
    Operator,
    PathGroup,
    Round,
    RunSpec,
    Stage,
    Training,
    validates,
)
from grow.errors import GrowthError, Problem
from grow.nets import classes, transfer
from grow.nets import operators as growth
from grow.nets.architecture import Architecture
from grow.planning.param_groups import group

_RESERVED = frozenset(
    ["con", "prn", "aux", "nul"]
    + [f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10)]
)


def read(path: FilePath, overrides: Sequence[str] = ()) -> RunSpec:
    """The value of a stage file, with ``overrides`` such as ``train.epochs=3`` in their places.

    Raises:
        StageFileError: the file cannot be read, or holds anything wrong; it carries all of it.
    """
    return reader.read_spec(path, overrides, problems)


def parse(text: str, file: str, overrides: Sequence[str] = ()) -> RunSpec:
    """The value of a stage file's text; messages call it ``file``.

    Raises:
        StageFileError: the text holds anything wrong; it carries all of it, in order.
    """
    return reader.parse_spec(text, file, overrides, problems)


def problems(spec: RunSpec, document: Document) -> list[Problem]:
    """Everything in a stage file that does not go together."""
    found = [
        *_names(spec, document),
        *_first_stage(spec, document),
        *_repeats(spec, document),
        *_group(spec, document),
        *_without_validation(spec, document),
    ]
    operators = list(_operators(spec, document))
    if not operators:
        found += _growth(spec, document)
    return found + operators


def _names(spec: RunSpec, document: Document) -> Iterator[Problem]:
    first: dict[str, Round] = {}
    yield from _reserved(spec.name, ("name",), document)
    for later in spec.rounds:
        name = later.stage.name
        place: Path = ("stages", later.entry, "name")
        yield from _reserved(name, place, document)
        other = first.setdefault(name.casefold(), later)
        if other is not later:
            first_place = document.places[("stages", other.entry, "name")]
            where = first_place.source or f"on line {first_place.line}"
            text = (
                f"expected a name that no other stage has, found {quote(name)} again "
                f"({quote(other.stage.name)} is {where}; capitals do not count)"
            )
            yield document.problem(place, text)


def _repeats(spec: RunSpec, document: Document) -> Iterator[Problem]:
    """A repeated entry is the last one, never the first; what stops it needs it."""
    last = len(spec.stages) - 1
    for index, stage in enumerate(spec.stages):
        if stage.repeat is None and stage.stop is not None:
            text = "expected stop only where repeat says how often at most; add repeat: up to 5"
            yield document.problem(("stages", index, "stop"), text, at_key=True)
        if stage.repeat is not None and (index == 0 or index != last):
            text = "expected no repeat in the first stage, which starts from nothing"
            if index:
                text = (
                    "expected repeat in the last entry only: what followed would not know what "
                    "it grows from"
                )
            yield document.problem(("stages", index, "repeat"), text, at_key=True)
        for place, operator in enumerate(stage.grow if stage.repeat is not None else ()):
            if operator.head is not None:
                text = "expected no new classes in a repeated stage: a class is new only once"
                where: Path = ("stages", index, "grow", place, "head")
                yield document.problem(
                    where, f"{text}; give them a stage of their own", at_key=True
                )


def _group(spec: RunSpec, document: Document) -> Iterator[Problem]:
    """Which pictures belong together is told in one way, and by a pattern that is one."""
    group = getattr(spec.data, "group", None)
    if not isinstance(group, PathGroup):
        return
    place: Path = ("data", "group")
    keys = list(type(group).model_fields)
    said = [key for key in keys if getattr(group, key) is not None]
    if len(said) != 1:
        found = " and ".join(said) or "none of them"
        text = f"expected one of {', '.join(keys)}, found {found}"
        yield document.problem(place, f"{text}; say in one way which pictures belong together")
    elif group.pattern is not None:
        try:
            regular_expression(group.pattern)
        except ValueError as error:
            text = f"expected a regular expression, found {quote(group.pattern)}: {error}"
            advice = "write it as Python's re reads it, in single quotes"
            yield document.problem((*place, "pattern"), f"{text}; {advice}")


def _without_validation(spec: RunSpec, document: Document) -> Iterator[Problem]:
    """Where nothing is validated on, nothing can be decided by validation figures."""
    if validates(spec.data):
        return
    nothing = f"where nothing is validated on (data.validation: {spec.data.validation})"
    parts: list[tuple[Path, Training | Stage]] = [(("train",), spec.train)]
    parts += [(("stages", index), stage) for index, stage in enumerate(spec.stages)]
    for place, part in parts:
        if part.best is not None and part.best.startswith("val_"):
            where = (*place, "best")
            text = f"expected best: last, or loss or accuracy of training, {nothing}, found "
            text += f"{part.best}; "
            text += "write best: last" if where in document.places else "add best: last"
            yield document.problem(where, text)
        rules = (
            ("reduce_on_plateau", part.reduce_on_plateau, ()),
            ("until", None if part.until is None else part.until.plateau, ("plateau",)),
            ("stop", part.stop if isinstance(part, Stage) else None, ()),
        )
        for key, rule, inside in rules:
            if rule is not None and rule.monitor.startswith("val_"):
                text = f"expected no rule that looks at validation {nothing}, found monitor: "
                advice = f"write monitor: {rule.monitor.removeprefix('val_')}, or remove {key}"
                place_of_rule = (*place, key, *inside, "monitor")
                yield document.problem(place_of_rule, f"{text}{rule.monitor}; {advice}")


def _reserved(name: str, place: Path, document: Document) -> Iterator[Problem]:
    if name.casefold().partition(".")[0] in _RESERVED:
        text = f"expected a name that every system admits, found {quote(name)}"
        yield document.problem(place, f"{text}; Windows keeps it for itself, choose another")


def _first_stage(spec: RunSpec, document: Document) -> Iterator[Problem]:
    first = spec.stages[0]
    meant = [(key, key in first.model_fields_set) for key in ("transfer", "carried")]
    for key, said in (("grow", first.grow), *meant):
        if said:
            text = f"expected no {key} in the first stage, which starts from nothing; "
            advice = "describe it in model" if key == "grow" else "remove it"
            yield document.problem(("stages", 0, key), text + advice, at_key=True)


def _operators(spec: RunSpec, document: Document) -> Iterator[Problem]:
    for number, stage in enumerate(spec.stages):
        for index, operator in enumerate(stage.grow):
            yield from _operator(operator, ("stages", number, "grow", index), document)


def _operator(operator: Operator, place: Path, document: Document) -> Iterator[Problem]:
    said = [key for key in Operator.model_fields if key in operator.model_fields_set]
    if not said:
        wanted = ", ".join(Operator.model_fields)
        yield document.problem(place, f"expected one of {wanted}, found an empty group {{}}")
    elif len(said) > 1:
        text = f"expected one of {', '.join(Operator.model_fields)}, found {' and '.join(said)}"
        yield document.problem(place, f'{text}; make each an entry of its own, with its own "- "')
    elif getattr(operator, said[0]) is None:
        wanted = "a size" if said[0] == "resize" else "its keys below it, indented"
        yield document.problem((*place, said[0]), f"expected {wanted}, found nothing")
    wanted_block = operator.insert
    if wanted_block and wanted_block.at is not None and wanted_block.after is not None:
        text = "expected one of at, after, found both; remove one of the two"
        yield document.problem((*place, "insert", "after"), text, at_key=True)


def _growth(spec: RunSpec, document: Document) -> Iterator[Problem]:
    try:
        known = classes.by_stage(spec, _assumed(spec))
        architectures = growth.lineage(spec, len(known[-1]))
    except GrowthError as error:
        text = f"{error.message}; {error.hint}" if error.hint else error.message
        yield document.problem(error.path, text)
        return
    yield from _sizes(spec, architectures, document)
    transfers = list(_transfers(spec, architectures, document))
    yield from transfers or _carried(spec, architectures, known, document)


def _assumed(spec: RunSpec) -> tuple[str, ...]:
    """Names of the classes while nobody has looked at the pictures: two, and the new ones."""
    later = dict.fromkeys(name for names in classes.new_classes(spec) for name in names)
    # No class has such a name, so none of these is taken for a new one.
    return ("\0", "\1", *later)


def _transfers(
    spec: RunSpec, architectures: tuple[Architecture, ...], document: Document
) -> Iterator[Problem]:
    """Policies for single layers need the layer; a carried optimizer needs the same optimizer."""
    rounds = spec.rounds
    for index, later in enumerate(rounds[1:], start=1):
        if later.number > 1:
            continue  # as the first repetition: layers are never lost
        stage = later.stage
        place: Path = ("stages", later.entry, "transfer")
        names = [layer.name for layer in architectures[index].layers]
        for name in stage.transfer.layers:
            if name not in names:
                near = difflib.get_close_matches(name, names, n=1)
                advice = f'did you mean "{near[0]}"?' if near else f"known: {', '.join(names)}"
                text = f"expected the name of a layer of this stage, found {quote(name)}; {advice}"
                yield document.problem((*place, "layers", name), text, at_key=True)
        before = spec.training(rounds[index - 1].stage).optimizer
        own = spec.training(stage).optimizer
        if stage.transfer.optimizer == "carry" and own != before:
            text = f"expected the optimizer of the stage before, {before}, to carry its state"
            advice = "use the same one, or optimizer: reset"
            yield document.problem((*place, "optimizer"), f"{text}, found {own}; {advice}")


def _carried(
    spec: RunSpec,
    architectures: tuple[Architecture, ...],
    known: tuple[tuple[str, ...], ...],
    document: Document,
) -> Iterator[Problem]:
    """Settings for layers carried over need such layers, and freezing them another to train."""
    for index, later in enumerate(spec.rounds[1:], start=1):
        stage, how = later.stage, later.stage.transfer
        if stage.carried == Carried():
            continue  # says nothing that could be wrong
        old, new = architectures[index - 1], architectures[index]
        more = transfer.more_classes(known[index - 1], known[index])
        plan = transfer.plan(old, new, how.weights, layers=how.layers, classes=more)
        try:
            group(new, plan, stage.carried, augmented=True)
        except GrowthError as error:
            text = f"{error.message}; {error.hint}"
            yield document.problem(("stages", later.entry, "carried"), text, at_key=True)


def _sizes(
    spec: RunSpec, architectures: tuple[Architecture, ...], document: Document
) -> Iterator[Problem]:
    """The master is cut into whole windows for every stage, so each size has to divide it."""
    sizes = [architecture.image[:2] for architecture in architectures]
    largest = (max(height for height, _ in sizes), max(width for _, width in sizes))
    master = spec.data.master or largest
    odd = [index for index, size in enumerate(sizes) if not _divides(size, master)]
    if not odd:
        return
    names = ", ".join(f"{spec.rounds[i].stage.name} {_times(sizes[i])}" for i in odd[:4])
    common = (math.lcm(*(size[0] for size in sizes)), math.lcm(*(size[1] for size in sizes)))
    advice = "change the sizes"
    if max(common) <= LARGEST_SIDE:
        advice += f", or set data.master to [{common[0]}, {common[1]}]"
    if spec.data.master is None:
        place = _resize_before(spec, odd[0])
        text = f"expected a size that divides the largest, {_times(master)}, found {names}"
    else:
        place = ("data", "master")
        text = f"expected a multiple of every stage's size, found {_times(master)} for {names}"
    yield document.problem(place, f"{text}; {advice}")


def _divides(size: tuple[int, int], master: tuple[int, int]) -> bool:
    return master[0] % size[0] == 0 and master[1] % size[1] == 0


def _times(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


def _resize_before(spec: RunSpec, index: int) -> Path:
    """Where the size of a stage was said: the last resize up to it, or else the model's image."""
    for later in reversed(spec.rounds[1 : index + 1]):
        operators = later.stage.grow
        for place in range(len(operators) - 1, -1, -1):
            if operators[place].resize is not None:
                return ("stages", later.entry, "grow", place, "resize")
    return ("model", "image")
