"""The one form of CMS SignedData that a seal writes, and its reader, which accepts that form and no other.

A PDF states the signing time itself; the value beside any other file (detached.py) carries it as a signed attribute.

The writer joins parts that were made once per seal. The reader takes out what varies (certificates, digest, signature,
timestamp), has the writer build the value again and compares the bytes: what is not signed cannot be changed either.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from types import MappingProxyType
from typing import Final

from ca.algorithms import digests, signatures
from ca.encoding import der, oids
from ca.errors import DerInvalid
from ca.reading.certificate_reader import Certificate, read_certificate
from ledger.signing import SignatureAlgorithm
from seals.pdf.errors import CmsUnreadable

MAX_CERTIFICATES: Final = 8
_MAX_SIZES: Final = 256  # combinations of sizes whose parts are kept

_SIGNED_DATA: Final = der.oid(oids.SIGNED_DATA)
_DATA: Final = der.oid("1.2.840.113549.1.7.1")
_SIGNATURE_TIME_STAMP: Final = der.oid("1.2.840.113549.1.9.16.2.14")
_SIGNED_ATTRIBUTES: Final = der.context(0)
_UNSIGNED_ATTRIBUTES: Final = der.context(1)
_CERTIFICATES: Final = der.context(0)
_ECDSA_SIZES: Final = MappingProxyType({256: 72, 384: 104})  # bits of the curve: octets of an Ecdsa-Sig-Value at most
_RSA_SIZES: Final = range(2048, 4097)  # bits


def _attribute(kind: bytes, value: bytes) -> bytes:
    return der.sequence(kind, der.tlv(der.SET, value))


# The shortest attribute, and so the first of the set; the signing time is the next, whatever else there is.
_CONTENT_TYPE: Final = _attribute(der.oid(oids.CONTENT_TYPE), _DATA)


def _signing_time(moment: datetime | None) -> bytes:
    return b"" if moment is None else _attribute(der.oid(oids.SIGNING_TIME), der.time(moment))


@dataclass(frozen=True, slots=True)
class SealScheme:
    """How a certificate's key seals: algorithm id, hash id of document and attributes, octets of a signature at most."""

    algorithm: SignatureAlgorithm
    hash: str
    signature_size: int


