"""Attacks by later revisions on documents that were extended: each is found, and the object that differs is named."""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from functools import cache

import pytest

from ca.keys.software_signer import SoftwareSigner
from ca.writing.certificates import DistinguishedName, issue_root
from ca.writing.profiles import ROOT
from seals.pdf.evidence import read_pdf
from seals.pdf.extension import extend
from seals.pdf.file import PdfFile
from seals.pdf.objects import Ref, serialise
from seals.pdf.pades import prepare
from seals.pdf.update import PdfUpdate
from tests.seals.house import PLACEMENT, Party, authority, sealer
from tests.seals.keys import NOW, SINCE, UNTIL
from tests.seals.mini_pdf import BLANK, blank, stream
from tests.seals.pyhanko_oracle import stock_sealer
from tests.seals.test_pdf_extension import LATER, material
from tests.seals.test_pdf_several import FIELDS

LT, LTA = "B-LT", "B-LTA"


@cache
def document(level: str | None) -> bytes:
    original = blank({3: BLANK[3][:-2] + b"/Contents 4 0 R>>", 4: stream(b"", b"q Q")})
    data = sealer(authority().stamp).seal(original, PLACEMENT, NOW).data
    if level is None:
        return data
    return extend(data, material(), authority().stamp, LATER, "B-LT" if level == LT else "B-LTA")


def revised(data: bytes, objects: Mapping[int, bytes]) -> bytes:
    update = PdfUpdate(PdfFile(data))
    for number, body in objects.items():
        update.put(Ref(number, 0), body)
    return bytes(update.finish(b""))


def amended(data: bytes, number: int, **entries: bytes) -> bytes:
    return PdfFile(data).amended(Ref(number, 0), entries)


def first_fault(data: bytes) -> str:
    seal = read_pdf(data).seal
    assert seal is not None
    assert seal.fault is None
    return seal.coverage_faults[0].detail if seal.coverage_faults else ""


def certificate(name: str = "测试") -> bytes:
    signer = SoftwareSigner.generate("ES256")
    return issue_root(ROOT, DistinguishedName(name, "测试市"), signer, SINCE, UNTIL)


def store(data: bytes, der: bytes) -> bytes:
    """Add one certificate to a document without a store, in our one spelling: what a B-LT revision of ours is."""
    catalog = serialise({**PdfFile(data).catalog, "DSS": {"Certs": [Ref(900, 0)]}})
    return revised(data, {1: catalog, 900: stream(b"", der)})


def test_one_certificate_in_our_spelling_is_validation_data() -> None:
    assert first_fault(store(document(None), certificate())) == ""


def test_an_item_that_nobody_signed_is_found() -> None:
    der = bytearray(certificate())
    der[-1] ^= 1
    assert "certificate of nobody" in first_fault(store(document(None), bytes(der)))


@pytest.mark.parametrize("der", [b"", b"rubbish", certificate() + b"\x00", certificate()[:-1]])
def test_items_that_are_not_exactly_one(der: bytes) -> None:
    assert first_fault(store(document(None), der)) == "dss_item"


def _attacks() -> Iterator[tuple[str, Callable[[bytes], Mapping[int, bytes]], str]]:
    yield "page content", lambda _: {4: stream(b"", b"1 0 0 rg 0 0 99 99 re f")}, "object 4: no part"
    yield "page box", lambda data: {3: amended(data, 3, MediaBox=b"[0 0 1 1]")}, "object 3: /MediaBox"
    yield "page annotation", lambda data: {3: amended(data, 3, Annots=b"[900 0 R]"), 900: b"<<>>"}, "object 3: /Annots"
    yield "page tree", lambda data: {2: amended(data, 2, Kids=b"[3 0 R 3 0 R]")}, "page_tree"
    yield "catalog action", lambda data: {1: amended(data, 1, OpenAction=b"[3 0 R/Fit]")}, "object 1: /OpenAction"
    yield "catalog pages", lambda data: {1: amended(data, 1, Pages=b"2 0 R", Lang=b"(zh)")}, "object 1: /Lang"
    yield "permissions", lambda data: {1: amended(data, 1, Perms=b"<<>>")}, "object 1: /Perms"
    yield "store gone", lambda data: {1: amended(data, 1, DSS=b"null")}, "object 1: /DSS has lost"
    yield "store emptied", lambda data: {1: amended(data, 1, DSS=b"<</Certs[]>>")}, "object 1: /DSS has lost"
    yield "store with more", lambda data: {1: amended(data, 1, DSS=b"<</X 1>>")}, "dss_entry"
    yield "extensions", lambda data: {1: amended(data, 1, Extensions=b"<</ESIC 4 0 R>>")}, "object 1: /Extensions"
    yield "unreferenced", lambda _: {900: b"<</Hidden true>>"}, "object 900: no part"
    yield "form", lambda data: {1: amended(data, 1, AcroForm=b"<</Fields[]/NeedAppearances true>>")}, "object 1: /Need"
    yield "field gone", lambda data: {1: amended(data, 1, AcroForm=b"<</Fields[]/SigFlags 3>>")}, "/Fields"


