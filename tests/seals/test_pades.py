import re
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ca.keys.software_signer import SoftwareSigner
from ca.writing.certificates import DistinguishedName, issue
from ca.writing.profiles import SEAL
from seals.cms.cms import split_padding
from seals.errors import SealCertificateNotValid
from seals.pdf.errors import (
    PdfAlreadySealed,
    PdfEncrypted,
    PdfPageMissing,
    PdfUnreadable,
    PdfUnsupported,
    SealKeyUnusable,
    SealOffPage,
)
from seals.pdf.evidence import PdfSignature, read_pdf
from seals.pdf.file import PdfFile
from seals.pdf.objects import Ref, Stream
from seals.pdf.pades import PdfSealer, Placement
from seals.pdf.update import PdfUpdate
from tests.seals.house import (
    PLACEMENT,
    SECOND,
    Party,
    appearance,
    authority,
    page,
    root_certificate,
    seal_party,
    sealer,
)
from tests.seals.keys import NOW, issuing, root
from tests.seals.mini_pdf import BLANK, blank
from tests.seals.outside_tools import openssl_cms_verify, openssl_ts_verify, pdfsig, run
from tests.seals.pictures import look
from tests.seals.pyhanko_oracle import ades_passes, judge
from tests.seals.test_pdf_file import rewritten

LEVELS = {"B-B": None, "B-T": lambda imprint, now: authority().stamp(imprint, now)}
LINKED = '#link("https://example.test/")[链接]'


def sealed(data: bytes | None = None, *, level: str = "B-T", placement: Placement = PLACEMENT) -> bytes:
    return sealer(LEVELS[level]).seal(page() if data is None else data, placement, NOW).data


def seal_of(data: bytes) -> PdfSignature:
    found = read_pdf(data).seal
    assert found is not None
    return found


def _parts(data: bytes) -> tuple[bytes, bytes]:
    """The CMS, and the bytes under the byte range: cut out here by hand."""
    match = re.search(rb"/ByteRange\[0 (\d+) (\d+) (\d+) *\]", data)
    assert match is not None
    first, second, rest = (int(number) for number in match.groups())
    assert second + rest == len(data)
    assert data[first : first + 1] + data[second - 1 : second] == b"<>"
    return split_padding(bytes.fromhex(data[first + 1 : second - 1].decode()))[0], data[:first] + data[second:]


FORMS: dict[str, Callable[[Path], bytes]] = {
    "as rendered": lambda _: page(),
    "three pages": lambda _: page(pages=3),
    "object streams": lambda folder: rewritten(folder, page(), "--object-streams=generate"),
    "linearised": lambda folder: rewritten(folder, page(pages=2), "--linearize"),
}


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("form", FORMS)
def test_other_peoples_tools_accept_it(tmp_path: Path, form: str, level: str) -> None:
    original = FORMS[form](tmp_path)
    data = sealed(original, level=level)
    path = tmp_path / "sealed.pdf"
    path.write_bytes(data)
    assert "No syntax or stream encoding errors" in run("qpdf", "--check", path)

    status = judge(data, root().certificate, NOW)
    assert status.bottom_line
    assert status.docmdp_ok
    assert ades_passes(data, root().certificate, with_time=level == "B-T") == (True, "AdESPassed.OK")

    printed = pdfsig(tmp_path, path, root_certificate())
    assert "Signature is Valid." in printed
    assert "Certificate is Trusted." in printed
    assert "Total document signed" in printed

    cms, content = _parts(data)
    assert "successful" in openssl_cms_verify(tmp_path, cms, content, root_certificate(), SECOND)
    seal = seal_of(data)
    if level == "B-T":
        assert seal.token is not None
        assert "Verification: OK" in openssl_ts_verify(tmp_path, seal.token, seal.signature, root_certificate(), SECOND)


@pytest.mark.parametrize("form", FORMS)
def test_our_own_reader_finds_nothing_amiss(tmp_path: Path, form: str) -> None:
    made = sealer(LEVELS["B-T"]).seal(FORMS[form](tmp_path), PLACEMENT, NOW)
    evidence = read_pdf(made.data)
    seal = seal_of(made.data)
    assert len(evidence.signatures) == 1
    assert evidence.foreign_signatures == 0
    assert seal.canonical_faults == seal.coverage_faults == ()
    assert seal.fault is None
    assert seal.digest == seal.signed_digest == made.digest == sha256(_parts(made.data)[1]).digest()
    assert seal.certificates == seal_party().chain
    assert seal.signing_time == NOW
    assert seal.docmdp == 2
    assert evidence.embedded == {"licence.json": '{"测试": true}'.encode()}
    assert evidence.info["Keywords"] == "elicence, sha-256:00"


