"""A seal's revision is made once a template: that must never show, whatever document comes next."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import DomainError
from seals.pdf import stencil as stencil_module
from seals.pdf.evidence import read_pdf
from seals.pdf.file import PdfFile
from seals.pdf.objects import Ref
from seals.pdf.pades import EmptyField, PdfSealer, Placement, Seam, prepare
from seals.pdf.stencil import Stencil, Stencils
from seals.pdf.update import Index
from tests.seals.house import PLACEMENT, appearance, page, sealer
from tests.seals.keys import NOW
from tests.seals.mini_pdf import BLANK, blank, build
from tests.seals.parties import party_of
from tests.seals.test_pdf_file import rewritten

Act = tuple[bytes, Placement | str, Seam | None]
ID = b"/Root 1 0 R/ID[(0123456789abcdef)(0123456789abcdef)]"


@cache
def used() -> PdfSealer:
    """A sealer that has seen documents. RSA signs the same bytes alike, so two sealers can be compared."""
    return fresh()


def fresh() -> PdfSealer:
    return sealer(None, party_of("RSA-2048"))


def outcome(one: PdfSealer, document: bytes, place: Placement | str, seam: Seam | None) -> bytes | str:
    try:
        return one.seal(document, place, NOW, seam).data
    except DomainError as error:
        return repr(error)


def same(document: bytes, place: Placement | str = PLACEMENT, seam: Seam | None = None) -> bool:
    results = [outcome(one, document, place, seam) for one in (used(), fresh(), used())]
    return results[0] == results[1] == results[2]


def test_every_changed_byte_gives_what_a_new_sealer_gives() -> None:
    """Exhaustive: no change of a document, in what was read for the stencil or elsewhere, is overlooked."""
    original = blank(trailer=ID)
    assert same(original)
    outcomes = set()
    for place in range(len(original)):
        changed = bytearray(original)
        changed[place] ^= 0x01
        assert same(bytes(changed)), place
        outcomes.add(type(outcome(used(), bytes(changed), PLACEMENT, None)))
    assert outcomes == {bytes, str}


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from([1, 2, 3, 4]),
        st.sampled_from(
            [
                b"<</Type/Catalog/Pages 2 0 R>>",
                b"<</Type/Catalog/Pages 4 0 R>>",
                b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[]>>>>",
                b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
                b"<</Type/Pages/Count 1/Kids[3 0 R]/MediaBox[0 0 300 300]>>",
                b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>",
                b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 843]>>",
                b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Annots[]>>",
                b"<</Type/Page/Parent 2 0 R/Rotate 90>>",
            ]
        ),
    ),
    st.sampled_from([b"/Root 1 0 R", ID, b"/Root 1 0 R/Info 4 0 R", b"/Root 1 0 R/Info<</A(b)>>", ID + b"/A 1"]),
    st.sampled_from([b"", b"\n", b"\r\n", b"\n\n"]),
)
def test_any_document_gives_what_a_new_sealer_gives(objects: dict[int, bytes], trailer: bytes, tail: bytes) -> None:
    base = {
        1: b"<</Type/Catalog/Pages 2 0 R>>",
        2: b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
        3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>",
    }
    assert same(build(base | objects, trailer, tail))


def acts(folder: Path) -> Iterator[Act]:
    size = {"width_mm": appearance().width / 72 * 25.4, "height_mm": appearance().height / 72 * 25.4}
    three, other = page(pages=3), page('{"测试": false}', pages=3)
    prepared = prepare(page(), [EmptyField("one", PLACEMENT, **size), EmptyField("two", Placement(1, 60, 60), **size)])
    for document in (page(), page('{"另一份": 1}'), three, other, rewritten(folder, page(), "--linearize")):
        yield document, PLACEMENT, None
        yield document, Placement(1, 60, 60), None
    yield from ((document, Placement(2, 60, 60), Seam(y)) for document in (three, other) for y in (150, 140))
    yield from ((prepared, name, None) for name in ("one", "two", "three"))
    yield used().seal(prepared, "one", NOW).data, "two", None
    yield used().seal(page(), PLACEMENT, NOW).data, PLACEMENT, None
    yield rewritten(folder, page(), "--object-streams=generate"), PLACEMENT, None


def test_all_ways_of_sealing_and_back_again(tmp_path: Path) -> None:
    wanted = list(acts(tmp_path))
    for document, place, seam in (*wanted, *reversed(wanted)):
        assert same(document, place, seam)


def test_what_differs_between_two_documents_of_a_template_is_theirs() -> None:
    one, other = page('{"证": 1}'), page('{"证": 22222}')
    first, second = (used().seal(document, PLACEMENT, NOW) for document in (one, other))
    later = used().seal(one, PLACEMENT, NOW + timedelta(seconds=1))
    assert first.data.startswith(one)
    assert second.data.startswith(other)
    assert len({first.digest, second.digest, later.digest}) == 3
    identifiers = {bytes(PdfFile(made.data).trailer["ID"][1]) for made in (first, second, later)}  # type: ignore[index, arg-type]
    assert len(identifiers) == 3
    for made in (first, second, later):
        seal = read_pdf(made.data).seal
        assert seal is not None
        assert (seal.fault, seal.canonical_faults, seal.coverage_faults) == (None, (), ())
        assert seal.digest == made.digest


def counted(stencils: Stencils, document: bytes, drawn: list[bytes]) -> Stencil:
    def draw() -> Stencil:
        file.get(Ref(3, 0))
        drawn.append(document)
        return Stencil(b"", b"", Index.of(file, {}, 1), 1)

    file = PdfFile(document)
    return stencils.find(file, "an act", draw)


def test_a_template_is_drawn_once() -> None:
    drawn: list[bytes] = []
    stencils = Stencils()
    one, longer = blank({4: b"(a)"}), blank({4: b"(aaaaaaaa)"})
    assert counted(stencils, one, drawn) is counted(stencils, longer, drawn) is counted(stencils, one, drawn)
    assert drawn == [one]
    moved = blank({3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 841]>>", 4: b"(a)"})
    assert counted(stencils, moved, drawn) is not counted(stencils, one, drawn)
    assert counted(stencils, moved, drawn) is counted(stencils, moved, drawn)
    assert drawn == [one, moved]


def test_what_was_not_read_from_plain_objects_is_drawn_each_time(tmp_path: Path) -> None:
    drawn: list[bytes] = []
    stencils = Stencils()
    packed = rewritten(tmp_path, blank({4: b"(a)"}), "--object-streams=generate")
    stream = blank({3: b"<</Length 0>>\nstream\n\nendstream"})
    direct = blank(trailer=b"/Root 1 0 R/Info<<>>")
    absent = build({number: BLANK[number] for number in (1, 2)})
    for document in (packed, stream, direct, absent):
        assert counted(stencils, document, drawn) is not counted(stencils, document, drawn)
    assert drawn == [packed, packed, stream, stream, direct, direct, absent, absent]


def test_an_object_at_the_very_end_cannot_be_compared() -> None:
    """The byte behind `endobj` belongs to what is compared: where there is none, `endobjx` would pass for it."""
    data = blank()
    page_object = b"3 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>\nendobj"
    at_end = data + page_object
    at_end = at_end.replace(b"%010d 00000 n" % data.index(b"3 0 obj"), b"%010d 00000 n" % len(data))
    file = PdfFile(at_end)
    assert file.reads() is not None
    assert file.get(Ref(3, 0)) == PdfFile(data).get(Ref(3, 0))
    assert file.reads() is None


def test_only_so_many_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stencil_module, "_MAX_ACTS", 3)
    monkeypatch.setattr(stencil_module, "_MAX_ALIKE", 2)
    stencils = Stencils()
    pages = [blank({3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 %d]>>" % height}) for height in range(800, 810)]
    more = [blank({number: b"(a)"}) for number in range(4, 14)]
    for document in (*pages, *more, *pages):
        counted(stencils, document, [])
        kept = stencils._kept
        assert len(kept) <= 3
        assert all(len(alike) <= 2 for alike in kept.values())
    # Two threads may each add one where there was room for one: the next must not go on for ever.
    monkeypatch.setattr(stencil_module, "_MAX_ACTS", len(kept) - 1)
    counted(stencils, blank({20: b"(a)"}), [])
    assert len(kept) == 1


def test_what_is_large_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[bytes] = []
    stencils = Stencils()
    wide = blank({3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/A(%b)>>" % (b"a" * 700)})
    assert counted(stencils, wide, drawn) is counted(stencils, wide, drawn)
    monkeypatch.setattr(stencil_module, "_MAX_SIZE", 700)
    other = Stencils()
    assert counted(other, wide, drawn) is not counted(other, wide, drawn)
    assert counted(other, blank(), drawn) is counted(other, blank(), drawn)


def test_several_threads_share_a_sealer() -> None:
    documents = [page(f'{{"证": {number}}}') for number in range(4)]
    one = fresh()
    wanted = {document: fresh().seal(document, PLACEMENT, NOW).data for document in documents}
    with ThreadPoolExecutor(8) as threads:
        for document, made in threads.map(
            lambda document: (document, one.seal(document, PLACEMENT, NOW).data), documents * 8
        ):
            assert made == wanted[document]
