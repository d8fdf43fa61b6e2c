"""integrity.format: whether these bytes are a signed document of a known form, whole."""

from typing import Final

from licences.verification.case import Case
from licences.verification.check import Check, Finding
from licences.verification.codes import NOT_APPLICABLE, Advice, Code

EMPTY: Final = Code("EMPTY", "failed", "document.empty", "文件是空的", "the file is empty")
UNKNOWN_FORMAT: Final = Code(
    "UNKNOWN_FORMAT",
    "failed",
    "document.unknown_format",
    "这不是带电子印章的文件（不是 PDF、OFD、签名的 JSON，也不是印章或签章数据）",
    "this is no file of a sealed form: neither PDF, OFD or signed JSON, nor a seal or signature value",
)
MALFORMED: Final = Code(
    "MALFORMED",
    "failed",
    "document.malformed",
    "文件已损坏或不完整，不是加盖印章时的原件",
    "the file is damaged or cut off: it is not the file that was sealed",
)
NOT_SIGNED: Final = Code(
    "NOT_SIGNED",
    "failed",
    "document.not_signed",
    "文件上没有电子印章",
    "the file carries no electronic seal",
)
ENCRYPTED: Final = Code(
    "ENCRYPTED",
    "not_run",
    "document.encrypted",
    "文件已加密，无法读取",
    "the file is encrypted and cannot be read",
    Advice.PAPER,
)
UNSUPPORTED: Final = Code(
    "UNSUPPORTED",
    "not_run",
    "document.unsupported",
    "文件形式不在本服务能读取的范围内，可能由其他系统签发",
    "the file is of a form that this service does not read; another system may have made it",
    Advice.ASK_ISSUER,
)
CONTENT_ABSENT: Final = Code(
    "CONTENT_ABSENT",
    "not_run",
    "document.content_absent",
    "只有签章文件（.p7s），没有它所签的文件",
    "here is a seal file (.p7s) without the file that it seals",
    Advice.SUPPLY_DOCUMENT,
)
NO_DOCUMENT: Final = Code(
    "NO_DOCUMENT",
    "not_run",
    "document.not_shown",
    "没有出示文件，无从核验印章",
    "no document was shown, so there is no seal to judge",
    Advice.PAPER,
)
_BY_TROUBLE: Final = {
    "empty": EMPTY,
    "unknown": UNKNOWN_FORMAT,
    "malformed": MALFORMED,
    "unsigned": NOT_SIGNED,
    "encrypted": ENCRYPTED,
    "unsupported": UNSUPPORTED,
    "incomplete": CONTENT_ABSENT,
}


def _run(case: Case) -> Finding:
    examined = case.examined
    if examined.form == "lookup":
        # Who asks about seals alone, and shows none, must not hear that they are good.
        about_licence = "content.record" in case.request.policy.mandatory
        return Finding(NOT_APPLICABLE if about_licence else NO_DOCUMENT)
    if examined.trouble is not None:
        return Finding(_BY_TROUBLE[examined.trouble.kind], {"format": examined.form, "detail": examined.trouble.detail})
    return Finding(evidence={"format": examined.form})


CHECK: Final = Check(
    id="integrity.format",
    zh="文件是不是一份完整的、带电子印章的文件",
    en="Is this a whole document of a known form that carries a seal?",
    passed_zh="是一份带电子印章的文件",
    passed_en="it is a document with an electronic seal",
    depends_on=("integrity.limits",),
    codes=(EMPTY, UNKNOWN_FORMAT, MALFORMED, NOT_SIGNED, ENCRYPTED, UNSUPPORTED, CONTENT_ABSENT, NO_DOCUMENT),
    run=_run,
)
