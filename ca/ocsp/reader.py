"""Read an OCSP response, ours or another authority's, into a value. Whether to believe it is the path's question."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Final, Literal

from ca.algorithms import digests
from ca.encoding import der, oids
from ca.errors import DerInvalid
from ca.ocsp.errors import OcspInvalid
from ca.ocsp.id import CertId, key_bits, read_cert_id
from ca.reading.certificate_reader import Certificate, explicit_extensions
from ca.reading.crl_reader import REASONS, Reason
from ca.reading.extension_reader import Extension

MAX_SIZE: Final = 64 * 1024
MAX_NONCE: Final = 128
"""RFC 9654 section 2.1."""

ResponseStatus = Literal["successful", "malformedRequest", "internalError", "tryLater", "sigRequired", "unauthorized"]
# RFC 6960 section 4.2.1; 4 is not used
STATUSES: Final[MappingProxyType[int, ResponseStatus]] = MappingProxyType(
    {
        0: "successful",
        1: "malformedRequest",
        2: "internalError",
        3: "tryLater",
        5: "sigRequired",
        6: "unauthorized",
    }
)
SingleVerdict = Literal["good", "revoked", "unknown"]


@dataclass(frozen=True, slots=True)
class SingleResponse:
    """What is said of one certificate.

    at and reason: of a revocation (reason None: none given); archive_cutoff: since when the responder answers for
    certificates that have expired since, None where it does not say so.
    Source: RFC 6960 section 4.2.1
    """

    id: CertId
    verdict: SingleVerdict
    at: datetime | None
    reason: Reason | None
    this_update: datetime
    next_update: datetime | None
    archive_cutoff: datetime | None = None


@dataclass(frozen=True, slots=True)
class OcspResponse:
    """A response; where `status` is not successful it says nothing else: empty bytes, no singles, no time.

    responder_name: DER, or responder_key_hash: 20 bytes of SHA-1; the other one is None. certificates: DER, as embedded;
    tbs: what is signed; signature_algorithm: DER AlgorithmIdentifier; nonce: the octets inside.
    """

    der: bytes
    status: ResponseStatus
    produced_at: datetime | None = None
    responder_name: bytes | None = None
    responder_key_hash: bytes | None = None
    singles: tuple[SingleResponse, ...] = ()
    nonce: bytes | None = None
    certificates: tuple[bytes, ...] = ()
    tbs: bytes = b""
    signature_algorithm: bytes = b""
    signature: bytes = b""

    @property
    def responder(self) -> bytes:
        """The responder's name (DER) or key hash, as the response names it."""
        return self.responder_name or self.responder_key_hash or b""

    def names(self, certificate: Certificate) -> bool:
        """Say whether this certificate is the one that the response names as its responder."""
        if self.responder_name is not None:
            return self.responder_name == certificate.subject
        return self.responder_key_hash == _key_hash(certificate.public_key)

    def about(self, serial: int, issuer: Certificate) -> SingleResponse | None:
        """Return what is said of the issuer's certificate of that serial number; of several answers the newest."""
        return max(self.all_about(serial, issuer), key=lambda one: one.this_update, default=None)

    def all_about(self, serial: int, issuer: Certificate) -> tuple[SingleResponse, ...]:
        """Return everything that is said of the issuer's certificate of that serial number, in the response's order."""
        return tuple(one for one in self.singles if one.id.serial == serial and one.id.is_of(issuer))


@lru_cache(maxsize=256)
def _key_hash(public_key: bytes) -> bytes:
    # RFC 6960 section 4.2.1: KeyHash is SHA-1, whatever else is used
    return digests.compute("SHA-1", key_bits(public_key))


def _inside(element: der.Element, tag: int) -> der.Element:
    """Return the one element under an explicit tag."""
    fields = der.Fields(element, tag)
    inner = fields.take()
    fields.end()
    return inner


def _only_known(extensions: MappingProxyType[str, Extension], known: frozenset[str]) -> None:
    for kind, extension in extensions.items():
        if extension.critical and kind not in known:
            raise DerInvalid(f"a critical extension that is not known: {kind}")


def read_nonce(extensions: MappingProxyType[str, Extension]) -> bytes | None:
    """Return the nonce, 1 to 128 octets; raises DerInvalid.

    Source: RFC 9654 section 2.1
    """
    extension = extensions.get(oids.OCSP_NONCE)
    if extension is None:
        return None
    nonce = der.parse_octets(der.read(extension.value))
    if not 1 <= len(nonce) <= MAX_NONCE:
        raise DerInvalid("a nonce of other than 1 to 128 octets")
    return nonce


_NO_EXTENSIONS: Final[frozenset[str]] = frozenset({oids.OCSP_NONCE, oids.OCSP_EXTENDED_REVOKE})
_SINGLE_EXTENSIONS: Final[frozenset[str]] = frozenset({oids.OCSP_ARCHIVE_CUTOFF, oids.CRL_REASON, oids.INVALIDITY_DATE})


