"""The register of seals: organisations, seals, grants, and the record of every use.

Custodians' acts are events of the seal in the ledger, written into the caller's transaction. The hot path (find a seal,
open uses, look again under lock, close uses) touches the register only. Nobody here commits.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from ca.certificate_reader import read_certificate
from ca.errors import CertificateInvalid
from ca.names import seal_holder
from ca.profiles import SEAL
from ledger.actor import Actor, Uscc
from ledger.events import Event, EventKind, new_event_id, record
from ledger.promises import Promiser
from ledger.signing import KeyWrapper
from ledger.subjects import create_subject, open_subject
from seals import store
from seals.bulk import insert_rows
from seals.errors import OrganisationRefused, OrganisationUnknown, SealError, SealNotGranted, SealRefused, SealUnknown
from seals.grants import Grant, Seal, grant_refusal, seal_refusal
from seals.models import SEAL_KINDS, SEAL_STATES, GrantRow, OrganisationRow, SealRow, UseRow
from seals.organisations import Organisation

Use = tuple[UUID, UUID]
"""A seal's id and the id of the grant it is used under."""


@dataclass(frozen=True, slots=True)
class NewSeal:
    """What makes a seal: its number, owner, kind and full name, its certificate (DER), its key's name, its picture."""

    code: str
    organisation: Uscc
    kind: str
    name: str
    certificate: bytes
    key_name: str
    appearance: bytes


@dataclass(frozen=True, slots=True)
class SealUse:
    """An opened record of use; it stays a possible use until it is closed."""

    id: UUID
    seal_id: UUID
    grant_id: UUID


# --- custodians' acts ------------------------------------------------------------------------------------------------


def register_organisation(session: Session, organisation: Organisation) -> None:
    """Enter an organisation, or its next name from a later day, which ends the one before; again changes nothing.

    Raises OrganisationRefused when its days overlap those of another of its names.
    """
    known = store.organisation_names(session, organisation.uscc)
    for row in known:
        if row.valid_from == organisation.valid_from and row.name == organisation.name:
            return
        if row.valid_from >= organisation.valid_from:
            raise OrganisationRefused(reason="dates_overlap")
        if row.valid_to is None:
            row.valid_to = organisation.valid_from - timedelta(days=1)
        if row.valid_to >= organisation.valid_from:
            raise OrganisationRefused(reason="dates_overlap")
    session.add(
        OrganisationRow(
            uscc=organisation.uscc,
            name=organisation.name,
            valid_from=organisation.valid_from,
            valid_to=organisation.valid_to,
        )
    )
    session.flush()


