from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from ca.certificate_reader import read_certificate
from ca.certificates import Authority
from ca.crl_reader import REASONS, Reason, Revoked, read_crl
from ca.errors import CrlInvalid, KeyMismatch
from ca.revocation import make_crl
from ca.revocation_status import RevocationStatus, revocation_status
from ca.signer_key import SignerKey
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
    issuers = (city.ceremony.root, city.ceremony.issuing)
    for data, credential in zip(city.trust.crls, issuers, strict=True):
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


def partial() -> bytes:
    """A list that covers authorities only, and says so in an extension that we do not know."""
    point = x509.IssuingDistributionPoint(
        None,
        None,
        only_contains_user_certs=False,
        only_contains_ca_certs=True,
        only_some_reasons=None,
        indirect_crl=False,
        only_contains_attribute_certs=False,
    )
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(x509.load_der_x509_certificate(ROOT.certificate).subject)
        .last_update(NOW)
        .next_update(NOW + YEAR)
        .add_extension(point, critical=True)
    )
    return builder.sign(SignerKey(ROOT.signer), hashes.SHA256()).public_bytes(Encoding.DER)


def test_a_list_with_an_unknown_critical_extension_proves_nothing() -> None:
    assert not read_crl(partial()).understood
    assert status(1, partial()) == UNKNOWN


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