def test_the_old_bytes_are_not_touched() -> None:
    for original in (page(), page() + b"\n", page(pages=2)):
        assert sealed(original).startswith(original)


def test_what_was_pdf_a_stays_so() -> None:
    """Our own structural check of what ISO 19005-3 asks of an incremental update with a signature."""
    original, file = PdfFile(page()), PdfFile(sealed())
    assert file.data[:9] == original.data[:9]
    assert {key: value for key, value in file.catalog.items() if key not in {"AcroForm", "Perms"}} == original.catalog
    assert "Version" not in file.catalog
    assert file.resolve(file.catalog["Metadata"]) == original.resolve(original.catalog["Metadata"])
    assert file.trailer["Info"] == original.trailer["Info"]
    # 6.1.3: an identifier, whose first half never changes; nothing but one end of line after the last %%EOF
    old_id, new_id = original.array(original.trailer["ID"]), file.array(file.trailer["ID"])
    assert new_id[0] == old_id[0]
    assert new_id[1] != old_id[1]
    assert file.data.endswith(b"\n%%EOF\n")
    # 6.1.9: one white-space character in `n g obj`, an end of line before and after each keyword
    update = file.data[len(original.data) :]
    assert len(re.findall(rb"(?<=\n)\d+ 0 obj\n", update)) == update.count(b" obj") == update.count(b"\nendobj\n")
    assert len(re.findall(rb"\nstream\n", update)) == len(re.findall(rb"\nendstream\n", update)) == 5
    # 6.1.6: hexadecimal strings have an even number of characters
    assert all(len(text) % 2 == 0 for text in re.findall(rb"<([0-9a-fA-F]*)>", update.split(b"stream\n")[0]))
    # 6.1.12 and 6.4.3: the permissions hold DocMDP alone, the reference no digest of its own
    permissions = file.dictionary(file.catalog["Perms"])
    assert list(permissions) == ["DocMDP"]
    (reference,) = file.array(file.dictionary(permissions["DocMDP"])["Reference"])
    assert file.dictionary(reference).keys() == {"Type", "TransformMethod", "TransformParams"}
    # 6.3: the widget is printed, never hidden, and has a normal appearance and no other; no actions
    (widget,) = [file.dictionary(one) for one in file.array(next(file.pages()).dictionary["Annots"])]
    assert widget["F"] == 132
    assert file.dictionary(widget["AP"]).keys() == {"N"}
    assert not widget.keys() & {"A", "AA"}
    assert "NeedAppearances" not in file.dictionary(file.catalog["AcroForm"])
    _check_picture(file, file.resolve(file.dictionary(widget["AP"])["N"]))


def _check_picture(file: PdfFile, form: object) -> None:
    assert isinstance(form, Stream)
    assert not form.dictionary.keys() & {"OPI", "PS", "Ref", "Group"}
    resources = file.dictionary(form.dictionary["Resources"])
    # 6.2.4: device-independent colour
    spaces = [file.array(space) for space in file.dictionary(resources["ColorSpace"]).values()]
    assert spaces
    assert all(space[0] == "ICCBased" for space in spaces)
    # 6.2.11: every font embedded
    for font in file.dictionary(resources["Font"]).values():
        (descendant,) = file.array(file.dictionary(font)["DescendantFonts"])
        descriptor = file.dictionary(file.dictionary(descendant)["FontDescriptor"])
        assert isinstance(file.resolve(descriptor["FontFile2"]), Stream)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_the_seal_is_seen_where_it_was_put_and_nowhere_else(tmp_path: Path, number: int) -> None:
    data = sealed(page(pages=3), placement=Placement(number, 60, 200))
    for shown in (1, 2, 3):
        picture = look(tmp_path, data, 50, shown)
        millimetre = 50 / 25.4
        red = [
            (x, y)
            for x in range(picture.width)
            for y in range(picture.height)
            if picture.at(x, y)[0] > 200 and picture.at(x, y)[1] < 100
        ]
        assert bool(red) == (shown == number)
        for x, y in red:
            assert 38.5 * millimetre <= x <= 81.5 * millimetre
            assert 178.5 * millimetre <= y <= 221.5 * millimetre
        if shown == number:
            assert (round(60 * millimetre), round(200 * millimetre)) in red


