"""A certificate as the commands tell of it."""

import base64
import hashlib
from collections.abc import Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final

from ca.models import CertificateRow, RevocationRow
from ledger.errors import Language
from tools.ca.answering import Answer, told, written

_STANDINGS: Final = MappingProxyType(
    {
        "good": {"zh": "有效", "en": "good"},
        "revoked": {"zh": "已吊销", "en": "revoked"},
        "on_hold": {"zh": "暂停", "en": "on hold"},
        "expired": {"zh": "已过期", "en": "expired"},
        "not_yet_valid": {"zh": "未生效", "en": "not yet valid"},
    }
)
_DIGITS: Final = 16
_HEADS: Final = MappingProxyType(
    {
        "zh": ("序列号", "类别", "密钥", "状态", "有效期至", "主体"),
        "en": ("serial", "profile", "key", "standing", "until", "subject"),
    }
)


def standing_of(row: CertificateRow, revocation: RevocationRow | None, now: datetime) -> str:
    """Return how a certificate stands: a revocation counts beyond the certificate's end."""
    if revocation is not None:
        return "on_hold" if revocation.reason == "certificateHold" else "revoked"
    if now > row.not_after:
        return "expired"
    return "good" if now >= row.not_before else "not_yet_valid"


def standing_text(standing: str, language: Language) -> str:
    """Return a standing in words."""
    return _STANDINGS[standing][language]


def certificate_heads(language: Language) -> tuple[str, ...]:
    """Return the heads above `certificate_cells`."""
    return _HEADS[language]


def certificate_cells(
    row: CertificateRow, revocation: RevocationRow | None, now: datetime, language: Language
) -> tuple[str, ...]:
    """Return a certificate as a line of a table."""
    return (
        row.serial_number[:_DIGITS],
        row.profile,
        row.key_name or "-",
        standing_text(standing_of(row, revocation, now), language),
        told(row.not_after),
        row.subject,
    )


def certificate_json(row: CertificateRow, revocation: RevocationRow | None, now: datetime) -> Answer:
    """Return a certificate for programs."""
    assert row.der is not None
    return {
        "serial_number": row.serial_number,
        "subject": row.subject,
        "profile": row.profile,
        "authority": row.authority,
        "key_name": row.key_name,
        "standing": standing_of(row, revocation, now),
        "revocation": None if revocation is None else revocation_json(revocation),
        "not_before": written(row.not_before),
        "not_after": written(row.not_after),
        "issued_at": written(row.issued_at),
        "replaces": row.replaces,
        "request_id": row.request_id,
        "sha256": hashlib.sha256(row.der).hexdigest(),
    }


def certificate_base64(row: CertificateRow) -> str:
    """Return the certificate itself for programs, in base64."""
    assert row.der is not None
    return base64.b64encode(row.der).decode()


def revocation_json(row: RevocationRow) -> Answer:
    """Return a revocation or hold for programs."""
    return {
        "reason": row.reason,
        "at": written(row.revocation_date),
        "invalidity_date": written(row.invalidity_date),
        "recorded_at": written(row.recorded_at),
        "recorded_by": row.recorded_by["id"],
        "lifted_at": written(row.lifted_at),
        "lifted_by": None if row.lifted_by is None else row.lifted_by["id"],
    }


def history_lines(rows: Sequence[RevocationRow], language: Language) -> list[str]:
    """Return a certificate's revocations and holds for people."""
    lifted = "解除" if language == "zh" else "lifted"
    return [
        f"{told(row.revocation_date)}  {row.reason}" + (f"  {lifted} {told(row.lifted_at)}" if row.lifted_at else "")
        for row in rows
    ]
