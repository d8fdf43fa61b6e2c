"""The ornamental frames of the licence pages: each type has a border of its own.

A meander for deeds, braids of sine waves for business licences and food permits, a lattice for construction, scales
for tobacco. Waves are one cubic Bézier curve per half period, so a border costs a page a few kilobytes only.
"""

from collections.abc import Callable
from typing import Final

from tools.ornament.curves import Ink, Sheet, frame, frame_at, ground, lattice, meander, rosette, scales, svg, waves


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
            (ground((105, 150), 62, 18), Ink("#f0e3c8", 0.25)),
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
            (ground((210, 150), 88, 24), Ink("#f0e6c6", 0.3)),
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
            (ground((148.5, 108), 56, 16), Ink("#dfeaf3", 0.25)),
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
            (ground((148.5, 108), 56, 14), Ink("#f2e6d3", 0.25)),
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
            (ground((148.5, 108), 56, 20), Ink("#e0eee2", 0.25)),
        ],
    )


FRAMES: Final[dict[str, Callable[[], str]]] = {
    "real-estate-title": real_estate,
    "business-licence": business,
    "construction-permit": construction,
    "tobacco-retail-permit": tobacco,
    "food-business-permit": food,
}
