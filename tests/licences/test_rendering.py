import base64
import json
import re
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from licences.catalogue import Catalogue
from licences.drafts import Holder
from licences.licence_type import LicenceType
from licences.qr import qr_svg
from licences.rendering import FONT_FOLDERS, LicenceView, Renderer, page_data
from licences.type_errors import FontsMissing, GlyphMissing, RenderFailed
from licences.wording import LicenceContent
from tests.licences import samples
from tests.pictures import qr_text

NOW = datetime(2026, 11, 22, 1, 2, 3, tzinfo=UTC)
DOCUMENT = json.dumps({"payload": "测试" * 100}, ensure_ascii=False).encode()
URL = "https://licences.test/v/Zm9vYmFyYmF6cXV4cXV1eA"
KEYWORDS = ["elicence", "1.2.156.3005.2.x", "sha-256:" + "0" * 64]
KINDS = Catalogue.load().types
each_type = pytest.mark.parametrize("slug", samples.SLUGS)

LONG = "测试文字，第一项；第二项、第三项。"
LONGEST: dict[str, dict[str, Any]] = {
    "business-licence": {"scope": (LONG * 200)[:3000], "place": ("测" * 299) + "终"},
    "real-estate-title": {
        "location": ("测" * 299) + "终",
        "other_conditions": (LONG * 40)[:600],
        "notes": (LONG * 40)[:600],
        "right_term_text": (LONG * 20)[:200],
    },
    "construction-permit": {
        "site": ("测" * 299) + "终",
        "notes": (LONG * 40)[:600],
        "construction_units": [{"name": f"测试第{i}工程有限公司", "uscc": samples.COMPANY.code} for i in range(20)],
    },
    "tobacco-retail-permit": {
        "premises": ("测" * 299) + "终",
        "suppliers": [f"{'测试' * 50}第{i}公司" for i in range(5)],
    },
    "food-business-permit": {
        "premises": ("测" * 299) + "终",
        "operations": [f"{'测试' * 20}第{i}项" for i in range(30)],
    },
}


@cache
def renderer() -> Renderer:
    return Renderer()


def render(slug: str, content: LicenceContent | None = None, *, test: bool = True, now: datetime = NOW) -> bytes:
    view = LicenceView(content or samples.content(slug), URL, test)
    return renderer().render(samples.kind(slug), view, DOCUMENT, KEYWORDS, now)


@pytest.fixture
def page(tmp_path: Path, slug: str) -> Path:
    path = tmp_path / f"{slug}.pdf"
    path.write_bytes(render(slug))
    return path


def run(*command: str | Path) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def words(path: Path) -> str:
    """All text of a PDF in the order it was drawn, without blanks and without the watermark."""
    return re.sub(r"\s", "", run("pdftotext", "-raw", "-enc", "UTF-8", path, "-"))


def drawn(kind: LicenceType, content: LicenceContent) -> dict[str, dict[str, str]]:
    items = page_data(kind, LicenceView(content, URL), [])["items"]
    assert isinstance(items, dict)
    return items  # type: ignore[return-value]


@each_type
def test_every_line_is_on_the_page(slug: str, page: Path) -> None:
    kind, text = samples.kind(slug), words(page)
    items = drawn(kind, samples.content(slug))
    assert items.keys() == {
        item.key for item in kind.items if item.drawn and item.key not in {"composition", "operating_term"}
    } - ({"general_contractors", "general_lead"} if slug == "construction-permit" else set())
    for key, item in items.items():
        assert re.sub(r"\s", "", item["value"]) in text, key
    assert kind.name.zh in text
    assert samples.content(slug).identifier in text


@each_type
def test_pages_have_the_size_and_number_of_the_type(slug: str, page: Path) -> None:
    kind = samples.kind(slug)
    info = run("pdfinfo", "-l", "9", page)
    sizes = re.findall(r"Page +[0-9]+ size: +([0-9.]+) x ([0-9.]+) pts", info)
    assert len(sizes) == kind.paper.pages
    for width, height in sizes:
        assert float(width) * 25.4 / 72 == pytest.approx(kind.paper.width_mm, abs=0.1)
        assert float(height) * 25.4 / 72 == pytest.approx(kind.paper.height_mm, abs=0.1)


@each_type
def test_what_is_hidden_is_not_on_the_page(slug: str, page: Path) -> None:
    text = words(page)
    assert samples.PERSON.code not in text
    assert "YW202611220001" not in text


