"""A small authority in memory, with its responder and its timestamps: what the benchmarks of the root of trust run on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from ca.judging.trust import AllowedAlgorithm, TrustList
from ca.keys.software_signer import SoftwareSigner
from ca.ocsp.responder import CertificateStatus, OcspResponder, ResponderKey
from ca.reading.certificate_reader import read_certificate
from ca.timekeeping.clock import TrustedClock
from ca.timestamping.timestamps import TimestampAuthority
from ca.writing import profiles
from ca.writing.certificates import Authority, DistinguishedName, issue, issue_root
from ca.writing.locations import Locations
from ca.writing.profiles import Profile
from ca.writing.revocation import make_crl
from ledger.signing import SignatureAlgorithm

LOCATIONS: Final = Locations.of("http://ca.example.test", "issuing-persons")
_POLICY: Final = "2.999.3161.1"
_YEAR: Final = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class BenchAuthority:
    """A root, the authority below it, its responder and the timestamp authority, founded at `now`."""

    now: datetime
    root: Authority
    issuing: Authority
    responder: Authority
    stamper: Authority

    def person(self, number: int, public_key: bytes) -> bytes:
        """Issue a person's certificate: everything from the request to the verified signature."""
        name = DistinguishedName(f"测试人员{number}", "测试市数据局")
        return issue(profiles.PERSON, name, public_key, self.issuing, self.now, self.now + _YEAR, LOCATIONS)

    def answers(self, certificates: Sequence[bytes]) -> OcspResponder:
        """Return the responder at work, to which these certificates are good."""
        known = {read_certificate(one).serial_number: CertificateStatus("good") for one in certificates}
        key = ResponderKey(
            "issuing-persons", self.issuing.certificate, self.responder.signer, self.responder.certificate
        )
        return OcspResponder([key], _Register(known))

    def timestamps(self) -> TimestampAuthority:
        """Return the timestamp authority at work, its clock watched."""
        chain = (self.stamper.certificate, self.root.certificate)
        return TimestampAuthority(self.stamper.signer, chain, _POLICY, TrustedClock())

    def trust(self) -> TrustList:
        """Return a trust list with a revocation list of each authority."""
        since = (self.now - timedelta(hours=1)).replace(microsecond=0)
        until = since + _YEAR
        return TrustList(
            name="测试信任列表",
            anchors=(self.root.certificate,),
            intermediates=(self.issuing.certificate,),
            crls=tuple(make_crl(one, 1, (), since, until) for one in (self.root, self.issuing)),
            tsa=(self.stamper.certificate,),
            log_keys={},
            status_keys=(),
            receipt_keys=(),
            algorithms=(AllowedAlgorithm("ES256", date(9999, 12, 31)),),
            valid_from=since,
            valid_until=until,
        )


@dataclass(frozen=True, slots=True)
class _Register:
    """A source of statuses that is asked in memory: what a table costs is the database's figure, not the responder's."""

    known: Mapping[int, CertificateStatus]

    def statuses(self, authority: str, serials: Sequence[int]) -> Mapping[int, CertificateStatus]:  # noqa: ARG002
        """Return what is known; one that was never issued is left out."""
        return {serial: self.known[serial] for serial in serials if serial in self.known}


def found(now: datetime | None = None, algorithm: SignatureAlgorithm = "ES256") -> BenchAuthority:
    """Found the authority, of the present if no other time is given."""
    now = now or datetime.now(UTC)
    signer = SoftwareSigner.generate(algorithm)
    begin, end = now - _YEAR, now + 20 * _YEAR
    root = Authority(issue_root(profiles.ROOT, DistinguishedName("测试根", "测试市"), signer, begin, end), signer)
    issuing = _below(root, profiles.ISSUING, now)
    responder, stamper = _below(issuing, profiles.OCSP, now), _below(root, profiles.TIMESTAMP, now)
    return BenchAuthority(now, root, issuing, responder, stamper)


def _below(above: Authority, profile: Profile, now: datetime) -> Authority:
    signer = SoftwareSigner.generate(above.signer.algorithm)
    name = DistinguishedName(f"测试 {profile.name}", "测试市")
    begin = now - timedelta(hours=1)
    return Authority(issue(profile, name, signer.public_key, above, begin, begin + 2 * _YEAR), signer)
