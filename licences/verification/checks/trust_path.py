"""trust.path: whether the seal's certificate leads to an anchor of the verifier's trust list, at the signing time."""

from typing import Final

from licences.verification.case import Case, path_evidence
from licences.verification.check import Check, Finding
from licences.verification.codes import NO_TRUST_LIST, NOT_APPLICABLE, Advice, Code
from licences.verification.report import JSON, utc_text

PATH_INVALID: Final = Code(
    "PATH_INVALID",
    "failed",
    "seal.path_invalid",
    "印章证书不符合要求，不能用于签发证照",
    "the seal's certificate does not fulfil what a licence needs",
)
SEALER_UNKNOWN: Final = Code(
    "SEALER_UNKNOWN",
    "not_run",
    "seal.unknown",
    "盖章的证书不在信任列表之内，无法确认是谁盖的章",
    "the sealing certificate is not under this trust list, so it cannot be said who sealed",
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
_UNDECIDED: Final = {
    "NO_CERTIFICATE_CHAIN_FOUND": SEALER_UNKNOWN,
    "OUT_OF_BOUNDS_NO_POE": OUTSIDE_PERIOD,
    "OUT_OF_BOUNDS_NOT_REVOKED": OUTSIDE_PERIOD,
}
REVOCATION: Final = frozenset({"REVOKED", "REVOKED_NO_POE", "REVOKED_CA_NO_POE", "TRY_LATER"})
"""Sub-indications that trust.revocation speaks of; for this check the path itself then stands."""


def _run(case: Case) -> Finding:
    if case.examined.signature is None:
        return Finding(NOT_APPLICABLE)
    trust, path = case.trust, case.path
    if trust is None or path is None:
        return Finding(NO_TRUST_LIST)
    evidence: dict[str, JSON] = {
        **path_evidence(path),
        "at": utc_text(case.judged_at),
        "proof_of_existence": None if case.existence is None else case.existence.by,
        "trust_list": trust.digest,
    }
    if not trust.is_current(case.request.now):
        return Finding(TRUST_LIST_EXPIRED, {"trust_list": trust.digest, "until": utc_text(trust.valid_until)})
    if path.outcome == "passed" or path.sub_indication in REVOCATION:
        return Finding(evidence=evidence)
    if path.outcome == "failed":
        return Finding(PATH_INVALID, evidence)
    return Finding(_UNDECIDED.get(path.sub_indication or "", PATH_UNDECIDED), evidence)


CHECK: Final = Check(
    id="trust.path",
    zh="印章证书是否由信任列表中的机构签发",
    en="Does the seal's certificate lead to a trusted root?",
    passed_zh="印章证书可信",
    passed_en="the seal's certificate leads to a trusted root",
    depends_on=("integrity.signature",),
    codes=(PATH_INVALID, SEALER_UNKNOWN, OUTSIDE_PERIOD, PATH_UNDECIDED, TRUST_LIST_EXPIRED),
    run=_run,
)
