"""Revocations that a list of ours tells of and the register does not know: of a ceremony, or from before a restore.

What the world was told stays true, so it is entered as it stands in the list. Nobody here commits.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final
from uuid import uuid4

from sqlalchemy.orm import Session

from ca.desk.certificate_events import record_event
from ca.desk.life_errors import CertificateRevoked
from ca.models import CertificateRow, LostRevocationRow, RevocationRow
from ca.reading.crl_reader import Reason, Revoked
from ca.store import revocations
from ca.store.issued import COMPROMISES, lock_certificates, retire_authority, serial_text
from ledger.actor import Actor
from ledger.events import EventKind
from ledger.log.promises import Promiser
from ledger.signing import KeyWrapper

HOLD: Final[Reason] = "certificateHold"
_AT_ONCE: Final = 5_000
"""Parameters of one query; PostgreSQL takes 65,535."""


@dataclass(frozen=True, slots=True)
class Recorder:
    """Who enters it, and what signs and seals the events of it."""

    wrapper: KeyWrapper
    promiser: Promiser
    actor: Actor


@dataclass(frozen=True, slots=True)
class Entered:
    """Serial numbers, as text, that are revoked or on hold since; lost: those of which there is no certificate any more."""

    revoked: tuple[str, ...]
    lost: tuple[str, ...]

    @property
    def any(self) -> bool:
        """Whether there was anything new."""
        return bool(self.revoked or self.lost)


def may_follow(known: Reason | str | None, reason: Reason | str) -> bool:
    """Tell whether a revocation may be entered beside what is known: revoked is final, but for a worse reason."""
    if known is None:
        return True
    if known == HOLD:
        return reason != HOLD
    return reason in COMPROMISES and known not in COMPROMISES


def enter_told(
    session: Session, authority: str, entries: Mapping[int, Revoked], recorder: Recorder, now: datetime
) -> Entered:
    """Enter what a list of an authority tells and the register does not know.

    Certificates are locked first, by serial number, as everybody does who locks several.
    """
    told = {serial_text(serial): entry for serial, entry in sorted(entries.items())}
    revoked: list[str] = []
    lost: list[str] = []
    for part in _parts(list(told)):
        rows = lock_certificates(session, part)
        standing = revocations.standing(session, part)
        for serial in part:
            row = rows.get(serial)
            if row is not None and row.authority != authority:
                row = None  # RFC 5280 section 5.2.5: who issued it says so, and nobody else
            if row is not None and row.state == "issued":
                if _enter(session, row, standing.get(serial), told[serial], recorder, now):
                    revoked.append(serial)
                continue
            if row is not None and row.state == "intended":
                # Issued and revoked after the backup: it must not be issued a second time, good.
                row.state, row.abandoned_reason = "abandoned", CertificateRevoked.code
            lost.append(serial)
    return Entered(tuple(revoked), _enter_lost(session, authority, {one: told[one] for one in lost}, recorder, now))


def _enter(
    session: Session,
    row: CertificateRow,
    known: RevocationRow | None,
    entry: Revoked,
    recorder: Recorder,
    now: datetime,
) -> bool:
    reason = entry.reason or "unspecified"
    if not may_follow(None if known is None else known.reason, reason):
        return False
    if known is not None:
        known.lifted_at, known.lifted_by = now, recorder.actor.as_json()
        session.flush()
    session.add(
        RevocationRow(
            id=uuid4(),
            serial_number=row.serial_number,
            revocation_date=entry.at,
            reason=reason,
            invalidity_date=entry.invalidity_date,
            recorded_at=now,
            recorded_by=recorder.actor.as_json(),
        )
    )
    session.flush()
    if reason != HOLD:
        retire_authority(session, row.serial_number, reason)
    kind = EventKind.SUSPENDED if reason == HOLD else EventKind.REVOKED
    record_event(session, recorder.wrapper, recorder.promiser, kind, row, recorder.actor, now, reason=reason)
    return True


def _enter_lost(
    session: Session, authority: str, told: Mapping[str, Revoked], recorder: Recorder, now: datetime
) -> tuple[str, ...]:
    """Keep revocations of certificates that are not in the register; there is no subject to tell the ledger of."""
    if not told:
        return ()
    known = revocations.lost(session, authority)
    new = []
    for serial, entry in told.items():
        reason, row = entry.reason or "unspecified", known.get(serial)
        if not may_follow(None if row is None else row.reason, reason):
            continue
        if row is None:
            row = LostRevocationRow(authority=authority, serial_number=serial)
            session.add(row)
        row.revocation_date, row.reason, row.invalidity_date = entry.at, reason, entry.invalidity_date
        row.recorded_at, row.recorded_by = now, recorder.actor.as_json()
        new.append(serial)
    session.flush()
    return tuple(new)


def _parts(serials: Sequence[str]) -> Iterator[list[str]]:
    left = iter(serials)
    while part := list(islice(left, _AT_ONCE)):
        yield part
