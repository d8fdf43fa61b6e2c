from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from ca.algorithms.signatures import identifier
from ca.encoding import der
from ca.errors import CrlInvalid, KeyMismatch
from ca.judging.revocation_status import RevocationStatus, revocation_status
from ca.reading.certificate_reader import read_certificate
from ca.reading.crl_reader import REASONS, Reason, Revoked, read_crl
from ca.writing.certificate_errors import CrlRefused
from ca.writing.certificates import Authority
from ca.writing.revocation import make_crl
from ca.writing.signed import signed
from tests.ca.conftest import City
from tests.ca.house import NOW, YEAR, crl, crl_pem, openssl, pem, root, seal

ROOT = root()
SEAL = read_certificate(seal(ROOT).certificate)
ISSUER = read_certificate(ROOT.certificate)
DAY = timedelta(days=1)
WHOLE = NOW.replace(microsecond=0)


def revoked(at: int = 0, reason: Reason | None = None, invalid: int | None = None) -> Revoked:
    """An entry for the seal; days from now."""
    invalidity_date = None if invalid is None else WHOLE + invalid * DAY
    return Revoked(SEAL.serial_number, WHOLE + at * DAY, reason, invalidity_date)


def status(at: int, *crls: bytes, dates_tokens: bool = False) -> RevocationStatus:
    return revocation_status(SEAL, ISSUER, crls, WHOLE + at * DAY, dates_tokens=dates_tokens)


@pytest.mark.parametrize("reason", [None, *(reason for reason in REASONS.values() if reason != "unspecified")])
def test_a_list_reads_as_it_was_made(reason: Reason | None) -> None:
    entries = [revoked(-3, reason, -5), Revoked(7, WHOLE)]
    read = read_crl(crl(ROOT, entries, WHOLE, WHOLE + DAY, number=41))
    assert list(read.entries.values()) == entries
    assert (read.this_update, read.next_update, read.number) == (WHOLE, WHOLE + DAY, 41)
    assert read.issuer == ISSUER.subject
    assert read.understood


def test_unspecified_is_said_by_silence() -> None:
    assert read_crl(crl(ROOT, [revoked(0, "unspecified")])).entries[SEAL.serial_number].reason is None


def test_openssl_believes_the_lists_of_a_ceremony(city: City, tmp_path: Path) -> None:
    international = [one for one in city.ceremony.authorities() if one.hierarchy == "international"]
    assert len(international) == 4
    for credential in international:
        data = city.ceremony.crls[credential.key_name]
        assert data in city.trust.crls
        checked = openssl(
            *("crl", "-in", crl_pem(tmp_path / "crl.pem", data), "-text", "-noout"),
            *("-CAfile", pem(tmp_path / "issuer.pem", credential.cert_der)),
        )
        assert checked.returncode == 0
        assert b"verify OK" in checked.stderr
        assert b"X509v3 CRL Number" in checked.stdout
        assert b"No Revoked Certificates" in checked.stdout


def test_openssl_shows_reason_and_invalidity_date(tmp_path: Path) -> None:
    path = crl_pem(tmp_path / "crl.pem", crl(ROOT, [revoked(0, "keyCompromise", -2)]))
    text = openssl("crl", "-in", path, "-text", "-noout").stdout.decode()
    assert "Key Compromise" in text
    assert "Invalidity Date" in text
    assert "Nov 20 08:30:15 2026 GMT" in text


def test_a_list_is_signed_only_with_its_issuers_key() -> None:
    with pytest.raises(KeyMismatch):
        make_crl(Authority(ROOT.certificate, seal(ROOT).signer), 1, (), NOW, NOW + DAY)


NUMBERS = (0, 1, 127, 128, (1 << 159) - 1)


@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_is_read_back(number: int) -> None:
    assert read_crl(crl(ROOT, number=number)).number == number


