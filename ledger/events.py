"""Events: what happened to a subject, recorded in the caller's own transaction."""

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from ledger import entries, envelope, store, subjects
from ledger.actor import Actor
from ledger.errors import LedgerError
from ledger.event_kinds import EventKind
from ledger.formats import base64_text, canonical
from ledger.formats.canonical import JSON
from ledger.log.promises import Promise, Promiser
from ledger.subject_keys import SubjectKeys

__all__ = ["VERSION", "Event", "EventInvalid", "EventKind", "new_event_id", "record", "record_many", "written"]

VERSION = "elicence/event/v1"
TAG_KEY_DIGEST = "tag_key_sha256"
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [first + second for first in _CROCKFORD for second in _CROCKFORD]
_ID = re.compile(f"evt_[0-7][{_CROCKFORD}]{{25}}", re.ASCII)
_DOCUMENT = re.compile(r"sha-256:[0-9a-f]{64}", re.ASCII)


@dataclass(eq=False)
class EventInvalid(LedgerError):
    """That cannot be recorded as an event; `member` is what is wrong with it."""

    code = "ledger.event_invalid"
    zh = "事件的 {member} 不合规"
    en = "the {member} of the event is not valid"

    member: str


@dataclass(frozen=True, slots=True)
class Event:
    """What happened, to whom, by whom and when.

    `id`: from `new_event_id`; `at`: the exact time, aware; `document`: "sha-256:<hex>" of the document; `purpose`,
    `item` and `case`: what a use was for; `detail`: canonical JSON, what else this kind of event tells. Raises
    EventInvalid.
    """

    id: str
    kind: EventKind
    subject: UUID
    actor: Actor
    at: datetime
    document: str | None = None
    purpose: str | None = None
    item: str | None = None
    case: str | None = None
    detail: Mapping[str, JSON] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if _ID.fullmatch(self.id) is None:
            raise EventInvalid("id")
        if self.at.utcoffset() is None:
            raise EventInvalid("at")
        if self.document is not None and _DOCUMENT.fullmatch(self.document) is None:
            raise EventInvalid("document")

    def body(self) -> bytes:
        """Return the event as canonical JSON, members that are absent left out; raises NotCanonical.

        Source: RFC 8785.
        """
        members: dict[str, JSON] = {
            "v": VERSION,
            "id": self.id,
            "kind": self.kind.value,
            "subject": str(self.subject),
            "actor": self.actor.as_json(),
            "at": written(self.at),
            "document": self.document,
            "purpose": self.purpose,
            "item": self.item,
            "case": self.case,
            "detail": dict(self.detail) or None,
        }
        return canonical.dumps({name: value for name, value in members.items() if value is not None})


def written(at: datetime) -> str:
    """Return a time as bodies have it: UTC, to the microsecond."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def new_event_id(at: datetime) -> str:
    """Return a fresh id: "evt_" and 26 characters that sort by time, to the millisecond, 80 bits of them random."""
    number = int(at.timestamp() * 1000) << 80 | secrets.randbits(80)
    return "evt_" + "".join([_PAIRS[number >> shift & 1023] for shift in range(120, -1, -10)])


def record(session: Session, event: Event, keys: SubjectKeys, promiser: Promiser) -> Promise:
    """Record an event of the subject whose keys these are, in the caller's transaction; never commits.

    Nothing that the caller commits can be lost: the row waits, by its state, until the sequencer gives it its place,
    and nobody erases the subject meanwhile. Raises NotCanonical, EventInvalid, SubjectUnknown and SubjectErased, that
    however old the keys are.
    """
    return record_many(session, [(event, keys)], promiser)[0]


def record_many(session: Session, items: Sequence[tuple[Event, SubjectKeys]], promiser: Promiser) -> list[Promise]:
    """Record many events in the caller's transaction, in this order, or none; never commits. Raises as `record`."""
    rows, promises = [], []
    for event, keys in items:
        body = _with_tag_key(event, keys).body()
        digest = entries.body_digest(entries.body_salt(keys.salt, event.id), body)
        promise = promiser.promise(event.id, digest, event.at)
        rows.append(
            store.StoredEvent(
                id=event.id,
                subject=event.subject,
                kind=event.kind,
                recorded_at=event.at,
                deadline=promise.deadline,
                body=envelope.encrypt(keys.event, body, event.id.encode()),
                body_digest=digest,
            )
        )
        promises.append(promise)
    if rows and not store.insert_events(session, rows):
        subjects.refuse_closed(session, {row.subject for row in rows})
    return promises


def _with_tag_key(event: Event, keys: SubjectKeys) -> Event:
    """Bind the issued event to the subject's tag key, so that a licence cannot have a second, shorter history."""
    if event.kind is not EventKind.ISSUED:
        return event
    digest = base64_text.encode(keys.tag_digest)
    if event.detail.get(TAG_KEY_DIGEST, digest) != digest:
        raise EventInvalid(f"detail.{TAG_KEY_DIGEST}")
    return replace(event, detail={**event.detail, TAG_KEY_DIGEST: digest})
