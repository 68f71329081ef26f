"""The embedded pictures: a pure function of its arguments, with nothing but shape to go by."""

import subprocess
import sys
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from grow.data.synthetic import drawn
from grow.data.synthetic.animal import animal
from grow.data.synthetic.drawn import CLASSES, draw
from grow.data.synthetic.scene import sample_coat, sample_pose, sample_traits
from grow.data.synthetic.shapes import ellipse, limb, place

COUNT = 320


def generator(seed=0):
    return np.random.Generator(np.random.Philox(seed))


@cache
def sample():
    labels = np.arange(COUNT) % 2
    return np.stack([draw(11, i, int(label)) for i, label in enumerate(labels)]), labels


def test_classes_are_named_in_the_order_of_their_labels():
    assert CLASSES == ("cat", "dog")


@pytest.mark.parametrize("size", [8, 16, 33, 64, 96])
def test_a_picture_is_a_square_of_rgb_bytes(size):
    picture = draw(7, 0, 1, size)
    assert picture.shape == (size, size, 3)
    assert picture.dtype == np.uint8


def test_the_same_arguments_give_the_same_bytes_whatever_was_drawn_before():
    first = draw(7, 3, 0)
    draw(7, 4, 1)
    np.random.default_rng(0).random(5)
    assert np.array_equal(draw(7, 3, 0), first)


def test_another_process_draws_the_same_bytes():
    code = "import sys; from grow.data.synthetic.drawn import draw; "
    code += "sys.stdout.buffer.write(draw(7, 3, 0))"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert other.stdout == draw(7, 3, 0).tobytes()


@pytest.mark.parametrize("other", [(8, 3, 0), (7, 4, 0), (7, 3, 1), (3, 7, 0)])
def test_another_seed_index_or_label_gives_another_picture(other):
    difference = draw(7, 3, 0).astype(int) - draw(*other)
    # Far more than other noise over the same scene would make.
    assert np.abs(difference).mean() > 15


def test_no_two_pictures_are_alike():
    pictures, _ = sample()
    assert len({picture.tobytes() for picture in pictures}) == COUNT


@pytest.mark.parametrize("label", [-1, 2])
def test_a_label_outside_the_classes_is_refused(label):
    with pytest.raises(ValueError, match=rf"expected 0 \(cat\) or 1 \(dog\), got {label}"):
        draw(7, 0, label)


def test_a_picture_too_small_to_show_anything_is_refused():
    with pytest.raises(ValueError, match="expected at least 8 pixels, got 7"):
        draw(7, 0, 0, 7)


@pytest.mark.parametrize("index", range(6))
def test_a_smaller_picture_is_the_area_mean_of_the_larger(index):
    large = draw(7, index, 1, 64).astype(float)
    small = draw(7, index, 1, 32).astype(float)
    mean = large.reshape(32, 2, 32, 2, 3).mean(axis=(1, 3))
    # What is left is noise: at most 9 in the small one and half of it in the mean.
    assert np.abs(small - mean).mean() < 9
    assert np.corrcoef(small.ravel(), mean.ravel())[0, 1] > 0.95


def test_without_noise_the_area_mean_holds_to_the_rounding(monkeypatch):
    exact = drawn.sample_light
    monkeypatch.setattr(
        drawn, "sample_light", lambda rng: replace(exact(rng), noise=0.0, slope=(0.0, 0.0))
    )
    large = draw(7, 2, 0, 64).astype(float)
    mean = large.reshape(32, 2, 32, 2, 3).mean(axis=(1, 3))
    assert np.abs(draw(7, 2, 0, 32) - mean).mean() < 1.0


def test_a_larger_picture_shows_the_same_scene():
    large = draw(7, 5, 0, 128).astype(float)
    mean = large.reshape(64, 2, 64, 2, 3).mean(axis=(1, 3))
    assert np.corrcoef(draw(7, 5, 0).ravel(), mean.ravel())[0, 1] > 0.95


