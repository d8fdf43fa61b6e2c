import math
from collections.abc import Iterator
from itertools import pairwise

import pytest

from seals.picture.appearance import SealDesign
from seals.picture.arc import Glyph
from seals.picture.design import FORMS
from seals.picture.layout import Layout, lay_out
from tests.seals.boxes import corners, gaps

TAX_CODE = "91990101MA9T00018G"
ROUND_LINES = (None, 2, 5, 8, 9, 14)


def _designs(kind: str) -> Iterator[SealDesign]:
    """Every length of name with lines of all sorts of lengths."""
    lines = {"round": ROUND_LINES, "finance": (None, 2, 8), "invoice": (None, 2, 8), "name": (None,)}[FORMS[kind]]
    for count in range(2 if kind == "personal" else 4, 31):
        for line in lines:
            yield SealDesign(
                kind,
                "田" * count,
                None if line is None else "章" * line,
                tax_code=TAX_CODE if kind == "invoice" else None,
            )


def _name(layout: Layout) -> list[Glyph]:
    return [glyph for glyph in layout.glyphs if glyph.character == "田"]


@pytest.mark.parametrize("kind", ["special", "finance", "invoice", "personal"])
def test_every_character_can_be_read(kind: str) -> None:
    for design in _designs(kind):
        glyphs = lay_out(design).glyphs
        assert min(gaps(glyphs)) > 0.04, design
        for glyph in glyphs:
            if not glyph.character.isascii():
                assert glyph.width >= 1.4, design
                assert glyph.height >= 2.3, design
                assert glyph.height / glyph.width <= 2.3, design


@pytest.mark.parametrize("kind", ["special", "finance", "invoice", "personal"])
def test_all_lies_inside_the_edge_and_off_the_star(kind: str) -> None:
    for design in _designs(kind):
        layout = lay_out(design)
        for x, y in (corner for glyph in layout.glyphs for corner in corners(glyph)):
            for oval in layout.ovals:
                across, down = oval.half_width - oval.thickness / 2, oval.half_height - oval.thickness / 2
                assert math.hypot(x / across, y / down) < 1, design
            if layout.frame is not None:
                edge = layout.frame.thickness / 2
                assert abs(x) < layout.frame.width / 2 - edge, design
                assert abs(y) < layout.frame.height / 2 - edge, design
            assert math.hypot(x, y) > layout.star, design


@pytest.mark.parametrize("kind", ["special", "finance", "invoice"])
def test_a_name_stands_evenly_and_the_same_on_both_sides(kind: str) -> None:
    for design in _designs(kind):
        name = _name(lay_out(design))
        feet = [
            (
                one.x - one.height / 2 * math.sin(math.radians(one.angle)),
                one.y + one.height / 2 * math.cos(math.radians(one.angle)),
            )
            for one in name
        ]
        steps = [math.dist(*pair) for pair in pairwise(feet)]
        assert max(steps) - min(steps) < 0.12 * min(steps)  # measured straight, on a curve that bends more at its sides
        for left, right in zip(name, reversed(name), strict=True):
            assert left.x == pytest.approx(-right.x, abs=1e-6)
            assert left.y == pytest.approx(right.y, abs=1e-6)
            assert left.angle == pytest.approx(-right.angle, abs=1e-6)
        assert all(one.angle < other.angle for one, other in pairwise(name))


@pytest.mark.parametrize("line", ROUND_LINES)
def test_a_name_of_some_length_covers_about_270_degrees(line: int | None) -> None:
    for count in range(8, 31):
        layout = lay_out(SealDesign("special", "田" * count, None if line is None else "章" * line))
        first = _name(layout)[0]
        foot = math.dist((0, 0), (first.x, first.y)) - first.height / 2
        covered = 2 * (-first.angle + math.degrees(math.atan2(first.width / 2, foot)))
        assert covered == pytest.approx(270 if line is None or line <= 8 else 250, abs=2)


def test_a_short_name_does_not_fall_apart() -> None:
    angles = [glyph.angle for glyph in _name(lay_out(SealDesign("statutory", "田" * 4)))]
    assert angles[-1] - angles[0] < 150


def test_a_larger_seal_is_the_same_drawing() -> None:
    small, large = (lay_out(SealDesign("special", "测试市局", "专用章", size)) for size in (42, 45))
    assert small.glyphs == large.glyphs
    assert large.scale == pytest.approx(45 / 42)


def test_invoice_seals_by_their_rule() -> None:
    layout = lay_out(SealDesign("invoice", "测试公司", tax_code=TAX_CODE, test=False))
    code = [glyph for glyph in layout.glyphs if glyph.character.isascii()]
    words = [glyph for glyph in layout.glyphs if glyph.character in "发票专用章"]
    assert (layout.width, layout.height, layout.star) == (40, 30, 0)
    assert [oval.thickness for oval in layout.ovals] == [1]
    assert "".join(glyph.character for glyph in code) == TAX_CODE
    assert code[-1].x - code[0].x + 26 / 18 == pytest.approx(26)
    assert {(glyph.y, glyph.width) for glyph in code} == {(0, 1.3)}
    assert "".join(glyph.character for glyph in words) == "发票专用章"
    assert {round(glyph.y - glyph.height / 2, 6) for glyph in words} == {4.2}
    assert all(glyph.height == 4.6 and glyph.width == pytest.approx(3.04) for glyph in words)


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("测甲", ["测甲", "之印"]),
        ("测试人", ["测试", "人印"]),
        ("测试人甲", ["测试", "人甲"]),
        ("测试人甲乙", ["测试人", "甲乙印"]),
        ("测试人甲乙丙", ["测试人", "甲乙丙"]),
    ],
)
def test_name_seals_run_downwards_from_the_right(name: str, columns: list[str]) -> None:
    glyphs = lay_out(SealDesign("personal", name, test=False)).glyphs
    places = sorted({glyph.x for glyph in glyphs}, reverse=True)
    assert [
        "".join(glyph.character for glyph in sorted(glyphs, key=lambda one: one.y) if glyph.x == place)
        for place in places
    ] == columns


def test_long_names_of_persons_run_in_rows() -> None:
    name = "阿卜杜拉·测试提江艾山江吐尔逊"
    layout = lay_out(SealDesign("personal", name, test=False))
    assert "".join(one.character for one in sorted(layout.glyphs, key=lambda one: (one.y, one.x))) == name
    assert (layout.width, layout.height) == (40, 20)


@pytest.mark.parametrize("kind", ["special", "finance", "invoice", "personal"])
def test_the_test_mark_is_on_every_form(kind: str) -> None:
    code = TAX_CODE if kind == "invoice" else None
    marked, plain = (
        "".join(glyph.character for glyph in lay_out(SealDesign(kind, "甲乙丙丁", test=test, tax_code=code)).glyphs)
        for test in (True, False)
    )
    assert marked == plain + "测试"