class SealCustodian:
    """A custodian's acts on seals, each an event in the ledger."""

    def __init__(self, wrapper: KeyWrapper, promiser: Promiser) -> None:
        self._wrapper = wrapper
        self._promiser = promiser

    def make_seal(self, session: Session, seal: NewSeal, actor: Actor, now: datetime) -> Seal:
        """Enter a seal that was made here. Raises SealRefused, OrganisationUnknown."""
        return self._enter(session, seal, EventKind.MADE, actor, now)

    def import_seal(self, session: Session, seal: NewSeal, actor: Actor, now: datetime) -> Seal:
        """Enter a seal that was made elsewhere. Raises SealRefused, OrganisationUnknown."""
        return self._enter(session, seal, EventKind.IMPORTED, actor, now)

    def grant(
        self,
        session: Session,
        seal_id: UUID,
        *,
        grantee: str,
        licence_type: str,
        valid_from: datetime,
        valid_until: datetime | None,
        actor: Actor,
        now: datetime,
    ) -> Grant:
        """Let a system use a seal for a licence type. Raises SealUnknown."""
        seal = _known(store.seal_by_id(session, seal_id), seal_id)
        row = GrantRow(
            id=uuid4(),
            seal_id=seal.id,
            grantee=grantee,
            licence_type=licence_type,
            valid_from=valid_from,
            valid_until=valid_until,
            revoked_at=None,
            granted_by=actor.as_json(),
        )
        session.add(row)
        session.flush()
        detail = {"grant": str(row.id), "grantee": grantee, "licence_type": licence_type}
        self._record(session, EventKind.GRANTED, seal.id, actor, now, detail)
        return _grant(row)

    def revoke_grant(self, session: Session, grant_id: UUID, actor: Actor, now: datetime) -> None:
        """Take a grant back; the next activation already finds it gone. Raises SealUnknown."""
        row = store.grant_for_update(session, grant_id)
        if row is None:
            raise SealUnknown(seal=str(grant_id))
        if row.revoked_at is None:
            row.revoked_at = now
            session.flush()
            self._record(session, EventKind.STOPPED, row.seal_id, actor, now, {"grant": str(grant_id)})

    def stop_seal(
        self, session: Session, seal_id: UUID, *, state: str, reason: str, actor: Actor, now: datetime
    ) -> None:
        """Suspend, cancel, expire or replace a seal. Raises SealUnknown, SealRefused for another state."""
        if state not in SEAL_STATES or state == "active":
            raise SealRefused(reason="state")
        seal = _known(store.seal_for_update(session, seal_id), seal_id)
        store.stop(session, seal.id, state, reason, now)
        self._record(session, EventKind.STOPPED, seal.id, actor, now, {"state": state, "reason": reason})

    def _enter(self, session: Session, seal: NewSeal, kind: EventKind, actor: Actor, now: datetime) -> Seal:
        _check(session, seal, now)
        certificate = read_certificate(seal.certificate)
        subject, _keys = create_subject(session, self._wrapper, "seal")
        row = SealRow(
            id=subject.id,
            code=seal.code,
            organisation=seal.organisation,
            kind=seal.kind,
            name=seal.name,
            certificate=seal.certificate,
            key_name=seal.key_name,
            appearance=seal.appearance,
            state="active",
            valid_from=certificate.not_before,
            valid_until=certificate.not_after,
        )
        session.add(row)
        session.flush()
        detail = {"code": seal.code, "organisation": seal.organisation, "kind": seal.kind}
        self._record(session, kind, subject.id, actor, now, detail)
        return _seal(row)

    def _record(
        self, session: Session, kind: EventKind, seal: UUID, actor: Actor, now: datetime, detail: Mapping[str, str]
    ) -> None:
        event = Event(id=new_event_id(now), kind=kind, subject=seal, actor=actor, at=now, detail=detail)
        record(session, event, open_subject(session, self._wrapper, seal), self._promiser)


def _check(session: Session, seal: NewSeal, now: datetime) -> None:
    if store.organisation_on(session, seal.organisation, now.date()) is None:
        raise OrganisationUnknown(uscc=seal.organisation)
    if store.seal_by_code(session, seal.code) is not None:
        raise SealRefused(reason="code_in_use")
    if seal.kind not in SEAL_KINDS:
        raise SealRefused(reason="kind")
    try:
        certificate = read_certificate(seal.certificate)
    except CertificateInvalid:
        raise SealRefused(reason="certificate_unreadable") from None
    if certificate.key_usage is None or not certificate.key_usage >= SEAL.key_usage or certificate.is_ca:
        raise SealRefused(reason="certificate_not_for_seals")
    # A seal's certificate names its seal and its unit. Source: GB/T 38540, government signer certificates.
    holder = seal_holder(certificate.subject)
    if holder is None or (holder.code, holder.uscc) != (seal.code, seal.organisation):
        raise SealRefused(reason="certificate_of_another_seal")


# --- the hot path ----------------------------------------------------------------------------------------------------


