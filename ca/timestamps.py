"""A timestamp authority: tokens put together from parts that are made once.

Between two tokens only TSTInfo, its digest and the signature differ. Everything else, certificates and attributes
included, is serialised when the authority is built; a token costs little more than its signature.
"""

import hashlib
import os
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from ca import der, digests, oids, signatures
from ca.certificate_reader import Certificate, read_certificate
from ca.errors import KeyMismatch, ProfileViolated
from ca.timestamp_request import Failure, read_request
from ca.timestamp_token import TimestampToken, read_token
from ledger.signing import Signer

__all__ = ["TimestampAuthority", "TimestampToken", "read_token"]

_ACCURACY_SECONDS: Final = 1
_SERIAL_SIZE: Final = 16
_GRANTED: Final = der.sequence(der.integer(0))
_REJECTION: Final = 2
_DIGEST_SIZE: Final = 32


class TimestampAuthority:
    """Makes RFC 3161 tokens that carry the chain up to and including the root, as archival (LTA) validation needs.

    signer: the authority's key; chain: DER, its own certificate first, the root last; policy_oid: dotted.
    Raises KeyMismatch, ProfileViolated, CertificateInvalid.
    """

    def __init__(self, signer: Signer, chain: Sequence[bytes], policy_oid: str) -> None:
        certificate = read_certificate(chain[0])
        if certificate.public_key != signer.public_key:
            raise KeyMismatch(certificate.subject_text)
        if certificate.extended_key_usage != (oids.TIME_STAMPING,):
            raise ProfileViolated("timestamp", "the certificate is not a timestamp authority's")
        self._signer = signer
        self._policy = policy_oid
        self._info_head = der.integer(1) + der.oid(policy_oid)
        self._accuracy = der.sequence(der.integer(_ACCURACY_SECONDS))
        self._content_type = der.oid(oids.TST_INFO)
        self._data_head = der.integer(3) + der.tlv(der.SET, digests.SHA256_IDENTIFIER)
        self._certificates = der.sorted_set(chain, der.context(0))
        self._attributes_head, self._attributes_tail = _attribute_parts(certificate)
        self._signer_head = (
            der.integer(1)
            + der.sequence(certificate.issuer, der.integer(certificate.serial_number))
            + digests.SHA256_IDENTIFIER
        )

    def stamp(self, imprint: bytes, now: datetime, nonce: int | None = None) -> bytes:
        """Return a token over a SHA-256 digest, as DER ContentInfo.

        imprint: 32 bytes; now: UTC, written to the millisecond.
        Source: RFC 3161 section 2.4.2, RFC 5816
        """
        if len(imprint) != _DIGEST_SIZE:
            raise ValueError("a SHA-256 digest has 32 bytes")
        imprint_der = der.sequence(digests.SHA256_IDENTIFIER, der.tlv(der.OCTET_STRING, imprint))
        return self._token(imprint_der, now, b"" if nonce is None else der.integer(nonce), self._certificates)

    def respond(self, request_der: bytes, now: datetime) -> bytes:
        """Answer a DER TimeStampReq with a DER TimeStampResp: a token, or what is wrong with the request.

        Source: RFC 3161 sections 2.4.1 and 2.4.2
        """
        request = read_request(request_der, self._policy)
        if isinstance(request, Failure):
            return der.sequence(der.sequence(der.integer(_REJECTION), _failure_bits(request)))
        certificates = self._certificates if request.with_certificates else b""
        return der.sequence(_GRANTED, self._token(request.imprint, now, request.nonce, certificates))

    def _token(self, imprint_der: bytes, now: datetime, nonce_der: bytes, certificates: bytes) -> bytes:
        info = der.sequence(
            self._info_head, imprint_der, _serial_number(), der.generalized_time(now), self._accuracy, nonce_der
        )
        attributes = self._attributes_head + hashlib.sha256(info).digest() + self._attributes_tail
        signature = self._signer.sign(der.tlv(der.SET, attributes))
        signer_info = der.sequence(
            self._signer_head,
            der.tlv(der.context(0), attributes),
            signatures.ES256_IDENTIFIER,
            der.tlv(der.OCTET_STRING, signature),
        )
        content = der.sequence(self._content_type, der.tlv(der.context(0), der.tlv(der.OCTET_STRING, info)))
        data = der.sequence(self._data_head, content, certificates, der.tlv(der.SET, signer_info))
        return der.sequence(_SIGNED_DATA, der.tlv(der.context(0), data))


_SIGNED_DATA: Final = der.oid(oids.SIGNED_DATA)


def _attribute(kind: str, value: bytes) -> bytes:
    return der.sequence(der.oid(kind), der.tlv(der.SET, value))


def _attribute_parts(certificate: Certificate) -> tuple[bytes, bytes]:
    """Return the contents of the sorted signed attributes, cut where the message digest stands."""
    placeholder = os.urandom(_DIGEST_SIZE)
    identifier = der.sequence(der.tlv(der.OCTET_STRING, hashlib.sha256(certificate.der).digest()))
    attributes = b"".join(
        sorted(
            (
                _attribute(oids.CONTENT_TYPE, der.oid(oids.TST_INFO)),
                _attribute(oids.MESSAGE_DIGEST, der.tlv(der.OCTET_STRING, placeholder)),
                # RFC 5035 section 4: ESSCertIDv2 with the default hash, SHA-256
                _attribute(oids.SIGNING_CERTIFICATE_V2, der.sequence(der.sequence(identifier))),
            )
        )
    )
    head, _, tail = attributes.partition(placeholder)
    return head, tail


def _serial_number() -> bytes:
    # Random, so that two processes of one authority never agree on one; the top bits keep its length and sign.
    number = bytearray(os.urandom(_SERIAL_SIZE))
    number[0] = number[0] & 0x3F | 0x40
    return bytes((der.INTEGER, _SERIAL_SIZE)) + number


def _failure_bits(failure: Failure) -> bytes:
    octets, bit = divmod(failure, 8)
    return der.tlv(der.BIT_STRING, bytes((7 - bit,)) + bytes(octets) + bytes((0x80 >> bit,)))
