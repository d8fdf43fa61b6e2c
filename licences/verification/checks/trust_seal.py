"""trust.seal: whether this seal may seal this licence: it belongs to the authority that the licence names.

Without it any department under the same root could issue another's licences.
"""

from typing import Final

from ca.certificate_reader import read_certificate
from ca.errors import CertificateInvalid
from ca.names import SealHolder, seal_holder
from licences.identifiers import parse
from licences.type_errors import IdentifierMalformed
from licences.verification.case import Case
from licences.verification.check import Check, Finding
from licences.verification.claims import LicenceClaims
from licences.verification.codes import NOT_APPLICABLE, Code
from licences.verification.report import JSON

NOT_A_SEAL: Final = Code(
    "NOT_A_SEAL",
    "failed",
    "seal.not_a_seal",
    "签名所用的证书不是电子印章证书",
    "the signing certificate is not that of an electronic seal",
)
OTHER_AUTHORITY: Final = Code(
    "OTHER_AUTHORITY",
    "failed",
    "seal.other_authority",
    "印章不属于证照上的签发机关",
    "the seal does not belong to the authority that the licence names",
)
IDENTIFIER_DIFFERS: Final = Code(
    "IDENTIFIER_DIFFERS",
    "failed",
    "licence.identifier_differs",
    "证照标识与证照的类型或签发机关不符",
    "the identifier does not belong to the licence's type or issuer",
)
CHECK_CHARACTER: Final = Code(
    "CHECK_CHARACTER",
    "warning",
    "licence.check_character",
    "证照标识的校验码不对（存量证照中常见），请留意核对",
    "the identifier's check character is wrong, as in much imported stock; compare with care",
)


def _run(case: Case) -> Finding:
    signature, licence = case.examined.signature, case.licence
    if signature is None or licence is None:
        return Finding(NOT_APPLICABLE)
    try:
        holder = seal_holder(read_certificate(signature.certificate).subject)
    except CertificateInvalid:
        holder = None
    if holder is None:
        return Finding(NOT_A_SEAL)
    return _compare(holder, licence)


def _compare(holder: SealHolder, licence: LicenceClaims) -> Finding:
    evidence: dict[str, JSON] = {"seal": holder.code, "issuer": holder.uscc, "name": holder.organisation}
    if holder.uscc != licence.issuer_code:
        return Finding(OTHER_AUTHORITY, {**evidence, "named": licence.issuer_code})
    try:
        identifier = parse(licence.identifier)
    except IdentifierMalformed:
        return Finding(IDENTIFIER_DIFFERS, evidence)
    if (identifier.type_code, identifier.issuer) != (licence.type_code, licence.issuer_code):
        return Finding(IDENTIFIER_DIFFERS, evidence)
    return Finding(None if identifier.check_matches else CHECK_CHARACTER, evidence)


CHECK: Final = Check(
    id="trust.seal",
    zh="印章是否属于证照上的签发机关",
    en="Does the seal belong to the authority that the licence names?",
    passed_zh="印章属于证照上的签发机关",
    passed_en="the seal belongs to the authority that the licence names",
    depends_on=("integrity.signature",),
    codes=(NOT_A_SEAL, OTHER_AUTHORITY, IDENTIFIER_DIFFERS, CHECK_CHARACTER),
    run=_run,
)
