"""Queries on intents: taken by one worker at a time, and ended once."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text
from sqlalchemy.orm import Session

from licences.leases import Lease
from licences.models import HolderRow, LicenceRow, RenditionRow, StatusRow, VersionRow
from seals.life.bulk import insert_rows

_INTENT_COLUMNS = """
    v.id, v.licence_id, v.identifier, l.serial, v.version, v.status_index, v.payload, v.seal_use_id, v.attempts,
    v.actor, u.seal_id, u.grant_id, u.authorisation_id
"""

# A lease is void when it has ended, or when its owner's sign of life is gone (`leases.py`).
_CLAIM = text(f"""
    WITH alive AS (
        SELECT ((classid::bigint << 32) + objid::bigint)::text AS owner
          FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
    ), taken AS (
        SELECT id FROM licences.versions
         WHERE stage = 'intent'
           AND (CAST(:only AS uuid[]) IS NULL OR id = ANY(CAST(:only AS uuid[])))
           AND (lease_owner IS NULL OR lease_until < :now OR lease_owner NOT IN (SELECT owner FROM alive))
         ORDER BY created_at, id LIMIT :limit FOR UPDATE SKIP LOCKED
    )
    UPDATE licences.versions v SET lease_owner = :owner, lease_until = :until, attempts = v.attempts + 1
      FROM taken, licences.licences l, seals.uses u
     WHERE v.id = taken.id AND l.id = v.licence_id AND u.id = v.seal_use_id
    RETURNING {_INTENT_COLUMNS}
""")  # noqa: S608 - a constant of this file

# Attempts count workers that died: an attempt that is taken back is none.
_RELEASE = text("""
    UPDATE licences.versions SET lease_owner = NULL, lease_until = NULL, attempts = attempts - :taken_back
     WHERE id = ANY(CAST(:ids AS uuid[])) AND stage = 'intent' AND lease_owner = :owner
""")

_FAIL = text("""
    UPDATE licences.versions v
       SET stage = 'failed', failed_reason = given.reason, lease_owner = NULL, lease_until = NULL
      FROM unnest(CAST(:ids AS uuid[]), CAST(:uses AS uuid[]), CAST(:reasons AS text[])) AS given (id, use_id, reason)
     WHERE v.id = given.id AND v.seal_use_id = given.use_id AND v.stage = 'intent'
    RETURNING v.id
""")

# Only one of two that produced the same intent comes through here, and none whose intent was replaced meanwhile.
_ACTIVATE = text("""
    UPDATE licences.versions v
       SET stage = 'active', json_digest = given.json_digest, pdf_digest = given.pdf_digest, activated_at = :now,
           lease_owner = NULL, lease_until = NULL
      FROM unnest(CAST(:ids AS uuid[]), CAST(:uses AS uuid[]), CAST(:jsons AS text[]), CAST(:pdfs AS text[]))
           AS given (id, use_id, json_digest, pdf_digest)
     WHERE v.id = given.id AND v.seal_use_id = given.use_id AND v.stage = 'intent'
    RETURNING v.id
""")

_REPLACE = text("""
    UPDATE licences.versions
       SET stage = 'intent', failed_reason = NULL, attempts = 1, type_version = :type_version,
           source_system = :source_system, business_index = :business_index, content_index = :content_index,
           payload = :payload, issue_date = :issue_date, valid_from = :valid_from, valid_until = :valid_until,
           code_digest = :code_digest, seal_use_id = :seal_use_id, actor = CAST(:actor AS jsonb),
           lease_owner = :lease_owner, lease_until = :lease_until, created_at = :created_at
     WHERE id = :id AND stage = 'failed'
""")


def insert_licences(session: Session, rows: Sequence[Mapping[str, object]]) -> None:
    """Add licences."""
    insert_rows(session, LicenceRow, rows)


def insert_versions(session: Session, rows: Sequence[Mapping[str, object]]) -> set[object]:
    """Add versions and return the ids of those whose status index was free; the others are not added."""
    inserted = insert_rows(session, VersionRow, rows, "ON CONFLICT (status_index) DO NOTHING RETURNING id")
    return {row[0] for row in inserted}


def insert_parts(
    session: Session,
    holders: Sequence[Mapping[str, object]],
    renditions: Sequence[Mapping[str, object]],
    statuses: Sequence[Mapping[str, object]],
) -> None:
    """Add what versions have once they are in force."""
    insert_rows(session, HolderRow, holders)
    insert_rows(session, RenditionRow, renditions)
    insert_rows(session, StatusRow, statuses)


def claim(
    session: Session, lease: Lease, now: datetime, limit: int, only: Sequence[UUID] | None = None
) -> list[Row[Any]]:
    """Take intents that nobody alive has in hand, and return their rows."""
    return list(
        session.execute(
            _CLAIM,
            {
                "only": None if only is None else list(only),
                "owner": lease.owner,
                "until": lease.until,
                "now": now,
                "limit": limit,
            },
        )
    )


def release(session: Session, lease: Lease, versions: Sequence[UUID], *, counts: bool) -> None:
    """Give back what was taken, for anybody to finish. counts: it was an attempt."""
    session.execute(_RELEASE, {"ids": list(versions), "owner": lease.owner, "taken_back": 0 if counts else 1})


def fail(session: Session, failures: Sequence[tuple[UUID, UUID, str]]) -> set[UUID]:
    """Mark intents as failed: version, its seal use, and the reason. Return those that were still intents."""
    rows = session.execute(
        _FAIL,
        {
            "ids": [version for version, _, _ in failures],
            "uses": [use for _, use, _ in failures],
            "reasons": [reason for _, _, reason in failures],
        },
    )
    return {row.id for row in rows}


def activate(session: Session, documents: Sequence[tuple[UUID, UUID, str, str]], now: datetime) -> set[UUID]:
    """Put versions in force: version, its seal use, digest of the JSON, digest of the PDF. Return those that were."""
    rows = session.execute(
        _ACTIVATE,
        {
            "ids": [version for version, _, _, _ in documents],
            "uses": [use for _, use, _, _ in documents],
            "jsons": [json for _, _, json, _ in documents],
            "pdfs": [pdf for _, _, _, pdf in documents],
            "now": now,
        },
    )
    return {row.id for row in rows}


def active_among(session: Session, versions: Sequence[UUID]) -> set[UUID]:
    """Return those of the versions that are in force."""
    query = select(VersionRow.id).where(VersionRow.id.in_(versions), VersionRow.stage == "active")
    return set(session.scalars(query))


def replace_failed(session: Session, values: Mapping[str, object]) -> None:
    """Put new content into a failed version, which becomes an intent again."""
    session.execute(_REPLACE, values)
