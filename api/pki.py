"""What the door can say of certificates and of time: what `api/pki_routes.py` asks, and `api/pki_house.py` answers."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ca.ceremonies.names import Hierarchy
from ca.ocsp.responder import OcspAnswer


@dataclass(frozen=True, slots=True)
class RevocationList:
    """A published list, DER."""

    der: bytes
    this_update: datetime
    next_update: datetime


@dataclass(frozen=True, slots=True)
class AuthorityCertificate:
    """An authority's certificate, DER."""

    der: bytes
    not_before: datetime


class Pki(Protocol):
    """Whoever answers; nothing of it ever blocks the event loop."""

    async def certificate(self, authority: str) -> AuthorityCertificate:
        """Return an authority's certificate; raises AuthorityUnknown."""
        ...

    async def crl(self, authority: str) -> RevocationList:
        """Return an authority's newest list; raises AuthorityUnknown."""
        ...

    async def ocsp(self, request: bytes, now: datetime) -> OcspAnswer:
        """Answer a DER OCSPRequest, whatever the bytes are."""
        ...

    async def timestamp(self, request: bytes, hierarchy: Hierarchy, now: datetime) -> bytes:
        """Answer a DER TimeStampReq with a DER TimeStampResp, whatever the bytes are.

        Raises AuthorityUnknown where the house has no such hierarchy.
        """
        ...
