"""A timestamp authority: tokens put together from parts that are made once.

Between two tokens only TSTInfo, its digest and the signature differ. Everything else, certificates and attributes
included, is serialised when the authority is built; a token costs little more than its signature.
"""

import os
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Final

from ca.algorithms import digests, signatures
from ca.encoding import der, oids
from ca.errors import CAError, KeyMismatch, ProfileViolated
from ca.reading.certificate_reader import Certificate, read_certificate
from ca.timekeeping.clock import Clock
from ca.timekeeping.clock_errors import ClockSuspect
from ca.timestamping.request import STAMPED, Failure, read_request
from ca.timestamping.token import TimestampToken, read_token
from ledger.signing import SignatureAlgorithm, Signer

__all__ = ["TimestampAuthority", "TimestampToken", "read_token"]

_SERIAL_SIZE: Final = 16
_MAX_SIZES: Final = 256  # combinations of sizes whose parts are kept
_GRANTED: Final = der.sequence(der.integer(0))
_REJECTION: Final = 2
_SECOND: Final = timedelta(seconds=1)
_IMPRINT_HEADS: Final = MappingProxyType({name: digests.identifier(name) for name in STAMPED})


class TimestampAuthority:
    """Makes RFC 3161 tokens that carry the chain up to and including the root, as archival (LTA) validation needs.

    signer: the authority's key, ES256, ES384, RS256 or SM2, whose hash is used throughout a token; chain: DER, its own
    certificate first, the root last; policy_oid: dotted; clock: asked before each token, None for times that the caller
    answers for; accuracy: as the tokens state it, to the millisecond; ordering: no two tokens carry one time, and a
    later one never an earlier time, which an authority can only promise that runs in a single process.
    Raises KeyMismatch, ProfileViolated, CertificateInvalid.
    """

    def __init__(
        self,
        signer: Signer,
        chain: Sequence[bytes],
        policy_oid: str,
        clock: Clock | None = None,
        *,
        accuracy: timedelta = _SECOND,
        ordering: bool = False,
    ) -> None:
        certificate = read_certificate(chain[0])
        if certificate.public_key != signer.public_key:
            raise KeyMismatch(certificate.subject_text)
        if certificate.extended_key_usage != (oids.TIME_STAMPING,):
            raise ProfileViolated("timestamp", "the certificate is not a timestamp authority's")
        hash_name = signatures.scheme(signer.algorithm).hash
        if hash_name is None:
            raise ProfileViolated("timestamp", f"a key for {signer.algorithm} stamps no time")
        self._signer, self._clock = signer, clock
        self._policy = policy_oid
        self._certificate = certificate
        self._moment: Callable[[datetime], bytes] = _Ordered() if ordering else der.generalized_time
        self._accuracy = _accuracy(accuracy) + (der.TRUE if ordering else b"")
        self._hash_name = hash_name
        digest_algorithm = digests.identifier(hash_name)
        self._signature_algorithm = signatures.identifier(signer.algorithm)
        self._parts: dict[tuple[int, int, bytes], tuple[bytes, bytes, bytes]] = {}
        self._info_head = der.integer(1) + der.oid(policy_oid)
        self._data_head = der.integer(3) + der.tlv(der.SET, digest_algorithm)
        self._certificates = der.sorted_set(chain, der.context(0))
        self._attributes_head, self._attributes_tail = _attribute_parts(certificate, hash_name, signer.algorithm)
        self._signer_head = (
            der.integer(1) + der.sequence(certificate.issuer, der.integer(certificate.serial_number)) + digest_algorithm
        )

    def stamp(
        self, imprint: bytes, now: datetime, nonce: int | None = None, *, hash_algorithm: str = "SHA-256"
    ) -> bytes:
        """Return a token over a digest, as DER ContentInfo.

        imprint: 32 bytes for SHA-256; now: UTC, written to the millisecond; raises ClockSuspect, and KeyRefused where
        the key cannot be used.
        Source: RFC 3161 section 2.4.2, RFC 5816
        """
        if len(imprint) != digests.SIZES[hash_algorithm]:
            raise ValueError(f"a {hash_algorithm} digest has {digests.SIZES[hash_algorithm]} bytes")
        imprint_der = der.sequence(_IMPRINT_HEADS[hash_algorithm], der.octets(imprint))
        if self._clock is not None:
            self._clock.check(now)
        return self._token(imprint_der, now, b"" if nonce is None else der.integer(nonce), self._certificates)

    def respond(self, request_der: bytes, now: datetime) -> bytes:
        """Answer a DER TimeStampReq with a DER TimeStampResp: a token, or what is wrong; never raises on bad input.

        Source: RFC 3161 sections 2.4.1 and 2.4.2
        """
        request = read_request(request_der, self._policy)
        if isinstance(request, Failure):
            return refusal(request)
        certificates = self._certificates if request.with_certificates else b""
        try:
            if self._clock is not None:
                self._clock.check(now)
            if not self._certificate.not_before <= now <= self._certificate.not_after:
                return refusal(Failure.SYSTEM_FAILURE)
            return der.sequence(_GRANTED, self._token(request.imprint, now, request.nonce, certificates))
        except ClockSuspect:
            return refusal(Failure.TIME_NOT_AVAILABLE)
        except CAError:  # the key is away, or used up
            return refusal(Failure.SYSTEM_FAILURE)

    def _token(self, imprint_der: bytes, now: datetime, nonce_der: bytes, certificates: bytes) -> bytes:
        info = der.sequence(
            self._info_head, imprint_der, _serial_number(), self._moment(now), self._accuracy, nonce_der
        )
        digest = digests.compute(self._hash_name, info)
        signature = self._signer.sign(der.tlv(der.SET, self._attributes_head, digest, self._attributes_tail))
        sizes = len(info), len(signature), certificates
        parts = self._parts.get(sizes)
        if parts is None:
            if len(self._parts) >= _MAX_SIZES:
                self._parts.clear()
            parts = self._parts[sizes] = self._around(*sizes)
        return b"".join((parts[0], info, parts[1], digest, parts[2], signature))

    def _around(self, info: int, signature: int, certificates: bytes) -> tuple[bytes, bytes, bytes]:
        """Return what stands before TSTInfo, its digest and the signature, of which only the sizes matter for that."""
        digest = digests.SIZES[self._hash_name]
        attributes = der.tlv(_ATTRIBUTES, self._attributes_head, bytes(digest), self._attributes_tail)
        signed = der.octets(bytes(signature))
        signer_info = der.sequence(self._signer_head, attributes, self._signature_algorithm, signed)
        after_info = certificates + der.tlv(der.SET, signer_info)
        content = der.sequence(_CONTENT_TYPE, der.tlv(_EXPLICIT, der.octets(bytes(info))))
        data = der.tlv(_EXPLICIT, der.sequence(self._data_head, content, after_info))
        whole = der.sequence(_SIGNED_DATA, data)
        after_digest = self._attributes_tail + self._signature_algorithm + signed[: -signature or None]
        info_end = len(whole) - len(after_info)
        digest_at = len(whole) - signature - len(after_digest) - digest
        return whole[: info_end - info], whole[info_end:digest_at], after_digest


