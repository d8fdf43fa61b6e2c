"""Licences that were kept judgeable: validation data and document timestamps, by authorities that have since run out."""

import atexit
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from ca.judging.trust import TrustList, load_trust
from ca.timestamping.timestamps import TimestampAuthority
from ca.writing.certificates import DistinguishedName
from ca.writing.profiles import TIMESTAMP
from ca.writing.revocation import make_crl
from licences.verification.report import Report
from licences.verification.sources import StatusToken
from seals.pdf.extension import Extender, Level, ValidationMaterial
from seals.pdf.pades import Timestamper
from tests.licences.verification.sealed import NOW, UNTIL, Party, Sealed, World, certified, make_world, seal
from tests.licences.verification.worlds import SetSources, report

DAY = timedelta(days=1)
ARCHIVED = NOW + timedelta(hours=1)
RENEWED = NOW + 150 * DAY
LONG_AFTER = NOW + 1000 * DAY
"""The seal's certificate ended on day 30, that of the first timestamp authority on day 200."""


@dataclass(frozen=True, slots=True)
class Archive:
    """A world whose seal and first timestamp authority end soon, the authority that follows, and one of nobody's."""

    world: World
    later_tsa: Party
    stray_tsa: Party

    def stamper(self, party: Party | None = None) -> Timestamper:
        chosen = party or self.world.tsa
        return TimestampAuthority(chosen.signer, chosen.chain, "2.999.3161.1").stamp

    def material(self, at: datetime) -> ValidationMaterial:
        here = self.world
        lists = tuple(make_crl(one.authority, 1, (), at - DAY, at + 7 * DAY) for one in (here.root, here.issuing))
        return ValidationMaterial((here.root.chain[0],), (here.issuing.chain[0],), lists)

    def trust(self, at: datetime, tsa: Sequence[Party] | None = None, **changes: object) -> TrustList:
        """The trust list of a day: its revocation lists are of that day, and say nothing of what had ended before."""
        named = (self.world.tsa, self.later_tsa) if tsa is None else tsa
        members = {
            "valid_from": at - DAY,
            "valid_until": at + 30 * DAY,
            "crls": self.material(at).crls,
            "tsa": tuple(one.chain[0] for one in named),
            **changes,
        }
        return load_trust(self.world.trust_file(**members), at)  # type: ignore[arg-type]

    def judge(self, document: bytes, at: datetime, trust: TrustList | None = None) -> Report:
        status = StatusToken(self.world.status_list(issued_at=at - timedelta(hours=1)))
        return report(document, now=at, sources=SetSources(trust=trust or self.trust(at), a_status=status))


@cache
def archive() -> Archive:
    world = make_world(seal_until=NOW + 30 * DAY, tsa_until=NOW + 200 * DAY)
    name = DistinguishedName("测试时间戳（续）", "测试市")
    later = certified(TIMESTAMP, name, world.root, until=UNTIL)
    stray = certified(TIMESTAMP, DistinguishedName("测试时间戳（他人）", "测试市"), world.root, until=UNTIL)
    return Archive(world, later, stray)


@cache
def made() -> Sealed:
    return seal(within=archive().world)


@cache
def _extender() -> Extender:
    one = Extender()
    atexit.register(one.close)
    return one


def extended(document: bytes, at: datetime, level: Level = "B-LTA", by: Party | None = None) -> bytes:
    here = archive()
    return _extender().extend(document, here.material(at), here.stamper(by), at, level)


@cache
def with_validation_data() -> bytes:
    return extended(made().pdf.data, ARCHIVED, "B-LT")


@cache
def archived() -> bytes:
    return extended(made().pdf.data, ARCHIVED)


@cache
def renewed() -> bytes:
    """Renewed before the first authority's certificate ended, by the one that follows it."""
    return extended(archived(), RENEWED, by=archive().later_tsa)


@cache
def by_nobody() -> bytes:
    """A document timestamp by an authority that the trust list does not name."""
    return extended(made().pdf.data, ARCHIVED, by=archive().stray_tsa)
