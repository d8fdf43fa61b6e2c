"""The ornamental frames of the licence pages, computed: `python -m tools.ornament` writes `types/*/frame.svg`.

Each type has a border of its own: a meander for deeds, braids of sine waves for business licences and food permits,
a lattice for construction, scales for tobacco. Waves are one cubic Bézier curve per half period, so that a border
costs a page a few kilobytes only.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

TYPES_FOLDER: Final = Path(__file__).parent.parent / "licences" / "types"

Point = tuple[float, float]

# The control points that bring a cubic curve closest to half a sine wave of unit amplitude over [0, 1].
_HANDLE: Final = 0.3642
_HEIGHT: Final = 4 / 3


@dataclass(frozen=True, slots=True)
class Ink:
    """Colour and line width in millimetres."""

    colour: str
    width: float


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page in millimetres with a band of ornament: its centre line lies `inset` from every edge."""

    width: float
    height: float
    inset: float
    half: float

    def sides(self) -> Iterator[tuple[Point, Point]]:
        """Yield the four straight runs of the band, between the corner squares."""
        a, b, c, d = (
            (self.inset, self.inset),
            (self.width - self.inset, self.inset),
            (self.width - self.inset, self.height - self.inset),
            (self.inset, self.height - self.inset),
        )
        for start, end in pairwise((a, b, c, d, a)):
            yield _towards(start, end, self.half), _towards(end, start, self.half)

    def corners(self) -> tuple[Point, Point, Point, Point]:
        """Return the centres of the corner squares, clockwise from the upper left."""
        right, bottom = self.width - self.inset, self.height - self.inset
        return (self.inset, self.inset), (right, self.inset), (right, bottom), (self.inset, bottom)


def waves(sheet: Sheet, period: float, amplitude: float) -> str:
    """Return a braid of two mirrored sine waves along the band; whole half periods on every side."""
    return "".join(
        _wave(start, end, max(2, round(2 * math.dist(start, end) / period)), sign * amplitude)
        for start, end in sheet.sides()
        for sign in (1, -1)
    )


def lattice(sheet: Sheet, period: float, height: float) -> str:
    """Return two mirrored zigzag lines along the band."""
    path = ""
    for start, end in sheet.sides():
        steps = max(2, 2 * round(math.dist(start, end) / period))
        for sign in (1, -1):
            points = [_beside(start, end, i / steps, sign * height * (i % 2 * 2 - 1)) for i in range(steps + 1)]
            path += _line(points)
    return path


def scales(sheet: Sheet, period: float, height: float) -> str:
    """Return rows of overlapping arcs along the band, like scales."""
    path = ""
    for start, end in sheet.sides():
        count = max(2, round(math.dist(start, end) / period))
        for row, base in enumerate((-height, -height / 3, height / 3)):
            shift = row % 2 / 2
            for i in range(count - row % 2):
                a = _beside(start, end, (i + shift) / count, base)
                b = _beside(start, end, (i + shift + 1) / count, base)
                path += _arc(a, b, height / 1.5)
    return path


def meander(sheet: Sheet, period: float) -> str:
    """Return the key pattern 回纹 along the band."""
    key = ((0, 1), (0, -1), (0.8, -1), (0.8, 0.5), (0.35, 0.5), (0.35, -0.25), (0.55, -0.25))
    path = ""
    for start, end in sheet.sides():
        count = max(2, round(math.dist(start, end) / period))
        for i in range(count):
            path += _line([_beside(start, end, (i + x) / count, y * sheet.half * 0.62) for x, y in key])
        path += _line([_beside(start, end, t, sheet.half * 0.62) for t in (0, 1)])
    return path


def rosette(centre: Point, radius: float, petals: int, depth: float, turns: int = 1) -> str:
    """Return a closed flower r = radius (1 + depth cos(petals / turns · angle)), two curves a petal."""
    steps = petals * 4
    samples = [
        (
            centre[0]
            + radius * (1 + depth * math.cos(math.tau * petals * i / steps)) * math.cos(math.tau * turns * i / steps),
            centre[1]
            + radius * (1 + depth * math.cos(math.tau * petals * i / steps)) * math.sin(math.tau * turns * i / steps),
        )
        for i in range(steps)
    ]
    return _smooth(samples)


def frame(sheet: Sheet, offset: float) -> str:
    """Return a plain rectangle, `offset` outside (or, negative, inside) the centre line of the band."""
    edge = sheet.inset - offset
    right, bottom = sheet.width - edge, sheet.height - edge
    return f"M{_n(edge)} {_n(edge)}H{_n(right)}V{_n(bottom)}H{_n(edge)}Z"


