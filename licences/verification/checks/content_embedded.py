"""content.embedded: whether the data inside the page are genuine by themselves and the ones the page was made for.

It does not rest on the page's own signature, so that a swapped JSON is named even where the page's digest fails.
"""

from typing import Final

from licences.verification.case import Case
from licences.verification.check import Check, Finding
from licences.verification.codes import NOT_APPLICABLE, Advice, Code
from licences.verification.documents import SealedPage, SignedData
from licences.verification.report import JSON, digest_text

DATA_MISSING: Final = Code(
    "DATA_MISSING",
    "failed",
    "document.data_missing",
    "版式文件中没有应当内嵌的证照数据",
    "the data that belong inside this page are missing",
)
DATA_UNREADABLE: Final = Code(
    "DATA_UNREADABLE",
    "failed",
    "document.data_unreadable",
    "版式文件中内嵌的证照数据已损坏",
    "the data inside this page are damaged",
)
DATA_FORGED: Final = Code(
    "DATA_FORGED",
    "failed",
    "document.data_forged",
    "版式文件中内嵌的证照数据不是签发机关签署的内容",
    "the data inside this page are not what the issuer signed",
)
DATA_SWAPPED: Final = Code(
    "DATA_SWAPPED",
    "failed",
    "document.data_swapped",
    "版式文件中内嵌的是另一份证照的数据",
    "the data inside this page belong to another licence",
)
NOT_A_LICENCE: Final = Code(
    "NOT_A_LICENCE",
    "not_run",
    "document.not_a_licence",
    "文件有签章，但不是本服务认识的电子证照",
    "the file is sealed, but it is no e-licence that this service knows",
    Advice.SEAL_ONLY,
)


def _run(case: Case) -> Finding:
    page, data = case.examined.page, case.examined.data
    if page is None:
        return _sealed_otherwise(case) if data is None else _alone(data)
    if not page.is_ours:
        return Finding(NOT_A_LICENCE)
    if data is None:
        trouble = case.examined.data_trouble
        missing = trouble is None
        return Finding(
            DATA_MISSING if missing else DATA_UNREADABLE, {"detail": "" if trouble is None else trouble.detail}
        )
    return _inside(page, data)


def _sealed_otherwise(case: Case) -> Finding:
    # These forms carry no data of ours: only the register can say that one is a licence.
    if case.examined.form in {"ofd", "detached"} and not case.recorded:
        return Finding(NOT_A_LICENCE)
    return Finding(NOT_APPLICABLE)


def _alone(data: SignedData) -> Finding:
    # A copy may withhold fields, but never what makes it a licence.
    if data.signature.fault is None and not data.disclosure_faults and data.licence is None:
        return Finding(NOT_A_LICENCE)
    return Finding(NOT_APPLICABLE)


def _inside(page: SealedPage, data: SignedData) -> Finding:
    evidence: dict[str, JSON] = {"digest": digest_text(data.digest)}
    if data.signature.fault is not None or data.disclosure_faults or data.oddities:
        details: list[JSON] = [fault.detail for fault in (*data.disclosure_faults, *data.oddities)]
        return Finding(DATA_FORGED, {**evidence, "faults": details})
    if data.licence is None:
        return Finding(DATA_UNREADABLE, {**evidence, "detail": "claims"})
    # The page names its licence and the digest of its JSON; both lie under the seal.
    if set(page.keywords) != {"elicence", data.licence.identifier, f"sha-256:{data.digest.hex()}"}:
        return Finding(DATA_SWAPPED, {**evidence, "identifier": data.licence.identifier})
    return Finding(evidence={**evidence, "identifier": data.licence.identifier})


CHECK: Final = Check(
    id="content.embedded",
    zh="版式文件内嵌的数据是否真实，是否就是这份证照的数据",
    en="Are the data inside the page genuine, and those of this licence?",
    passed_zh="内嵌数据真实，与版式文件一致",
    passed_en="the data inside the page are genuine and belong to it",
    depends_on=("integrity.format",),
    codes=(DATA_MISSING, DATA_UNREADABLE, DATA_FORGED, DATA_SWAPPED, NOT_A_LICENCE),
    run=_run,
)
