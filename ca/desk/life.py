"""Revoking, holding and releasing certificates: rows and events in the caller's transaction, which he commits.

A revocation is final; only its reason may change, once, to a compromise that was found later. A hold is lifted or becomes
a revocation. What was lifted stays as history. An authority's revision rises with every change, which makes its next list
due.
"""

from datetime import datetime
from uuid import uuid4

from sqlalchemy.orm import Session

from ca.desk.asking import whole_second
from ca.desk.certificate_events import record_event
from ca.desk.life_errors import (
    CeremonyWanted,
    CertificateExpired,
    CertificateNotHeld,
    CertificateRevoked,
    CertificateUnknown,
    KeyCompromised,
    RevocationRefused,
)
from ca.desk.told_revocations import HOLD, may_follow
from ca.models import CertificateRow, RevocationRow
from ca.reading.crl_reader import Reason
from ca.store import issued as rows
from ca.store import lists, revocations
from ca.writing.profiles import PROFILES
from ledger.actor import Actor
from ledger.events import EventKind
from ledger.log.promises import Promiser
from ledger.signing import KeyWrapper


class Life:
    """Ends certificates, and lets them live again after a hold."""

    def __init__(self, wrapper: KeyWrapper, promiser: Promiser) -> None:
        self._wrapper = wrapper
        self._promiser = promiser

    def revoke(
        self,
        session: Session,
        serial: int,
        reason: Reason,
        at: datetime,
        actor: Actor,
        now: datetime,
        invalidity_date: datetime | None,
    ) -> tuple[int, ...]:
        """Revoke a certificate, and all others of its key where others know the key; return their serial numbers."""
        named = rows.serial_text(serial)
        found = self._locked(session, named)
        row = found[named]
        _check_reason(row, reason)
        if invalidity_date is not None and invalidity_date > now:
            raise _refused(row, "失效起始时间在未来", "its invalidity date lies in the future")
        standing = revocations.standing(session, found)
        if (known := standing.get(named)) is not None and not may_follow(known.reason, reason):
            if (known.reason, known.invalidity_date) == (reason, invalidity_date and whole_second(invalidity_date)):
                return (serial,)
            raise CertificateRevoked(named)
        moment = _moment(session, row, at, now)
        affected = found.values() if reason in rows.COMPROMISES else [row]
        revoked = []
        for one in affected:
            if one.state == "issued" and may_follow(_reason(standing.get(one.serial_number)), reason):
                entry = _entry(one, reason, moment, actor, now, invalidity_date)
                self._revoke_one(session, one, standing.get(one.serial_number), entry, actor, now)
                revoked.append(one)
            elif one.state == "intended":
                one.state, one.abandoned_reason = "abandoned", KeyCompromised.code
        for one in sorted(revoked, key=lambda row: row.serial_number):
            rows.retire_authority(session, one.serial_number, reason)
        rows.raise_revision(session, {one.authority for one in revoked})
        return tuple(int(one.serial_number, 16) for one in revoked)

    def hold(self, session: Session, serial: int, at: datetime, actor: Actor, now: datetime) -> None:
        """Put a certificate on hold."""
        named = rows.serial_text(serial)
        row = self._locked(session, named)[named]
        if PROFILES[row.profile].is_ca:
            raise _refused(row, "证书认证机构不能暂停，只能吊销", "an authority is never put on hold, only revoked")
        known = revocations.standing(session, {named}).get(named)
        if known is not None:
            if known.reason == HOLD:
                return
            raise CertificateRevoked(named)
        if row.not_after < now:
            raise CertificateExpired(named)
        moment = _moment(session, row, at, now)
        session.add(_entry(row, HOLD, moment, actor, now, None))
        session.flush()
        self._record(session, EventKind.SUSPENDED, row, actor, now, since=_text(moment))
        rows.raise_revision(session, {row.authority})

    def release(self, session: Session, serial: int, actor: Actor, now: datetime) -> None:
        """Take a certificate off hold."""
        named = rows.serial_text(serial)
        row = self._locked(session, named)[named]
        known = revocations.standing(session, {named}).get(named)
        if known is None:
            raise CertificateNotHeld(named)
        if known.reason != HOLD:
            raise CertificateRevoked(named)
        _lift(known, actor, now)
        session.flush()
        self._record(session, EventKind.RESUMED, row, actor, now)
        rows.raise_revision(session, {row.authority})

    def _locked(self, session: Session, serial: str) -> dict[str, CertificateRow]:
        """Return, locked, the certificate and all others of its key; raises CertificateUnknown."""
        row = session.get(CertificateRow, serial)
        if row is None:
            raise CertificateUnknown(serial)
        rows.lock_key(session, row.key_digest)
        found = rows.lock_certificates(session, rows.serials_of_key(session, row.key_digest))
        if serial not in found or found[serial].state != "issued":
            raise CertificateUnknown(serial)
        return found

    def _revoke_one(
        self,
        session: Session,
        row: CertificateRow,
        known: RevocationRow | None,
        entry: RevocationRow,
        actor: Actor,
        now: datetime,
    ) -> None:
        if known is not None:
            # Nobody could rely on it meanwhile, so it does not become good again for the time of the hold; and what was
            # said in a list stays said.
            entry.revocation_date = min(known.revocation_date, entry.revocation_date)
            _lift(known, actor, now)
            session.flush()
        session.add(entry)
        session.flush()
        since = _text(entry.revocation_date)
        self._record(session, EventKind.REVOKED, row, actor, now, reason=entry.reason, since=since)

    def _record(
        self, session: Session, kind: EventKind, row: CertificateRow, actor: Actor, now: datetime, **detail: str
    ) -> None:
        record_event(session, self._wrapper, self._promiser, kind, row, actor, now, **detail)


