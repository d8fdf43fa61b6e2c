"""coverage.whole_file: our own stricter rule, that the seal covers the file to its last byte.

Validation data, document timestamps and seals in fields made for them may come after a seal, nothing else. Whose these
timestamps and seals are, trust.* and time.* judge. Whatever else comes after a seal can paint over the page while other readers still show a green tick: incremental
saving and shadow attacks. In a package every file must lie under a seal. Source: ISO 32000-1 section 12.8.1 (ByteRange).
"""

from collections.abc import Sequence
from typing import Final

from licences.verification.case import Case
from licences.verification.check import Check, Finding
from licences.verification.codes import NOT_APPLICABLE, Advice, Code
from licences.verification.documents import Oddity
from licences.verification.report import JSON
from seals.ses.steps import shown

NOT_COVERED: Final = Code(
    "NOT_COVERED",
    "failed",
    "document.not_covered",
    "文件中有印章没有覆盖的内容，可能在盖章后添加",
    "the file holds something the seal does not cover; it may have been added after sealing",
)
LATER_UNJUDGED: Final = Code(
    "LATER_UNJUDGED",
    "not_run",
    "document.later_unjudged",
    "文件在其中一次签名之后又有改动，且不是本服务能够判断的那一类",
    "the file was added to after one of its signatures, in a way that this service cannot judge",
    Advice.ASK_ISSUER,
)
_SHOWN: Final = 10


def _run(case: Case) -> Finding:
    page, examined = case.examined.page, case.examined
    if page is None and examined.form not in {"ofd", "detached"}:
        return Finding(NOT_APPLICABLE)
    faults = (*examined.coverage_faults, *(() if page is None else page.coverage_faults))
    if faults:
        return Finding(NOT_COVERED, _named(faults))
    uncertain = (*examined.uncertain, *(() if page is None else page.uncertain))
    if uncertain:
        return Finding(LATER_UNJUDGED, _named(uncertain))
    return Finding(evidence={"size": examined.size})


def _named(faults: Sequence[Oddity]) -> dict[str, JSON]:
    rows: list[JSON] = [{"code": fault.code, "detail": shown(fault.detail)} for fault in faults[:_SHOWN]]
    return {"faults": rows}


CHECK: Final = Check(
    id="coverage.whole_file",
    zh="印章是否覆盖整个文件",
    en="Does the seal cover the whole file?",
    passed_zh="印章覆盖整个文件",
    passed_en="the seal covers the whole file",
    depends_on=("integrity.format",),
    codes=(NOT_COVERED, LATER_UNJUDGED),
    run=_run,
)
