"""Small hierarchies of every algorithm, with addresses and revocation lists, for tests."""

from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path

from ca.encoding import pem
from ca.keys.software_signer import SoftwareSigner
from ca.reading.certificate_reader import read_certificate
from ca.reading.crl_reader import Revoked
from ca.writing import profiles
from ca.writing.certificates import Authority, DistinguishedName, issue, issue_root
from ca.writing.locations import Locations
from ca.writing.profiles import Profile
from ca.writing.revocation import make_crl
from ledger.signing import SignatureAlgorithm
from tests.ca.house import NOW, YEAR

BASE = "http://ca.example.test"
PROFILES_BELOW: tuple[Profile, ...] = (
    profiles.SEAL,
    profiles.PERSON,
    profiles.CLIENT,
    profiles.OCSP,
    profiles.STATUS,
    profiles.RECEIPT,
)
PROFILES_BELOW_ROOT: tuple[Profile, ...] = (profiles.TIMESTAMP, profiles.TRUST, profiles.LOG)
INTERNATIONAL: tuple[SignatureAlgorithm, ...] = ("ES256", "ES384", "RS256")


@dataclass(frozen=True)
class Hierarchy:
    """A root, an authority below it, one certificate of every other profile, a revoked one, and two lists."""

    root: Authority
    issuing: Authority
    leaves: dict[str, bytes]
    revoked: bytes
    root_crl: bytes
    issuing_crl: bytes

    def chain(self, name: str) -> tuple[bytes, ...]:
        """The certificates from a leaf up to the root."""
        below_root = name in {profile.name for profile in PROFILES_BELOW_ROOT}
        middle = () if below_root else (self.issuing.certificate,)
        return (self.leaves[name], *middle, self.root.certificate)


def subject(profile: Profile) -> DistinguishedName:
    if profile.seal_subject:
        return DistinguishedName("99010000000003", "11990100MB9T00038E测试市市场监督管理局")
    return DistinguishedName(f"测试 {profile.name}", "测试市")


@cache
def hierarchy(algorithm: SignatureAlgorithm) -> Hierarchy:
    signer = SoftwareSigner.generate(algorithm)
    root = Authority(issue_root(profiles.ROOT, subject(profiles.ROOT), signer, NOW - YEAR, NOW + 30 * YEAR), signer)
    middle = SoftwareSigner.generate(algorithm)
    issuing = Authority(_below(root, "root", profiles.ISSUING, middle), middle)
    key = SoftwareSigner.generate(algorithm)
    leaves: dict[str, bytes] = {
        profile.name: _below(issuing, "issuing-seals", profile, key) for profile in PROFILES_BELOW
    }
    leaves |= {profile.name: _below(root, "root", profile, key) for profile in PROFILES_BELOW_ROOT}
    revoked = _below(issuing, "issuing-seals", profiles.SEAL, key)
    entry = Revoked(
        read_certificate(revoked).serial_number, NOW - timedelta(days=2), "keyCompromise", NOW - timedelta(days=3)
    )
    since, until = NOW - timedelta(days=1), NOW + 15 * YEAR
    return Hierarchy(
        root, issuing, leaves, revoked, make_crl(root, 1, (), since, until), make_crl(issuing, 2, [entry], since, until)
    )


def _below(authority: Authority, name: str, profile: Profile, signer: SoftwareSigner) -> bytes:
    # Long, since GnuTLS knows no other time than the clock's
    begin, end = NOW - YEAR, NOW + min(profile.max_years - 2, 15) * YEAR
    return issue(profile, subject(profile), signer.public_key, authority, begin, end, Locations.of(BASE, name))


def write(path: Path, label: str, *parts: bytes) -> Path:
    """Write DER parts as one PEM file."""
    path.write_bytes(b"".join(pem.encode(label, part) for part in parts))
    return path
