"""Any two saved Keras models compared: the files read, then explained.

Needs neither TensorFlow nor Keras, and runs nothing that a file holds.
"""

from __future__ import annotations

from pathlib import Path

from grow.nets.archive import read
from grow.nets.explain import Explanation, Model
from grow.nets.explain import explain as _explain


def explain(
    old: str | Path,
    new: str | Path,
    *,
    old_model: str | Path | None = None,
    new_model: str | Path | None = None,
) -> Explanation:
    """What could be carried over between two saved models, and what Keras would load.

    Args:
        old: a ``.keras``, ``.h5`` or ``.weights.h5`` file.
        new: likewise.
        old_model: the ``.keras`` or ``.h5`` file of the old model, where ``old`` holds weights
            only.
        new_model: likewise of the new one.

    Raises:
        UsageError: a file is missing, or is not a saved Keras model.
    """
    return _explain(_read(old, old_model), _read(new, new_model))


def _read(path: str | Path, model: str | Path | None) -> Model:
    return read(Path(path), None if model is None else Path(model))
