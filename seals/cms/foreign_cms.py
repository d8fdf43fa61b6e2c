"""Signature values of other makers, read tolerantly: whether digest and signature hold, by the common algorithms.

"A form that we do not read" must never be the hiding place of a changed document. Nothing is said of the spelling: bytes
that the signature does not cover may have been changed, and mean the same.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

from asn1crypto import cms
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from ca.encoding import der, oids
from ca.errors import DerInvalid
from ca.reading.certificate_reader import read_certificate
from ca.timestamping.attributes import names
from seals.cms.cms import split_padding
from seals.pdf.errors import CmsUnreadable

State = Literal["broken", "holds", "unknown"]

_HASHES: Final[dict[str, hashes.HashAlgorithm]] = {
    oids.SHA256: hashes.SHA256(),
    oids.SHA384: hashes.SHA384(),
    oids.SHA512: hashes.SHA512(),
}
_BY_NAME: Final = {one.name: one for one in _HASHES.values()}
_SIGNATURE_TIME_STAMP: Final = "1.2.840.113549.1.9.16.2.14"
_RSA: Final = frozenset(
    {"1.2.840.113549.1.1.1", "1.2.840.113549.1.1.11", "1.2.840.113549.1.1.12", "1.2.840.113549.1.1.13"}
)
_ECDSA: Final = frozenset({"1.2.840.10045.2.1", oids.ECDSA_WITH_SHA256, "1.2.840.10045.4.3.3", "1.2.840.10045.4.3.4"})


@dataclass(frozen=True, slots=True)
class ForeignCms:
    """A detached CMS of another maker that was read; what may be believed of it `state` says.

    certificates: DER, the signer's first, the others as they stand; hash: by its name in hashlib; attributes: the DER SET
    that is signed; named: whether these name the signer's certificate, or none; algorithm: dotted; signing_time: as
    claimed, UTC, where it is a signed attribute; token: DER of an RFC 3161 timestamp over the signature value, where there
    is one.
    """

    certificates: tuple[bytes, ...] = field(repr=False)
    hash: str
    attributes: bytes = field(repr=False)
    message_digest: bytes
    named: bool
    algorithm: str
    signature: bytes = field(repr=False)
    signing_time: datetime | None
    token: bytes | None = field(repr=False)

    @property
    def scheme(self) -> str:
        """Our id of the signature algorithm (`RS256`, `ES384`), by key kind and hash."""
        return f"{'RS' if self.algorithm in _RSA else 'ES'}{self.hash.removeprefix('sha')}"

    def state(self, digest: Callable[[str], bytes]) -> State:
        """Say whether it plainly fails over the content, holds, or cannot be told.

        digest: gives the content's digest by the hash's name. Whether the signer is trusted is not judged.
        """
        # RFC 5035: which certificate stands beside a signature is not signed, so another of the same key could be put there.
        if self.message_digest != digest(self.hash) or not self.named:
            return "broken"
        return _verify(read_certificate(self.certificates[0]).public_key, self)


def foreign_state(value: bytes, digest: Callable[[str], bytes]) -> State:
    """Say of a detached CMS whether it plainly fails over the content, holds, or cannot be told.

    value: DER, zeros after it allowed; digest: gives the content's digest by the hash's name. Whether the signer is
    trusted is not judged. Source: RFC 5652 sections 5.1 to 5.6.
    """
    try:
        found = _read(value)
        if isinstance(found, _Unnamed):
            # Whoever takes the signer's certificate out has not made a changed document whole.
            return "broken" if found.message_digest != digest(found.hash) else "unknown"
        return "unknown" if found is None else found.state(digest)
    except (DerInvalid, CmsUnreadable):
        return "unknown"


def read_foreign(value: bytes) -> ForeignCms | None:
    """Read a detached CMS of another maker; None where it has not one signer, known hash and embedded certificate."""
    try:
        found = _read(value)
    except (DerInvalid, CmsUnreadable):
        return None
    return found if isinstance(found, ForeignCms) else None


def is_another_form(value: bytes) -> bool:
    """Say whether the value is a whole CMS with signers, be it written in BER or in a form that `read_foreign` refuses.

    Nothing is said of what it signs. Source: RFC 5652 section 5.1
    """
    try:
        found = cms.ContentInfo.load(value, strict=True)
        if found["content_type"].native != "signed_data":
            return False
        signed_data = found["content"]
        signers = signed_data["signer_infos"]
        # Lazily read: each part that is asked for is parsed.
        return len(signers) > 0 and all(
            one["signature"].native and one["sid"].chosen is not None and one["digest_algorithm"].native
            for one in signers
        )
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        return False


@dataclass(frozen=True, slots=True)
class _Unnamed:
    """A signer whose certificate is not there: only the digest can be compared."""

    hash: str
    message_digest: bytes


def _read(value: bytes) -> ForeignCms | _Unnamed | None:
    content_info = der.Fields(der.read(split_padding(value)[0]))
    content_info.take(der.OBJECT_IDENTIFIER)
    signed_data = der.Fields(der.read(content_info.take(der.context(0)).value))
    for tag in (der.INTEGER, der.SET, der.SEQUENCE):
        signed_data.take(tag)
    certificates = signed_data.optional(der.context(0))
    signed_data.optional(der.context(1))
    signers = der.children(signed_data.take(der.SET))
    if certificates is None or len(signers) != 1:
        return None
    members = [member.raw for member in der.children(certificates) if member.tag == der.SEQUENCE]
    return _read_signer(signers[0], members)


def _read_signer(element: der.Element, certificates: Sequence[bytes]) -> ForeignCms | _Unnamed | None:
    fields = der.Fields(element)
    fields.take(der.INTEGER)
    identifier = fields.take().raw
    hash_algorithm = _HASHES.get(_algorithm(fields.take()))
    attributes = fields.optional(der.context(0))
    algorithm = _algorithm(fields.take())
    signature = der.parse_octets(fields.take())
    signed = {} if attributes is None else _attributes(attributes)
    if hash_algorithm is None or attributes is None or oids.MESSAGE_DIGEST not in signed:
        return None
    message_digest = der.parse_octets(signed[oids.MESSAGE_DIGEST])
    named = [one for one in certificates if _identifier(one) == identifier]
    if not named:
        return _Unnamed(hash_algorithm.name, message_digest)
    unsigned = fields.optional(der.context(1))
    token = None if unsigned is None else _attributes(unsigned).get(_SIGNATURE_TIME_STAMP)
    time = signed.get(oids.SIGNING_TIME)
    return ForeignCms(
        certificates=(named[0], *(one for one in certificates if one != named[0])),
        hash=hash_algorithm.name,
        # RFC 5652 section 5.4: signed as the SET that it is, not under the tag it stands with
        attributes=der.tlv(der.SET, attributes.value),
        message_digest=message_digest,
        named=_is_named(signed, named[0]),
        algorithm=algorithm,
        signature=signature,
        signing_time=None if time is None else der.parse_time(time),
        token=None if token is None else token.raw,
    )


def _algorithm(element: der.Element) -> str:
    return der.parse_oid(der.Fields(element).take())


def _attributes(element: der.Element) -> dict[str, der.Element]:
    """Return the attributes that have one value, by their types; one that stands twice means nothing."""
    found: dict[str, der.Element] = {}
    twice = set()
    for attribute in der.children(element):
        fields = der.Fields(attribute)
        kind, values = der.parse_oid(fields.take()), der.children(fields.take(der.SET))
        if len(values) != 1 or kind in found:
            twice.add(kind)
        else:
            found[kind] = values[0]
    return {kind: value for kind, value in found.items() if kind not in twice}


def _is_named(signed: Mapping[str, der.Element], certificate: bytes) -> bool:
    read = read_certificate(certificate)
    return all(
        names(signed[kind], read, explicit_hash=kind == oids.SIGNING_CERTIFICATE_V2)
        for kind in (oids.SIGNING_CERTIFICATE, oids.SIGNING_CERTIFICATE_V2)
        if kind in signed
    )


def _identifier(certificate: bytes) -> bytes:
    read = read_certificate(certificate)
    return der.sequence(read.issuer, der.integer(read.serial_number))


def _verify(public_key: bytes, signer: ForeignCms) -> State:
    hash_algorithm = _BY_NAME[signer.hash]
    try:
        key = load_der_public_key(public_key)
        if isinstance(key, rsa.RSAPublicKey) and signer.algorithm in _RSA:
            key.verify(signer.signature, signer.attributes, padding.PKCS1v15(), hash_algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey) and signer.algorithm in _ECDSA:
            key.verify(signer.signature, signer.attributes, ec.ECDSA(hash_algorithm))
        else:
            return "unknown"
    except InvalidSignature:
        return "broken"
    except (ValueError, UnsupportedAlgorithm):
        return "unknown"
    return "holds"
