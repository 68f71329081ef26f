"""What Keras's ``load_weights`` does with the older HDF5 format, with and without ``by_name``.

The format keeps one flat list of arrays for each outermost layer; the arrays of everything
inside a nested model stand in one list. Without ``by_name`` the layers that have weights are
taken in order, the first of the file for the first of the model: another number of them, or of
arrays in one of them, is an error, ``skip_mismatch`` or not. With ``by_name`` the names of
outermost layers decide, and a layer that the file does not name is left as it is without a
word. In both, single arrays of another shape are left out with a warning. Read from
``keras/src/legacy/saving/legacy_h5_format.py`` of Keras 3.15; the tests compare with Keras
itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from grow.nets.explain.described import Layer, Model, Row, Slot
from grow.nets.explain.loading import By, Landing, Loading, Loads, Outcome, summary


@dataclass
class _Found:
    """What happens to the layers of the new model, collected row by row."""

    landed: dict[str, list[Landing]] = field(default_factory=dict)
    failures: dict[str, list[str]] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    error: str = ""
    plain_error: str = ""

    def fail(self, row: Row, words: str) -> None:
        """A whole row is left out, with a warning."""
        self.plain_error = self.plain_error or words
        for slot in row.slots:
            self.seen.add(slot.layer)
            self.failures.setdefault(slot.layer, []).append(words)

    def assign(self, old: Row, new: Row) -> None:
        """Array by array; one of another shape is left out, with a warning."""
        for before, slot in zip(old.slots, new.slots, strict=True):
            self.seen.add(slot.layer)
            if not new.known:
                self.unknown.add(slot.layer)
            elif before.shape == slot.shape:
                self.landed.setdefault(slot.layer, []).append(_landing(before, slot))
            else:
                words = f"{slot.weight} {before.shape} of {before.place} does not fit {slot.shape}"
                self.plain_error = self.plain_error or words
                self.failures.setdefault(slot.layer, []).append(words)


def _landing(before: Slot, slot: Slot) -> Landing:
    return Landing(slot.address, slot.key, slot.weight, before.place, before.layer, before.weight)


def _weights(row: Row) -> str:
    return "1 weight" if len(row.slots) == 1 else f"{len(row.slots)} weights"


def load_by_order(old: Model, new: Model) -> Loads:
    """``load_weights(OLD.h5, skip_mismatch=True)``."""
    olds = [row for row in old.rows if row.slots]
    news = [row for row in new.rows if row.slots]
    found = _Found()
    if len(olds) != len(news):
        found.error = f"the file has {len(olds)} layers with weights, the model {len(news)}"
    for before, row in zip(olds, news, strict=False):
        if not found.error and len(before.slots) != len(row.slots):
            found.error = (
                f"{row.name} has {_weights(row)}, "
                f"{before.name} in its place in the file has {_weights(before)}"
            )
        if found.error:
            break
        found.assign(before, row)
    return _loads(By.ORDER, found, new)


def load_by_name(old: Model, new: Model) -> Loads:
    """``load_weights(OLD.h5, by_name=True, skip_mismatch=True)``."""
    news = {row.name: row for row in new.rows}
    found = _Found()
    for before in old.rows:
        row = news.get(before.name)
        if row is None:
            continue
        if len(before.slots) == len(row.slots):
            found.assign(before, row)
        else:
            words = f"{row.name} has {_weights(row)}, in the file {_weights(before)}"
            found.fail(row, words)
    return _loads(By.NAME, found, new)


def _loads(by: By, found: _Found, new: Model) -> Loads:
    known = bool(new.rows) or not any(layer.weights for layer in new.layers)
    each = {layer.path: _of_layer(layer, by, found, known) for layer in new.layers}
    return Loads(by, each, found.error, found.error or found.plain_error)


def _of_layer(layer: Layer, by: By, found: _Found, known: bool) -> Loading:
    if not layer.weights:
        return Loading(Outcome.NO_WEIGHTS, (), "has no weights")
    path = layer.path
    if not known:
        return Loading(Outcome.UNKNOWN, (), "the order of the layers is not in the weights file")
    if path in found.unknown or (layer.foreign and path in found.seen):
        return Loading(Outcome.UNKNOWN, (), "in which order its weights are loaded is not known")
    if path in found.seen:
        # A layer that stands in two rows is assigned twice; the second time stays.
        last = {(one.address, one.key): one for one in found.landed.get(path, [])}
        return summary(tuple(last.values()), found.failures.get(path, []))
    if found.error:
        return Loading(Outcome.SKIPPED, (), f"not loaded, an error is raised: {found.error}")
    words = "the old file has nothing of that name" if by is By.NAME else "nothing is left for it"
    return Loading(Outcome.SKIPPED, (), f"left as it is, without a warning: {words}")