@pytest.mark.parametrize("level", [LT, LTA])
@pytest.mark.parametrize("name", [name for name, _, _ in _attacks()])
def test_what_is_no_validation_data_is_named(name: str, level: str) -> None:
    change, detail = next((change, detail) for one, change, detail in _attacks() if one == name)
    data = document(level)
    evidence = read_pdf(revised(data, change(data)))
    # Without its field a seal is not there any more, which is told otherwise.
    if evidence.seal is None:
        assert name in {"form", "field gone"}
        return
    assert detail in first_fault(revised(data, change(data)))


def _new_field(data: bytes, widget: bytes, number: int = 900) -> bytes:
    file = PdfFile(data)
    form = file.dictionary(file.catalog["AcroForm"])
    fields = serialise({**form, "Fields": [*file.array(form["Fields"]), Ref(number, 0)]})
    return revised(data, {1: file.amended(file.root, {"AcroForm": fields}), number: widget})


@pytest.mark.parametrize(
    ("widget", "detail"),
    [
        (b"<</FT/Tx/T(x)>>", "no document timestamp"),
        (b"<</FT/Sig/T(x)/Rect[0 0 0 0]>>", "no document timestamp"),
        (b"<</FT/Sig/T(x)/Rect[0 0 9 9]/V 5 0 R>>", "/Rect"),
        (b"<</FT/Sig/T(x)/Rect[0 0 0 0]/V 5 0 R/AP<<>>>>", "/AP"),
        (b"<</FT/Sig/T(x)/Rect[0 0 0 0]/V 5 0 R/A<</S/JavaScript>>>>", "/A"),
    ],
)
def test_fields_that_are_no_timestamp(widget: bytes, detail: str) -> None:
    data = document(None)
    seal = PdfFile(data)
    (field,) = [seal.dictionary(one) for one in seal.array(seal.dictionary(seal.catalog["AcroForm"])["Fields"])]
    assert isinstance(field["V"], Ref)
    widget = widget.replace(b"5 0 R", b"%d 0 R" % field["V"].number)
    assert detail in first_fault(_new_field(data, widget))


def test_a_strangers_seal_over_the_page_is_found() -> None:
    """Painted by a stranger after certification: pyHanko and pdfsig call such a file valid after an approval signature."""
    signer = SoftwareSigner.generate("ES256")
    stranger = Party(signer, (issue_root(ROOT, DistinguishedName("stranger", "x"), signer, SINCE, UNTIL),))
    data = stock_sealer(stranger, None, NOW, certify=False)(document(LTA))
    assert first_fault(data)


def test_a_number_that_the_page_already_names_cannot_be_given_later() -> None:
    """A shadow attack: the first revision refers to an object that a later one, as validation data, brings."""
    original = blank({3: BLANK[3][:-2] + b"/Annots[900 0 R]>>"})
    data = sealer(authority().stamp).seal(original, PLACEMENT, NOW).data
    assert first_fault(store(data, certificate())) == "object 900: was part of the document"


def test_bytes_between_objects_are_found() -> None:
    data = store(document(None), certificate())
    place = data.index(b"900 0 obj")
    hidden = data[:place] + b"%" + data[place + 1 :]
    assert first_fault(hidden)
    assert first_fault(data.replace(b"endobj\n900 0 obj", b"endobj\r900 0 obj"))


def test_a_prepared_field_of_another_document_state_is_no_seal() -> None:
    """The seal in a field must be over everything up to where its revision ends."""
    data = sealer(authority().stamp).seal(prepare(blank(), FIELDS), FIELDS[0].name, NOW).data
    both = sealer(authority().stamp).seal(data, FIELDS[1].name, NOW + timedelta(minutes=1)).data
    seal = read_pdf(both).seal
    assert seal is not None
    assert seal.coverage_faults == ()
    moved = both + b"\n"
    assert first_fault(moved) == f"1 bytes from {len(both)}"


def test_a_field_filled_with_a_picture_elsewhere_is_found() -> None:
    data = sealer(authority().stamp).seal(prepare(blank(), FIELDS), FIELDS[0].name, NOW).data
    both = sealer(authority().stamp).seal(data, FIELDS[1].name, NOW).data
    file = PdfFile(both)
    fields = [one for one in file.array(file.dictionary(file.catalog["AcroForm"])["Fields"]) if isinstance(one, Ref)]
    wide = revised(both, {fields[1].number: amended(both, fields[1].number, Rect=b"[0 0 595 842]")})
    assert first_fault(wide)
    empty = revised(data, {fields[1].number: amended(data, fields[1].number, Rect=b"[0 0 595 842]")})
    assert "field 签章1" in first_fault(empty)
