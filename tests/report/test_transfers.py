"""Reasons that layers share are said once."""

from __future__ import annotations

import pytest

from grow.report.transfers import together


@pytest.mark.parametrize(
    ("reasons", "words"),
    [
        ([], []),
        (
            ["conv_1 now sees feature maps half as wide"],
            ["conv_1 now sees feature maps half as wide"],
        ),
        (
            [f"{name} now sees feature maps twice as large" for name in ("conv_1", "pool_1")],
            ["conv_1 and pool_1 now see feature maps twice as large"],
        ),
        (
            [
                *(f"pool_{at} drops an incomplete window" for at in (1, 2, 3)),
                "conv_1 was copied although its inputs changed",
            ],
            [
                "pool_1, pool_2 and pool_3 drop an incomplete window",
                "conv_1 was copied although its inputs changed",
            ],
        ),
    ],
)
def test_reasons_that_layers_share_are_said_once(reasons: list[str], words: list[str]) -> None:
    assert together(reasons) == words
