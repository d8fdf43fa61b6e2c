import math
import re
from dataclasses import replace
from pathlib import Path

import pytest

from seals.appearance import SealAppearance, SealDesign, draw_pdf, draw_png, draw_svg
from seals.pdf_attachments import information
from seals.pdf_errors import PdfUnreadable, SealPictureRefused
from seals.pdf_file import PdfFile
from tests.seals.house import DESIGN, FONTS, appearance, page
from tests.seals.outside_tools import run
from tests.seals.pictures import Picture, look

DPI = 200
LONGEST = "测试省测试市测试县住房和城乡建设委员会行政审批服务管理办公室"


def _seen(folder: Path, design: SealDesign) -> Picture:
    return look(folder, draw_pdf(design, FONTS), DPI)


def _on_circle(picture: Picture, radius_mm: float, degrees: float) -> tuple[int, int]:
    """The pixel at a distance from the centre; degrees run clockwise from the top."""
    radius, angle = radius_mm / 25.4 * DPI, math.radians(degrees)
    return (
        round(picture.width / 2 + radius * math.sin(angle)),
        round(picture.height / 2 - radius * math.cos(angle)),
    )


def _ink(picture: Picture, inner_mm: float, outer_mm: float, degrees: float, half_width: float) -> int:
    """How many inked samples a piece of the ring has."""
    radii = [inner_mm + step * (outer_mm - inner_mm) / 20 for step in range(21)]
    angles = [degrees - half_width + step * half_width / 20 for step in range(41)]
    return sum(picture.inked(*_on_circle(picture, radius, angle)) for radius in radii for angle in angles)


def test_the_star_is_in_the_middle_and_upright(tmp_path: Path) -> None:
    picture = _seen(tmp_path, DESIGN)
    outer = 14.4 / 45 * 21
    assert picture.inked(picture.width // 2, picture.height // 2)
    for corner in range(5):
        assert picture.inked(*_on_circle(picture, outer * 0.9, 72 * corner))
        assert not picture.inked(*_on_circle(picture, outer * 0.9, 72 * corner + 36))


def test_the_ring_is_whole_and_of_the_right_width(tmp_path: Path) -> None:
    picture = _seen(tmp_path, DESIGN)
    for degrees in range(360):
        assert picture.inked(*_on_circle(picture, 20.4, degrees))
        assert not picture.inked(*_on_circle(picture, 19.5, degrees))


@pytest.mark.parametrize("count", [4, 7, 11, 20, 30])
def test_the_name_runs_evenly_over_the_top(tmp_path: Path, count: int) -> None:
    # Each character the same, so that each place must carry the same ink.
    picture = _seen(tmp_path, SealDesign("statutory", "田" * count, None, 42))
    span = min(270, 40 * (count - 1))
    step = span / (count - 1)
    inks = [_ink(picture, 14, 19, -span / 2 + step * index, step / 2) for index in range(count)]
    assert min(inks) > 0.75 * max(inks) > 0
    gaps = [_ink(picture, 14, 19, -span / 2 + step * (index + 0.5), step / 40) for index in range(count - 1)]
    assert max(gaps) == 0
    assert _ink(picture, 17.5, 19, 180, 30) == 0


def test_feet_point_to_the_centre(tmp_path: Path) -> None:
    # 工 has a long foot and a shorter head; 丄 has ink at its foot only.
    picture = _seen(tmp_path, SealDesign("statutory", "丄" * 7, None, 42))
    for index in range(7):
        degrees = -120 + 40 * index
        foot, head = _ink(picture, 14, 15.2, degrees, 7), _ink(picture, 17.6, 19, degrees, 7)
        assert foot > 2 * head


def test_the_test_mark_is_seen(tmp_path: Path) -> None:
    marked, real = _seen(tmp_path, DESIGN), _seen(tmp_path, replace(DESIGN, test=False))
    assert _ink(marked, 13, 16, 180, 8) > 50
    assert _ink(real, 13, 16, 180, 8) == 0


def test_the_second_line_is_seen(tmp_path: Path) -> None:
    with_line, without = _seen(tmp_path, DESIGN), _seen(tmp_path, replace(DESIGN, bottom_text=None))
    assert _ink(with_line, 8.5, 10.5, 180, 20) > 50
    assert _ink(without, 8.5, 10.5, 180, 20) == 0


def test_all_is_red_on_nothing(tmp_path: Path) -> None:
    picture = _seen(tmp_path, DESIGN)
    pixels = {picture.at(x, y) for x in range(picture.width) for y in range(picture.height)}
    assert all(red >= 250 and abs(green - blue) <= 4 for red, green, blue in pixels)
    assert (255, 0, 0) in pixels
    png = draw_png(DESIGN, FONTS, 72)
    assert png.startswith(b"\x89PNG")
    assert png[25] == 6  # RGB with alpha
    assert b'fill="#ff0000"' in draw_svg(DESIGN, FONTS).lower()


@pytest.mark.parametrize("name", ["测试市局", LONGEST[:13], LONGEST, "测试烟草专卖局䶮㛃𬭎堃"])
@pytest.mark.parametrize("line", [None, "公章", "建筑工程施工许可审批专用章"])
def test_names_from_4_to_30_characters_with_rare_ones(tmp_path: Path, name: str, line: str | None) -> None:
    path = tmp_path / "seal.pdf"
    path.write_bytes(draw_pdf(SealDesign("special", name, line), FONTS))
    drawn = re.sub(r"\s", "", run("pdftotext", path, "-"))
    assert sorted(drawn) == sorted(name + (line or "") + "测试")
    fonts = run("pdffonts", path).splitlines()[2:]
    assert fonts
    assert all(row.split()[-5:-3] == ["yes", "yes"] for row in fonts)  # embedded, subset


@pytest.mark.parametrize(("diameter", "points"), [(42, 119.055), (45, 127.559)])
def test_size(diameter: int, points: float) -> None:
    made = SealAppearance(draw_pdf(replace(DESIGN, diameter_mm=diameter), FONTS))
    assert made.width == pytest.approx(points, abs=0.001)
    assert made.height == pytest.approx(points, abs=0.001)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"ring_text": "测试局"}, "name"),
        ({"ring_text": "测" * 31}, "name"),
        ({"ring_text": "测试 市局"}, "name"),
        ({"ring_text": "测试\n市局"}, "name"),
        ({"ring_text": "测试\u202e市局"}, "name"),
        ({"bottom_text": "章"}, "line"),
        ({"bottom_text": "章" * 15}, "line"),
        ({"diameter_mm": 0}, "diameter"),
        ({"kind": "finance"}, "kind"),
    ],
)
def test_what_makes_no_legible_seal_is_refused(change: dict[str, object], reason: str) -> None:
    with pytest.raises(SealPictureRefused, match=reason):
        replace(DESIGN, **change)  # type: ignore[arg-type]


