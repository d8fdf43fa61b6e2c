"""The keys of the object store: one form for the local folder and for S3."""

import re
from dataclasses import dataclass

from ledger.errors import LedgerError

_SEGMENT = r"[a-z0-9_-][a-z0-9._-]*"  # a dot comes first in the names of the store itself and in "." and ".."
_KEY = re.compile(rf"{_SEGMENT}(?:/{_SEGMENT})*")
_MAX_CHARACTERS = 512  # S3 allows 1,024 bytes and gives some to our prefix; a local segment is bounded on its own
_MAX_SEGMENT = 200


@dataclass(eq=False)
class ObjectKeyInvalid(LedgerError):
    """Not a key of the object store."""

    code = "objects.key_invalid"
    zh = "“{key}”不是合规的对象键"
    en = "{key!r} is not an object key"

    key: str


def check_key(key: str) -> str:
    """Return the key; raises ObjectKeyInvalid.

    A relative path of `[a-z0-9._/-]` in which no segment is empty or begins with a dot.
    """
    too_long = len(key) > _MAX_CHARACTERS or any(len(segment) > _MAX_SEGMENT for segment in key.split("/"))
    if too_long or not _KEY.fullmatch(key):
        raise ObjectKeyInvalid(key)
    return key


def check_prefix(prefix: str) -> str:
    """Return the prefix, a folder of keys, without a slash at its end; "" is all. Raises ObjectKeyInvalid."""
    return check_key(prefix.removesuffix("/")) if prefix else ""
