"""The one form of CMS SignedData that a seal writes, and its reader, which accepts that form and no other.

The writer joins parts that were made once per seal. The reader takes out what varies (certificates, digest, signature,
timestamp), has the writer build the value again and compares the bytes: what is not signed cannot be changed either.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Final

from ca import der, oids
from ca.certificate_reader import Certificate, read_certificate
from ca.errors import DerInvalid
from ca.signatures import ES256_IDENTIFIER, SCHEMES, verify
from seals.pdf_errors import CmsUnreadable

MAX_CERTIFICATES: Final = 8
_MAX_ECDSA_P256: Final = 72  # bytes of a DER Ecdsa-Sig-Value

_DATA: Final = der.oid("1.2.840.113549.1.7.1")
_SIGNATURE_TIME_STAMP: Final = der.oid("1.2.840.113549.1.9.16.2.14")
_SIGNED_ATTRIBUTES: Final = der.context(0)
_UNSIGNED_ATTRIBUTES: Final = der.context(1)
_CERTIFICATES: Final = der.context(0)
# RFC 5754 section 2: SHA-256 goes without parameters.
_SHA256_IDENTIFIER: Final = der.sequence(der.oid(oids.SHA256))
_SIGNED_DATA_HEAD: Final = der.integer(1) + der.sorted_set([_SHA256_IDENTIFIER]) + der.sequence(_DATA)


def _attribute(kind: bytes, value: bytes) -> bytes:
    return der.sequence(kind, der.tlv(der.SET, value))


class CmsWriter:
    """Writes the CMS of one signer.

    chain: DER certificates, leaf first, up to and including the root. A set of them, in any order after the leaf,
    gives the same bytes.
    """

    def __init__(self, chain: Sequence[bytes]) -> None:
        leaf = read_certificate(chain[0])
        signing_certificate = der.sequence(
            der.sequence(der.sequence(der.tlv(der.OCTET_STRING, sha256(leaf.der).digest())))
        )
        # DER sorts a SET OF by its bytes; these three attributes always fall in this order (30 18, 30 2f, 30 4x).
        self._before_digest = (
            _attribute(der.oid(oids.CONTENT_TYPE), _DATA)
            + _attribute(der.oid(oids.MESSAGE_DIGEST), der.tlv(der.OCTET_STRING, bytes(32)))[:-32]
        )
        self._after_digest = _attribute(der.oid(oids.SIGNING_CERTIFICATE_V2), signing_certificate)
        self._head = _SIGNED_DATA_HEAD + der.sorted_set(chain, _CERTIFICATES)
        self._signer_head = (
            der.integer(1) + der.sequence(leaf.issuer, der.integer(leaf.serial_number)) + _SHA256_IDENTIFIER
        )

    def signed_attributes(self, digest: bytes) -> bytes:
        """Return what is signed: the DER SET of the signed attributes over a document digest of 32 bytes.

        No signing time: PAdES states it in the signature dictionary. Source: RFC 5652 section 5.4, EN 319 142-1 section 6.3.
        """
        return der.tlv(der.SET, self._before_digest, digest, self._after_digest)

    def assemble(self, digest: bytes, signature: bytes, token: bytes | None) -> bytes:
        """Return the DER ContentInfo; `token` is the timestamp over the signature value (DER ContentInfo) or None."""
        unsigned = b"" if token is None else der.tlv(_UNSIGNED_ATTRIBUTES, _attribute(_SIGNATURE_TIME_STAMP, token))
        signer = der.sequence(
            self._signer_head,
            der.tlv(_SIGNED_ATTRIBUTES, self._before_digest, digest, self._after_digest),
            ES256_IDENTIFIER,
            der.tlv(der.OCTET_STRING, signature),
            unsigned,
        )
        signed_data = der.sequence(self._head, der.tlv(der.SET, signer))
        return der.sequence(der.oid(oids.SIGNED_DATA), der.tlv(der.context(0), signed_data))

    def size(self, token: int) -> int:
        """Return how many bytes the CMS needs at most with a token of that many bytes (0: without one)."""
        return len(self.assemble(bytes(32), bytes(_MAX_ECDSA_P256), bytes(token) if token else None))


@dataclass(frozen=True, slots=True)
class SealCms:
    """What a seal's CMS says: its chain (leaf first), the signed document digest, the signature, the timestamp token."""

    chain: tuple[bytes, ...]
    message_digest: bytes
    signed_attributes: bytes
    signature: bytes
    algorithm: str
    token: bytes | None

    @property
    def signer_certificate(self) -> bytes:
        """DER of the certificate that the signed attributes name."""
        return self.chain[0]

    def signature_valid(self) -> bool:
        """Say whether the signature over the signed attributes is that of the signer certificate's key."""
        key = read_certificate(self.signer_certificate).public_key
        return verify(key, ES256_IDENTIFIER, self.signed_attributes, self.signature)


