"""What other authorities say of the certificates they issued to us: fetched, kept, refreshed before it ends.

Evidence is used until its nextUpdate. While a source is away the last good answer counts until then; afterwards nothing
is known, which is neither "good" nor "revoked". No request to another authority runs inside a transaction.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final, Literal, Protocol

from sqlalchemy.orm import Session

from ca.encoding import oids
from ca.judging.revocation_status import RevocationStatus, revocation_status
from ca.models import ForeignEvidenceRow
from ca.outside.crl_client import Getting, fetch_crl
from ca.outside.foreign_errors import ForeignRefused, ForeignUnavailable
from ca.outside.http_client import is_web_address, service
from ca.outside.ocsp_client import Posting, ask_ocsp
from ca.reading.certificate_reader import Certificate, read_certificate
from ca.reading.general_names import GeneralName
from ca.store import foreign as store

_SOONEST: Final = timedelta(minutes=1)
_LATEST: Final = timedelta(hours=6)
_FIRST_PAUSE: Final = timedelta(minutes=1)
_LONGEST_PAUSE: Final = timedelta(hours=1)


_Pair = tuple[Certificate, Certificate]
"""A certificate and its issuer's."""


class Web(Getting, Posting, Protocol):
    """The HTTP client."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where something is said about a certificate; about: SHA-256, as the row has it."""

    kind: Literal["crl", "ocsp"]
    address: str
    certificate: Certificate
    issuer: Certificate

    @property
    def about(self) -> bytes:
        """Whose evidence it is: an OCSP response speaks of one certificate, a list of an issuer's."""
        return hashlib.sha256((self.certificate if self.kind == "ocsp" else self.issuer).der).digest()

    @property
    def key(self) -> tuple[str, str, bytes]:
        """What the evidence is kept under."""
        return self.kind, self.address, self.about


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What came of a look at the sources: addresses that told something new, and why others did not."""

    fetched: tuple[str, ...]
    failed: tuple[ForeignUnavailable | ForeignRefused, ...]


@dataclass(slots=True)
class _Pause:
    """How long a source that failed is left alone."""

    until: datetime
    length: timedelta = field(default=_FIRST_PAUSE)


def sources(certificate: Certificate, issuer: Certificate) -> tuple[Source, ...]:
    """Return who speaks of a certificate over HTTP: responders first, whose answers are small and soon outdated."""
    listed = [one.location for one in certificate.authority_info_access if one.method == oids.ACCESS_OCSP]
    points = [name for one in certificate.crl_distribution_points if not one.crl_issuer for name in one.full_name]
    return (
        *(Source("ocsp", address, certificate, issuer) for address in _addresses(listed)),
        *(Source("crl", address, certificate, issuer) for address in _addresses(points)),
    )


def _addresses(found: Iterable[GeneralName]) -> Iterator[str]:
    return (one.text for one in found if one.kind == "uri" and is_web_address(one.text))


def is_due(row: ForeignEvidenceRow | None, now: datetime) -> bool:
    """Say whether a source should be asked again: after a quarter of what was left then, six hours at most."""
    if row is None or now < row.fetched_at:
        return True
    return now >= row.fetched_at + min(max((row.next_update - row.fetched_at) / 4, _SOONEST), _LATEST)


def _takes_back(kind: str, known: bytes, new: bytes, pairs: Iterable[_Pair], now: datetime) -> bool:
    """Say whether new evidence is silent on a revocation that the known one tells, of a certificate that has not expired.

    A revocation is final (RFC 5280 section 5.3.1; a hold is none): who lost the authority's key, or an error there, must
    not undo it.
    """

    def revoked(one: Certificate, issuer: Certificate, der: bytes) -> bool:
        crls, ocsp = ((der,), ()) if kind == "crl" else ((), (der,))
        return revocation_status(one, issuer, crls, now, ocsp=ocsp).verdict == "revoked"

    living = [(one, issuer) for one, issuer in pairs if one.not_after >= now]
    return any(revoked(*pair, known) and not revoked(*pair, new) for pair in living)


def standing(session: Session, chain: Sequence[Certificate], now: datetime) -> RevocationStatus:
    """Return how a chain stands by the evidence that is kept: the first of its certificates that is not good."""
    rows = store.evidence_about(session, [hashlib.sha256(one.der).digest() for one in chain])
    crls = tuple(row.der for row in rows if row.kind == "crl")
    ocsp = tuple(row.der for row in rows if row.kind == "ocsp")
    found = [revocation_status(one, issuer, crls, now, ocsp=ocsp) for one, issuer in pairwise(chain)]
    worst = [one for verdict in ("revoked", "on_hold", "unknown") for one in found if one.verdict == verdict]
    return worst[0] if worst else RevocationStatus("good")


class ForeignEvidence:
    """The evidence about certificates of other authorities; sessions: a worker's transactions."""

    def __init__(self, sessions: Callable[[], AbstractContextManager[Session]], web: Web) -> None:
        self._sessions = sessions
        self._web = web
        self._pauses: dict[tuple[str, str, bytes], _Pause] = {}

    def refresh(self, now: datetime) -> Refreshed:
        """Ask again, where it is time, about every certificate that was taken in and has not expired."""
        with self._sessions() as session:
            rows = [row for row in store.foreign_certificates(session) if row.not_after >= now]
            chains = [tuple(read_certificate(der) for der in (row.der, *row.chain)) for row in rows]
        return self.refresh_for(chains, now)

    def refresh_for(self, chains: Iterable[Sequence[Certificate]], now: datetime) -> Refreshed:
        """Ask again, where it is time, about the certificates of chains (leaf first, anchor last)."""
        fetched: list[str] = []
        failed: list[ForeignUnavailable | ForeignRefused] = []
        found = {(one.der, issuer.der): (one, issuer) for chain in chains for one, issuer in pairwise(chain)}
        pairs = tuple(found.values())
        for pair in pairs:
            self._refresh(pair, pairs, now, fetched, failed)
        return Refreshed(tuple(fetched), tuple(failed))

    def status(self, chain: Sequence[Certificate], now: datetime) -> RevocationStatus:
        """Return how a chain stands by the evidence that is kept: the first of its certificates that is not good."""
        with self._sessions() as session:
            return standing(session, chain, now)

    def _refresh(
        self,
        pair: _Pair,
        pairs: Iterable[_Pair],
        now: datetime,
        fetched: list[str],
        failed: list[ForeignUnavailable | ForeignRefused],
    ) -> None:
        """Ask the sources of one certificate in turn until one has answered, now or a short while ago."""
        for source in sources(*pair):
            with self._sessions() as session:
                row = store.newest_evidence(session, *source.key)
                due = is_due(row, now)
            if not due:
                return
            pause = self._pauses.get(source.key)
            if pause is not None and pause.until - pause.length <= now < pause.until:
                continue
            try:
                self._fetch(source, row, pairs, now)
            except (ForeignUnavailable, ForeignRefused) as error:
                length = _FIRST_PAUSE if pause is None else min(2 * pause.length, _LONGEST_PAUSE)
                self._pauses[source.key] = _Pause(now + length, length)
                failed.append(error)
                continue
            self._pauses.pop(source.key, None)
            fetched.append(source.address)
            return

    def _fetch(self, source: Source, known: ForeignEvidenceRow | None, pairs: Iterable[_Pair], now: datetime) -> None:
        known_since = None if known is None else known.this_update
        arguments = (self._web, source.address, source.certificate, source.issuer, now, known_since)
        if source.kind == "crl":
            crl = fetch_crl(*arguments)
            der, this_update, next_update = crl.der, crl.this_update, crl.next_update
        else:
            response, single = ask_ocsp(*arguments)
            der, this_update, next_update = response.der, single.this_update, single.next_update
        if known is not None and _takes_back(source.kind, known.der, der, pairs, now):
            raise ForeignRefused(service(source.address), "应答撤回了已生效的吊销", "it takes a revocation back")
        kind, address, about = source.key
        with self._sessions() as session:
            values = {
                "kind": kind,
                "source": address,
                "about": about,
                "this_update": this_update,
                "next_update": next_update,
                "fetched_at": now,
                "der": der,
            }
            store.store_evidence(session, values)
            store.drop_superseded(session, kind, address, about)
