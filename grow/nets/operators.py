"""Growth operators: pure functions from architecture to architecture.

Owns the birth of layers and their lifelong names, and refuses what cannot be built, before
anything trains. It knows nothing of weights (that is `transfer`) and nothing of Keras.
"""

from __future__ import annotations

import difflib
from dataclasses import replace

from grow.config import schema
from grow.config.scalars import LARGEST_SIDE
from grow.errors import GrowthError
from grow.nets import classes as classes_of
from grow.nets.architecture import (
    Activation,
    Architecture,
    Block,
    Conv,
    Dense,
    Dropout,
    Flatten,
    GlobalPooling,
    Layer,
    Norm,
    Pooling,
)

Place = tuple[str | int, ...]


class _Births:
    """Hands out the next free name of each kind; names are never used twice.

    ``chosen`` are names that people gave to blocks: numbers that would repeat one are left out.
    """

    def __init__(self, taken: tuple[str, ...] = (), chosen: tuple[str, ...] = ()) -> None:
        self._chosen = frozenset(chosen)
        self._last: dict[str, int] = {}
        for name in taken:
            kind, _, number = name.rpartition("_")
            if number.isdigit():
                self._last[kind] = max(self._last.get(kind, 0), int(number))

    def name(self, kind: str) -> str:
        self._last[kind] = self._last.get(kind, 0) + 1
        name = f"{kind}_{self._last[kind]}"
        return self.name(kind) if name in self._chosen else name


def _block(wanted: schema.Block, births: _Births) -> Block:
    # With batch normalisation the activation follows it, as is usual.
    inner = "linear" if wanted.batch_norm else wanted.activation
    layers: list[Layer] = [Conv(births.name("conv"), wanted.filters, wanted.kernel, inner)]
    if wanted.batch_norm:
        layers.append(Norm(births.name("norm")))
        layers.append(Activation(births.name("activation"), wanted.activation))
    if wanted.pool != "none":
        layers.append(Pooling(births.name("pool"), wanted.pool, wanted.pool_size))
    if wanted.dropout:
        layers.append(Dropout(births.name("dropout"), wanted.dropout))
    # The counter runs on for named blocks too, so block_2 is always the second one born.
    born = births.name("block")
    return Block(wanted.name or born, tuple(layers))


def _join(pool: schema.HeadPool) -> Layer:
    if pool == "flatten":
        return Flatten("flatten")
    return GlobalPooling("global_pool", "average" if pool == "global_average" else "max")


def _head(wanted: schema.Head, classes: int, births: _Births) -> tuple[Layer, ...]:
    layers: list[Layer] = [_join(wanted.pool)]
    for units in wanted.dense:
        layers.append(Dense(births.name("dense"), units, wanted.activation))
        if wanted.dropout:
            layers.append(Dropout(births.name("dropout"), wanted.dropout))
    layers.append(_for_classes(births.name("dense"), classes))
    return tuple(layers)


def _for_classes(name: str, classes: int) -> Dense:
    units, activation = (1, "sigmoid") if classes == 2 else (classes, "softmax")
    return Dense(name, units, activation)


def found(model: schema.Model, classes: int) -> Architecture:
    """The architecture of stage 1, every layer newly born.

    Two classes get one sigmoid unit, more get one softmax unit each.

    Raises:
        GrowthError: two blocks share a name, or a pooling finds too small a map.
    """
    births = _Births(chosen=tuple(block.name for block in model.blocks if block.name))
    blocks: list[Block] = []
    for index, wanted in enumerate(model.blocks):
        block = _block(wanted, births)
        _refuse_taken(block.name, blocks, ("blocks", index, "name"))
        blocks.append(block)
    architecture = Architecture(model.image, tuple(blocks), _head(model.head, classes, births))
    _refuse_vanished(architecture, ("blocks",))
    return architecture


