"""B-LT and B-LTA: made by pyHanko in its own process, judged by our rule and by pyHanko's archival validation."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256

import pytest

from ca.keys.software_signer import SoftwareSigner
from ca.reading.certificate_reader import read_certificate
from ca.reading.crl_reader import Reason, Revoked
from ca.timestamping.token import read_token
from ca.writing.certificates import Authority, DistinguishedName, issue, issue_root
from ca.writing.profiles import ROOT, SEAL
from ca.writing.revocation import make_crl
from seals.pdf.dss import read_store
from seals.pdf.errors import PdfUnreadable
from seals.pdf.evidence import read_pdf
from seals.pdf.extension import Extender, Level, ValidationMaterial, extend
from seals.pdf.extension_errors import ExtensionFailed, ExtensionRefused
from seals.pdf.file import PdfFile
from seals.pdf.pades import prepare
from tests.seals.house import PLACEMENT, Party, authority, page, sealer
from tests.seals.keys import BUREAU_CODE, NOW, SINCE, UNTIL, issuing, root
from tests.seals.mini_pdf import blank
from tests.seals.parties import KINDS, party_of
from tests.seals.pyhanko_oracle import ades_passes, lta_passes, rsa_party, stock_sealer
from tests.seals.test_pdf_several import FIELDS, sealed_by_three

LATER = NOW + timedelta(hours=1)
LEVELS: tuple[Level, ...] = ("B-LT", "B-LTA")


@cache
def material(until: datetime = NOW + timedelta(days=300)) -> ValidationMaterial:
    lists = tuple(make_crl(one, 1, (), NOW - timedelta(days=1), until) for one in (root(), issuing()))
    return ValidationMaterial((root().certificate,), (issuing().certificate,), lists)


@cache
def sealed(kind: str = "P-256", *, small: bool = False) -> bytes:
    original = blank() if small else page()
    return sealer(authority().stamp, party_of(kind)).seal(original, PLACEMENT, NOW).data


@pytest.fixture(scope="module")
def extender() -> Iterator[Extender]:
    with Extender() as one:
        yield one


def extended(extender: Extender, data: bytes, level: Level = "B-LTA", now: datetime = LATER) -> bytes:
    return extender.extend(data, material(), authority().stamp, now, level)


def clean(data: bytes) -> bool:
    try:
        evidence = read_pdf(data)
    except PdfUnreadable:
        return False
    return bool(evidence.signatures) and not any(
        one.fault or one.canonical_faults or one.coverage_faults for one in evidence.signatures
    )


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_key_at_every_level(extender: Extender, kind: str, level: Level) -> None:
    data = extended(extender, sealed(kind), level)
    assert data.startswith(sealed(kind))
    evidence = read_pdf(data)
    assert clean(data)
    assert evidence.seal is not None
    assert evidence.seal.digest == read_pdf(sealed(kind)).seal.digest  # type: ignore[union-attr]
    assert len(evidence.document_timestamps) == (level == "B-LTA")
    if level == "B-LTA":
        assert evidence.document_timestamps[0].stamp.gen_time == LATER
        assert lta_passes(data, root().certificate, LATER + timedelta(hours=1)) == (True, "AdESPassed.OK")
    else:
        assert ades_passes(data, root().certificate, with_time=True) == (True, "AdESPassed.OK")


def test_what_was_pdf_a_stays_so(extender: Extender) -> None:
    """Our own structural check of what ISO 19005-3 asks of further revisions."""
    before, after = PdfFile(sealed()), PdfFile(extended(extender, sealed()))
    new = {"DSS", "Extensions", "AcroForm"}
    kept = [{key: value for key, value in one.catalog.items() if key not in new} for one in (before, after)]
    assert kept[0] == kept[1]
    assert "Version" not in after.catalog
    assert after.resolve(after.catalog["Metadata"]) == before.resolve(before.catalog["Metadata"])
    assert after.trailer["Info"] == before.trailer["Info"]
    assert after.array(after.trailer["ID"])[0] == before.array(before.trailer["ID"])[0]
    update = after.data[len(before.data) - 1 :]
    assert len(re.findall(rb"(?<=\n)\d+ 0 obj\n", update)) == update.count(b" obj\n") == update.count(b"\nendobj\n")
    assert update.count(b"\nstream\n") == update.count(b"\nendstream\n")
    (first, stamp) = (
        after.dictionary(one) for one in after.array(after.dictionary(after.catalog["AcroForm"])["Fields"])
    )
    assert stamp["F"] == first["F"] == 132
    assert stamp["Rect"] == [0, 0, 0, 0]


def test_several_seals_and_a_renewal(extender: Extender) -> None:
    data = sealed_by_three(page())
    once = extended(extender, data)
    twice = extended(extender, once, now=LATER + timedelta(days=200))
    assert clean(once)
    assert clean(twice)
    evidence = read_pdf(twice)
    assert len(evidence.signatures) == 3
    assert [one.stamp.gen_time for one in evidence.document_timestamps] == [LATER, LATER + timedelta(days=200)]
    assert lta_passes(twice, root().certificate, LATER + timedelta(days=201)) == (True, "AdESPassed.OK")


def test_step_by_step_is_the_same(extender: Extender) -> None:
    steps = extended(extender, extended(extender, sealed(), "B-LT"), "B-LTA")
    assert clean(steps)
    assert len(read_pdf(steps).document_timestamps) == 1
    assert lta_passes(steps, root().certificate, LATER + timedelta(hours=1)) == (True, "AdESPassed.OK")


def test_a_seal_in_a_prepared_field_behind_an_extension(extender: Extender) -> None:
    first = sealer(authority().stamp).seal(prepare(blank(), FIELDS), FIELDS[0].name, NOW).data
    data = sealer(authority().stamp).seal(extended(extender, first, "B-LT"), FIELDS[1].name, LATER).data
    assert clean(data)
    assert clean(extended(extender, data, now=LATER + timedelta(hours=1)))


def timestamp_certificates() -> tuple[bytes, ...]:
    return read_token(authority().stamp(bytes(32), NOW)).certificates


def short_lived(end: datetime) -> Party:
    """A seal whose certificate ends then."""
    signer = SoftwareSigner.generate("ES256")
    name = DistinguishedName("99010100000099", f"{BUREAU_CODE} 测试市自然资源和规划局")
    leaf = issue(SEAL, name, signer.public_key, issuing(), SINCE, end)
    return Party(signer, (leaf, issuing().certificate, root().certificate))


def test_a_seal_whose_certificate_ended_years_ago(extender: Extender) -> None:
    """Seals live for a year or three, timestamps for fifteen: what was kept in time is renewed for ever."""
    data = sealer(authority().stamp, short_lived(NOW + timedelta(days=1))).seal(page(), PLACEMENT, NOW).data
    late = NOW + timedelta(days=2_000)
    lists = material(late + timedelta(days=300))
    once = extender.extend(data, lists, authority().stamp, NOW + timedelta(hours=1))
    twice = extender.extend(once, lists, authority().stamp, late)
    assert clean(twice)
    assert lta_passes(twice, root().certificate, late + timedelta(days=1)) == (True, "AdESPassed.OK")
    # Strangers' rules want the proof gathered in the certificate's days (EN 319 102-1); ours can still do with later ones.
    assert clean(extender.extend(data, lists, authority().stamp, late))


@pytest.mark.parametrize("reason", ["affiliationChanged", "superseded", "keyCompromise"])
def test_a_seal_whose_certificate_was_revoked_since(extender: Extender, reason: Reason) -> None:
    party = short_lived(UNTIL)
    data = sealer(authority().stamp, party).seal(page(), PLACEMENT, NOW).data
    serial = read_certificate(party.chain[0]).serial_number
    late = NOW + timedelta(days=40)
    entry = Revoked(serial, NOW + timedelta(days=1), reason, None)
    lists = (
        make_crl(root(), 2, (), NOW - timedelta(days=1), late + timedelta(days=30)),
        make_crl(issuing(), 2, (entry,), late - timedelta(days=1), late + timedelta(days=30)),
    )
    assert clean(extender.extend(data, replace(material(), crls=lists), authority().stamp, late))
    before = replace(entry, at=NOW - timedelta(days=1))
    early = (lists[0], make_crl(issuing(), 2, (before,), late - timedelta(days=1), late + timedelta(days=30)))
    with pytest.raises(ExtensionRefused, match="revoked"):
        extender.extend(data, replace(material(), crls=early), authority().stamp, late)


@pytest.mark.parametrize("level", LEVELS)
def test_nothing_goes_in_that_proves_nothing_of_it(extender: Extender, level: Level) -> None:
    """A house publishes lists of many authorities; two may even have one name."""
    until, others = NOW + timedelta(days=300), (SoftwareSigner.generate("ES256"), SoftwareSigner.generate("ES256"))
    namesake = Authority(issue_root(ROOT, DistinguishedName("测试 CA", "测试市"), others[0], SINCE, UNTIL), others[0])
    stranger = Authority(issue_root(ROOT, DistinguishedName("测试他人", "测试市"), others[1], SINCE, UNTIL), others[1])
    more = tuple(make_crl(one, 1, (), NOW - timedelta(days=1), until) for one in (namesake, stranger))
    lists = material().crls
    data = extender.extend(sealed(), replace(material(), crls=(*more, *lists)), authority().stamp, LATER, level)
    assert clean(data)
    found = read_store(PdfFile(data))
    assert set(found.of("crl")) == set(lists)
    assert set(found.of("certificate")) <= {*read_pdf(data).signatures[0].certificates, *timestamp_certificates()}


@pytest.mark.parametrize("level", LEVELS)
def test_every_changed_byte_behind_the_seal_is_found(extender: Extender, level: Level) -> None:
    data = extended(extender, sealed(small=True), level)
    assert clean(data)
    start = len(sealed(small=True))
    # No signature covers what stands behind the seal at B-LT; at B-LTA the timestamp does.
    for place in range(start, len(data), 1 if level == "B-LT" else 5):
        new = 0x20 if place % 7 == 0 and data[place] != 0x20 else data[place] ^ 0x01
        changed = data[:place] + bytes([new]) + data[place + 1 :]
        assert not clean(changed), (place, data[place - 20 : place + 20], new)


@pytest.mark.parametrize("level", LEVELS)
def test_every_cut_is_found_or_is_the_document_before(extender: Extender, level: Level) -> None:
    data = extended(extender, sealed(small=True), level)
    for length in range(len(sealed(small=True)) + 1, len(data), 97):
        assert not clean(data[:length])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"crls": ()}, "certificates"),
        ({"anchors": (party_of("P-384").chain[0],)}, "certificates"),
        ({"crls": (b"rubbish",)}, "ValueError"),
    ],
)
def test_incomplete_material_is_refused(extender: Extender, change: dict[str, tuple[bytes, ...]], reason: str) -> None:
    with pytest.raises(ExtensionRefused, match=reason):
        extender.extend(sealed(), replace(material(), **change), authority().stamp, LATER)


def test_what_is_not_sound_is_not_extended(extender: Extender) -> None:
    spoilt = sealed().replace(b"FEFF", b"FEFE", 1)
    cases = {
        "no_seal": page(),
        "seal_without_timestamp": sealer().seal(blank(), PLACEMENT, NOW).data,
        "digest": spoilt,
        "coverage.trailing_bytes": sealed() + b"\n",
        "foreign_signature": stock_sealer(rsa_party(), None, NOW, certify=False)(sealed()),
    }
    for reason, data in cases.items():
        with pytest.raises(ExtensionRefused, match=reason):
            extended(extender, data)


def test_a_timestamper_that_fails_spoils_nothing(extender: Extender) -> None:
    def failing(imprint: bytes, now: datetime) -> bytes:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        extender.extend(sealed(), material(), failing, LATER)
    with pytest.raises((ExtensionRefused, ExtensionFailed)):
        extender.extend(sealed(), material(), lambda *_: b"rubbish", LATER)
    other = authority().stamp(sha256(b"another document").digest(), LATER)
    with pytest.raises((ExtensionRefused, ExtensionFailed)):
        extender.extend(sealed(), material(), lambda *_: other, LATER)
    assert clean(extended(extender, sealed()))


def test_a_process_that_takes_too_long_is_ended() -> None:
    with Extender(seconds=0.01) as hurried:
        with pytest.raises(ExtensionFailed, match="process_ended"):
            extended(hurried, sealed())
        hurried._seconds = 60
        assert clean(extended(hurried, sealed()))


def test_once_without_keeping_the_process() -> None:
    assert clean(extend(sealed(), material(), authority().stamp, LATER))
