"""PEM: DER in base64 between two lines.

Source: RFC 7468 (its strict form when written; text around the blocks is passed over when read)
"""

import base64
import re
import textwrap
from collections.abc import Sequence
from typing import Final

from ca.errors import DerInvalid

_BLOCK: Final = re.compile(
    rb"-----BEGIN ([A-Z0-9 ]{1,64})-----[ \t]*\r?\n([A-Za-z0-9+/=\s]*?)-----END \1-----", re.ASCII
)
_MARK: Final = b"-----BEGIN "


def encode(label: str, data: bytes) -> bytes:
    """Return the DER as one PEM block."""
    body = "\n".join(textwrap.wrap(base64.b64encode(data).decode(), 64))
    return f"-----BEGIN {label}-----\n{body}\n-----END {label}-----\n".encode()


def is_pem(data: bytes) -> bool:
    """Say whether the data look like PEM; DER of what we read begins with another octet."""
    return not data.startswith(b"\x30") and _MARK in data


def blocks(data: bytes) -> tuple[tuple[str, bytes], ...]:
    """Return the (label, DER) pairs of a file's blocks in their order; raises DerInvalid."""
    found = []
    for label, body in _BLOCK.findall(data):
        try:
            found.append((label.decode(), base64.b64decode(b"".join(body.split()), validate=True)))
        except ValueError as error:
            raise DerInvalid("PEM that is not base64") from error
    if len(found) != data.count(_MARK):
        raise DerInvalid("a PEM block that is not closed")
    return tuple(found)


def one(data: bytes, labels: Sequence[str]) -> bytes:
    """Return the DER of a file that holds one such block, or is DER itself; raises DerInvalid."""
    if not is_pem(data):
        return data
    found = blocks(data)
    if len(found) != 1 or found[0][0] not in labels:
        raise DerInvalid(f"not exactly one PEM block {labels[0]}")
    return found[0][1]
