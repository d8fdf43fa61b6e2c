"""integrity.canonical: whether the parts that no signature covers are spelt in the one way in which we write them.

Without this 130 of 247 one-digit changes inside a CMS go unnoticed, and every change of its padding.
Judged for seals that say they are written in our way, and documents that say they are licences of ours; the saying lies
under the seal.
"""

from collections.abc import Sequence
from typing import Final

from licences.verification.case import Case
from licences.verification.check import Check, Finding
from licences.verification.codes import NOT_APPLICABLE, Code
from licences.verification.documents import Examined, Oddity
from licences.verification.report import JSON
from seals.jwt.jades import RESPELT

NOT_CANONICAL: Final = Code(
    "NOT_CANONICAL",
    "failed",
    "document.not_canonical",
    "印章数据的写法与签发时不一致，文件被改动过",
    "the seal's data are not spelt as they were written: the file has been changed",
)
RESPELT_JSON: Final = Code(
    "RESPELT",
    "warning",
    "document.respelt",
    "同一数据经其他程序重新写出（空格、字节顺序标记或成员次序不同），内容未变",
    "the same data, written again by another program: other spaces, a byte order mark or another order, nothing else",
)
_SHOWN: Final = 10


def _run(case: Case) -> Finding:
    page, examined = case.examined.page, case.examined
    if not examined.signatures and examined.bare_seal is None:
        return Finding(NOT_APPLICABLE)
    if page is not None and page.foreign:
        # What others write has no one spelling; what says that it is a licence of ours has.
        return (
            Finding(NOT_CANONICAL, _failure([Oddity("signature.form", "")]))
            if page.is_ours
            else Finding(NOT_APPLICABLE)
        )
    oddities = (*_own(examined), *examined.oddities)
    if oddities:
        if page is None and {oddity.code for oddity in oddities} == {RESPELT}:
            return Finding(RESPELT_JSON)
        return Finding(NOT_CANONICAL, _failure(oddities))
    return Finding()


def _own(examined: Examined) -> tuple[Oddity, ...]:
    if examined.page is not None:
        return examined.page.oddities
    return () if examined.data is None else examined.data.oddities


def _failure(oddities: Sequence[Oddity]) -> dict[str, JSON]:
    faults: list[JSON] = [{"code": oddity.code, "detail": oddity.detail} for oddity in oddities[:_SHOWN]]
    return {"faults": faults, "indication": "TOTAL-FAILED", "sub_indication": "FORMAT_FAILURE"}


CHECK: Final = Check(
    id="integrity.canonical",
    zh="印章数据的每个字节是否都是签发时的写法",
    en="Is every byte of the seal's data spelt as it was written?",
    passed_zh="印章数据的写法与签发时一致",
    passed_en="the seal's data are spelt as they were written",
    depends_on=("integrity.format",),
    codes=(NOT_CANONICAL, RESPELT_JSON),
    run=_run,
)
