"""Attacks by objects that a later revision may bring: what they take the place of is part of the document all the same.

Each of these files shows another page (in most of them none at all) than the one that was sealed.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis import target as target_of

from seals.pdf.errors import PdfUnreadable
from seals.pdf.evidence import read_pdf
from seals.pdf.file import PdfFile
from seals.pdf.objects import Name, PdfDict, PdfObject, Ref, Stream, serialise
from seals.pdf.update import PdfUpdate
from tests.seals.house import PLACEMENT, authority, sealer
from tests.seals.keys import NOW
from tests.seals.mini_pdf import BLANK, blank, stream
from tests.seals.test_pdf_coverage import certificate, first_fault
from tests.seals.test_pdf_file import rewritten

CONTENT = Ref(4, 0)
_SPACE = 16_000  # digits kept for a token
_ORIGINAL = blank(
    {
        3: BLANK[3][:-2] + b"/Contents 4 0 R/Resources 5 0 R>>",
        4: stream(b"", b"q Q"),
        5: b"<</ProcSet[/PDF]>>",
    }
)


@cache
def document() -> bytes:
    return sealer(authority().stamp).seal(_ORIGINAL, PLACEMENT, NOW).data


def validation_data(data: bytes, item: Ref, catalog: Mapping[str, PdfObject], more: Mapping[Ref, bytes]) -> bytes:
    """Add a certificate as the item, change the catalog, and add more objects, all in our one spelling."""
    file = PdfFile(data)
    update = PdfUpdate(file)
    changed: PdfDict = {**file.catalog, **catalog, "DSS": {"Certs": [item]}}
    for ref, body in sorted({**more, file.root: serialise(changed), item: stream(b"", certificate())}.items()):
        update.put(ref, body)
    return bytes(update.finish(b""))


def timestamped(data: bytes, *, next_number: int | None = None, name: bytes = b"Stamp") -> bytes:
    """Add a document timestamp of the trusted authority. next_number: what the cross-reference says that it is."""
    file = PdfFile(data)
    update = PdfUpdate(file)
    form = file.dictionary(file.catalog["AcroForm"])
    field, value = Ref(update.allocate(2), 0), Ref(update.next_number - 1, 0)
    fields = {**form, "Fields": [*file.array(form["Fields"]), field]}
    update.put(file.root, serialise({**file.catalog, "AcroForm": fields}))
    update.put(field, b"<</FT/Sig/T(%b)/Rect[0 0 0 0]/V %d %d R>>" % (name, *value))
    body = b"<</Type/DocTimeStamp/Filter/Adobe.PPKLite/SubFilter/ETSI.RFC3161/ByteRange[%b]/Contents<%b>>>"
    update.put(value, body % (b" " * 40, b"0" * _SPACE))
    objects, index = update.objects(), update.index()
    index = index if next_number is None else replace(index, next_number=next_number)
    whole = data + objects + index.write(file, len(objects), b"")
    hole = whole.index(b"<" + b"0" * _SPACE)
    numbers = b"0 %d %d %d" % (hole, hole + _SPACE + 2, len(whole) - hole - _SPACE - 2)
    whole = whole.replace(b" " * 40, numbers.ljust(40))
    covered = whole[:hole] + whole[hole + _SPACE + 2 :]
    token = authority().stamp(sha256(covered).digest(), NOW).hex().encode().ljust(_SPACE, b"0")
    return whole[: hole + 1] + token + whole[hole + 1 + _SPACE :]


def test_what_the_attacks_start_from_is_allowed() -> None:
    assert first_fault(validation_data(document(), Ref(900, 0), {}, {})) == ""
    assert first_fault(timestamped(document())) == ""
    assert len(read_pdf(timestamped(document())).document_timestamps) == 1


@pytest.mark.parametrize("number", [4, 5])
def test_an_object_of_another_generation_takes_the_old_one_away(number: int) -> None:
    attacked = validation_data(document(), Ref(number, 1), {}, {})
    assert PdfFile(attacked).get(Ref(number, 0)) is None
    assert first_fault(attacked) == f"object {number}: was part of the document"
    assert first_fault(timestamped(attacked)) == f"object {number}: was part of the document"


@pytest.mark.parametrize("key", ["Extensions", "AcroForm"])
def test_an_object_of_the_page_becomes_one_of_the_catalog(key: str) -> None:
    file = PdfFile(document())
    body = b"<<>>" if key == "Extensions" else serialise(file.catalog[key])
    attacked = validation_data(document(), Ref(900, 0), {key: CONTENT}, {CONTENT: body})
    assert isinstance(PdfFile(attacked).get(CONTENT), dict)
    assert first_fault(attacked) == "object 4: was part of the document"


def test_an_object_of_the_page_becomes_the_list_of_fields() -> None:
    file = PdfFile(document())
    form = file.dictionary(file.catalog["AcroForm"])
    attacked = validation_data(
        document(), Ref(900, 0), {"AcroForm": {**form, "Fields": CONTENT}}, {CONTENT: serialise(form["Fields"])}
    )
    assert isinstance(PdfFile(attacked).get(CONTENT), list)
    assert first_fault(attacked) == "object 4: was part of the document"


def test_an_object_of_the_page_becomes_its_list_of_annotations() -> None:
    page = PdfFile(document()).dictionary(Ref(3, 0))
    more = {Ref(3, 0): serialise({**page, "Annots": CONTENT}), CONTENT: serialise(page["Annots"])}
    attacked = validation_data(document(), Ref(900, 0), {}, more)
    assert isinstance(PdfFile(attacked).get(CONTENT), list)
    assert first_fault(attacked) == "object 4: was part of the document"


def test_a_size_that_leaves_objects_out() -> None:
    """Objects from the trailer's Size on are missing, whatever the tables say. Source: ISO 32000-1 table 15"""
    assert first_fault(timestamped(document(), next_number=4)).startswith("trailer at")