@pytest.mark.parametrize(
    ("number", "entries", "end", "word"),
    [
        (-1, (), NOW + DAY, "number"),
        (1 << 159, (), NOW + DAY, "number"),
        (1, (), NOW, "begins"),
        (1, (), NOW - DAY, "begins"),
        (1, (Revoked(7, WHOLE), Revoked(8, WHOLE), Revoked(7, WHOLE, "superseded")), NOW + DAY, "twice"),
    ],
)
def test_a_list_that_would_contradict_itself_is_not_made(
    number: int, entries: tuple[Revoked, ...], end: datetime, word: str
) -> None:
    with pytest.raises(CrlRefused, match=word):
        make_crl(ROOT, number, entries, NOW, end)


def test_times_turn_to_the_longer_form_in_2050() -> None:
    late = datetime(2050, 1, 1, tzinfo=UTC)
    made = crl(ROOT, [Revoked(7, late - DAY, None, late - DAY), Revoked(8, late)], late - DAY, late + DAY)
    read = read_crl(made)
    assert (read.this_update, read.next_update) == (late - DAY, late + DAY)
    assert made.count(b"\x17\x0d491231000000Z") == 2, "this update and the first revocation"
    # The date of invalidity is never UTCTime (RFC 5280 section 5.3.2).
    assert made.count(b"\x18\x0f20491231000000Z") == 1
    assert made.count(b"\x18\x0f20500102000000Z") == made.count(b"\x18\x0f20500101000000Z") == 1


def test_cryptography_reads_the_same_list() -> None:
    made = x509.load_der_x509_crl(crl(ROOT, [revoked(-3, "superseded", -5), Revoked(7, WHOLE)], number=41))
    assert made.is_signature_valid(x509.load_der_x509_certificate(ROOT.certificate).public_key())  # type: ignore[arg-type]
    assert [entry.serial_number for entry in made] == [SEAL.serial_number, 7]
    first = made.get_revoked_certificate_by_serial_number(SEAL.serial_number)
    assert first is not None
    assert first.revocation_date_utc == WHOLE - 3 * DAY
    assert first.extensions.get_extension_for_class(x509.CRLReason).value.reason == x509.ReasonFlags.superseded
    assert first.extensions.get_extension_for_class(x509.InvalidityDate).value.invalidity_date_utc == WHOLE - 5 * DAY
    identifier_ = made.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
    assert identifier_.value.key_identifier == ISSUER.subject_key_identifier
    assert not any(extension.critical for extension in made.extensions)


def test_a_list_says_from_when_it_keeps_the_expired() -> None:
    extension_id = x509.ObjectIdentifier("2.5.29.60")
    kept = x509.load_der_x509_crl(make_crl(ROOT, 1, (), NOW, NOW + DAY))
    said = kept.extensions.get_extension_for_oid(extension_id)
    assert not said.critical
    assert said.value.public_bytes() == der.generalized_time(ISSUER.not_before)
    dropped = x509.load_der_x509_crl(crl(ROOT, keeps_expired=False))
    assert extension_id not in {extension.oid for extension in dropped.extensions}


GOOD, UNKNOWN = RevocationStatus("good"), RevocationStatus("unknown")


def found(days: int, verdict: str = "revoked") -> RevocationStatus:
    return RevocationStatus(verdict, WHOLE + days * DAY)  # type: ignore[arg-type]


def listing(*entries: Revoked, this_update: int = 10, next_update: int = 20) -> bytes:
    return crl(ROOT, entries, WHOLE + this_update * DAY, WHOLE + next_update * DAY)