def read_cms(data: bytes) -> SealCms:
    """Read the CMS of a seal; raises CmsUnreadable for any byte that our writer would have written otherwise.

    The certificates must be one chain from the signer up to a self-signed root, each signed by the next: they are not
    under the seal's signature, so theirs is what protects their bytes. Whether the chain is trusted is not judged here.
    """
    try:
        certificates, parts = _take_apart(data)
        signer = next((one for one in certificates if sha256(one).digest() == parts.certificate_hash), None)
        if signer is None:
            raise CmsUnreadable(reason="signer_certificate_missing")
        chain = order_chain(signer, frozenset(certificates))
    except DerInvalid as fault:
        raise CmsUnreadable(reason="not_der") from fault
    writer = CmsWriter(chain)
    if writer.assemble(parts.message_digest, parts.signature, parts.token) != data:
        raise CmsUnreadable(reason="not_canonical")
    return SealCms(
        chain=chain,
        message_digest=parts.message_digest,
        signed_attributes=writer.signed_attributes(parts.message_digest),
        signature=parts.signature,
        algorithm=SCHEMES[ES256_IDENTIFIER].id,
        token=parts.token,
    )


@dataclass(frozen=True, slots=True)
class _Parts:
    message_digest: bytes
    certificate_hash: bytes
    signature: bytes
    token: bytes | None


def _take_apart(data: bytes) -> tuple[tuple[bytes, ...], _Parts]:
    """Find the parts that vary; all that is fixed is compared afterwards."""
    content_info = der.Fields(der.read(data))
    content_info.take(der.OBJECT_IDENTIFIER)
    signed_data = der.Fields(der.read(content_info.take(der.context(0)).value))
    signed_data.take(der.INTEGER)
    signed_data.take(der.SET)
    signed_data.take(der.SEQUENCE)
    certificates = tuple(member.raw for member in der.set_of(signed_data.take(_CERTIFICATES)))
    if len(certificates) > MAX_CERTIFICATES:
        raise CmsUnreadable(reason="too_many_certificates")
    signer = der.Fields(der.read(signed_data.take(der.SET).value))
    for tag in (der.INTEGER, der.SEQUENCE, der.SEQUENCE):
        signer.take(tag)
    attributes = der.children(signer.take(_SIGNED_ATTRIBUTES))
    if len(attributes) != 3:
        raise CmsUnreadable(reason="signed_attributes")
    signer.take(der.SEQUENCE)
    signature = der.parse_octets(signer.take())
    unsigned = signer.optional(_UNSIGNED_ATTRIBUTES)
    parts = _Parts(
        message_digest=_only_value(attributes[1].raw).value,
        certificate_hash=_certificate_hash(_only_value(attributes[2].raw)),
        signature=signature,
        token=None if unsigned is None else _only_value(unsigned.value).raw,
    )
    return certificates, parts


def _only_value(attribute: bytes) -> der.Element:
    fields = der.Fields(der.read(attribute))
    fields.take(der.OBJECT_IDENTIFIER)
    return der.read(fields.take(der.SET).value)


def _certificate_hash(signing_certificate: der.Element) -> bytes:
    """Return the hash in SigningCertificateV2 { certs { ESSCertIDv2 { certHash } } }. Source: RFC 5035 section 3."""
    identifiers = der.read(der.expect(signing_certificate, der.SEQUENCE).value, der.SEQUENCE)
    identifier = der.read(identifiers.value, der.SEQUENCE)
    return der.parse_octets(der.read(identifier.value))


@lru_cache(maxsize=1024)
def order_chain(leaf: bytes, certificates: frozenset[bytes]) -> tuple[bytes, ...]:
    """Return the certificates as the chain that starts at the leaf and ends at a self-signed root.

    Raises CmsUnreadable if one of them is not part of it or one signature in it fails, DerInvalid if one cannot be read.
    """
    chain = [read_certificate(leaf)]
    others = [read_certificate(one) for one in certificates if one != leaf]
    while others:
        issuer = next((one for one in others if one.subject == chain[-1].issuer and _signed(chain[-1], one)), None)
        if issuer is None:
            raise CmsUnreadable(reason="certificates_not_one_chain")
        others.remove(issuer)
        chain.append(issuer)
    if not _signed(chain[-1], chain[-1]):
        raise CmsUnreadable(reason="chain_without_root")
    return tuple(one.der for one in chain)


def _signed(certificate: Certificate, issuer: Certificate) -> bool:
    return verify(issuer.public_key, certificate.signature_algorithm, certificate.tbs, certificate.signature)
