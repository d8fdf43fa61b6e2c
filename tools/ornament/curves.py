"""The curves that the ornamental frames are made of, as SVG path data in millimetres."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

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


def frame_at(centre: Point, half: float) -> str:
    """Return a square around a point."""
    x, y = centre
    return f"M{_n(x - half)} {_n(y - half)}h{_n(2 * half)}v{_n(2 * half)}h{_n(-2 * half)}z"


def ground(centre: Point, radius: float, petals: int) -> str:
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
