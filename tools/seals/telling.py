"""Seals, applications, grants and uses as the commands tell of them."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final, TypeAlias

from ledger.errors import Language
from seals.models import ApplicationRow, AuthorisationRow, GrantRow, SealRow, StopRow, UseRow
from tools.ca.answering import Answer, told, written

Words: TypeAlias = Mapping[str, str]
Told: TypeAlias = tuple[Answer, list[str]]
"""An answer for programs, and its lines for people. Made inside a transaction, and given out once that is committed."""

KINDS: Final[Words] = MappingProxyType(
    {
        "statutory": "法定名称章",
        "internal": "内设机构章",
        "special": "业务专用章",
        "personal": "个人名章",
        "finance": "财务专用章",
        "invoice": "发票专用章",
        "contract": "合同专用章",
        "other": "其他",
    }
)
REASONS: Final[Words] = MappingProxyType(
    {
        "reorganisation": "机构改革",
        "renamed": "更名",
        "no_longer_needed": "不再使用",
        "damaged": "损坏",
        "personnel": "人员变动",
        "inspection": "检查",
        "expiry": "到期",
        "renewal": "更换",
        "suspected_compromise": "疑似失控",
        "lost": "遗失",
        "compromise": "失控",
    }
)
EFFECTS: Final = MappingProxyType(
    {
        "good": ("此前用印有效", "what was sealed before stays good"),
        "good_before": ("失效时间之前的用印有效", "good is only what was sealed before it"),
        "in_question": ("此前用印存疑，待查明", "what was sealed before is in question until it is cleared up"),
    }
)
OUTCOMES: Final = MappingProxyType(
    {
        "used": ("已用印", "used"),
        "abandoned": ("已放弃", "abandoned"),
        "refused": ("已拒绝", "refused"),
        None: ("可能已用印", "possible use"),
    }
)


def word(words: Words, key: str, language: Language) -> str:
    """Return a stable word as people read it."""
    return words[key] if language == "zh" else key.replace("_", " ")


def name_of(row: SealRow) -> str:
    """Return the name by which commands know a seal: its number, and its generation from the second on."""
    return row.code if row.generation == 1 else f"{row.code}-{row.generation}"


def seal_json(row: SealRow) -> Answer:
    """Return a seal for programs."""
    return {
        "id": str(row.id),
        "code": row.code,
        "generation": row.generation,
        "organisation": row.organisation,
        "kind": row.kind,
        "name": row.name,
        "state": row.state,
        "valid_from": written(row.valid_from),
        "valid_until": written(row.valid_until),
        "provider": row.provider,
        "key_name": row.key_name,
        "national": row.esl is not None,
        "replaces": None if row.replaces is None else str(row.replaces),
        "stopped_at": written(row.stopped_at),
        "stop_reason": row.stop_reason,
        "invalid_from": written(row.invalid_from),
    }


def stop_json(row: StopRow) -> Answer:
    """Return a stop for programs."""
    return {
        "state": row.state,
        "reason": row.reason,
        "effect": row.effect,
        "invalid_from": written(row.invalid_from),
        "stopped_at": written(row.stopped_at),
        "stopped_by": row.stopped_by["id"],
        "note": row.note,
        "event": row.event_id,
        "resumed_at": written(row.resumed_at),
        "resumed_by": None if row.resumed_by is None else row.resumed_by["id"],
    }


def application_json(row: ApplicationRow) -> Answer:
    """Return an application for programs."""
    return {
        "id": str(row.id),
        "seal": str(row.seal_id),
        "organisation": row.organisation,
        "kind": row.kind,
        "code": row.code,
        "name": row.name,
        "bottom_text": row.bottom_text,
        "replaces": None if row.replaces is None else str(row.replaces),
        "carries": row.carries,
        "grounds": row.grounds,
        "state": row.state,
        "applied_by": row.applied_by["id"],
        "applied_at": written(row.applied_at),
        "decided_by": None if row.decided_by is None else row.decided_by["id"],
        "decided_at": written(row.decided_at),
        "decision": row.decision,
        "made_by": None if row.made_by is None else row.made_by["id"],
        "made_at": written(row.made_at),
        "delivered_to": row.delivered_to,
        "delivered_at": written(row.delivered_at),
    }


def grant_json(row: GrantRow) -> Answer:
    """Return a grant for programs."""
    return {
        "id": str(row.id),
        "seal": str(row.seal_id),
        "grantee": row.grantee,
        "licence_type": row.licence_type,
        "valid_from": written(row.valid_from),
        "valid_until": written(row.valid_until),
        "daily_limit": row.daily_limit,
        "granted_by": row.granted_by["id"],
        "revoked_at": written(row.revoked_at),
        "revoked_by": None if row.revoked_by is None else row.revoked_by["id"],
    }


def authorisation_json(row: AuthorisationRow) -> Answer:
    """Return a standing authorisation for programs."""
    return {
        "id": str(row.id),
        "seal": str(row.seal_id),
        "system": row.system,
        "licence_type": row.licence_type,
        "hours": hours(row),
        "daily_cap": row.daily_cap,
        "valid_from": written(row.valid_from),
        "valid_until": written(row.valid_until),
        "grounds": row.grounds,
        "state": row.state,
        "applied_by": row.applied_by["id"],
        "applied_at": written(row.applied_at),
        "decided_by": None if row.decided_by is None else row.decided_by["id"],
        "decided_at": written(row.decided_at),
        "decision": row.decision,
        "ended_at": written(row.ended_at),
    }


def use_json(row: UseRow, code: str, name: str) -> Answer:
    """Return a use for programs."""
    return {
        "id": str(row.id),
        "seal": code,
        "seal_name": name,
        "opened_at": written(row.opened_at),
        "closed_at": written(row.closed_at),
        "outcome": row.outcome,
        "refusal": row.refusal,
        "matter": row.matter,
        "number": row.number,
        "document": row.document,
        "copies": row.copies,
        "operator": row.actor["id"],
        "grant": None if row.grant_id is None else str(row.grant_id),
        "authorisation": None if row.authorisation_id is None else str(row.authorisation_id),
        "event": row.event_id,
    }


def hours(row: AuthorisationRow) -> str:
    """Return the hours of a standing authorisation, `08:30-18:00`."""
    return f"{clock(row.opens_at)}-{clock(row.closes_at)}"


def clock(minutes: int) -> str:
    """Return minutes of the day as a clock shows them."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


def period(begin: datetime, end: datetime | None, language: Language) -> str:
    """Return from when to when."""
    last = ("长期" if language == "zh" else "open") if end is None else told(end)
    return f"{told(begin)} – {last}"


def outcome_text(row: UseRow, language: Language) -> str:
    """Return how a use ended, with the reason of a refusal."""
    words = OUTCOMES[row.outcome][0 if language == "zh" else 1]
    return words if row.refusal is None else f"{words} ({row.refusal})"