def test_a_cross_reference_stream_in_the_place_of_an_object(tmp_path: Path) -> None:
    packed = rewritten(tmp_path, _ORIGINAL, "--object-streams=generate")
    data = sealer(authority().stamp).seal(packed, PLACEMENT, NOW).data
    (page,) = PdfFile(data).pages()
    content = page.dictionary["Contents"]
    assert isinstance(content, Ref)
    assert first_fault(timestamped(data)) == ""
    attacked = timestamped(data, next_number=content.number)
    found = PdfFile(attacked).get(content)
    assert found.dictionary["Type"] == "XRef"  # type: ignore[union-attr]
    assert first_fault(attacked)


def _held() -> bytes:
    """Write the page with its resources in an object stream, number 6, whose length is object 7."""
    inside = b"5 0 <</ProcSet[/PDF]>>"
    objects = {
        **BLANK,
        3: BLANK[3][:-2] + b"/Contents 4 0 R/Resources 5 0 R>>",
        4: stream(b"", b"q Q"),
        6: b"<</Type/ObjStm/N 1/First 4/Length 7 0 R>>\nstream\n%b\nendstream" % inside,
        7: b"%d" % len(inside),
    }
    out, rows = b"%PDF-1.7\n", [b"\x00\x00\x00\xff"]
    for number in range(1, 8):
        rows.append(b"\x02\x00\x06\x00" if number == 5 else b"\x01%b\x00" % len(out).to_bytes(2))
        out += b"" if number == 5 else b"%d 0 obj\n%b\nendobj\n" % (number, objects[number])
    start = len(out)
    rows.append(b"\x01%b\x00" % start.to_bytes(2))
    index = stream(b"/Type/XRef/Root 1 0 R/Size 9/W[1 2 1]", b"".join(rows))
    return out + b"8 0 obj\n%b\nendobj\nstartxref\n%d\n%%%%EOF\n" % (index, start)


@pytest.mark.parametrize("number", [6, 7])
def test_a_stream_in_the_place_of_what_holds_objects(number: int) -> None:
    data = sealer(authority().stamp).seal(_held(), PLACEMENT, NOW).data
    assert PdfFile(data).get(Ref(5, 0)) == {"ProcSet": ["PDF"]}
    assert first_fault(validation_data(data, Ref(900, 0), {}, {})) == ""
    attacked = validation_data(data, Ref(number, 0), {}, {})
    with pytest.raises(PdfUnreadable):
        PdfFile(attacked).get(Ref(5, 0))
    assert first_fault(attacked) == f"object {number}: was part of the document"


