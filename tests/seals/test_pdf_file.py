import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seals.pdf.attachments import MAX_ATTACHED, attachments, information
from seals.pdf.errors import PdfEncrypted, PdfOverLimits, PdfUnreadable, PdfUnsupported
from seals.pdf.file import PdfFile
from seals.pdf.filters import decode
from seals.pdf.objects import Name, PdfDict, Ref, Stream
from seals.pdf.reader import Reader
from seals.pdf.xref import _read_trailer
from tests.seals.house import page
from tests.seals.mini_pdf import BLANK, blank, build, stream
from tests.seals.outside_tools import run


def rewritten(folder: Path, data: bytes, *options: str) -> bytes:
    """Let qpdf write the document in another way."""
    (folder / "in.pdf").write_bytes(data)
    run("qpdf", *options, folder / "in.pdf", folder / "out.pdf")
    return (folder / "out.pdf").read_bytes()


FORMS = {
    "as typst writes it": (),
    "object streams": ("--object-streams=generate",),
    "linearised": ("--linearize",),
    "linearised object streams": ("--linearize", "--object-streams=generate"),
    "uncompressed": ("--stream-data=uncompress",),
}


@pytest.mark.parametrize("options", FORMS.values(), ids=FORMS.keys())
def test_reads_the_same_document_however_it_is_written(tmp_path: Path, options: tuple[str, ...]) -> None:
    data = page(pages=3)
    file = PdfFile(rewritten(tmp_path, data, *options) if options else data)
    assert len(list(file.pages())) == 3
    assert attachments(file) == {"licence.json": '{"测试": true}'.encode()}
    assert information(file)["Title"] == "不动产权证书 测试"
    assert information(file)["Keywords"] == "elicence, sha-256:00"
    assert all(one.effective["MediaBox"] for one in file.pages())


def test_object_streams_are_really_read(tmp_path: Path) -> None:
    data = rewritten(tmp_path, page(), "--object-streams=generate")
    assert data.startswith(b"%PDF-1.7")
    assert b"/Catalog" not in data
    assert PdfFile(data).sections[0].kind == "stream"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"%PDF-1.7",
        b"%PDF-1.7\n",
        b"\n" + blank(),
        b"GIF89a" + blank(),
        blank().replace(b"%PDF-1.7", b"%PDF-9.9"),
        blank()[:-20],
        blank().replace(b"startxref", b"startxxxx"),
        blank(trailer=b""),
        blank(trailer=b"/Root 9 0 R"),
        blank(trailer=b"/Root(x)"),
        blank({1: b"<</Type/Pages>>"}),
        blank({1: b"[]"}),
        blank(trailer=b"/Root 1 0 R/Prev 0"),
        blank(trailer=b"/Root 1 0 R/Prev(x)"),
        blank().replace(b"0000000009 00000 n", b"0000000010 00000 n"),
        blank().replace(b"0000000009 00000 n", b"00000000xx 00000 n"),
        blank().replace(b"1 0 obj", b"7 0 obj"),
        blank().replace(b"endobj", b"endobx", 1),
        blank().replace(b"xref\n0 1\n", b"xref\n0 2\n"),
        blank().replace(b"2 1\n", b"1 1\n"),
    ],
)
def test_damaged_files_are_refused(data: bytes) -> None:
    with pytest.raises(PdfUnreadable):
        PdfFile(data)


@pytest.mark.parametrize(
    "changes",
    [
        {1: b"<</Type/Catalog>>"},
        {1: b"<</Type/Catalog/Pages<</Type/Page>>>>"},
        {2: b"<</Type/Pages/Kids 3 0 R>>"},
        {2: b"<</Type/Pages/Kids[2 0 R]>>"},
        {2: b"<</Type/Pages/Kids[3 0 R 3 0 R]>>"},
        {2: b"<</Type/Pages/Kids[3 0 R(x)]>>"},
        {3: b"<</Type/Pagf>>"},
        {3: b"4 0 R", 4: b"3 0 R"},
        {3: b"<</Type/Page/Type/Page>>"},
        {3: stream(b"/Type/Page", b"x")},
    ],
)
def test_odd_page_trees_are_refused(changes: dict[int, bytes]) -> None:
    with pytest.raises(PdfUnreadable):
        list(PdfFile(blank(changes)).pages())


