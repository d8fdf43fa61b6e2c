"""integrity.seal: whether the national seal itself is whole: signed by its maker, the one shown, and its signer's.

Only seals by GB/T 38540 and GM/T 0031 are things by themselves; in other forms certificate and picture are all there is.
"""

from hashlib import sha256
from typing import Final

from ca.algorithms.digests import compute
from licences.verification.case import Case
from licences.verification.check import Check, Finding
from licences.verification.codes import NOT_APPLICABLE, Advice, Code
from licences.verification.documents import NationalSeal, SealFault
from licences.verification.national import judge_seal, steps_evidence
from licences.verification.per_seal import worst_of
from licences.verification.report import JSON
from licences.verification.timestamps import FORGED, BadToken, UnjudgedToken, open_token
from seals.ses.timestamp import is_national
from seals.ses.values import SesSeal

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
SEAL_STAMP_FORGED: Final = Code(
    "SEAL_STAMP_FORGED",
    "failed",
    "seal.stamp_forged",
    "印章所带的时间戳是伪造的、损坏的，或来自另一枚印章",
    "the timestamp in the seal is forged, damaged or taken from another seal",
)
SEAL_STAMP_FORM: Final = Code(
    "SEAL_STAMP_FORM",
    "not_run",
    "seal.stamp_form",
    "印章所带的时间戳不在本服务能读取的范围内，无法判断",
    "the timestamp in the seal is of a form that this service does not read, so it cannot be judged",
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
        stamp = _stamp(national.seal)
        if stamp is not None:
            return Finding(stamp, evidence)
        return Finding(evidence={**evidence, "indication": "TOTAL-PASSED", "scope": "cryptographic"})
    code, indications = _BY_FAULT[national.fault]
    indication, _, sub_indication = indications.partition("/")
    evidence |= {"indication": indication, "sub_indication": sub_indication}
    return Finding(code, {**evidence, "detail": national.detail} if national.detail else evidence)


def _stamp(seal: SesSeal) -> Code | None:
    """Say what is wrong with the seal's own timestamp, which its maker's signature does not cover; whose it is proves nothing here."""
    # One in the form of GB/T 35275 is not read: it proves nothing, and takes nothing away either.
    if seal.timestamp is None or is_national(seal.timestamp):
        return None
    value = seal.signature_value
    token = open_token(seal.timestamp, {"SHA-256": sha256(value).digest(), "SM3": compute("SM3", value)})
    if not isinstance(token, BadToken) or isinstance(token, UnjudgedToken):
        return None
    return SEAL_STAMP_FORGED if token.reason in FORGED else SEAL_STAMP_FORM


CHECK: Final = Check(
    id="integrity.seal",
    zh="国标电子印章本身是否完整，是否由签章者使用（GB/T 38540）",
    en="Is the national seal itself whole, and its signer's to use (GB/T 38540)?",
    passed_zh="电子印章完整，由签章者使用",
    passed_en="the national seal is whole and names its signer",
    depends_on=("integrity.format",),
    codes=(
        SEAL_FORMAT,
        SEAL_FORGED,
        SEAL_SWAPPED,
        SIGNER_NOT_NAMED,
        SEAL_EXTENSION_UNKNOWN,
        SEAL_STAMP_FORGED,
        SEAL_STAMP_FORM,
    ),
    run=_run,
)
