"""The best alignment of two sequences: pairs in order, their scores summed.

Needleman and Wunsch (1970), without gap costs. Deterministic: of equally good alignments the
one that pairs earlier elements.
"""

from __future__ import annotations

from collections.abc import Callable


def best_chain(old: int, new: int, score: Callable[[int, int], int]) -> list[tuple[int, int]]:
    """Pairs of places, rising on both sides, whose scores have the greatest sum.

    Args:
        old: length of the old sequence.
        new: length of the new one.
        score: how well two places go together; 0 where they do not.
    """
    scores = [[score(i, j) for j in range(new)] for i in range(old)]
    best = _best_from(scores, old, new)
    pairs: list[tuple[int, int]] = []
    i = j = 0
    while i < old and j < new:
        if scores[i][j] and best[i][j] == scores[i][j] + best[i + 1][j + 1]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i][j + 1]:
            j += 1
        else:
            i += 1
    return pairs


def _best_from(scores: list[list[int]], old: int, new: int) -> list[list[int]]:
    """For each two places the best sum from there on, shape (old + 1, new + 1)."""
    best = [[0] * (new + 1) for _ in range(old + 1)]
    for i in range(old - 1, -1, -1):
        row, below, points = best[i], best[i + 1], scores[i]
        for j in range(new - 1, -1, -1):
            value = max(below[j], row[j + 1])
            if points[j]:
                value = max(value, points[j] + below[j + 1])
            row[j] = value
    return best