_SIGNED_DATA: Final = der.oid(oids.SIGNED_DATA)
_CONTENT_TYPE: Final = der.oid(oids.TST_INFO)
_EXPLICIT: Final = der.context(0)
_ATTRIBUTES: Final = der.context(0)


class _Ordered:
    """Writes times to the microsecond, each one later than the one before."""

    def __init__(self) -> None:
        self._writing = threading.Lock()
        self._last = datetime.min.replace(tzinfo=UTC)

    def __call__(self, moment: datetime) -> bytes:
        with self._writing:
            self._last = max(moment.astimezone(UTC), self._last + timedelta(microseconds=1))
            text = f"{self._last:%Y%m%d%H%M%S.%f}".rstrip("0").rstrip(".")
        return der.tlv(der.GENERALIZED_TIME, f"{text}Z".encode())


def _accuracy(accuracy: timedelta) -> bytes:
    seconds, rest = divmod(accuracy, _SECOND)
    millis = rest // timedelta(milliseconds=1)
    if accuracy < timedelta(milliseconds=1):
        raise ValueError("an accuracy of at least a millisecond")
    parts = der.integer(seconds) if seconds else b""
    return der.sequence(parts, der.integer(millis, der.context(0, constructed=False)) if millis else b"")


def _attribute(kind: str, value: bytes) -> bytes:
    return der.sequence(der.oid(kind), der.tlv(der.SET, value))


_SPELT_TWICE: Final[frozenset[SignatureAlgorithm]] = frozenset({"RS256", "SM2"})
"""The label of the signature stands outside what is signed, and for these a reader takes more than one."""


def _attribute_parts(certificate: Certificate, hash_name: str, algorithm: SignatureAlgorithm) -> tuple[bytes, bytes]:
    """Return the contents of the sorted signed attributes, cut where the message digest stands."""
    placeholder = os.urandom(digests.SIZES[hash_name])
    # RFC 5035 section 4: ESSCertIDv2, whose hash is SHA-256 where it names none
    named = b"" if hash_name == "SHA-256" else digests.identifier(hash_name)
    identifier = der.sequence(named, der.octets(digests.compute(hash_name, certificate.der)))
    attributes = [
        _attribute(oids.CONTENT_TYPE, der.oid(oids.TST_INFO)),
        _attribute(oids.MESSAGE_DIGEST, der.octets(placeholder)),
        _attribute(oids.SIGNING_CERTIFICATE_V2, der.sequence(der.sequence(identifier))),
    ]
    if algorithm in _SPELT_TWICE:  # RFC 6211: so the right one is signed
        label = der.tlv(der.context(1), *_contents(signatures.identifier(algorithm)))
        attributes.append(_attribute(oids.ALGORITHM_PROTECTION, der.sequence(digests.identifier(hash_name), label)))
    head, _, tail = b"".join(sorted(attributes)).partition(placeholder)
    return head, tail


def _contents(sequence: bytes) -> tuple[bytes, ...]:
    return tuple(member.raw for member in der.children(der.read(sequence)))


def _serial_number() -> bytes:
    # Random, so that two processes of one authority never agree on one; the top bits keep its length and sign.
    number = bytearray(os.urandom(_SERIAL_SIZE))
    number[0] = number[0] & 0x3F | 0x40
    return bytes((der.INTEGER, _SERIAL_SIZE)) + number


def refusal(failure: Failure) -> bytes:
    """Return the DER TimeStampResp that says why there is no token.

    Source: RFC 3161 section 2.4.2
    """
    octets, bit = divmod(failure, 8)
    bits = der.tlv(der.BIT_STRING, bytes((7 - bit,)) + bytes(octets) + bytes((0x80 >> bit,)))
    return der.sequence(der.sequence(der.integer(_REJECTION), bits))
