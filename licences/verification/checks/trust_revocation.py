"""trust.revocation: whether the seal's certificate was revoked before it sealed this document."""

from datetime import datetime
from typing import TYPE_CHECKING, Final

from licences.verification.case import Case, path_evidence
from licences.verification.check import Check, Finding
from licences.verification.codes import NO_TRUST_LIST, Advice, Code
from licences.verification.per_seal import each_seal
from licences.verification.report import JSON, utc_text
from licences.verification.seal_case import SealCase

if TYPE_CHECKING:
    from ca.judging.paths import PathReport

SEAL_REVOKED: Final = Code(
    "SEAL_REVOKED",
    "failed",
    "seal.revoked",
    "盖章时印章证书已被吊销",
    "the seal's certificate had been revoked when it was used",
)
REVOKED_UNDATED: Final = Code(
    "REVOKED_UNDATED",
    "not_run",
    "seal.revoked_undated",
    "印章证书现已吊销，且没有可信的时间证明盖章发生在吊销之前",
    "the seal's certificate is revoked now, and no trusted time proves that it sealed before that",
    Advice.ASK_ISSUER,
)
REVOKED_LATER: Final = Code(
    "REVOKED_LATER",
    "warning",
    "seal.revoked_later",
    "印章证书在盖章之后被吊销，不影响此前加盖的印章",
    "the seal's certificate was revoked after this was sealed; seals from before stay good",
)
REVOCATION_UNKNOWN: Final = Code(
    "REVOCATION_UNKNOWN",
    "not_run",
    "seal.revocation_unknown",
    "没有足够新的吊销列表，无法判断印章证书是否已被吊销",
    "no current revocation list says whether the seal's certificate has been revoked",
    Advice.RENEW_TRUST,
)
ON_HOLD: Final = Code(
    "ON_HOLD",
    "not_run",
    "seal.on_hold",
    "印章证书处于暂停状态",
    "the seal's certificate is on hold",
    Advice.ASK_ISSUER,
)


def _run(case: Case) -> Finding:
    return each_seal(case, _judge)


def _judge(seal: SealCase) -> Finding:
    path = seal.path
    if path is None:
        return Finding(NO_TRUST_LIST)
    evidence: dict[str, JSON] = {**path_evidence(path), "at": utc_text(seal.judged_at)}
    code = _code(seal, path)
    later = _revoked_later(seal) if code is None else None
    if later is not None:
        return Finding(REVOKED_LATER, evidence, later)
    return Finding(code, evidence, path.revoked_at)


def _code(seal: SealCase, path: "PathReport") -> Code | None:
    if path.reason == "on_hold":
        return ON_HOLD
    if path.revocation == "revoked":
        # Revoked by now, and nothing proves that it sealed before: EN 319 102-1 REVOKED_NO_POE.
        return REVOKED_UNDATED if seal.existence is None or seal.proved_late else SEAL_REVOKED
    return REVOCATION_UNKNOWN if path.revocation == "unknown" else None


def _revoked_later(seal: SealCase) -> datetime | None:
    last = seal.path_last
    return last.revoked_at if last is not None and last.revocation == "revoked" else None


CHECK: Final = Check(
    id="trust.revocation",
    zh="盖章时印章证书是否已被吊销",
    en="Had the seal's certificate been revoked when it was used?",
    passed_zh="印章证书没有被吊销",
    passed_en="the seal's certificate has not been revoked",
    depends_on=("trust.path",),
    codes=(SEAL_REVOKED, REVOKED_UNDATED, REVOKED_LATER, REVOCATION_UNKNOWN, ON_HOLD),
    run=_run,
)
