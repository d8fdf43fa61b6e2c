"""integrity.seal: whether the national seal itself is whole: signed by its maker, the one shown, and its signer's.

Only seals by GB/T 38540 and GM/T 0031 are things by themselves; in other forms certificate and picture are all there is.
"""

from typing import Final

from licences.verification.case import Case
from licences.verification.check import Check, Finding
from licences.verification.codes import NOT_APPLICABLE, Advice, Code
from licences.verification.documents import NationalSeal, SealFault
from licences.verification.national import judge_seal, steps_evidence
from licences.verification.per_seal import worst_of
from licences.verification.report import JSON

SEAL_FORMAT: Final = Code(
    "SEAL_FORMAT",
    "failed",
    "seal.format",
    "印章数据不符合标准的格式",
    "the seal is not what the standard calls one",
)
SEAL_FORGED: Final = Code(
    "SEAL_FORGED",
    "failed",
    "seal.forged",
    "印章数据是伪造的或已被改动，不是制章者签署的内容",
    "the seal is forged or has been changed: it is not what its maker signed",
)
SEAL_SWAPPED: Final = Code(
    "SEAL_SWAPPED",
    "failed",
    "seal.swapped",
    "文件中附带的印章（Seal.esl）与签章所用的印章不同",
    "the seal that lies in the file (Seal.esl) is not the one that it was sealed with",
)
SIGNER_NOT_NAMED: Final = Code(
    "SIGNER_NOT_NAMED",
    "failed",
    "seal.signer_not_named",
    "签章者不在印章的使用者名单之内，使用的是别人的印章",
    "the seal does not name the signer among those who may use it: it is somebody else's",
)
SEAL_EXTENSION_UNKNOWN: Final = Code(
    "SEAL_EXTENSION_UNKNOWN",
    "not_run",
    "seal.extension_unknown",
    "印章中有本服务不认识的关键扩展，无法判断",
    "the seal has a critical extension that this service does not know, so it cannot be judged",
    Advice.ASK_ISSUER,
)
_BY_FAULT: Final[dict[SealFault, tuple[Code, str]]] = {
    "format": (SEAL_FORMAT, "TOTAL-FAILED/FORMAT_FAILURE"),
    "signature": (SEAL_FORGED, "TOTAL-FAILED/SIG_CRYPTO_FAILURE"),
    "file": (SEAL_SWAPPED, "TOTAL-FAILED/FORMAT_FAILURE"),
    "signer": (SIGNER_NOT_NAMED, "INDETERMINATE/SIG_CONSTRAINTS_FAILURE"),
    "extension": (SEAL_EXTENSION_UNKNOWN, "INDETERMINATE/SIG_CONSTRAINTS_FAILURE"),
}


def _run(case: Case) -> Finding:
    found = case.examined.national_seals
    if not found:
        return Finding(NOT_APPLICABLE)
    return worst_of([_judge(case, one) for one in found], [f"{number}" for number, _ in enumerate(found, 1)])


def _judge(case: Case, national: NationalSeal) -> Finding:
    evidence: dict[str, JSON] = {"form": national.seal.form}
    if national.value is None:
        evidence |= steps_evidence(judge_seal(national, case.evidence_trust, case.request.as_of))
    if national.fault is None:
        return Finding(evidence={**evidence, "indication": "TOTAL-PASSED", "scope": "cryptographic"})
    code, indications = _BY_FAULT[national.fault]
    indication, _, sub_indication = indications.partition("/")
    evidence |= {"indication": indication, "sub_indication": sub_indication}
    return Finding(code, {**evidence, "detail": national.detail} if national.detail else evidence)


CHECK: Final = Check(
    id="integrity.seal",
    zh="国标电子印章本身是否完整，是否由签章者使用（GB/T 38540）",
    en="Is the national seal itself whole, and its signer's to use (GB/T 38540)?",
    passed_zh="电子印章完整，由签章者使用",
    passed_en="the national seal is whole and names its signer",
    depends_on=("integrity.format",),
    codes=(SEAL_FORMAT, SEAL_FORGED, SEAL_SWAPPED, SIGNER_NOT_NAMED, SEAL_EXTENSION_UNKNOWN),
    run=_run,
)