def test_pages_inherit_and_stand_in_order() -> None:
    data = build(
        {
            1: b"<</Type/Catalog/Pages 2 0 R>>",
            2: b"<</Type/Pages/Kids[3 0 R 6 0 R]/MediaBox[0 0 1 1]/Rotate 90>>",
            3: b"<</Type/Pages/Kids[4 0 R 5 0 R]/Rotate 0>>",
            4: b"<</Type/Page>>",
            5: b"<</Type/Page/MediaBox[0 0 2 2]>>",
            6: b"<</Type/Page>>",
        }
    )
    found = [(one.ref.number, one.effective["MediaBox"], one.effective["Rotate"]) for one in PdfFile(data).pages()]
    assert found == [(4, [0, 0, 1, 1], 0), (5, [0, 0, 2, 2], 0), (6, [0, 0, 1, 1], 90)]


def test_missing_and_freed_objects_are_null() -> None:
    file = PdfFile(blank({5: b"(x)"}).replace(b"00000 n \ntrailer", b"00000 f \ntrailer"))
    assert file.get(Ref(5, 0)) is None
    assert file.get(Ref(3, 1)) is None
    assert file.get(Ref(99, 0)) is None
    assert file.next_number == 6


def test_the_newest_revision_counts(tmp_path: Path) -> None:
    first = blank()
    start = len(first)
    update = b"3 0 obj\n<</Type/Page/MediaBox[0 0 9 9]>>\nendobj\n"
    table = b"xref\n3 1\n%010d 00000 n \ntrailer\n<</Size 4/Root 1 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF\n" % (
        start,
        first.index(b"xref\n"),
        start + len(update),
    )
    file = PdfFile(first + update + table)
    assert [one.effective["MediaBox"] for one in file.pages()] == [[0, 0, 9, 9]]
    assert len(file.sections) == 2


@pytest.mark.parametrize(
    ("tail", "found"),
    [
        (b"", True),
        (b"startxref\n", True),
        (b"startxref\n99999999999\n%%EOF", True),
        (b"startxref 0", True),
        (b"startxref\n0\n%%EOF\n", False),
        (b"startxref\n0\n%%EOF\nstartxref startxref", False),
        (b" " * 2_100, False),
    ],
)
def test_the_last_start_that_is_whole_counts(tail: bytes, *, found: bool) -> None:
    if found:
        assert PdfFile(blank() + tail).root == Ref(1, 0)
    else:
        with pytest.raises(PdfUnreadable):
            PdfFile(blank() + tail)


_PIECES = (
    *(b"/Size 4", b"/Root 1 0 R", b"/Size 5", b"/B", b" 1", b"true", b"(x\\)", b"%c", b"\n"),
    *(b"/ID[(a)(b)]", b"/ID[<61>(b)]", b"/ID[(a)]", b"/ID[(a)(b)]>>", b"/A<</ID[(a)(b)]>>"),
    *(b"/A(", b")", b"<<", b">>", b"<", b"[", b"]"),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(_PIECES), max_size=6), st.sampled_from((b"/ID[(a)(b)]>>", b">>", b"")))
def test_a_trailer_is_read_as_every_value_is(pieces: list[bytes], end: bytes) -> None:
    """The identifier apart a trailer is read once: what comes out must be what one reading gives."""
    text = b"junk<</Root 1 0 R" + b"".join(pieces) + end + b"\nstartxref\n9\n%%EOF\n"
    reader = Reader(text, 4)
    for _ in range(2):
        try:
            wanted = (value, reader.position) if isinstance(value := reader.value(), dict) else None
        except PdfUnreadable as error:
            wanted = None
            with pytest.raises(PdfUnreadable, match=f"{error.reason}$"):
                _read_trailer(text, 4)
        else:
            assert _read_trailer(text, 4) == wanted
        reader.position = 4


