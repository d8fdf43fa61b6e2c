"""What a check of all stored documents reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

Place = tuple[UUID, str, str, int]
"""Where a document stands in the order in which all are read: version, kind, copy, generation."""
FIRST: Final[Place] = (UUID(int=0), "", "", 0)

_DOCUMENTS: Final = text("""
    SELECT r.version_id, r.kind, r.copy, r.generation, r.digest, r.sha256, r.object_key, v.licence_id, v.identifier,
           CASE r.kind WHEN 'pdf' THEN v.pdf_digest WHEN 'json' THEN v.json_digest END AS expected,
           r.kind IN ('json', 'pdf') AND r.copy = 'original' AND v.version = 1 AS logged,
           e.id AS event, e.body
      FROM licences.renditions r
      JOIN licences.versions v ON v.id = r.version_id
      LEFT JOIN LATERAL (SELECT id, body FROM ledger.events
                          WHERE subject_id = v.licence_id AND kind = 'issued' ORDER BY ordinal LIMIT 1) e ON true
     WHERE (r.version_id, r.kind, r.copy, r.generation) > (:version, :kind, :copy, :generation)
     ORDER BY r.version_id, r.kind, r.copy, r.generation
     LIMIT :limit
""")
_KNOWN: Final = text("SELECT object_key FROM licences.renditions WHERE object_key = ANY(:keys)")


@dataclass(frozen=True, slots=True)
class CheckedDocument:
    """A rendition beside its version and the event by which its licence was issued.

    expected: the digest that the version names, None for kinds of which it names none; logged: whether the issued event
    must name it; event and body: that event, its body encrypted, None where there is none.
    """

    place: Place
    digest: str
    sha256: str
    object_key: str
    licence_id: UUID
    identifier: str
    expected: str | None
    logged: bool
    event: str | None
    body: bytes | None


def documents_after(session: Session, place: Place, limit: int) -> list[CheckedDocument]:
    """Return the documents that come next."""
    version, kind, copy, generation = place
    rows = session.execute(
        _DOCUMENTS, {"version": version, "kind": kind, "copy": copy, "generation": generation, "limit": limit}
    )
    return [
        CheckedDocument(
            (row.version_id, row.kind, row.copy, row.generation),
            row.digest,
            row.sha256,
            row.object_key,
            row.licence_id,
            row.identifier,
            row.expected,
            row.logged,
            row.event,
            row.body,
        )
        for row in rows
    ]


def known_objects(session: Session, keys: Sequence[str]) -> set[str]:
    """Return those of the keys that a document lies under."""
    return set(session.scalars(_KNOWN, {"keys": list(keys)}))
