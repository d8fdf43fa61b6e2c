"""trust.seal_maker: whether somebody may make such seals who made this national one, when he made it.

Without it whoever has a seal could make himself another in anybody's name, and his certificate lead to the same root.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Final

from licences.verification.case import Case, path_evidence
from licences.verification.check import Check, Finding
from licences.verification.checks.trust_path import TRUST_LIST_EXPIRED
from licences.verification.codes import NO_TRUST_LIST, NOT_APPLICABLE, Advice, Code
from licences.verification.documents import NationalSeal
from licences.verification.per_seal import worst_of
from licences.verification.report import JSON, utc_text
from seals.ses.steps import shown

if TYPE_CHECKING:
    from ca.judging.trust import TrustList
    from seals.ses.values import SesSeal

NO_SEAL_MAKERS: Final = Code(
    "NO_SEAL_MAKERS",
    "not_run",
    "trust.no_seal_makers",
    "信任列表没有列出电子印章制作单位，无法判断印章由谁制作",
    "the trust list names no makers of national seals, so it cannot be said whether to believe this one's",
    Advice.RENEW_TRUST,
)
MAKER_UNKNOWN: Final = Code(
    "MAKER_UNKNOWN",
    "not_run",
    "seal.maker_unknown",
    "印章制作单位不在信任列表之内，无法确认是谁制作的",
    "the maker of the seal is not under this trust list, so it cannot be said who made it",
    Advice.ASK_ISSUER,
)
MAKER_REFUSED: Final = Code(
    "MAKER_REFUSED",
    "failed",
    "seal.maker_refused",
    "制作印章的证书无权制作印章，或制作时已失效、已吊销",
    "the certificate that made the seal may not make seals, or had run out or been revoked when it did",
)
MAKER_UNDECIDED: Final = Code(
    "MAKER_UNDECIDED",
    "not_run",
    "seal.maker_undecided",
    "无法判断印章制作单位的证书在制章时是否有效",
    "it cannot be decided whether the maker's certificate was good when the seal was made",
    Advice.RENEW_TRUST,
)
MAKER_UNDATED: Final = Code(
    "MAKER_UNDATED",
    "not_run",
    "seal.maker_undated",
    "制作印章的密钥后来失窃或泄露，且没有可信的时间证明印章在此之前已制成",
    "the key that made the seal has been compromised since, and no trusted time proves that the seal is older",
    Advice.ASK_ISSUER,
)


def _run(case: Case) -> Finding:
    found = case.examined.national_seals
    if not found:
        return Finding(NOT_APPLICABLE)
    trust = case.evidence_trust
    if trust is None:
        return Finding(NO_TRUST_LIST)
    if not trust.is_current(case.request.now):
        # trust.path says the same of what is sealed; of a seal by itself nobody else does.
        return Finding(TRUST_LIST_EXPIRED, {"trust_list": trust.digest, "until": utc_text(trust.valid_until)})
    judged = [_judge(one.seal, trust, _seen_at(case, one)) for one in found]
    return worst_of(judged, [f"{number}" for number, _ in enumerate(judged, 1)])


def _seen_at(case: Case, national: NationalSeal) -> datetime | None:
    """Return when something proves that the seal had been made: that it was on the document."""
    sealed = next((one for one in case.seals if one.signature.national is national), None)
    return None if sealed is None or sealed.existence is None else sealed.existence.at


def _judge(seal: "SesSeal", trust: "TrustList", seen_at: datetime | None) -> Finding:
    from ca.judging.paths import validate_path
    from seals.ses.trust import TrustPaths

    if not trust.seal_makers:
        return Finding(NO_SEAL_MAKERS)
    path = TrustPaths(trust).judge(seal.maker_certificate, (), seal.created, "maker")
    evidence: dict[str, JSON] = {**path_evidence(path), "at": utc_text(seal.created)}
    if path.outcome == "passed":
        # When it was made the maker alone says, and who took his key says what he likes.
        now = validate_path(seal.maker_certificate, (), trust, seal.created, "seal-maker", proven=True, self_dated=True)
        if now.revoked_at is not None and (seen_at is None or seen_at >= now.revoked_at):
            return Finding(MAKER_UNDATED, evidence, now.revoked_at)
        # Now its words are those of somebody whom the trust list believes.
        words: dict[str, JSON] = {"number": shown(seal.es_id), "name": shown(seal.name), "kind": seal.kind}
        return Finding(evidence={**evidence, **words}, at=seal.created)
    if path.reason == "no_chain":
        return Finding(MAKER_UNKNOWN, evidence)
    return Finding(MAKER_REFUSED if path.outcome == "failed" else MAKER_UNDECIDED, evidence)


CHECK: Final = Check(
    id="trust.seal_maker",
    zh="国标电子印章是否由信任列表中的单位制作，制作时证书有效",
    en="Was the national seal made by a maker of the trust list, whose certificate was good then?",
    passed_zh="电子印章由可信的单位制作",
    passed_en="the national seal was made by a trusted maker",
    depends_on=("integrity.seal",),
    codes=(NO_SEAL_MAKERS, MAKER_UNKNOWN, MAKER_REFUSED, MAKER_UNDECIDED, MAKER_UNDATED, TRUST_LIST_EXPIRED),
    run=_run,
)
