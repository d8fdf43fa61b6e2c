"""Reading sealed files: what is genuine is found whole, every change is found, and nothing but our errors comes out."""

import re
from collections.abc import Callable, Iterator
from functools import cache
from hashlib import sha256
from pathlib import Path

import pytest

from seals.cms.cms import CmsWriter
from seals.pdf.errors import PdfEncrypted, PdfOverLimits, PdfUnreadable, PdfUnsupported
from seals.pdf.evidence import PdfSignature, read_pdf
from seals.pdf.file import PdfFile
from seals.pdf.objects import Ref, serialise
from seals.pdf.pades import PdfSealer
from seals.pdf.update import PdfUpdate
from seals.picture.appearance import SealAppearance
from tests.seals.house import PLACEMENT, authority, page, seal_party, sealer
from tests.seals.keys import NOW
from tests.seals.mini_pdf import BLANK, blank, stream
from tests.seals.pyhanko_oracle import rsa_party, stock_sealer
from tests.seals.test_pdf_file import rewritten


@cache
def sealed(original: bytes | None = None) -> bytes:
    return sealer(authority().stamp).seal(page() if original is None else original, PLACEMENT, NOW).data


@cache
def small() -> bytes:
    """A sealed document without a rendered page: the exhaustive tests go through it byte by byte."""
    return sealed(blank())


def seal_of(data: bytes) -> PdfSignature:
    found = read_pdf(data).seal
    assert found is not None
    return found


def clean(data: bytes, *, timestamped: bool = True) -> bool:
    """Whether nothing whatever is amiss; raises nothing but our own errors, and those for damage only."""
    try:
        evidence = read_pdf(data)
    except PdfUnreadable:
        return False
    return any(
        not (seal.fault or seal.canonical_faults or seal.coverage_faults) and (seal.token is not None) == timestamped
        for seal in evidence.signatures
    )


def hole(data: bytes) -> tuple[int, int]:
    """From where to where /Contents stands, brackets included."""
    first, second, _ = (int(number) for number in re.findall(rb"/ByteRange\[0 (\d+) (\d+) (\d+)", data)[-1])
    return first, second


def changed(data: bytes, place: int, new: bytes) -> bytes:
    return data[:place] + new + data[place + len(new) :]


def test_what_is_genuine_is_clean() -> None:
    assert clean(small())
    assert clean(sealed())


@cache
def smallest() -> bytes:
    """A page with a timestamped seal whose picture is a dot."""
    dot = blank({3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R>>", 4: stream(b"", b"9 9 m")})
    party = seal_party()
    one = PdfSealer(party.signer, party.chain, SealAppearance(dot), authority().stamp, "测试", "测试")
    return one.seal(blank(), PLACEMENT, NOW).data


def test_every_changed_byte_is_found() -> None:
    """Exhaustive: no byte of the file, signature value and padding included, can be another."""
    data = smallest()
    assert clean(data)
    start, end = hole(data)
    for place in range(len(data)):
        new = bytes([data[place] ^ 0x01])
        assert not clean(changed(data, place, new)), (place, new)
    # The same byte spelt otherwise, and what is no digit at all.
    for place in range(start + 1, end - 1, 23):
        for new in {data[place : place + 1].swapcase(), b" ", b"g"} - {data[place : place + 1]}:
            assert not clean(changed(data, place, new)), (place, new)


def test_every_changed_digit_of_a_value_without_timestamp_is_found() -> None:
    data = sealer().seal(blank(), PLACEMENT, NOW).data
    assert clean(data, timestamped=False)
    for place in range(*hole(data), 3):
        new = b"0" if data[place : place + 1] != b"0" else b"1"
        assert not clean(changed(data, place, new), timestamped=False), (place, new)


def test_every_changed_number_of_the_structure_is_found() -> None:
    data = small()
    start, end = hole(data)
    digits = [match.start() for match in re.finditer(rb"\d", data[:start])]
    digits += [
        end + match.start() for match in re.finditer(rb"\d", data[end:]) if end + match.start() > len(data) - 700
    ]
    for place in digits:
        for step in (1, 5):
            new = b"%d" % ((int(data[place : place + 1]) + step) % 10)
            assert not clean(changed(data, place, new)), (place, new)


def test_a_changed_page_is_named_as_such() -> None:
    data = sealed()
    place = data.index(b"FEFF")
    seal = seal_of(changed(data, place + 5, b"0" if data[place + 5] != ord("0") else b"1"))
    assert seal.fault == "digest"
    assert seal.signature_valid
    assert seal.canonical_faults == ()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda text: text.upper(), "contents.hexadecimal"),
        (lambda text: text[:-2] + b"01", "contents.padding"),
        (lambda text: text[:-1] + b" ", "contents.hexadecimal"),
        (lambda text: text[:-2] + b"\n0", "contents.hexadecimal"),
    ],
)
def test_other_spellings_of_the_same_value_are_found(change: Callable[[bytes], bytes], code: str) -> None:
    data = small()
    start, end = hole(data)
    seal = seal_of(data[: start + 1] + change(data[start + 1 : end - 1]) + data[end - 1 :])
    assert seal.fault is None  # any other reader is content
    assert [fault.code for fault in seal.canonical_faults] == [code]


