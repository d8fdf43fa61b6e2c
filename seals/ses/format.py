"""The first step: whether what could be read is what the standard calls a seal, or a signature."""

from collections.abc import Sequence
from typing import Final

from ca.encoding import oids
from ca.errors import CertificateInvalid
from ca.reading.certificate_reader import read_certificate
from seals.ses.reader import SesExtension, SesSeal, SesSignature
from seals.ses.steps import Finding, failed, undecided

_DIGEST_SIZE: Final = 32


def format_of_seal(seal: SesSeal) -> Finding:
    """Judge a seal's format. What other makers spell otherwise is told, and passes."""
    if not seal.certificates and not seal.certificate_digests:
        return failed("integrity.format", "no signer is named")
    if not seal.picture.data:
        return failed("integrity.format", "no picture")
    if seal.valid_from > seal.valid_until:
        return failed("integrity.format", "the period ends before it begins")
    return _signed_format(seal.maker_certificate, seal.algorithm, seal.extensions, seal.faults)


def format_of_signature(signature: SesSignature) -> Finding:
    """Judge a signature's format."""
    if len(signature.data_hash) != _DIGEST_SIZE:
        return failed("integrity.format", "not an SM3 digest")
    return _signed_format(signature.certificate, signature.algorithm, signature.extensions, signature.faults)


def _signed_format(
    certificate: bytes, algorithm: str, extensions: Sequence[SesExtension], faults: Sequence[str]
) -> Finding:
    try:
        read_certificate(certificate)
    except CertificateInvalid as error:
        return failed("integrity.format", f"certificate: {error.reason}")
    if algorithm != oids.SM2_WITH_SM3:
        return failed("integrity.algorithm", algorithm)
    unknown = [one.id for one in extensions if one.critical]
    if unknown:
        # Its maker says that a reader who does not know it cannot tell what the rest means
        return undecided("integrity.unknown_extension", ", ".join(unknown))
    return Finding("passed", detail=", ".join(faults))
