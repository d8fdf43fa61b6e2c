"""Looking at pages: rendered by poppler, read as pixels."""

import re
from dataclasses import dataclass
from pathlib import Path

from tests.seals.outside_tools import run


@dataclass(frozen=True, slots=True)
class Picture:
    """A rendered page; a pixel is its (red, green, blue) bytes."""

    width: int
    height: int
    pixels: bytes

    def at(self, x: int, y: int) -> tuple[int, int, int]:
        place = 3 * (y * self.width + x)
        red, green, blue = self.pixels[place : place + 3]
        return red, green, blue

    def inked(self, x: int, y: int) -> bool:
        """Whether the pixel is mostly the seal's red."""
        return self.at(x, y)[1] < 128


def look(folder: Path, document: bytes, dpi: int, page: int = 1) -> Picture:
    """Render a page."""
    (folder / "look.pdf").write_bytes(document)
    stem = folder / f"look-{page}"
    run("pdftoppm", "-r", str(dpi), "-f", str(page), "-l", str(page), "-singlefile", folder / "look.pdf", stem)
    data = stem.with_suffix(".ppm").read_bytes()
    head = re.match(rb"P6\n(\d+) (\d+)\n255\n", data)
    assert head is not None
    return Picture(int(head[1]), int(head[2]), data[head.end() :])