def _status(element: der.Element) -> tuple[SingleVerdict, datetime | None, Reason | None]:
    if element.tag in {der.context(0, constructed=False), der.context(2, constructed=False)}:
        if element.value:
            raise DerInvalid("a NULL with contents")
        return ("good" if element.tag == der.context(0, constructed=False) else "unknown"), None, None
    fields = der.Fields(element, der.context(1))
    at = der.parse_time(fields.take(der.GENERALIZED_TIME))
    given = fields.optional(der.context(0))
    fields.end()
    if given is None:
        return "revoked", at, None
    code = der.parse_integer(_inside(given, der.context(0)), der.ENUMERATED)
    if code not in REASONS:
        raise DerInvalid("an unknown revocation reason")
    return "revoked", at, REASONS[code]


def _single(element: der.Element) -> SingleResponse:
    fields = der.Fields(element)
    name = read_cert_id(fields.take(der.SEQUENCE))
    verdict, at, reason = _status(fields.take())
    this_update = der.parse_time(fields.take(der.GENERALIZED_TIME))
    following = fields.optional(der.context(0))
    extensions = explicit_extensions(fields, der.context(1))
    fields.end()
    _only_known(extensions, _SINGLE_EXTENSIONS)
    next_update = None
    if following is not None:
        next_update = der.parse_time(der.expect(_inside(following, der.context(0)), der.GENERALIZED_TIME))
    cutoff = extensions.get(oids.OCSP_ARCHIVE_CUTOFF)
    return SingleResponse(
        id=name,
        verdict=verdict,
        at=at,
        reason=reason,
        this_update=this_update,
        next_update=next_update,
        archive_cutoff=None if cutoff is None else der.parse_time(der.read(cutoff.value, der.GENERALIZED_TIME)),
    )


def _responder(element: der.Element) -> tuple[bytes | None, bytes | None]:
    if element.tag == der.context(1):
        return der.expect(_inside(element, der.context(1)), der.SEQUENCE).raw, None
    return None, der.parse_octets(_inside(element, der.context(2)))


def _certificates(fields: der.Fields) -> tuple[bytes, ...]:
    listed = fields.optional(der.context(0))
    if listed is None:
        return ()
    members = der.children(der.expect(_inside(listed, der.context(0)), der.SEQUENCE))
    return tuple(der.expect(member, der.SEQUENCE).raw for member in members)


def _basic(data: bytes, raw: bytes) -> OcspResponse:
    outer = der.Fields(der.read(data))
    tbs = outer.take(der.SEQUENCE)
    algorithm = outer.take(der.SEQUENCE)
    signature = der.parse_bits(outer.take())
    certificates = _certificates(outer)
    outer.end()
    fields = der.Fields(tbs)  # version 1 is the default, which DER leaves out; there is no other
    responder_name, responder_key_hash = _responder(fields.take())
    produced_at = der.parse_time(fields.take(der.GENERALIZED_TIME))
    singles = tuple(_single(member) for member in der.children(fields.take(der.SEQUENCE)))
    extensions = explicit_extensions(fields, der.context(1))
    fields.end()
    _only_known(extensions, _NO_EXTENSIONS)
    if not singles:
        raise DerInvalid("a response about no certificate")
    return OcspResponse(
        der=raw,
        status="successful",
        produced_at=produced_at,
        responder_name=responder_name,
        responder_key_hash=responder_key_hash,
        singles=singles,
        nonce=read_nonce(extensions),
        certificates=certificates,
        tbs=tbs.raw,
        signature_algorithm=algorithm.raw,
        signature=signature,
    )


def _read(data: bytes) -> OcspResponse:
    fields = der.Fields(der.read(data))
    code = der.parse_integer(fields.take(), der.ENUMERATED)
    explicit = fields.optional(der.context(0))
    fields.end()
    if code not in STATUSES:
        raise DerInvalid("an unknown response status")
    status = STATUSES[code]
    if (status == "successful") != (explicit is not None):
        raise DerInvalid("a status that contradicts the rest of the response")
    if explicit is None:
        return OcspResponse(data, status)
    answer = der.Fields(_inside(explicit, der.context(0)))
    if der.parse_oid(answer.take()) != oids.OCSP_BASIC:
        raise DerInvalid("another type of response than the basic one")
    basic = der.parse_octets(answer.take())
    answer.end()
    return _basic(basic, data)


@lru_cache(maxsize=512)
def _read_once(data: bytes) -> OcspResponse:
    with der.complaining_as(OcspInvalid):
        return _read(data)


def read_ocsp_response(data: bytes) -> OcspResponse:
    """Read a DER OCSPResponse of at most 64 KiB; raises OcspInvalid. No signature is checked here.

    Source: RFC 6960 section 4.2.1
    """
    if len(data) > MAX_SIZE:
        raise OcspInvalid("larger than 64 KiB")
    return _read_once(bytes(data))