def grow(architecture: Architecture, operators: tuple[schema.Operator, ...]) -> Architecture:
    """The architecture after all ``operators``, in order; only the last must be buildable.

    Raises:
        GrowthError: an operator cannot be applied; its ``path`` starts with the operator's index.
    """
    for index, operator in enumerate(operators):
        try:
            architecture = _apply(architecture, operator)
        except GrowthError as error:
            raise GrowthError(error.message, path=(index, *error.path), hint=error.hint) from None
    _refuse_vanished(architecture, (len(operators) - 1,) if operators else ())
    return architecture


def lineage(run: schema.RunSpec, classes: int) -> tuple[Architecture, ...]:
    """The architecture of every stage that may come in a run.

    A first stage that grows does so before it is trained; only `variants` makes such.

    Args:
        run: the stage file.
        classes: how many classes the last stage knows.

    Raises:
        GrowthError: a stage cannot be built; ``path`` leads to it from the top of the file.
    """
    added = sum(len(names) for names in classes_of.new_classes(run))
    try:
        architectures = [found(run.model, classes - added)]
    except GrowthError as error:
        raise GrowthError(error.message, path=("model", *error.path), hint=error.hint) from None
    for later in run.rounds:
        try:
            architectures.append(grow(architectures[-1], later.stage.grow))
        except GrowthError as error:
            which = f"in repetition {later.number}: " if later.number > 1 else ""
            place = ("stages", later.entry, "grow", *error.path)
            raise GrowthError(which + error.message, path=place, hint=error.hint) from None
    return tuple(architectures[1:])


def _apply(architecture: Architecture, operator: schema.Operator) -> Architecture:
    if operator.resize is not None:
        return resize(architecture, resized(architecture.image[:2], operator.resize))
    if operator.deepen is not None:
        return deepen(architecture, operator.deepen)
    if operator.widen is not None:
        return widen(architecture, operator.widen)
    if operator.insert is not None:
        return insert(architecture, operator.insert)
    if operator.head is not None:
        return grow_head(architecture, len(operator.head.grow))
    return architecture  # `checks` refuses an operator that says nothing


def insert(architecture: Architecture, wanted: schema.Insert) -> Architecture:
    """The architecture with one more block at the start, at the end or after a named block.

    Raises:
        GrowthError: the name is taken, or there is no block of the name it should follow.
    """
    blocks = list(architecture.blocks)
    births = _Births(_names(architecture), chosen=tuple(block.name for block in blocks))
    block = _block(wanted, births)
    _refuse_taken(block.name, blocks, ("insert", "name"))
    place = 0 if wanted.at == "start" else len(blocks)
    if wanted.after is not None:
        place = _index_of(wanted.after, blocks, ("insert", "after")) + 1
    return replace(architecture, blocks=(*blocks[:place], block, *blocks[place:]))


def resize(architecture: Architecture, size: tuple[int, int]) -> Architecture:
    """The same layers over pictures of another size ``(height, width)``.

    Raises:
        GrowthError: the size is not a whole multiple, or a whole fraction, of the one before;
            or it is too large.
    """
    old = architecture.image[:2]
    if max(size) > LARGEST_SIDE:
        raise GrowthError(
            f"expected pictures of at most {LARGEST_SIDE}x{LARGEST_SIDE}, "
            f"found {size[0]}x{size[1]}",
            path=("resize",),
            hint="resize to less, or repeat less often",
        )
    for before, after in zip(old, size, strict=True):
        if max(before, after) % min(before, after):
            raise GrowthError(
                f"expected a whole multiple or fraction of {old[0]}x{old[1]}, "
                f"found {size[0]}x{size[1]}",
                path=("resize",),
                hint="pictures of all stages are area means of one master, in whole windows",
            )
    return replace(architecture, image=(*size, architecture.image[2]))


def resized(before: tuple[int, int], wanted: tuple[int, int] | str) -> tuple[int, int]:
    """The height and width that a resize leads to: a size as it is, or so many times ``before``."""
    if not isinstance(wanted, str):
        return wanted
    times = int(wanted.rstrip("x"))
    return before[0] * times, before[1] * times


