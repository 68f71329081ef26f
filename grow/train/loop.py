"""One stage's training: steps, validation, checkpoints, and stopping anywhere in between.

Everything that the next step depends on is in the model's and the optimizer's variables and in
a few counters, all of which a checkpoint holds, so going on is the same computation. Decisions
come from `schedule`. Emits events, prints nothing; Keras only, no TensorFlow of its own.
"""

from __future__ import annotations

import math
import time
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from grow.data.feed import Feed
from grow.errors import RunFolderError, Stopped
from grow.nets import network
from grow.nets.network import Model
from grow.planning import param_groups, schedule
from grow.planning.history import Divergence, Divergences, EpochRecord, History, Tally
from grow.planning.stages import StagePlan
from grow.runs.checkpoint import State, not_finite, place
from grow.signals import StopSwitch
from grow.train import step
from grow.train.checkpointer import Keeper
from grow.train.events import Diverged, EpochDone, Listener, StageStarted, StepDone, Validating
from grow.train.features import Features
from grow.train.optimizer import PLAIN_LOSS, optimizer_variables
from grow.train.phases import Phase, Phases

FIRST_PICTURES = 64
"""How many training pictures the loss is looked at on after an epoch without a validation."""


@dataclass(frozen=True)
class Outcome:
    """How a stage's training ended.

    Attributes:
        history: its epochs.
        reason: why it is complete, in words; empty where it diverged, and is back on disk at the
            last of those epochs.
    """

    history: History
    reason: str


def evaluate(model: Model, feed: Feed | Features, emit: Listener, switch: StopSwitch) -> Tally:
    """Loss and accuracy of a compiled model over the validation pictures.

    Raises:
        Stopped: asked to stop in between.
    """
    tally = Tally()
    with closing(feed.validation_batches()) as batches:
        for done, (pictures, labels) in enumerate(batches, start=1):
            logs = step.evaluate_batch(model, feed.whole_evaluation_batch, pictures, labels)
            tally = tally.plus(len(pictures), logs["loss"], logs["accuracy"])
            emit(Validating(done, feed.evaluation_steps))
            switch.check()
    return tally


