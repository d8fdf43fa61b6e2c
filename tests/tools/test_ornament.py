import xml.etree.ElementTree as ET

import pytest

from licences.catalogue import TYPES_FOLDER, Catalogue
from tools.ornament.curves import Sheet, ground, lattice, meander, rosette, scales, waves
from tools.ornament.frames import FRAMES


@pytest.mark.parametrize("slug", sorted(FRAMES))
def test_the_frames_are_the_ones_drawn_here(slug: str) -> None:
    assert (TYPES_FOLDER / slug / "frame.svg").read_text("utf-8") == FRAMES[slug]()


def test_every_type_has_a_frame_of_its_own() -> None:
    assert sorted(FRAMES) == [kind.slug for kind in Catalogue.load().types]
    assert len({draw() for draw in FRAMES.values()}) == len(FRAMES)


@pytest.mark.parametrize("slug", sorted(FRAMES))
def test_a_frame_has_the_size_of_its_page(slug: str) -> None:
    paper = Catalogue.load().type(slug).paper
    drawing = ET.fromstring(FRAMES[slug]())
    assert drawing.get("viewBox") == f"0 0 {paper.width_mm:g} {paper.height_mm:g}"


SHEET = Sheet(100, 80, 10, 4)


def numbers(path: str) -> list[float]:
    return [float(word) for word in "".join(c if c in "0123456789.-e" else " " for c in path).split()]


@pytest.mark.parametrize(
    "path",
    [waves(SHEET, 8, 3), lattice(SHEET, 8, 3), scales(SHEET, 8, 3), meander(SHEET, 8), rosette((50, 40), 20, 6, 0.3)],
)
def test_ornaments_stay_on_the_page(path: str) -> None:
    points = numbers(path)
    assert len(points) > 20
    assert min(points) > 5
    assert max(points) < 95


def test_the_ground_is_round_its_centre() -> None:
    points = numbers(ground((50, 40), 20, 12))
    across, down = points[0::2], points[1::2]
    assert sum(across) / len(across) == pytest.approx(50, abs=1)
    assert sum(down) / len(down) == pytest.approx(40, abs=1)
