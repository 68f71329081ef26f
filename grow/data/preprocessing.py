"""How a picture file becomes what a network is fed: the one way, in training and in use.

This module owns the few values that must be known to repeat it, and their JSON form inside a
saved model.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grow.data.contents import contents
from grow.data.decode import Fit, decode
from grow.data.manifest import Shape
from grow.data.reduce import area_mean
from grow.data.values import Scale

_FITS: tuple[Fit, ...] = ("stretch", "crop")


@dataclass(frozen=True)
class Preprocessing:
    """What turns a picture of any size into the pixels that a network was trained on.

    Attributes:
        image: height, width and channels (1 or 3) of what the network is fed.
        master: height and width that the picture is first brought to; multiples of the image's.
        fit: how a picture of other proportions is brought there.
        scale: which stored values become 0 and 255; None: what is usual for their depth.
    """

    image: Shape
    master: tuple[int, int]
    fit: Fit
    scale: Scale | None = None

    def __post_init__(self) -> None:
        height, width, channels = self.image
        sides = (height, width, *self.master)
        if any(type(side) is not int or side < 1 for side in sides) or channels not in (1, 3):
            raise ValueError(f"expected positive sizes and 1 or 3 channels, found {self}")
        if self.master[0] % height or self.master[1] % width:
            raise ValueError(f"expected a master of multiples of the image, found {self}")
        if self.fit not in _FITS:
            raise ValueError(f"expected one of the fits {', '.join(_FITS)}, found {self.fit!r}")
        if self.scale is not None:
            low, high = self.scale
            if not -math.inf < low < high < math.inf:
                raise ValueError(f"expected a range of two numbers that rise, found {self.scale}")

    def read(self, path: str | Path) -> NDArray[np.float32]:
        """A picture file as the network is fed it, float32 of shape `image` in [0, 255].

        Raises:
            Undecodable: the file cannot be read, or is no usable picture.
        """
        shape = (*self.master, self.image[2])
        pixels = decode(contents(path, pipes=True), shape, self.fit, self.scale)
        image: NDArray[np.float32] = area_mean(pixels[np.newaxis], *self.image[:2])[0]
        return image

    def to_dict(self) -> dict[str, Any]:
        """The values as plain JSON values."""
        values = {"image": list(self.image), "master": list(self.master), "fit": self.fit}
        # Only where it was said: models saved before there was such a key stay equal.
        return values if self.scale is None else {**values, "range": list(self.scale)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Preprocessing:
        """What `to_dict` wrote; other keys are passed over.

        Raises:
            KeyError: one is missing.
            TypeError: one is of another kind.
            ValueError: one is of another kind or out of bounds.
        """
        height, width, channels = values["image"]
        down, across = values["master"]
        scale = values.get("range")
        if scale is not None:
            low, high = scale
            scale = (low, high)
        return cls((height, width, channels), (down, across), values["fit"], scale)