def test_a_field_of_a_name_that_there_is() -> None:
    """Two fields of one name are one field to a viewer, which may show the value of either."""
    assert first_fault(timestamped(document(), name=b"Seal1")) == "field Seal1"


@pytest.mark.parametrize("number", [0, 1])
def test_a_truth_is_no_number(number: int) -> None:
    original = blank({3: BLANK[3][:-2] + b"/StructParents %d>>" % number})
    data = sealer(authority().stamp).seal(original, PLACEMENT, NOW).data
    page = {**PdfFile(data).dictionary(Ref(3, 0)), "StructParents": bool(number)}
    attacked = validation_data(data, Ref(900, 0), {}, {Ref(3, 0): serialise(page)})
    assert first_fault(attacked) == "object 3: /StructParents"


def test_names_and_strings_are_not_alike() -> None:
    original = blank({3: BLANK[3][:-2] + b"/Tabs/S>>"})
    data = sealer(authority().stamp).seal(original, PLACEMENT, NOW).data
    page = {**PdfFile(data).dictionary(Ref(3, 0)), "Tabs": Name("R")}
    attacked = validation_data(data, Ref(900, 0), {}, {Ref(3, 0): serialise(page)})
    assert first_fault(attacked) == "object 3: /Tabs"


@cache
def _bases() -> tuple[bytes, ...]:
    in_table = sealer(authority().stamp).seal(_ORIGINAL, PLACEMENT, NOW).data
    return in_table, sealer(authority().stamp).seal(_held(), PLACEMENT, NOW).data


def shown(file: PdfFile) -> object:
    """Return all that can be reached from the catalog but validation data, each object where it is first met."""
    met: set[Ref] = set()

    def resolved(value: PdfObject) -> object:
        if isinstance(value, Ref):
            if value in met:
                return "again", value
            met.add(value)
            return resolved(file.get(value))
        if isinstance(value, Stream):
            return "stream", resolved(value.dictionary), value.raw
        if isinstance(value, dict):
            return {key: resolved(one) for key, one in value.items()}
        return [resolved(one) for one in value] if isinstance(value, list) else (type(value), value)

    return resolved({key: value for key, value in file.catalog.items() if key not in {"DSS", "Extensions"}})


def _bodies(file: PdfFile) -> list[bytes]:
    """Return what attackers may write: what may be added, and what the document is made of."""
    form = file.dictionary(file.catalog["AcroForm"])
    pages = [serialise(page.dictionary) for page in file.pages()]
    lists = [serialise(form["Fields"]), *(serialise(page.dictionary["Annots"]) for page in file.pages())]
    return [stream(b"", certificate()), serialise(form), *pages, *lists, b"<<>>", b"[]", b"null", stream(b"", b"q Q")]


_TAKEN = st.integers(2, 30) | st.integers(900, 902)


@settings(max_examples=250, deadline=None)
@given(st.integers(0, 1), st.data())
def test_what_is_allowed_shows_the_same(number: int, data: st.DataObject) -> None:
    """Whatever revision is let pass: the document that it leaves is the one that was sealed."""
    base = _bases()[number]
    before = PdfFile(base)
    bodies = _bodies(before)
    item = Ref(data.draw(_TAKEN), data.draw(st.sampled_from([0, 0, 1])))
    refs = st.builds(Ref, _TAKEN, st.just(0))
    # Most often few things at once: an attack that works goes unseen beside one that does not.
    more = data.draw(st.just({}) | st.dictionaries(refs, st.sampled_from(bodies), max_size=2))
    catalog: dict[str, PdfObject] = {}
    for key in data.draw(st.sampled_from([[], [], ["Extensions"], ["AcroForm"], ["Extensions", "AcroForm"]])):
        target = data.draw(refs)
        catalog[key] = target
        more.setdefault(target, b"<<>>" if key == "Extensions" else bodies[1])
    attacked = validation_data(base, item, catalog, {ref: body for ref, body in more.items() if ref != before.root})
    try:
        accepted = first_fault(attacked) == ""
    except (PdfUnreadable, AssertionError):
        return
    target_of(float(accepted), label="accepted")
    if accepted:
        assert shown(PdfFile(attacked)) == shown(before)