@each_type
def test_nothing_long_is_cut(slug: str, tmp_path: Path) -> None:
    kind, content = samples.kind(slug), samples.content(slug, LONGEST[slug])
    path = tmp_path / "long.pdf"
    path.write_bytes(render(slug, content))
    pages = int(re.findall(r"Pages: +([0-9]+)", run("pdfinfo", path))[0])
    assert pages > kind.paper.pages
    number = re.escape(content.number)
    furniture = (
        rf"{kind.name.zh}附页编号：{number}|本附页为{kind.name.zh}（{number}）的组成部分，与正页同时使用·第[0-9]+页"
    )
    text = re.sub(furniture, "", words(path))
    for key, item in drawn(kind, content).items():
        value = re.sub(r"\s", "", item["value"])
        assert value in text or _is_continued(value, text), key


def _is_continued(value: str, text: str) -> bool:
    """Tell whether a value stands on the page up to some character, and from there on a continuation page."""
    return any(
        f"{value[:cut]}（下转附页）" in text and f"（上接正页）{value[cut:]}" in text for cut in range(len(value))
    )


def test_a_hundred_holders_are_all_named(tmp_path: Path) -> None:
    holders = tuple(Holder(f"测试人{i:03}", samples.PERSON.code, "111", share="1/100") for i in range(100))
    content = samples.content("real-estate-title", {"co_ownership": "按份共有"}, holders=holders)
    path = tmp_path / "many.pdf"
    path.write_bytes(render("real-estate-title", content))
    text = words(path)
    assert all(holder.name in text for holder in holders)


@each_type
def test_it_is_pdf_a_3b(slug: str, page: Path) -> None:
    objects = json.loads(run("qpdf", "--json=2", "--json-stream-data=inline", "--decode-level=all", page))["qpdf"][1]
    trailer = objects["trailer"]["value"]
    catalogue = objects[f"obj:{trailer['/Root']}"]["value"]
    xmp = _stream(objects, catalogue["/Metadata"])
    assert b"<pdfaid:part>3</pdfaid:part>" in xmp
    assert b"<pdfaid:conformance>B</pdfaid:conformance>" in xmp
    (intent,) = _value(objects, catalogue["/OutputIntents"])
    assert _value(objects, intent)["/S"] == "/GTS_PDFA1"
    assert _stream(objects, _value(objects, intent)["/DestOutputProfile"])[36:40] == b"acsp"
    assert "/ID" in trailer
    assert "/Encrypt" not in trailer
    assert not re.search(r'"/(JavaScript|Launch|LZWDecode)"', json.dumps(objects))
    assert run("qpdf", "--check", page).count("No syntax or stream encoding errors found") == 1


@each_type
def test_the_signed_json_is_attached_byte_for_byte(slug: str, page: Path) -> None:
    assert "licence.json" in run("qpdf", "--list-attachments", page)
    assert run("qpdf", "--show-attachment=licence.json", page).encode() == DOCUMENT
    objects = json.loads(run("qpdf", "--json=2", page))["qpdf"][1]
    specs = [entry["value"] for entry in objects.values() if _type(entry) == "/Filespec"]
    assert [spec["/AFRelationship"] for spec in specs] == ["/Data"]


@each_type
def test_all_fonts_are_embedded(slug: str, page: Path) -> None:
    rows = [line.split() for line in run("pdffonts", page).splitlines()[2:]]
    assert rows
    for row in rows:
        embedded, subset, unicode = row[-5:-2]
        assert (embedded, subset, unicode) == ("yes", "yes", "yes"), row


@each_type
def test_metadata_name_the_licence(slug: str, page: Path) -> None:
    info = run("pdfinfo", page)
    assert f"{samples.kind(slug).name.zh}（测试）" in info
    assert "elicence, 1.2.156.3005.2.x, sha-256:" + "0" * 64 in info
    assert re.search(r"CreationDate: +Sun Nov 22 01:02:03 2026 UTC", run("env", "TZ=UTC", "pdfinfo", page))


@each_type
def test_the_same_input_gives_the_same_bytes(slug: str) -> None:
    first = render(slug)
    view = LicenceView(samples.content(slug), URL)
    assert Renderer().render(samples.kind(slug), view, DOCUMENT, KEYWORDS, NOW) == first
    assert render(slug, samples.content(slug, number="X")) != first
    assert render(slug) == first


@each_type
def test_the_qr_code_can_be_read_from_the_print(slug: str, page: Path, tmp_path: Path) -> None:
    assert qr_text(page, tmp_path) == URL


