"""Signature values of other makers: we do not judge them, but we say so only where they are not plainly broken.

"A form that we do not read" must never be the hiding place of a changed document, so digest and signature are tried with
the common algorithms first.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from ca.encoding import der, oids
from ca.errors import DerInvalid
from ca.reading.certificate_reader import read_certificate
from seals.cms.cms import split_padding
from seals.pdf.errors import CmsUnreadable

State = Literal["broken", "holds", "unknown"]

_HASHES: Final[dict[str, hashes.HashAlgorithm]] = {
    oids.SHA256: hashes.SHA256(),
    oids.SHA384: hashes.SHA384(),
    oids.SHA512: hashes.SHA512(),
}
_RSA: Final = frozenset(
    {"1.2.840.113549.1.1.1", "1.2.840.113549.1.1.11", "1.2.840.113549.1.1.12", "1.2.840.113549.1.1.13"}
)
_ECDSA: Final = frozenset({"1.2.840.10045.2.1", oids.ECDSA_WITH_SHA256, "1.2.840.10045.4.3.3", "1.2.840.10045.4.3.4"})


@dataclass(frozen=True, slots=True)
class _Signer:
    identifier: bytes
    hash: hashes.HashAlgorithm | None
    attributes: bytes | None
    message_digest: bytes | None
    algorithm: str
    signature: bytes


def foreign_state(value: bytes, digest: Callable[[str], bytes]) -> State:
    """Say of a detached CMS whether it plainly fails over the content, holds, or cannot be told.

    value: DER, zeros after it allowed; digest: gives the content's digest by the hash's name. Whether the signer is
    trusted is not judged. Source: RFC 5652 sections 5.1 to 5.6.
    """
    try:
        return _state(value, digest)
    except (DerInvalid, CmsUnreadable):
        return "unknown"


def _state(value: bytes, digest: Callable[[str], bytes]) -> State:
    content_info = der.Fields(der.read(split_padding(value)[0]))
    content_info.take(der.OBJECT_IDENTIFIER)
    signed_data = der.Fields(der.read(content_info.take(der.context(0)).value))
    for tag in (der.INTEGER, der.SET, der.SEQUENCE):
        signed_data.take(tag)
    certificates = signed_data.optional(der.context(0))
    signed_data.optional(der.context(1))
    signers = der.children(signed_data.take(der.SET))
    if certificates is None or len(signers) != 1:
        return "unknown"
    signer = _read_signer(signers[0])
    if signer.hash is None or signer.attributes is None or signer.message_digest is None:
        return "unknown"
    if signer.message_digest != digest(signer.hash.name):
        return "broken"
    for member in der.children(certificates):
        if member.tag == der.SEQUENCE and _identifier(member.raw) == signer.identifier:
            return _verify(read_certificate(member.raw).public_key, signer)
    return "unknown"


def _read_signer(element: der.Element) -> _Signer:
    fields = der.Fields(element)
    fields.take(der.INTEGER)
    identifier = fields.take()
    hash_algorithm = _HASHES.get(_algorithm(fields.take()))
    attributes = fields.optional(der.context(0))
    algorithm = _algorithm(fields.take())
    return _Signer(
        identifier=identifier.raw,
        hash=hash_algorithm,
        # RFC 5652 section 5.4: signed as the SET that it is, not under the tag it stands with
        attributes=None if attributes is None else der.tlv(der.SET, attributes.value),
        message_digest=None if attributes is None else _message_digest(attributes),
        algorithm=algorithm,
        signature=der.parse_octets(fields.take()),
    )


def _algorithm(element: der.Element) -> str:
    return der.parse_oid(der.Fields(element).take())


def _message_digest(attributes: der.Element) -> bytes | None:
    for attribute in der.children(attributes):
        fields = der.Fields(attribute)
        if der.parse_oid(fields.take()) == oids.MESSAGE_DIGEST:
            return der.parse_octets(der.read(fields.take(der.SET).value))
    return None


def _identifier(certificate: bytes) -> bytes:
    read = read_certificate(certificate)
    return der.sequence(read.issuer, der.integer(read.serial_number))


def _verify(public_key: bytes, signer: _Signer) -> State:
    assert signer.hash is not None
    assert signer.attributes is not None
    try:
        key = load_der_public_key(public_key)
        if isinstance(key, rsa.RSAPublicKey) and signer.algorithm in _RSA:
            key.verify(signer.signature, signer.attributes, padding.PKCS1v15(), signer.hash)
        elif isinstance(key, ec.EllipticCurvePublicKey) and signer.algorithm in _ECDSA:
            key.verify(signer.signature, signer.attributes, ec.ECDSA(signer.hash))
        else:
            return "unknown"
    except InvalidSignature:
        return "broken"
    except (ValueError, UnsupportedAlgorithm):
        return "unknown"
    return "holds"