CASES = {
    "no list": ((), 12, UNKNOWN),
    "not listed, inside the list's time": ((listing(),), 12, GOOD),
    "not listed, at its very end": ((listing(),), 20, GOOD),
    "not listed, after its end": ((listing(),), 21, UNKNOWN),
    "not listed, before the list": ((listing(),), 3, GOOD),
    "revoked before": ((listing(revoked(1, "superseded")),), 3, found(1)),
    "revoked at that very moment": ((listing(revoked(3, "superseded")),), 3, found(3)),
    "revoked after": ((listing(revoked(5, "superseded")),), 3, GOOD),
    "compromised after, known bad before": ((listing(revoked(5, "keyCompromise", 2)),), 3, found(2)),
    "compromised after, known bad after": ((listing(revoked(5, "keyCompromise", 4)),), 3, GOOD),
    "a date of invalidity without compromise does not reach back": ((listing(revoked(5, "superseded", 2)),), 3, GOOD),
    "an invalidity later than the revocation changes nothing": (
        (listing(revoked(2, "keyCompromise", 9)),),
        3,
        found(2),
    ),
    "revoked, though a stale list": ((listing(revoked(1)),), 40, found(1)),
    "on hold": ((listing(revoked(1, "certificateHold")),), 3, found(1, "on_hold")),
    "on hold later": ((listing(revoked(5, "certificateHold")),), 3, GOOD),
    "hold lifted by a newer list": (
        (listing(this_update=11), listing(revoked(1, "certificateHold"))),
        12,
        GOOD,
    ),
    "held by a newer list": (
        (listing(revoked(1, "certificateHold"), this_update=11), listing()),
        12,
        found(1, "on_hold"),
    ),
    "revoked in one list, silence in another": ((listing(), listing(revoked(1), this_update=11)), 12, found(1)),
    "a list of another issuer": ((crl(root("另一个"), [revoked(1)]),), 3, UNKNOWN),
    "a list by another key of the same name": ((crl(root(), [revoked(1)]),), 3, UNKNOWN),
    "garbage": ((b"garbage",), 3, UNKNOWN),
}


@pytest.mark.parametrize(("crls", "at", "expected"), CASES.values(), ids=CASES.keys())
def test_the_lists_decide(crls: tuple[bytes, ...], at: int, expected: RevocationStatus) -> None:
    assert status(at, *crls) == expected


def test_a_list_made_after_the_certificate_expired_says_nothing_of_before() -> None:
    short = read_certificate(seal(ROOT, end=WHOLE + 5 * DAY).certificate)
    assert revocation_status(short, ISSUER, [listing()], WHOLE) == UNKNOWN
    assert revocation_status(short, ISSUER, [listing(this_update=4)], WHOLE) == GOOD


@pytest.mark.parametrize(
    ("reason", "expected"),
    [(None, found(5)), ("keyCompromise", found(5)), ("superseded", GOOD), ("cACompromise", found(5))],
)
def test_a_compromised_timestamp_authority_has_no_good_tokens(
    reason: Reason | None, expected: RevocationStatus
) -> None:
    assert status(3, listing(revoked(5, reason)), dates_tokens=True) == expected


def test_an_issuer_that_may_not_sign_lists_signs_none() -> None:
    leaf = seal(ROOT)
    assert revocation_status(SEAL, read_certificate(leaf.certificate), [crl(leaf)], NOW) == UNKNOWN


def list_with(kind: str, value: bytes) -> bytes:
    """An empty list with one critical extension and no other."""
    extension = der.sequence(der.oid(kind), der.TRUE, der.octets(value))
    tbs = der.sequence(
        der.integer(1),
        identifier("ES256"),
        ISSUER.subject,
        der.time(NOW),
        der.time(NOW + YEAR),
        der.tlv(der.context(0), der.sequence(extension)),
    )
    return signed(tbs, ROOT.signer)


def test_a_list_with_an_unknown_critical_extension_proves_nothing() -> None:
    odd = list_with("2.999.1", der.tlv(der.NULL))
    assert not read_crl(odd).understood
    assert status(1, odd) == UNKNOWN


def test_a_list_of_authorities_says_nothing_of_a_seal() -> None:
    point = x509.IssuingDistributionPoint(
        None,
        None,
        only_contains_user_certs=False,
        only_contains_ca_certs=True,
        only_some_reasons=None,
        indirect_crl=False,
        only_contains_attribute_certs=False,
    )
    assert status(1, list_with(point.oid.dotted_string, point.public_bytes())) == UNKNOWN


LIST = crl(ROOT, [revoked(1, "keyCompromise", 0)])


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_mutated_lists_are_read_or_refused(data: st.DataObject) -> None:
    mutated = bytearray(LIST)
    for _ in range(data.draw(st.integers(1, 3))):
        position = data.draw(st.integers(0, len(mutated) - 1))
        mutated[position : position + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    try:
        read_crl(bytes(mutated))
    except CrlInvalid:
        return
    if bytes(mutated) != LIST:
        assert status(30, bytes(mutated)) == UNKNOWN, "a changed list was believed"
