"""Base 64 in its one canonical form, as C2SP texts use it."""

import binascii
from base64 import b64decode, b64encode


def encode(data: bytes) -> str:
    """Return the standard alphabet with padding.

    Source: RFC 4648 section 4.
    """
    return b64encode(data).decode()


def decode(text: str) -> bytes:
    """Return the bytes; raises ValueError.

    Characters outside the alphabet and spare bits that are not zero are refused: two texts must not mean the same
    bytes, or a changed signature line would still verify (RFC 4648 sections 3.3 and 3.5).
    """
    try:
        data = b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("not base64") from error
    if encode(data) != text:
        raise ValueError("not canonical base64")
    return data
