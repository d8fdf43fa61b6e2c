"""integrity.document: whether the file is at hand that a signature value by itself is over.

All else that can be told of such a value is told without the file: who signed, with which seal, and when.
"""

from typing import Final

from licences.verification.case import Case
from licences.verification.check import Check, Finding
from licences.verification.codes import NOT_APPLICABLE, Advice, Code

DOCUMENT_ABSENT: Final = Code(
    "DOCUMENT_ABSENT",
    "not_run",
    "document.absent",
    "只有签章数据，没有它所签的文件，无法判断文件是否被改动",
    "here is a signature value without the file that it is over, so it cannot be said whether that was changed",
    Advice.SUPPLY_DOCUMENT,
)


def _run(case: Case) -> Finding:
    if case.examined.form != "ses-signature":
        return Finding(NOT_APPLICABLE)
    if all(one.documents is not None for one in case.examined.national_seals):
        return Finding()
    return Finding(DOCUMENT_ABSENT, {"indication": "INDETERMINATE", "sub_indication": "SIGNED_DATA_NOT_FOUND"})


CHECK: Final = Check(
    id="integrity.document",
    zh="签章数据所签的文件是否在手边",
    en="Is the file at hand that this signature value is over?",
    passed_zh="所签的文件在手边，已比对",
    passed_en="the file is at hand, and was compared",
    depends_on=("integrity.format",),
    codes=(DOCUMENT_ABSENT,),
    run=_run,
)