def _check_reason(row: CertificateRow, reason: Reason) -> None:
    profile = PROFILES[row.profile]
    if profile.name == "root":
        # Its own list would have to be signed by the key that it revokes: trust lists drop it instead.
        raise CeremonyWanted(profile.name)
    if reason == HOLD:
        raise _refused(row, "暂停不是吊销，请办理暂停", "a hold is no revocation: put it on hold")
    # RFC 5280 section 5.3.1
    if reason == "aACompromise" or (reason == "cACompromise") != (profile.is_ca and reason in rows.COMPROMISES):
        raise _refused(row, f"原因 {reason} 不适用于此类证书", f"the reason {reason} is not for such a certificate")


def _reason(known: RevocationRow | None) -> str | None:
    return None if known is None else known.reason


def _moment(session: Session, row: CertificateRow, at: datetime, now: datetime) -> datetime:
    """Return from when on the certificate is revoked or held, as lists write it; raises RevocationRefused."""
    moment = whole_second(at)
    if at > now:
        raise _refused(row, "时间在未来", "its time lies in the future")
    if moment < row.not_before:
        raise _refused(row, "时间早于证书生效时间", "its time lies before the certificate's own")
    told = lists.last_update(session, row.authority)
    # RFC 5280 section 5.3.2: what a list has told the world stays true; when the trouble began is the invalidity date
    if at != now and told is not None and moment < told:
        raise _refused(
            row,
            "时间早于最近一次发布的吊销列表，较早的起因请填写失效起始时间",
            "its time lies before the last published list: an earlier cause goes into the invalidity date",
        )
    return moment


def _refused(row: CertificateRow, zh_reason: str, reason: str) -> RevocationRefused:
    return RevocationRefused(row.serial_number, zh_reason, reason)


def _entry(
    row: CertificateRow,
    reason: Reason,
    moment: datetime,
    actor: Actor,
    now: datetime,
    invalidity_date: datetime | None,
) -> RevocationRow:
    return RevocationRow(
        id=uuid4(),
        serial_number=row.serial_number,
        revocation_date=moment,
        reason=reason,
        invalidity_date=None if invalidity_date is None else whole_second(invalidity_date),
        recorded_at=now,
        recorded_by=actor.as_json(),
    )


def _lift(known: RevocationRow, actor: Actor, now: datetime) -> None:
    known.lifted_at, known.lifted_by = now, actor.as_json()


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
