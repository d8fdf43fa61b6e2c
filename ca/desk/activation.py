"""The last step of issuing a certificate: looked at again under lock, kept, and told to the ledger, in one transaction."""

from datetime import datetime

from sqlalchemy.orm import Session

from ca.desk.certificate_events import actor_of, record_event
from ca.desk.intents import Intent, refused
from ca.desk.life_errors import AuthorityNotIssuing, CertificateExpired, KeyCompromised, RequestAbandoned
from ca.errors import CAError
from ca.models import CertificateRow
from ca.store import issued as rows
from ca.store import revocations
from ledger.actor import Actor
from ledger.events import EventKind
from ledger.log.promises import Promiser
from ledger.signing import KeyWrapper


class Activator:
    """Puts signed certificates in force."""

    def __init__(self, wrapper: KeyWrapper, promiser: Promiser) -> None:
        self._wrapper = wrapper
        self._promiser = promiser

    def activate(self, session: Session, intent: Intent, der: bytes, now: datetime) -> bytes | CAError:
        """Keep a signed certificate and return it, or the one that another kept before us, or why it was given up.

        In the caller's transaction, which he commits whatever comes back.
        """
        row, replaced = self._locked(session, intent)
        if row.der is not None:
            return row.der
        if row.abandoned_reason is not None:
            return RequestAbandoned(str(row.request_id), row.abandoned_reason)
        if (refusal := _refusal(session, row, replaced, now)) is not None:
            return _abandon(row, refusal)
        row.state, row.der, row.issued_at = "issued", der, now
        session.flush()
        actor = actor_of(row.asked_by)
        self._record(session, EventKind.ISSUED, row, actor, now)
        if replaced is not None:
            kind = EventKind.RENEWED if replaced.key_digest == row.key_digest else EventKind.REPLACED
            self._record(session, kind, replaced, actor, now, successor=row.serial_number)
        return der

    def give_up(self, session: Session, intent: Intent, refusal: CAError) -> bytes | CAError:
        """Give up an intent that cannot be signed, unless another has issued it meanwhile."""
        row, _ = self._locked(session, intent)
        return row.der if row.der is not None else _abandon(row, refusal)

    def _locked(self, session: Session, intent: Intent) -> tuple[CertificateRow, CertificateRow | None]:
        row = session.get_one(CertificateRow, intent.serial)
        rows.lock_key(session, row.key_digest)
        found = rows.lock_certificates(session, {serial for serial in (row.serial_number, row.replaces) if serial})
        return found[intent.serial], None if row.replaces is None else found[row.replaces]

    def _record(
        self, session: Session, kind: EventKind, row: CertificateRow, actor: Actor, now: datetime, **detail: str
    ) -> None:
        record_event(session, self._wrapper, self._promiser, kind, row, actor, now, **detail)


def _refusal(session: Session, row: CertificateRow, replaced: CertificateRow | None, now: datetime) -> CAError | None:
    """Look again at all that may have changed since the intent was written."""
    authority = rows.lock_authority(session, row.authority, shared=True)
    assert authority is not None
    if authority.state == "ended":
        return AuthorityNotIssuing(authority.id, authority.state)
    if revocations.standing(session, {authority.serial_number}):
        # It still says what it has revoked, and what it would issue now would be born dead
        return AuthorityNotIssuing(authority.id, "revoked")
    if rows.is_compromised(session, row.key_digest):
        return KeyCompromised()
    if row.not_after <= now:
        return CertificateExpired(row.serial_number)
    return None if replaced is None else refused(session, replaced, row.requested_at)


def _abandon(row: CertificateRow, refusal: CAError) -> CAError:
    if row.abandoned_reason is None:
        row.state, row.abandoned_reason = "abandoned", refusal.code
    return refusal
