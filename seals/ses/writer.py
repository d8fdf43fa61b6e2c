"""Make national seals, and seal with them: GB/T 38540-2020 (V4), strictly, with SM2 over SM3 and nothing else."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Final, TypeAlias

from ca.algorithms.digests import compute
from ca.algorithms.signatures import key_kind
from ca.encoding import der, oids
from ca.errors import CertificateInvalid, DerInvalid
from ca.reading.certificate_reader import read_certificate
from ledger.signing import Signer, signing_after
from seals.ses.errors import SesRefused
from seals.ses.reader import SesExtension, SesSeal, read_seal
from seals.ses.values import ES_ID, PNG, SIDES_MM

VERSION: Final = 4
KINDS: Final = MappingProxyType(
    {
        "statutory": 1,
        "finance": 2,
        "invoice": 3,
        "contract": 4,
        "personal": 5,
        "special": 6,
        "internal": 99,
        "other": 99,
    }
)
"""The standard's numbers for the kinds of the register: 法定名称章 1, 财务 2, 发票 3, 合同 4, 法定代表人名章 5, 业务专用 6, 其他 99."""

Timestamper: TypeAlias = Callable[[bytes, datetime], bytes]
"""Gives a DER TimeStampToken over a 32-byte SM3 imprint."""

_DIGEST_SIZE: Final = 32
_MAX_PREFIXES: Final = 16  # as many as there are lengths of property_info at a time
_SM2_WITH_SM3: Final = der.oid(oids.SM2_WITH_SM3)
_VERSION: Final = der.integer(VERSION)


@dataclass(frozen=True, slots=True)
class SesDesign:
    """What a seal shall say.

    es_id: 14 digits, the division's six first; kind: a number of KINDS; picture: PNG; certificates: DER, of those who may
    sign with it; valid_from, valid_until: to the second; vendor: who made the data, ASCII.
    """

    es_id: str
    kind: int
    name: str
    picture: bytes = field(repr=False)
    width_mm: int
    height_mm: int
    certificates: tuple[bytes, ...] = field(repr=False)
    valid_from: datetime
    valid_until: datetime
    vendor: str = "elicence"
    extensions: tuple[SesExtension, ...] = ()


def make_seal(design: SesDesign, maker: Signer, maker_certificate: bytes, now: datetime) -> bytes:
    """Return the DER SESeal (an .esl file) that the maker signed at `now`; raises SesRefused.

    maker_certificate: DER, of the maker's key.
    """
    fault = _design_fault(design, now)
    if fault is not None:
        raise SesRefused(reason=fault)
    _require_key(maker, maker_certificate, now)
    info = _seal_info(design, now)
    seal = der.sequence(info, der.octets(maker_certificate), _SM2_WITH_SM3, der.bits(maker.sign(info)))
    # A seal lives for years: a device that signed badly must be noticed now
    if not read_seal(seal).signature_valid():
        raise SesRefused(reason="signature")
    return seal


def sign_document(
    seal: bytes,
    signer: Signer,
    certificate: bytes,
    data_hash: bytes,
    property_info: str,
    now: datetime,
    timestamper: Timestamper | None = None,
) -> bytes:
    """Seal one document; see SesSealer, which does it many times."""
    return SesSealer(seal, signer, certificate, timestamper).sign(data_hash, property_info, now)


