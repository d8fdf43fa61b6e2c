"""Subjects and their keys: made, opened, erased."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from ledger import store
from ledger.envelope import KEY_SIZE
from ledger.errors import LedgerError
from ledger.signing import KeyWrapper
from ledger.store import Subject
from ledger.subject_keys import SubjectKeys

__all__ = [
    "Subject",
    "SubjectErased",
    "SubjectKeys",
    "SubjectPending",
    "SubjectUnknown",
    "create_subject",
    "create_subjects",
    "erase_subject",
    "open_subject",
    "open_subjects",
    "refuse_closed",
]

_CONTEXT = b"elicence/subject/v1\n"


@dataclass(eq=False)
class SubjectUnknown(LedgerError):
    """There is no such subject."""

    code = "ledger.subject_unknown"
    zh = "账本中没有主体 {subject}"
    en = "the ledger knows no subject {subject}"

    subject: UUID


@dataclass(eq=False)
class SubjectErased(LedgerError):
    """The subject's key was destroyed; what it opened cannot be opened again."""

    code = "ledger.subject_erased"
    zh = "主体 {subject} 的数据已依法删除"
    en = "the data of subject {subject} was erased"

    subject: UUID


@dataclass(eq=False)
class SubjectPending(LedgerError):
    """The subject has events that do not stand in the log yet, so its key is still needed."""

    code = "ledger.subject_pending"
    zh = "主体 {subject} 尚有事件未写入账本，请稍后再删除"
    en = "subject {subject} has events that are not in the log yet; erase it later"

    subject: UUID


def create_subject(
    session: Session, wrapper: KeyWrapper, kind: str, subject_id: UUID | None = None
) -> tuple[Subject, SubjectKeys]:
    """Add a subject with a fresh key; `kind`: "licence", "seal", "certificate" or "administration"."""
    subject = Subject(subject_id or uuid4(), kind)
    return subject, create_subjects(session, wrapper, kind, [subject.id])[subject.id]


def create_subjects(session: Session, wrapper: KeyWrapper, kind: str, ids: Collection[UUID]) -> dict[UUID, SubjectKeys]:
    """Add many subjects of one kind, each with a fresh key."""
    keys = {subject: secrets.token_bytes(KEY_SIZE) for subject in ids}
    store.insert_subjects(
        session, kind, [(subject, wrapper.wrap(key, _context(subject))) for subject, key in keys.items()]
    )
    return {subject: SubjectKeys.derive(key) for subject, key in keys.items()}


def open_subject(session: Session, wrapper: KeyWrapper, subject_id: UUID) -> SubjectKeys:
    """Return the keys of a subject; raises SubjectUnknown, SubjectErased and what the wrapper raises."""
    return open_subjects(session, wrapper, [subject_id])[subject_id]


def open_subjects(session: Session, wrapper: KeyWrapper, ids: Collection[UUID]) -> dict[UUID, SubjectKeys]:
    """Return the keys of many subjects; raises SubjectUnknown, SubjectErased and what the wrapper raises."""
    found = {stored.subject: stored.key for stored in store.subject_keys(session, ids)}
    keys = {}
    for subject in ids:
        if subject not in found:
            raise SubjectUnknown(subject)
        wrapped = found[subject]
        if wrapped is None:
            raise SubjectErased(subject)
        keys[subject] = SubjectKeys.derive(wrapper.unwrap(wrapped, _context(subject)))
    return keys


def refuse_closed(session: Session, ids: Collection[UUID]) -> None:
    """Say which of these subjects takes no events; raises SubjectUnknown or SubjectErased."""
    living = {stored.subject: stored.key is not None for stored in store.subject_keys(session, ids)}
    for subject in ids:
        if not living.get(subject):
            raise SubjectErased(subject) if subject in living else SubjectUnknown(subject)


def erase_subject(session: Session, wrapper: KeyWrapper, subject_id: UUID, now: datetime) -> None:
    """Destroy a subject's key: what lies under it cannot be read again, and every proof about it still holds.

    Whoever may do so has recorded the erasure before, and that event must stand in the log: its link needs the key.
    Whoever is recording is waited for; whoever comes later is refused. Raises SubjectUnknown, SubjectErased and SubjectPending.
    """
    store.lock_subject(session, subject_id)
    keys = open_subject(session, wrapper, subject_id)
    if store.has_pending(session, subject_id):
        raise SubjectPending(subject_id)
    store.erase_subject_key(session, subject_id, keys.tag, now)


def _context(subject: UUID) -> bytes:
    return _CONTEXT + subject.bytes