def test_a_timestamp_of_another_document_is_found() -> None:
    data, other = small(), sealed()
    seal, stolen = seal_of(data), seal_of(other)
    assert stolen.token is not None
    value = CmsWriter(seal.certificates).assemble(seal.signed_digest, seal.signature, stolen.token)
    start, end = hole(data)
    text = value.hex().encode().ljust(end - start - 2, b"0")
    found = seal_of(data[: start + 1] + text + data[end - 1 :])
    assert [fault.code for fault in found.canonical_faults] == ["timestamp.imprint"]
    assert found.fault is None


def test_a_removed_timestamp_leaves_none() -> None:
    data = small()
    seal = seal_of(data)
    start, end = hole(data)
    value = CmsWriter(seal.certificates).assemble(seal.signed_digest, seal.signature, None)
    text = value.hex().encode().ljust(end - start - 2, b"0")
    assert seal_of(data[: start + 1] + text + data[end - 1 :]).token is None


def test_a_signature_of_another_document_is_found() -> None:
    one = sealer(authority().stamp)
    data = one.seal(blank(), PLACEMENT, NOW).data
    other = one.seal(blank({3: BLANK[3].replace(b"595", b"596")}), PLACEMENT, NOW).data
    start, end = hole(data)
    assert hole(other) == (start, end)
    found = seal_of(data[:start] + other[start:end] + data[end:])
    assert found.fault == "digest"
    assert found.signature_valid
    assert found.canonical_faults == ()


def _resigned(data: bytes, start: int, end: int) -> bytes:
    """Sign again with the seal's own key, with a byte range that leaves out `start` to `end`."""
    old = re.search(rb"/ByteRange\[0 [\d ]+\]", data)
    assert old is not None
    numbers = b"/ByteRange[0 %d %d %d" % (start, end, len(data) - end)
    data = changed(data, old.start(), numbers.ljust(len(old[0]) - 1) + b"]")
    digest = sha256(data[:start] + data[end:]).digest()
    writer = CmsWriter(seal_party().chain)
    signature = seal_party().signer.sign(writer.signed_attributes(digest))
    value = writer.assemble(digest, signature, authority().stamp(sha256(signature).digest(), NOW)).hex().encode()
    contents, contents_end = hole(small())
    return changed(data, contents + 1, value.ljust(contents_end - contents - 2, b"0"))


def test_signing_again_the_same_way_is_clean() -> None:
    assert clean(_resigned(small(), *hole(small())))


@pytest.mark.parametrize(("before", "after"), [(1, 0), (0, 1), (0, 40), (-1, 0), (0, -1), (-1, -1), (20, 20)])
def test_even_the_key_holder_cannot_leave_out_more_or_less(before: int, after: int) -> None:
    start, end = hole(small())
    found = seal_of(_resigned(small(), start - before, end + after))
    assert "byte_range.gap" in [fault.code for fault in found.canonical_faults]


@pytest.mark.parametrize(
    "tail", [b"\n", b"\x00", b" ", b"%", b"%%EOF\n", b"rubbish", b"\nstartxref\n", b"1 0 obj\n<<>>\nendobj\n"]
)
def test_bytes_behind_the_end_are_found(tail: bytes) -> None:
    seal = seal_of(small() + tail)
    assert seal.fault is None
    assert [fault.code for fault in seal.coverage_faults] == ["coverage.trailing_bytes"]


def _later_revision(data: bytes, ref: Ref, body: bytes) -> bytes:
    update = PdfUpdate(PdfFile(data))
    update.put(ref, body)
    return bytes(update.finish(b""))


@pytest.mark.parametrize(
    ("number", "detail"),
    [
        (3, "objects of the revision at {}: written again"),
        (2, "object 2: no part of what may be added"),
        (1, "objects of the revision at {}: written again"),
        (900, "object 900: no part of what may be added"),
    ],
)
def test_a_later_revision_is_found_and_named(number: int, detail: str) -> None:
    file = PdfFile(small())
    body = file.amended(Ref(number, 0), {}) if number < 900 else b"null"
    data = _later_revision(small(), Ref(number, 0), body)
    seal = seal_of(data)
    assert seal.fault is None
    assert [(fault.code, fault.detail) for fault in seal.coverage_faults] == [
        ("coverage.later_revision", detail.format(len(small())))
    ]


def test_a_page_painted_over_by_a_later_revision_is_found() -> None:
    body = PdfFile(small()).amended(Ref(3, 0), {"MediaBox": b"[0 0 1 1]"})
    data = _later_revision(small(), Ref(3, 0), body)
    assert next(PdfFile(data).pages()).effective["MediaBox"] == [0, 0, 1, 1]
    assert seal_of(data).coverage_faults


def test_a_seal_taken_out_of_the_form_is_gone() -> None:
    file = PdfFile(small())
    data = _later_revision(small(), file.root, file.amended(file.root, {"AcroForm": b"<</Fields[]>>"}))
    assert read_pdf(data).signatures == ()