class StageTrainer:
    """Trains one compiled model on one feed, from the start or from a checkpoint's state."""

    def __init__(
        self,
        stage: StagePlan,
        model: Model,
        feed: Feed,
        keeper: Keeper,
        emit: Listener,
        switch: StopSwitch,
    ) -> None:
        self._stage = stage
        self._model = model
        self._feed = feed
        self._keeper = keeper
        self._emit = emit
        self._switch = switch
        self._history: History = ()
        self._divergences: Divergences = ()
        self._step = 0
        self._tally = Tally()
        self._rate: float | None = None
        self._clock = _Clock()
        self._phases = Phases(stage, model, feed, emit, switch)

    def train(
        self, state: State | None, divergences: Divergences = (), *, again: bool = False
    ) -> Outcome:
        """Trains until `schedule` says that the stage is complete, or until it diverges.

        Args:
            state: where an earlier process left off; None to start from the model as it is.
            divergences: the attempts at the epochs until there, and at the next, that diverged.
            again: whether it was this process that diverged.

        Raises:
            Stopped: asked to stop; a checkpoint of this very step is on disk.
            GrowError: the last checkpoints cannot be written.
        """
        if state is not None:
            self._restore(state)
        self._divergences = divergences
        stage, steps = self._stage, self._feed.steps
        self._emit(StageStarted(stage, steps, self._history, self._step, again))
        while not (reason := schedule.end_of_stage(stage.training, self._history)):
            divergence = self._train_epoch()
            if divergence is not None:
                self._go_back(divergence)
                return Outcome(self._history, "")
        self._keeper.finish()
        return Outcome(self._history, reason)

    def _train_epoch(self) -> Divergence | None:
        """Trains and validates the next epoch, or returns where it diverged."""
        number = len(self._history) + 1
        phase = self._phases.of(number)
        rate = schedule.learning_rate(self._stage.training, self._history, self._divergences)
        with closing(phase.feed.training_batches(number, self._step)) as batches:
            for pictures, labels in batches:
                self._take_rate(rate * self._warm_up(self._step))
                weights = self._feed.sample_weights(labels)
                logs = step.train_batch(
                    phase.model, self._feed.whole_batch, pictures, labels, weights
                )
                # Weighted, it could not be compared with the loss of the validation.
                loss = logs.get(PLAIN_LOSS, logs["loss"])
                self._step += 1
                if not (math.isfinite(loss) and math.isfinite(logs["loss"])):
                    seen = self._tally.pictures + len(pictures)
                    return self._diverged("loss", loss + logs["loss"], rate, seen)
                self._tally = self._tally.plus(len(pictures), loss, logs["accuracy"])
                self._tell_step(number, len(pictures))
                self._pause()
        return self._finish_epoch(number, phase, rate)

    def _take_rate(self, rate: float) -> None:
        """Sets the optimizer's learning rate, of which all phases share one, where it changes."""
        if rate != self._rate:
            self._model.optimizer.learning_rate = self._rate = rate

    def _warm_up(self, step: int) -> float:
        return schedule.warm_up(self._stage.training, self._history, step, self._feed.steps)

    def _diverged(self, what: str, value: float, rate: float, seen: int) -> Divergence:
        """What is recorded of the running epoch, after so many pictures of it."""
        number = len(self._history) + 1
        seconds, cpu_seconds = self._clock.elapsed()
        return Divergence(
            epoch=number,
            step=self._step,
            diverged=what,
            value=str(float(value)),
            learning_rate=rate,
            seconds=round(seconds, 3),
            cpu_seconds=round(cpu_seconds, 3),
            training_flops=self._flops(number) * seen // len(self._feed.training),
        )

    def _go_back(self, divergence: Divergence) -> None:
        """Records the divergence; on disk the stage is where its last good epoch ended."""
        training, steps = self._stage.training, self._feed.steps
        self._divergences = (*self._divergences, divergence)
        self._keeper.go_back(place(len(self._history), 0, steps), self._history, self._divergences)
        halvings, rate = len(self._divergences), None
        if schedule.given_up(training, self._history, self._divergences):
            halvings -= 1
        else:
            rate = schedule.learning_rate(training, self._history, self._divergences)
        self._emit(Diverged(self._stage, divergence, steps, halvings, rate))

    def _finish_epoch(self, number: int, phase: Phase, rate: float) -> Divergence | None:
        # Once not finite, a weight stays so: at the end of the epoch is soon enough, and happens
        # at the same step however often a process was interrupted before.
        found = not_finite(self._tensors())
        if found is not None:
            return self._diverged(found[0], float(found[1]), rate, self._tally.pictures)
        try:
            validation = evaluate(phase.model, phase.feed, self._emit, self._switch)
        except Stopped:
            self._keep_and_wait()
            raise
        if not math.isfinite(validation.mean_loss):
            return self._diverged("val_loss", validation.mean_loss, rate, self._tally.pictures)
        if not validation.pictures and not math.isfinite(loss := self._loss_of_first()):
            return self._diverged("loss", loss, rate, self._tally.pictures)
        seconds, cpu_seconds = self._clock.restart()
        val_loss, val_accuracy = validation.measured
        record = EpochRecord(
            epoch=number,
            loss=self._tally.mean_loss,
            accuracy=self._tally.accuracy,
            val_loss=val_loss,
            val_accuracy=val_accuracy,
            learning_rate=rate * self._warm_up(self._feed.steps - 1),
            seconds=round(seconds, 3),
            cpu_seconds=round(cpu_seconds, 3),
            training_flops=self._flops(number),
        )
        self._history = (*self._history, record)
        self._step, self._tally = 0, Tally()
        self._keep()
        best = schedule.best_epoch(self._stage.training, self._history)
        self._emit(EpochDone(self._stage, record, best))
        return None

    def _loss_of_first(self) -> float:
        """The loss on the first training pictures, where no validation tells what weights compute.

        Weights may be finite and too large to compute with, and no step comes after the last one.
        """
        rows = self._feed.training[:FIRST_PICTURES]
        pictures, labels = self._feed.pictures(rows), self._feed.labels_of(rows)
        return step.evaluate_batch(self._model, len(rows), pictures, labels)["loss"]

    def _flops(self, epoch: int) -> int:
        stage, feed = self._stage, self._feed
        counts = (len(feed.training), len(feed.validation))
        return param_groups.epoch_flops(stage.architecture, stage.groups, epoch, *counts)

    def _tell_step(self, epoch: int, pictures: int) -> None:
        tally = self._tally
        self._emit(StepDone(epoch, self._step, pictures, tally.mean_loss, tally.accuracy))

    def _pause(self) -> None:
        """Between two steps: the place where a stop is honoured and a checkpoint may be due."""
        if self._switch.requested:
            self._keep_and_wait()
            self._switch.check()
        elif self._keeper.due:
            self._keep()

    def _keep(self) -> None:
        began = time.monotonic()
        self._keeper.keep(self._capture(), began)

    def _keep_and_wait(self) -> None:
        self._keep()
        self._keeper.settle()

    def _variables(self) -> dict[str, Any]:
        """Everything the next step depends on, by name."""
        model = self._model
        named = {f"weights/{weight.path}": weight for weight in model.weights}
        for name, variable in optimizer_variables(model).items():
            named[f"optimizer/{name}"] = variable
        for name, variable in network.random_state(model).items():
            named[f"random/{name}"] = variable
        return named

    def _tensors(self) -> dict[str, NDArray[Any]]:
        """Their values, as arrays of their own."""
        return {name: network.to_array(variable) for name, variable in self._variables().items()}

    def _capture(self) -> State:
        seconds, cpu_seconds = self._clock.elapsed()
        number = place(len(self._history), self._step, self._feed.steps)
        return State(
            number,
            self._step,
            self._history,
            self._tally,
            seconds,
            cpu_seconds,
            self._tensors(),
            self._divergences,
        )

    def _restore(self, state: State) -> None:
        try:
            network.assign(self._variables(), state.tensors)
        except ValueError as error:
            raise RunFolderError(
                f"checkpoint {state.number:06d} of {self._stage.folder} is of another network: "
                f"{error}",
                hint="move that stage folder away and run again",
            ) from error
        self._history, self._step, self._tally = state.history, state.step, state.tally
        self._clock = _Clock(state.seconds, state.cpu_seconds)


class _Clock:
    """Wall-clock and processor seconds of the running epoch, also across processes."""

    def __init__(self, seconds: float = 0.0, cpu_seconds: float = 0.0) -> None:
        self._wall = time.perf_counter() - seconds
        self._cpu = time.process_time() - cpu_seconds

    def elapsed(self) -> tuple[float, float]:
        return time.perf_counter() - self._wall, time.process_time() - self._cpu

    def restart(self) -> tuple[float, float]:
        spent = self.elapsed()
        self._wall, self._cpu = time.perf_counter(), time.process_time()
        return spent