def test_a_crop_box_moves_the_corner_that_is_measured_from() -> None:
    data = sealed(blank({3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 2000 2000]/CropBox[900 1500 100 700]>>"}))
    rectangle = re.search(rb"/Rect\[([\d. ]+)\]", data)
    assert rectangle is not None
    left, bottom, right, top = (float(side) for side in rectangle[1].split())
    assert (left + right) / 2 == pytest.approx(100 + 150 / 25.4 * 72, abs=0.01)
    assert (bottom + top) / 2 == pytest.approx(1500 - 215 / 25.4 * 72, abs=0.01)
    assert right - left == pytest.approx(appearance().width, abs=0.01)


def test_annotations_that_are_there_stay() -> None:
    link = b"<</Type/Annot/Subtype/Link/Rect[0 0 9 9]>>"
    for annotations in (b"[4 0 R]", b"5 0 R"):
        original = blank({3: BLANK[3][:-2] + b"/Annots " + annotations + b">>", 4: link, 5: b"[4 0 R]"})
        file = PdfFile(sealed(original))
        first, second = file.array(next(file.pages()).dictionary["Annots"])
        assert first == Ref(4, 0)
        assert file.dictionary(second)["FT"] == "Sig"
        assert judge(file.data, root().certificate, NOW).bottom_line


def test_a_form_that_is_there_stays() -> None:
    fields = b"<</FT/Tx/T(Seal1)>>"
    empty = b"<</FT/Sig/T(Seal2)/Type/Annot/Subtype/Widget/Rect[0 0 0 0]/P 3 0 R>>"
    for form in (b"<</Fields[4 0 R 5 0 R]/DA(x)>>", b"6 0 R"):
        catalog = b"<</Type/Catalog/Pages 2 0 R/AcroForm " + form + b">>"
        original = blank({1: catalog, 4: fields, 5: empty, 6: b"<</Fields[4 0 R 5 0 R]/DA(x)>>"})
        file = PdfFile(sealed(original))
        entries = file.dictionary(file.catalog["AcroForm"])
        assert entries["DA"] == b"x"
        assert entries["SigFlags"] == 3
        names = [file.dictionary(field)["T"] for field in file.array(entries["Fields"])]
        assert names == [b"Seal1", b"Seal2", b"Seal3"]
        assert seal_of(file.data).field_name == "Seal3"


def test_no_identifier_in_the_original() -> None:
    file = PdfFile(sealed(blank()))
    first, second = file.array(file.trailer["ID"])
    assert first == second
    assert isinstance(first, bytes)
    assert len(first) == 16


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (lambda folder: rewritten(folder, page(), "--encrypt", "", "o", "256", "--"), PdfEncrypted),
        (lambda _: sealed(), PdfAlreadySealed),
        (lambda _: blank({1: b"<</Type/Catalog/Pages 2 0 R/Perms<</UR3 4 0 R>>>>", 4: b"<<>>"}), PdfAlreadySealed),
        (lambda _: b"", PdfUnreadable),
        (lambda _: b"%PDF-1.7\nrubbish", PdfUnreadable),
        (lambda _: page()[:-100], PdfUnreadable),
        (lambda _: blank({3: BLANK[3][:-2] + b"/Rotate 90>>"}), PdfUnsupported),
        (lambda _: blank({3: BLANK[3][:-2] + b"/UserUnit 2>>"}), PdfUnsupported),
        (lambda _: blank({1: b"<</Type/Catalog/Pages 2 0 R/AcroForm<</XFA[]>>>>"}), PdfUnsupported),
        (lambda _: blank({3: b"<</Type/Page>>"}), PdfUnreadable),
        (lambda _: blank({3: b"<</Type/Page/MediaBox[0 0 (a) 9]>>"}), PdfUnreadable),
        (lambda _: blank({3: BLANK[3][:-2] + b"/Annots 7>>"}), PdfUnreadable),
        (lambda _: blank({1: b"<</Type/Catalog/Pages 2 0 R/AcroForm 7>>"}), PdfUnreadable),
    ],
)
def test_what_cannot_be_sealed_is_refused(
    tmp_path: Path, data: Callable[[Path], bytes], error: type[Exception]
) -> None:
    with pytest.raises(error):
        sealed(data(tmp_path))


