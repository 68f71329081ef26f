"""The animal of a drawn picture: heads, bodies and tails as patches.

This module owns how traits, coat and pose become filled outlines. Its frame of reference
has the middle of the head at (0, 0), a head radius of 1, y downwards; an animal with a
positive yaw looks to the right. It draws nothing itself.
"""

from __future__ import annotations

from math import cos, sin

import numpy as np

from grow.data.synthetic.scene import Coat, Pose, Stance, Traits
from grow.data.synthetic.shapes import Colour, Patch, Points, blend, curve, ellipse, limb, ribbon

_TONGUE: Colour = (226, 110, 120)
_PUPIL: Colour = (18, 16, 18)
_BELL: Colour = (236, 200, 80)
_SHINE: Colour = (255, 255, 250)
# Bodies are smaller than life beside the heads: it is the face that people look at.
_BODY_SHARE = 0.78

FRAMES: dict[Stance, tuple[float, float, float]] = {
    "head": (0.0, -0.1, 1.45),
    "sitting": (0.0, 0.75, 2.2),
    "standing": (-0.9, 0.65, 2.3),
    "lying": (-0.6, 0.25, 2.0),
}
"""The square each stance fills: its middle (x, y) and half size, the same for both classes."""


def animal(traits: Traits, coat: Coat, pose: Pose) -> list[Patch]:
    """Return the whole animal from back to front."""
    bodies = {"sitting": _sitting, "standing": _standing, "lying": _lying}
    body = bodies[pose.stance](traits, coat, pose) if pose.stance in bodies else []
    body = [Patch(patch.points * _BODY_SHARE, patch.colour, patch.edged) for patch in body]
    return body + _head(traits, coat, pose)


def _head(traits: Traits, coat: Coat, pose: Pose) -> list[Patch]:
    ears = [patch for side in (-1.0, 1.0) for patch in _ear(traits, coat, pose, side)]
    skull = [Patch(ellipse(0.0, 0.0, 1.0, 0.9), coat.fur, edged=True), *_markings(coat, pose)]
    face = [*_muzzle(traits, coat, pose), *_eyes(traits, coat, pose)]
    # A standing ear grows from behind the skull; the others lie over it.
    return ears + skull + face if traits.ear == "pointed" else skull + ears + face


def _ear(traits: Traits, coat: Coat, pose: Pose, side: float) -> list[Patch]:
    longitude = side * 0.75 + pose.yaw * 0.6
    x = 0.88 * sin(longitude)
    width = traits.ear_width * max(0.55, cos(longitude * 0.7))
    outward = side * 0.35 + x * 0.25
    if traits.ear == "pointed":
        return _standing_ear(coat, x, outward, width, traits.ear_length)
    if traits.ear == "folded":
        return _folded_ear(coat, x, outward, width, traits.ear_length)
    fall = 0.02 + 0.3 * traits.ear_length
    drop = ellipse(x * 1.2, fall, width * 0.95, traits.ear_length * 0.72, -side * 0.3)
    return [Patch(drop, coat.ear, edged=True)]


def _standing_ear(coat: Coat, x: float, outward: float, width: float, length: float) -> list[Patch]:
    tip = np.array([x + outward * length, -0.68 - length])
    left, right = np.array([x - width, -0.45]), np.array([x + width, -0.45])
    middle = x + outward * length * 0.5
    near = np.array([middle - width * 0.8, -0.6 - length * 0.5])
    far = np.array([middle + width * 0.8, -0.6 - length * 0.5])
    outer = np.concatenate([curve(left, near, tip, 6), curve(tip, far, right, 6)])
    base = np.array([x + outward * 0.3 * length, -0.68])
    return [
        Patch(outer, coat.ear, edged=True),
        Patch(base + (outer - base) * 0.58, blend(coat.dark, _TONGUE, 0.4)),
    ]


def _folded_ear(coat: Coat, x: float, outward: float, width: float, length: float) -> list[Patch]:
    # A flap: rooted on top of the skull, its tip bent forward and down over the brow.
    root = np.array([x - outward * 0.3, -0.72])
    bend = np.array([x + outward * 1.1, -0.78 - length * 0.35])
    tip = np.array([x + outward * 1.5, -0.1])
    spine = curve(root, bend, tip, 7)
    widths = width * np.array([0.9, 1.0, 1.05, 1.0, 0.85, 0.6, 0.15])
    return [Patch(ribbon(spine, widths), coat.ear, edged=True)]


