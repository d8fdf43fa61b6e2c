"""Fetch another authority's revocation list, and take it only if it is current and really speaks of a certificate."""

from datetime import datetime, timedelta
from typing import Final, Protocol

from ca.encoding import pem
from ca.errors import CrlInvalid, DerInvalid
from ca.judging.revocation_crls import is_signed_by, listings
from ca.outside.foreign_errors import ForeignRefused, ForeignUnavailable
from ca.outside.http_client import service
from ca.reading.certificate_reader import Certificate
from ca.reading.crl_reader import RevocationList, read_crl

MAX_SIZE: Final = 4 * 1024 * 1024
TOLERANCE: Final = timedelta(minutes=5)
"""By how much another's clock may be ahead of ours, or the other way round."""


class Getting(Protocol):
    """What is needed of an HTTP client."""

    def get(self, address: str, max_size: int) -> bytes:
        """Return the body; raises ForeignUnavailable, ForeignRefused."""
        ...


def fetch_crl(
    http: Getting,
    address: str,
    certificate: Certificate,
    issuer: Certificate,
    now: datetime,
    known_since: datetime | None = None,
) -> RevocationList:
    """Fetch the list under an address that covers a certificate, signed by the certificate's own issuer.

    known_since: `this_update` of the list that we have: an older one is a replay. Raises ForeignUnavailable (one out of
    date, too), ForeignRefused.
    Source: RFC 5280 sections 4.2.1.13 and 6.3.3
    """
    crl = _read(http.get(address, MAX_SIZE), address)
    if crl.delta_base is not None:
        raise ForeignRefused(service(address), "是增量列表", "a delta list")
    listing = next(iter(listings(certificate.der, (crl.der,))), None)
    if listing is None:
        raise ForeignRefused(service(address), "列表不涵盖该证书", "a list that does not speak of the certificate")
    if not is_signed_by(listing, issuer):
        raise ForeignRefused(service(address), "列表签名不正确", "its signature is not the authority's")
    if crl.next_update is None:
        raise ForeignRefused(service(address), "列表没有 nextUpdate", "a list without nextUpdate")
    if crl.this_update > now + TOLERANCE:
        raise ForeignRefused(service(address), "列表的时间晚于当前时间", "a list from the future")
    if crl.next_update <= now or (known_since is not None and crl.this_update < known_since):
        raise ForeignUnavailable(service(address), "列表已过期", "an outdated list")
    return crl


def _read(data: bytes, address: str) -> RevocationList:
    try:
        return read_crl(pem.one(data, ["X509 CRL"]) if pem.is_pem(data) else data)
    except (CrlInvalid, DerInvalid) as error:
        raise ForeignRefused(service(address), error.message("zh"), error.message("en")) from error