def seal_scheme(public_key: bytes) -> SealScheme:
    """Return the one scheme that a key (DER SubjectPublicKeyInfo) seals by.

    P-256 and P-384 by ECDSA, RSA of 2048 to 4096 bits by PKCS #1 v1.5 over SHA-256. That a key has one scheme leaves
    nothing to choose outside the signature. Raises CmsUnreadable for other keys. Source: RFC 5753, RFC 5754
    """
    kind, size = signatures.key_kind(public_key) or (None, 0)
    if kind == "P-256":
        return SealScheme("ES256", "SHA-256", _ECDSA_SIZES[size])
    if kind == "P-384":
        return SealScheme("ES384", "SHA-384", _ECDSA_SIZES[size])
    if kind == "RSA" and size in _RSA_SIZES:
        return SealScheme("RS256", "SHA-256", (size + 7) // 8)
    raise CmsUnreadable(reason="key")


class CmsWriter:
    """Writes the CMS of one signer.

    chain: DER certificates, leaf first, up to and including the root. A set of them, in any order after the leaf,
    gives the same bytes.
    """

    def __init__(self, chain: Sequence[bytes]) -> None:
        leaf = read_certificate(chain[0])
        self.scheme = seal_scheme(leaf.public_key)
        digest_algorithm = digests.identifier(self.scheme.hash)
        self._algorithm = signatures.identifier(self.scheme.algorithm)
        self._parts: dict[tuple[int, int, int, bytes], tuple[bytes, bytes, bytes]] = {}
        self._before_digest, self._after_digest = _attribute_parts(leaf, self.scheme.hash)
        self._head = (
            der.integer(1)
            + der.tlv(der.SET, digest_algorithm)
            + der.sequence(_DATA)
            + der.sorted_set(chain, _CERTIFICATES)
        )
        self._signer_head = (
            der.integer(1) + der.sequence(leaf.issuer, der.integer(leaf.serial_number)) + digest_algorithm
        )

    def signed_attributes(self, digest: bytes, signing_time: datetime | None = None) -> bytes:
        """Return what is signed: the DER SET of the signed attributes over a document digest by the scheme's hash.

        signing_time: whole seconds; None for a PDF, where the signature dictionary states it.
        Source: RFC 5652 sections 5.4 and 11.3, EN 319 122-1 and EN 319 142-1 section 6.3.
        """
        time = _signing_time(signing_time)
        return der.tlv(der.SET, _CONTENT_TYPE, time, self._before_digest, digest, self._after_digest)

    def assemble(
        self, digest: bytes, signature: bytes, token: bytes | None, signing_time: datetime | None = None
    ) -> bytes:
        """Return the DER ContentInfo; `token` is the timestamp over the signature value (DER ContentInfo) or None."""
        sizes = (len(digest), len(signature), -1 if token is None else len(token), _signing_time(signing_time))
        parts = self._parts.get(sizes)
        if parts is None:
            if len(self._parts) >= _MAX_SIZES:
                self._parts.clear()
            parts = self._parts[sizes] = self._around(*sizes)
        return b"".join((parts[0], digest, parts[1], signature, parts[2], token or b""))

    def _around(self, digest: int, signature: int, token: int, time: bytes) -> tuple[bytes, bytes, bytes]:
        """Return what stands around digest, signature and token, all that these leave to differ being their sizes.

        token: -1 for none; time: the attribute of the signing time, empty for none. Each part but the last ends where the next value begins.
        """
        unsigned = b""
        if token >= 0:
            unsigned = der.tlv(_UNSIGNED_ATTRIBUTES, _attribute(_SIGNATURE_TIME_STAMP, bytes(token)))
        attributes = der.tlv(
            _SIGNED_ATTRIBUTES, _CONTENT_TYPE, time, self._before_digest, bytes(digest), self._after_digest
        )
        after = self._after_digest + self._algorithm + der.octets(bytes(signature))[: -signature or None]
        signer = der.sequence(self._signer_head, attributes, self._algorithm, der.octets(bytes(signature)), unsigned)
        signed_data = der.sequence(self._head, der.tlv(der.SET, signer))
        whole = der.sequence(_SIGNED_DATA, der.tlv(der.context(0), signed_data))
        signature_at = len(whole) - len(unsigned) - signature
        digest_at = signature_at - len(after) - digest
        return whole[:digest_at], after, unsigned[: len(unsigned) - max(token, 0)]

    def size(self, token: int) -> int:
        """Return how many bytes the CMS needs at most with a token of that many bytes (0: without one)."""
        digest, signature = bytes(digests.SIZES[self.scheme.hash]), bytes(self.scheme.signature_size)
        return len(self.assemble(digest, signature, bytes(token) if token else None))


def _attribute_parts(leaf: Certificate, hash_name: str) -> tuple[bytes, bytes]:
    """Return the contents of the last two of the sorted signed attributes, cut where the message digest stands.

    DER sorts a SET OF by its bytes, and a longer digest moves its attribute behind the certificate's.
    """
    # RFC 5035 section 4: ESSCertIDv2, whose hash is SHA-256 where it names none
    identifier = der.sequence(der.octets(sha256(leaf.der).digest()))
    placeholder = bytes(digests.SIZES[hash_name])
    attributes = (
        _attribute(der.oid(oids.MESSAGE_DIGEST), der.octets(placeholder)),
        _attribute(der.oid(oids.SIGNING_CERTIFICATE_V2), der.sequence(der.sequence(identifier))),
    )
    head, _, tail = b"".join(sorted(attributes)).partition(placeholder)
    return head, tail


@dataclass(frozen=True, slots=True)
class SealCms:
    """What a seal's CMS says.

    certificates: DER, the signer's first and, if they are one chain, upwards; message_digest: the document digest that
    was signed; signed_attributes: the DER SET under the signature; token: DER timestamp token or None;
    signing_time: as claimed, None in a PDF's; faults: stable words for each departure from what our writer writes; scheme: of the signer certificate's key.
    """

    certificates: tuple[bytes, ...]
    message_digest: bytes
    signed_attributes: bytes
    signature: bytes
    token: bytes | None
    faults: tuple[str, ...]
    scheme: SealScheme
    signing_time: datetime | None

    def signature_valid(self) -> bool:
        """Say whether the signature over the signed attributes is that of the signer certificate's key."""
        try:
            key = read_certificate(self.certificates[0]).public_key
        except DerInvalid:
            return False
        identifier = signatures.identifier(self.scheme.algorithm)
        return signatures.verify(key, identifier, self.signed_attributes, self.signature)


def split_padding(value: bytes) -> tuple[bytes, bytes]:
    """Part a signature value into its DER element and what pads the space kept for it; raises CmsUnreadable."""
    octets = value[1] & 0x7F if len(value) > 1 and value[1] & 0x80 else 0
    length = int.from_bytes(value[2 : 2 + octets]) if octets else int.from_bytes(value[1:2])
    end = 2 + octets + length
    if end > len(value):
        raise CmsUnreadable(reason="cut_off")
    return value[:end], value[end:]


def read_cms(data: bytes, *, timed: bool = False) -> SealCms:
    """Read the CMS of a seal and name each byte that our writer would have written otherwise; raises CmsUnreadable.

    timed: that it states a signing time is wanted; if not, that is refused.
    The certificates must be one chain from the signer up to a self-signed root, each signed by the next: they are not
    under the seal's signature, so theirs is what protects their bytes. Whether the chain is trusted is not judged here.
    """
    try:
        certificates, parts = _take_apart(data, timed=timed)
    except DerInvalid as fault:
        raise CmsUnreadable(reason="not_der") from fault
    if not 0 < len(certificates) <= MAX_CERTIFICATES:
        raise CmsUnreadable(reason="number_of_certificates")
    faults: list[str] = []
    signers = [one for one in certificates if sha256(one).digest() == parts.certificate_hash]
    if not signers:
        faults.append("signer_certificate")
    chain = (*signers, *(one for one in certificates if one not in signers))
    scheme = _scheme(chain[0])
    try:
        chain = order_chain(chain[0], frozenset(chain))
        written = CmsWriter(chain).assemble(parts.message_digest, parts.signature, parts.token, parts.signing_time)
        if written != data:
            faults.append("not_canonical")
    except (CmsUnreadable, DerInvalid):
        faults.append("certificates")
    return SealCms(
        certificates=chain,
        message_digest=parts.message_digest,
        signed_attributes=parts.signed_attributes,
        signature=parts.signature,
        token=parts.token,
        faults=tuple(faults),
        scheme=scheme,
        signing_time=parts.signing_time,
    )


def _scheme(certificate: bytes) -> SealScheme:
    try:
        return seal_scheme(read_certificate(certificate).public_key)
    except DerInvalid as fault:
        raise CmsUnreadable(reason="signer_certificate") from fault


@dataclass(frozen=True, slots=True)
class _Parts:
    message_digest: bytes
    certificate_hash: bytes
    signed_attributes: bytes
    signature: bytes
    token: bytes | None
    signing_time: datetime | None


def _take_apart(data: bytes, *, timed: bool) -> tuple[tuple[bytes, ...], _Parts]:
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
    if len(attributes) != 3 + timed:
        raise CmsUnreadable(reason="signed_attributes")
    values = [_only_value(attribute.raw) for attribute in attributes]
    signing_time = der.parse_time(values.pop(1)) if timed else None
    # sorted: the digest stands before the certificate's attribute, a long one behind it; what differs is found by comparison
    digest, certificate = values[1:] if values[1].tag == der.OCTET_STRING else values[:0:-1]
    signer.take(der.SEQUENCE)
    signature = der.parse_octets(signer.take())
    unsigned = signer.optional(_UNSIGNED_ATTRIBUTES)
    return certificates, _Parts(
        message_digest=der.parse_octets(digest),
        certificate_hash=_certificate_hash(certificate),
        # RFC 5652 section 5.4: signed as the SET that it is, not under the tag it stands with
        signed_attributes=der.tlv(der.SET, signed.value),
        signature=signature,
        token=None if unsigned is None else _only_value(unsigned.value).raw,
        signing_time=signing_time,
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
    return signatures.verify(issuer.public_key, certificate.signature_algorithm, certificate.tbs, certificate.signature)
