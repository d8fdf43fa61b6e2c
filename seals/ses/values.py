"""What a national seal and a signature value say, read: facts beside their bytes, nothing believed."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

from ca.algorithms import signatures
from ca.algorithms.digests import NAMES, compute
from ca.encoding import oids
from ca.errors import DerInvalid
from ca.reading.certificate_reader import read_certificate

Form = Literal[1, 4, 5]
"""GM/T 0031-2014, GB/T 38540-2020, GM/T 0031-2025, by the structure."""

ES_ID: Final = re.compile(r"[0-9]{14}", re.ASCII)
"""A seal number: six digits of the division, then eight."""
KIND_NUMBERS: Final = frozenset({1, 2, 3, 4, 5, 6, 99})
PNG: Final = b"\x89PNG\r\n\x1a\n"
SIDES_MM: Final = range(1, 101)
"""How wide and how high a seal can be."""


@dataclass(frozen=True, slots=True)
class SesPicture:
    """A seal's picture. type: as spelled, such as `PNG`, `png`, `GIF`, `ofd`."""

    type: str
    data: bytes = field(repr=False)
    width_mm: int
    height_mm: int


@dataclass(frozen=True, slots=True)
class SesExtension:
    """Something that its maker added. id: dotted; critical: who does not know it should not accept the seal."""

    id: str
    critical: bool
    value: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class CertificateDigest:
    """A signer's certificate by its digest. algorithm: as spelled, dotted or by name."""

    algorithm: str
    value: bytes

    def is_of(self, certificate: bytes) -> bool:
        """Say whether it is the digest of the certificate (DER); an algorithm that is not known is nobody's."""
        name = NAMES.get(self.algorithm, self.algorithm)
        return name in {"SM3", "SHA-256"} and compute(name, certificate) == self.value


@dataclass(frozen=True, slots=True)
class SesSeal:
    """A national seal.

    der: all of it, verbatim; form: by its structure; version, vendor: as its header says; es_id: the seal number; kind:
    STANDARDS section 2; certificates, certificate_digests: who may sign with it, one of the two; created, valid_from,
    valid_until: UTC; maker_certificate: DER; algorithm: dotted; signature: DER of r and s; signature_value: the same as
    it stands; signed: what the maker signed, verbatim; timestamp: DER token or None; faults: stable words for each
    departure from what our writer writes.
    """

    der: bytes = field(repr=False)
    form: Form
    version: int
    vendor: str
    es_id: str
    kind: int
    name: str
    certificates: tuple[bytes, ...] = field(repr=False)
    certificate_digests: tuple[CertificateDigest, ...]
    created: datetime
    valid_from: datetime
    valid_until: datetime
    picture: SesPicture
    extensions: tuple[SesExtension, ...]
    maker_certificate: bytes = field(repr=False)
    algorithm: str
    signature: bytes = field(repr=False)
    signature_value: bytes = field(repr=False)
    signed: bytes = field(repr=False)
    timestamp: bytes | None = field(repr=False)
    faults: tuple[str, ...]

    def names_signer(self, certificate: bytes) -> bool:
        """Say whether the certificate (DER) is, bit for bit, one of those that may sign with the seal."""
        return certificate in self.certificates or any(one.is_of(certificate) for one in self.certificate_digests)

    def signature_valid(self) -> bool:
        """Say whether the maker's certificate signed the seal; raises NationalUnavailable."""
        return _signed_by(self.maker_certificate, self.algorithm, self.signed, self.signature)


@dataclass(frozen=True, slots=True)
class SesSignature:
    """A signature value: SES_Signature, in OFD the contents of SignedValue.dat.

    seal: the embedded one, whose `der` is verbatim; signed_at: as claimed, UTC, None where it cannot be read; data_hash:
    the digest of what was signed; property_info: what that is, in OFD a path. The others are as in SesSeal.
    """

    der: bytes = field(repr=False)
    form: Form
    version: int
    seal: SesSeal
    signed_at: datetime | None
    data_hash: bytes
    property_info: str
    extensions: tuple[SesExtension, ...]
    certificate: bytes = field(repr=False)
    algorithm: str
    signature: bytes = field(repr=False)
    signature_value: bytes = field(repr=False)
    signed: bytes = field(repr=False)
    timestamp: bytes | None = field(repr=False)
    faults: tuple[str, ...]

    def signature_valid(self) -> bool:
        """Say whether the signer's certificate signed this; raises NationalUnavailable."""
        return _signed_by(self.certificate, self.algorithm, self.signed, self.signature)

    def covers(self, document: bytes) -> bool:
        """Say whether the document is the one that was signed, by its SM3; raises NationalUnavailable."""
        return compute("SM3", document) == self.data_hash


SM2_IDENTIFIER = signatures.identifier("SM2")


def _signed_by(certificate: bytes, algorithm: str, signed: bytes, signature: bytes) -> bool:
    # The national seal has this one algorithm; under another id the value means nothing
    if algorithm != oids.SM2_WITH_SM3:
        return False
    try:
        key = read_certificate(certificate).public_key
    except DerInvalid:
        return False
    return signatures.verify(key, SM2_IDENTIFIER, signed, signature)
