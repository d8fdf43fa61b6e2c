"""Ask another authority's OCSP responder about a certificate, and take only an answer that it may give."""

import secrets
from datetime import datetime
from typing import Final, Protocol

from ca.errors import DerInvalid
from ca.judging.revocation_ocsp import answers
from ca.ocsp.reader import MAX_SIZE, OcspResponse, SingleResponse, read_ocsp_response
from ca.ocsp.request import make_ocsp_request
from ca.outside.crl_client import TOLERANCE
from ca.outside.foreign_errors import ForeignRefused, ForeignUnavailable
from ca.outside.http_client import service
from ca.reading.certificate_reader import Certificate

MEDIA_TYPE: Final = "application/ocsp-request"
_LATER: Final = frozenset({"internalError", "tryLater"})


class Posting(Protocol):
    """What is needed of an HTTP client."""

    def post(self, address: str, body: bytes, media_type: str, max_size: int) -> bytes:
        """Return the answer's body; raises ForeignUnavailable, ForeignRefused."""
        ...


def ask_ocsp(
    http: Posting,
    address: str,
    certificate: Certificate,
    issuer: Certificate,
    now: datetime,
    known_since: datetime | None = None,
) -> tuple[OcspResponse, SingleResponse]:
    """Ask about a certificate; return the response, and what it says of it, signed by who may say it.

    known_since: `this_update` of the answer that we have: an older one is a replay. A responder that knows no nonce
    leaves it out (RFC 5019), and is then held to its times only. Raises ForeignUnavailable (an answer out of date, too),
    ForeignRefused.
    Source: RFC 6960 section 3.2, RFC 9654
    """
    nonce = secrets.token_bytes(32)
    request = make_ocsp_request(certificate.der, issuer.der, nonce)
    response = _read(http.post(address, request, MEDIA_TYPE, MAX_SIZE), address)
    if response.nonce is not None and response.nonce != nonce:
        raise ForeignRefused(service(address), "应答的随机数不符", "the answer to another question: its nonce differs")
    single = response.about(certificate.serial_number, issuer)
    if single is None:
        raise ForeignRefused(service(address), "应答不涉及该证书", "the answer is about another certificate")
    if single.verdict == "unknown":
        raise ForeignRefused(service(address), "对方不了解该证书", "the responder does not know the certificate")
    if not answers(certificate, issuer, [response.der]):
        raise ForeignRefused(service(address), "应答签名不正确", "its signature is not the authority's")
    _check_produced(response, single, address, now)
    _check_times(single, address, now, known_since)
    return response, single


def _read(data: bytes, address: str) -> OcspResponse:
    try:
        response = read_ocsp_response(data)
    except DerInvalid as error:
        raise ForeignRefused(service(address), error.message("zh"), error.message("en")) from error
    if response.status in _LATER:
        raise ForeignUnavailable(service(address), response.status, response.status)
    if response.status != "successful":
        raise ForeignRefused(service(address), response.status, response.status)
    return response


def _check_produced(response: OcspResponse, single: SingleResponse, address: str, now: datetime) -> None:
    """Check when the answer was signed (RFC 6960 section 2.4): not after it came, nor before what it tells of.

    A delegate is judged by that time: one that has ended would otherwise speak of the present by dating itself back.
    """
    produced_at = response.produced_at
    if produced_at is None or not single.this_update - TOLERANCE <= produced_at <= now + TOLERANCE:
        raise ForeignRefused(service(address), "应答的签署时间不合理", "it was not signed when it says")


def _check_times(single: SingleResponse, address: str, now: datetime, known_since: datetime | None) -> None:
    if single.next_update is None:
        raise ForeignRefused(service(address), "应答没有 nextUpdate", "an answer without nextUpdate")
    if single.this_update > now + TOLERANCE:
        raise ForeignRefused(service(address), "应答的时间晚于当前时间", "an answer from the future")
    if single.next_update <= now or (known_since is not None and single.this_update < known_since):
        raise ForeignUnavailable(service(address), "应答已过期", "an outdated answer")
