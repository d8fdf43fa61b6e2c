"""How OCSP names a certificate: by hashes of its issuer's name and key, and its serial number."""

from dataclasses import dataclass
from functools import lru_cache

from ca.algorithms import digests
from ca.encoding import der
from ca.errors import DerInvalid
from ca.reading.certificate_reader import Certificate


@dataclass(frozen=True, slots=True)
class CertId:
    """A CertID, its DER kept verbatim, because an answer repeats it.

    hash_algorithm: the id of the hash, empty where we do not know it; name_hash and key_hash: of the issuer.
    Source: RFC 6960 section 4.1.1
    """

    hash_algorithm: str
    name_hash: bytes
    key_hash: bytes
    serial: int
    raw: bytes

    def is_of(self, issuer: Certificate) -> bool:
        """Say whether this names a certificate of that issuer."""
        return bool(self.hash_algorithm) and issuer_hashes(issuer, self.hash_algorithm) == (
            self.name_hash,
            self.key_hash,
        )


def key_bits(public_key: bytes) -> bytes:
    """Return the contents of the BIT STRING in a SubjectPublicKeyInfo; raises DerInvalid."""
    fields = der.Fields(der.read(public_key))
    fields.take(der.SEQUENCE)
    bits = der.parse_bits(fields.take())
    fields.end()
    return bits


@lru_cache(maxsize=256)
def _hashes(name: bytes, public_key: bytes, algorithm: str) -> tuple[bytes, bytes]:
    return digests.compute(algorithm, name), digests.compute(algorithm, key_bits(public_key))


def issuer_hashes(issuer: Certificate, algorithm: str) -> tuple[bytes, bytes]:
    """Return the hashes of an issuer's name (DER) and of its key's bits; algorithm: an id that `ca.algorithms.digests` knows."""
    return _hashes(issuer.subject, issuer.public_key, algorithm)


def make_cert_id(issuer: Certificate, serial: int, algorithm: str) -> bytes:
    """Return the DER CertID of a certificate."""
    name_hash, key_hash = issuer_hashes(issuer, algorithm)
    return der.sequence(
        digests.identifier(algorithm),
        der.tlv(der.OCTET_STRING, name_hash),
        der.tlv(der.OCTET_STRING, key_hash),
        der.integer(serial),
    )


@lru_cache(maxsize=64)
def _algorithm(raw: bytes) -> str:
    return digests.parse_algorithm(der.read(raw, der.SEQUENCE), broken=True) or ""


def read_cert_id(element: der.Element) -> CertId:
    """Read a CertID; raises DerInvalid. A hash that we do not know is no fault: it names nobody whom we know."""
    fields = der.Fields(element)
    algorithm = _algorithm(fields.take(der.SEQUENCE).raw)
    name_hash = der.parse_octets(fields.take())
    key_hash = der.parse_octets(fields.take())
    serial = der.parse_integer(fields.take())
    fields.end()
    if algorithm and not len(name_hash) == len(key_hash) == digests.SIZES[algorithm]:
        raise DerInvalid("a hash that is not as long as its algorithm says")
    return CertId(algorithm, name_hash, key_hash, serial, element.raw)
