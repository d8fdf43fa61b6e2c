"""A private key in this process's memory, and encrypted PKCS#8 when it rests."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, Self

from cryptography.exceptions import InternalError, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)

from ca.algorithms import rsa_numbers, sm2
from ca.encoding import der, oids
from ca.errors import DerInvalid, KeyUnreadable, PassphraseWrong
from ca.keys import pkcs8
from ca.keys.passphrase import Cost
from ledger.signing import SignatureAlgorithm

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey | sm2.PrivateKey

_SHA256: Final = hashes.SHA256()
_PKCS1: Final = padding.PKCS1v15()
_RSA_SIZE: Final = 3072  # bits: as strong as P-256 (NIST SP 800-57 part 1, table 2)
_RSA_SIZES: Final = (2048, _RSA_SIZE)  # of keys that come from outside; for how long the shorter: `ca.writing.profiles`
_KINDS: Final = frozenset({oids.RSA_ENCRYPTION, oids.EC_PUBLIC_KEY, oids.ED25519})
# a curve has one algorithm here: a key never signs with two
_ECDSA: Final[Mapping[str, tuple[SignatureAlgorithm, ec.ECDSA]]] = MappingProxyType(
    {"secp256r1": ("ES256", ec.ECDSA(_SHA256)), "secp384r1": ("ES384", ec.ECDSA(hashes.SHA384()))}
)
_GENERATE: Final[Mapping[SignatureAlgorithm, Callable[[], PrivateKey]]] = MappingProxyType(
    {
        "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
        "ES384": lambda: ec.generate_private_key(ec.SECP384R1()),
        "RS256": lambda: rsa.generate_private_key(rsa_numbers.EXPONENT, _RSA_SIZE),
        "Ed25519": ed25519.Ed25519PrivateKey.generate,
        "SM2": sm2.PrivateKey.generate,
    }
)


class SoftwareSigner:
    """A `Signer` whose key is in memory; made by `generate` or `from_pkcs8`."""

    def __init__(self, key: PrivateKey) -> None:
        self._key = key
        self._algorithm, self._sign = _signing(key)
        self._public_key = (
            key.public_key
            if isinstance(key, sm2.PrivateKey)
            else key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        )

    @classmethod
    def generate(cls, algorithm: SignatureAlgorithm) -> Self:
        """Make a new key: P-256, P-384, RSA of 3,072 bits, Ed25519 or SM2; raises NationalUnavailable."""
        return cls(_GENERATE[algorithm]())

    @classmethod
    def from_pkcs8(cls, data: bytes, passphrase: bytes) -> Self:
        """Open an encrypted PKCS#8 key in PEM; raises PassphraseWrong, KeyUnreadable, NationalUnavailable."""
        info = pkcs8.decrypt(data, passphrase)
        try:
            algorithm = _key_algorithm(info)
            kind = der.parse_oid(der.Fields(der.read(algorithm)).take())
        except DerInvalid as error:
            # A wrong passphrase cannot be told from a changed file: neither leaves a key.
            raise PassphraseWrong from error
        if kind not in _KINDS:
            # OpenSSL knows many more, some of which it tries for a long time
            raise KeyUnreadable("PKCS#8", "a key of another kind")
        if kind == oids.RSA_ENCRYPTION:
            try:
                rsa_numbers.check(info, _RSA_SIZES)
            except DerInvalid as error:
                raise KeyUnreadable("PKCS#8", error.reason) from error
        return cls(sm2.PrivateKey.open(info) if algorithm == sm2.ALGORITHM else _load(info))

    def to_pkcs8(self, passphrase: bytes, cost: Cost = Cost()) -> bytes:  # noqa: B008 - frozen
        """Return the key as encrypted PKCS#8 in PEM (PBES2: scrypt, AES-256-CBC), as `openssl pkey` reads it.

        cost: of scrypt; a low one is enough only where the passphrase is itself a random key.
        """
        key = self._key
        if isinstance(key, sm2.PrivateKey):
            return pkcs8.encrypt(key.info(), passphrase, cost)
        info = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        return pkcs8.encrypt(info, passphrase, cost)

    @property
    def algorithm(self) -> SignatureAlgorithm:
        """The one algorithm that the key signs with."""
        return self._algorithm

    @property
    def public_key(self) -> bytes:
        """DER of SubjectPublicKeyInfo."""
        return self._public_key

    def sign(self, data: bytes) -> bytes:
        """Sign the data, in the form that `ledger.signing.Signer` gives for the algorithm."""
        return self._sign(data)

    def after(self, prefix: bytes) -> Callable[[bytes], bytes]:
        """Return what signs the prefix and the rest that it is given."""
        if isinstance(self._key, sm2.PrivateKey):
            return self._key.after(prefix)
        return lambda rest: self._sign(prefix + rest)


def _signing(key: PrivateKey) -> tuple[SignatureAlgorithm, Callable[[bytes], bytes]]:
    """Return the key's algorithm and how it signs; raises KeyUnreadable for sizes that are not ours."""
    if isinstance(key, sm2.PrivateKey):
        return "SM2", key.sign
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "Ed25519", key.sign
    if isinstance(key, rsa.RSAPrivateKey):
        if key.key_size not in _RSA_SIZES or key.public_key().public_numbers().e != rsa_numbers.EXPONENT:
            raise KeyUnreadable("PKCS#8", "an RSA key other than of 2048 or 3072 bits with exponent 65537")
        return "RS256", lambda data: key.sign(data, _PKCS1, _SHA256)
    if key.curve.name not in _ECDSA:
        raise KeyUnreadable("PKCS#8", "a curve other than P-256, P-384 and SM2")
    algorithm, ecdsa = _ECDSA[key.curve.name]
    return algorithm, lambda data: key.sign(data, ecdsa)


def _key_algorithm(info: bytes) -> bytes:
    """Return the AlgorithmIdentifier of a PrivateKeyInfo (RFC 5958 section 2); raises DerInvalid."""
    fields = der.Fields(der.read(info))
    der.parse_integer(fields.take())
    return fields.take(der.SEQUENCE).raw


def _load(info: bytes) -> PrivateKey:
    """Load a key of a kind that we use; raises KeyUnreadable."""
    try:
        key = load_der_private_key(info, None)
    except (ValueError, TypeError, UnsupportedAlgorithm, InternalError) as error:
        # InternalError is what `cryptography` makes of an Ed25519 key that is too short or too long
        raise KeyUnreadable("PKCS#8", "not a private key that is whole") from error
    if isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey):
        return key
    raise KeyUnreadable("PKCS#8", "a key of another kind")
