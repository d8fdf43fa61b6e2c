"""An OCSP responder: answers put together from parts that are made once, so that one costs little more than its signature.

Each authority has a responder of its own that it delegated (RFC 6960 section 4.2.2.2), because nobody would believe one
authority's responder about another's certificates.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Final, Literal, Protocol

from sqlalchemy.exc import SQLAlchemyError

from ca.algorithms import digests
from ca.encoding import der
from ca.errors import CAError, NationalUnavailable
from ca.ocsp.delegate import Delegate, ResponderKey
from ca.ocsp.errors import OcspMalformed
from ca.ocsp.id import CertId, issuer_hashes
from ca.ocsp.reader import STATUSES, ResponseStatus
from ca.ocsp.request import OcspRequest, nonce_extension, read_ocsp_request
from ca.reading.crl_reader import REASONS, Reason

__all__ = ["CertificateStatus", "OcspAnswer", "OcspResponder", "ResponderKey", "StatusSource", "refusal"]


@dataclass(frozen=True, slots=True)
class CertificateStatus:
    """What is known of an issued certificate; at: since when it is revoked or on hold, None for a good one."""

    verdict: Literal["good", "revoked", "on_hold"]
    at: datetime | None = None
    reason: Reason | None = None

    def __post_init__(self) -> None:
        if (self.verdict == "good") != (self.at is None):
            raise ValueError("a revocation has its time, and nothing else has")


class StatusSource(Protocol):
    """Who knows what was issued and what is revoked."""

    def statuses(self, authority: str, serials: Sequence[int]) -> Mapping[int, CertificateStatus]:
        """Return what is known of the authority's certificates; one that it never issued is left out.

        Raises CAError or SQLAlchemyError where nobody can be asked at present.
        """
        ...


@dataclass(frozen=True, slots=True)
class OcspAnswer:
    """A DER OCSPResponse.

    cacheable: whether another requester may be given the same bytes until `next_update`. Not with a nonce, nor an
    error, nor `unknown`, which may be issued in the next minute.
    """

    der: bytes
    status: ResponseStatus
    this_update: datetime | None = None
    next_update: datetime | None = None
    cacheable: bool = False


_CODES: Final = MappingProxyType({status: code for code, status in STATUSES.items()})
_REASON_CODES: Final = MappingProxyType({reason: code for code, reason in REASONS.items()})
_GOOD: Final = der.tlv(der.context(0, constructed=False))
_UNKNOWN: Final = der.tlv(der.context(2, constructed=False))


def refusal(status: ResponseStatus) -> OcspAnswer:
    """Return the unsigned answer that says why there is no other.

    Source: RFC 6960 section 2.3
    """
    return OcspAnswer(der.sequence(der.integer(_CODES[status], der.ENUMERATED)), status)


def _status(status: CertificateStatus | None, now: datetime) -> bytes:
    if status is None:
        return _UNKNOWN
    if status.at is None or status.at > now:  # what is to be revoked tomorrow is good today
        return _GOOD
    time = der.generalized_time(status.at.astimezone(UTC).replace(microsecond=0))
    reason: Reason | None = "certificateHold" if status.verdict == "on_hold" else status.reason
    if reason is None or reason == "unspecified":  # RFC 5280 section 5.3.1: left out rather than unspecified
        return der.tlv(der.context(1), time)
    code = der.integer(_REASON_CODES[reason], der.ENUMERATED)
    return der.tlv(der.context(1), time, der.tlv(der.context(0), code))


class OcspResponder:
    """Answers for all authorities that it has a key for; safe between threads.

    source: asked once a request; lifetime: until when an answer may be believed. Raises KeyMismatch, ProfileViolated,
    CertificateInvalid.
    """

    def __init__(
        self,
        keys: Iterable[ResponderKey],
        source: StatusSource,
        lifetime: timedelta = timedelta(hours=1),
    ) -> None:
        self._source = source
        self._delegates: dict[str, list[Delegate]] = {}
        self._authorities: dict[tuple[str, bytes, bytes], str] = {}
        # The newest certificate first: an authority's next responder takes over as soon as it is valid.
        delegates = sorted((Delegate(key, lifetime) for key in keys), key=lambda one: one.not_before, reverse=True)
        for delegate in delegates:
            self._delegates.setdefault(delegate.authority, []).append(delegate)
            for algorithm in digests.SIZES:
                with suppress(NationalUnavailable):
                    self._authorities[algorithm, *issuer_hashes(delegate.issuer, algorithm)] = delegate.authority

    def respond(self, request: bytes, now: datetime) -> OcspAnswer:
        """Answer a DER OCSPRequest, whatever it is; never raises on bad input or a store that is away.

        A request may ask about several certificates. The answer is signed for the authority of the first one that we
        know; about certificates of any other it says `unknown`.
        Source: RFC 6960 sections 2.2 and 2.3
        """
        try:
            asked = read_ocsp_request(request)
        except OcspMalformed:
            return refusal("malformedRequest")
        authority = next(filter(None, map(self._authority, asked.ids)), None)
        if authority is None:  # RFC 5019 section 2.2.3: not able to answer authoritatively
            return refusal("unauthorized")
        delegate = next((one for one in self._delegates[authority] if one.serves(now)), None)
        if delegate is None:
            return refusal("internalError")
        try:
            return self._answer(delegate, asked, now)
        except (CAError, SQLAlchemyError):  # the store, or the token with the key, is away
            return refusal("tryLater")

    def _authority(self, one: CertId) -> str | None:
        return self._authorities.get((one.hash_algorithm, one.name_hash, one.key_hash))

    def _answer(self, delegate: Delegate, asked: OcspRequest, now: datetime) -> OcspAnswer:
        # Each serial number once; None in the place of another authority's certificate.
        ours = [one.serial if self._authority(one) == delegate.authority else None for one in asked.ids]
        serials = tuple({serial: None for serial in ours if serial is not None})
        known = self._source.statuses(delegate.authority, serials)
        statuses = [None if serial is None else known.get(serial) for serial in ours]
        times = delegate.times(now)
        singles = [
            der.sequence(one.raw, _status(status, now), times.tail)
            for one, status in zip(asked.ids, statuses, strict=True)
        ]
        extensions = b"" if asked.nonce is None else der.tlv(der.context(1), der.sequence(nonce_extension(asked.nonce)))
        data = der.sequence(delegate.head, times.produced, der.sequence(*singles), extensions)
        cacheable = asked.nonce is None and None not in statuses
        return OcspAnswer(delegate.sign(data), "successful", times.this_update, times.next_update, cacheable)
