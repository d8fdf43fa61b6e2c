"""Queries for taking out many licences, page by page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class Issued:
    """A version in force. event_id: its issue. object_keys: where its documents lie, by kind."""

    version_id: UUID
    licence_id: UUID
    identifier: str
    serial: str
    version: int
    event_id: str
    object_keys: Mapping[str, str]


# The first act on a version is its issue.
_PAGE = text("""
    SELECT v.id AS version_id, v.licence_id, v.identifier, l.serial, v.version, issue.event_id,
           (SELECT jsonb_object_agg(kind, object_key) FROM licences.renditions
             WHERE version_id = v.id AND copy = :copy AND superseded_at IS NULL) AS object_keys
      FROM licences.versions v
      JOIN licences.licences l ON l.id = v.licence_id
      JOIN LATERAL (SELECT event_id FROM licences.statuses WHERE version_id = v.id
                     ORDER BY recorded_at, effective_at LIMIT 1) AS issue ON true
     WHERE v.stage = 'active' AND v.identifier > :after
       AND (CAST(:only AS text[]) IS NULL OR v.identifier = ANY(CAST(:only AS text[])))
     ORDER BY v.identifier LIMIT :limit
""")


def page(session: Session, copy: str, after: str, limit: int, only: Sequence[str] | None) -> list[Issued]:
    """Return the next licences in the order of their identifiers, of those named if any are, with one copy of each."""
    rows = session.execute(
        _PAGE, {"copy": copy, "after": after, "limit": limit, "only": None if only is None else list(only)}
    )
    return [Issued(**row._mapping) for row in rows]  # noqa: SLF001  SQLAlchemy's own name for a row as a mapping
