"""Subjects and their wrapped keys."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Uuid, any_, literal, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from ledger.models import SubjectRow
from ledger.signing import WrappedKey


@dataclass(frozen=True, slots=True)
class Subject:
    """Whatever has a chain of events: its id and what it is ("licence", "seal", "certificate", "administration")."""

    id: UUID
    kind: str


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A subject's key as it lies in its row; None after erasure."""

    subject: UUID
    key: WrappedKey | None


_INSERT_SUBJECTS = text("""
    INSERT INTO ledger.subjects (id, kind, key_algorithm, kek_id, key_ciphertext)
    SELECT id, :kind, algorithm, kek_id, ciphertext
      FROM unnest(CAST(:ids AS uuid[]), CAST(:algorithms AS text[]), CAST(:kek_ids AS text[]),
                  CAST(:ciphertexts AS bytea[])) AS given (id, algorithm, kek_id, ciphertext)
""")


def insert_subjects(session: Session, kind: str, keys: Sequence[tuple[UUID, WrappedKey]]) -> None:
    """Add subjects of one kind with their wrapped keys."""
    session.execute(
        _INSERT_SUBJECTS,
        {
            "kind": kind,
            "ids": [subject for subject, _ in keys],
            "algorithms": [key.algorithm for _, key in keys],
            "kek_ids": [key.kek_id for _, key in keys],
            "ciphertexts": [key.ciphertext for _, key in keys],
        },
    )


def subject_keys(session: Session, subjects: Collection[UUID]) -> list[StoredKey]:
    """Return the keys of those subjects that exist."""
    rows = session.execute(
        select(SubjectRow.id, SubjectRow.key_algorithm, SubjectRow.kek_id, SubjectRow.key_ciphertext).where(
            SubjectRow.id == any_(literal(list(subjects), ARRAY(Uuid)))
        )
    )
    return [
        StoredKey(row.id, row.key_ciphertext and WrappedKey(row.key_algorithm, row.kek_id, row.key_ciphertext))
        for row in rows
    ]


def erase_subject_key(session: Session, subject: UUID, tag_key: bytes, now: datetime) -> None:
    """Destroy a subject's key and keep its tag key."""
    session.execute(
        update(SubjectRow).where(SubjectRow.id == subject).values(key_ciphertext=None, erased_at=now, tag_key=tag_key)
    )


def lock_subject(session: Session, subject: UUID) -> None:
    """Keep events of this subject from being recorded until the transaction ends."""
    session.execute(select(SubjectRow.id).where(SubjectRow.id == subject).with_for_update())
