"""A seal's key and certificate chain for tests, made once a run with `cryptography` alone."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ca.keys import SoftwareSigner
from ca.timestamps import TimestampAuthority
from seals.jades import Timestamper

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class TestSeal:
    """chain: leaf, issuing CA; root: the anchor, which no document carries."""

    __test__ = False

    signer: SoftwareSigner
    key: EllipticCurvePrivateKey
    chain: tuple[bytes, ...]
    root: bytes


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def certificate(
    subject: str,
    key: EllipticCurvePrivateKey,
    issuer: str,
    issuer_key: EllipticCurvePrivateKey,
    *,
    days: int = 3650,
    purpose: x509.ExtendedKeyUsage | None = None,
) -> bytes:
    builder = x509.CertificateBuilder(
        issuer_name=_name(issuer),
        subject_name=_name(subject),
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=NOW - timedelta(days=30),
        not_valid_after=NOW + timedelta(days=days),
    )
    if purpose is not None:
        builder = builder.add_extension(purpose, critical=True)
    return builder.sign(issuer_key, SHA256()).public_bytes(Encoding.DER)


@cache
def seal_keys(name: str = "99010100000001") -> TestSeal:
    root, issuing, leaf = (generate_private_key(SECP256R1()) for _ in range(3))
    return TestSeal(
        signer=SoftwareSigner(leaf),
        key=leaf,
        chain=(certificate(name, leaf, "测试 CA", issuing), certificate("测试 CA", issuing, "测试根", root)),
        root=certificate("测试根", root, "测试根", root),
    )


@cache
def timestamper() -> Timestamper:
    """Our own authority, under a root of its own."""
    root, leaf = generate_private_key(SECP256R1()), generate_private_key(SECP256R1())
    purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
    chain = (
        certificate("测试时间戳", leaf, "测试时间戳根", root, purpose=purpose),
        certificate("测试时间戳根", root, "测试时间戳根", root),
    )
    return TimestampAuthority(SoftwareSigner(leaf), chain, "1.3.6.1.4.1.57264.2").stamp
