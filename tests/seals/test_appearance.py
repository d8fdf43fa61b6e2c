import math
import re
import struct
from dataclasses import replace
from pathlib import Path

import pytest

from seals.pdf.attachments import information
from seals.pdf.errors import PdfUnreadable, SealPictureRefused
from seals.pdf.file import PdfFile
from seals.picture.appearance import SealAppearance, SealDesign, draw_pdf, draw_png, draw_svg
from seals.picture.layout import lay_out
from tests.seals.house import DESIGN, FONTS, appearance, page
from tests.seals.outside_tools import run
from tests.seals.pictures import Picture, look
from tests.seals.png import chunks, pixels

DPI = 400
TAX_CODE = "91990101MA9T00018G"
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
    # Each character the same, so that each place must carry the same ink, with clear ground between them.
    design = SealDesign("statutory", "田" * count, None, 42)
    picture = _seen(tmp_path, design)
    angles = [glyph.angle for glyph in lay_out(replace(design, test=False)).glyphs]
    step = angles[1] - angles[0]
    inks = [_ink(picture, 14.8, 18.9, angle, step / 2) for angle in angles]
    assert min(inks) > 0.75 * max(inks) > 0
    assert max(_ink(picture, 14.8, 18.9, angle + step / 2, step / 100) for angle in angles) == 0
    assert _ink(picture, 17.5, 19, 180, 30) == 0


def test_feet_point_to_the_centre(tmp_path: Path) -> None:
    # 丄 has its long stroke at its foot.
    design = SealDesign("statutory", "丄" * 7, None, 42, test=False)
    picture = _seen(tmp_path, design)
    for glyph in lay_out(design).glyphs:
        foot, head = _ink(picture, 13.2, 14.8, glyph.angle, 8), _ink(picture, 16.9, 18.9, glyph.angle, 8)
        assert foot > 1.5 * head > 0


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
    assert b'fill="#ff0000"' in draw_svg(DESIGN, FONTS).lower()


def _words(path: Path) -> str:
    return re.sub(r"\s", "", run("pdftotext", path, "-"))


@pytest.mark.parametrize("name", ["测试市局", LONGEST[:13], LONGEST, "测试烟草专卖局䶮㛃𬭎堃"])
@pytest.mark.parametrize("line", [None, "公章", "建筑工程施工许可审批专用章"])
def test_names_from_4_to_30_characters_with_rare_ones(tmp_path: Path, name: str, line: str | None) -> None:
    path = tmp_path / "seal.pdf"
    path.write_bytes(draw_pdf(SealDesign("special", name, line), FONTS))
    assert sorted(_words(path)) == sorted(name + (line or "") + "测试")
    fonts = run("pdffonts", path).splitlines()[2:]
    assert fonts
    assert all(row.split()[-5:-3] == ["yes", "yes"] for row in fonts)  # embedded, subset


@pytest.mark.parametrize(
    ("design", "words"),
    [
        (SealDesign("finance", LONGEST), LONGEST + "财务专用章测试"),
        (SealDesign("invoice", "测试甲乙丙", tax_code=TAX_CODE), "测试甲乙丙发票专用章测试" + TAX_CODE),
        (SealDesign("invoice", "ABC（测试）公司", tax_code=TAX_CODE), "ABC（测试）公司发票专用章测试" + TAX_CODE),
        (SealDesign("personal", "测试人"), "测试人印测试"),
        (SealDesign("personal", "阿卜杜拉·测试"), "阿卜杜拉·测试测试"),
    ],
)
def test_ovals_and_name_seals(tmp_path: Path, design: SealDesign, words: str) -> None:
    path = tmp_path / "seal.pdf"
    path.write_bytes(draw_pdf(design, FONTS))
    assert sorted(_words(path)) == sorted(words)
    drawn = SealAppearance(path.read_bytes())
    assert (drawn.width, drawn.height) == pytest.approx([side * 72 / 25.4 for side in design.size_mm], abs=0.001)
    # Red reaches the middle of each edge of the page and none of its corners, but where there is a frame.
    picture = _seen(tmp_path, design)
    middle, low = picture.width // 2, picture.height // 2
    edge = round(0.5 / 25.4 * DPI)
    for place in ((middle, edge), (middle, -1 - edge), (edge, low), (-1 - edge, low)):
        assert picture.inked(place[0] % picture.width, place[1] % picture.height)
    assert picture.inked(edge, edge) == (design.form == "name")


def test_figures_of_a_tax_code_have_their_height(tmp_path: Path) -> None:
    picture = _seen(tmp_path, SealDesign("invoice", "测试甲乙", "发票", tax_code="0" * 18, test=False))
    columns = range(picture.width // 2 - 60, picture.width // 2 + 60)
    rows = [
        (y + 0.5 - picture.height / 2) / DPI * 25.4
        for y in range(picture.height)
        if any(picture.inked(x, y) for x in columns)
    ]
    code = [y for y in rows if abs(y) < 3]
    assert max(code) - min(code) == pytest.approx(3.7, abs=0.25)
    assert max(code) == pytest.approx(-min(code), abs=0.25)


@pytest.mark.parametrize("design", [DESIGN, SealDesign("finance", LONGEST)])
def test_png_is_of_600_dots_an_inch_and_of_one_colour(design: SealDesign) -> None:
    parts = chunks(draw_png(design, FONTS))
    assert struct.unpack(">IIBB", parts[b"IHDR"][:10])[2:] == (8, 6)  # RGB with alpha
    assert struct.unpack(">II", parts[b"IHDR"][:8]) == pytest.approx(
        [side / 25.4 * 600 for side in design.size_mm], abs=1
    )
    assert struct.unpack(">IIB", parts[b"pHYs"]) == (23_622, 23_622, 1)
    seen = pixels(draw_png(design, FONTS, 100))
    assert {colour[:3] for colour in seen if colour[3]} == {(255, 0, 0)}
    assert {0, 255} <= {colour[3] for colour in seen}


@pytest.mark.parametrize(("diameter", "points"), [(42, 119.055), (45, 127.559)])
def test_size(diameter: int, points: float) -> None:
    made = SealAppearance(draw_pdf(replace(DESIGN, diameter_mm=diameter), FONTS))
    assert made.width == pytest.approx(points, abs=0.001)
    assert made.height == pytest.approx(points, abs=0.001)


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
