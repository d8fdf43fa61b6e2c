"""Intents that a crash left behind, made whole again from their rows."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.orm import Session

from ledger.actor import Actor, Uscc
from ledger.signing import KeyWrapper
from ledger.subjects import SubjectKeys, open_subjects
from licences.content import open_content
from licences.issuing_results import Intent
from licences.leases import Lease
from licences.store import intents
from seals.life.grants import Seal, Use
from seals.life.registry import seals_of


class IntentFinder:
    """Takes intents from the repository that nobody alive has in hand."""

    def __init__(self, wrapper: KeyWrapper) -> None:
        self._wrapper = wrapper

    def claim(
        self, session: Session, lease: Lease, now: datetime, limit: int, only: Sequence[UUID] | None = None
    ) -> list[Intent]:
        """Take at most `limit` intents, of those named if any are; the caller commits."""
        rows = intents.claim(session, lease, now, limit, only)
        keys = open_subjects(session, self._wrapper, {row.licence_id for row in rows}) if rows else {}
        seals = seals_of(session, {row.seal_id for row in rows}) if rows else {}
        return [_intent(row, keys[row.licence_id], seals[row.seal_id]) for row in rows]


def _intent(row: Row[Any], keys: SubjectKeys, seal: Seal) -> Intent:
    return Intent(
        version_id=row.id,
        licence_id=row.licence_id,
        identifier=row.identifier,
        serial=row.serial,
        version=row.version,
        status_index=row.status_index,
        content=open_content(row.payload, row.id, keys),
        keys=keys,
        seal=seal,
        use=Use(row.seal_id, row.grant_id, row.authorisation_id),
        seal_use_id=row.seal_use_id,
        actor=_actor(row.actor),
        attempts=row.attempts,
    )


def _actor(members: dict[str, Any]) -> Actor:
    """Return who asked for the licence: finishing it does not make it somebody else's act."""
    operator, behalf = members["operator_unit"], members["on_behalf_of"]
    return Actor(
        kind=members["kind"],
        id=members["id"],
        operator_unit=None if operator is None else Uscc(operator),
        on_behalf_of=None if behalf is None else Uscc(behalf),
    )
