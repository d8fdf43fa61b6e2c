"""A small reader of PNG pictures: their chunks, and their pixels where these are 8-bit RGB with alpha."""

import struct
import zlib
from collections.abc import Iterator

_HEAD = b"\x89PNG\r\n\x1a\n"
_BYTES = 4


def chunks(png: bytes) -> dict[bytes, bytes]:
    """The chunks by name, their check sums tried; IDAT chunks joined."""
    assert png.startswith(_HEAD)
    found: dict[bytes, bytes] = {}
    at = len(_HEAD)
    while at < len(png):
        size = int.from_bytes(png[at : at + 4], "big")
        named = png[at + 4 : at + 8 + size]
        assert zlib.crc32(named) == int.from_bytes(png[at + 8 + size : at + 12 + size], "big")
        found[named[:4]] = found.get(named[:4], b"") + named[4:]
        at += 12 + size
    return found


def pixels(png: bytes) -> set[tuple[int, ...]]:
    """Every (red, green, blue, alpha) that occurs."""
    parts = chunks(png)
    width, height = struct.unpack(">II", parts[b"IHDR"][:8])
    data = zlib.decompress(parts[b"IDAT"])
    assert len(data) == height * (1 + _BYTES * width)
    seen: set[tuple[int, ...]] = set()
    for row in _rows(data, _BYTES * width):
        seen.update(zip(*(row[start::_BYTES] for start in range(_BYTES)), strict=True))
    return seen


def _rows(data: bytes, length: int) -> Iterator[bytes]:
    above = bytes(length)
    for start in range(0, len(data), length + 1):
        above = _unfiltered(data[start], data[start + 1 : start + 1 + length], above)
        yield above


def _unfiltered(kind: int, row: bytes, above: bytes) -> bytes:
    """Source: PNG (third edition) section 9.2."""
    out = bytearray(_BYTES)  # what lies left of the first pixel
    for index, value in enumerate(row):
        left, up, corner = out[index], above[index], above[index - _BYTES] if index >= _BYTES else 0
        guess = (0, left, up, (left + up) // 2, _paeth(left, up, corner))[kind]
        out.append((value + guess) & 0xFF)
    return bytes(out[_BYTES:])


def _paeth(left: int, up: int, corner: int) -> int:
    whole = left + up - corner
    return min((left, up, corner), key=lambda one: abs(whole - one))
