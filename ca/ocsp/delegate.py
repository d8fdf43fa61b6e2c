"""An authority's delegated responder, with every part of its answers that stays the same."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ca.algorithms import digests, signatures
from ca.encoding import der, oids
from ca.errors import KeyMismatch, ProfileViolated
from ca.ocsp.id import key_bits
from ca.reading.certificate_reader import Certificate, read_certificate
from ledger.signing import Signer


@dataclass(frozen=True, slots=True)
class ResponderKey:
    """An authority's responder: issuer and certificate are DER; the two are the same where an authority answers itself."""

    authority: str
    issuer: bytes
    signer: Signer
    certificate: bytes


@dataclass(frozen=True, slots=True)
class Times:
    """From when to when an answer may be believed; produced and tail are the DER that follows from it."""

    this_update: datetime
    next_update: datetime
    produced: bytes
    tail: bytes


_SUCCESSFUL: Final = der.integer(0, der.ENUMERATED)
_BASIC: Final = der.oid(oids.OCSP_BASIC)


class Delegate:
    """A responder that may speak for its authority; lifetime: of its answers.

    Raises KeyMismatch, ProfileViolated, CertificateInvalid.
    """

    def __init__(self, key: ResponderKey, lifetime: timedelta) -> None:
        self.issuer, certificate = read_certificate(key.issuer), read_certificate(key.certificate)
        _check(key, self.issuer, certificate)
        self.authority = key.authority
        self.not_before = certificate.not_before
        self.head = _responder_id(certificate, key.signer)
        self._signer = key.signer
        self._not_after = min(certificate.not_after, self.issuer.not_after)
        self._lifetime = lifetime
        self._extensions = _archive_cutoff(self.issuer)
        self._algorithm = signatures.identifier(key.signer.algorithm)
        self._embedded = b"" if certificate == self.issuer else der.tlv(der.context(0), der.sequence(key.certificate))
        self._times: Times | None = None

    def serves(self, now: datetime) -> bool:
        """Say whether its certificate is valid."""
        return self.not_before <= now <= self._not_after

    def times(self, now: datetime) -> Times:
        """Return what all answers of one second share: one value, swapped whole, so that threads may race for it."""
        this_update = now.replace(microsecond=0)
        times = self._times
        if times is None or times.this_update != this_update:
            next_update = min(this_update + self._lifetime, self._not_after)
            produced = der.generalized_time(this_update)
            until = der.tlv(der.context(0), der.generalized_time(next_update))
            times = self._times = Times(this_update, next_update, produced, produced + until + self._extensions)
        return times

    def sign(self, data: bytes) -> bytes:
        """Return the DER OCSPResponse around a DER ResponseData; raises what the signer raises."""
        basic = der.sequence(data, self._algorithm, der.bits(self._signer.sign(data)), self._embedded)
        return der.sequence(_SUCCESSFUL, der.tlv(der.context(0), der.sequence(_BASIC, der.octets(basic))))


def _check(key: ResponderKey, issuer: Certificate, certificate: Certificate) -> None:
    if certificate.public_key != key.signer.public_key:
        raise KeyMismatch(certificate.subject_text)
    if certificate == issuer:
        return
    # RFC 6960 section 4.2.2.2: issued by the very authority, for this purpose
    if certificate.issuer != issuer.subject or not signatures.verify(
        issuer.public_key, certificate.signature_algorithm, certificate.tbs, certificate.signature
    ):
        raise ProfileViolated("ocsp", "the certificate was not issued by the authority that it answers for")
    if oids.OCSP_SIGNING not in (certificate.extended_key_usage or ()):
        raise ProfileViolated("ocsp", "the certificate is not a responder's")


def _responder_id(certificate: Certificate, signer: Signer) -> bytes:
    if signer.algorithm == "SM2":  # the key's hash would be SHA-1, which the national suite has no place for
        return der.tlv(der.context(1), certificate.subject)
    return der.tlv(der.context(2), der.octets(digests.compute("SHA-1", key_bits(certificate.public_key))))


def _archive_cutoff(issuer: Certificate) -> bytes:
    """Return the extension of each answer that says: what has expired keeps its answer, as far back as the authority goes.

    Source: RFC 6960 section 4.4.4
    """
    cutoff = der.octets(der.generalized_time(issuer.not_before))
    return der.tlv(der.context(1), der.sequence(der.sequence(der.oid(oids.OCSP_ARCHIVE_CUTOFF), cutoff)))
