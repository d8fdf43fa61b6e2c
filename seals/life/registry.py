"""The register of seals: organisations, seals as they come in, and grants. Nobody here commits.

Custodians' acts are events of the seal in the ledger, written into the caller's transaction. A seal that is made here
is applied for first (`applications.py`); this is how those of a key ceremony, and those made elsewhere, come in.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from ca.algorithms.digests import compute
from ca.errors import CertificateInvalid
from ca.reading.certificate_reader import Certificate, read_certificate
from ca.reading.names import seal_holder
from ca.writing.profiles import SEAL
from ledger.actor import Actor, Uscc
from ledger.events import EventKind
from ledger.log.promises import Promiser
from ledger.signing import KeyWrapper
from ledger.subjects import create_subject
from seals import store
from seals.errors import OrganisationRefused, OrganisationUnknown, SealRefused, SealUnknown
from seals.life.grants import Grant, Seal
from seals.life.life_errors import GrantRefused, GrantUnknown, StateRefused
from seals.life.organisations import Organisation
from seals.life.roles import SEAL_CUSTODIAN, SEAL_FOUNDER, require
from seals.life.rows import grant_of, seal_of
from seals.life.seal_events import SealEvents
from seals.life.stops import ENDED
from seals.life.words import fits
from seals.local_time import local_date
from seals.models import SEAL_KINDS, GrantRow, OrganisationRow, SealRow
from seals.store.seals import continuing_grant, grant_for_decision, seal_for_decision

_MOST: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class NewSeal:
    """What makes a seal: its number, owner, kind and full name, its certificate (DER), its key's name, its picture.

    provider: who holds the keys, `local` for our own key ring. esl: the national seal, with the certificate (DER) and the
    key that sign under it; all three or none.
    """

    code: str
    organisation: Uscc
    kind: str
    name: str
    certificate: bytes = field(repr=False)
    key_name: str
    appearance: bytes = field(repr=False)
    provider: str = "local"
    esl: bytes | None = field(default=None, repr=False)
    esl_certificate: bytes | None = field(default=None, repr=False)
    esl_key_name: str | None = None


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
        self._events = SealEvents(wrapper, promiser)

    def make_seal(self, session: Session, seal: NewSeal, actor: Actor, now: datetime) -> Seal:
        """Enter a seal that a key ceremony made. Raises SealRefused, OrganisationUnknown, RoleWanted, UnitRefused."""
        require(actor, seal.organisation, SEAL_FOUNDER)
        return self._enter(session, seal, EventKind.MADE, actor, now)

    def import_seal(self, session: Session, seal: NewSeal, actor: Actor, now: datetime) -> Seal:
        """Enter a seal that was made elsewhere. Raises SealRefused, OrganisationUnknown, RoleWanted, UnitRefused."""
        require(actor, seal.organisation, SEAL_CUSTODIAN)
        return self._enter(session, seal, EventKind.IMPORTED, actor, now)

    def add_national(
        self,
        session: Session,
        seal_id: UUID,
        esl: bytes,
        certificate: bytes,
        key_name: str,
        actor: Actor,
        now: datetime,
    ) -> None:
        """Enter the national form (DER, an .esl file) of a seal that has none, which a key ceremony made.

        certificate: DER, that signs under it. Raises SealUnknown, SealRefused, StateRefused, RoleWanted, UnitRefused.
        """
        seal = _known(seal_for_decision(session, seal_id), seal_id)
        require(actor, seal.organisation, SEAL_FOUNDER)
        if seal.state in ENDED:
            raise StateRefused(what=seal.code, state=seal.state)
        if seal.esl is not None:
            raise SealRefused(reason="national_seal_there")
        seal.esl, seal.esl_certificate, seal.esl_key_name = esl, certificate, key_name
        session.flush()
        digest = f"sm3:{compute('SM3', esl).hex()}"
        self._events.record(session, EventKind.MADE, seal.id, actor, now, code=seal.code, national_seal=digest)

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
        daily_limit: int | None = None,
    ) -> Grant:
        """Let a person or a system use a seal for a licence type, so many times a day, None for any number.

        Raises SealUnknown, GrantRefused, StateRefused, RoleWanted, UnitRefused.
        """
        # A stop that is being decided is waited for: nothing is granted on a seal that has ended.
        seal = _known(seal_for_decision(session, seal_id), seal_id)
        require(actor, seal.organisation, SEAL_CUSTODIAN, SEAL_FOUNDER)
        if seal.state in ENDED:
            raise StateRefused(what=seal.code, state=seal.state)
        if valid_until is not None and valid_until <= max(valid_from, now):
            raise GrantRefused(reason="valid_until")
        if daily_limit is not None and not 0 < daily_limit <= _MOST:
            raise GrantRefused(reason="daily_limit")
        for member, text in (("grantee", grantee), ("licence_type", licence_type)):
            if not (fits(text) and text == text.strip()):
                raise GrantRefused(reason=member)
        row = GrantRow(
            id=uuid4(),
            seal_id=seal.id,
            grantee=grantee,
            licence_type=licence_type,
            valid_from=valid_from,
            valid_until=valid_until,
            daily_limit=daily_limit,
            revoked_at=None,
            granted_by=actor.as_json(),
        )
        session.add(row)
        session.flush()
        self._events.record(
            session,
            EventKind.GRANTED,
            seal.id,
            actor,
            now,
            grant=str(row.id),
            grantee=grantee,
            licence_type=licence_type,
            daily_limit=daily_limit,
        )
        return grant_of(row)

    def revoke_grant(self, session: Session, grant_id: UUID, actor: Actor, now: datetime) -> None:
        """Take a grant back, from its next use on: what is open cannot be activated either.

        What it became on a successor of its seal is taken back with it. Raises GrantUnknown, RoleWanted, UnitRefused.
        """
        row = grant_for_decision(session, grant_id)
        if row is None:
            raise GrantUnknown(grant=str(grant_id))
        while row is not None:
            require(actor, _known(store.seal_by_id(session, row.seal_id), row.seal_id).organisation, SEAL_CUSTODIAN)
            if row.revoked_at is None:
                row.revoked_at, row.revoked_by = now, actor.as_json()
                session.flush()
                self._events.record(session, EventKind.STOPPED, row.seal_id, actor, now, grant=str(row.id))
            row = continuing_grant(session, row.id)

    def _enter(self, session: Session, seal: NewSeal, kind: EventKind, actor: Actor, now: datetime) -> Seal:
        if store.newest_by_code(session, seal.code) is not None:
            raise SealRefused(reason="code_in_use")
        certificate = check_seal(session, seal, now)
        subject, _keys = create_subject(session, self._wrapper, "seal")
        row = seal_row(seal, certificate, subject.id, state="active")
        session.add(row)
        session.flush()
        told = {"code": seal.code, "organisation": seal.organisation, "seal_kind": seal.kind}
        self._events.record(session, kind, subject.id, actor, now, **told)
        return seal_of(row)


def check_seal(session: Session, seal: NewSeal, now: datetime) -> Certificate:
    """Check what makes a seal, and return its certificate; raises SealRefused, OrganisationUnknown."""
    if store.organisation_on(session, seal.organisation, local_date(now)) is None:
        raise OrganisationUnknown(uscc=seal.organisation)
    if seal.kind not in SEAL_KINDS:
        raise SealRefused(reason="kind")
    for member in ("name", "provider", "key_name"):
        if not fits(getattr(seal, member)):
            raise SealRefused(reason=member)
    if len({seal.esl is None, seal.esl_certificate is None, seal.esl_key_name is None}) != 1:
        raise SealRefused(reason="national_seal_incomplete")
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
    return certificate


def seal_row(
    seal: NewSeal,
    certificate: Certificate,
    seal_id: UUID,
    *,
    state: str,
    generation: int = 1,
    replaces: UUID | None = None,
) -> SealRow:
    """Return the row of a new seal; its own period is its certificate's."""
    return SealRow(
        id=seal_id,
        code=seal.code,
        generation=generation,
        organisation=seal.organisation,
        kind=seal.kind,
        name=seal.name,
        certificate=seal.certificate,
        provider=seal.provider,
        key_name=seal.key_name,
        appearance=seal.appearance,
        esl=seal.esl,
        esl_certificate=seal.esl_certificate,
        esl_key_name=seal.esl_key_name,
        state=state,
        valid_from=certificate.not_before,
        valid_until=certificate.not_after,
        replaces=replaces,
    )


def seals_of(session: Session, seal_ids: set[UUID]) -> dict[UUID, Seal]:
    """Return the seals of those ids. Raises SealUnknown."""
    found = {row.id: seal_of(row) for row in store.seals_by_id(session, seal_ids)}
    for seal_id in seal_ids - set(found):
        raise SealUnknown(seal=str(seal_id))
    return found


def _known(row: SealRow | None, seal_id: UUID) -> SealRow:
    if row is None:
        raise SealUnknown(seal=str(seal_id))
    return row
