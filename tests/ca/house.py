"""Certificates for tests: good ones as the profiles say, and bad ones that our own code would refuse to make."""

import hashlib
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from ca.algorithms.signatures import identifier
from ca.encoding import der, oids
from ca.judging.trust import AllowedAlgorithm, TrustList
from ca.keys.passphrase import Cost
from ca.keys.software_signer import SoftwareSigner
from ca.reading.crl_reader import Revoked
from ca.writing.certificates import Authority, serial_number
from ca.writing.revocation import make_crl
from ca.writing.signed import signed
from ledger.signing import Signer

NOW = datetime(2026, 11, 22, 8, 30, 15, 123456, tzinfo=UTC)
YEAR = timedelta(days=365)
CHEAP = Cost(log_n=1, r=1, p=1)
PLAN = Path(__file__).parents[2] / "tools" / "demo" / "ceremony.yaml"

CA_USAGE = {"key_cert_sign": True, "crl_sign": True}
SEAL_USAGE = {"digital_signature": True, "content_commitment": True}
STATUS_USAGE = {"digital_signature": True}
TSL_SIGNING = x509.ObjectIdentifier(oids.TSL_SIGNING)
_NO_USAGE = dict.fromkeys(
    (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    ),
    False,
)


@dataclass(frozen=True)
class Extra:
    """An extension by its value and whether it is critical."""

    value: x509.ExtensionType
    critical: bool


def name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def certify(
    subject: str,
    issuer: Authority | None,
    *,
    usage: dict[str, bool] | None,
    path_length: int | None = None,
    ca: bool | None = None,
    begin: datetime = NOW - YEAR,
    end: datetime = NOW + 5 * YEAR,
    extras: Sequence[Extra] = (),
    signer: Signer | None = None,
) -> Authority:
    """Make a certificate that may break any rule; without an issuer it signs itself; without usage it has no such extension."""
    signer = signer or SoftwareSigner.generate("ES256")
    issuing = issuer.signer if issuer else signer
    above = x509.load_der_x509_certificate(issuer.certificate).subject if issuer else name(subject)
    said = [
        Extra(x509.SubjectKeyIdentifier(_key_identifier(signer)), critical=False),
        Extra(x509.AuthorityKeyIdentifier(_key_identifier(issuing), None, None), critical=False),
    ]
    if ca is not None:
        said.append(Extra(x509.BasicConstraints(ca, path_length), critical=True))
    if usage is not None:
        said.append(Extra(x509.KeyUsage(**(_NO_USAGE | usage)), critical=True))
    tbs = der.sequence(
        der.tlv(der.context(0), der.integer(2)),
        der.integer(serial_number()),
        identifier(issuing.algorithm),
        above.public_bytes(),
        der.sequence(der.time(begin), der.time(end)),
        name(subject).public_bytes(),
        signer.public_key,
        der.tlv(der.context(3), der.sequence(*(_extension(extra) for extra in (*said, *extras)))),
    )
    return Authority(signed(tbs, issuing), signer)


def _key_identifier(signer: Signer) -> bytes:
    return hashlib.sha256(signer.public_key).digest()[:20]


def _extension(extra: Extra) -> bytes:
    critical = der.TRUE if extra.critical else b""
    return der.sequence(der.oid(extra.value.oid.dotted_string), critical, der.octets(extra.value.public_bytes()))


def root(subject: str = "测试根", path_length: int | None = 1) -> Authority:
    return certify(subject, None, usage=CA_USAGE, ca=True, path_length=path_length)


def issuing(above: Authority, subject: str = "测试签发", path_length: int | None = 0) -> Authority:
    return certify(subject, above, usage=CA_USAGE, ca=True, path_length=path_length)


def seal(above: Authority, **changes: object) -> Authority:
    arguments: dict[str, object] = {"usage": SEAL_USAGE, "ca": False} | changes
    return certify("测试印章", above, **arguments)  # type: ignore[arg-type]


def trust_signer(
    above: Authority, purposes: Sequence[x509.ObjectIdentifier] = (TSL_SIGNING,), **changes: object
) -> Authority:
    """Make who signs trust lists."""
    purpose = Extra(x509.ExtendedKeyUsage(purposes), critical=False)
    arguments: dict[str, object] = {"usage": STATUS_USAGE, "ca": False, "extras": [purpose]} | changes
    return certify("测试信任列表", above, **arguments)  # type: ignore[arg-type]


def crl(
    authority: Authority,
    revoked: Sequence[Revoked] = (),
    this_update: datetime = NOW - timedelta(days=1),
    next_update: datetime = NOW + YEAR,
    number: int = 1,
    *,
    keeps_expired: bool = False,
) -> bytes:
    return make_crl(authority, number, revoked, this_update, next_update, keeps_expired=keeps_expired)


def trust_list(
    anchors: Sequence[Authority],
    intermediates: Sequence[Authority] = (),
    crls: Sequence[bytes] | None = None,
    algorithms_until: date = date(2035, 12, 31),
    **lists: Sequence[bytes],
) -> TrustList:
    """Make a trust list; by default with an empty revocation list of every authority."""
    if crls is None:
        crls = [crl(authority) for authority in (*anchors, *intermediates)]
    return TrustList(
        name="测试信任列表",
        anchors=tuple(authority.certificate for authority in anchors),
        intermediates=tuple(authority.certificate for authority in intermediates),
        crls=tuple(crls),
        tsa=tuple(lists.get("tsa", ())),
        log_keys={"elicence.test/log": "elicence.test/log+00000000+AAAA"},
        status_keys=tuple(lists.get("status_keys", ())),
        receipt_keys=tuple(lists.get("receipt_keys", ())),
        algorithms=(AllowedAlgorithm("ES256", algorithms_until),),
        valid_from=(NOW - YEAR).replace(microsecond=0),
        valid_until=(NOW + YEAR).replace(microsecond=0),
    )


def openssl(*arguments: str | Path, data: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    """Run the openssl command; the caller looks at the exit code."""
    return subprocess.run(["openssl", *map(str, arguments)], input=data, capture_output=True, check=False)


def pem(path: Path, *certificates: bytes) -> Path:
    """Write certificates (DER) as one PEM file."""
    loaded = [x509.load_der_x509_certificate(certificate) for certificate in certificates]
    path.write_bytes(b"".join(certificate.public_bytes(Encoding.PEM) for certificate in loaded))
    return path


def crl_pem(path: Path, *crls: bytes) -> Path:
    """Write revocation lists (DER) as one PEM file."""
    loaded = [x509.load_der_x509_crl(one) for one in crls]
    path.write_bytes(b"".join(one.public_bytes(Encoding.PEM) for one in loaded))
    return path
