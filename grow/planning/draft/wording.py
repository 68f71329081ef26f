"""What was chosen, as a stage file with comments.

Returns text; writes nothing. The file is what is then read back and planned, so there is no second
form of it.
"""

from __future__ import annotations

import re
import shlex
import textwrap
from collections.abc import Iterator

from grow.config.write import written
from grow.data.manifest import shown
from grow.planning.draft.choose import Chosen
from grow.planning.draft.look import Look

_WIDTH = 96
_KEPT = "\0"
_NAMED = 8
_SQUARE = 1.2  # how many times as long as the other a side is, and the picture no square


def stage_file(look: Look, chosen: Chosen, *, name: str, path: str, file: str, time: str) -> str:
    """The text of a stage file.

    Args:
        look: what was seen of the pictures.
        chosen: what follows from it.
        name: names the run.
        path: the folder, as the file is to name it.
        file: the stage file, as commands are to name it.
        time: how long it takes, in a sentence; empty where that is not known.
    """
    parts = [
        _head(look, file, time),
        _data(look, chosen, name, path),
        _model(chosen),
        _train(chosen),
        _stages(chosen),
    ]
    return "\n".join(line for part in parts for line in part) + "\n"


def _comment(text: str, indent: int = 0) -> list[str]:
    """A sentence or more as comment lines; what a terminal must not see is spelt out."""
    head = f"{' ' * indent}# "
    # What is typed stays together: no blank in it is a place to break.
    whole = re.sub(r"`[^`]+`", lambda typed: typed[0].replace(" ", _KEPT), shown(text))
    lines = textwrap.wrap(
        whole,
        _WIDTH,
        initial_indent=head,
        subsequent_indent=head,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace(_KEPT, " ") for line in lines]


def _head(look: Look, file: str, time: str) -> Iterator[str]:
    counts = look.training
    named = [f"{name} ({counts[name]:,})" for name in look.classes[:_NAMED]]
    more = len(look.classes) - len(named)
    named += [f"and {more:,} more"] if more else []
    yield from _comment(
        f"{look.total:,} pictures of {len(look.classes):,} classes, to train on: "
        f"{', '.join(named)}."
    )
    yield from _comment("Written by `grow init`. It runs as it is; change what you like.")
    yield "#"
    yield f"#   grow plan {command_word(file)}     what would happen"
    yield f"#   grow run  {command_word(file)}     do it; the same command goes on after a stop"
    if time:
        yield "#"
        yield from _comment(time)
    yield ""


def command_word(path: str) -> str:
    """A path as it is typed behind a command."""
    return shown(shlex.quote(path))


def _data(look: Look, chosen: Chosen, name: str, path: str) -> Iterator[str]:
    why = chosen.reasons
    yield from _comment("Names the run folder, in runs/.")
    yield written("name", name)
    yield "seed: 7                        # same seed, same weights"
    yield "data:"
    yield "  source: folder"
    yield from _comment("Relative to this file.", 2)
    yield f"  {written('path', path)}"
    yield from _shape(look)
    yield from _comment(why["validation"], 2)
    yield f"  {written('validation', chosen.validation)}"
    if chosen.range is not None:
        yield from _comment(why["range"], 2)
        yield f"  range: [{chosen.range[0]}, {chosen.range[1]}]"
    if chosen.balance:
        yield from _comment(why["balance"], 2)
        yield "  balance: weights"
    yield from _comment(why["augment"], 2)
    flip = "flip: horizontal, " if chosen.mirror else ""
    strength = f"{chosen.distort:g}"
    yield f"  augment: {{{flip}zoom: {strength}, shear: {strength}, shift: 0.1}}"
    yield from _bad(look)


def _shape(look: Look) -> Iterator[str]:
    median = look.aspects[len(look.aspects) // 2]
    if max(median, 1 / median) < _SQUARE:
        return
    longer = (
        f"{median:.1f} times as wide as high"
        if median > 1
        else (f"{1 / median:.1f} times as high as wide")
    )
    yield from _comment(
        f"Most pictures are about {longer}; they are stretched to squares. `fit: crop` cuts their "
        "middle out instead.",
        2,
    )


def _bad(look: Look) -> Iterator[str]:
    if look.bad:
        first = look.bad[0]
        yield from _comment(
            f"{len(look.bad):,} of the pictures looked at cannot be used, such as {first.key} "
            f"({first.reason}); they are left out. `on_bad: stop` refuses to train instead.",
            2,
        )


def _model(chosen: Chosen) -> Iterator[str]:
    first = chosen.sides[0]
    colour = "no colour was found: 1 is grey" if chosen.channels == 1 else "3 is colour"
    yield "model:"
    yield f"  image: [{first}, {first}, {chosen.channels}]           # height, width; {colour}"
    yield "  blocks: [{filters: 32}]      # 3x3 convolution, relu, 2x2 max pooling unless said"
    yield f"  head: {{dense: [{chosen.dense}], dropout: 0.2}}"


def _train(chosen: Chosen) -> Iterator[str]:
    patience = max(3, chosen.epochs[0] // 8)
    yield "train:"
    yield from _comment(chosen.reasons["epochs"], 2)
    yield f"  batch: {chosen.batch}"
    yield "  learning_rate: 0.001"
    yield f"  epochs: {chosen.epochs[0]}"
    yield f"  reduce_on_plateau: {{patience: {patience}}}     # halved when validation loss stalls"
    if chosen.reasons["best"]:
        yield from _comment(chosen.reasons["best"], 2)
        yield f"  best: {chosen.best}"


def _stages(chosen: Chosen) -> Iterator[str]:
    yield from _comment(chosen.reasons["stages"])
    yield "stages:"
    before = 0
    last = len(chosen.sides) - 1
    for place, (name, side) in enumerate(zip(chosen.names, chosen.sides, strict=True)):
        yield f"  - name: {name}"
        if before:
            yield f"    grow: [{_growth(before, side)}]"
        if chosen.epochs[place] != chosen.epochs[0]:
            yield f"    epochs: {chosen.epochs[place]}"
        before = side if place < last else 0


def _growth(before: int, side: int) -> str:
    if before == side:
        return "{deepen: {block: block_1}}"
    return f"{{resize: {side}}}, {{insert: {{filters: 32, at: end}}}}"
