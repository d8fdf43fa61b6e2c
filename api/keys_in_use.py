"""Which of the house's own keys signs now: the generation that is in use, unless its certificate was stopped meanwhile.

Revocations and holds are in the register, which is looked into once a minute: a timestamp waits for no database.
"""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from ca.reading.certificate_reader import read_certificate
from ledger.errors import DomainError

if TYPE_CHECKING:
    from ca.ceremonies.credentials import Ceremony, Credential

_LOOKED_UP: Final = timedelta(seconds=60)


@dataclass(eq=False)
class KeyStopped(DomainError):
    """Every certificate of a key is revoked, on hold or has ended: nothing that it signs would be believed.

    Not of `CAError`: who goes on with the key that was opened before, where a ceremony is being held, must not here.
    """

    code = "house.key_stopped"
    zh = "密钥 {line} 的证书均已被吊销、暂停或到期，不能再签名。请举行密钥仪式更换：elicence ca rollover follow {line}"
    en = (
        "every certificate of the key {line} is revoked, on hold or has ended, so nothing is signed with it; "
        "hold a ceremony: elicence ca rollover follow {line}"
    )

    line: str


class KeysInUse:
    """Safe between threads. ceremony: gives the newest one; sessions: opens a session that may read the register."""

    def __init__(
        self, ceremony: "Callable[[], Ceremony]", sessions: Callable[[], AbstractContextManager[Session]]
    ) -> None:
        self._ceremony = ceremony
        self._sessions = sessions
        self._asking = threading.Lock()
        self._looked: datetime | None = None
        self._stopped: frozenset[int] = frozenset()

    def credential(self, line: str, now: datetime) -> "Credential":
        """Return the generation of a key that signs now; raises KeyMissing, KeyStopped. line: the first one's name."""
        ceremony = self._ceremony()
        found = choose(ceremony, line, self._seen(ceremony, now), now)
        if found is None:
            raise KeyStopped(line)
        return found

    def _seen(self, ceremony: "Ceremony", now: datetime) -> frozenset[int]:
        # One thread asks; the others go by what was seen before, of which there is nothing yet at the first time.
        if not self._is_fresh(now) and self._asking.acquire(blocking=self._looked is None):
            try:
                if not self._is_fresh(now):
                    self._look(ceremony)
                    self._looked = now
            finally:
                self._asking.release()
        return self._stopped

    def _is_fresh(self, now: datetime) -> bool:
        return self._looked is not None and timedelta() <= now - self._looked < _LOOKED_UP

    def _look(self, ceremony: "Ceremony") -> None:
        try:
            with self._sessions() as session:
                self._stopped = stopped_of(session, ceremony)
        except SQLAlchemyError:
            # The register is away: what was stopped stays so.
            return


def stopped_of(session: Session, ceremony: "Ceremony") -> frozenset[int]:
    """Return the serial numbers of a ceremony's certificates that are revoked or on hold now; one query."""
    from ca.store import stopped

    return stopped(session, [_serial_and_end(one.cert_der)[0] for one in ceremony.credentials()])


def choose(ceremony: "Ceremony", line: str, stopped: frozenset[int], now: datetime) -> "Credential | None":
    """Return the generation of a key that signs now, None where none is good any more; raises KeyMissing.

    stopped: serial numbers of what is revoked or on hold. A successor waits until every trust list knows it, but not
    behind one that was stopped or has ended: who has heard of that has heard of the successor, too.
    """
    settled = ceremony.in_use(line, now)
    newest_first = reversed(ceremony.generations(line))
    return next((one for one in (settled, *newest_first) if _is_good(ceremony, one, stopped, now)), None)


def _is_good(ceremony: "Ceremony", credential: "Credential", stopped: frozenset[int], now: datetime) -> bool:
    found = [_serial_and_end(certificate) for certificate in ceremony.chain(credential)]
    return all(now <= end and serial not in stopped for serial, end in found)


@lru_cache(maxsize=1024)
def _serial_and_end(certificate: bytes) -> tuple[int, datetime]:
    read = read_certificate(certificate)
    return read.serial_number, read.not_after
