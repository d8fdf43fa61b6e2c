"""The part of the system's libcrypto (OpenSSL 3) that SM2 needs, by ctypes.

Calls release the interpreter's lock. A key may be used by many threads at once: each call has a context of its own,
and the error queue belongs to the thread. The process's own `ssl` may share the library and its queue, so no call
leaves an error behind.
"""

import ctypes
from collections.abc import Callable, Mapping
from ctypes import POINTER, byref, c_char_p, c_int, c_long, c_size_t, c_uint, c_ulong, c_void_p
from types import MappingProxyType
from typing import Any, Final, NoReturn

from ca.errors import KeyKept, NationalFailed, NationalUnavailable

Loader = Callable[[], ctypes.CDLL]

_LIBRARIES: Final = ("libcrypto.so.3", "libcrypto.so.4")
_MAX_SIGNATURE: Final = 80  # DER of two 256-bit integers: 72
_REASON_SIZE: Final = 256
_VERSION_TEXT: Final = 0  # OPENSSL_VERSION
_KEY: Final = b"SM2"
_DIGEST: Final = b"SM3"

# name: what it returns, then what it takes; without this a pointer would be cut to 32 bits
_PROTOTYPES: Final[Mapping[str, tuple[Any, ...]]] = MappingProxyType(
    {
        "OpenSSL_version": (c_char_p, c_int),
        "OPENSSL_version_major": (c_uint,),
        "ERR_clear_error": (None,),
        "ERR_get_error": (c_ulong,),
        "ERR_error_string_n": (None, c_ulong, c_char_p, c_size_t),
        "EVP_MD_fetch": (c_void_p, c_void_p, c_char_p, c_char_p),
        "EVP_Digest": (c_int, c_char_p, c_size_t, c_char_p, POINTER(c_uint), c_void_p, c_void_p),
        "EVP_MD_CTX_new": (c_void_p,),
        "EVP_MD_CTX_free": (None, c_void_p),
        "EVP_DigestSignInit": (c_int, c_void_p, POINTER(c_void_p), c_void_p, c_void_p, c_void_p),
        "EVP_DigestSign": (c_int, c_void_p, c_char_p, POINTER(c_size_t), c_char_p, c_size_t),
        "EVP_DigestVerifyInit": (c_int, c_void_p, POINTER(c_void_p), c_void_p, c_void_p, c_void_p),
        "EVP_DigestVerify": (c_int, c_void_p, c_char_p, c_size_t, c_char_p, c_size_t),
        "EVP_PKEY_CTX_new_from_name": (c_void_p, c_void_p, c_char_p, c_char_p),
        "EVP_PKEY_CTX_new_from_pkey": (c_void_p, c_void_p, c_void_p, c_char_p),
        "EVP_PKEY_CTX_free": (None, c_void_p),
        "EVP_PKEY_CTX_set1_id": (c_int, c_void_p, c_char_p, c_int),
        "EVP_PKEY_keygen_init": (c_int, c_void_p),
        "EVP_PKEY_keygen": (c_int, c_void_p, POINTER(c_void_p)),
        "EVP_PKEY_sign_init": (c_int, c_void_p),
        "EVP_PKEY_sign": (c_int, c_void_p, c_char_p, POINTER(c_size_t), c_char_p, c_size_t),
        "EVP_PKEY_check": (c_int, c_void_p),
        "EVP_PKEY_is_a": (c_int, c_void_p, c_char_p),
        "EVP_PKEY_free": (None, c_void_p),
        "EVP_PKEY2PKCS8": (c_void_p, c_void_p),
        "PKCS8_PRIV_KEY_INFO_free": (None, c_void_p),
        "i2d_PKCS8_PRIV_KEY_INFO": (c_int, c_void_p, POINTER(c_void_p)),
        "i2d_PUBKEY": (c_int, c_void_p, POINTER(c_void_p)),
        "d2i_PUBKEY": (c_void_p, c_void_p, POINTER(c_char_p), c_long),
        "d2i_AutoPrivateKey": (c_void_p, c_void_p, POINTER(c_char_p), c_long),
    }
)