def deepen(architecture: Architecture, wanted: schema.Deepen) -> Architecture:
    """The architecture with one more convolution behind the last one of a block.

    It has the block's number of filters, activation and, where the block has it, batch
    normalisation.

    Raises:
        GrowthError: there is no block of that name.
    """
    births = _Births(_names(architecture))
    blocks = list(architecture.blocks)
    place = _index_of(wanted.block, blocks, ("deepen", "block"))
    layers = blocks[place].layers
    last = max(i for i, layer in enumerate(layers) if isinstance(layer, Conv | Norm | Activation))
    conv = next(layer for layer in layers if isinstance(layer, Conv))
    more: list[Layer] = [
        Conv(births.name("conv"), conv.filters, wanted.kernel, conv.activation),
        *(Norm(births.name("norm")) for layer in layers[:3] if isinstance(layer, Norm)),
        *(
            Activation(births.name("activation"), layer.activation)
            for layer in layers[:3]
            if isinstance(layer, Activation)
        ),
    ]
    blocks[place] = replace(blocks[place], layers=(*layers[: last + 1], *more, *layers[last + 1 :]))
    return replace(architecture, blocks=tuple(blocks))


def widen(architecture: Architecture, wanted: schema.Widen) -> Architecture:
    """The architecture with more filters in every convolution of a block.

    Raises:
        GrowthError: there is no block of that name, or it has as many filters already.
    """
    blocks = list(architecture.blocks)
    place = _index_of(wanted.block, blocks, ("widen", "block"))
    block = blocks[place]
    before = max(layer.filters for layer in block.layers if isinstance(layer, Conv))
    if wanted.filters <= before:
        raise GrowthError(
            f"expected more than the {before} filters that {block.name} has, "
            f"found {wanted.filters}",
            path=("widen", "filters"),
        )
    layers = (
        replace(layer, filters=wanted.filters) if isinstance(layer, Conv) else layer
        for layer in block.layers
    )
    blocks[place] = replace(block, layers=tuple(layers))
    return replace(architecture, blocks=tuple(blocks))


def grow_head(architecture: Architecture, more: int) -> Architecture:
    """The architecture with ``more`` classes in its last layer, which keeps its name."""
    last = architecture.head[-1]
    if not isinstance(last, Dense):  # `found` ends every head with one
        raise TypeError(f"expected a dense layer for the classes, found {last}")
    classes = 2 if last.units == 1 else last.units
    grown = _for_classes(last.name, classes + more)
    return replace(architecture, head=(*architecture.head[:-1], grown))


def _names(architecture: Architecture) -> tuple[str, ...]:
    layers = tuple(layer.name for layer in architecture.layers)
    # Blocks with names of their own count as born too: block_N is numbered by birth.
    return (*layers, f"block_{len(architecture.blocks)}")


def _index_of(name: str, blocks: list[Block], place: Place) -> int:
    names = [block.name for block in blocks]
    if name in names:
        return names.index(name)
    near = difflib.get_close_matches(name, names, n=1)
    raise GrowthError(
        f'expected the name of a block ({", ".join(names)}), found "{name}"',
        path=place,
        hint=f"did you mean {near[0]}?" if near else "",
    )


def _refuse_taken(name: str, blocks: list[Block], place: Place) -> None:
    if name in [block.name for block in blocks]:
        raise GrowthError(
            f'expected a name that no other block has, found "{name}" again', path=place
        )


def _refuse_vanished(architecture: Architecture, place: Place) -> None:
    """A pooling window larger than its map leaves nothing: Keras would fail far from here."""
    for row in architecture.placed():
        if isinstance(row.layer, Pooling) and 0 in row.output:
            height, width = row.input[:2]
            raise GrowthError(
                f"{row.name} pools windows of {row.layer.size[0]}x{row.layer.size[1]}, "
                f"but only {height}x{width} is left of the picture there",
                path=place,
                hint="use larger pictures (resize), fewer blocks, or pool: none",
            )
