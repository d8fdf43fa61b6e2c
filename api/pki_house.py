"""Answers about certificates and time, from the register and with the house's own keys."""

import logging
import re
from datetime import datetime
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from api.database import Database
from api.failures import described
from api.pki import AuthorityCertificate, RevocationList
from api.pki_responders import Responders
from api.schema import Role
from api.timestamping import TimestampAuthorities
from api.turns import Turns
from ca import store
from ca.ceremonies.names import Hierarchy
from ca.desk.life_errors import AuthorityUnknown
from ca.errors import CAError
from ca.ocsp.responder import OcspAnswer
from ca.ocsp.responder import refusal as ocsp_refusal
from ca.timestamping.request import Failure
from ca.timestamping.timestamps import refusal as timestamp_refusal

_LOG: Final = logging.getLogger("elicence.pki")
_LONGEST_NAME: Final = 64
_NAME: Final = re.compile(rf"[a-z0-9-]{{1,{_LONGEST_NAME}}}")
_LOOKUPS: Final = 4
_STAMPS: Final = 4
_QUEUE: Final = 256
"""Requests that may wait for a thread in one process: who comes later is told at once to try again."""


class HousePki:
    """A `Pki` over a database and keys.

    hierarchies: those the house has; tsas: their timestamp authorities.
    """

    def __init__(
        self,
        database: Database,
        responders: Responders,
        hierarchies: tuple[Hierarchy, ...],
        tsas: TimestampAuthorities,
    ) -> None:
        self._database = database
        self._responders = responders
        self._hierarchies = hierarchies
        self._tsas = tsas
        # Apart, so that a database that hangs keeps nobody from a timestamp.
        self._lookups = Turns(_LOOKUPS)
        self._stamps = Turns(_STAMPS)

    async def certificate(self, authority: str) -> AuthorityCertificate:
        """Return an authority's certificate; raises AuthorityUnknown."""
        return await self._lookups(self._certificate, authority)

    async def crl(self, authority: str) -> RevocationList:
        """Return an authority's newest list; raises AuthorityUnknown."""
        return await self._lookups(self._crl, authority)

    async def ocsp(self, request: bytes, now: datetime) -> OcspAnswer:
        """Answer a DER OCSPRequest, whatever the bytes are."""
        if self._lookups.waiting >= _QUEUE:
            return ocsp_refusal("tryLater")
        return await self._lookups(self._ocsp, request, now)

    async def timestamp(self, request: bytes, hierarchy: Hierarchy, now: datetime) -> bytes:
        """Answer a DER TimeStampReq, whatever the bytes are; raises AuthorityUnknown without such a hierarchy."""
        if hierarchy not in self._hierarchies:
            raise AuthorityUnknown(hierarchy)
        if self._stamps.waiting >= _QUEUE:
            return timestamp_refusal(Failure.SYSTEM_FAILURE)
        return await self._stamps(self._timestamp, request, hierarchy, now)

    def _certificate(self, authority: str) -> AuthorityCertificate:
        _require_name(authority)
        with self._database.session(Role.APP) as session:
            row = store.authority_certificate(session, authority)
            if row is None or row.der is None:
                raise AuthorityUnknown(authority)
            return AuthorityCertificate(row.der, row.not_before)

    def _crl(self, authority: str) -> RevocationList:
        _require_name(authority)
        with self._database.session(Role.APP) as session:
            row = store.crl_of(session, authority)
            if row is None or row.der is None:
                raise AuthorityUnknown(authority)
            return RevocationList(row.der, row.this_update, row.next_update)

    def _ocsp(self, request: bytes, now: datetime) -> OcspAnswer:
        try:
            return self._responders.current(now).respond(request, now)
        except (CAError, SQLAlchemyError):  # the register, or the token with a key, is away
            return ocsp_refusal("tryLater")
        except Exception as error:  # noqa: BLE001 - the protocol's own last word, where HTTP's would be a 500
            _LOG.error("ocsp: %s", described(error))
            return ocsp_refusal("internalError")

    def _timestamp(self, request: bytes, hierarchy: Hierarchy, now: datetime) -> bytes:
        try:
            return self._tsas.current(hierarchy, now).respond(request, now)
        except Exception as error:  # noqa: BLE001 - the protocol's own last word, where HTTP's would be a 500
            _LOG.error("tsa: %s", described(error))
            return timestamp_refusal(Failure.SYSTEM_FAILURE)


def _require_name(authority: str) -> None:
    """Raise AuthorityUnknown for what cannot be an authority's name: PostgreSQL takes no text with a NUL in it."""
    if _NAME.fullmatch(authority) is None:
        raise AuthorityUnknown(authority[:_LONGEST_NAME])
