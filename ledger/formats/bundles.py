"""Entries one after the other, each behind its length: the form of a bundle, and of opaque entries at rest.

Source: c2sp.org/tlog-tiles, "Log entries".
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.errors import LedgerError

MAX_ENTRY = 0xFFFF


@dataclass(eq=False)
class EntryTooLong(LedgerError):
    """A log's entry has at most 65,535 bytes."""

    code = "ledger.entry_too_long"
    zh = "账本条目为 {length} 字节，超过 65535 字节的上限"
    en = "the entry has {length} bytes; a log takes at most 65,535"

    length: int


@dataclass(eq=False)
class BundleInvalid(LedgerError):
    """The bytes are not entries, each behind its length."""

    code = "ledger.bundle_invalid"
    zh = "账本条目数据不完整或已损坏"
    en = "the entries of the log are cut or damaged"


def encode_entries(entries: Sequence[bytes]) -> bytes:
    """Return the entries behind their lengths, two bytes each, big-endian; raises EntryTooLong."""
    lengths = set(map(len, entries))
    if lengths and max(lengths) > MAX_ENTRY:
        raise EntryTooLong(max(lengths))
    if len(lengths) == 1:
        length = lengths.pop().to_bytes(2)
        return length + length.join(entries)
    return b"".join(len(entry).to_bytes(2) + entry for entry in entries)


def decode_entries(data: bytes) -> tuple[bytes, ...]:
    """Return the entries; raises BundleInvalid."""
    length = int.from_bytes(data[:2])
    step = length + 2
    # Our own entries are all of one size: they are cut without looking at one after the other.
    if data and len(data) % step == 0:
        count = len(data) // step
        if data[::step] == data[:1] * count and data[1::step] == data[1:2] * count:
            return tuple([data[at : at + length] for at in range(2, len(data) + 1, step)])
    return _one_by_one(data)


def _one_by_one(data: bytes) -> tuple[bytes, ...]:
    entries = []
    at = 0
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2])
        if end > len(data) or at + 2 > len(data):
            raise BundleInvalid
        entries.append(data[at + 2 : end])
        at = end
    return tuple(entries)
