"""Small picture folders, made where a test needs them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from grow.config.schema import FolderData


def save_picture(path: Path, seed: int = 0, size: tuple[int, int] = (10, 8)) -> Path:
    """Save noise that depends on ``seed``; the format is the suffix's."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8)
    Image.fromarray(noise).save(path)
    return path


@pytest.fixture
def picture() -> Callable[..., Path]:
    return save_picture


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Unsplit: ten cats and ten dogs, each picture another."""
    for number in range(10):
        save_picture(tmp_path / "data" / "cats" / f"{number}.png", number)
        save_picture(tmp_path / "data" / "dogs" / f"{number}.png", 100 + number)
    return tmp_path / "data"


@pytest.fixture
def split_root(tmp_path: Path) -> Path:
    """Three pictures a class in train and two in test."""
    for number in range(5):
        part = "train" if number < 3 else "test"
        save_picture(tmp_path / "data" / part / "cats" / f"{number}.png", number)
        save_picture(tmp_path / "data" / part / "dogs" / f"{number}.png", 100 + number)
    return tmp_path / "data"


@pytest.fixture
def folder_data() -> Callable[..., FolderData]:
    def make(path: Path | str, **settings: object) -> FolderData:
        return FolderData.model_validate({"source": "folder", "path": str(path), **settings})

    return make
