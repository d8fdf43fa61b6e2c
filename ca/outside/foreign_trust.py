"""What the trust list says of other authorities: whom of theirs to believe, and by which evidence."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from ca.judging.trust import SealMaker
from ca.store import foreign as store

_LOG: Final = logging.getLogger("elicence.foreign")
MAX_EVIDENCE: Final = 6 * 1024 * 1024
"""A trust list over 16 MB is read by nobody; what finds no room is told to nobody, so that it cannot be judged."""


@dataclass(frozen=True, slots=True)
class ForeignTrust:
    """Other authorities' certificates and evidence, as DER.

    anchors: their roots, under which only the end entities of `seals` and `tsa` and the `seal_makers` are believed: a
    licensed authority certifies the whole country; intermediates: between them.
    """

    anchors: tuple[bytes, ...] = ()
    intermediates: tuple[bytes, ...] = ()
    seals: tuple[bytes, ...] = ()
    tsa: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()
    ocsp: tuple[bytes, ...] = ()
    seal_makers: tuple[SealMaker, ...] = ()

    @property
    def all(self) -> frozenset[bytes]:
        """Everything in it, to see whether a trust list says it all."""
        makers = [one.certificate for one in self.seal_makers]
        return frozenset((*self.anchors, *self.intermediates, *self.seals, *self.tsa, *self.crls, *self.ocsp, *makers))


NOTHING_FOREIGN: Final = ForeignTrust()


def foreign_trust(session: Session) -> ForeignTrust:
    """Return what the next trust list says of other authorities: everyone who was ever taken in, for what they signed."""
    rows = [row for row in store.foreign_certificates(session) if row.use != "client"]
    found = store.evidence(session)
    room = _Room(MAX_EVIDENCE)
    return ForeignTrust(
        anchors=_distinct(row.chain[-1] for row in rows),
        intermediates=_distinct(one for row in rows for one in row.chain[:-1]),
        seals=_distinct(row.der for row in rows if row.use == "seal"),
        tsa=_distinct(row.der for row in rows if row.use == "timestamp"),
        ocsp=room.take(row.der for row in found if row.kind == "ocsp"),
        crls=room.take(row.der for row in found if row.kind == "crl"),
        seal_makers=tuple(SealMaker.of(row.der) for row in rows if row.use == "seal-maker"),
    )


class _Room:
    """Takes the small ones first, until it is full."""

    def __init__(self, size: int) -> None:
        self._left = size

    def take(self, items: Iterable[bytes]) -> tuple[bytes, ...]:
        taken = []
        for item in sorted(set(items), key=lambda one: (len(one), one)):
            if len(item) > self._left:
                _LOG.warning("foreign evidence of %d bytes finds no room in the trust list", len(item))
                continue
            self._left -= len(item)
            taken.append(item)
        return tuple(taken)


def _distinct(items: Iterable[bytes]) -> tuple[bytes, ...]:
    return tuple(dict.fromkeys(items))