@each_type
def test_the_test_mark_can_be_left_out(slug: str, page: Path, tmp_path: Path) -> None:
    real = tmp_path / "real.pdf"
    real.write_bytes(render(slug, test=False))
    assert words(page).count("测试") > words(real).count("测试") + 8
    assert "（测试）" in run("pdfinfo", page)
    assert "（测试）" not in run("pdfinfo", real)


@pytest.mark.parametrize("name", ["䶮㛃𬭎堃喆", "𬎆", "㐀𠀀𪜀𫝀", "葛󠄀城"])
def test_rare_characters_are_set_by_fallback(name: str, tmp_path: Path) -> None:
    content = samples.content("business-licence", {"head": f"{name}测试"})
    path = tmp_path / "rare.pdf"
    path.write_bytes(render("business-licence", content))
    assert f"{name}测试".replace("󠄀", "") in words(path).replace("󠄀", "")


@pytest.mark.parametrize(
    ("text", "characters"),
    [
        ("张\U000323b0\U00010400测试\U000323b0", "\U00010400 U+10400, \U000323b0 U+323B0"),
        ("张\U00010400", "\U00010400 U+10400"),
        ("张\ue123", "\ue123 U+E123"),
        ("张\U000f0000", "\U000f0000 U+F0000"),
    ],
)
def test_missing_glyphs_are_named_all_at_once(text: str, characters: str) -> None:
    with pytest.raises(GlyphMissing) as refused:
        render("food-business-permit", samples.content("food-business-permit", {"representative": text}))
    assert refused.value.characters == characters


def test_missing_fonts_are_named(tmp_path: Path) -> None:
    with pytest.raises(FontsMissing, match="Noto Serif SC, HanaMinA, HanaMinB, BabelStone Han"):
        Renderer([tmp_path, tmp_path / "nothing"]).render(
            samples.kind("business-licence"),
            LicenceView(samples.content("business-licence"), URL),
            b"{}",
            [],
            NOW,
        )


def test_a_broken_template_is_a_typed_error(tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "page.typ").write_text("#nothing", "utf-8")
    kind = replace(samples.kind("business-licence"), slug="broken", folder=tmp_path / "broken")
    with pytest.raises(RenderFailed, match="nothing"):
        renderer().render(kind, LicenceView(samples.content("business-licence"), URL), b"{}", [], NOW)


def test_typst_markup_in_the_data_stays_text(tmp_path: Path) -> None:
    hostile = '#panic("x") *b* $x$ `c` <l> @r \\u{41} "q" // c'
    path = tmp_path / "hostile.pdf"
    path.write_bytes(render("business-licence", samples.content("business-licence", {"scope": hostile})))
    assert re.sub(r"\s", "", hostile) in words(path)


def test_four_plans_share_the_third_page(tmp_path: Path) -> None:
    plans = [samples.PLANS[0] | {"title": f"测试图{i}"} for i in range(4)]
    path = tmp_path / "plans.pdf"
    path.write_bytes(render("real-estate-title", samples.content("real-estate-title", {"plans": plans})))
    text = run("pdftotext", "-f", "3", "-l", "3", path, "-")
    assert all(f"测试图{i}" in re.sub(r"\s", "", text) for i in range(4))
    assert "42.00" in text


def test_plans_without_extent_do_no_harm() -> None:
    point = {"title": "点", "scale": "1:1", "outlines": [{"own": True, "points": [[5, 5], [5, 5], [5, 5]]}]}
    assert render("real-estate-title", samples.content("real-estate-title", {"plans": [point]}))


@pytest.mark.parametrize("text", ["x", URL, "https://licences.test/v/" + "A" * 170])
def test_a_qr_code_is_a_small_drawing(text: str) -> None:
    drawing = qr_svg(text)
    assert drawing.startswith("<svg")
    assert len(drawing) < 12_000


def test_the_fonts_come_from_where_set_up_puts_them() -> None:
    assert all(folder.is_dir() for folder in FONT_FOLDERS)


def _value(objects: dict[str, Any], reference: Any) -> Any:
    return (
        objects[f"obj:{reference}"]["value"] if isinstance(reference, str) and reference.endswith(" R") else reference
    )


def _stream(objects: dict[str, Any], reference: str) -> bytes:
    return base64.b64decode(objects[f"obj:{reference}"]["stream"]["data"])


def _type(entry: dict[str, Any]) -> Any:
    value = entry.get("value")
    return value.get("/Type") if isinstance(value, dict) else None