def test_encrypted(tmp_path: Path) -> None:
    with pytest.raises(PdfEncrypted):
        PdfFile(rewritten(tmp_path, page(), "--encrypt", "", "owner", "256", "--"))


def test_hybrid_files_are_not_read() -> None:
    with pytest.raises(PdfUnsupported):
        PdfFile(blank(trailer=b"/Root 1 0 R/XRefStm 9"))


def test_lengths_that_refer_to_each_other_end() -> None:
    many = {number: b"<</Length %d 0 R>>\nstream\n\nendstream" % (number + 1) for number in range(10, 2_000)}
    file = PdfFile(blank(many))
    with pytest.raises(PdfUnreadable, match="reference_loop"):
        file.get(Ref(10, 0))
    circle = PdfFile(blank({5: b"<</Length 5 0 R>>\nstream\n\nendstream"}))
    with pytest.raises(PdfUnreadable, match="reference_loop"):
        circle.get(Ref(5, 0))


def test_length_by_reference() -> None:
    file = PdfFile(blank({5: b"<</Length 6 0 R>>\nstream\r\nabc\nendstream", 6: b"3"}))
    value = file.get(Ref(5, 0))
    assert isinstance(value, Stream)
    assert value.raw == b"abc"


@pytest.mark.parametrize("length", [b"2", b"5", b"-1", b"(3)", b"99999", b"99 0 R"])
def test_wrong_lengths_are_refused(length: bytes) -> None:
    with pytest.raises(PdfUnreadable):
        PdfFile(blank({5: b"<</Length %b>>\nstream\nabc\nendstream" % length})).get(Ref(5, 0))


def _with_attachment(specification: bytes, *, names: bytes = b"[(a)5 0 R]", content: bytes = b"") -> bytes:
    return blank(
        {
            1: b"<</Type/Catalog/Pages 2 0 R/Names<</EmbeddedFiles<</Names%b>>>>>>" % names,
            5: specification,
            6: content or stream(b"", b"hello"),
        }
    )


def test_attachments() -> None:
    assert attachments(PdfFile(_with_attachment(b"<</F(a)/EF<</F 6 0 R>>>>"))) == {"a": b"hello"}
    tree = blank(
        {
            1: b"<</Type/Catalog/Pages 2 0 R/Names<</EmbeddedFiles<</Kids[7 0 R 8 0 R]>>>>>>",
            5: b"<</UF<FEFF6D4B>/F(b)/EF<</UF 6 0 R>>>>",
            6: stream(b"/Filter[/FlateDecode]", zlib.compress(b"inflated")),
            7: b"<</Names[]>>",
            8: b"<</Kids[9 0 R]>>",
            9: b"<</Names[(b)5 0 R]>>",
        }
    )
    assert attachments(PdfFile(tree)) == {"测": b"inflated"}


@pytest.mark.parametrize(
    "data",
    [
        _with_attachment(b"<</F(a)/EF<</F 7 0 R>>>>"),
        _with_attachment(b"<</F 1/EF<</F 6 0 R>>>>"),
        _with_attachment(b"<</F(a)>>"),
        _with_attachment(b"<</F(a)/EF<</F 6 0 R>>>>", names=b"[(a)5 0 R(b)5 0 R]"),
        _with_attachment(b"<</F(a)/EF<</F 6 0 R>>>>", names=b"[(a)5 0 R(b)]"),
        _with_attachment(b"<</F(a)/EF<</F 6 0 R>>>>", names=b"[1 5 0 R]"),
        _with_attachment(b"<</F(a)/EF<</F 6 0 R>>>>", content=stream(b"/Filter/FlateDecode", b"xx")),
        _with_attachment(
            b"<</F(a)/EF<</F 6 0 R>>>>", content=stream(b"/Filter/FlateDecode", zlib.compress(b"a" * 99)[:-3])
        ),
        _with_attachment(
            b"<</F(a)/EF<</F 6 0 R>>>>", content=stream(b"/Filter/FlateDecode", zlib.compress(b"a") + b"b")
        ),
        blank({1: b"<</Type/Catalog/Pages 2 0 R/Names<</EmbeddedFiles 5 0 R>>>>", 5: b"<</Kids[5 0 R]>>"}),
        blank({1: b"<</Type/Catalog/Pages 2 0 R/Names<</EmbeddedFiles 5 0 R>>>>", 5: b"<</Kids[5 0 R 5 0 R]>>"}),
    ],
)
def test_odd_attachments_are_refused(data: bytes) -> None:
    with pytest.raises(PdfUnreadable):
        attachments(PdfFile(data))