class SesSealer:
    """Seals documents with one national seal: the parts that never vary are encoded once.

    seal: DER SESeal of V4 or V5, whoever made it; signer: the key of the certificate (DER), which the seal must name bit for bit;
    timestamper: adds the time to each signature, None for none. Raises SesRefused, SesUnreadable.
    """

    def __init__(self, seal: bytes, signer: Signer, certificate: bytes, timestamper: Timestamper | None = None) -> None:
        found = read_seal(seal)
        if found.form < VERSION:
            raise SesRefused(reason="seal_form")
        if not found.signature_valid():
            raise SesRefused(reason="seal_signature")
        # GB/T 38540 section 7.1: a binary comparison, so that no look-alike certificate seals
        if not found.names_signer(certificate):
            raise SesRefused(reason="signer_not_named")
        self._since, self._until = _require_key(signer, certificate)
        self._seal = found
        self._signer = signer
        self._timestamper = timestamper
        self._head = der.integer(found.form) + seal
        self._tail = der.octets(certificate) + _SM2_WITH_SM3
        self._prefixes: dict[int, tuple[bytes, Callable[[bytes], bytes]]] = {}

    @property
    def seal(self) -> SesSeal:
        """The seal, as read."""
        return self._seal

    def sign(self, data_hash: bytes, property_info: str, now: datetime) -> bytes:
        """Return the DER SES_Signature; raises SesRefused.

        data_hash: 32 bytes, SM3 of what is signed; property_info: what that is, ASCII; in OFD the path of Signature.xml.
        """
        if len(data_hash) != _DIGEST_SIZE:
            raise SesRefused(reason="digest_size")
        moment = now.replace(microsecond=0)
        if not (self._seal.valid_from <= moment <= self._seal.valid_until and self._since <= moment <= self._until):
            raise SesRefused(reason="outside_validity")
        rest = der.generalized_time(moment) + der.bits(data_hash) + _ascii(property_info, "property_info")
        prefix, sign = self._prefix(len(rest))
        signature = sign(rest)
        stamp = b"" if self._timestamper is None else self._stamp(self._timestamper, signature, now)
        return der.sequence(prefix, rest, self._tail, der.bits(signature), stamp)

    def _prefix(self, rest: int) -> tuple[bytes, Callable[[bytes], bytes]]:
        """Return what TBS_Sign begins with, the seal and its picture, and what signs that with a rest of so many bytes."""
        found = self._prefixes.get(rest)
        if found is None:
            if len(self._prefixes) >= _MAX_PREFIXES:
                self._prefixes.clear()
            prefix = der.sequence(self._head, bytes(rest))[:-rest]
            found = self._prefixes[rest] = prefix, signing_after(self._signer, prefix)
        return found

    @staticmethod
    def _stamp(timestamper: Timestamper, signature: bytes, now: datetime) -> bytes:
        return der.tlv(der.context(0), der.bits(timestamper(compute("SM3", signature), now)))


def _design_fault(design: SesDesign, now: datetime) -> str | None:
    """Find what keeps a design from being a seal; a stable word."""
    checks: Sequence[tuple[bool, str]] = (
        (bool(ES_ID.fullmatch(design.es_id)), "es_id"),
        (design.kind in KINDS.values(), "kind"),
        (bool(design.name.strip()) and design.name.isprintable(), "name"),
        (design.picture.startswith(PNG), "picture"),
        (design.width_mm in SIDES_MM and design.height_mm in SIDES_MM, "picture_size"),
        (bool(design.certificates) and len(set(design.certificates)) == len(design.certificates), "certificates"),
        (_whole(design.valid_from) and _whole(design.valid_until), "validity"),
        (design.valid_from < design.valid_until and now <= design.valid_until, "validity"),
        (all(_is_sm2(certificate) for certificate in design.certificates), "certificate_key"),
    )
    return next((fault for passed, fault in checks if not passed), None)


def _whole(moment: datetime) -> bool:
    return moment.tzinfo is not None and moment.microsecond == 0


def _is_sm2(certificate: bytes) -> bool:
    try:
        return key_kind(read_certificate(certificate).public_key) == ("SM2", 256)
    except CertificateInvalid:
        return False


def _require_key(signer: Signer, certificate: bytes, now: datetime | None = None) -> tuple[datetime, datetime]:
    """Refuse a key that is not SM2, not the certificate's or, at `now`, not valid; return the certificate's period."""
    if signer.algorithm != "SM2":
        raise SesRefused(reason="algorithm")
    try:
        found = read_certificate(certificate)
    except CertificateInvalid as error:
        raise SesRefused(reason="certificate") from error
    if found.public_key != signer.public_key:
        raise SesRefused(reason="key_of_another_certificate")
    if now is not None and not found.not_before <= now <= found.not_after:
        raise SesRefused(reason="outside_validity")
    return found.not_before, found.not_after


def _seal_info(design: SesDesign, now: datetime) -> bytes:
    header = der.sequence(_ascii("ES", "header"), _VERSION, _ascii(design.vendor, "vendor"))
    property_info = der.sequence(
        der.integer(design.kind),
        der.text(design.name),
        der.integer(1),  # certListType: the certificates themselves
        der.sequence(*(der.octets(certificate) for certificate in design.certificates)),
        *map(der.generalized_time, (now.replace(microsecond=0), design.valid_from, design.valid_until)),
    )
    picture = der.sequence(
        _ascii("PNG", "picture"),
        der.octets(design.picture),
        der.integer(design.width_mm),
        der.integer(design.height_mm),
    )
    return der.sequence(header, _ascii(design.es_id, "es_id"), property_info, picture, _extensions(design.extensions))


def _extensions(extensions: Sequence[SesExtension]) -> bytes:
    members = [
        der.sequence(der.oid(one.id), der.TRUE if one.critical else b"", der.octets(one.value)) for one in extensions
    ]
    return der.sequence(*members) if members else b""


def _ascii(text: str, what: str) -> bytes:
    try:
        return der.text(text, der.IA5_STRING)
    except DerInvalid as error:
        raise SesRefused(reason=what) from error