def svg(sheet: Sheet, paths: list[tuple[str, Ink]]) -> str:
    """Return the drawing, one path a line."""
    size = f'width="{sheet.width:g}mm" height="{sheet.height:g}mm" viewBox="0 0 {sheet.width:g} {sheet.height:g}"'
    body = "\n".join(
        f'<path fill="none" stroke="{ink.colour}" stroke-width="{ink.width:g}" d="{path}"/>' for path, ink in paths
    )
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>\n{body}\n</svg>\n'


def real_estate() -> str:
    """Deep red key pattern between gold lines."""
    sheet = Sheet(210, 297, 12, 3.5)
    red, gold = Ink("#8f1d1d", 0.45), Ink("#b8923e", 0.5)
    corners = "".join(frame_at(corner, size) for corner in sheet.corners() for size in (3.1, 2.1, 1.1))
    return svg(
        sheet,
        [
            (frame(sheet, 4.2), Ink("#8f1d1d", 0.9)),
            (frame(sheet, 3.1) + frame(sheet, -3.1), gold),
            (frame(sheet, -4.1), Ink("#8f1d1d", 0.3)),
            (meander(sheet, 6.2), red),
            (corners, Ink("#b8923e", 0.4)),
            (_ground((105, 150), 62, 18), Ink("#f0e3c8", 0.25)),
        ],
    )


def business() -> str:
    """A broad gold guilloche with rosettes in the corners."""
    sheet = Sheet(420, 297, 18, 8)
    gold, brown = Ink("#b9973f", 0.28), Ink("#8b6b22", 0.28)
    corners = "".join(rosette(c, 5.2, 12, d) for c in sheet.corners() for d in (0.45, 0.25, -0.25, -0.45))
    return svg(
        sheet,
        [
            (frame(sheet, 9.2), Ink("#8b6b22", 1.1)),
            (frame(sheet, 8) + frame(sheet, -8), Ink("#8b6b22", 0.35)),
            (frame(sheet, -9), gold),
            (waves(sheet, 20, 7.2) + waves(sheet, 20, 4.6), gold),
            (waves(sheet, 10, 6) + waves(sheet, 20, 2), brown),
            (corners, brown),
            (_ground((210, 150), 88, 24), Ink("#f0e6c6", 0.3)),
        ],
    )


def construction() -> str:
    """Blue diamonds, drawn with a ruler."""
    sheet = Sheet(297, 210, 11, 4)
    blue, pale = Ink("#1f5c8c", 0.3), Ink("#6d9cc0", 0.3)
    corners = "".join(frame_at(c, size) for c in sheet.corners() for size in (3.6, 2.4, 1.2))
    return svg(
        sheet,
        [
            (frame(sheet, 4.8), Ink("#1f5c8c", 0.8)),
            (frame(sheet, 4) + frame(sheet, -4), blue),
            (lattice(sheet, 5, 3.7), pale),
            (lattice(sheet, 10, 3.7) + lattice(sheet, 10, 1.6), blue),
            (corners, blue),
            (_ground((148.5, 108), 56, 16), Ink("#dfeaf3", 0.25)),
        ],
    )


def tobacco() -> str:
    """Bronze scales."""
    sheet = Sheet(297, 210, 12, 4.6)
    bronze, pale = Ink("#8a5a24", 0.3), Ink("#c29a63", 0.3)
    corners = "".join(rosette(c, 2.9, 8, d) for c in sheet.corners() for d in (0.5, -0.5, 0.2))
    return svg(
        sheet,
        [
            (frame(sheet, 5.6), Ink("#8a5a24", 0.8)),
            (frame(sheet, 4.6) + frame(sheet, -4.6), bronze),
            (scales(sheet, 6, 4.2), pale),
            (waves(sheet, 12, 4.2), bronze),
            (corners, bronze),
            (_ground((148.5, 108), 56, 14), Ink("#f2e6d3", 0.25)),
        ],
    )


def food() -> str:
    """A green braid with leaves."""
    sheet = Sheet(297, 210, 12, 4.6)
    green, pale = Ink("#2f7a4b", 0.3), Ink("#86b894", 0.3)
    corners = "".join(rosette(c, 3, 6, d) for c in sheet.corners() for d in (0.5, 0.25, -0.25, -0.5))
    return svg(
        sheet,
        [
            (frame(sheet, 5.6), Ink("#2f7a4b", 0.8)),
            (frame(sheet, 4.6) + frame(sheet, -4.6), green),
            (waves(sheet, 12, 4.1) + waves(sheet, 12, 2.1), green),
            (waves(sheet, 24, 4.1) + waves(sheet, 6, 3), pale),
            (corners, green),
            (_ground((148.5, 108), 56, 20), Ink("#e0eee2", 0.25)),
        ],
    )


