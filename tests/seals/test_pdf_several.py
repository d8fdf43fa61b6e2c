"""Several seals on one page, and a seal across page edges."""

from pathlib import Path

import pytest

from seals.pdf.errors import (
    PdfAlreadySealed,
    PdfFieldMissing,
    PdfFieldTaken,
    PdfPageMissing,
    SealFieldSize,
    SealOffPage,
)
from seals.pdf.evidence import read_pdf
from seals.pdf.fields import signature_fields
from seals.pdf.file import PdfFile
from seals.pdf.pades import EmptyField, Placement, Seam, prepare
from tests.seals.house import PLACEMENT, authority, page, root_certificate, sealer
from tests.seals.keys import NOW, root
from tests.seals.mini_pdf import blank
from tests.seals.outside_tools import pdfsig, run
from tests.seals.parties import KINDS, party_of
from tests.seals.pictures import look
from tests.seals.pyhanko_oracle import judge_all
from tests.seals.test_pdf_file import rewritten

FIELDS = tuple(EmptyField(f"签章{number}", Placement(1, 40 + 50 * number, 200)) for number in range(3))


def sealed_by_three(original: bytes) -> bytes:
    data = prepare(original, FIELDS)
    for field, kind in zip(FIELDS, KINDS, strict=False):
        data = sealer(authority().stamp, party_of(kind)).seal(data, field.name, NOW).data
    return data


@pytest.mark.parametrize("form", ["as rendered", "object streams"])
def test_three_seals_on_one_page(tmp_path: Path, form: str) -> None:
    original = page() if form == "as rendered" else rewritten(tmp_path, page(), "--object-streams=generate")
    data = sealed_by_three(original)
    assert data.startswith(original)

    evidence = read_pdf(data)
    assert [one.field_name for one in evidence.signatures] == [field.name for field in FIELDS]
    assert all((one.fault, one.canonical_faults, one.coverage_faults) == (None, (), ()) for one in evidence.signatures)
    assert evidence.seal is not None
    assert evidence.seal.field_name == FIELDS[0].name
    assert [one.docmdp for one in evidence.signatures] == [2, None, None]

    statuses = judge_all(data, root().certificate, NOW)
    assert [one.bottom_line for one in statuses] == [True, True, True]
    assert [one.docmdp_ok for one in statuses] == [True, True, True]
    (tmp_path / "three.pdf").write_bytes(data)
    printed = pdfsig(tmp_path, tmp_path / "three.pdf", root_certificate())
    assert printed.count("Signature is Valid.") == printed.count("Certificate is Trusted.") == 3
    assert "No syntax or stream encoding errors" in run("qpdf", "--check", tmp_path / "three.pdf")


def test_all_three_are_seen(tmp_path: Path) -> None:
    picture = look(tmp_path, sealed_by_three(page()), 50, 1)
    millimetre = 50 / 25.4
    for field in FIELDS:
        x, y = round(field.placement.x_mm * millimetre), round(field.placement.y_mm * millimetre)
        assert picture.at(x, y)[0] > 200
        assert picture.at(x, y)[1] < 100


def test_empty_fields_show_nothing_and_keep_pdf_a(tmp_path: Path) -> None:
    original = page()
    data = prepare(original, FIELDS)
    plain, prepared = look(tmp_path, original, 50, 1), look(tmp_path, data, 50, 1)
    assert all(plain.at(x, y) == prepared.at(x, y) for x in range(0, plain.width, 3) for y in range(0, plain.height, 3))
    file = PdfFile(data)
    for field in signature_fields(file):
        assert field.dictionary["F"] == 132
        assert file.dictionary(field.dictionary["AP"]).keys() == {"N"}
    assert file.dictionary(file.catalog["AcroForm"])["SigFlags"] == 1


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ((EmptyField("a", PLACEMENT), EmptyField("a", PLACEMENT)), PdfFieldTaken),
        ((EmptyField("", PLACEMENT),), PdfFieldTaken),
        ((EmptyField("a.b", PLACEMENT),), PdfFieldTaken),
        ((EmptyField("a", Placement(2, 100, 100)),), PdfPageMissing),
        ((EmptyField("a", Placement(1, 10, 100)),), SealOffPage),
    ],
)
def test_fields_that_cannot_be_made(fields: tuple[EmptyField, ...], error: type[Exception]) -> None:
    with pytest.raises(error):
        prepare(page(), fields)