def test_a_character_in_no_font_is_named() -> None:
    with pytest.raises(SealPictureRefused, match="no_glyph_for_\U00012000"):
        draw_pdf(SealDesign("special", "测试市\U00012000局"), FONTS)


def test_drawing_is_repeatable() -> None:
    # Another list of folders, so that the second one is drawn and not remembered.
    assert draw_pdf(DESIGN, FONTS) == draw_pdf(DESIGN, FONTS[::-1])


def test_stored_form() -> None:
    first = appearance()
    again = SealAppearance.from_bytes(first.to_bytes())
    assert again.objects(7) == first.objects(7)
    assert len(again) == len(first) == len(first.objects(7))


def test_every_reference_stays_among_the_objects() -> None:
    bodies = appearance().objects(1_000)
    assert bodies[0].startswith(b"<</Type/XObject/Subtype/Form/BBox[0 0 119.055115 119.055115]")
    found = {int(number) for body in bodies for number in re.findall(rb"(\d+) 0 R", body.split(b"stream\n")[0])}
    assert found == set(range(1_001, 1_000 + len(bodies)))


@pytest.mark.parametrize("picture", [b"", b"%PDF-1.7\n", page()[:-40]])
def test_what_is_no_picture(picture: bytes) -> None:
    with pytest.raises(PdfUnreadable):
        SealAppearance(picture)


def test_a_picture_of_two_pages_is_none() -> None:
    with pytest.raises(SealPictureRefused):
        SealAppearance(page(pages=2))


def test_the_picture_is_pdf_a() -> None:
    data = draw_pdf(DESIGN, FONTS)
    assert b"<pdfaid:part>3</pdfaid:part>" in data
    assert information(PdfFile(data))["Title"] == "测试市自然资源和规划局不动产登记专用章"
