"""Where each part of a seal's picture stands: plain geometry, in millimetres from the centre, y pointing down.

Every character has a box of its own, fitted to the place and never smaller than can be read: at least 1.4 mm wide and
2.3 mm high, and at most 2.3 times as high as wide. Only the figures of a tax code are slimmer, as their rule wants it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from seals.picture.arc import LETTER_HEIGHT, Arc, Glyph, along
from seals.picture.design import LONGEST_SQUARE_NAME, SealDesign, characters

_RING: Final = 1.15
_STAR: Final = 14.4 / 45 * 42 / 2  # radius
_BASE: Final = 42  # round seals of other diameters are the same drawing enlarged
_SHORT_LINE: Final = 8
_HIGHEST: Final = 2.1  # how many times as high as wide a character of a line may be
_SUFFIXES: Final = {2: "之印", 3: "印", 5: "印"}


@dataclass(frozen=True, slots=True)
class Oval:
    """A ring: its half axes to the middle of the line, and how thick that is."""

    half_width: float
    half_height: float
    thickness: float


@dataclass(frozen=True, slots=True)
class Frame:
    """A rectangular frame: its sides to the middle of the line, and how thick that is."""

    width: float
    height: float
    thickness: float


@dataclass(frozen=True, slots=True)
class Layout:
    """A whole seal for a page of `width` by `height`; `scale` enlarges the drawing. star: its outer radius, 0 for none."""

    width: float
    height: float
    glyphs: tuple[Glyph, ...]
    ovals: tuple[Oval, ...] = ()
    frame: Frame | None = None
    star: float = 0
    scale: float = 1


def lay_out(design: SealDesign) -> Layout:
    """Place everything that a seal shows."""
    match design.form:
        case "round":
            return _round(design)
        case "finance":
            return _finance(design)
        case "invoice":
            return _invoice(design)
        case "name":
            return _name(design)


def _round(design: SealDesign) -> Layout:
    line = characters(design.line or "")
    # A long line needs the room between the ends of the name.
    extent, half_width = (270, 8.6) if len(line) <= _SHORT_LINE else (250, 11)
    arc = Arc(half_width=19.15, half_height=19.15, extent=extent, height=6, least=4.2, widest=4.9, pitch=11)
    diameter = design.size_mm[0]
    return Layout(
        width=diameter,
        height=diameter,
        glyphs=(
            *along(characters(design.ring_text), arc),
            *_line(line, y=10.1, height=3.7, step=3.3, half_width=half_width),
            *_test_mark(design, y=14.9, height=3),
        ),
        ovals=(_oval(_BASE, _BASE, _RING),),
        star=_STAR,
        scale=diameter / _BASE,
    )


def _finance(design: SealDesign) -> Layout:
    width, height = design.size_mm
    arc = Arc(half_width=20.2, half_height=12.7, extent=236, height=4.2, least=3.3, widest=3.6, pitch=8)
    return Layout(
        width=width,
        height=height,
        glyphs=(
            *along(characters(design.ring_text), arc),
            *_line(characters(design.line or ""), y=1.2, height=4.6, step=4, half_width=13),
            *_test_mark(design, y=8.2, height=2.8),
        ),
        ovals=(_oval(width, height, 1), _oval(width - 3, height - 3, 0.3)),
    )


def _invoice(design: SealDesign) -> Layout:
    width, height = design.size_mm
    # The announcement: 1 mm ring, name 4.2 mm high and 0.5 mm from the ring over 210 to 260 degrees, tax code 26 mm long
    # and 3.7 mm high, the words 4.6 by 3 mm and 4.2 mm below the middle, a number 10 mm below it. A long name shrinks.
    arc = Arc(half_width=18.5, half_height=13.5, extent=240, height=4.2, least=3.3, widest=3.4, pitch=7.5)
    code = characters(design.tax_code or "")
    return Layout(
        width=width,
        height=height,
        glyphs=(
            *along(characters(design.ring_text), arc),
            *_row(code, y=0, width=min(1.3, 0.92 * 26 / len(code)), height=3.7 / LETTER_HEIGHT, step=26 / len(code)),
            *_line(characters(design.line or ""), y=6.5, height=4.6, step=3.2, half_width=8.6),
            *_test_mark(design, y=11.1, height=2.3),
        ),
        ovals=(_oval(width, height, 1),),
    )


def _name(design: SealDesign) -> Layout:
    width, height = design.size_mm
    name = characters(design.ring_text)
    room = (width - 3.2, height - 3.2 - (2.8 if design.test else 0))
    top = -(height - 3.2) / 2
    if len(name) <= LONGEST_SQUARE_NAME:
        name += tuple(_SUFFIXES.get(len(name), ""))
        cells = _columns(name)
    else:
        cells = _rows(name, room)
    across, down = (max(cell[side] for cell in cells) + 1 for side in (0, 1))
    step, fall = room[0] / across, room[1] / down
    glyphs = tuple(
        _upright(character, step * (column - (across - 1) / 2), top + fall * (row + 0.5), step * 0.94, fall * 0.94)
        for character, (column, row) in zip(name, cells, strict=True)
    )
    mark = _test_mark(design, y=height / 2 - 2.9, height=2.3)
    return Layout(width=width, height=height, glyphs=(*glyphs, *mark), frame=Frame(width - 1, height - 1, 1))


def _columns(name: Sequence[str]) -> list[tuple[float, int]]:
    """Write downwards in two columns, the right one first, as name seals always were."""
    half = len(name) // 2
    return [(1 - index // half, index % half) for index in range(len(name))]


def _rows(name: Sequence[str], room: tuple[float, float]) -> list[tuple[float, int]]:
    """Write a long name from left to right, in as many rows as keep the characters most nearly square."""

    def squareness(rows: int) -> float:
        return abs(math.log(room[0] / math.ceil(len(name) / rows) * rows / room[1]))

    rows = min((1, 2, 3), key=squareness)
    across = math.ceil(len(name) / rows)
    last = len(name) - across * (rows - 1)
    return [
        (index % across + (across - last) / 2 * (index // across == rows - 1), index // across)
        for index in range(len(name))
    ]


def _oval(width: float, height: float, thickness: float) -> Oval:
    """Make a ring from its outer measures."""
    return Oval((width - thickness) / 2, (height - thickness) / 2, thickness)


def _test_mark(design: SealDesign, y: float, height: float) -> tuple[Glyph, ...]:
    return _line(characters("测试"), y, height, height * 1.06, height * 2) if design.test else ()


def _line(text: Sequence[str], y: float, height: float, step: float, half_width: float) -> tuple[Glyph, ...]:
    """Set a straight line around the vertical axis, as tightly as the room asks."""
    if not text:
        return ()
    step = min(step, 2 * half_width / len(text))
    return _row(text, y, step * 0.95, min(height, step * _HIGHEST), step)


def _row(text: Sequence[str], y: float, width: float, height: float, step: float) -> tuple[Glyph, ...]:
    middle = (len(text) - 1) / 2
    return tuple(_upright(character, step * (index - middle), y, width, height) for index, character in enumerate(text))


def _upright(character: str, x: float, y: float, width: float, height: float) -> Glyph:
    return Glyph(character, x, y, width, height, 0)
