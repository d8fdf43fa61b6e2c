"""The first step of issuing a certificate: the intent. Serial number and to-be-signed bytes, linted, before any signature."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

from sqlalchemy.orm import Session

from ca.desk.asking import Ask, key_digest, require_profile, signature_algorithm
from ca.desk.certificate_events import SUBJECT_KIND
from ca.desk.life_errors import (
    AuthorityNotIssuing,
    AuthorityUnknown,
    CertificateExpired,
    CertificateHeld,
    CertificateReplaced,
    CertificateRevoked,
    CertificateUnknown,
    KeyCompromised,
    RequestAbandoned,
    RequestReused,
)
from ca.errors import CAError, ProfileViolated
from ca.models import AuthorityRow, CertificateRow
from ca.reading.certificate_reader import Certificate, read_certificate
from ca.reading.names import display
from ca.store import issued as rows
from ca.store import revocations
from ca.writing.certificate_errors import LintFailed
from ca.writing.certificate_request import validate
from ca.writing.certificates import serial_number
from ca.writing.lint import lint
from ca.writing.locations import Locations
from ca.writing.profiles import PROFILES, ProfileName
from ca.writing.to_be_signed import to_be_signed
from ledger.actor import Actor
from ledger.signing import KeyWrapper
from ledger.subjects import create_subject

BACKDATING: Final = timedelta(hours=1)
"""How far before the present a certificate may begin, for readers whose clocks are slow."""


@dataclass(frozen=True, slots=True)
class Intent:
    """A certificate that will be issued.

    serial: as text; tbs: its to-be-signed bytes; issuer: the authority's certificate (DER); der: None until it is issued.
    """

    serial: str
    authority: str
    profile: ProfileName
    tbs: bytes
    issuer: bytes
    der: bytes | None


class IntentBook:
    """Writes intents, and reads them again. locations: the public addresses of an authority."""

    def __init__(self, wrapper: KeyWrapper, locations: Callable[[str], Locations]) -> None:
        self._wrapper = wrapper
        self._locations = locations

    def intend(self, session: Session, ask: Ask, actor: Actor, now: datetime) -> Intent:
        """Return the intent of what is asked, new or as it was found, in the caller's transaction, which he commits.

        Raises DeskRefused, ProfileViolated and LintFailed, and then nothing is left of it.
        """
        if (known := self._known(session, ask)) is not None:
            return known
        if ask.replaces is not None:
            predecessor(session, ask.replaces, now)
        authority = _issuing(session, ask)
        certificate = rows.authority_certificate(session, ask.authority)
        assert certificate is not None
        assert certificate.der is not None
        issuer = read_certificate(certificate.der)
        if rows.is_compromised(session, key_digest(ask.request.public_key)):
            raise KeyCompromised
        # A certificate that begins in the past would vouch for what was signed before anybody had looked at the request.
        if ask.request.not_before < now - BACKDATING:
            raise ProfileViolated(ask.request.profile, "it begins more than an hour before it is asked for")
        serial, subject = serial_number(), uuid4()
        tbs, row = self._written(ask, issuer, serial)
        row |= {"asked_by": actor.as_json(), "requested_at": now, "subject_id": subject}
        if not rows.insert_intent(session, row):
            # Somebody was quicker, by this request's id or for the same predecessor.
            if (known := self._known(session, ask)) is not None:
                return known
            raise CertificateReplaced(str(ask.replaces))
        create_subject(session, self._wrapper, SUBJECT_KIND, subject)
        return Intent(rows.serial_text(serial), authority.id, ask.request.profile, tbs, issuer.der, None)

    def _known(self, session: Session, ask: Ask) -> Intent | None:
        row = rows.by_request(session, ask.request_id)
        if row is None:
            return None
        if not ask.is_that_of(row):
            raise RequestReused(ask.request_id)
        if row.abandoned_reason is not None:
            raise RequestAbandoned(ask.request_id, row.abandoned_reason)
        return intent_of(session, row)

    def _written(self, ask: Ask, issuer: Certificate, serial: int) -> tuple[bytes, dict[str, object]]:
        """Return the linted to-be-signed bytes, and what a row says of the certificate."""
        profile = PROFILES[ask.request.profile]
        validated = validate(ask.request, issuer, self._locations(ask.authority))
        tbs = to_be_signed(validated, serial, issuer, signature_algorithm(issuer))
        if findings := lint(tbs, profile, issuer):
            raise LintFailed(profile.name, "; ".join(f"{finding.clause}: {finding.message}" for finding in findings))
        row: dict[str, object] = {
            "serial_number": rows.serial_text(serial),
            "authority": ask.authority,
            "issuer_serial": rows.serial_text(issuer.serial_number),
            "profile": profile.name,
            "subject": display(validated.subject),
            "key_name": ask.key_name,
            "key_digest": key_digest(validated.public_key),
            "not_before": validated.not_before,
            "not_after": validated.not_after,
            "state": "intended",
            "request_id": ask.request_id,
            "request_digest": ask.digest(),
            "tbs": tbs,
            "replaces": ask.replaces,
        }
        return tbs, row


def intent_of(session: Session, row: CertificateRow) -> Intent:
    """Return the intent that a row holds."""
    issuer = rows.authority_certificate(session, row.authority)
    assert issuer is not None
    assert issuer.der is not None
    assert row.tbs is not None
    return Intent(row.serial_number, row.authority, row.profile, row.tbs, issuer.der, row.der)


def _issuing(session: Session, ask: Ask) -> AuthorityRow:
    authority = rows.lock_authority(session, ask.authority, shared=True)
    if authority is None:
        raise AuthorityUnknown(ask.authority)
    if authority.state != "active":
        raise AuthorityNotIssuing(authority.id, authority.state)
    require_profile(authority, ask.request.profile)
    return authority


def predecessor(session: Session, serial: str, now: datetime) -> CertificateRow:
    """Return a certificate that may have a successor, locked; raises what stands against it."""
    row = rows.lock_certificates(session, {serial}).get(serial)
    if row is None or row.state != "issued":
        raise CertificateUnknown(serial)
    if (refusal := refused(session, row, now)) is not None:
        raise refusal
    return row


def refused(session: Session, row: CertificateRow, now: datetime) -> CAError | None:
    """Return what stands against a certificate: that it is revoked, on hold or over."""
    standing = revocations.standing(session, {row.serial_number}).get(row.serial_number)
    if standing is not None:
        held = standing.reason == "certificateHold"
        return (CertificateHeld if held else CertificateRevoked)(row.serial_number)
    return CertificateExpired(row.serial_number) if row.not_after < now else None
