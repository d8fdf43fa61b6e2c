"""Boxes of characters as shapes: their corners, and how far two of them lie apart."""

import math
from collections.abc import Iterator, Sequence
from itertools import combinations

from seals.picture.arc import Glyph

Point = tuple[float, float]


def corners(glyph: Glyph) -> list[Point]:
    """The corners of a character's box, from its upper left one clockwise."""
    turn = math.radians(glyph.angle)
    out = (math.cos(turn), math.sin(turn))
    return [
        (
            glyph.x + right * glyph.width / 2 * out[0] - down * glyph.height / 2 * out[1],
            glyph.y + right * glyph.width / 2 * out[1] + down * glyph.height / 2 * out[0],
        )
        for right, down in ((-1, -1), (1, -1), (1, 1), (-1, 1))
    ]


def gap(one: Sequence[Point], other: Sequence[Point]) -> float:
    """How far two convex shapes lie apart along the best of their sides; below 0 where they overlap."""
    return max(_apart(one, other), _apart(other, one))


def _apart(one: Sequence[Point], other: Sequence[Point]) -> float:
    best = -math.inf
    for start, end in zip(one, [*one[1:], one[0]], strict=True):
        along = (end[0] - start[0], end[1] - start[1])
        length = math.hypot(*along)
        # Corners run clockwise with y pointing down, so that this normal points outwards.
        normal = (along[1] / length, -along[0] / length)
        best = max(best, min((x - start[0]) * normal[0] + (y - start[1]) * normal[1] for x, y in other))
    return best


def gaps(glyphs: Sequence[Glyph]) -> Iterator[float]:
    """The gap of every two characters that are near each other."""
    for one, other in combinations(glyphs, 2):
        reach = (math.hypot(one.width, one.height) + math.hypot(other.width, other.height)) / 2
        if math.dist((one.x, one.y), (other.x, other.y)) < reach:
            yield gap(corners(one), corners(other))