FRAMES: Final = {
    "real-estate-title": real_estate,
    "business-licence": business,
    "construction-permit": construction,
    "tobacco-retail-permit": tobacco,
    "food-business-permit": food,
}


def frame_at(centre: Point, half: float) -> str:
    """Return a square around a point."""
    x, y = centre
    return f"M{_n(x - half)} {_n(y - half)}h{_n(2 * half)}v{_n(2 * half)}h{_n(-2 * half)}z"


def _ground(centre: Point, radius: float, petals: int) -> str:
    """The pale rosette under the text: two rings of ellipses, each turned a little further."""
    return "".join(
        _ellipse(centre, radius * size, radius * size * 0.42, math.pi * i / petals)
        for size in (1, 0.55)
        for i in range(petals)
    )


def _ellipse(centre: Point, a: float, b: float, angle: float) -> str:
    """A turned ellipse with half axes a and b."""
    cos, sin = math.cos(angle), math.sin(angle)

    def turned(x: float, y: float) -> Point:
        return centre[0] + x * cos - y * sin, centre[1] + x * sin + y * cos

    k = 4 / 3 * (math.sqrt(2) - 1)
    path = _move(turned(a, 0))
    for sx, sy in ((1, 1), (-1, 1), (-1, -1), (1, -1)):
        upright = sx * sy > 0  # from the long axis to the short one, or back
        start = (sx * a, sy * k * b) if upright else (sx * k * a, sy * b)
        end = (sx * k * a, sy * b) if upright else (sx * a, sy * k * b)
        path += _curve(turned(*start), turned(*end), turned(0, sy * b) if upright else turned(sx * a, 0))
    return path + "Z"


def _wave(start: Point, end: Point, halves: int, amplitude: float) -> str:
    path = _move(start)
    for i in range(halves):
        lift = amplitude * _HEIGHT * (1 if i % 2 == 0 else -1)
        first = _beside(start, end, (i + _HANDLE) / halves, lift)
        second = _beside(start, end, (i + 1 - _HANDLE) / halves, lift)
        path += _curve(first, second, _beside(start, end, (i + 1) / halves, 0))
    return path


def _arc(a: Point, b: Point, height: float) -> str:
    """A bow from a to b, `height` to the left of the way."""
    return _move(a) + _curve(_beside(a, b, 0.1, height), _beside(a, b, 0.9, height), b)


def _smooth(points: list[Point]) -> str:
    """A closed curve through points (Catmull-Rom)."""
    count = len(points)
    path = _move(points[0])
    for i in range(count):
        before, here, there, after = (points[(i + k) % count] for k in (-1, 0, 1, 2))
        first = (here[0] + (there[0] - before[0]) / 6, here[1] + (there[1] - before[1]) / 6)
        second = (there[0] - (after[0] - here[0]) / 6, there[1] - (after[1] - here[1]) / 6)
        path += _curve(first, second, there)
    return path + "Z"


def _towards(start: Point, end: Point, distance: float) -> Point:
    part = distance / math.dist(start, end)
    return start[0] + (end[0] - start[0]) * part, start[1] + (end[1] - start[1]) * part


def _beside(start: Point, end: Point, part: float, offset: float) -> Point:
    """The point `part` of the way from start to end, `offset` to its left."""
    length = math.dist(start, end)
    dx, dy = (end[0] - start[0]) / length, (end[1] - start[1]) / length
    return start[0] + dx * length * part + dy * offset, start[1] + dy * length * part - dx * offset


def _move(point: Point) -> str:
    return f"M{_n(point[0])} {_n(point[1])}"


def _line(points: list[Point]) -> str:
    return _move(points[0]) + "".join(f"L{_n(x)} {_n(y)}" for x, y in points[1:])


def _curve(first: Point, second: Point, end: Point) -> str:
    return "C" + " ".join(f"{_n(x)} {_n(y)}" for x, y in (first, second, end))


def _n(value: float) -> str:
    return f"{round(value, 2):g}"


def main() -> None:
    """Write the frames beside the types."""
    for slug, draw in FRAMES.items():
        (TYPES_FOLDER / slug / "frame.svg").write_text(draw(), "utf-8")


if __name__ == "__main__":
    main()
