"""SM2 signatures over SM3 (GB/T 32918.2, .5), by the system's libcrypto: `cryptography` has no SM2.

The library is looked for and checked once, when it is first needed. Where it is missing, old, built without SM2 or
wrong in a known answer, everything here refuses in one voice: NationalUnavailable.
"""

import hashlib
from collections.abc import Callable
from functools import lru_cache
from typing import Final, Self

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from ca.algorithms.libcrypto import Libcrypto, Loader, Pkey, load_system
from ca.encoding import der, oids
from ca.errors import KeyUnreadable, NationalUnavailable

USER_ID: Final = b"1234567812345678"
"""Whose signature it is, where nothing else was agreed (GM/T 0009 section 10): every seal and certificate uses it."""

ALGORITHM: Final = der.sequence(der.oid(oids.EC_PUBLIC_KEY), der.oid(oids.SM2))

# GB/T 32918.5 section 2: y^2 = x^3 + ax + b over the prime p; the base point's order is n
_P: Final = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
_A: Final = _P - 3
_B: Final = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
_N: Final = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
_G: Final = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)
_SIZE: Final = 32

# The standard's own example (GB/T 32918.5 annex A.2), and SM3's (GB/T 32905 annex A.1)
_KNOWN_POINT: Final = bytes.fromhex(
    "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
    "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
)
_KNOWN_MESSAGE: Final = b"message digest"
_KNOWN_SIGNATURE: Final = encode_dss_signature(
    0xF5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3,
    0xB1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA,
)
_KNOWN_DIGEST: Final = bytes.fromhex("66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0")


class Provider:
    """A libcrypto that passed the known-answer check, or the reason why there is none.

    loader: returns the library; it is called once, when the library is first needed.
    """

    def __init__(self, loader: Loader = load_system) -> None:
        self._loader = loader
        self._library: Libcrypto | None = None
        self._fault: NationalUnavailable | None = None
        self.public_key = lru_cache(maxsize=1024)(self._open_public_key)

    def library(self) -> Libcrypto:
        """Return the library; raises NationalUnavailable."""
        if self._library is None:
            if self._fault is None:
                self._look()
            if self._fault is not None:
                raise type(self._fault)(self._fault.reason)
        assert self._library is not None
        return self._library

    def _look(self) -> None:
        try:
            library = Libcrypto(self._loader)
            _check(library)
        except NationalUnavailable as fault:
            self._fault = NationalUnavailable(fault.reason)
        else:
            self._library = library

    def _open_public_key(self, info: bytes) -> Pkey | None:
        # The library also reads other spellings of a key: hybrid points, and bit strings that end inside an octet.
        return self.library().public_key(info) if is_public_key(info) else None


_provider = Provider()


def available() -> bool:
    """Say whether this machine can do SM2 and SM3: the start-up check."""
    try:
        require()
    except NationalUnavailable:
        return False
    return True


def require() -> None:
    """Refuse where this machine cannot do SM2 and SM3; raises NationalUnavailable, which says what to install."""
    _provider.library()


def version() -> str:
    """Return what the library calls itself, such as "OpenSSL 3.0.19 27 Jan 2026"; raises NationalUnavailable."""
    return _provider.library().version


def public_key_info(point: bytes) -> bytes:
    """Return the DER of SubjectPublicKeyInfo.

    point: 64 bytes, x and y; as devices and GM/T 0009 structures give them.
    """
    return der.sequence(ALGORITHM, der.tlv(der.BIT_STRING, b"\x00\x04", point))


def is_public_key(info: bytes) -> bool:
    """Say whether it is the DER of an SM2 key in the one form there is: a point of the curve, uncompressed.

    Needs no library, so that a key's kind is known also where nothing can be done with it.
    """
    point = info[-2 * _SIZE :]
    if info != public_key_info(point):
        return False
    x, y = int.from_bytes(point[:_SIZE], "big"), int.from_bytes(point[_SIZE:], "big")
    return x < _P and y < _P and (y * y - (x * x + _A) * x - _B) % _P == 0


def verify(public_key: bytes, data: bytes, signature: bytes, user_id: bytes = USER_ID) -> bool:
    """Say whether the signature over the data is good; raises NationalUnavailable.

    public_key: DER of SubjectPublicKeyInfo; signature: DER of r and s.
    """
    library = _provider.library()
    key = _provider.public_key(public_key)
    return key is not None and _is_canonical(signature) and library.verify(key, user_id, data, signature)