def test_what_may_not_be_filled() -> None:
    data = prepare(blank(), [*FIELDS, EmptyField("小", Placement(1, 100, 100), 30, 30)])
    first = sealer().seal(data, FIELDS[0].name, NOW).data
    for document, name, error in (
        (data, "无", PdfFieldMissing),
        (data, "小", SealFieldSize),
        (first, FIELDS[0].name, PdfFieldTaken),
        (first, "小", SealFieldSize),
    ):
        with pytest.raises(error):
            sealer().seal(document, name, NOW)
    with pytest.raises(PdfAlreadySealed):
        sealer().seal(first, PLACEMENT, NOW)
    with pytest.raises(PdfAlreadySealed):
        sealer().seal(first, FIELDS[1].name, NOW, Seam(150))
    with pytest.raises(PdfAlreadySealed):
        prepare(first, [EmptyField("later", PLACEMENT)])


def test_a_certification_that_allows_nothing_is_obeyed() -> None:
    data = prepare(blank(), FIELDS)
    certified = sealer().seal(data, FIELDS[0].name, NOW).data
    file = PdfFile(certified.replace(b"/P 2/V/1.2", b"/P 1/V/1.2"))
    with pytest.raises(PdfAlreadySealed):
        sealer().seal(file.data, FIELDS[1].name, NOW)


# The seal across page edges


def _red_at_the_edge(folder: Path, data: bytes, number: int) -> list[int]:
    """The rows (five a millimetre) in which the last two millimetres of a page are red."""
    picture = look(folder, data, 127, number)
    columns = range(picture.width - 10, picture.width)
    return [
        y
        for y in range(picture.height)
        if any(picture.at(x, y)[0] > 180 and picture.at(x, y)[1] < 120 for x in columns)
    ]


def test_strips_on_every_page_under_one_signature(tmp_path: Path) -> None:
    data = sealer(authority().stamp).seal(page(pages=3), PLACEMENT, NOW, Seam(150)).data
    evidence = read_pdf(data)
    assert len(evidence.signatures) == 1
    assert evidence.signatures[0].coverage_faults == ()
    (status,) = judge_all(data, root().certificate, NOW)
    assert status.bottom_line
    (tmp_path / "seam.pdf").write_bytes(data)
    assert "Total document signed" in pdfsig(tmp_path, tmp_path / "seam.pdf", root_certificate())
    for number in (1, 2, 3):
        rows = _red_at_the_edge(tmp_path, data, number)
        assert rows
        assert min(rows) >= 5 * (150 - 22)
        assert max(rows) <= 5 * (150 + 22)


def test_strips_join_to_the_seal() -> None:
    file = PdfFile(sealer().seal(page(pages=7), PLACEMENT, NOW, Seam(150, pages=4)).data)
    boxes = []
    for one in file.pages():
        strips = [file.dictionary(annotation) for annotation in file.array(one.dictionary["Annots"])]
        strips = [strip for strip in strips if strip["Subtype"] == "Stamp"]
        assert len(strips) == 1
        form = file.resolve(file.dictionary(strips[0]["AP"])["N"])
        box = [float(str(side)) for side in file.array(form.dictionary["BBox"])]  # type: ignore[union-attr]
        place = [float(str(side)) for side in file.array(strips[0]["Rect"])]
        assert box[2] - box[0] == pytest.approx(place[2] - place[0], abs=0.002)
        boxes.append((box[0], box[2]))
    whole = boxes[3][1]
    assert boxes[0][0] == boxes[4][0] == 0
    assert boxes[6][1] == whole
    for left, right in ((0, 1), (1, 2), (2, 3), (4, 5), (5, 6)):
        assert boxes[left][1] == boxes[right][0]


def test_a_seam_needs_two_pages_and_room() -> None:
    with pytest.raises(PdfPageMissing):
        sealer().seal(page(), PLACEMENT, NOW, Seam(150))
    for y in (5, 295, float("nan")):
        with pytest.raises(SealOffPage):
            sealer().seal(page(pages=2), PLACEMENT, NOW, Seam(y))
