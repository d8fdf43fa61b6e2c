"""Grants and standing authorisations go over to a seal's successor, where its application said so and was approved.

Never by themselves: who may use a seal was decided for that seal. They go over in the transaction of the delivery, so
that no system stands still meanwhile, and end when they would have ended. Each is an event of the new seal that names
what it continues; those of the old seal stay as they were, on a seal that is out of use. Whoever takes one of those
back takes back what continues it.
"""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from ledger.actor import Actor
from ledger.events import EventKind
from seals.life.seal_events import SealEvents
from seals.local_time import local_date
from seals.models import ApplicationRow, AuthorisationRow, GrantRow
from seals.store import carrying as rows


class Carrying:
    """Carries over what is in force. The caller holds the locks of both seals."""

    def __init__(self, events: SealEvents) -> None:
        self._events = events

    def carry(self, session: Session, application: ApplicationRow, actor: Actor, now: datetime) -> int:
        """Carry over to the application's seal what is in force on the one that it replaces; return how many.

        actor: who delivers the seal; the decision is that of the application's approver.
        """
        assert application.replaces is not None
        grants = rows.grants_in_force(session, application.replaces, now)
        leaves = rows.authorisations_in_force(session, application.replaces, now)
        counters = {row.id: self._grant(session, row, application, actor, now) for row in grants}
        counters |= {row.id: self._authorisation(session, row, application, actor, now) for row in leaves}
        rows.carry_counts(session, local_date(now), application.seal_id, counters)
        return len(counters)

    def _grant(
        self, session: Session, before: GrantRow, application: ApplicationRow, actor: Actor, now: datetime
    ) -> UUID:
        row = GrantRow(
            id=uuid4(),
            seal_id=application.seal_id,
            grantee=before.grantee,
            licence_type=before.licence_type,
            valid_from=max(now, before.valid_from),
            valid_until=before.valid_until,
            daily_limit=before.daily_limit,
            revoked_at=None,
            granted_by=application.decided_by,
            continues=before.id,
        )
        session.add(row)
        session.flush()
        self._events.record(
            session,
            EventKind.GRANTED,
            row.seal_id,
            actor,
            now,
            grant=str(row.id),
            grantee=row.grantee,
            licence_type=row.licence_type,
            daily_limit=row.daily_limit,
            continues=str(before.id),
            application=str(application.id),
        )
        return row.id

    def _authorisation(
        self, session: Session, before: AuthorisationRow, application: ApplicationRow, actor: Actor, now: datetime
    ) -> UUID:
        row = AuthorisationRow(
            id=uuid4(),
            seal_id=application.seal_id,
            system=before.system,
            licence_type=before.licence_type,
            opens_at=before.opens_at,
            closes_at=before.closes_at,
            daily_cap=before.daily_cap,
            valid_from=max(now, before.valid_from),
            valid_until=before.valid_until,
            grounds=before.grounds,
            state="approved",
            applied_by=application.applied_by,
            applied_at=application.applied_at,
            decided_by=application.decided_by,
            decided_at=application.decided_at,
            continues=before.id,
        )
        session.add(row)
        session.flush()
        self._events.record(
            session,
            EventKind.APPROVED,
            row.seal_id,
            actor,
            now,
            authorisation=str(row.id),
            system=row.system,
            licence_type=row.licence_type,
            hours=[row.opens_at, row.closes_at],
            daily_cap=row.daily_cap,
            valid_until=row.valid_until.isoformat(),
            continues=str(before.id),
            application=str(application.id),
        )
        return row.id
