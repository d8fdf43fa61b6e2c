"""The auditor's own look is an event too: one in every chain that was opened, one in the order's.

It is committed before anything is shown. It carries how many entries the chain had at which size of the log, so that
its promise, which the log's key signs, is our word on the chain's completeness.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy.orm import Session

from ledger import entries
from ledger.actor import Actor
from ledger.event_kinds import EventKind
from ledger.events import Event, new_event_id, record_many
from ledger.formats.canonical import JSON
from ledger.log.promises import Promiser
from ledger.provenance.orders import AuditOrder
from ledger.provenance.provenance import Chain
from ledger.provenance.reading import Trace
from ledger.signing import KeyWrapper
from ledger.subject_keys import SubjectKeys
from ledger.subjects import open_subject

Shown = Literal["places", "units", "events"]
"""What was shown: where and when, the units that relied on it too, or everything."""


@dataclass(frozen=True, slots=True)
class Look:
    """A recorded look into one chain: the event with its salt, as it opens, and the log's promise."""

    subject: UUID
    body: bytes
    body_salt: bytes
    promise: str


def record_looks(
    session: Session,
    wrapper: KeyWrapper,
    promiser: Promiser,
    trace: Trace,
    *,
    asked: str,
    shown: Shown,
    order: AuditOrder | None,
    actor: Actor,
    now: datetime,
) -> Mapping[UUID, Look]:
    """Record that the chains of a trace were looked at, in the caller's transaction; return the looks by subject.

    `asked`: the kind of the question. The chain of an erased subject takes no more events: its key is gone.
    """
    items: list[tuple[Event, SubjectKeys]] = [
        (_event(chain.subject, _told(chain, asked, shown, order), actor, now), trace.keys[chain.subject])
        for chain in trace.chains
        if chain.subject in trace.keys
    ]
    looks = len(items)
    if order is not None and order.id not in trace.keys:
        told: dict[str, JSON] = {"scope": asked, "chains": len(trace.chains), "events": trace.events, "shown": shown}
        items.append((_event(order.id, told, actor, now), open_subject(session, wrapper, order.id)))
    promises = record_many(session, items, promiser)
    return {
        event.subject: Look(event.subject, event.body(), entries.body_salt(keys.salt, event.id), promise.text)
        for (event, keys), promise in zip(items[:looks], promises[:looks], strict=True)
    }


def _told(chain: Chain, asked: str, shown: Shown, order: AuditOrder | None) -> dict[str, JSON]:
    told: dict[str, JSON] = {"scope": asked, "shown": shown}
    if chain.whole:
        told |= {"entries": chain.completeness.entries, "size": chain.completeness.size}
    if order is not None:
        told["order"] = order.number
    return told


def _event(subject: UUID, detail: Mapping[str, JSON], actor: Actor, now: datetime) -> Event:
    return Event(new_event_id(now), EventKind.AUDIT_OPENED, subject, actor, now, purpose="audit", detail=detail)


def record_refusal(
    session: Session,
    wrapper: KeyWrapper,
    promiser: Promiser,
    order: AuditOrder,
    asked: str,
    actor: Actor,
    now: datetime,
) -> None:
    """Record that somebody tried to open by an order what it does not open, in the caller's transaction."""
    told: dict[str, JSON] = {"order": order.number, "scope": asked}
    event = Event(new_event_id(now), EventKind.REFUSED, order.id, actor, now, purpose="audit", detail=told)
    record_many(session, [(event, open_subject(session, wrapper, order.id))], promiser)
