"""The expiry watch: what ends soon, or has just ended, and has no successor."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy.orm import Session

from ca.store import expiry, lists
from ca.store.issued import authorities

Kind = Literal["certificate", "crl", "trust-list"]


@dataclass(frozen=True, slots=True)
class Expiring:
    """Something that ends.

    name: a certificate's subject, a list's authority; number: a serial number, as text, or a list's number; key_name: of
    a certificate whose key is ours.
    """

    kind: Kind
    name: str
    number: str
    ends_at: datetime
    authority: str | None = None
    profile: str | None = None
    key_name: str | None = None


def expiring(session: Session, now: datetime, within: timedelta) -> tuple[Expiring, ...]:
    """Return what ends within this time from now, or ended as long ago, and was not replaced; the first to end first.

    A revoked certificate needs no successor; a revocation list that is renewed by itself is only told of when that did
    not happen: when a quarter of its life is left. A root's, which only a ceremony makes, has ended for us when it misses
    a revocation.
    """
    found = (*_certificates(session, now, within), *_crls(session, now, within), *_trust_list(session, now, within))
    return tuple(sorted(found, key=lambda one: (one.ends_at, one.kind, one.name, one.number)))


def _certificates(session: Session, now: datetime, within: timedelta) -> Iterator[Expiring]:
    for row in expiry.unreplaced(session, now - within, now + within):
        yield Expiring(
            kind="certificate",
            name=row.subject,
            number=row.serial_number,
            ends_at=row.not_after,
            authority=row.authority,
            profile=row.profile,
            key_name=row.key_name,
        )


def _crls(session: Session, now: datetime, within: timedelta) -> Iterator[Expiring]:
    for authority in authorities(session):
        newest = lists.newest_list(session, authority.id, "everybody")
        if authority.state == "ended" or newest is None:
            continue
        root = authority.role == "root"
        late = now >= newest.next_update - (newest.next_update - newest.this_update) / 4
        if root and newest.revision < authority.revision:
            yield Expiring("crl", authority.id, str(newest.number), now, authority.id)
        elif newest.next_update <= now + within and (late or root):
            yield Expiring("crl", authority.id, str(newest.number), newest.next_update, authority.id)


def _trust_list(session: Session, now: datetime, within: timedelta) -> Iterator[Expiring]:
    newest = lists.newest_trust(session)
    if newest is not None and newest.valid_until <= now + within:
        yield Expiring("trust-list", "trust", str(newest.number), newest.valid_until)
