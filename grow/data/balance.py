"""Class weights: how much a picture of each class counts in the training loss.

This module owns the formula.
"""

from __future__ import annotations

from collections.abc import Mapping


def class_weights(pictures: Mapping[str, int]) -> dict[str, float]:
    """The weight of each class, n / (classes * n_c), given its number n_c of training pictures.

    All classes then count alike, and the mean weight over the n pictures is one (King and Zeng,
    "Logistic regression in rare events data", 2001; scikit-learn calls it "balanced"). A class
    without pictures has weight 0.
    """
    total = sum(pictures.values())
    return {
        name: total / (len(pictures) * number) if number else 0.0
        for name, number in pictures.items()
    }
