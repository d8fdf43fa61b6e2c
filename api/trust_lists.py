"""The house's own trust list: the newest one, as everybody may have it, and the making of the next.

The first is made in the ceremony and lies in the key folder; later ones are kept in the register. A new one comes at
half of the newest one's life, after every revocation, and when a ceremony has made something that verifiers must know.
"""

import threading
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from api.schema import Role
from ca.judging.trust import TrustList, load_trust

if TYPE_CHECKING:
    from api.house import House
    from ca.desk.publishing import CrlPublisher
    from ca.models import AuthorityRow

_LOOKED_UP: Final = timedelta(seconds=60)


class NewestTrust:
    """Gives the newest trust list; looks into the register once a minute. Safe between threads."""

    def __init__(self, house: "House") -> None:
        self._house = house
        self._lock = threading.Lock()
        self._file: bytes | None = None
        self._looked: datetime | None = None

    def file(self, now: datetime) -> bytes:
        """Return the signed file; while the register is away, the last one that was seen."""
        with self._lock:
            fresh = self._looked is not None and timedelta() <= now - self._looked < _LOOKED_UP
            if self._file is None or not fresh:
                self._file = self._look() or self._file or self._house.ceremony.trust
                self._looked = now
            return self._file

    def read(self, now: datetime) -> TrustList:
        """Return the list as verifiers have it; raises TrustListInvalid."""
        return load_trust(self.file(now), now)

    def _look(self) -> bytes | None:
        from ca.store import newest_trust

        try:
            with self._house.database.session(Role.APP) as session:
                row = newest_trust(session)
                return None if row is None else row.data
        except SQLAlchemyError:
            return None


def publish_lists(house: "House", now: datetime) -> tuple[str, ...]:
    """Publish the revocation lists that are due, then the trust list if it is; return what was published.

    Raises what a key does that cannot be used.
    """
    published = _publisher(house).publish_due(now)
    if _is_due(house, now):
        publish_trust(house, now)
        published = (*published, "trust")
    return published


def publish_trust(house: "House", now: datetime) -> bytes:
    """Make, sign and keep a new trust list, with a revocation list of every authority that lasts as long as it does.

    Raises CeremonyOverdue where the roots' lists have ended, TrustListInvalid where nobody would believe what was made: the
    one before it then stays the newest.
    """
    from ca.ceremonies.errors import CeremonyOverdue
    from ca.ceremonies.trust_making import lasting_roots, make_trust, trust_end
    from ca.outside.foreign_trust import foreign_trust

    ceremony, publisher, begin = house.ceremony, _publisher(house), now.replace(microsecond=0)
    with house.database.session(Role.WORKER) as session:
        lists = {name: _root_list(house, session, name) for name in _authorities(house, root=True)}
        ended = {name: _last_list(session, name) for name in _ended(session)}
        unregistered = _unregistered(house, session)
        foreign = foreign_trust(session)
    bounds = [*(lists[name] for name in lasting_roots(ceremony, now)), *unregistered.values()]
    until = trust_end(ceremony.plan, bounds, begin)
    if until <= begin:
        raise CeremonyOverdue
    signer = house.keys.signer(ceremony.trust_signer.key_name)
    for name in _authorities(house, root=False):
        lists[name] = ended.get(name) or unregistered.get(name) or publisher.publish(name, now, until=until)
    log_keys = load_trust(ceremony.trust, now).log_keys

    def make(number: int) -> bytes:
        return make_trust(
            ceremony, lists.values(), log_keys, signer, (begin, until), foreign, number, _witness_policy(house)
        )

    return _store_as_newest(house, make, now)


def _store_as_newest(house: "House", make: Callable[[int], bytes], now: datetime) -> bytes:
    """Give a list its number and keep it; where another process was faster, with the number after that one's."""
    from ca.ceremonies.trust_making import next_number
    from ca.store import last_trust_number, store_trust

    while True:
        with house.database.session(Role.WORKER) as session:
            last = last_trust_number(session)
        file = make(next_number(now, last))
        made = load_trust(file, now)
        with house.database.session(Role.WORKER) as session:
            if store_trust(session, made.number, file, made.valid_from, made.valid_until):
                return file


def _is_due(house: "House", now: datetime) -> bool:
    from ca.outside.foreign_trust import foreign_trust
    from ca.store import authorities, newest_trust

    with house.database.session(Role.WORKER) as session:
        newest = newest_trust(session)
        foreign = foreign_trust(session).all
        if newest is None or now >= newest.valid_from + (newest.valid_until - newest.valid_from) / 2:
            return True
        trust = load_trust(newest.data, now)
        if any(_has_changed(session, one, trust) for one in authorities(session)):
            return True
    if trust.witness_policy != _witness_policy(house):
        return True
    known = {*trust.anchors, *trust.intermediates, *trust.tsa, *trust.status_keys, *trust.receipt_keys}
    known |= {maker.certificate for maker in trust.seal_makers}
    outside = {*trust.foreign_anchors, *trust.foreign_seals, *trust.crls, *trust.ocsp}
    return not _needed(house) | foreign <= known | outside


def _has_changed(session: Session, authority: "AuthorityRow", trust: TrustList) -> bool:
    """Say whether an authority has something to tell that the trust list does not know yet.

    What a root has revoked is told in the next ceremony; a new list of its own shows that there was one. A list that was
    made for a trust list and is not in it shows that its making was cut off.
    """
    from ca.store.lists import newest_list

    if authority.state == "ended":
        return False
    if authority.role == "root":
        made = newest_list(session, authority.id, "everybody")
        return made is not None and made.this_update > trust.valid_from
    known = newest_list(session, authority.id, "trust-list")
    return known is None or known.revision < authority.revision or known.der not in trust.crls


def _needed(house: "House") -> set[bytes]:
    """Return the certificates that verifiers must know."""
    ceremony = house.ceremony
    listed = {"root", "issuing", "timestamp", "status", "receipt", "seal-maker"}
    made = {one.cert_der for one in ceremony.certificates.values() if one.profile.name in listed}
    return made | set(ceremony.links.values())


def _publisher(house: "House") -> "CrlPublisher":
    from ca.desk.publishing import CrlPublisher

    return CrlPublisher(lambda: house.database.session(Role.WORKER), house.keys.signer)


def _authorities(house: "House", *, root: bool) -> Iterable[str]:
    return [one.key_name for one in house.ceremony.authorities() if (one.profile.name == "root") is root]


def _ended(session: Session) -> list[str]:
    from ca.store import authorities

    return [one.id for one in authorities(session) if one.state == "ended"]


def _unregistered(house: "House", session: Session) -> dict[str, bytes]:
    """Return the authorities that a ceremony made and the register does not know yet, with the lists made for them there.

    A ceremony that was cut off before it was registered counts all the same: its keys are in use.
    """
    from ca.store import authorities

    known = {one.id for one in authorities(session)}
    made = house.ceremony.crls
    return {name: made[name] for name in _authorities(house, root=False) if name not in known}


def _root_list(house: "House", session: Session, name: str) -> bytes:
    """Return a root's list: the newest one that a ceremony made, whether it was registered yet or not."""
    return _last_list(session, name) or house.ceremony.crls[name]


def _last_list(session: Session, name: str) -> bytes | None:
    from ca.store import crl_of

    row = crl_of(session, name)
    return None if row is None else row.der


def _witness_policy(house: "House") -> str:
    return "" if house.witness_policy is None else house.witness_policy.text
