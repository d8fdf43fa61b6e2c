"""From a passphrase to keys: scrypt, its parameters kept beside what it protects."""

import hashlib
import os
from dataclasses import dataclass
from typing import Any, Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ca.encoding import strict_json
from ca.errors import JsonInvalid

_ALGORITHM: Final = "scrypt"
_SALT_SIZE: Final = 16
# A file that asks for more is not ours: it would only exhaust the machine.
_MAX_LOG_COST: Final = 20
_MAX_FACTOR: Final = 16
_MAX_WORK: Final = 1 << 20  # N * r * p: 128 MiB at most, and about a third of a second


@dataclass(frozen=True, slots=True)
class Cost:
    """What a guess costs: 2^log_n * r * 128 bytes of memory, p times over.

    The default is the strongest of the equal recommendations of the OWASP password storage cheat sheet that stays
    within the 32 MiB which OpenSSL's own tools grant scrypt, so that an operator can open a key with them.

    Source: RFC 7914
    """

    log_n: int = 14
    r: int = 8
    p: int = 5

    @property
    def is_reasonable(self) -> bool:
        """Whether a file may ask for it."""
        each = 1 <= self.log_n <= _MAX_LOG_COST and 1 <= self.r <= _MAX_FACTOR and 1 <= self.p <= _MAX_FACTOR
        return each and self.r * self.p << self.log_n <= _MAX_WORK


@dataclass(frozen=True, slots=True)
class Derivation:
    """How a 32-byte key comes from a passphrase."""

    cost: Cost
    salt: bytes

    @classmethod
    def fresh(cls, cost: Cost) -> "Derivation":
        """Return a derivation with a new salt."""
        return cls(cost, os.urandom(_SALT_SIZE))

    def key(self, passphrase: bytes) -> bytes:
        """Return the 32-byte key of a passphrase."""
        cost = self.cost
        return hashlib.scrypt(
            passphrase,
            salt=self.salt,
            n=1 << cost.log_n,
            r=cost.r,
            p=cost.p,
            maxmem=256 * cost.r * ((1 << cost.log_n) + cost.p),
            dklen=32,
        )

    def as_json(self) -> dict[str, Any]:
        """Return what the file keeps."""
        cost = self.cost
        return {"algorithm": _ALGORITHM, "log_n": cost.log_n, "r": cost.r, "p": cost.p, "salt": self.salt.hex()}


def read_derivation(value: object, where: str) -> Derivation:
    """Read what a file keeps of a derivation; raises JsonInvalid."""
    members = strict_json.Members(value, where)
    algorithm = members.take("algorithm", strict_json.text)
    cost = Cost(*(members.take(name, strict_json.number) for name in ("log_n", "r", "p")))
    salt = members.take("salt", strict_json.text)
    members.end()
    try:
        octets = bytes.fromhex(salt)
    except ValueError as error:
        raise JsonInvalid(f"{where}.salt is not hexadecimal") from error
    if algorithm != _ALGORITHM or not cost.is_reasonable or len(octets) != _SALT_SIZE:
        raise JsonInvalid(f"{where} is not a derivation we use")
    return Derivation(cost, octets)


def derive(key: bytes, info: str) -> bytes:
    """Return a 32-byte key of its own for one use of a 32-byte key (HKDF-SHA256, RFC 5869)."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info.encode()).derive(key)
