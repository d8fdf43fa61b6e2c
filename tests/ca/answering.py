"""An authority with its delegated responder and a timestamp authority, all of one algorithm, and what they answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from ca.keys.software_signer import SoftwareSigner
from ca.ocsp.responder import CertificateStatus, OcspResponder, ResponderKey
from ca.reading.certificate_reader import Certificate, read_certificate
from ca.timestamping.timestamps import TimestampAuthority
from ca.writing.certificates import Authority, DistinguishedName, issue, issue_root
from ca.writing.profiles import PROFILES, ProfileName
from ledger.signing import SignatureAlgorithm
from tests.ca.house import NOW, YEAR

INTERNATIONAL: tuple[SignatureAlgorithm, ...] = ("ES256", "ES384", "RS256")
POLICY = "2.999.3161.1"
PEOPLE = 4


def name(text: str) -> DistinguishedName:
    return DistinguishedName(text, "测试市数据局")


@dataclass(frozen=True)
class Answering:
    """The authorities of one algorithm; people: certificates (DER) of `issuing`."""

    root: Authority
    issuing: Authority
    delegate: Authority
    timestamp: Authority
    people: tuple[bytes, ...]

    @property
    def key(self) -> ResponderKey:
        """The issuing authority's responder."""
        return ResponderKey("issuing", self.issuing.certificate, self.delegate.signer, self.delegate.certificate)

    @property
    def chain(self) -> tuple[bytes, bytes]:
        """The timestamp authority's certificates."""
        return self.timestamp.certificate, self.root.certificate

    def issuer(self) -> Certificate:
        """The issuing authority."""
        return read_certificate(self.issuing.certificate)

    def serial(self, number: int) -> int:
        """The serial number of one of the people's certificates."""
        return read_certificate(self.people[number]).serial_number

    def stamper(self, **options: object) -> TimestampAuthority:
        """The timestamp authority at work."""
        return TimestampAuthority(self.timestamp.signer, self.chain, POLICY, **options)  # type: ignore[arg-type]

    def responder(self, **statuses: CertificateStatus) -> OcspResponder:
        """The responder at work; every certificate is good but those that are named by their number (`_1`)."""
        known = {self.serial(number): CertificateStatus("good") for number in range(PEOPLE)}
        return OcspResponder(
            [self.key], Register(known | {self.serial(int(key[1:])): status for key, status in statuses.items()})
        )


@dataclass
class Register:
    """A source of statuses that also remembers what it was asked."""

    known: Mapping[int, CertificateStatus]
    asked: list[tuple[str, tuple[int, ...]]] = field(default_factory=list)

    def statuses(self, authority: str, serials: Sequence[int]) -> Mapping[int, CertificateStatus]:
        self.asked.append((authority, tuple(serials)))
        return {serial: self.known[serial] for serial in serials if serial in self.known}


def below(above: Authority, profile: ProfileName, text: str, begin: datetime) -> Authority:
    """Let an authority certify a new key of its own algorithm for four years."""
    signer = SoftwareSigner.generate(above.signer.algorithm)
    certificate = issue(PROFILES[profile], name(text), signer.public_key, above, begin, begin + 4 * YEAR)
    return Authority(certificate, signer)


@lru_cache(maxsize=8)
def answering(algorithm: SignatureAlgorithm, label: str = "甲", at: datetime = NOW) -> Answering:
    """Make the authorities, once for all tests of a process, valid around a time."""
    begin, end = at - 2 * YEAR, at + 20 * YEAR
    signer = SoftwareSigner.generate(algorithm)
    root = Authority(issue_root(PROFILES["root"], name(f"测试根{label}"), signer, begin, end), signer)
    signer = SoftwareSigner.generate(algorithm)
    issuing = issue(PROFILES["issuing"], name(f"测试签发{label}"), signer.public_key, root, begin, end)
    authority = Authority(issuing, signer)
    delegate = below(authority, "ocsp", f"测试应答{label}", at - YEAR)
    people = tuple(
        issue(PROFILES["person"], name(f"测试人员{number}"), delegate.signer.public_key, authority, at, at + YEAR)
        for number in range(PEOPLE)
    )
    timestamp = below(root, "timestamp", f"测试时间戳{label}", at - YEAR)
    return Answering(root, authority, delegate, timestamp, people)