def usable_seal(
    session: Session, *, organisation: str, licence_type: str, kind: str, grantee: str, now: datetime
) -> tuple[Seal, Grant]:
    """Return the seal an organisation puts on licences of a type, and the grant that lets this system use it.

    kind: the kind the type asks for; it decides between several. Raises SealNotGranted, SealStopped or
    SealCertificateNotValid, for the seal that came nearest.
    """
    nearest: SealError = SealNotGranted(seal=organisation, reason="no_seal")
    found = store.grants_for(session, organisation, licence_type, kind)
    for position, (seal_row, grant_row) in enumerate(found):
        seal, grant = _seal(seal_row), None if grant_row is None else _grant(grant_row)
        refusal = _refusal(seal, grant, grantee, now)
        if refusal is None and grant is not None:
            return seal, grant
        if refusal is not None and position == 0:
            nearest = refusal
    raise nearest


def seals_of(session: Session, seal_ids: Iterable[UUID]) -> dict[UUID, Seal]:
    """Return the seals of those ids. Raises SealUnknown."""
    found = {row.id: _seal(row) for row in store.seals_by_id(session, seal_ids)}
    return {seal_id: found.get(seal_id) or _seal(_known(None, seal_id)) for seal_id in seal_ids}


def open_uses(session: Session, uses: Sequence[tuple[Use, UUID]], actor: Actor, now: datetime) -> list[SealUse]:
    """Open one record of use each, for the purpose ids given, before anything is signed."""
    opened = [SealUse(uuid4(), seal, grant) for (seal, grant), _ in uses]
    rows = [
        {
            "id": use.id,
            "seal_id": use.seal_id,
            "grant_id": use.grant_id,
            "purpose_id": purpose,
            "actor": actor.as_json(),
            "opened_at": now,
        }
        for use, (_, purpose) in zip(opened, uses, strict=True)
    ]
    insert_rows(session, UseRow, rows)
    return opened


def refused_uses(session: Session, uses: Iterable[Use], now: datetime) -> dict[Use, SealError]:
    """Look again, under FOR SHARE locks held to the end of the transaction; return those that may not go on.

    A stop or a revoked grant that was committed before is seen; one that comes now waits until we have committed.
    """
    wanted = set(uses)
    locked = store.share_lock(session, wanted)
    refused: dict[Use, SealError] = {}
    for use in wanted:
        if use not in locked:
            refused[use] = SealUnknown(seal=str(use[0]))
            continue
        seal, grant = _seal(locked[use][0]), _grant(locked[use][1])
        refusal = seal_refusal(seal, now) or grant_refusal(seal, grant, now)
        if refusal is not None:
            refused[use] = refusal
    return refused


def close_uses(session: Session, uses: Sequence[tuple[UUID, str]], now: datetime) -> None:
    """Close records of use with the digest of what was sealed (`sha-256:<hex>`)."""
    store.close_uses(session, uses, "used", now)


def abandon_uses(session: Session, uses: Sequence[UUID], now: datetime) -> None:
    """Close records of use under which nothing was signed."""
    store.close_uses(session, [(use, None) for use in uses], "abandoned", now)


def _refusal(seal: Seal, grant: Grant | None, grantee: str, now: datetime) -> SealError | None:
    if grant is None:
        return SealNotGranted(seal=seal.code, reason="no_grant")
    if not grant.covers(grantee):
        return SealNotGranted(seal=seal.code, reason="other_system")
    return seal_refusal(seal, now) or grant_refusal(seal, grant, now)


def _known(row: SealRow | None, seal_id: UUID) -> SealRow:
    if row is None:
        raise SealUnknown(seal=str(seal_id))
    return row


def _seal(row: SealRow) -> Seal:
    return Seal(
        id=row.id,
        code=row.code,
        organisation=row.organisation,
        kind=row.kind,
        name=row.name,
        certificate=row.certificate,
        key_name=row.key_name,
        appearance=row.appearance,
        state=row.state,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
    )


def _grant(row: GrantRow) -> Grant:
    return Grant(
        id=row.id,
        seal_id=row.seal_id,
        grantee=row.grantee,
        licence_type=row.licence_type,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        revoked_at=row.revoked_at,
    )