def _markings(coat: Coat, pose: Pose) -> list[Patch]:
    shift = 0.8 * sin(pose.yaw)
    if coat.pattern == "tabby":
        return [
            Patch(limb(shift + dx, -0.8, 0.05, shift + 0.6 * dx, -0.42, 0.04), coat.dark)
            for dx in (-0.28, 0.0, 0.28)
        ]
    if coat.pattern == "patched":
        return [Patch(ellipse(shift + 0.38, -0.15, 0.34, 0.38, 0.4), coat.dark)]
    if coat.pattern == "bibbed":
        return [Patch(limb(shift, -0.6, 0.08, shift * 0.9, 0.4, 0.34), coat.light)]
    return []


def _muzzle(traits: Traits, coat: Coat, pose: Pose) -> list[Patch]:
    aside, height, width = sin(pose.yaw), 0.34 + pose.pitch, traits.snout_width
    # Seen from the front a long snout cannot stick out; it hangs lower on the face instead.
    x = aside * (0.72 + traits.snout)
    y = height + traits.snout * (0.08 + 0.3 * cos(pose.yaw))
    tip = width * (0.8 + 0.2 * cos(pose.yaw))
    colour = coat.fur if coat.pattern == "plain" else coat.light
    snout = Patch(limb(aside * 0.5, height, width * 1.15, x, y, tip), colour, edged=True)
    nose = ellipse(x * 1.04, y - width * 0.42, traits.nose * 1.2, traits.nose * 0.85)
    mouth = _mouth(traits, coat, x, y)
    return [snout, *mouth, Patch(nose, coat.nose), *_whiskers(traits, coat, x, y)]


def _mouth(traits: Traits, coat: Coat, x: float, y: float) -> list[Patch]:
    chin = y + traits.snout_width * 0.55
    lips = [
        Patch(limb(x, y, 0.03, x * 0.98, chin, 0.03), coat.edge),
        Patch(ellipse(x * 0.98, chin, traits.snout_width * 0.5, 0.04), coat.edge),
    ]
    if not coat.tongue:
        return lips
    hanging = 0.1 + 0.35 * traits.snout
    return [Patch(limb(x, chin, 0.12, x, chin + hanging, 0.12), _TONGUE), *lips]


def _whiskers(traits: Traits, coat: Coat, x: float, y: float) -> list[Patch]:
    if traits.whiskers == 0.0:
        return []
    near, far = traits.snout_width * 0.6, traits.snout_width + traits.whiskers
    return [
        Patch(limb(x + s * near, y + rise * 0.3, 0.022, x + s * far, y + rise, 0.015), coat.whisker)
        for s in (-1.0, 1.0)
        for rise in (-0.22, 0.02, 0.26)
    ]


def _eyes(traits: Traits, coat: Coat, pose: Pose) -> list[Patch]:
    patches: list[Patch] = []
    for side in (-1.0, 1.0):
        longitude = side * 0.45 + pose.yaw
        # Beyond this angle an eye is on the far side of the head.
        if abs(longitude) < 1.35:
            x, facing = 0.9 * sin(longitude), cos(longitude)
            patches += _eye(traits, coat, x, facing, pose.pitch - 0.14)
    return patches


def _eye(traits: Traits, coat: Coat, x: float, facing: float, y: float) -> list[Patch]:
    size = traits.eye
    across = size * max(0.5, facing)
    pupil = (across * 0.3, size * 0.85) if traits.slit else (across * 0.68, size * 0.68)
    return [
        Patch(ellipse(x, y, across * 1.2, size * 1.15), coat.edge),
        Patch(ellipse(x, y, across, size * 0.95), coat.iris),
        Patch(ellipse(x, y, *pupil), _PUPIL),
        Patch(ellipse(x + across * 0.25, y - size * 0.35, size * 0.2, size * 0.2), _SHINE),
    ]


def _tail(traits: Traits, coat: Coat, x: float, y: float, rise: float) -> Patch:
    # `rise` 0 lets the tail trail on the ground, 1 holds it upright.
    direction = np.array([-1.0 + 0.6 * rise, 0.35 - 1.3 * rise])
    start = np.array([x, y])
    knee = start + direction * traits.tail_length * 0.6
    bow = np.array([direction[1], -direction[0]]) * traits.tail_curl
    end = start + direction * traits.tail_length * 0.8 + bow * 0.7
    shares = np.linspace(0.0, 1.0, 9)
    widths = traits.tail_width * (0.75 + 0.5 * np.sin(np.pi * shares) - 0.35 * shares)
    return Patch(ribbon(curve(start, knee - bow * 0.4, end), widths), coat.fur, edged=True)


