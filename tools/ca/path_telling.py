"""How `elicence ca validate` tells a judgement: as JSON for programs, as lines for people."""

import hashlib
from datetime import datetime
from typing import Final

from ca.judging.path_validation import Judgement
from ca.judging.paths import PathReport
from ca.reading.certificate_reader import Certificate, read_certificate
from ledger.errors import Language
from tools.ca.answering import Answer, facts, told, written

VERDICTS: Final = {"passed": "valid", "failed": "invalid", "indeterminate": "indeterminate"}
_WORDS: Final = {
    "verdict": ("结论", "verdict"),
    "valid": ("有效", "valid"),
    "invalid": ("无效", "invalid"),
    "indeterminate": ("无法判断", "could not tell"),
    "reason": ("原因", "reason"),
    "certificate": ("证书", "certificate"),
    "serial_number": ("序列号", "serial number"),
    "revoked_at": ("吊销时间", "revoked at"),
    "at": ("判断时刻", "judged at"),
    "path": ("路径", "path"),
    "policies": ("策略", "policies"),
}


def as_json(file: str, report: PathReport, judgement: Judgement, at: datetime) -> Answer:
    """Return the whole report."""
    return {
        "file": file.encode("utf-8", "replace").decode("utf-8"),
        "verdict": VERDICTS[report.outcome],
        "reason": report.reason,
        "message": {"zh": report.message("zh"), "en": report.message("en")},
        "indication": report.indication,
        "sub_indication": report.sub_indication,
        "at": written(at),
        "about": {
            "subject": report.certificate,
            "serial_number": None if report.serial_number is None else f"{report.serial_number:x}",
            "position": report.position,
        },
        "revocation": report.revocation,
        "revoked_at": written(report.revoked_at),
        "policies": [
            {"id": policy.id, "qualifiers": [one.text for one in policy.qualifiers if one.text is not None]}
            for policy in judgement.policies
        ],
        "path": [_certificate_json(read_certificate(one)) for one in report.chain],
    }


def _certificate_json(certificate: Certificate) -> Answer:
    return {
        "subject": certificate.subject_text,
        "serial_number": f"{certificate.serial_number:x}",
        "not_before": written(certificate.not_before),
        "not_after": written(certificate.not_after),
        "sha256": hashlib.sha256(certificate.der).hexdigest(),
    }


def as_lines(report: PathReport, at: datetime, language: Language) -> list[str]:
    """Return what a person wants to know: the verdict, why, about which certificate, and the path."""

    def word(name: str) -> str:
        zh, en = _WORDS[name]
        return zh if language == "zh" else en

    pairs = [
        (word("verdict"), word(VERDICTS[report.outcome])),
        (word("reason"), f"{report.message(language)} ({report.reason})"),
        (word("certificate"), report.certificate or "-"),
        (word("serial_number"), "-" if report.serial_number is None else f"{report.serial_number:x}"),
        (word("at"), told(at)),
    ]
    if report.revoked_at is not None:
        pairs.append((word("revoked_at"), told(report.revoked_at)))
    if report.policies:
        pairs.append((word("policies"), ", ".join(report.policies)))
    path = [read_certificate(one).subject_text for one in report.chain]
    return [
        *facts(pairs),
        *([word("path")] if path else []),
        *(f"  {place}  {name}" for place, name in enumerate(path)),
    ]
