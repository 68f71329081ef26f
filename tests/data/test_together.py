"""Look-alikes on both sides of a share: when that is told, and which grouping is proposed."""

import pytest

from grow.data.manifest import Manifest, Picture
from grow.data.together import find_leak, propose, written

CLASSES = ("cats", "dogs")


def films(name, clips=8, frames=5, of_class=lambda clip: clip % 2):
    """A manifest of clips whose frames are on both sides, and look alike within each clip."""
    pictures, groups = [], []
    for clip in range(clips):
        places = range(len(pictures), len(pictures) + frames)
        groups.append(list(places))
        for frame in range(frames):
            label = of_class(clip)
            key = f"{CLASSES[label]}/{name.format(clip=clip, frame=frame)}"
            split = "validation" if frame == 0 else "train"
            pictures.append(Picture(key, label, split, key))
    return Manifest(CLASSES, tuple(pictures)), groups


def proposed(manifest, groups):
    found = propose(manifest, [[manifest.pictures[n] for n in group] for group in groups])
    return found and (written(found[0]), found[1])


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("clip{clip:02d}_frame{frame:03d}.png", r"{pattern: 'clip(\d+)'}"),
        ("frame{frame:03d}_clip{clip:02d}.png", r"{pattern: 'clip(\d+)'}"),
        ("clip-{clip}-{frame}.jpg", r"{pattern: 'clip-(\d+)'}"),
        ("film {clip}/{frame:05d}.jpg", "{folder: 1}"),
        ("{clip}/left/{frame}.jpg", "{folder: 2}"),
        ("{clip:04d}_{frame:04d}.jpg", r"{pattern: '([^/]+)[-_. ]\d+\.\w+$'}"),
        ("p{clip}_{frame}.png", r"{pattern: 'p(\d+)'}"),
        ("{clip}{frame:c}.png", None),
        ("{clip}-x{frame}y.png", r"{pattern: '([^/_-]+)[_-][^/]*$'}"),
        ("{frame:04d}_{clip:04d}x.png", r"{pattern: '[_-]([^/_-]+)\.\w+$'}"),
        ("run_{clip} ({frame}).png", r"{pattern: 'run_(\d+)'}"),
    ],
)
def test_a_grouping_is_proposed_from_names_and_folders(name, group):
    found = proposed(*films(name))
    assert (found and found[0]) == group
    assert found is None or found[1] == 8


@pytest.mark.parametrize("name", ["{clip}{frame}.png", "IMG_{frame}{clip}.png"])
def test_nothing_is_proposed_where_names_do_not_tell(name):
    assert proposed(*films(name)) is None


def test_nothing_is_proposed_that_leaves_a_class_one_group():
    assert proposed(*films("clip{clip}_{frame}.png", clips=2)) is None


def test_a_few_look_alikes_of_two_films_do_not_hide_the_films():
    manifest, groups = films("clip{clip:02d}_frame{frame}.png", clips=20)
    groups[0] += groups.pop(1)
    assert proposed(manifest, groups)[0] == r"{pattern: 'clip(\d+)'}"


def test_the_warning_says_how_many_and_what_to_do():
    remark = find_leak(*films("clip{clip}_{frame}.png"))
    assert remark.code == "look-alike-leak-validation"
    assert remark.words.startswith("8 of 8 validation pictures look like a training picture")
    assert r"add group: {pattern: 'clip(\d+)'} to data" in remark.advice
    assert "8 groups" in remark.advice
    assert len(remark.keys) == 40


def test_a_few_look_alikes_among_many_are_no_warning():
    manifest, groups = films("{clip}.{frame}.png", clips=300)
    assert find_leak(manifest, groups[:2]) is None
    assert find_leak(manifest, groups[:3]) is not None
    assert find_leak(manifest, []) is None


def test_look_alikes_of_few_classes_under_names_that_tell_nothing_are_no_warning():
    """As the ones among handwritten digits are."""
    classes = tuple("0123456789")
    pictures = tuple(
        Picture(f"{n % 10}/{n:05d}.png", n % 10, "train" if n % 5 else "validation", str(n))
        for n in (10 * (m // 10) + (m * 7) % 10 for m in range(2000))
    )
    manifest = Manifest(classes, pictures)
    places = {
        split: [n for n, one in enumerate(pictures) if one.label == 5 and one.split == split]
        for split in ("train", "validation")
    }
    other = [n for n, one in enumerate(pictures) if one.label == 1 and one.split == "train"]
    few = [[other[n], held] for n, held in enumerate(places["validation"][:10])]
    assert len(few) == 10
    assert find_leak(manifest, few) is None
    many = [[other[n], held] for n, held in enumerate(places["validation"][:40])]
    assert find_leak(manifest, many) is not None


def test_copies_of_a_file_and_test_pictures_are_another_matter():
    manifest, groups = films("clip{clip}_{frame}.png")
    same = tuple(Picture(p.key, p.label, p.split, "same") for p in manifest.pictures)
    assert find_leak(Manifest(CLASSES, same), groups) is None
    test = tuple(
        Picture(p.key, p.label, "test" if p.split == "validation" else "train", p.digest)
        for p in manifest.pictures
    )
    assert find_leak(Manifest(CLASSES, test), groups) is None
