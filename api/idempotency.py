"""Idempotency keys: the same POST sent twice does its work once (draft-ietf-httpapi-idempotency-key-header).

The row keeps a keyed digest of the request and the identifier that came out, never the body: bodies name people.
"""

import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from api.models import IdempotencyKey
from api.systems import DoorError

TAKEN_OVER_AFTER = timedelta(seconds=15)
"""A run that died leaves its row behind; after this the next try takes it over (issuing itself repeats safely)."""

_KEY = re.compile(r"[\x21-\x7e]{1,128}")


@dataclass(eq=False)
class IdempotencyKeyMissing(DoorError):
    """The header is absent or not usable."""

    code = "idempotency.key_missing"
    zh = "缺少 Idempotency-Key 请求头，或其内容不是 1 至 128 个可见 ASCII 字符"
    en = "send an Idempotency-Key header of 1 to 128 visible ASCII characters"


@dataclass(eq=False)
class IdempotencyKeyReused(DoorError):
    """The key came with another body before."""

    code = "idempotency.key_reused"
    zh = "这个 Idempotency-Key 已用于另一个请求：新的请求请用新的键"
    en = "this Idempotency-Key was used with another request: use a new key for a new request"


@dataclass(eq=False)
class IdempotencyInProgress(DoorError):
    """The first request with the key is still running."""

    code = "idempotency.in_progress"
    zh = "使用这个 Idempotency-Key 的请求仍在处理，请稍后重试"
    en = "the first request with this Idempotency-Key is still running: try again shortly"


def canonical(value: Any) -> str:
    """Return one text for one request, in whatever order its members came."""
    return json.dumps(value, sort_keys=True)


def usable_key(key: str | None) -> str:
    """Return the key; raises IdempotencyKeyMissing."""
    if key is None or not _KEY.fullmatch(key):
        raise IdempotencyKeyMissing
    return key


def claim(session: Session, system_id: str, key: str, digest: bytes, now: datetime) -> str | None:
    """Claim a key for this request; return the identifier that an earlier run of the same request made, if any.

    The caller commits before it starts the work. Raises IdempotencyKeyReused, IdempotencyInProgress.
    """
    fresh = insert(IdempotencyKey).values(
        system_id=system_id, key=key, request_digest=digest, state="running", started_at=now
    )
    if session.execute(fresh.on_conflict_do_nothing().returning(IdempotencyKey.key)).first():
        return None
    row = session.execute(
        select(IdempotencyKey).where(IdempotencyKey.system_id == system_id, IdempotencyKey.key == key).with_for_update()
    ).scalar_one()
    if row.state != "refused":
        if row.request_digest != digest:
            raise IdempotencyKeyReused
        if row.state == "done":
            return row.identifier
        if now - row.started_at < TAKEN_OVER_AFTER:
            raise IdempotencyInProgress
    row.request_digest, row.state, row.started_at = digest, "running", now
    return None


def finish(session: Session, system_id: str, key: str, identifier: str) -> None:
    """Remember what the request made."""
    _close(session, system_id, key, state="done", identifier=identifier)


def refuse(session: Session, system_id: str, key: str) -> None:
    """Note that nothing came of the request, so that a corrected one may use the key again."""
    _close(session, system_id, key, state="refused", identifier=None)


def _close(session: Session, system_id: str, key: str, *, state: str, identifier: str | None) -> None:
    session.execute(
        update(IdempotencyKey)
        .where(IdempotencyKey.system_id == system_id, IdempotencyKey.key == key, IdempotencyKey.state == "running")
        .values(state=state, identifier=identifier)
    )
