"""trust.algorithm: whether the trust list allows the signature's algorithm at the signing time."""

from typing import Final

from licences.verification.case import Case
from licences.verification.check import Check, Finding
from licences.verification.codes import NO_TRUST_LIST, NOT_APPLICABLE, Advice, Code
from licences.verification.report import JSON, utc_text

ALGORITHM_NOT_ALLOWED: Final = Code(
    "ALGORITHM_NOT_ALLOWED",
    "not_run",
    "seal.algorithm_not_allowed",
    "印章所用的密码算法在盖章时不在允许之列",
    "the seal's cryptographic algorithm was not allowed when it was used",
    Advice.ASK_ISSUER,
)
_DIGEST: Final = "SHA-256"  # of every form that we read


def _run(case: Case) -> Finding:
    signature, trust = case.examined.signature, case.trust
    if signature is None:
        return Finding(NOT_APPLICABLE)
    if trust is None:
        return Finding(NO_TRUST_LIST)
    from ca.judging.trust import algorithm_allowed

    used = (signature.algorithm, _DIGEST)
    evidence: dict[str, JSON] = {"algorithms": list(used), "at": utc_text(case.judged_at)}
    if all(algorithm_allowed(trust, algorithm, case.judged_at) for algorithm in used):
        return Finding(evidence=evidence)
    # Source: ETSI EN 319 102-1 table 6: never TOTAL-FAILED, since the algorithm's weakness proves no forgery.
    return Finding(
        ALGORITHM_NOT_ALLOWED,
        {**evidence, "indication": "INDETERMINATE", "sub_indication": "CRYPTO_CONSTRAINTS_FAILURE_NO_POE"},
    )


CHECK: Final = Check(
    id="trust.algorithm",
    zh="印章所用的密码算法在盖章时是否允许使用",
    en="Was the seal's algorithm allowed when it was used?",
    passed_zh="密码算法符合要求",
    passed_en="the algorithm was allowed",
    depends_on=("integrity.signature",),
    codes=(ALGORITHM_NOT_ALLOWED,),
    run=_run,
)
