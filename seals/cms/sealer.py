"""A seal's key, its certificates and its timestamps: whoever has these makes the CMS over a document's digest."""

from collections.abc import Callable, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Final

from ca.algorithms import digests
from ca.errors import DerInvalid
from ca.reading.certificate_reader import read_certificate
from ledger.signing import Signer
from seals.cms.cms import CmsWriter, order_chain
from seals.errors import SealCertificateNotValid
from seals.pdf.errors import CmsUnreadable, SealKeyUnusable

Timestamper = Callable[[bytes, datetime], bytes]
"""Gives the DER timestamp token for a SHA-256 imprint (32 bytes) at a time."""

TOKEN_SLACK: Final = 64
"""Bytes by which tokens of one authority differ: serial number, ECDSA values, fraction of time."""


class CmsSealer:
    """Makes the CMS of one seal.

    signer: the seal's key; chain: DER certificates, leaf first, up to and including the root; timestamper: None gives
    B-B; name: the seal's name. Raises SealKeyUnusable if key and chain do not fit together.
    """

    def __init__(self, signer: Signer, chain: Sequence[bytes], timestamper: Timestamper | None, name: str) -> None:
        try:
            ordered = order_chain(chain[0], frozenset(chain))
        except (CmsUnreadable, DerInvalid, IndexError) as error:
            raise SealKeyUnusable(reason="chain") from error
        self._certificate = read_certificate(ordered[0])
        if self._certificate.public_key != signer.public_key:
            raise SealKeyUnusable(reason="certificate_of_another_key")
        try:
            self._writer = CmsWriter(ordered)
        except CmsUnreadable as error:
            raise SealKeyUnusable(reason="algorithm") from error
        if signer.algorithm != self._writer.scheme.algorithm:
            raise SealKeyUnusable(reason="algorithm")
        self._signer = signer
        self._timestamper = timestamper
        self._name = name
        self.hash = digests.HASHLIB[self._writer.scheme.hash]
        """Name in hashlib of the hash that the seal is over."""

    def check(self, now: datetime) -> None:
        """Raise SealCertificateNotValid if the seal's certificate does not hold now."""
        if not self._certificate.not_before <= now <= self._certificate.not_after:
            raise SealCertificateNotValid(seal=self._name)

    def size(self, now: datetime) -> int:
        """Return how many bytes a CMS without signing time needs; asks for one token to learn how large they are."""
        token = b"" if self._timestamper is None else self._timestamper(sha256(b"").digest(), now)
        return self._writer.size(len(token) + TOKEN_SLACK if token else 0)

    def sign(self, digest: bytes, now: datetime, signing_time: datetime | None = None) -> bytes:
        """Return the DER CMS over a document digest by the seal's hash, timestamped now.

        signing_time: whole seconds; None where the document states it. Raises what signer and timestamper raise.
        """
        signature = self._signer.sign(self._writer.signed_attributes(digest, signing_time))
        token = None if self._timestamper is None else self._timestamper(sha256(signature).digest(), now)
        return self._writer.assemble(digest, signature, token, signing_time)
