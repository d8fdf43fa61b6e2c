"""Queries on documents that are extended: taken by one worker at a time, and superseded once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from licences.leases import Lease
from licences.models import RenditionRow
from seals.life.bulk import insert_rows


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which documents. before: only generations made before then, so that no run meets its own.

    named: of these identifiers, whatever their dates; else those whose last timestamp's certificate ends before
    `horizon`, and those that nobody has looked at. failed: those, too, that could not be extended before.
    """

    before: datetime
    horizon: datetime
    named: tuple[str, ...] | None = None
    failed: bool = False

    @property
    def parameters(self) -> dict[str, object]:
        """The same for a statement."""
        return {
            "before": self.before,
            "horizon": self.horizon,
            "named": None if self.named is None else list(self.named),
            "failed": self.failed,
        }


@dataclass(frozen=True, slots=True)
class Taken:
    """The newest rendition of a document, taken by a worker. digest: `sha-256:<hex>`, of the document."""

    version_id: UUID
    licence_id: UUID
    identifier: str
    copy: str
    generation: int
    digest: str
    object_key: str
    attempts: int

    @property
    def place(self) -> tuple[UUID, str]:
        """Its version and copy, which stay the same through all generations."""
        return self.version_id, self.copy


@dataclass(frozen=True, slots=True)
class Ended:
    """What becomes of a rendition that was taken: looked at, failed, or neither. attempts: how many it had."""

    taken: Taken
    renew_by: datetime | None = None
    failed_reason: str | None = None
    attempts: int = 0


_WANTED = """
    r.kind = 'pdf' AND r.superseded_at IS NULL AND r.created_at < :before AND v.stage = 'active'
    AND (r.failed_reason IS NULL OR :failed OR CAST(:named AS text[]) IS NOT NULL)
    AND CASE WHEN CAST(:named AS text[]) IS NULL THEN r.renew_by IS NULL OR r.renew_by < :horizon
             ELSE v.identifier = ANY(CAST(:named AS text[])) END
"""
_IDENTIFIERS = text(f"""
    SELECT v.identifier FROM licences.renditions r JOIN licences.versions v ON v.id = r.version_id
     WHERE {_WANTED} ORDER BY 1
""")  # noqa: S608 - a constant of this file
_COUNT = text(f"""
    SELECT count(*) FROM licences.renditions r JOIN licences.versions v ON v.id = r.version_id WHERE {_WANTED}
""")  # noqa: S608 - a constant of this file

# A lease is void when it has ended, or when its owner's sign of life is gone (`leases.py`).
_CLAIM = text(f"""
    WITH alive AS (
        SELECT ((classid::bigint << 32) + objid::bigint)::text AS owner
          FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
    ), taken AS (
        SELECT r.version_id, r.copy, r.generation
          FROM licences.renditions r JOIN licences.versions v ON v.id = r.version_id
         WHERE {_WANTED}
           AND (r.lease_owner IS NULL OR r.lease_until < :now OR r.lease_owner NOT IN (SELECT owner FROM alive))
         ORDER BY r.renew_by NULLS FIRST, r.version_id, r.copy LIMIT :limit FOR UPDATE OF r SKIP LOCKED
    )
    UPDATE licences.renditions r SET lease_owner = :owner, lease_until = :until, attempts = r.attempts + 1
      FROM taken t, licences.versions v
     WHERE r.version_id = t.version_id AND r.kind = 'pdf' AND r.copy = t.copy AND r.generation = t.generation
       AND v.id = r.version_id
    RETURNING r.version_id, v.licence_id, v.identifier, r.copy, r.generation, r.digest, r.object_key, r.attempts
""")  # noqa: S608 - a constant of this file

_GIVEN = """
    unnest(CAST(:versions AS uuid[]), CAST(:copies AS text[]), CAST(:generations AS integer[]),
           CAST(:moments AS timestamptz[]), CAST(:reasons AS text[]), CAST(:attempts AS integer[]))
        AS given (version_id, copy, generation, moment, reason, attempts)
"""
_OURS = """
    r.version_id = given.version_id AND r.kind = 'pdf' AND r.copy = given.copy AND r.generation = given.generation
    AND r.superseded_at IS NULL AND r.lease_owner = :owner
"""
# The lease stays: it keeps the document away from this run, and ends with the worker's life.
_END = text(f"""
    UPDATE licences.renditions r
       SET failed_reason = given.reason, attempts = given.attempts, renew_by = coalesce(given.moment, r.renew_by)
      FROM {_GIVEN} WHERE {_OURS}
""")  # noqa: S608 - a constant of this file
_SUPERSEDE = text(f"""
    UPDATE licences.renditions r
       SET lease_owner = NULL, lease_until = NULL, failed_reason = NULL, attempts = 0, superseded_at = :now
      FROM {_GIVEN} WHERE {_OURS}
    RETURNING r.version_id, r.copy
""")  # noqa: S608 - a constant of this file


def count(session: Session, wanted: Wanted) -> int:
    """Return how many documents are wanted, whoever has them in hand."""
    counted: int = session.execute(_COUNT, wanted.parameters).scalar_one()
    return counted


def identifiers(session: Session, wanted: Wanted) -> list[str]:
    """Return whose documents are wanted, whoever has them in hand."""
    return list(session.scalars(_IDENTIFIERS, wanted.parameters))


def claim(session: Session, wanted: Wanted, lease: Lease, now: datetime, limit: int) -> list[Taken]:
    """Take documents that nobody alive has in hand, those first whose time is nearest; the caller commits."""
    values = wanted.parameters | {"owner": lease.owner, "until": lease.until, "now": now, "limit": limit}
    return [Taken(*row) for row in session.execute(_CLAIM, values)]


def end(session: Session, lease: Lease, ended: Sequence[Ended]) -> None:
    """Write what became of documents that were not extended."""
    session.execute(
        _END,
        {
            "owner": lease.owner,
            **_keys([one.taken for one in ended]),
            "moments": [one.renew_by for one in ended],
            "reasons": [one.failed_reason for one in ended],
            "attempts": [one.attempts for one in ended],
        },
    )


def supersede(session: Session, lease: Lease, taken: Sequence[Taken], now: datetime) -> set[tuple[UUID, str]]:
    """End renditions that have a successor; return version and copy of those that were still ours."""
    empty = [None] * len(taken)
    values = {**_keys(taken), "moments": empty, "reasons": empty, "attempts": empty}
    return {(row[0], row[1]) for row in session.execute(_SUPERSEDE, {"owner": lease.owner, "now": now, **values})}


def insert(session: Session, rows: Sequence[Mapping[str, object]]) -> None:
    """Add the successors."""
    insert_rows(session, RenditionRow, rows)


def _keys(taken: Sequence[Taken]) -> dict[str, object]:
    return {
        "versions": [one.version_id for one in taken],
        "copies": [one.copy for one in taken],
        "generations": [one.generation for one in taken],
    }
