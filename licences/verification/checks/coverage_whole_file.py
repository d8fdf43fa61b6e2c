"""coverage.whole_file: our own stricter rule, that the seal covers the file to its last byte.

Whatever comes after a seal can paint over the page while other readers still show a green tick: incremental
saving and shadow attacks. Source: ISO 32000-1 section 12.8.1 (ByteRange).
"""

from typing import Final

from licences.verification.case import Case
from licences.verification.check import Check, Finding
from licences.verification.codes import NOT_APPLICABLE, Code
from licences.verification.report import JSON

NOT_COVERED: Final = Code(
    "NOT_COVERED",
    "failed",
    "document.not_covered",
    "文件中有印章没有覆盖的内容，可能在盖章后添加",
    "the file holds something the seal does not cover; it may have been added after sealing",
)
_SHOWN: Final = 10


def _run(case: Case) -> Finding:
    page = case.examined.page
    if page is None:
        return Finding(NOT_APPLICABLE)
    if page.coverage_faults:
        faults: list[JSON] = [{"code": fault.code, "detail": fault.detail} for fault in page.coverage_faults[:_SHOWN]]
        return Finding(NOT_COVERED, {"faults": faults})
    return Finding(evidence={"size": case.examined.size})


CHECK: Final = Check(
    id="coverage.whole_file",
    zh="印章是否覆盖整个文件",
    en="Does the seal cover the whole file?",
    passed_zh="印章覆盖整个文件",
    passed_en="the seal covers the whole file",
    depends_on=("integrity.format",),
    codes=(NOT_COVERED,),
    run=_run,
)