@pytest.mark.parametrize(
    ("placement", "error"),
    [
        (Placement(0, 100, 100), PdfPageMissing),
        (Placement(2, 100, 100), PdfPageMissing),
        (Placement(-1, 100, 100), PdfPageMissing),
        (Placement(1, 20, 100), SealOffPage),
        (Placement(1, 100, 20), SealOffPage),
        (Placement(1, 190, 100), SealOffPage),
        (Placement(1, 100, 277), SealOffPage),
        (Placement(1, 100, -50), SealOffPage),
        (Placement(1, float("nan"), 100), SealOffPage),
        (Placement(1, 100, float("inf")), SealOffPage),
    ],
)
def test_places_that_are_not_there(placement: Placement, error: type[Exception]) -> None:
    with pytest.raises(error):
        sealed(placement=placement)


def test_seals_may_touch_the_edge() -> None:
    assert sealed(placement=Placement(1, 21.01, 21.01))


def _party(until: datetime = NOW + timedelta(days=1), algorithm: str = "ES256") -> Party:
    signer = SoftwareSigner.generate(algorithm)  # type: ignore[arg-type]
    name = DistinguishedName("99010100000001", "11990100MB9T00038E测试")
    leaf = issue(SEAL, name, seal_party().signer.public_key, issuing(), NOW - timedelta(days=9), until)
    return Party(signer, (leaf, issuing().certificate, root().certificate))


def test_a_certificate_that_does_not_hold_now_seals_nothing() -> None:
    until = NOW - timedelta(days=1)
    party = Party(seal_party().signer, _party(until).chain)
    with pytest.raises(SealCertificateNotValid):
        sealer(party=party).seal(page(), PLACEMENT, NOW)
    assert sealer(party=party).seal(page(), PLACEMENT, until)
    with pytest.raises(SealCertificateNotValid):
        sealer(party=party).seal(page(), PLACEMENT, NOW - timedelta(days=10))


def test_keys_and_chains_that_do_not_fit() -> None:
    chain = seal_party().chain
    signer = seal_party().signer
    unfit = [
        Party(SoftwareSigner.generate("ES256"), chain),
        Party(SoftwareSigner.generate("Ed25519"), chain),
        Party(signer, ()),
        Party(signer, chain[:1]),
        Party(signer, chain[:2]),
        Party(signer, (chain[0], chain[2])),
        Party(signer, chain[1:]),
        Party(signer, (*chain, authority_leaf())),
        Party(signer, (b"rubbish",)),
    ]
    for party in unfit:
        with pytest.raises(SealKeyUnusable):
            sealer(party=party)


def authority_leaf() -> bytes:
    token = authority().stamp(bytes(32), NOW)
    return seal_of_token(token)


def seal_of_token(token: bytes) -> bytes:
    from ca.timestamping.timestamps import read_token

    return read_token(token).signer_certificate


def test_room_is_made_when_tokens_grow() -> None:
    asked: list[int] = []

    def growing(imprint: bytes, now: datetime) -> bytes:
        asked.append(1)
        # A number used once is not what we ask for, but it makes a good token longer.
        return authority().stamp(imprint, now, nonce=None if len(asked) < 3 else 1 << 500)

    made = PdfSealer(seal_party().signer, seal_party().chain, appearance(), growing, "测试", "测试")
    for _ in range(3):
        seal = seal_of(made.seal(page(), PLACEMENT, NOW).data)
        assert seal.fault is None
        assert seal.canonical_faults == ()
    assert len(asked) == 1 + 1 + 2 + 1


def test_a_failing_timestamp_authority_seals_nothing() -> None:
    def failing(imprint: bytes, now: datetime) -> bytes:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        sealer(failing).seal(page(), PLACEMENT, NOW)


def test_what_is_kept_for_the_signature_is_hardly_more_than_it_needs() -> None:
    for level, slack in (("B-B", 16), ("B-T", 160)):
        data = sealed(level=level)
        cms, content = _parts(data)
        assert 0 <= len(data) - len(content) - 2 - 2 * len(cms) <= slack


@settings(max_examples=25, deadline=None)
@given(st.text(st.characters(codec="utf-8"), max_size=40), st.text(st.characters(codec="utf-8"), max_size=40))
def test_any_name_and_reason(name: str, reason: str) -> None:
    party = seal_party()
    made = PdfSealer(party.signer, party.chain, appearance(), None, name, reason).seal(blank(), PLACEMENT, NOW)
    assert seal_of(made.data).fault is None


def test_an_object_is_written_once() -> None:
    update = PdfUpdate(PdfFile(blank()))
    update.put(Ref(3, 0), b"null")
    with pytest.raises(PdfUnreadable):
        update.put(Ref(3, 0), b"null")
