"""The desk: certificates issued, renewed, rekeyed, revoked, held and released.

Issuing goes by these steps:

    intent       serial number and to-be-signed bytes, linted and committed       issuance_intents
    signature    by the authority's key, outside any transaction
    activation   looked at again, kept, and told to the ledger                    issuance_activation

Whatever ends the process between two steps leaves an intent, which `finish` completes with the same bytes. There is one
intent for a request, and of several who sign it at once one keeps his signature: nobody is given any other.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Final, TypeAlias

from sqlalchemy.orm import Session

from ca.desk.activation import Activator
from ca.desk.asking import Ask, require_officer, whole_second
from ca.desk.intents import Intent, IntentBook, intent_of
from ca.desk.life import Life
from ca.desk.life_errors import AuthorityNotIssuing, CeremonyWanted, CertificateUnknown, KeyNotNew
from ca.errors import CAError, ProfileViolated
from ca.models import CertificateRow
from ca.reading.certificate_reader import Certificate, read_certificate
from ca.reading.crl_reader import Reason
from ca.reading.names import DistinguishedName
from ca.store import issued as rows
from ca.writing.certificate_errors import LintFailed
from ca.writing.certificate_request import CertificateRequest
from ca.writing.certificates import Authority, sign_certificate
from ca.writing.locations import Locations
from ca.writing.profiles import PROFILES
from ledger.actor import Actor
from ledger.log.promises import Promiser
from ledger.signing import KeyWrapper, Signer

STEPS: Final = ("intent-written", "intent-committed", "certificate-signed", "activation-written", "issued")
"""What a checkpoint is told while a certificate is issued, in this order: where a crash is tried."""

Sessions: TypeAlias = Callable[[], AbstractContextManager[Session]]
"""Opens a worker's session in one transaction, committed at its end."""
Signers: TypeAlias = Callable[[str], Signer]
"""Opens the key of an authority by its name."""
Checkpoint: TypeAlias = Callable[[str], None]


def nothing(_step: str) -> None:
    """Let a step pass."""


