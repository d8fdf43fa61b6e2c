"""Publishing revocation lists: a full list per authority, renewed in time and at every revocation.

    number       taken with its times and committed, under the authority's lock       what is revoked is read with it
    signature    by the authority's key, outside any transaction
    publication  kept under that number

A crash after the first step leaves a number without a list, which is a gap and no loss: the list is still due. Any
number may publish at once: numbers are taken in turn, and the highest that is signed is the one that counts. A number is
the list's second, or the next one that is free (RFC 5280 section 5.2.3 asks only that they rise).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from ca.desk.asking import whole_second
from ca.desk.issuance import Checkpoint, Sessions, Signers, nothing
from ca.desk.life_errors import AuthorityNotIssuing, AuthorityUnknown, CeremonyWanted
from ca.errors import CAError
from ca.models import AuthorityRow, CrlRow
from ca.reading.crl_reader import Revoked
from ca.store import issued as rows
from ca.store import lists, revocations
from ca.writing.certificates import Authority
from ca.writing.revocation import make_crl

STEPS: Final = ("number-written", "number-committed", "list-signed", "list-written", "list-published")
"""What a checkpoint is told while a list is published, in this order: where a crash is tried."""

LIFETIME: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class _Draft:
    """A list whose number is taken."""

    number: int
    issuer: bytes
    entries: tuple[Revoked, ...]
    this_update: datetime
    next_update: datetime


class CrlPublisher:
    """Signs and keeps revocation lists. lifetime: how long one holds; overlap: how long before its end the next one comes.

    A root's list is made in ceremonies, where its key is.
    """

    def __init__(
        self,
        sessions: Sessions,
        signers: Signers,
        lifetime: timedelta = LIFETIME,
        overlap: timedelta | None = None,
        checkpoint: Checkpoint = nothing,
    ) -> None:
        self._sessions = sessions
        self._signers = signers
        self._lifetime = lifetime
        self._overlap = lifetime / 2 if overlap is None else overlap
        self._checkpoint = checkpoint

    def due(self, now: datetime) -> tuple[str, ...]:
        """Return the authorities whose list misses a change, ends soon, or is not there."""
        with self._sessions() as session:
            ours = [one for one in rows.authorities(session) if one.role != "root" and one.state != "ended"]
            return tuple(
                one.id for one in ours if self._may_sign(session, one, now) and self._is_due(session, one, now)
            )

    def publish_due(self, now: datetime) -> tuple[str, ...]:
        """Publish the lists that are due, and return their authorities.

        An authority whose key cannot be used at present keeps no other waiting: the first such error is raised at the
        end.
        """
        published = []
        errors = []
        for authority in self.due(now):
            try:
                self.publish(authority, now)
            except CAError as error:
                errors.append(error)
            else:
                published.append(authority)
        if errors:
            raise errors[0]
        return tuple(published)

    def publish(self, authority: str, now: datetime, until: datetime | None = None) -> bytes:
        """Sign and keep a new list and return its DER.

        until: how long it shall hold, for a list that travels inside a trust list; those who fetch lists by their address
        are not given it, because they would keep it as long. No list ends before an earlier one for the same readers.
        Raises AuthorityUnknown, AuthorityNotIssuing, CeremonyWanted, CrlRefused, and what the key raises.
        """
        audience = "everybody" if until is None else "trust-list"
        with self._sessions() as session:
            draft = self._draft(session, authority, audience, now, until or now + self._lifetime)
            self._checkpoint("number-written")
        self._checkpoint("number-committed")
        signing = Authority(draft.issuer, self._signers(authority))
        der = make_crl(signing, draft.number, draft.entries, draft.this_update, draft.next_update)
        self._checkpoint("list-signed")
        with self._sessions() as session:
            lists.store_list(session, authority, draft.number, der)
            self._checkpoint("list-written")
        self._checkpoint("list-published")
        return der

    def _draft(self, session: Session, authority_id: str, audience: str, now: datetime, until: datetime) -> _Draft:
        authority = rows.lock_authority(session, authority_id)
        if authority is None:
            raise AuthorityUnknown(authority_id)
        if authority.role == "root":
            raise CeremonyWanted("root")
        if authority.state == "ended":
            raise AuthorityNotIssuing(authority.id, authority.state)
        certificate = rows.authority_certificate(session, authority_id)
        assert certificate is not None
        assert certificate.der is not None
        # Two hosts' clocks differ: a list never tells of an earlier moment than the one before it.
        this_update = _latest(whole_second(now), lists.last_update(session, authority_id))
        promised = _latest(whole_second(until), lists.latest_promise(session, authority_id, audience))
        # After a clock that was far ahead once, what is told of may lie behind what was asked for
        next_update = promised if promised > this_update else this_update + self._lifetime
        row = CrlRow(
            authority=authority_id,
            # The time as a number: a database restored from its backup has forgotten the last ones, the world has not
            number=max(lists.last_number(session, authority_id) + 1, int(this_update.timestamp())),
            audience=audience,
            revision=authority.revision,
            this_update=this_update,
            next_update=next_update,
        )
        # Under the lock that a revocation takes to raise the revision: the entries are those of this very revision.
        entries = revocations.revoked_of(session, authority_id)
        lists.take_number(session, row)
        return _Draft(row.number, certificate.der, entries, this_update, next_update)

    def _may_sign(self, session: Session, authority: AuthorityRow, now: datetime) -> bool:
        """Say whether readers would still believe a list: none does once the authority's own certificate has run out."""
        certificate = rows.authority_certificate(session, authority.id)
        return certificate is not None and now <= certificate.not_after

    def _is_due(self, session: Session, authority: AuthorityRow, now: datetime) -> bool:
        newest = lists.newest_list(session, authority.id, "everybody")
        if newest is None or newest.revision < authority.revision:
            return True
        return now >= newest.next_update - self._overlap


def _latest(moment: datetime, other: datetime | None) -> datetime:
    return moment if other is None else max(moment, other)
