"""Take in certificates that another, licensed authority issued for keys of ours, or for its timestamp authority."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from ca.desk.asking import require_officer
from ca.judging.revocation_status import Verdict
from ca.outside.foreign_chain import ForeignChain, ForeignUse
from ca.outside.foreign_errors import ChainUnusable, ForeignRefused, ForeignUnavailable
from ca.outside.foreign_evidence import ForeignEvidence, standing
from ca.reading.certificate_reader import read_certificate
from ca.store import foreign as store
from ledger.actor import Actor

Sessions = Callable[[], AbstractContextManager[Session]]
_LOOKED_UP: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What came of it. new: it was not known; standing: what its authority says of it; failed: whom nothing came from."""

    new: bool
    standing: Verdict
    failed: tuple[ForeignUnavailable | ForeignRefused, ...]


@dataclass(frozen=True, slots=True)
class ForeignCertificate:
    """A certificate that was taken in; chain: DER, from itself to the anchor; standing: by the evidence at hand."""

    use: str
    key_name: str | None
    chain: tuple[bytes, ...]
    imported_at: datetime
    standing: Verdict


class ForeignDesk:
    """Where certificates of other authorities are taken in. What was signed with an earlier one keeps its chain."""

    def __init__(self, sessions: Sessions, evidence: ForeignEvidence) -> None:
        self._sessions = sessions
        self._evidence = evidence

    def take_in(self, chain: ForeignChain, key_name: str | None, actor: Actor, now: datetime) -> TakenIn:
        """Ask its authority about the chain and keep it, unless it is revoked.

        key_name: of our private key, None for a timestamp authority's certificate. An authority that does not answer now
        is no hindrance: it is asked again, and until then nobody can tell. Raises RoleMissing, ChainUnusable.
        """
        require_officer(actor)
        refreshed = self._evidence.refresh_for([chain.certificates], now)
        found = self._evidence.status(chain.certificates, now).verdict
        _require_unrevoked(found)
        values = {
            "digest": chain.digest,
            "use": chain.use,
            "key_name": key_name,
            "subject": chain.leaf.subject_text,
            "der": chain.leaf.der,
            "chain": [one.der for one in chain.certificates[1:]],
            "not_before": chain.leaf.not_before,
            "not_after": chain.leaf.not_after,
            "imported_at": now,
            "imported_by": actor.as_json(),
        }
        with self._sessions() as session:
            new = store.store_foreign_certificate(session, values)
        return TakenIn(new, found, refreshed.failed)

    def listed(self, now: datetime) -> tuple[ForeignCertificate, ...]:
        """Return everything that was taken in, the first first, and how it stands."""
        with self._sessions() as session:
            rows = [
                (row.use, row.key_name, (row.der, *row.chain), row.imported_at)
                for row in store.foreign_certificates(session)
            ]
        return tuple(
            ForeignCertificate(*row, self._evidence.status([read_certificate(der) for der in row[2]], now).verdict)
            for row in rows
        )


class ForeignChains:
    """The chains of what was taken in, for signing with it. What its authority has revoked is not signed with any more.

    How a chain stands is looked up once a minute, as its authority's list may be long. Safe between threads.
    """

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._known: dict[tuple[bytes, ForeignUse], tuple[datetime, tuple[bytes, ...]]] = {}

    def of(self, certificate: bytes, use: ForeignUse, now: datetime) -> tuple[bytes, ...] | None:
        """Return a certificate's chain (DER, up to the anchor), None if it was not taken in for that use.

        Raises ChainUnusable where one of the chain is revoked or on hold.
        """
        looked, chain = self._known.get((certificate, use), (None, None))
        if looked is not None and timedelta() <= now - looked < _LOOKED_UP:
            return chain
        with self._sessions() as session:
            row = store.foreign_certificate(session, certificate)
            if row is None or row.use != use:
                return None
            chain = (row.der, *row.chain)
            found = standing(session, [read_certificate(der) for der in chain], now).verdict
        _require_unrevoked(found)
        self._known[certificate, use] = now, chain
        return chain


def _require_unrevoked(verdict: Verdict) -> None:
    if verdict in {"revoked", "on_hold"}:
        raise ChainUnusable("其中有证书已被吊销或暂停", "one of its certificates is revoked or on hold")
