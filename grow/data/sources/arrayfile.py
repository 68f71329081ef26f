"""Files of NumPy arrays: what they hold, small arrays read, arrays of pictures mapped.

This module owns how .npz and .npy files are opened, with bounded memory and without running
anything they hold, and the words for damaged ones. It knows nothing of classes.
"""

from __future__ import annotations

import lzma
import math
import shutil
import struct
import tempfile
import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from grow.errors import DataError

# What numpy, zipfile and the codecs raise at one damaged file or another.
_DAMAGED = (
    ValueError,
    EOFError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    SyntaxError,
    RuntimeError,
    MemoryError,
    struct.error,
    tokenize.TokenError,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
)
_CHANNELS = (1, 3, 4)

BLOCK_BYTES = 1 << 24
"""How much of an array is read at one time."""

_DEFLATED_MOST = 1100
"""How many times its packed size a member can have: a little more than deflate can reach."""


@dataclass(frozen=True)
class Head:
    """What the head of an array of pictures says.

    Attributes:
        shape: `(pictures, height, width)` or `(pictures, height, width, channels)`.
        dtype: what its values are.
        fortran: whether the first axis varies fastest.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran: bool

    @property
    def number(self) -> int:
        """How many pictures there are."""
        return self.shape[0]

    @property
    def count(self) -> int:
        """How many values there are."""
        return math.prod(self.shape)

    @property
    def bytes(self) -> int:
        """How many bytes they take."""
        return self.count * self.dtype.itemsize


def names(path: Path) -> tuple[str, ...]:
    """The names of the arrays in an .npz file.

    Raises:
        DataError: it is damaged, or none.
    """
    with _explained(path, ""), zipfile.ZipFile(path) as archive:
        found = [name for name in archive.namelist() if name.endswith(".npy")]
    return tuple(name.removesuffix(".npy") for name in found)


def head(path: Path, name: str) -> Head:
    """The head of an array of pictures: one in an .npz file by name, or an .npy file (no name).

    Raises:
        DataError: it is damaged, or no array of pictures.
    """
    with _explained(path, name), _opened(path, name) as stream:
        found = _head(stream)
    _check(path, name, found)
    with _explained(path, name):
        _check_size(found, _size(path, name))
    return found


def read(path: Path, name: str) -> NDArray[Any]:
    """A small array, such as one of labels; named as in `head`.

    Raises:
        DataError: it is damaged, or holds Python objects.
    """
    with _explained(path, name), _opened(path, name) as stream:
        found = _head(stream)
        _check_size(found, _size(path, name))
        values = np.frombuffer(_exactly(stream, found.bytes), found.dtype)
        return values.reshape(found.shape, order="F" if found.fortran else "C")


def blocks(path: Path, name: str) -> Iterator[NDArray[Any]]:
    """The values of an array of pictures in parts of bounded size, each flat, as they are stored.

    Raises:
        DataError: it is damaged.
    """
    with _explained(path, name), _opened(path, name) as stream:
        found = _head(stream)
        most = max(1, BLOCK_BYTES // found.dtype.itemsize)
        for start in range(0, found.count, most):
            count = min(most, found.count - start)
            yield np.frombuffer(_exactly(stream, count * found.dtype.itemsize), found.dtype)


def mapped(path: Path, name: str) -> NDArray[Any]:
    """An array of pictures, mapped read-only from disk; named as in `head`.

    One in an .npz file is unpacked into a file of the system's temporary folder first, which
    goes with the array, so that memory stays bounded whatever its size.

    Raises:
        DataError: it is damaged, no array of pictures, or there is no room to unpack it.
    """
    found = head(path, name)
    if not all(found.shape):
        return np.empty(found.shape, found.dtype)
    with _explained(path, name), _opened(path, name) as stream:
        if not name:
            return _map(stream)
        with tempfile.TemporaryFile() as unpacked:
            shutil.copyfileobj(stream, unpacked, 1 << 20)
            unpacked.seek(0)
            return _map(unpacked)


def _map(file: IO[bytes]) -> NDArray[Any]:
    """The array in a file, from its start on; the map stays when the file is closed."""
    found = _head(file)
    order: Literal["C", "F"] = "F" if found.fortran else "C"
    return np.memmap(file, found.dtype, "r", offset=file.tell(), shape=found.shape, order=order)


def _head(stream: IO[bytes]) -> Head:
    version = npy.read_magic(stream)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"an array of format {version[0]}.{version[1]}")
    known = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, fortran, dtype = known(stream)
    if dtype.hasobject:
        raise ValueError("Python objects")
    if dtype.fields is not None or dtype.subdtype is not None or not dtype.itemsize:
        raise ValueError(f"values of the kind {dtype}")
    if any(type(side) is not int or side < 0 for side in shape):
        raise ValueError(f"a head that says {shape}")
    return Head(shape, dtype, fortran)


def _size(path: Path, name: str) -> int:
    """How many bytes an array can take at most, its head included, whatever its head says."""
    if not name:
        return path.stat().st_size
    with zipfile.ZipFile(path) as archive:
        member = archive.getinfo(f"{name}.npy")
    if member.compress_type == zipfile.ZIP_STORED:
        return min(member.file_size, path.stat().st_size)
    if member.compress_type == zipfile.ZIP_DEFLATED:
        return min(member.file_size, _DEFLATED_MOST * path.stat().st_size)
    return member.file_size


def _check_size(found: Head, most: int) -> None:
    """Sees that a head does not promise more than there is: nothing is made room for then."""
    if found.bytes > most:
        raise ValueError(
            f"a head that says {found.shape} of {found.dtype}, {found.bytes:,} bytes, and at most "
            f"{most:,} bytes behind it"
        )


def _exactly(stream: IO[bytes], size: int) -> bytearray:
    """So many bytes; room is made as they come, so that a lie about them costs none."""
    read = bytearray()
    while len(read) < size:
        part = stream.read(min(size - len(read), 1 << 20))
        if not part:
            raise ValueError(f"only {len(read):,} of {size:,} bytes")
        read += part
    return read


def _check(path: Path, name: str, found: Head) -> None:
    where = f'{path}: "{name}"' if name else f"{path}:"
    shape = found.shape
    pictures = len(shape) == 3 or (len(shape) == 4 and shape[3] in _CHANNELS)
    if not pictures or 0 in shape[1:]:
        first = len(shape) == 4 and shape[1] in _CHANNELS
        hint = "Put channels last: images.transpose(0, 2, 3, 1)." if first else ""
        raise DataError(
            f"{where} expected pictures of shape (n, height, width) or (n, height, width, 1 or 3), "
            f"found {shape}.",
            hint=hint or "Save an array of that shape.",
        )
    if found.dtype.kind not in "biuf":
        raise DataError(
            f"{where} expected values from 0 to 255 or from 0 to 1, found {found.dtype}.",
            hint="Save uint8 or float32.",
        )


@contextmanager
def _opened(path: Path, name: str) -> Iterator[IO[bytes]]:
    if not name:
        with path.open("rb") as stream:
            yield stream
        return
    with zipfile.ZipFile(path) as archive, archive.open(f"{name}.npy") as member:
        yield member


@contextmanager
def _explained(path: Path, name: str) -> Iterator[None]:
    """Failures of reading in words."""
    what = f'{path}: "{name}"' if name else f"{path}:"
    try:
        yield
    except _DAMAGED as error:
        raise DataError(
            f"{what} expected arrays that numpy saved, found: {error}.",
            hint="Save them again with numpy.savez (or numpy.save): pictures as plain numbers, "
            "labels as numbers or texts, such as labels.astype(str).",
        ) from error
    except OSError as error:
        raise DataError(
            f"{what} expected a file that can be read, found: {error.strerror or error}.",
            hint="Check its permissions, and whether there is room in the temporary folder.",
        ) from error
