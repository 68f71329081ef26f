"""What is measured of one picture."""

from __future__ import annotations

import math
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageFilter

from grow.data.decode import Undecodable
from grow.data.facts import COLUMNS, Facts, facts_of_file, facts_of_pixels, jpeg_quality


def noise(seed: int = 0, size: tuple[int, int] = (40, 30)) -> Image.Image:
    """A smooth random picture, as photographs are."""
    pixels = np.random.default_rng(seed).integers(0, 256, (9, 12, 3), np.uint8)
    return Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC)


def saved(picture: Image.Image, form: str = "PNG", **settings: object) -> bytes:
    file = BytesIO()
    picture.save(file, form, **settings)
    return file.getvalue()


def figure(facts: Facts, name: str) -> float:
    return float(facts.measures[COLUMNS.index(name)])


def of(picture: Image.Image) -> Facts:
    return facts_of_file(saved(picture))


def test_every_column_has_a_figure() -> None:
    facts = facts_of_file(saved(noise(), "JPEG"))
    assert facts.measures.shape == (len(COLUMNS),)
    assert np.isfinite(facts.measures).all()


def test_the_file() -> None:
    data = saved(noise(), "JPEG", quality=60)
    facts = facts_of_file(data)
    assert (facts.width, facts.height, facts.format, facts.mode) == (40, 30, "JPEG", "RGB")
    assert figure(facts, "bytes_per_pixel") == pytest.approx(len(data) / 1200)
    assert figure(facts, "jpeg_quality") == 60
    assert figure(facts, "pixels") == pytest.approx(math.log(1200))
    assert not facts.animated


def test_what_is_no_jpeg_has_no_quality() -> None:
    assert math.isnan(figure(of(noise()), "jpeg_quality"))


@pytest.mark.parametrize("quality", [3, 10, 25, 49, 50, 51, 75, 90, 95])
def test_the_quality_of_a_jpeg_is_found(quality: int) -> None:
    with Image.open(BytesIO(saved(noise(), "JPEG", quality=quality))) as image:
        assert jpeg_quality(list(image.quantization[0])) == quality


def test_the_size_is_the_upright_one() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    facts = facts_of_file(saved(noise(), "JPEG", exif=exif))
    assert (facts.width, facts.height) == (30, 40)


def test_a_blurred_picture_is_less_sharp() -> None:
    sharp, blurred = noise(), noise().filter(ImageFilter.GaussianBlur(2))
    assert figure(of(blurred), "sharpness") < figure(of(sharp), "sharpness") - 0.5


def test_contrast_is_no_sharpness() -> None:
    full, half = of(noise()), of(noise().point(lambda value: value // 2 + 64))
    assert figure(half, "sharpness") == pytest.approx(figure(full, "sharpness"), abs=0.1)
    assert figure(half, "contrast") == pytest.approx(figure(full, "contrast") / 2, rel=0.1)


def test_colours() -> None:
    facts = of(Image.new("RGB", (9, 9), (200, 100, 50)))
    assert figure(facts, "red_green") == 100
    assert figure(facts, "yellow_blue") == 100
    assert figure(facts, "saturation") == 150
    assert figure(of(noise().convert("L")), "saturation") == 0


def test_the_border() -> None:
    framed = Image.new("RGB", (50, 40), "black")
    framed.paste(noise(size=(46, 36)), (2, 2))
    facts = of(framed)
    assert figure(facts, "border_brightness") == 0
    assert figure(facts, "border_evenness") == 0
    assert figure(of(noise()), "border_evenness") > 5


def test_a_large_picture_is_measured_small() -> None:
    large = noise().resize((800, 600), Image.Resampling.BICUBIC)
    facts = of(large)
    assert (facts.width, facts.height) == (800, 600)
    assert figure(facts, "brightness") == pytest.approx(figure(of(noise()), "brightness"), abs=3)


def test_pixels_of_no_file_have_the_same_figures() -> None:
    picture = noise()
    file, pixels = of(picture), facts_of_pixels(np.asarray(picture))
    assert pixels.format == ""
    seen = [i for i, name in enumerate(COLUMNS) if not math.isnan(pixels.measures[i])]
    assert "sharpness" in [COLUMNS[i] for i in seen]
    assert "bytes_per_pixel" not in [COLUMNS[i] for i in seen]
    np.testing.assert_array_equal(pixels.measures[seen], file.measures[seen])
    np.testing.assert_array_equal(pixels.thumb, file.thumb)


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (3000, 1), (1, 3000)])
def test_the_smallest_pictures_can_be_measured(size: tuple[int, int]) -> None:
    facts = of(Image.new("RGB", size, "red"))
    assert (facts.width, facts.height) == size
    assert np.isfinite(facts.measures[COLUMNS.index("brightness")])


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_kinds_of_pictures(mode: str) -> None:
    picture = Image.new("I;16", (9, 9), 40_000) if mode == "I;16" else noise().convert(mode)
    assert of(picture).mode == mode


def test_grey_pixels() -> None:
    assert facts_of_pixels(np.zeros((8, 8, 1), np.uint8)).mode == "L"


def test_a_picture_that_moves() -> None:
    moving = saved(noise(), "GIF", save_all=True, append_images=[noise(1)])
    assert facts_of_file(moving).animated


@pytest.mark.parametrize("data", [b"", b"junk", saved(noise())[:200]])
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(Undecodable):
        facts_of_file(data)
