"""A national hierarchy for tests: a maker of seals, signers, a timestamp authority, and a seal, made once a run."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache, partial

from ca.judging.trust import AllowedAlgorithm, SealMaker, TrustList
from ca.keys.software_signer import SoftwareSigner
from ca.reading.certificate_reader import read_certificate
from ca.reading.crl_reader import Revoked
from ca.timestamping.timestamps import TimestampAuthority
from ca.timestamping.token import read_token
from ca.writing import profiles
from ca.writing.certificates import Authority, DistinguishedName, issue, issue_root
from ca.writing.profiles import Profile
from ca.writing.revocation import make_crl
from seals.ses.trust import TrustPaths
from seals.ses.writer import SesDesign, SesSealer, Timestamper, make_seal
from tests.seals.keys import NOW

DAY = timedelta(days=1)
SINCE, UNTIL = NOW.replace(microsecond=0) - 30 * DAY, NOW.replace(microsecond=0) + 1000 * DAY
MADE = SINCE + DAY
ES_ID = "99010100000001"
BUREAU = "11990100MB9T00011N测试市自然资源和规划局"
PATH = "/Doc_0/Signs/Sign_0/Signature.xml"
DOCUMENT = "<ofd:Signature>测试</ofd:Signature>".encode()
PNG = b"\x89PNG\r\n\x1a\n" + bytes.fromhex(  # one red dot
    "0000000d4948445200000001000000010802000000907753de"
    "0000000c49444154789c63f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
)


@dataclass(frozen=True, slots=True)
class Party:
    signer: SoftwareSigner
    certificate: bytes


@cache
def root() -> Authority:
    signer = SoftwareSigner.generate("SM2")
    name = DistinguishedName("测试国密根", "测试市")
    return Authority(issue_root(profiles.ROOT, name, signer, SINCE - DAY, UNTIL + DAY), signer)


@cache
def issuing() -> Authority:
    signer = SoftwareSigner.generate("SM2")
    name = DistinguishedName("测试国密 CA", "测试市")
    return Authority(issue(profiles.ISSUING, name, signer.public_key, root(), SINCE, UNTIL), signer)


def party(
    name: DistinguishedName,
    profile: Profile = profiles.SEAL,
    above: Authority | None = None,
    since: datetime = SINCE,
    until: datetime = UNTIL,
) -> Party:
    signer = SoftwareSigner.generate("SM2")
    return Party(signer, issue(profile, name, signer.public_key, above or issuing(), since, until))


@cache
def maker() -> Party:
    return party(DistinguishedName("测试制章中心", "测试市"), profiles.PERSON)


@cache
def bureau() -> Party:
    """The seal's own key."""
    return party(DistinguishedName(ES_ID, BUREAU))


@cache
def stranger() -> Party:
    """Somebody with a good certificate for another seal."""
    return party(DistinguishedName("99010100000002", BUREAU))


@cache
def authority() -> TimestampAuthority:
    found = party(DistinguishedName("测试国密时间戳", "测试市"), profiles.TIMESTAMP, root())
    return TimestampAuthority(found.signer, (found.certificate, root().certificate), "1.3.6.1.4.1.57264.2")


def timestamper() -> Timestamper:
    return partial(authority().stamp, hash_algorithm="SM3")


def tsa_certificate() -> bytes:
    return read_token(timestamper()(bytes(32), NOW)).signer_certificate


def trust(
    revoked: tuple[Revoked, ...] = (), *, covered: bool = True, makers: tuple[bytes, ...] | None = None
) -> TrustList:
    """Make a trust list. covered: whether it holds revocation lists; makers: DER, by default the one of this house."""
    named = (maker().certificate,) if makers is None else makers
    crls = (make_crl(root(), 1, (), SINCE, UNTIL), make_crl(issuing(), 1, revoked, SINCE, UNTIL))
    return TrustList(
        name="测试信任列表",
        anchors=(root().certificate,),
        intermediates=(issuing().certificate,),
        crls=crls if covered else (),
        tsa=(tsa_certificate(),),
        log_keys={},
        status_keys=(),
        receipt_keys=(),
        algorithms=(AllowedAlgorithm("SM2", date(2035, 12, 31)), AllowedAlgorithm("SM3", date(2035, 12, 31))),
        valid_from=SINCE,
        valid_until=UNTIL,
        seal_makers=tuple(SealMaker("测试制章中心", one) for one in named),
    )


@cache
def paths() -> TrustPaths:
    return TrustPaths(trust())


def paths_with_revoked(who: Party, at: datetime) -> TrustPaths:
    entry = Revoked(read_certificate(who.certificate).serial_number, at, "keyCompromise", None)
    return TrustPaths(trust((entry,)))


@cache
def design() -> SesDesign:
    return SesDesign(
        es_id=ES_ID,
        kind=6,
        name="测试市自然资源和规划局不动产登记专用章（测试）",
        picture=PNG,
        width_mm=42,
        height_mm=42,
        certificates=(bureau().certificate,),
        valid_from=MADE,
        valid_until=UNTIL - DAY,
    )


@cache
def esl() -> bytes:
    return make_seal(design(), maker().signer, maker().certificate, MADE)


@cache
def sealer(*, stamped: bool = False) -> SesSealer:
    return SesSealer(esl(), bureau().signer, bureau().certificate, timestamper() if stamped else None)
