"""Arrays by name as bytes: packed, unpacked, digested. NumPy and safetensors only.

A room of its own so that whoever only counts checkpoints (`grow plan`) loads neither.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

Tensors = Mapping[str, NDArray[Any]]


def pack(tensors: Tensors) -> bytes:
    """The arrays in the safetensors format."""
    return safetensors.numpy.save({k: np.asarray(v, order="C") for k, v in tensors.items()})


def unpack(data: bytes) -> dict[str, NDArray[Any]]:
    """The arrays that `pack` packed.

    Raises:
        ValueError: the bytes are not in the safetensors format.
    """
    try:
        return safetensors.numpy.load(data)
    except safetensors.SafetensorError as error:
        raise ValueError(str(error)) from error


def find_not_finite(tensors: Tensors) -> tuple[str, str] | None:
    """The first array, by name, that holds what is no finite number; None where all are finite.

    Returns:
        Its name, and what it holds: ``nan``, ``inf`` or ``-inf``.
    """
    for name, array in tensors.items():
        finite = np.isfinite(array)
        if not finite.all():
            return name, str(float(np.asarray(array)[~finite][0]))
    return None


def hash_tensors(tensors: Tensors) -> str:
    """Hexadecimal SHA-256 over names, types, shapes and bytes of arrays, in order of name."""
    total = hashlib.sha256()
    for name in sorted(tensors):
        array = np.asarray(tensors[name], order="C")
        total.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        total.update(array.tobytes())
    return total.hexdigest()
