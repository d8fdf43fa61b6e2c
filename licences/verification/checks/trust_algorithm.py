"""trust.algorithm: whether the trust list allows the signature's algorithm at the signing time."""

from datetime import datetime
from typing import Final

from licences.verification.case import Case
from licences.verification.check import Check, Finding
from licences.verification.codes import NO_TRUST_LIST, Advice, Code
from licences.verification.documents import Signature
from licences.verification.per_seal import each_seal, worst_of
from licences.verification.report import JSON, utc_text

ALGORITHM_NOT_ALLOWED: Final = Code(
    "ALGORITHM_NOT_ALLOWED",
    "not_run",
    "seal.algorithm_not_allowed",
    "印章所用的密码算法在盖章时不在允许之列",
    "the seal's cryptographic algorithm was not allowed when it was used",
    Advice.ASK_ISSUER,
)


def _run(case: Case) -> Finding:
    bare = case.examined.bare_seal
    if bare is None:
        return each_seal(case, lambda seal: _judge(case, stands_on(seal.signature), seal.judged_at))
    found = [_judge(case, ("SM2", "SM3"), bare.seal.created)]
    found += [_judge(case, stands_on(one.signature), one.judged_at) for one in case.seals]
    return worst_of(found, [f"{number}" for number, _ in enumerate(found, 1)])


def stands_on(signature: Signature) -> tuple[str, ...]:
    """Return what a seal stands on: its algorithm and its hash, and a short RSA key, which is believed for less long.

    Shorter ones stand under a name of their own, which no list says.
    """
    from ca.algorithms.signatures import key_kind
    from ca.errors import CertificateInvalid
    from ca.reading.certificate_reader import read_certificate
    from ca.writing.profiles import SHORT_RSA, SHORT_RSA_ALGORITHM

    found = signature.algorithm, signature.digest_algorithm
    try:
        kind, bits = key_kind(read_certificate(signature.certificate).public_key) or (None, 0)
    except CertificateInvalid:
        return found
    if kind != "RSA" or bits >= SHORT_RSA.stop:
        return found
    return *found, SHORT_RSA_ALGORITHM if bits in SHORT_RSA else f"RSA-{bits}"


def _judge(case: Case, used: tuple[str, ...], at: datetime) -> Finding:
    if case.trust is None:
        return Finding(NO_TRUST_LIST)
    from ca.judging.trust import algorithm_allowed

    evidence: dict[str, JSON] = {"algorithms": list(used), "at": utc_text(at)}
    if all(algorithm_allowed(case.trust, algorithm, at) for algorithm in used):
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
