"""Loads Keras on TensorFlow, quietly and so that it computes the same each time.

The one door to Keras. TensorFlow's C++ writes notices to the
terminal before any setting of its own can stop it; they are held back unless
``GROW_BACKEND_NOISE`` is set, and shown when the import fails. A log file gets them anyway.
``GROW_THREADS`` says how many threads may compute; all cores unless said. TensorFlow's oneDNN
kernels are on unless ``TF_ENABLE_ONEDNN_OPTS`` says otherwise: by itself TensorFlow takes them on
few processors only, and there are two reasons to take them everywhere. They are the faster ones
for these networks (docs/speed.md), and weights should not hang on a processor's name.
"""

from __future__ import annotations

import importlib
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import metadata
from types import ModuleType

from grow import log
from grow.errors import UsageError

THREADS = "GROW_THREADS"
"""The environment variable that says how many threads may compute."""

ONEDNN = "TF_ENABLE_ONEDNN_OPTS"
"""The environment variable that turns TensorFlow's oneDNN kernels on (1) and off (0)."""

NOISE = "GROW_BACKEND_NOISE"
"""The environment variable that, set to anything, lets TensorFlow say what it likes."""


@contextmanager
def held_back() -> Iterator[None]:
    """Keeps what is written to the process's standard error, shows it only on failure."""
    wanted = bool(os.environ.get(NOISE))
    if wanted and not log.is_kept():
        yield
        return
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as kept:
        os.dup2(kept.fileno(), 2)
        try:
            yield
        except BaseException:
            wanted = True
            raise
        finally:
            sys.stderr.flush()
            kept.seek(0)
            said = kept.read()
            if wanted:
                os.write(terminal, said)
            os.dup2(terminal, 2)
            os.close(terminal)
            log.note(said.decode(errors="backslashreplace"))


def threads_said() -> int:
    """How many threads may compute; 0 where nothing is said."""
    said = os.environ.get(THREADS, "")
    if said and not (said.isdecimal() and int(said)):
        raise UsageError(f"{THREADS}: expected a number of threads from 1 on, found {said!r}")
    return int(said or 0)


@cache
def load_tensorflow() -> ModuleType:
    """The ``tensorflow`` module, quietly, with deterministic operations.

    Raises:
        ImportError: TensorFlow is not installed or does not start.
        UsageError: ``GROW_THREADS`` is no number of threads.
    """
    if not os.environ.get(NOISE):
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault(ONEDNN, "1")
    with held_back():
        tensorflow = importlib.import_module("tensorflow")
        tensorflow.config.experimental.enable_op_determinism()
        if threads := threads_said():
            tensorflow.config.threading.set_intra_op_parallelism_threads(threads)
            tensorflow.config.threading.set_inter_op_parallelism_threads(threads)
        # The first operation starts the device, and its notices with it.
        tensorflow.zeros(1)
    if not os.environ.get(NOISE):
        # Each stage is a new model with new functions, which TensorFlow takes for a mistake.
        tensorflow.get_logger().setLevel("ERROR")
    return tensorflow


@cache
def load_keras() -> ModuleType:
    """The ``keras`` module, on TensorFlow.

    Raises:
        ImportError: Keras or TensorFlow is not installed or does not start.
    """
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    load_tensorflow()
    return importlib.import_module("keras")


@cache
def load_tfds() -> ModuleType:
    """The ``tensorflow_datasets`` module, quietly.

    Raises:
        ImportError: it is not installed; it comes with the extra ``tfds``.
    """
    load_tensorflow()
    with held_back():
        datasets = importlib.import_module("tensorflow_datasets")
        datasets.disable_progress_bar()
    return datasets


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def versions() -> dict[str, str]:
    """The versions of what computes the weights, as a checkpoint records them."""
    names = ("grow-trainer", "keras", "numpy", "tensorflow")
    return {"python": platform.python_version(), **{name: _version(name) for name in names}}


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"
