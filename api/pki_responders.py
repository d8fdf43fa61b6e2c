"""The OCSP responders as the register knows them: those that were renewed or came with a new authority join by themselves."""

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from api.database import Database
from api.schema import Role
from ca import store
from ca.models import CertificateRow
from ca.ocsp.responder import CertificateStatus, OcspResponder, ResponderKey
from ca.store import browsing
from ledger.signing import Signer

_LOOKED_UP: Final = timedelta(seconds=60)


class RegisteredStatuses:
    """A `StatusSource` over the register: one query a request."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def statuses(self, authority: str, serials: Sequence[int]) -> Mapping[int, CertificateStatus]:
        """Return how the authority's certificates stand at this moment; raises SQLAlchemyError."""
        with self._database.session(Role.APP) as session:
            return store.statuses(session, authority, serials)


class Responders:
    """Gives the responder over all authorities' present keys; looks once a minute whether there are others.

    signers: opens a key by its name. Safe between threads.
    """

    def __init__(self, database: Database, signers: Callable[[str], Signer]) -> None:
        self._database = database
        self._signers = signers
        self._lock = threading.Lock()
        self._looked: datetime | None = None
        self._serials: frozenset[str] = frozenset()
        self._responder: OcspResponder | None = None

    def current(self, now: datetime) -> OcspResponder:
        """Return the responder; raises SQLAlchemyError and what opening a key does."""
        with self._lock:
            fresh = self._looked is not None and timedelta() <= now - self._looked < _LOOKED_UP
            if self._responder is None or not fresh:
                self._responder = self._look(now)
                self._looked = now
            return self._responder

    def _look(self, now: datetime) -> OcspResponder:
        with self._database.session(Role.APP) as session:
            rows = browsing.responders(session, now)
        serials = frozenset(row.serial_number for row, _ in rows)
        if self._responder is not None and serials == self._serials:
            return self._responder
        keys = [self._key(row, above) for row, above in rows]
        responder = OcspResponder(keys, RegisteredStatuses(self._database))
        self._serials = serials
        return responder

    def _key(self, row: CertificateRow, above: CertificateRow) -> ResponderKey:
        assert row.der is not None
        assert above.der is not None
        assert row.key_name is not None
        return ResponderKey(row.authority, above.der, self._signers(row.key_name), row.der)
