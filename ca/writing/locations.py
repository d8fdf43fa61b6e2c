"""Where the world finds an authority's certificate, its revocation list and its OCSP responder."""

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Locations:
    """Three addresses that stand in every revocable certificate of an authority.

    Plain HTTP is usual here and harmless: what is fetched is signed, and a TLS server's own certificate would have to
    be checked by the same means (RFC 5280 section 8).
    """

    certificate: str
    crl: str
    ocsp: str

    @classmethod
    def of(cls, base_url: str, authority: str) -> Self:
        """Return an authority's addresses under a base address. authority: the name of its key."""
        base = base_url.rstrip("/") + "/pki"
        return cls(f"{base}/{authority}.cer", f"{base}/{authority}.crl", f"{base}/ocsp")

    @property
    def usable(self) -> bool:
        """Whether all three can stand in a certificate: absolute HTTP addresses of printable ASCII (RFC 5280 4.2.1.6)."""
        return all(_usable(url) for url in (self.certificate, self.crl, self.ocsp))


def _usable(url: str) -> bool:
    scheme, separator, rest = url.partition("://")
    host = rest.split("/")[0]
    return (
        scheme in {"http", "https"}
        and bool(separator and host)
        and url.isascii()
        and url.isprintable()
        and not set(url) & set(' "<>\\^`{|}')
    )