def message_digest(public_key: bytes, data: bytes, user_id: bytes = USER_ID) -> bytes:
    """Return the 32 bytes that SM2 signs, for a signer elsewhere that is not to see the data; raises NationalUnavailable.

    public_key: DER of SubjectPublicKeyInfo, an SM2 key.

    Source: GB/T 32918.2 sections 5.5 and 6.1
    """
    library = _provider.library()
    return library.digest(_bound(library, public_key, user_id) + data)


def _bound(library: Libcrypto, public_key: bytes, user_id: bytes) -> bytes:
    """Return what binds a digest to the signer: Z of GB/T 32918.2 section 5.5."""
    curve = b"".join(number.to_bytes(_SIZE, "big") for number in (_A, _B, *_G))
    point = public_key[-2 * _SIZE :]
    return library.digest((8 * len(user_id)).to_bytes(2, "big") + user_id + curve + point)


def _is_canonical(signature: bytes) -> bool:
    """Say whether these are the only bytes that spell this r and s, both between 1 and n - 1.

    Otherwise anyone could write a second form of a signature that is good too.
    """
    try:
        r, s = decode_dss_signature(signature)
        return 0 < r < _N and 0 < s < _N and encode_dss_signature(r, s) == signature
    except ValueError:
        return False


class PrivateKey:
    """An SM2 private key in this process's memory, loaded once."""

    def __init__(self, library: Libcrypto, key: Pkey) -> None:
        self._library = library
        self._key = key
        self.public_key = library.public_key_info(key)

    @classmethod
    def generate(cls) -> Self:
        """Make a new key; raises NationalUnavailable."""
        library = _provider.library()
        return cls(library, library.generate())

    @classmethod
    def open(cls, info: bytes) -> Self:
        """Open the DER of a PrivateKeyInfo; raises KeyUnreadable, NationalUnavailable."""
        library = _provider.library()
        key = library.private_key(info)
        if key is None:
            raise KeyUnreadable("PKCS#8", "an SM2 key that libcrypto does not take")
        return cls(library, key)

    def info(self) -> bytes:
        """Return the DER of PrivateKeyInfo."""
        return self._library.private_key_info(self._key)

    def sign(self, data: bytes, user_id: bytes = USER_ID) -> bytes:
        """Return the DER of r and s over the data."""
        return self._library.sign(self._key, user_id, data)

    def after(self, prefix: bytes, user_id: bytes = USER_ID) -> Callable[[bytes], bytes]:
        """Return what signs the prefix and the rest that it is given, the prefix hashed here once for all of them."""
        begun = hashlib.new("sm3", _bound(self._library, self.public_key, user_id) + prefix)

        def sign(rest: bytes) -> bytes:
            hashed = begun.copy()
            hashed.update(rest)
            return self._library.sign_digest(self._key, hashed.digest())

        return sign


def _check(library: Libcrypto) -> None:
    """Let the library, and Python's SM3, show that they compute what the standards do; raises NationalUnavailable.

    A library with SM2 switched off by its configuration, or one that says yes to everything, fails here.
    """
    if "sm3" not in hashlib.algorithms_available:
        raise NationalUnavailable("Python's hashlib has no SM3")
    if not library.digest(b"abc") == hashlib.new("sm3", b"abc").digest() == _KNOWN_DIGEST:
        raise NationalUnavailable("its SM3 is wrong")
    key = library.public_key(public_key_info(_KNOWN_POINT))
    if key is None:
        raise NationalUnavailable(f"{library.version} has no SM2")
    good = library.verify(key, USER_ID, _KNOWN_MESSAGE, _KNOWN_SIGNATURE)
    forged = library.verify(key, USER_ID, _KNOWN_MESSAGE[::-1], _KNOWN_SIGNATURE)
    if not good or forged:
        raise NationalUnavailable("its SM2 is wrong")
    fresh = library.generate()
    if not library.verify(fresh, USER_ID, _KNOWN_MESSAGE, library.sign(fresh, USER_ID, _KNOWN_MESSAGE)):
        raise NationalUnavailable("its SM2 does not believe its own signature")
