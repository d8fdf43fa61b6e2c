"""integrity.limits: whether we read the input to its end."""

from typing import Final

from licences.verification.case import Case
from licences.verification.check import Check, Finding
from licences.verification.codes import NOT_APPLICABLE, Advice, Code

TOO_LARGE: Final = Code(
    "TOO_LARGE",
    "not_run",
    "document.too_large",
    "文件超过大小上限，未读取",
    "the file is over the size limit and was not read",
    Advice.PAPER,
)
TOO_COMPLEX: Final = Code(
    "TOO_COMPLEX",
    "not_run",
    "document.too_complex",
    "文件结构过于复杂，超出读取上限",
    "the file is more complex than this service reads",
    Advice.PAPER,
)
OUT_OF_MEMORY: Final = Code(
    "OUT_OF_MEMORY",
    "not_run",
    "document.out_of_memory",
    "读取该文件所需内存超出上限",
    "reading the file takes more memory than allowed",
    Advice.PAPER,
)
TIME_OUT: Final = Code(
    "TIME_OUT",
    "not_run",
    "document.time_out",
    "未能在时限内读完该文件",
    "the file could not be read in the time allowed",
    Advice.RETRY,
)
CRASHED: Final = Code(
    "CRASHED",
    "not_run",
    "document.crashed",
    "读取该文件的程序出错",
    "the reader of this file failed",
    Advice.PAPER,
)
_BY_TROUBLE: Final = {
    "too_large": TOO_LARGE,
    "too_complex": TOO_COMPLEX,
    "memory": OUT_OF_MEMORY,
    "time_out": TIME_OUT,
    "crashed": CRASHED,
}


def _run(case: Case) -> Finding:
    examined = case.examined
    if examined.form == "lookup":
        return Finding(NOT_APPLICABLE)
    if examined.trouble is not None and examined.trouble.kind in _BY_TROUBLE:
        return Finding(_BY_TROUBLE[examined.trouble.kind], {"size": examined.size, "detail": examined.trouble.detail})
    return Finding(evidence={"size": examined.size})


CHECK: Final = Check(
    id="integrity.limits",
    zh="文件是否在读取上限之内",
    en="Is the file within the limits of what we read?",
    passed_zh="文件在读取上限之内",
    passed_en="the file is within our limits",
    depends_on=(),
    codes=(TOO_LARGE, TOO_COMPLEX, OUT_OF_MEMORY, TIME_OUT, CRASHED),
    run=_run,
)
