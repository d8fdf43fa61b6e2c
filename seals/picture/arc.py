"""Text along an oval: feet on a curve, heads outwards, the same distance from foot to foot."""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Final

_SAMPLES: Final = 720
_FILL: Final = 0.93  # of the room that a character has, the rest being the gap to the next
_HIGHEST: Final = 1.9  # how many times as high as wide a character may get before all shrink
_STEP: Final = 0.1
LETTER_HEIGHT: Final = 0.86
"""How high a Latin letter or a figure stands in its box, so that it goes with the square characters beside it."""


@dataclass(frozen=True, slots=True)
class Glyph:
    """A character in a box: the box's centre, width and height in millimetres; degrees that it is turned clockwise."""

    character: str
    x: float
    y: float
    width: float
    height: float
    angle: float


@dataclass(frozen=True, slots=True)
class Arc:
    """Room for a name: the half axes that its heads reach to, and how many degrees it may cover, edge to edge.

    height, least: of the characters, where there is room and where there is none; widest: a character; pitch: the largest
    distance between feet, which a short name keeps instead of covering all. Millimetres.
    """

    half_width: float
    half_height: float
    extent: float
    height: float
    least: float
    widest: float
    pitch: float


def along(text: Sequence[str], arc: Arc) -> tuple[Glyph, ...]:
    """Set a name of two characters or more over the top of an oval, as high as leaves the characters in shape."""
    steps = round((arc.height - arc.least) / _STEP)
    fitted = (_set(text, arc, arc.height - _STEP * step) for step in range(steps + 1))
    return next((glyphs for glyphs in fitted if glyphs[0].height <= _HIGHEST * glyphs[0].width), None) or _set(
        text, arc, arc.least
    )


def _set(text: Sequence[str], arc: Arc, height: float) -> tuple[Glyph, ...]:
    # Feet are what comes nearest to each other, so that they are what is spaced evenly.
    half_width, half_height = arc.half_width - height, arc.half_height - height
    half = math.radians(arc.extent / 2)
    end = math.atan2(math.sin(half) / half_width, math.cos(half) / half_height)
    turns = [end * (2 * sample / _SAMPLES - 1) for sample in range(_SAMPLES + 1)]
    feet = [(half_width * math.sin(turn), -half_height * math.cos(turn)) for turn in turns]
    lengths = list(accumulate((math.dist(*pair) for pair in pairwise(feet)), initial=0.0))
    gaps = len(text) - 1
    width = min(arc.widest, _FILL * lengths[-1] / (gaps + _FILL))
    pitch = min(arc.pitch, (lengths[-1] - width) / gaps)
    glyphs = []
    for index, character in enumerate(text):
        place = lengths[-1] / 2 + pitch * (index - gaps / 2)
        after = min(max(bisect_left(lengths, place), 1), _SAMPLES)
        share = (place - lengths[after - 1]) / (lengths[after] - lengths[after - 1])
        turn = turns[after - 1] + share * (turns[after] - turns[after - 1])
        out = math.atan2(
            math.sin(turn) / half_width, math.cos(turn) / half_height
        )  # the normal, from the top clockwise
        x = half_width * math.sin(turn) + height / 2 * math.sin(out)
        y = -half_height * math.cos(turn) - height / 2 * math.cos(out)
        glyphs.append(Glyph(character, x, y, width, height, math.degrees(out)))
    return tuple(glyphs)