def test_attachments_are_bounded_before_they_are_inflated() -> None:
    bomb = zlib.compress(bytes(MAX_ATTACHED + 1), 9)
    data = _with_attachment(b"<</F(a)/EF<</F 6 0 R>>>>", content=stream(b"/Filter/FlateDecode", bomb))
    with pytest.raises(PdfOverLimits):
        attachments(PdfFile(data))
    fits = zlib.compress(bytes(MAX_ATTACHED), 9)
    data = _with_attachment(b"<</F(a)/EF<</F 6 0 R>>>>", content=stream(b"/Filter/FlateDecode", fits))
    assert len(attachments(PdfFile(data))["a"]) == MAX_ATTACHED


def test_too_many_objects_are_refused() -> None:
    with pytest.raises(PdfOverLimits):
        PdfFile(blank().replace(b"3 1\n", b"%d 1\n" % 300_000))


def test_amending_keeps_the_bytes_as_they_stand() -> None:
    file = PdfFile(blank({3: b"<< /Type /Page % why\n/A (b\\051) >>"}))
    assert file.amended(Ref(3, 0), {"Annots": b"[]"}) == b"<</Annots [] /Type /Page % why\n/A (b\\051) >>"
    assert file.amended(Ref(3, 0), {"A": b"[]"}) == b"<</A []/Type/Page>>"
    assert BLANK[1] == file.amended(Ref(1, 0), {})


def _flate(data: bytes, parameters: PdfDict) -> Stream:
    return Stream({"Filter": Name("FlateDecode"), "DecodeParms": parameters}, zlib.compress(data))


@pytest.mark.parametrize(
    ("rows", "plain"),
    [
        (b"\x00\x01\x02\x03", b"\x01\x02\x03"),
        (b"\x01\x01\x01\x01", b"\x01\x02\x03"),
        (b"\x02\x01\x02\x03\x02\x01\x01\x01", b"\x01\x02\x03\x02\x03\x04"),
        (b"\x00\x02\x04\x06\x03\x01\x01\x01", b"\x02\x04\x06\x02\x04\x06"),
        (b"\x00\x02\x04\x06\x04\x01\x01\x01", b"\x02\x04\x06\x03\x05\x07"),
    ],
    ids=["none", "sub", "up", "average", "paeth"],
)
def test_png_predictors(rows: bytes, plain: bytes) -> None:
    assert decode(_flate(rows, {"Predictor": 12, "Columns": 3}), 100) == plain


@pytest.mark.parametrize(
    "parameters",
    [{"Predictor": 12}, {"Predictor": 12, "Columns": 0}, {"Predictor": 12, "Columns": -1}, {"Predictor": True}],
)
def test_odd_predictors_are_refused(parameters: PdfDict) -> None:
    with pytest.raises(PdfUnreadable):
        decode(_flate(b"\x09\x01\x02\x03", parameters), 100)


def test_filters_that_are_not_ours() -> None:
    with pytest.raises(PdfUnsupported):
        decode(Stream({"Filter": Name("LZWDecode")}, b""), 100)
    with pytest.raises(PdfUnsupported):
        decode(_flate(b"x", {"Predictor": 2}), 100)
    with pytest.raises(PdfOverLimits):
        decode(Stream({}, bytes(101)), 100)