def load_system() -> ctypes.CDLL:
    """Return the system's libcrypto; raises OSError where there is none."""
    *first, last = _LIBRARIES
    for name in first:
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    return ctypes.CDLL(last)


class Pkey:
    """An EVP_PKEY, freed with its last reference."""

    __slots__ = ("_free", "pointer")

    def __init__(self, pointer: int, free: Callable[[int], None]) -> None:
        self.pointer = pointer
        self._free = free

    def __del__(self) -> None:
        self._free(self.pointer)

    def __reduce__(self) -> NoReturn:
        """Refuse copies: each would free the same memory."""
        raise KeyKept


class Libcrypto:
    """SM2 and SM3 of a loaded libcrypto.

    loader: returns the library. Raises NationalUnavailable where it cannot be loaded, is older than 3.0, or has no SM3.
    """

    def __init__(self, loader: Loader = load_system) -> None:
        try:
            library = loader()
        except OSError as error:
            raise NationalUnavailable("libcrypto is not installed") from error
        for name, (result, *arguments) in _PROTOTYPES.items():
            try:
                function = getattr(library, name)
            except AttributeError as error:
                raise NationalUnavailable(f"it has no {name}") from error
            function.restype, function.argtypes = result, arguments
        self._library = library
        self.version: str = library.OpenSSL_version(_VERSION_TEXT).decode("ascii", "replace")
        if library.OPENSSL_version_major() < 3:
            raise NationalUnavailable(f"{self.version} is too old")
        self._sm3 = library.EVP_MD_fetch(None, _DIGEST, None)
        if not self._sm3:
            raise NationalUnavailable(f"{self.version} has no SM3: {self._reason()}")

    def digest(self, data: bytes) -> bytes:
        """Return the SM3 digest, 32 bytes; raises NationalFailed."""
        digest = ctypes.create_string_buffer(64)
        size = c_uint(len(digest))
        self._expect(self._library.EVP_Digest(data, len(data), digest, byref(size), self._sm3, None))
        return digest.raw[: size.value]

    def generate(self) -> Pkey:
        """Make a new SM2 key; raises NationalFailed."""
        library = self._library
        context = library.EVP_PKEY_CTX_new_from_name(None, _KEY, None)
        made = c_void_p()
        try:
            self._expect(context and library.EVP_PKEY_keygen_init(context))
            self._expect(library.EVP_PKEY_keygen(context, byref(made)))
        finally:
            library.EVP_PKEY_CTX_free(context)
        return self._own(made.value)

    def public_key(self, info: bytes) -> Pkey | None:
        """Open the DER of a SubjectPublicKeyInfo, None if it is not an SM2 key."""
        return self._opened(self._library.d2i_PUBKEY(None, byref(c_char_p(info)), len(info)))

    def private_key(self, info: bytes) -> Pkey | None:
        """Open the DER of a PrivateKeyInfo, None if it is not an SM2 key or its halves do not belong together."""
        key = self._opened(self._library.d2i_AutoPrivateKey(None, byref(c_char_p(info)), len(info)))
        return key if key is not None and self._is_whole(key) else None

    def public_key_info(self, key: Pkey) -> bytes:
        """Return the DER of SubjectPublicKeyInfo; raises NationalFailed."""
        return self._encoded(self._library.i2d_PUBKEY, key.pointer)

    def private_key_info(self, key: Pkey) -> bytes:
        """Return the DER of PrivateKeyInfo (PKCS#8); raises NationalFailed."""
        library = self._library
        info = library.EVP_PKEY2PKCS8(key.pointer)
        try:
            self._expect(info and 1)
            return self._encoded(library.i2d_PKCS8_PRIV_KEY_INFO, info)
        finally:
            library.PKCS8_PRIV_KEY_INFO_free(info)  # which overwrites the key before it lets go

    def sign(self, key: Pkey, user_id: bytes, data: bytes) -> bytes:
        """Return the DER of the SM2 signature over the data's SM3; raises NationalFailed."""
        library = self._library
        context = library.EVP_MD_CTX_new()
        signature = ctypes.create_string_buffer(_MAX_SIGNATURE)
        size = c_size_t(_MAX_SIGNATURE)
        try:
            self._begin(library.EVP_DigestSignInit, context, key, user_id)
            self._expect(library.EVP_DigestSign(context, signature, byref(size), data, len(data)))
        finally:
            library.EVP_MD_CTX_free(context)
        return signature.raw[: size.value]

    def sign_digest(self, key: Pkey, digest: bytes) -> bytes:
        """Return the DER of the SM2 signature over what SM2 hashes data to, 32 bytes; raises NationalFailed."""
        library = self._library
        context = library.EVP_PKEY_CTX_new_from_pkey(None, key.pointer, None)
        signature = ctypes.create_string_buffer(_MAX_SIGNATURE)
        size = c_size_t(_MAX_SIGNATURE)
        try:
            self._expect(context and library.EVP_PKEY_sign_init(context))
            self._expect(library.EVP_PKEY_sign(context, signature, byref(size), digest, len(digest)))
        finally:
            library.EVP_PKEY_CTX_free(context)
        return signature.raw[: size.value]

    def verify(self, key: Pkey, user_id: bytes, data: bytes, signature: bytes) -> bool:
        """Say whether the signature over the data is good; raises NationalFailed."""
        library = self._library
        context = library.EVP_MD_CTX_new()
        try:
            self._begin(library.EVP_DigestVerifyInit, context, key, user_id)
            good: bool = library.EVP_DigestVerify(context, signature, len(signature), data, len(data)) == 1
        finally:
            library.EVP_MD_CTX_free(context)
        if not good:
            library.ERR_clear_error()
        return good

    def _begin(self, begin: Callable[..., int], context: int | None, key: Pkey, user_id: bytes) -> None:
        inner = c_void_p()  # belongs to the context
        self._expect(context and begin(context, byref(inner), self._sm3, None, key.pointer))
        # OpenSSL's own default is the empty id, with which nobody in this country signs
        self._expect(self._library.EVP_PKEY_CTX_set1_id(inner, user_id, len(user_id)))

    def _is_whole(self, key: Pkey) -> bool:
        library = self._library
        context = library.EVP_PKEY_CTX_new_from_pkey(None, key.pointer, None)
        try:
            self._expect(context and 1)
            whole: bool = library.EVP_PKEY_check(context) == 1
        finally:
            library.EVP_PKEY_CTX_free(context)
        library.ERR_clear_error()
        return whole

    def _own(self, pointer: int | None) -> Pkey:
        assert pointer
        return Pkey(pointer, self._library.EVP_PKEY_free)

    def _opened(self, pointer: int | None) -> Pkey | None:
        if not pointer:
            self._library.ERR_clear_error()
            return None
        key = self._own(pointer)
        return key if self._library.EVP_PKEY_is_a(key.pointer, _KEY) == 1 else None

    def _encoded(self, encode: Callable[..., int], pointer: int) -> bytes:
        size = encode(pointer, None)
        self._expect(size > 0)
        buffer = ctypes.create_string_buffer(size)
        try:
            encode(pointer, byref(c_void_p(ctypes.addressof(buffer))))
            return buffer.raw
        finally:
            ctypes.memset(buffer, 0, size)

    def _expect(self, outcome: int | None) -> None:
        if outcome != 1:
            raise NationalFailed(self._reason())

    def _reason(self) -> str:
        """Take the first error from the thread's queue and leave it empty."""
        code = self._library.ERR_get_error()
        self._library.ERR_clear_error()
        text = ctypes.create_string_buffer(_REASON_SIZE)
        self._library.ERR_error_string_n(code, text, _REASON_SIZE)
        return text.value.decode("ascii", "replace") if code else "no reason given"