class CertificateDesk:
    """Issues certificates and ends them. locations: the public addresses of an authority, by the name of its key."""

    def __init__(
        self,
        *,
        sessions: Sessions,
        signers: Signers,
        wrapper: KeyWrapper,
        promiser: Promiser,
        locations: Callable[[str], Locations],
        checkpoint: Checkpoint = nothing,
    ) -> None:
        self._sessions = sessions
        self._signers = signers
        self._book = IntentBook(wrapper, locations)
        self._activator = Activator(wrapper, promiser)
        self._life = Life(wrapper, promiser)
        self._checkpoint = checkpoint

    # --- issuing -----------------------------------------------------------------------------------------------------

    def issue(
        self,
        request: CertificateRequest,
        authority: str,
        request_id: str,
        actor: Actor,
        now: datetime,
        *,
        key_name: str | None = None,
    ) -> bytes:
        """Issue a certificate and return its DER; the same request again returns the same certificate.

        authority: the name of its key; request_id: the asker's own; key_name: of the private key, where it is ours.
        Raises DeskRefused, ProfileViolated, LintFailed and what opening and using the authority's key raises: then the
        request stands, and is finished later.
        """
        require_officer(actor)
        return self._issue(lambda _session: Ask(request, authority, request_id, key_name), actor, now)

    def renew(self, serial: int, request_id: str, not_after: datetime, actor: Actor, now: datetime) -> bytes:
        """Issue a successor with the same subject and key, from now until `not_after`, and return its DER.

        The predecessor stays in force until it ends or is revoked. Raises as `issue` does.
        """
        require_officer(actor)

        def ask(session: Session) -> Ask:
            row, old = _predecessor(session, serial)
            return _succeeding(row, old, old.public_key, row.key_name, request_id, now, not_after)

        return self._issue(ask, actor, now)

    def rekey(
        self,
        serial: int,
        public_key: bytes,
        request_id: str,
        not_after: datetime,
        actor: Actor,
        now: datetime,
        *,
        key_name: str | None = None,
    ) -> bytes:
        """Issue a successor with the same subject for another key, and return its DER. Raises as `issue` does.

        public_key: DER of SubjectPublicKeyInfo, whose private half the asker has proved to hold.
        """
        require_officer(actor)

        def ask(session: Session) -> Ask:
            row, old = _predecessor(session, serial)
            if public_key == old.public_key:
                raise KeyNotNew
            return _succeeding(row, old, public_key, key_name, request_id, now, not_after)

        return self._issue(ask, actor, now)

    def finish(self, now: datetime) -> int:
        """Complete what crashes left behind, and return how many intents were brought to an end.

        An authority whose key cannot be used at present keeps nobody else waiting: the first such error is raised at
        the end, and its intents stay.
        """
        with self._sessions() as session:
            waiting = [intent_of(session, row) for row in rows.intended(session)]
            ended = {one.id for one in rows.authorities(session) if one.state == "ended"}
        finished = 0
        errors: dict[str, CAError] = {}
        for intent in waiting:
            if intent.authority in errors:
                continue  # a token that was asked with a wrong PIN is not asked again: it would lock itself
            try:
                if intent.authority in ended:
                    self._give_up(intent, AuthorityNotIssuing(intent.authority, "ended"))
                else:
                    self._complete(intent, now)
            except CAError as error:
                errors[intent.authority] = error
            else:
                finished += 1
        if errors:
            raise next(iter(errors.values()))
        return finished

    def _issue(self, ask: Callable[[Session], Ask], actor: Actor, now: datetime) -> bytes:
        with self._sessions() as session:
            intent = self._book.intend(session, ask(session), actor, now)
            if intent.der is None:
                self._checkpoint("intent-written")
        if intent.der is not None:
            return intent.der
        self._checkpoint("intent-committed")
        kept = self._complete(intent, now)
        if isinstance(kept, CAError):
            raise kept
        return kept

    def _complete(self, intent: Intent, now: datetime) -> bytes | CAError:
        """Sign an intent and put it in force; what stands against the certificate itself comes back, and ends it."""
        authority = Authority(intent.issuer, self._signers(intent.authority))
        try:
            der = sign_certificate(intent.tbs, PROFILES[intent.profile], authority)
        except LintFailed as error:
            # The rules have become stricter since: it will never be signed.
            return self._give_up(intent, error)
        self._checkpoint("certificate-signed")
        with self._sessions() as session:
            kept = self._activator.activate(session, intent, der, now)
            self._checkpoint("activation-written")
        self._checkpoint("issued")
        return kept

    def _give_up(self, intent: Intent, refusal: CAError) -> bytes | CAError:
        with self._sessions() as session:
            return self._activator.give_up(session, intent, refusal)

    # --- ending ------------------------------------------------------------------------------------------------------

    def revoke(
        self,
        serial: int,
        reason: Reason,
        at: datetime,
        actor: Actor,
        now: datetime,
        invalidity_date: datetime | None = None,
    ) -> tuple[int, ...]:
        """Revoke a certificate for good, and return the serial numbers that are revoked by it.

        at: the moment from which it is revoked, not before the newest list that told the world otherwise;
        invalidity_date: when the trouble began, as far as known. A compromise revokes every certificate of the key.
        The same again changes nothing. Raises DeskRefused.
        """
        require_officer(actor)
        with self._sessions() as session:
            revoked = self._life.revoke(session, serial, reason, at, actor, now, invalidity_date)
            self._checkpoint("revocation-written")
        self._checkpoint("revoked")
        return revoked

    def hold(self, serial: int, at: datetime, actor: Actor, now: datetime) -> None:
        """Put a certificate on hold, from `at` on; the same again changes nothing. Raises DeskRefused."""
        require_officer(actor)
        with self._sessions() as session:
            self._life.hold(session, serial, at, actor, now)
            self._checkpoint("revocation-written")
        self._checkpoint("revoked")

    def release(self, serial: int, actor: Actor, now: datetime) -> None:
        """Take a certificate off hold: the next list leaves it out. Raises DeskRefused."""
        require_officer(actor)
        with self._sessions() as session:
            self._life.release(session, serial, actor, now)
            self._checkpoint("revocation-written")
        self._checkpoint("revoked")


def _predecessor(session: Session, serial: int) -> tuple[CertificateRow, Certificate]:
    row = rows.certificate_by_serial(session, serial)
    if row is None or row.der is None:
        raise CertificateUnknown(rows.serial_text(serial))
    profile = PROFILES[row.profile]
    if profile.is_ca:
        raise CeremonyWanted(profile.name)
    return row, read_certificate(row.der)


def _succeeding(
    row: CertificateRow,
    old: Certificate,
    public_key: bytes,
    key_name: str | None,
    request_id: str,
    now: datetime,
    not_after: datetime,
) -> Ask:
    begin = whole_second(now)
    profile = PROFILES[row.profile]
    if not_after <= begin:
        raise ProfileViolated(profile.name, "it would end before it begins")
    request = CertificateRequest(profile.name, DistinguishedName.read(old.subject), public_key, begin, not_after)
    return Ask(request, row.authority, request_id, key_name, row.serial_number)
