"""RSA keys below 3,000 bits are believed for less long than longer ones (ETSI TS 119 312 V2.1.1 clause 8.4)."""

from datetime import date, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from ca.judging.trust import AllowedAlgorithm, TrustList
from ca.timestamping.token import read_token
from ca.writing.profiles import ALGORITHMS, SHORT_RSA_ALGORITHM
from ca.writing.revocation import make_crl
from licences.verification.checks.trust_algorithm import stands_on
from licences.verification.documents import Signature
from licences.verification.report import CheckResult
from tests.licences.verification.worlds import SetSources, report
from tests.seals.house import PLACEMENT, authority, sealer
from tests.seals.keys import NOW, issuing, root
from tests.seals.mini_pdf import blank
from tests.seals.parties import party_of

LONG = {"RS256": date(2035, 12, 31), "ES256": date(2035, 12, 31), "SHA-256": date(2040, 12, 31)}


def trust(algorithms: dict[str, date]) -> TrustList:
    since, until = NOW - timedelta(days=1), NOW + timedelta(days=3000)
    return TrustList(
        name="测试信任列表",
        anchors=(root().certificate,),
        intermediates=(issuing().certificate,),
        crls=tuple(make_crl(one, 1, (), since, until) for one in (root(), issuing())),
        tsa=(read_token(authority().stamp(bytes(32), NOW)).signer_certificate,),
        log_keys={},
        status_keys=(),
        receipt_keys=(),
        algorithms=tuple(AllowedAlgorithm(name, until) for name, until in algorithms.items()),
        valid_from=since,
        valid_until=until,
    )


def row(kind: str, algorithms: dict[str, date], *, stamped: bool = True, days: int = 1) -> CheckResult:
    sealed = sealer(authority().stamp if stamped else None, party_of(kind)).seal(blank(), PLACEMENT, NOW)
    judged = report(sealed.data, sources=SetSources(trust=trust(algorithms)), now=NOW + timedelta(days=days))
    (found,) = (one for one in judged.checks if one.id == "trust.algorithm")
    return found


@pytest.mark.parametrize(
    ("kind", "algorithms", "outcome"),
    [
        ("RSA-2048", LONG, "not_run"),
        ("RSA-2048", {**LONG, SHORT_RSA_ALGORITHM: NOW.date()}, "passed"),
        ("RSA-2048", {**LONG, SHORT_RSA_ALGORITHM: NOW.date() - timedelta(days=1)}, "not_run"),
        ("RSA-2048", dict(ALGORITHMS), "passed"),
        ("RSA-3072", LONG, "passed"),
        ("P-256", LONG, "passed"),
    ],
)
def test_a_short_key_is_believed_as_long_as_the_list_says(kind: str, algorithms: dict[str, date], outcome: str) -> None:
    assert row(kind, algorithms).outcome == outcome


def test_a_timestamp_keeps_what_was_sealed_in_time() -> None:
    until = {**LONG, SHORT_RSA_ALGORITHM: NOW.date() + timedelta(days=2)}
    assert row("RSA-2048", until, days=10).outcome == "passed"
    assert row("RSA-2048", until, stamped=False, days=1).outcome == "passed"
    assert row("RSA-2048", until, stamped=False, days=10).outcome == "not_run"


def test_the_ceremony_names_the_last_day() -> None:
    assert ALGORITHMS[SHORT_RSA_ALGORITHM] == date(2028, 12, 31) < ALGORITHMS["RS256"]


@pytest.mark.parametrize(
    ("bits", "said"), [(1024, "RSA-1024"), (2047, "RSA-2047"), (2048, SHORT_RSA_ALGORITHM), (3072, None)]
)
def test_a_shorter_key_does_not_pass_for_a_short_one(bits: int, said: str | None) -> None:
    """What a list says of keys of 2,048 bits says nothing of keys that anyone with some money breaks."""
    key = rsa.generate_private_key(65_537, bits)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "测试")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, NOW, NOW + timedelta(days=1))
    certificate = builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
    signature = Signature(
        fault=None,
        algorithm="RS256",
        certificates=(certificate,),
        token=None,
        imprint=bytes(32),
        claimed_at=NOW,
        digest_algorithm="SHA-256",
    )
    assert stands_on(signature) == ("RS256", "SHA-256", *([said] if said else []))
    assert "RSA-1024" not in ALGORITHMS
