"""trust.path: whether the seal's certificate leads to an anchor of the verifier's trust list, at the signing time."""

from typing import TYPE_CHECKING, Final

from licences.verification.case import Case, path_evidence
from licences.verification.check import Check, Finding
from licences.verification.codes import NO_TRUST_LIST, Advice, Code
from licences.verification.per_seal import each_seal
from licences.verification.report import JSON, utc_text
from licences.verification.seal_case import SealCase

if TYPE_CHECKING:
    from ca.judging.paths import PathReport
    from ca.judging.trust import TrustList

PATH_INVALID: Final = Code(
    "PATH_INVALID",
    "failed",
    "seal.path_invalid",
    "印章证书不符合要求，不能用于签发证照",
    "the seal's certificate does not fulfil what a licence needs",
)
SEALER_NOT_TRUSTED: Final = Code(
    "SEALER_NOT_TRUSTED",
    "failed",
    "seal.not_trusted",
    "盖章的证书不是信任列表中的机构签发的",
    "the seal's certificate was issued by none of the authorities on the trust list",
)
SEALER_UNKNOWN: Final = Code(
    "SEALER_UNKNOWN",
    "not_run",
    "seal.unknown",
    "签名者不在信任列表之内，无法确认是谁签的",
    "the signer is not under this trust list, so it cannot be said who signed",
    Advice.ASK_ISSUER,
)
OUTSIDE_PERIOD: Final = Code(
    "OUTSIDE_PERIOD",
    "not_run",
    "seal.outside_period",
    "印章证书不在有效期内，且没有可信的时间证明盖章发生在有效期内",
    "the seal's certificate is outside its period, and no trusted time proves that it sealed within it",
    Advice.ASK_ISSUER,
)
BY_ITS_OWN_WORD: Final = Code(
    "BY_ITS_OWN_WORD",
    "warning",
    "seal.by_its_own_word",
    "印章证书现已过期，未发现吊销；盖章在有效期内仅以签章所写时间为据（国标如此认定）",
    "the seal's certificate has run out since and was never revoked; that it sealed before rests on the time it states, "
    "which the national standard believes",
)
PATH_UNDECIDED: Final = Code(
    "PATH_UNDECIDED",
    "not_run",
    "seal.path_undecided",
    "无法判断印章证书是否可信",
    "it cannot be decided whether the seal's certificate is to be trusted",
    Advice.ASK_ISSUER,
)
TRUST_LIST_EXPIRED: Final = Code(
    "TRUST_LIST_EXPIRED",
    "not_run",
    "trust.list_expired",
    "信任列表已过期",
    "the trust list is out of date",
    Advice.RENEW_TRUST,
)
_ABOUT_REVOCATION: Final = frozenset({"revoked", "on_hold", "revocation_unknown"})
"""Reasons that trust.revocation speaks of; the path itself then stands."""
_OUTSIDE: Final = frozenset({"expired_no_poe", "not_yet_valid_no_poe"})


def _run(case: Case) -> Finding:
    return each_seal(case, _judge)


def _judge(seal: SealCase) -> Finding:
    case, trust, path = seal.case, seal.case.trust, seal.path
    if trust is None or path is None:
        return Finding(NO_TRUST_LIST)
    evidence: dict[str, JSON] = {
        **path_evidence(path),
        "at": utc_text(seal.judged_at),
        "proof_of_existence": None if seal.existence is None else seal.existence.by,
        "trust_list": trust.digest,
    }
    if not trust.is_current(case.request.now):
        return Finding(TRUST_LIST_EXPIRED, {"trust_list": trust.digest, "until": utc_text(trust.valid_until)})
    code = _code(seal, path)
    if code is None and _has_stray(seal, trust, path):
        return Finding(PATH_UNDECIDED, {**evidence, "reason": "stray_certificate"})
    if code is None and seal.by_claim:
        return Finding(BY_ITS_OWN_WORD, evidence, seal.judged_at)
    return Finding(code, evidence)


def _has_stray(seal: SealCase, trust: "TrustList", path: "PathReport") -> bool:
    from ca.judging.paths import has_stray

    # Those of a JSON lie under its signature, a national seal has but the signer's, and strangers add what they like.
    signature = seal.signature
    in_cms = signature.beside or seal.case.examined.page is not None
    return in_cms and not signature.foreign and has_stray(signature.certificates, path, trust)


def _code(seal: SealCase, path: "PathReport") -> Code | None:
    if path.outcome == "passed" or path.reason in _ABOUT_REVOCATION:
        return None
    if path.reason == "no_chain":
        # Under a list that the verifier chose, a licence sealed by none of its authorities is not "perhaps good";
        # a stranger's document is merely unknown.
        return SEALER_NOT_TRUSTED if seal.case.is_licence else SEALER_UNKNOWN
    if path.reason == "expired" and seal.proved_late:
        return OUTSIDE_PERIOD
    if path.outcome == "failed":
        return PATH_INVALID
    return OUTSIDE_PERIOD if path.reason in _OUTSIDE else PATH_UNDECIDED


CHECK: Final = Check(
    id="trust.path",
    zh="印章证书是否由信任列表中的机构签发",
    en="Does the seal's certificate lead to a trusted root?",
    passed_zh="印章证书可信",
    passed_en="the seal's certificate leads to a trusted root",
    depends_on=("integrity.signature",),
    codes=(
        PATH_INVALID,
        SEALER_NOT_TRUSTED,
        SEALER_UNKNOWN,
        OUTSIDE_PERIOD,
        BY_ITS_OWN_WORD,
        PATH_UNDECIDED,
        TRUST_LIST_EXPIRED,
    ),
    run=_run,
)
