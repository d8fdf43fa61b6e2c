"""integrity.disclosures: whether the disclosed claims of a JSON licence are the ones that were signed (RFC 9901)."""

from typing import Final

from licences.verification.case import Case
from licences.verification.check import Check, Finding
from licences.verification.codes import NOT_APPLICABLE, Code
from licences.verification.report import JSON

DISCLOSURE_INVALID: Final = Code(
    "DISCLOSURE_INVALID",
    "failed",
    "document.disclosure_invalid",
    "出示的某项内容不是签发时的内容",
    "a disclosed item is not what was signed",
)


def _run(case: Case) -> Finding:
    data = case.examined.data
    # In a page the disclosures lie under the seal; those of the embedded JSON are judged by content.embedded.
    if data is None or case.examined.page is not None:
        return Finding(NOT_APPLICABLE)
    if data.disclosure_faults:
        faults: list[JSON] = [fault.detail for fault in data.disclosure_faults]
        return Finding(DISCLOSURE_INVALID, {"faults": faults})
    return Finding(evidence={"withheld": data.closed})


CHECK: Final = Check(
    id="integrity.disclosures",
    zh="出示的各项内容是否都是签发时的内容",
    en="Is every disclosed item the one that was signed?",
    passed_zh="出示的各项内容与签发时一致",
    passed_en="every disclosed item is the one that was signed",
    depends_on=("integrity.format",),
    codes=(DISCLOSURE_INVALID,),
    run=_run,
)
