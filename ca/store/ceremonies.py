"""What a ceremony made, entered into the register: once, however often it is asked for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ca.algorithms import signatures
from ca.ceremonies.credentials import Ceremony
from ca.ceremonies.names import KeyName
from ca.desk.asking import key_digest
from ca.desk.certificate_events import SUBJECT_KIND, record_event
from ca.desk.told_revocations import Recorder, enter_told
from ca.errors import CertificateInvalid
from ca.judging.trust import load_trust
from ca.models import AuthorityRow, CertificateRow
from ca.reading.certificate_reader import Certificate, read_certificate
from ca.reading.crl_reader import read_crl
from ca.store.issued import lock_authority, lock_certificates, raise_revision, serial_text
from ca.store.lists import register_crl, store_trust
from ca.store.revocations import revoked_of
from ca.writing.profiles import PROFILES, ProfileName
from ledger.actor import Actor
from ledger.events import EventKind
from ledger.log.promises import Promiser
from ledger.signing import KeyWrapper
from ledger.subjects import create_subjects

CEREMONY: Final = Actor(kind="system", id="ceremony", operator_unit=None, on_behalf_of=None)
"""Who acts in a ceremony, as events tell it: the transcript says who was there."""


@dataclass(frozen=True, slots=True)
class _Made:
    """A certificate that a ceremony made. authority: the key name of its issuer."""

    certificate: Certificate
    profile: ProfileName
    key_name: str
    authority: str
    issuer: Certificate

    @property
    def serial(self) -> str:
        return serial_text(self.certificate.serial_number)


def register_ceremony(
    session: Session, ceremony: Ceremony, wrapper: KeyWrapper, promiser: Promiser, now: datetime
) -> int:
    """Enter a ceremony's authorities, certificates, lists and trust list; return how many certificates are new.

    Each certificate becomes a subject of the ledger, with its ISSUED event. What is there already stays as it is. Never
    commits.
    """
    made = tuple(_made(ceremony))
    # Before any authority, as whoever revokes at this moment takes them too.
    lock_certificates(session, {serial_text(one) for crl in ceremony.crls.values() for one in read_crl(crl).entries})
    _enter_authorities(session, ceremony)
    new = _enter_certificates(session, made, now)
    if new:
        create_subjects(session, wrapper, SUBJECT_KIND, [subject for _, subject in new])
    for row in lock_certificates(session, [serial for serial, _ in new]).values():
        record_event(session, wrapper, promiser, EventKind.ISSUED, row, CEREMONY, now)
    for authority, der in ceremony.crls.items():
        _enter_list(session, authority, der, wrapper, promiser, now)
    trust = load_trust(ceremony.trust, now)
    # An earlier release's first list bears no number
    store_trust(session, trust.number or 1, ceremony.trust, trust.valid_from, trust.valid_until)
    return len(new)


def _made(ceremony: Ceremony) -> Iterator[_Made]:
    authorities = {one.key_name: read_certificate(one.cert_der) for one in ceremony.authorities()}
    for credential in ceremony.credentials():
        issuer = authorities[credential.issuer]
        certificate = read_certificate(credential.cert_der)
        yield _Made(certificate, credential.profile.name, credential.key_name, credential.issuer, issuer)
    for link in ceremony.links.values():
        yield _link(read_certificate(link), authorities)


def _link(certificate: Certificate, roots: Mapping[str, Certificate]) -> _Made:
    """Return a certificate by which one root vouches for another (RFC 4210 section 4.4)."""
    subject = next((name for name, root in roots.items() if root.public_key == certificate.public_key), None)
    signature = certificate.signature_algorithm, certificate.tbs, certificate.signature
    vouching = (name for name, root in roots.items() if signatures.verify(root.public_key, *signature))
    issuer = next(vouching, None)
    if subject is None or issuer is None:
        raise CertificateInvalid("a link between roots that are not ours")
    return _Made(certificate, "root", subject, issuer, roots[issuer])


def _enter_authorities(session: Session, ceremony: Ceremony) -> None:
    for credential in ceremony.authorities():
        name = KeyName.parse(credential.key_name)
        assert name is not None
        assert name.role is not None
        line = (AuthorityRow.hierarchy == name.hierarchy, AuthorityRow.role == name.role)
        newer = select(AuthorityRow.id).where(*line, AuthorityRow.generation > name.generation)
        if session.get(AuthorityRow, credential.key_name) is not None:
            continue
        session.execute(
            update(AuthorityRow)
            .where(*line, AuthorityRow.generation < name.generation, AuthorityRow.state == "active")
            .values(state="retiring")
        )
        values = {
            "id": credential.key_name,
            "hierarchy": name.hierarchy,
            "role": name.role,
            "generation": name.generation,
            "serial_number": serial_text(read_certificate(credential.cert_der).serial_number),
            "state": "active" if session.scalar(newer.limit(1)) is None else "retiring",
            "revision": 0,
        }
        session.execute(insert(AuthorityRow).values(values).on_conflict_do_nothing())


def _enter_certificates(session: Session, made: tuple[_Made, ...], now: datetime) -> list[tuple[str, UUID]]:
    """Add those that are not there, and return the serial numbers and subjects of these."""
    values = [_row(one, now) for one in made]
    statement = insert(CertificateRow).on_conflict_do_nothing()
    returning = statement.returning(CertificateRow.serial_number, CertificateRow.subject_id)
    added = session.execute(returning, values)
    return [(row.serial_number, row.subject_id) for row in added if row.subject_id is not None]


def _row(made: _Made, now: datetime) -> dict[str, Any]:
    certificate = made.certificate
    return {
        "serial_number": made.serial,
        "authority": made.authority,
        "issuer_serial": serial_text(made.issuer.serial_number),
        "profile": PROFILES[made.profile].name,
        "subject": certificate.subject_text,
        "key_name": made.key_name,
        "key_digest": key_digest(certificate.public_key),
        "not_before": certificate.not_before,
        "not_after": certificate.not_after,
        "state": "issued",
        "asked_by": CEREMONY.as_json(),
        "requested_at": now,
        "der": certificate.der,
        "issued_at": now,
        "subject_id": uuid4(),
    }


def _enter_list(
    session: Session, authority: str, der: bytes, wrapper: KeyWrapper, promiser: Promiser, now: datetime
) -> None:
    """Keep a list that a ceremony signed; what it revokes and the register does not know yet is entered too."""
    row = lock_authority(session, authority)
    assert row is not None
    entries = read_crl(der).entries
    known = revoked_of(session, authority)
    current = {one.serial_number for one in known} <= entries.keys()
    is_root = row.role == "root"
    # What stands in a trust list for a year is not what those get who fetch a list for a week.
    audience = "everybody" if is_root else "trust-list"
    if not register_crl(session, authority, der, audience=audience, revision=row.revision if current else -1):
        return
    entered = enter_told(session, authority, entries, Recorder(wrapper, promiser, CEREMONY), now)
    if entered.any and not is_root:
        raise_revision(session, {authority})
