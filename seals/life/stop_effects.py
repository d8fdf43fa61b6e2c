"""What a stop says of earlier seals reaches every verifier through the certificate, by whom it was issued here.

A cancelled seal's certificate is revoked, with the day of a compromise as invalidity date; one under suspicion is held,
and released when the seal is resumed. Stops are committed first and block the next use at once; this follows within
seconds, and finds by itself what a crash left undone. Certificates of other authorities are theirs to revoke.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from ca.desk.asking import CERTIFICATE_OFFICER
from ca.desk.issuance import CertificateDesk
from ca.desk.life_errors import DeskRefused
from ca.models import RevocationRow
from ca.reading.certificate_reader import read_certificate
from ca.store import certificate_by_serial, serial_text, standing
from ledger.actor import Actor
from seals.life.stops import RULES, Effect
from seals.models import SealRow, StopRow

ACTOR: Final = Actor(
    kind="system",
    id="seal-stops",
    operator_unit=None,
    on_behalf_of=None,
    roles=frozenset({CERTIFICATE_OFFICER}),
)
_COMPROMISE: Final = "keyCompromise"


@dataclass(frozen=True, slots=True)
class DueEffect:
    """What is to be done to a certificate of ours. reason, invalid_from: of a revocation."""

    serial: int
    act: Literal["revoke", "hold", "release"]
    reason: Literal["keyCompromise", "affiliationChanged", "superseded", "cessationOfOperation"] | None = None
    invalid_from: datetime | None = None


def due_effects(session: Session) -> list[DueEffect]:
    """Return what the stops of seals ask of their certificates, and was not done yet."""
    query = (
        select(SealRow, StopRow)
        .outerjoin(StopRow, (StopRow.seal_id == SealRow.id) & StopRow.resumed_at.is_(None))
        .order_by(SealRow.code, SealRow.generation)
    )
    found = [(serial, stop) for seal, stop in session.execute(query) for serial in _own_serials(session, seal)]
    known = standing(session, [serial_text(serial) for serial, _ in found])
    effects = (_effect(serial, stop, known.get(serial_text(serial))) for serial, stop in found)
    return [effect for effect in effects if effect is not None]


def apply_effects(sessions: Callable[[], AbstractContextManager[Session]], desk: CertificateDesk, now: datetime) -> int:
    """Do what is due, each in a transaction of its own; return how much it was.

    One that is refused keeps no other waiting: the first refusal is raised at the end, as DeskRefused.
    """
    with sessions() as session:
        due = due_effects(session)
    refused: list[DeskRefused] = []
    for effect in due:
        try:
            _apply(desk, effect, now)
        except DeskRefused as error:
            refused.append(error)
    if refused:
        raise refused[0]
    return len(due)


def _apply(desk: CertificateDesk, effect: DueEffect, now: datetime) -> None:
    if effect.act == "hold":
        desk.hold(effect.serial, now, ACTOR, now)
    elif effect.act == "release":
        desk.release(effect.serial, ACTOR, now)
    else:
        assert effect.reason is not None
        desk.revoke(effect.serial, effect.reason, now, ACTOR, now, effect.invalid_from)


def _own_serials(session: Session, seal: SealRow) -> Iterator[int]:
    for certificate in (seal.certificate, seal.esl_certificate):
        if certificate is not None:
            serial = read_certificate(certificate).serial_number
            row = certificate_by_serial(session, serial)
            if row is not None and row.der == certificate:
                yield serial


def _effect(serial: int, stop: StopRow | None, known: RevocationRow | None) -> DueEffect | None:
    if stop is None or (stop.effect == Effect.GOOD and stop.state == "suspended"):
        # A hold that somebody else has put on it is his to lift.
        ours = known is not None and known.reason == "certificateHold" and known.recorded_by["id"] == ACTOR.id
        return DueEffect(serial, "release") if ours else None
    if stop.effect == Effect.IN_QUESTION:
        return DueEffect(serial, "hold") if known is None else None
    reason = RULES[stop.reason].revocation
    if reason is None:
        return None
    # A compromise that is found later is told beside another reason; nothing else changes a revocation.
    final = known is not None and known.reason != "certificateHold"
    if final and (reason != _COMPROMISE or (known is not None and known.reason == _COMPROMISE)):
        return None
    return DueEffect(serial, "revoke", reason, stop.invalid_from)
