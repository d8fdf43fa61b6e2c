"""The verdict in one sentence that a person at a counter understands, and what to do when it could not be told."""

from typing import Literal

from ledger.errors import Language
from licences.verification.codes import Advice, Code
from licences.verification.report import Subject, Verdict, Words
from licences.verification.request import VerificationRequest
from seals.local_time import CHINA

_HEADINGS: dict[Verdict, tuple[str, str]] = {
    "valid": ("有效", "Valid"),
    "invalid": ("无效", "Not valid"),
    "indeterminate": ("无法判定", "Could not tell"),
}

About = Literal["licence", "document", "seal"]
_SEALED: dict[About, tuple[str, str]] = {
    "document": (
        "印章真实，文件自盖章后未被改动；未核验其内容是否现行有效",
        "the seals on the file are genuine and it has not been changed since; whether what it says is in force was not judged",
    ),
    "seal": ("电子印章真实，在有效期内", "the electronic seal is genuine and within its period"),
}
_SEEN = {
    True: ("，内容未被改动", " and has not been changed"),
    False: (
        "。这只是登记情况：请把手中的证照与下列内容逐项比对，不一致的不可采信",
        " by the register. Compare the paper or screen before you with what follows; if they differ, do not rely on it",
    ),
}


def sentences(
    verdict: Verdict,
    subject: Subject,
    code: Code | None,
    request: VerificationRequest,
    *,
    compared: bool = True,
    about: About = "licence",
) -> Words:
    """Return the sentence in both languages.

    about: what the verdict is about, which is the seal alone where nothing else was asked, or is there.

    compared: False where nobody has shown a document or its digest: a genuine QR code can be pasted on a forgery, and
    all that is known is what the register says.
    """
    return {
        "zh": _sentence("zh", verdict, subject, code, request, compared=compared, about=about),
        "en": _sentence("en", verdict, subject, code, request, compared=compared, about=about),
    }


def advices(verdict: Verdict, code: Code | None) -> Words | None:
    """Return what to do now; None unless the verdict is indeterminate."""
    if verdict != "indeterminate":
        return None
    advice = Advice.PAPER if code is None or code.advice is None else code.advice
    return {"zh": f"{advice.zh}。", "en": f"{advice.en[0].upper()}{advice.en[1:]}."}


def _sentence(
    language: Language,
    verdict: Verdict,
    subject: Subject,
    code: Code | None,
    request: VerificationRequest,
    *,
    compared: bool,
    about: About,
) -> str:
    heading = _HEADINGS[verdict][0 if language == "zh" else 1]
    if verdict == "valid" and about != "licence":
        reason = _SEALED[about][0 if language == "zh" else 1]
    elif verdict == "valid":
        reason = f"{_in_force(language, subject, request)}{_SEEN[compared][0 if language == 'zh' else 1]}"
    else:
        assert code is not None
        reason = code.message(language)
    return f"{heading}：{reason}。" if language == "zh" else f"{heading}: {reason}."


def _in_force(language: Language, subject: Subject, request: VerificationRequest) -> str:
    moment = request.as_of.astimezone(CHINA)
    if language == "zh":
        kind = f"《{subject.type_name['zh']}》" if subject.type_name else "电子证照"
        issuer = f"由{subject.issuer_name}签发的" if subject.issuer_name else ""
        when = "" if request.as_of == request.now else f"在 {moment:%Y年%m月%d日 %H:%M}（北京时间）"
        return f"{issuer}{kind}{when or '目前'}有效"
    kind = subject.type_name["en"] if subject.type_name else "e-licence"
    issuer = f" issued by {subject.issuer_name}" if subject.issuer_name else ""
    when = "is in force" if request.as_of == request.now else f"was in force on {moment:%Y-%m-%d at %H:%M} (China)"
    return f"the {kind}{issuer} {when}"
