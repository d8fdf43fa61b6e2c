"""integrity.signature: whether these bytes are what was sealed. No trust is needed to tell."""

from typing import Final

from licences.verification.case import Case
from licences.verification.check import Check, Finding
from licences.verification.codes import NOT_APPLICABLE, Code
from licences.verification.report import JSON, digest_text

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
# Source: ETSI EN 319 102-1 table 5 (main status and sub-indications of basic validation).
_SUB_INDICATION: Final = {
    "digest": (ALTERED, "HASH_FAILURE"),
    "signature": (SIGNATURE_INVALID, "SIG_CRYPTO_FAILURE"),
    "certificate": (CERTIFICATE_MISMATCH, "NO_SIGNING_CERTIFICATE_FOUND"),
}


def _run(case: Case) -> Finding:
    signature = case.examined.signature
    if signature is None:
        return Finding(NOT_APPLICABLE)
    evidence: dict[str, JSON] = {"algorithm": signature.algorithm, "digest": digest_text(case.examined.digest)}
    if signature.fault is None:
        return Finding(evidence={**evidence, "indication": "TOTAL-PASSED", "scope": "cryptographic"})
    code, sub_indication = _SUB_INDICATION[signature.fault]
    return Finding(code, {**evidence, "indication": "TOTAL-FAILED", "sub_indication": sub_indication})


CHECK: Final = Check(
    id="integrity.signature",
    zh="文件内容与加盖印章时是否一致",
    en="Are these the bytes that were sealed?",
    passed_zh="文件内容与加盖印章时一致",
    passed_en="the bytes are those that were sealed",
    depends_on=("integrity.format",),
    codes=(ALTERED, SIGNATURE_INVALID, CERTIFICATE_MISMATCH),
    run=_run,
)
