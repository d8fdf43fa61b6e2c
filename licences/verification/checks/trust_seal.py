"""trust.seal: whether this seal may seal this licence: it belongs to the authority that the licence names.

Without it any department under the same root could issue another's licences.
"""

from typing import Final
from unicodedata import normalize

from ca.errors import CertificateInvalid
from ca.reading.certificate_reader import read_certificate
from ca.reading.names import SealHolder, seal_holder
from licences.identifiers import parse
from licences.type_errors import IdentifierMalformed
from licences.verification.case import Case
from licences.verification.check import Check, Finding
from licences.verification.claims import LicenceClaims
from licences.verification.codes import NOT_APPLICABLE, Advice, Code
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
ISSUER_NAME_DIFFERS: Final = Code(
    "ISSUER_NAME_DIFFERS",
    "not_run",
    "seal.issuer_name_differs",
    "证照上的签发机关名称与印章证书上的名称不同，且无登记或账本佐证",
    "the licence names its authority otherwise than the seal's certificate, and neither register nor ledger confirms it",
    Advice.ASK_ISSUER,
)
CHECK_CHARACTER: Final = Code(
    "CHECK_CHARACTER",
    "warning",
    "licence.check_character",
    "证照标识的校验码不对（存量证照中常见），请留意核对",
    "the identifier's check character is wrong, as in much imported stock; compare with care",
)


def _run(case: Case) -> Finding:
    # The seal that makes the licence; those of others stand beside it in their own names.
    signature, licence = case.examined.signature, case.licence
    if signature is None or licence is None:
        return Finding(NOT_APPLICABLE)
    try:
        holder = seal_holder(read_certificate(signature.certificate).subject)
    except CertificateInvalid:
        holder = None
    if holder is None:
        return Finding(NOT_A_SEAL)
    return _compare(case, holder, licence)


def _compare(case: Case, holder: SealHolder, licence: LicenceClaims) -> Finding:
    evidence: dict[str, JSON] = {"seal": holder.code, "issuer": holder.uscc, "name": holder.organisation}
    if holder.uscc != licence.issuer_code:
        return Finding(OTHER_AUTHORITY, {**evidence, "named": licence.issuer_code})
    try:
        identifier = parse(licence.identifier)
    except IdentifierMalformed:
        return Finding(IDENTIFIER_DIFFERS, evidence)
    if (identifier.type_code, identifier.issuer) != (licence.type_code, licence.issuer_code):
        return Finding(IDENTIFIER_DIFFERS, evidence)
    if not _is_named_alike(holder, licence) and not _is_confirmed(case):
        return Finding(ISSUER_NAME_DIFFERS, {**evidence, "named": licence.issuer_name})
    return Finding(None if identifier.check_matches else CHECK_CHARACTER, evidence)


def _is_named_alike(holder: SealHolder, licence: LicenceClaims) -> bool:
    # Full-width brackets and letters are the same name.
    return normalize("NFKC", holder.organisation) == normalize("NFKC", licence.issuer_name)


def _is_confirmed(case: Case) -> bool:
    """Tell whether register or ledger hold exactly this document.

    People read names, not codes: a seal of one bureau could speak under another's. But an authority is renamed, and
    stock bears the name of its day.
    """
    return case.recorded or case.entry.about_this_at is not None


CHECK: Final = Check(
    id="trust.seal",
    zh="印章是否属于证照上的签发机关",
    en="Does the seal belong to the authority that the licence names?",
    passed_zh="印章属于证照上的签发机关",
    passed_en="the seal belongs to the authority that the licence names",
    depends_on=("integrity.signature",),
    codes=(NOT_A_SEAL, OTHER_AUTHORITY, IDENTIFIER_DIFFERS, ISSUER_NAME_DIFFERS, CHECK_CHARACTER),
    run=_run,
)
