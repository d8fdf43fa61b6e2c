"""National seals, values and packages to be verified, of our making and as others spell them."""

from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any

from ca.judging.trust import TrustList
from ca.keys.software_signer import SoftwareSigner
from ca.writing.certificates import Authority, DistinguishedName, issue_root
from ca.writing.profiles import PERSON, ROOT
from licences.verification.report import Report
from licences.verification.sources import Absent
from seals.ofd.sealer import seal_ofd
from tests.licences.verification.worlds import SetSources, report
from tests.seals import national, ofd_maker, ses_makers
from tests.seals.keys import NOW
from tests.seals.national import DAY, SINCE, UNTIL, Party, party
from tests.seals.ofd_maker import HERE
from tests.seals.ses_makers import V1, V4, V5, Style

FORMS = {"V1": V1, "V4": V4, "V5": V5}
CRITICAL = ({"extn_id": "2.999.1", "critical": True, "extn_value": b"x"},)


def judged(
    document: bytes,
    *,
    companion: bytes | None = None,
    trust: TrustList | None = None,
    trusting: bool = True,
    policy_id: str = "seal",
    now: datetime = NOW,
    **asked: Any,
) -> Report:
    """Verify under the national trust list, or another one, or none; the seals alone are asked about."""
    believed = (trust or national.trust()) if trusting else None
    sources = SetSources(trust=believed, a_status=Absent.NO_SOURCE)
    return report(document, companion=companion, sources=sources, policy_id=policy_id, now=now, **asked)


def sealed(*, stamped: bool = False, at: datetime = NOW) -> bytes:
    """A package that we sealed."""
    return seal_ofd(ofd_maker.plain(), national.sealer(stamped=stamped), (HERE,), at).data


def sealed_by_two() -> bytes:
    once = seal_ofd(ofd_maker.plain(), national.sealer(), (HERE,), NOW, closing=False).data
    return seal_ofd(once, national.sealer(stamped=True), (HERE,), NOW).data


def foreign(style: Style = V4, **changes: Any) -> bytes:
    """A package that another maker sealed."""
    return ofd_maker.zipped(ofd_maker.foreign(style, **changes))


def foreign_with(path: str, content: bytes) -> bytes:
    """Another maker's package with one file changed, or one more."""
    return ofd_maker.zipped({**ofd_maker.foreign(), path: content})


def value(style: Style = V4, **changes: Any) -> bytes:
    return ses_makers.signature(style, **changes)


@cache
def strange_maker() -> Party:
    """A maker of seals under a root that nobody has heard of."""
    signer = SoftwareSigner.generate("SM2")
    root = issue_root(ROOT, DistinguishedName("测试国密根（他人）", "测试市"), signer, SINCE - DAY, UNTIL)
    return party(DistinguishedName("测试制章中心", "测试市"), PERSON, Authority(root, signer))


@cache
def ended_signer() -> Party:
    """A seal's certificate that ended yesterday."""
    return party(DistinguishedName(national.ES_ID, national.BUREAU), until=NOW - DAY)


def styled(style: Style = V4, **changes: Any) -> Style:
    return replace(style, **changes)
