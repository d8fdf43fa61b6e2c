"""integrity.signature: whether these bytes are what was sealed, by every seal on them. No trust is needed to tell."""

from typing import Final

from licences.verification.case import Case
from licences.verification.check import Check, Finding
from licences.verification.codes import Advice, Code
from licences.verification.documents import SignatureFault
from licences.verification.national import steps_evidence
from licences.verification.per_seal import each_seal
from licences.verification.report import JSON, digest_text
from licences.verification.seal_case import SealCase

ALTERED: Final = Code(
    "ALTERED",
    "failed",
    "document.altered",
    "文件在加盖印章之后被改动过",
    "the file has been changed since it was sealed",
)
SIGNATURE_INVALID: Final = Code(
    "SIGNATURE_INVALID",
    "failed",
    "document.signature_invalid",
    "电子印章的签名是伪造的或已被改动",
    "the signature of the seal is forged or has been changed",
)
CERTIFICATE_MISMATCH: Final = Code(
    "CERTIFICATE_MISMATCH",
    "failed",
    "document.certificate_mismatch",
    "印章证书与签名不是一对",
    "the seal's certificate is not the one that was signed with",
)
OTHER_DOCUMENT: Final = Code(
    "OTHER_DOCUMENT",
    "failed",
    "document.seal_of_other",
    "印章签的是另一份文件",
    "the seal was put on another document",
)
SIGNATURE_FORMAT: Final = Code(
    "SIGNATURE_FORMAT",
    "failed",
    "document.signature_format",
    "签章数据不符合标准的格式",
    "the signature value is not what the standard calls one",
)
DIGEST_WEAK: Final = Code(
    "DIGEST_WEAK",
    "not_run",
    "document.digest_weak",
    "印章用已不可信的摘要算法保护文件，无法判断文件是否被改动",
    "the seal protects the file by a digest that proves nothing any more, so it cannot be said whether it was changed",
    Advice.ASK_ISSUER,
)
EXTENSION_UNKNOWN: Final = Code(
    "EXTENSION_UNKNOWN",
    "not_run",
    "document.extension_unknown",
    "签章中有本服务不认识的关键扩展，无法判断",
    "the signature has a critical extension that this service does not know, so it cannot be judged",
    Advice.ASK_ISSUER,
)
# Source: ETSI EN 319 102-1 table 5 (main status and sub-indications of basic validation).
_BY_FAULT: Final[dict[SignatureFault, tuple[Code, str, str]]] = {
    "digest": (ALTERED, "TOTAL-FAILED", "HASH_FAILURE"),
    "signature": (SIGNATURE_INVALID, "TOTAL-FAILED", "SIG_CRYPTO_FAILURE"),
    "certificate": (CERTIFICATE_MISMATCH, "TOTAL-FAILED", "NO_SIGNING_CERTIFICATE_FOUND"),
    "document": (OTHER_DOCUMENT, "TOTAL-FAILED", "HASH_FAILURE"),
    "format": (SIGNATURE_FORMAT, "TOTAL-FAILED", "FORMAT_FAILURE"),
    "digest_algorithm": (DIGEST_WEAK, "INDETERMINATE", "CRYPTO_CONSTRAINTS_FAILURE_NO_POE"),
    "extension": (EXTENSION_UNKNOWN, "INDETERMINATE", "SIG_CONSTRAINTS_FAILURE"),
}


def _run(case: Case) -> Finding:
    return each_seal(case, _judge)


def _judge(seal: SealCase) -> Finding:
    signature = seal.signature
    evidence: dict[str, JSON] = {
        "algorithm": signature.algorithm,
        "digest": digest_text(seal.case.examined.digest),
    }
    if seal.national is not None:
        evidence |= steps_evidence(seal.national)
    if signature.fault is None:
        return Finding(evidence={**evidence, "indication": "TOTAL-PASSED", "scope": "cryptographic"})
    code, indication, sub_indication = _BY_FAULT[signature.fault]
    evidence |= {"indication": indication, "sub_indication": sub_indication}
    return Finding(code, {**evidence, "detail": signature.detail} if signature.detail else evidence)


CHECK: Final = Check(
    id="integrity.signature",
    zh="文件内容与加盖印章时是否一致",
    en="Are these the bytes that were sealed?",
    passed_zh="文件内容与加盖印章时一致",
    passed_en="the bytes are those that were sealed",
    depends_on=("integrity.format",),
    codes=(
        ALTERED,
        SIGNATURE_INVALID,
        CERTIFICATE_MISMATCH,
        OTHER_DOCUMENT,
        SIGNATURE_FORMAT,
        DIGEST_WEAK,
        EXTENSION_UNKNOWN,
    ),
    run=_run,
)