def border(pictures):
    edge = np.concatenate(
        [pictures[:, 0], pictures[:, -1], pictures[:, :, 0], pictures[:, :, -1]], axis=1
    )
    return np.concatenate([edge.mean(axis=1), edge.std(axis=1)], axis=1)


def edge_energy(pictures):
    grey = pictures.mean(axis=3)
    steps = [np.abs(np.diff(grey, axis=axis)).mean(axis=(1, 2)) for axis in (1, 2)]
    return np.stack(steps, axis=1)


STATISTICS = {
    "mean colour": lambda pictures: pictures.mean(axis=(1, 2)),
    "contrast": lambda pictures: pictures.std(axis=(1, 2)),
    "border": border,
    "edge energy": edge_energy,
}


def linear_accuracy(features, labels):
    """Accuracy on the second half of a least-squares classifier fitted on the first."""
    scaled = (features - features.mean(axis=0)) / features.std(axis=0)
    columns = np.concatenate([scaled, np.ones((len(scaled), 1))], axis=1)
    half = len(labels) // 2
    weights = np.linalg.lstsq(columns[:half], labels[:half] - 0.5, rcond=None)[0]
    return np.mean((columns[half:] @ weights > 0) == labels[half:])


@pytest.mark.parametrize("name", STATISTICS)
def test_no_plain_statistic_tells_the_classes_apart(name):
    pictures, labels = sample()
    assert linear_accuracy(STATISTICS[name](pictures.astype(float)), labels) <= 0.6


def test_the_linear_classifier_would_find_a_difference_in_colour():
    pictures, labels = sample()
    tinted = pictures + 60.0 * labels[:, None, None, None] * np.array([1.0, 0.0, 0.0])
    assert linear_accuracy(STATISTICS["mean colour"](tinted), labels) > 0.8


@pytest.mark.parametrize("seed", range(5))
def test_only_the_traits_of_a_scene_depend_on_the_label(seed):
    cat, dog = drawn.plan(generator(seed), 0), drawn.plan(generator(seed), 1)
    assert cat.traits != dog.traits
    assert (cat.pose, cat.coat, cat.framing) == (dog.pose, dog.coat, dog.framing)
    assert (cat.light, cat.backdrop.corners) == (dog.light, dog.backdrop.corners)
    patches = [(*scene.backdrop.patches, *scene.obstacles) for scene in (cat, dog)]
    for one, other in zip(*patches, strict=True):
        assert one.colour == other.colour
        assert np.array_equal(one.points, other.points)


@pytest.mark.parametrize("seed", range(5))
def test_dogs_have_longer_snouts_and_shorter_tails_than_cats(seed):
    cat, dog = sample_traits(generator(seed), 0), sample_traits(generator(seed), 1)
    assert cat.snout < dog.snout
    assert cat.tail_length > dog.tail_length
    assert cat.eye > dog.eye


def test_traits_change_the_shapes_of_an_animal_but_not_its_colours():
    rng = generator(1)
    coat, pose = replace(sample_coat(rng), tongue=False), sample_pose(rng)
    bare = [replace(sample_traits(generator(), label), whiskers=0.0) for label in (0, 1)]
    cat, dog = ({p.colour for p in animal(replace(t, ear="hanging"), coat, pose)} for t in bare)
    assert cat == dog


def test_a_limb_encloses_both_its_ends():
    outline = limb(0.0, 0.0, 1.0, 4.0, 0.0, 0.5)
    assert outline.min(axis=0) == pytest.approx([-1.0, -1.0])
    assert outline.max(axis=0) == pytest.approx([4.5, 1.0])


def test_a_mirrored_outline_keeps_its_heights():
    outline = ellipse(1.0, 2.0, 0.5, 0.25)
    mirrored = place(outline, 0.0, 0.0, 1.0, 0.0, mirror=True)
    assert np.allclose(mirrored * (-1.0, 1.0), outline)
