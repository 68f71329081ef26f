"""Small values for the tests of many rooms, and Hypothesis strategies that draw them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest
from hypothesis import strategies as st
from numpy.typing import NDArray

from grow.config import schema
from grow.errors import GrowthError
from grow.nets import operators
from grow.nets.architecture import Architecture
from grow.planning import stages
from grow.planning.history import Divergence, EpochRecord, History, Tally
from grow.planning.stages import Pictures, StagePlan
from grow.runs.checkpoint import State

Array = NDArray[np.float32]

POLICIES: tuple[schema.Policy, ...] = ("strict", "shape", "preserve")
CATS_DOGS = Pictures(classes=("cat", "dog"), digest="0" * 64)


def block(filters: int = 4, **settings: Any) -> schema.Block:
    """A block of a stage file."""
    return schema.Block(filters=filters, **settings)


def insert(filters: int = 4, **settings: Any) -> schema.Operator:
    """The operator that inserts a block."""
    return schema.Operator(insert=schema.Insert(filters=filters, **settings))


def resize(height: int, width: int | None = None) -> schema.Operator:
    """The operator that changes the resolution; a square unless both sides are given."""
    return schema.Operator(resize=(height, height if width is None else width))


def deepen(name: str, **settings: Any) -> schema.Operator:
    """The operator that adds a convolution to a block."""
    return schema.Operator(deepen=schema.Deepen(block=name, **settings))


def widen(name: str, filters: int) -> schema.Operator:
    """The operator that gives a block more filters."""
    return schema.Operator(widen=schema.Widen(block=name, filters=filters))


def founded(
    *blocks: schema.Block,
    image: tuple[int, int, int] = (8, 8, 3),
    head: schema.Head | None = None,
    classes: int = 2,
) -> Architecture:
    """A stage 1 architecture; one block of four filters unless blocks are given."""
    model = schema.Model(
        image=image, blocks=blocks or (block(),), head=head or schema.Head(dense=(5,))
    )
    return operators.found(model, classes)


def seed_experiment() -> tuple[Architecture, Architecture]:
    """The network of the seed experiment, before and after it grows."""
    old = founded(block(32), image=(64, 64, 3), head=schema.Head(dense=(128,)))
    return old, operators.grow(old, (insert(32, at="end"),))


def layer_names(architecture: Architecture) -> list[str]:
    """The names of all layers, in order."""
    return [layer.name for layer in architecture.layers]


def random_weights(architecture: Architecture, seed: int) -> dict[str, Array]:
    """One random array for each weight, by ``layer/weight``; no two are alike."""
    generator = np.random.default_rng(seed)
    return {
        f"{row.name}/{name}": generator.standard_normal(shape, np.float32)
        for row in architecture.placed()
        for name, shape in row.weights.items()
    }


def record(epoch: int = 1, **figures: Any) -> EpochRecord:
    """The record of one epoch; middling figures unless said."""
    values: dict[str, Any] = {
        "loss": 0.7,
        "accuracy": 0.5,
        "val_loss": 0.7,
        "val_accuracy": 0.5,
        "learning_rate": 0.001,
        "seconds": 2.5,
        "cpu_seconds": 4.25,
        "training_flops": 1000,
    }
    return EpochRecord(epoch=epoch, **(values | figures))


def divergence(epoch: int = 1, **changes: Any) -> Divergence:
    """An attempt at an epoch that diverged."""
    values: dict[str, Any] = {
        "step": 3,
        "diverged": "loss",
        "value": "nan",
        "learning_rate": 0.01,
        "seconds": 1.5,
        "cpu_seconds": 2.5,
        "training_flops": 600,
    }
    return Divergence(epoch=epoch, **(values | changes))


def history(values: Iterable[float], monitor: str = "val_loss") -> History:
    """A history whose monitored figure takes these values."""
    return tuple(record(n, **{monitor: value}) for n, value in enumerate(values, start=1))


def run_values(**changes: Any) -> dict[str, Any]:
    """A stage file of three stages as plain values; keyword arguments replace whole keys."""
    values: dict[str, Any] = {
        "name": "trial",
        "seed": 7,
        "data": {"source": "folder", "path": "pictures", "augment": {"zoom": 0.2}},
        "model": {"image": [8, 8, 3], "blocks": [{"filters": 4}], "head": {"dense": [5]}},
        "train": {"epochs": 6},
        "stages": [
            {"name": "small"},
            {"name": "deeper", "grow": [{"insert": {"filters": 4, "at": "end"}}]},
            {"name": "deepest", "grow": [{"insert": {"filters": 4, "at": "start"}}]},
        ],
    }
    return values | changes


def run_spec(**changes: Any) -> schema.RunSpec:
    """The stage file of `run_values` as a frozen value."""
    return schema.RunSpec.model_validate(run_values(**changes))


def stage_plans(pictures: Pictures = CATS_DOGS, **changes: Any) -> tuple[StagePlan, ...]:
    """The planned stages of the stage file of `run_values`."""
    return stages.plan_stages(run_spec(**changes), pictures)


def state(number: int = 3, **changes: Any) -> State:
    """A small training state with an array of every shape and type that Keras holds."""
    values: dict[str, Any] = {
        "step": 0,
        "history": (record(1), record(2, val_loss=float("nan"))),
        "tally": Tally(pictures=64, loss=44.0625, right=40),
        "seconds": 0.5,
        "cpu_seconds": 0.75,
        "tensors": {
            "weights/conv_1/kernel": np.arange(24, dtype=np.float32).reshape(2, 3, 1, 4),
            "optimizer/iterations": np.array(number, np.int64),
            "optimizer/learning_rate": np.array(0.25, np.float32),
            "random/dropout_1": np.array([1, 2], np.uint32),
        },
    }
    return State(number=number, **(values | changes))


def same_states(one: State, other: State) -> bool:
    """Whether two states agree in every bit; a loss that is no number equals itself."""
    return _plain(one) == _plain(other)


def _plain(value: State) -> tuple[Any, ...]:
    tensors = {
        name: (array.dtype.name, array.shape, array.tobytes())
        for name, array in value.tensors.items()
    }
    records = [entry.to_dict() for entry in value.history]
    counters = (value.number, value.step, value.seconds, value.cpu_seconds)
    return (counters, records, repr(value.tally), tensors)


class PowerCut(BaseException):
    """The plug is pulled: from here on nothing reaches the disk, clean-up included."""


class Saboteur:
    """Breaks one of the calls that reach the disk, counted from 0.

    Writing breaks in the middle, so that half a file is left; the others break before they
    do anything. After a `PowerCut` all later calls break too.
    """

    CALLS = ("open", "fsync", "mkdir", "rename", "replace", "link", "unlink", "rmdir")
    WRITES = ("write_bytes", "write_text")

    def __init__(self, at: int, failure: type[BaseException]) -> None:
        self.calls = 0
        self._at = at
        self._failure = failure

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Puts itself between the program and the disk until ``patch`` is undone."""
        for name in self.CALLS:
            patch.setattr(os, name, self._around(getattr(os, name)))
        for name in self.WRITES:
            patch.setattr(Path, name, self._around(getattr(Path, name), self._write_half))

    def _around(
        self, call: Callable[..., Any], half: Callable[[Path, Any], None] | None = None
    ) -> Callable[..., Any]:
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            number, self.calls = self.calls, self.calls + 1
            if number == self._at:
                if half is not None:
                    half(args[0], args[1])
                self._fail()
            if number > self._at and self._failure is PowerCut:
                self._fail()
            return call(*args, **kwargs)

        return wrapped

    def _fail(self) -> NoReturn:
        if self._failure is OSError:
            raise OSError(28, "No space left on device")
        raise self._failure

    @staticmethod
    def _write_half(path: Path, content: str | bytes) -> None:
        data = content.encode() if isinstance(content, str) else content
        with path.open("wb") as file:
            file.write(data[: len(data) // 2])


def with_a_bit_flipped(data: bytes) -> bytes:
    """The same with one bit flipped, in the middle."""
    at = len(data) // 2
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


FAILURES = (OSError, KeyboardInterrupt, PowerCut)


def crash_points(action: Callable[[], object]) -> range:
    """The numbers of the calls with which ``action`` reaches the disk."""
    nobody = Saboteur(at=10**9, failure=OSError)
    with pytest.MonkeyPatch.context() as patch:
        nobody.install(patch)
        action()
    assert nobody.calls > 0
    return range(nobody.calls)


def crash(
    action: Callable[[], object], at: int, failure: type[BaseException]
) -> BaseException | None:
    """Carries ``action`` out with its call number ``at`` broken; what it raised, if anything."""
    with pytest.MonkeyPatch.context() as patch:
        Saboteur(at, failure).install(patch)
        try:
            action()
        except FAILURES as error:
            return error
    return None


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder by its relative path, with its content."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


# Strategies. Values stay small: what is tested are the rules, not the arithmetic of size.

_BLOCKS: Mapping[str, st.SearchStrategy[Any]] = {
    "filters": st.integers(1, 6),
    "kernel": st.sampled_from([(1, 1), (2, 2), (3, 3), (3, 1), (5, 5)]),
    "activation": st.sampled_from(["relu", "elu", "leaky_relu", "linear", "tanh", "gelu"]),
    "batch_norm": st.booleans(),
    "pool": st.sampled_from(["max", "average", "none"]),
    "pool_size": st.sampled_from([(2, 2), (1, 2), (3, 3)]),
    "dropout": st.sampled_from([0.0, 0.25]),
}

heads = st.builds(
    schema.Head,
    pool=st.sampled_from(["flatten", "global_average", "global_max"]),
    dense=st.lists(st.integers(1, 4), max_size=2).map(tuple),
    dropout=st.sampled_from([0.0, 0.5]),
)
images = st.tuples(
    st.sampled_from([4, 6, 8, 12]), st.sampled_from([4, 6, 8, 12]), st.sampled_from([1, 3])
)


@st.composite
def architectures(draw: st.DrawFn) -> Architecture:
    """Any architecture of stage 1 that can be built."""
    wanted = draw(st.lists(st.builds(schema.Block, **_BLOCKS), min_size=1, max_size=3))
    model = schema.Model(image=draw(images), blocks=tuple(wanted), head=draw(heads))
    classes = draw(st.integers(2, 5))
    try:
        return operators.found(model, classes)
    except GrowthError:  # too much pooling for so small a picture
        open_blocks = tuple(one.model_copy(update={"pool": "none"}) for one in wanted)
        return operators.found(model.model_copy(update={"blocks": open_blocks}), classes)


@st.composite
def grown(draw: st.DrawFn, old: Architecture, most: int = 3) -> Architecture:
    """What ``old`` may have become after a few operators."""
    new = old
    for _ in range(draw(st.integers(0, most))):
        operator = draw(_operators(new))
        try:
            new = operators.grow(new, (operator,))
        except GrowthError:  # a pooling too many: another operator may still fit
            continue
    return new


@st.composite
def growths(draw: st.DrawFn) -> tuple[Architecture, Architecture]:
    """An architecture and what it has become after a few operators."""
    old = draw(architectures())
    return old, draw(grown(old))


@st.composite
def _operators(draw: st.DrawFn, architecture: Architecture) -> schema.Operator:
    which = draw(st.sampled_from(["insert", "insert", "resize", "deepen", "widen"]))
    some = draw(st.sampled_from([one.name for one in architecture.blocks]))
    if which == "deepen":
        return deepen(some, kernel=draw(st.sampled_from([(1, 1), (3, 3)])))
    if which == "widen":
        return widen(some, draw(st.integers(2, 7)))
    if which == "resize":
        times = draw(st.sampled_from([0.5, 2, 3]))
        sides = [int(side * times) or 1 for side in architecture.image[:2]]
        return resize(*sides)
    place = draw(st.sampled_from(["start", "end", "after"]))
    settings: dict[str, Any] = {"at": place}
    if place == "after":
        settings = {"after": some}
    return schema.Operator(insert=draw(st.builds(schema.Insert, **_BLOCKS, **_just(settings))))


def _just(settings: Mapping[str, Any]) -> dict[str, st.SearchStrategy[Any]]:
    return {key: st.just(value) for key, value in settings.items()}
