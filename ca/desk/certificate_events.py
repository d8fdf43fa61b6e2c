"""What happens to certificates, as the ledger is told."""

import hashlib
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from sqlalchemy.orm import Session

from ca.models import CertificateRow
from ledger.actor import Actor, Uscc
from ledger.events import Event, EventKind, new_event_id, record
from ledger.log.promises import Promiser
from ledger.signing import KeyWrapper
from ledger.subjects import create_subject, open_subject

SUBJECT_KIND: Final = "certificate"


def record_event(
    session: Session,
    wrapper: KeyWrapper,
    promiser: Promiser,
    kind: EventKind,
    row: CertificateRow,
    actor: Actor,
    now: datetime,
    **detail: str,
) -> None:
    """Record what happened to an issued certificate, in the caller's transaction."""
    if row.subject_id is None:
        # The first release told the ledger nothing of certificates: its chain of events begins before this one.
        row.subject_id = uuid4()
        _, keys = create_subject(session, wrapper, SUBJECT_KIND, row.subject_id)
        record(session, _event(EventKind.ISSUED, row, actor_of(row.asked_by), now), keys, promiser)
    else:
        keys = open_subject(session, wrapper, row.subject_id)
    record(session, _event(kind, row, actor, now, **detail), keys, promiser)


def _event(kind: EventKind, row: CertificateRow, actor: Actor, now: datetime, **detail: str) -> Event:
    assert row.subject_id is not None
    assert row.der is not None
    return Event(
        id=new_event_id(now),
        kind=kind,
        subject=row.subject_id,
        actor=actor,
        at=now,
        document=f"sha-256:{hashlib.sha256(row.der).hexdigest()}",
        detail={"serial": row.serial_number, "authority": row.authority, "profile": row.profile, **detail},
    )


def actor_of(members: dict[str, Any]) -> Actor:
    """Return who asked, as a row keeps him: to finish his act does not make it somebody else's."""
    operator, behalf = members["operator_unit"], members["on_behalf_of"]
    return Actor(
        kind=members["kind"],
        id=members["id"],
        operator_unit=None if operator is None else Uscc(operator),
        on_behalf_of=None if behalf is None else Uscc(behalf),
    )
