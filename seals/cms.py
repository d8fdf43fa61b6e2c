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
from ca.digests import SHA256_IDENTIFIER
from ca.errors import DerInvalid
from ca.signatures import ES256_IDENTIFIER, verify
from seals.pdf_errors import CmsUnreadable

MAX_CERTIFICATES: Final = 8
_MAX_ECDSA_P256: Final = 72  # bytes of a DER Ecdsa-Sig-Value

_SIGNED_DATA: Final = der.oid(oids.SIGNED_DATA)
_DATA: Final = der.oid("1.2.840.113549.1.7.1")
_SIGNATURE_TIME_STAMP: Final = der.oid("1.2.840.113549.1.9.16.2.14")
_SIGNED_ATTRIBUTES: Final = der.context(0)
_UNSIGNED_ATTRIBUTES: Final = der.context(1)
_CERTIFICATES: Final = der.context(0)
_SIGNED_DATA_HEAD: Final = der.integer(1) + der.sorted_set([SHA256_IDENTIFIER]) + der.sequence(_DATA)


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
            der.integer(1) + der.sequence(leaf.issuer, der.integer(leaf.serial_number)) + SHA256_IDENTIFIER
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
        return der.sequence(_SIGNED_DATA, der.tlv(der.context(0), signed_data))

    def size(self, token: int) -> int:
        """Return how many bytes the CMS needs at most with a token of that many bytes (0: without one)."""
        return len(self.assemble(bytes(32), bytes(_MAX_ECDSA_P256), bytes(token) if token else None))


@dataclass(frozen=True, slots=True)
class SealCms:
    """What a seal's CMS says.

    certificates: DER, the signer's first and, if they are one chain, upwards; message_digest: the document digest that
    was signed; signed_attributes: the DER SET under the signature; token: DER timestamp token or None;
    faults: stable words for each departure from what our writer writes.
    """

    certificates: tuple[bytes, ...]
    message_digest: bytes
    signed_attributes: bytes
    signature: bytes
    token: bytes | None
    faults: tuple[str, ...]

    def signature_valid(self) -> bool:
        """Say whether the signature over the signed attributes is that of the signer certificate's key."""
        try:
            key = read_certificate(self.certificates[0]).public_key
        except DerInvalid:
            return False
        return verify(key, ES256_IDENTIFIER, self.signed_attributes, self.signature)


def split_padding(value: bytes) -> tuple[bytes, bytes]:
    """Part a signature value into its DER element and what pads the space kept for it; raises CmsUnreadable."""
    octets = value[1] & 0x7F if len(value) > 1 and value[1] & 0x80 else 0
    length = int.from_bytes(value[2 : 2 + octets]) if octets else int.from_bytes(value[1:2])
    end = 2 + octets + length
    if end > len(value):
        raise CmsUnreadable(reason="cut_off")
    return value[:end], value[end:]


def read_cms(data: bytes) -> SealCms:
    """Read the CMS of a seal and name each byte that our writer would have written otherwise; raises CmsUnreadable.

    The certificates must be one chain from the signer up to a self-signed root, each signed by the next: they are not
    under the seal's signature, so theirs is what protects their bytes. Whether the chain is trusted is not judged here.
    """
    try:
        certificates, parts = _take_apart(data)
    except DerInvalid as fault:
        raise CmsUnreadable(reason="not_der") from fault
    if not 0 < len(certificates) <= MAX_CERTIFICATES:
        raise CmsUnreadable(reason="number_of_certificates")
    faults: list[str] = []
    signers = [one for one in certificates if sha256(one).digest() == parts.certificate_hash]
    if not signers:
        faults.append("signer_certificate")
    chain = (*signers, *(one for one in certificates if one not in signers))
    try:
        chain = order_chain(chain[0], frozenset(chain))
        written = CmsWriter(chain).assemble(parts.message_digest, parts.signature, parts.token)
        if written != data:
            faults.append("not_canonical")
    except (CmsUnreadable, DerInvalid):
        faults.append("certificates")
    return SealCms(chain, parts.message_digest, parts.signed_attributes, parts.signature, parts.token, tuple(faults))


@dataclass(frozen=True, slots=True)
class _Parts:
    message_digest: bytes
    certificate_hash: bytes
    signed_attributes: bytes
    signature: bytes
    token: bytes | None


def _take_apart(data: bytes) -> tuple[tuple[bytes, ...], _Parts]:
    """Find the parts that vary; all that is fixed is compared afterwards."""
    content_info = der.Fields(der.read(data))
    content_info.take(der.OBJECT_IDENTIFIER)
    signed_data = der.Fields(der.read(content_info.take(der.context(0)).value))
    for tag in (der.INTEGER, der.SET, der.SEQUENCE):
        signed_data.take(tag)
    certificates = tuple(member.raw for member in der.children(signed_data.take(_CERTIFICATES)))
    signer = der.Fields(der.read(signed_data.take(der.SET).value))
    for tag in (der.INTEGER, der.SEQUENCE, der.SEQUENCE):
        signer.take(tag)
    signed = signer.take(_SIGNED_ATTRIBUTES)
    attributes = der.children(signed)
    if len(attributes) != 3:
        raise CmsUnreadable(reason="signed_attributes")
    signer.take(der.SEQUENCE)
    signature = der.parse_octets(signer.take())
    unsigned = signer.optional(_UNSIGNED_ATTRIBUTES)
    return certificates, _Parts(
        message_digest=der.parse_octets(_only_value(attributes[1].raw)),
        certificate_hash=_certificate_hash(_only_value(attributes[2].raw)),
        # RFC 5652 section 5.4: signed as the SET that it is, not under the tag it stands with
        signed_attributes=der.tlv(der.SET, signed.value),
        signature=signature,
        token=None if unsigned is None else _only_value(unsigned.value).raw,
    )


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