def _leg(coat: Coat, x: float, top: float, foot: float, *, far: bool) -> list[Patch]:
    colour = blend(coat.fur, coat.dark, 0.6) if far else coat.fur
    paw = colour if coat.pattern == "plain" else coat.light
    return [
        Patch(limb(x, top, 0.34, x, foot - 0.15, 0.22), colour, edged=True),
        Patch(ellipse(x + 0.1, foot - 0.1, 0.32, 0.2), paw, edged=True),
    ]


def _sitting(traits: Traits, coat: Coat, pose: Pose) -> list[Patch]:
    ground = 2.6 + pose.leg
    lean = -0.4 * sin(pose.yaw)
    torso = limb(0.0, 1.1, 0.72, lean, ground - 0.95, 1.0 * pose.stretch)
    patches = [_tail(traits, coat, lean - 0.7, ground - 0.5, pose.tail)]
    patches.append(Patch(torso, coat.fur, edged=True))
    for x in (lean - 0.85, lean + 0.85):
        patches.append(Patch(ellipse(x, ground - 0.5, 0.55, 0.55), coat.fur, edged=True))
    patches += _body_markings(coat, lean, (1.7, ground - 0.7), upright=True)
    for x in (-0.36, 0.36):
        patches += _leg(coat, x, 1.9, ground, far=False)
    return patches + _collar(coat, 0.0, 0.95)


def _standing(traits: Traits, coat: Coat, pose: Pose) -> list[Patch]:
    rear, ground = -2.6 * pose.stretch, 1.6 + 1.5 * pose.leg
    patches = [_tail(traits, coat, rear - 0.5, 1.0, pose.tail)]
    patches += _leg(coat, rear + 0.35, 1.4, ground - 0.12, far=True)
    patches += _leg(coat, -0.15, 1.4, ground - 0.12, far=True)
    patches.append(Patch(limb(-0.45, 1.15, 0.72, rear, 1.2, 0.7), coat.fur, edged=True))
    patches += _body_markings(coat, 0.5 * rear, (0.75, 1.6), upright=False)
    patches += _leg(coat, rear - 0.1, 1.4, ground, far=False)
    patches += _leg(coat, -0.6, 1.4, ground, far=False)
    patches.append(Patch(limb(0.0, 0.2, 0.6, -0.45, 1.1, 0.68), coat.fur))
    return patches + _collar(coat, -0.1, 0.85)


def _lying(traits: Traits, coat: Coat, pose: Pose) -> list[Patch]:
    rear, ground = -2.2 * pose.stretch, 1.75
    patches = [_tail(traits, coat, rear - 0.5, ground - 0.3, 0.5 * pose.tail)]
    patches.append(Patch(limb(-0.1, 0.95, 0.75, rear, 0.95, 0.85), coat.fur, edged=True))
    patches += _body_markings(coat, 0.6 * rear, (0.45, 1.2), upright=False)
    patches.append(Patch(ellipse(rear + 0.15, ground - 0.6, 0.7, 0.62), coat.fur, edged=True))
    for reach in (0.35, 0.75):
        paw = limb(-0.4, ground - 0.2, 0.26, reach * 1.3, ground - 0.18, 0.22)
        patches.append(Patch(paw, coat.fur, edged=True))
    return patches + _collar(coat, 0.0, 0.85)


def _body_markings(
    coat: Coat, x: float, span: tuple[float, float], *, upright: bool
) -> list[Patch]:
    top, bottom = span
    middle = 0.5 * (top + bottom)
    if coat.pattern == "tabby":
        ribs = [d + (middle if upright else x) for d in (-0.7, -0.3, 0.1, 0.5)]
        if upright:
            return [Patch(limb(x + 0.4, y, 0.07, x + 0.9, y, 0.03), coat.dark) for y in ribs]
        return [Patch(limb(x, top, 0.08, x, bottom - 0.2, 0.04), coat.dark) for x in ribs]
    if coat.pattern == "patched":
        return [Patch(ellipse(x - 0.2, middle, 0.6, 0.45, 0.3), coat.dark)]
    if coat.pattern == "bibbed" and upright:
        return [Patch(ellipse(0.0, 1.6, 0.45, 0.75), coat.light)]
    return []


def _collar(coat: Coat, x: float, y: float) -> list[Patch]:
    if coat.collar is None:
        return []
    band: Points = ellipse(x, y, 0.68, 0.14)
    return [Patch(band, coat.collar), Patch(ellipse(x, y + 0.2, 0.12, 0.12), _BELL)]