def test_a_second_field_for_the_same_signature_is_no_second_seal() -> None:
    file = PdfFile(small())
    (field,) = file.array(file.dictionary(file.catalog["AcroForm"])["Fields"])
    assert isinstance(field, Ref)
    twice = b"<</Fields[%d 0 R %d 0 R]/SigFlags 3>>" % (field.number, field.number)
    data = _later_revision(small(), file.root, file.amended(file.root, {"AcroForm": twice}))
    assert all(seal.coverage_faults for seal in read_pdf(data).signatures)


def test_a_second_seal_does_not_speak_for_the_first() -> None:
    """A painted-over page, sealed again with a genuine key, in a catalog that says that one certifies."""
    data = sealed()
    file = PdfFile(data)
    (first,) = file.array(file.dictionary(file.catalog["AcroForm"])["Fields"])
    page_ref = next(file.pages()).ref
    painted = PdfFile(_later_revision(data, page_ref, file.amended(page_ref, {"Contents": b"[]"})))
    unsealed = painted.amended(painted.root, {"AcroForm": b"null", "Perms": b""}).replace(b"/Perms ", b"")
    again = PdfFile(sealed(_later_revision(painted.data, painted.root, unsealed)))
    (second,) = again.array(again.dictionary(again.catalog["AcroForm"])["Fields"])
    fields = serialise({"Fields": [second, first], "SigFlags": 3})
    both = _later_revision(again.data, again.root, again.amended(again.root, {"AcroForm": fields}))

    evidence = read_pdf(both)
    assert evidence.seal is not None
    assert evidence.seal.digest == seal_of(data).digest
    assert evidence.seal.docmdp is None
    assert evidence.seal.coverage_faults
    assert all(seal.coverage_faults for seal in evidence.signatures)


def test_unsigned() -> None:
    for data in (blank(), page()):
        assert read_pdf(data).signatures == ()
        assert read_pdf(data).seal is None


def test_encrypted(tmp_path: Path) -> None:
    with pytest.raises(PdfEncrypted):
        read_pdf(rewritten(tmp_path, page(), "--encrypt", "", "owner", "256", "--"))


def test_a_file_that_was_written_anew_is_not_the_sealed_one(tmp_path: Path) -> None:
    assert not clean(rewritten(tmp_path, sealed()))


def test_attachments_of_a_changed_document_do_not_hide_the_change() -> None:
    data = sealed()
    place = data.index(b"/Type/EmbeddedFile")
    place = data.rindex(b"<<", 0, place)
    assert data[place : place + 10] == b"<</Length "
    assert seal_of(data.replace(b"/EmbeddedFiles<<", b"/EmbeddedFilex<<")).fault == "digest"
    filtered = data.replace(b"/Type/EmbeddedFile", b"/Filter/LZWDecode ", 1)
    evidence = read_pdf(filtered)
    assert evidence.seal is not None
    assert evidence.seal.fault == "digest"
    assert evidence.embedded == {}


def test_attachments_over_the_limit() -> None:
    with pytest.raises(PdfOverLimits):
        read_pdf(sealed(page(json="x" * ((8 << 20) + 1))))


# Other makers


def _foreign() -> Iterator[Callable[[bytes], bytes]]:
    yield stock_sealer(seal_party(), authority(), NOW)
    yield stock_sealer(rsa_party(), None, NOW)
    yield stock_sealer(rsa_party(), None, NOW, pades=False)


@pytest.mark.parametrize("number", range(3))
def test_other_makers_signatures_are_not_ours_to_judge(number: int) -> None:
    data = list(_foreign())[number](page())
    with pytest.raises(PdfUnsupported, match="foreign_signature"):
        read_pdf(data)


@pytest.mark.parametrize("number", range(3))
def test_other_makers_signatures_that_fail_are_not_excused(number: int) -> None:
    data = list(_foreign())[number](page())
    place = data.index(b"FEFF") + 5
    with pytest.raises(PdfUnreadable, match="signature_broken"):
        read_pdf(changed(data, place, b"0" if data[place] != ord("0") else b"1"))


def test_a_changed_mark_does_not_make_a_seal_a_foreign_one() -> None:
    data = sealed()
    with pytest.raises(PdfUnreadable, match="signature_broken"):
        read_pdf(data.replace(b"elicence-seal-v1", b"elicence-seal-v2"))


def test_a_foreign_signature_behind_our_seal_is_behind_it() -> None:
    data = stock_sealer(rsa_party(), None, NOW, certify=False)(sealed())
    evidence = read_pdf(data)
    assert evidence.foreign_signatures == 1
    assert evidence.seal is not None
    assert evidence.seal.fault is None
    assert evidence.seal.coverage_faults


def test_signatures_of_kinds_that_nobody_reads_any_more_are_not_called_false() -> None:
    catalog = b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[4 0 R]>>>>"
    old = b"<</Type/Sig/SubFilter/adbe.x509.rsa_sha1/Contents<00>/ByteRange[0 1 2 3]>>"
    with pytest.raises(PdfUnsupported, match="foreign_signature"):
        read_pdf(blank({1: catalog, 4: b"<</FT/Sig/T(x)/V 5 0 R>>", 5: old}))