def _object_stream(*, count: int, first: int, data: bytes, entries: bytes) -> bytes:
    """A file whose objects from 10 on are packed into the stream 9; `entries`: their indices, a byte each."""
    head = b"%PDF-1.7\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n"
    packed = b"9 0 obj\n%b\nendobj\n" % stream(
        b"/Type/ObjStm/N %d/First %d/Filter/FlateDecode" % (count, first), zlib.compress(data)
    )
    rows = b"\x01\x00\x09\x00" + b"\x01%b\x00" % len(head).to_bytes(2)
    rows += b"".join(b"\x02\x00\x09%c" % index for index in entries)
    start = len(head) + len(packed)
    rows += b"\x01%b\x00" % start.to_bytes(2)
    dictionary = b"/Type/XRef/W[1 2 1]/Index[1 1 9 %d 900 1]/Size 901/Root 1 0 R" % (1 + len(entries))
    return head + packed + b"900 0 obj\n%b\nendobj\nstartxref\n%d\n%%%%EOF" % (stream(dictionary, rows), start)


def test_packed_objects() -> None:
    file = PdfFile(_object_stream(count=2, first=10, data=b"10 0 11 4 (a) [1 2]", entries=b"\x00\x01"))
    assert file.get(Ref(10, 0)) == b"a"
    assert file.get(Ref(11, 0)) == [1, 2]
    assert file.get(Ref(11, 1)) is None
    with pytest.raises(PdfUnreadable):
        file.offset(Ref(10, 0))


@pytest.mark.parametrize(
    "data",
    [
        _object_stream(count=2, first=10, data=b"10 0 11 4 (a) [1 2]", entries=b"\x01\x00"),
        _object_stream(count=2, first=10, data=b"10 0 10 4 (a) [1 2]", entries=b"\x00\x01"),
        _object_stream(count=1, first=5, data=b"12 0 (a)", entries=b"\x00"),
        _object_stream(count=3, first=10, data=b"10 0 11 4 (a) [1 2]", entries=b"\x00\x01"),
        _object_stream(count=2, first=99, data=b"10 0 11 4 (a) [1 2]", entries=b"\x00\x01"),
        _object_stream(count=-1, first=10, data=b"10 0 11 4 (a) [1 2]", entries=b"\x00\x01"),
        _object_stream(count=1, first=6, data=b"10 -1 (a)", entries=b"\x00"),
        _object_stream(count=1, first=5, data=b"10 9 (a)", entries=b"\x00"),
    ],
)
def test_odd_object_streams_are_refused(data: bytes) -> None:
    file = PdfFile(data)
    with pytest.raises(PdfUnreadable):
        file.get(Ref(10, 0))


def test_overlapping_packed_objects_are_not_read_for_ever() -> None:
    # Each of the objects is the same 900 kB: a small file that would be hours of reading.
    head = b" ".join(b"%d 0" % number for number in range(10, 210)) + b" "
    data = _object_stream(
        count=200, first=len(head), data=head + b"(" + b"x" * 900_000 + b")", entries=bytes(range(200))
    )
    assert len(data) < 10_000
    file = PdfFile(data)
    with pytest.raises(PdfOverLimits):
        [file.get(Ref(number, 0)) for number in range(10, 210)]


def test_wide_trees_are_not_walked_for_ever() -> None:
    kids = b"[" + b"5 0 R " * 30_000 + b"]"
    names = blank({1: b"<</Type/Catalog/Pages 2 0 R/Names<</EmbeddedFiles 5 0 R>>>>", 5: b"<</Kids 6 0 R>>", 6: kids})
    with pytest.raises(PdfOverLimits):
        attachments(PdfFile(names))
    with pytest.raises(PdfUnreadable):
        list(PdfFile(blank({2: b"<</Type/Pages/Kids 6 0 R>>", 5: b"<</Type/Page>>", 6: kids})).pages())
