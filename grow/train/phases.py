"""The phases of a stage: which Keras model its steps train, and on what, epoch for epoch.

While layers are frozen they are untrainable in Keras, so that their gradients are not computed;
and where `groups` says that their outputs stay the same, the steps train what stands behind
them, on outputs computed once. All phases share one optimizer and one set of variables. Emits
events, prints nothing.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from grow.data.feed import Feed
from grow.nets import network
from grow.nets.network import Model
from grow.planning import param_groups
from grow.planning.param_groups import Storage
from grow.planning.stages import StagePlan
from grow.signals import StopSwitch
from grow.train import features
from grow.train import optimizer as compiling
from grow.train.events import FeaturesComputed, Listener
from grow.train.features import Features


@dataclass(frozen=True)
class Phase:
    """What the steps of an epoch train.

    Attributes:
        model: compiled; the whole network, or what of it stands behind frozen layers.
        feed: its batches: pictures, or what the frozen layers make of them.
    """

    model: Model
    feed: Feed | Features


class Phases:
    """The phases of one stage, each made when its first epoch comes."""

    def __init__(
        self, stage: StagePlan, model: Model, feed: Feed, emit: Listener, switch: StopSwitch
    ) -> None:
        self._stage = stage
        self._pictures = feed
        self._whole = Phase(model, feed)
        self._emit = emit
        self._switch = switch
        self._frozen: frozenset[str] = frozenset()
        self._now = self._whole

    def of(self, epoch: int) -> Phase:
        """The phase of an epoch, counted from 1; the model has the epoch's weights.

        Raises:
            Stopped: asked to stop while outputs were computed.
            GrowError: there is no room for them.
        """
        frozen = self._stage.groups.frozen(epoch)
        if frozen != self._frozen:
            model = self._whole.model
            compiling.freeze(model, frozen)
            self._compile(model, model.optimizer)
            self._now = self._behind_prefix() if frozen else self._whole
            self._frozen = frozen
        return self._now

    def _behind_prefix(self) -> Phase:
        """What stands behind outputs that stay the same, or the whole where none are kept."""
        stage, model, feed = self._stage, self._whole.model, self._pictures
        count = len(feed.training) + len(feed.validation)
        storage = param_groups.storage(stage.architecture, stage.groups, count)
        if storage is Storage.NONE:
            return self._whole
        last, began = stage.groups.prefix[-1], time.monotonic()
        kept = features.compute(model, last, feed, storage, self._switch.check)
        seconds = time.monotonic() - began
        self._emit(FeaturesComputed(stage, count, kept.size_bytes, storage, seconds))
        rest = network.behind(model, last)
        self._compile(rest, model.optimizer)
        return Phase(rest, kept)

    def _compile(self, model: Model, optimizer: Any) -> None:
        balanced = bool(self._pictures.class_weights)
        compiling.compile_with(model, optimizer, _classes(model), balanced=balanced)


def _classes(model: Model) -> int:
    """How many classes a model tells apart; it has one output for two."""
    return max(2, int(model.output.shape[-1]))
