"""The ZIP container of OFD packages, read so that every byte of it is accounted for, and written in one way only.

Source: GB/T 33190-2016 section 7.1; APPNOTE.TXT 6.3 (ZIP)
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from struct import Struct
from typing import Final

from seals.ofd.errors import OfdEncrypted, OfdOverLimits, OfdUnreadable

MAX_SIZE: Final = 64 << 20
_MAX_CONTENT: Final = 128 << 20  # of all files together
_MAX_ENTRIES: Final = 10_000
_MAX_RATIO: Final = 200
_ANY_RATIO: Final = 1 << 20  # a file up to this size may be as dense as it likes
_MAX_NAME: Final = 255

_LOCAL: Final = Struct("<4s5H3L2H")
_CENTRAL: Final = Struct("<4s6H3L5H2L")
_END: Final = Struct("<4s4H2LH")
_DESCRIPTOR: Final = Struct("<3L")
_LOCAL_MARK, _CENTRAL_MARK, _END_MARK, _DESCRIPTOR_MARK = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"PK\x07\x08"

_ENCRYPTED, _LEVELS, _DESCRIBED, _UTF8 = 0x1, 0x6, 0x8, 0x800
_STORED, _DEFLATED = 0, 8
# Times and owners of files, and the mark of jar tools. Others could give a file another name, size or key.
_EXTRAS: Final = frozenset({0x5455, 0x7875, 0x5855, 0x000A, 0xCAFE})

_VERSION: Final = 20
_DATE: Final = 0x21  # 1980-01-01, the first that can be said


@dataclass(frozen=True, slots=True)
class _Entry:
    """One line of the central directory. packed, size: octets before and after inflating."""

    name: bytes
    flags: int
    method: int
    checksum: int
    packed: int
    size: int
    offset: int


def unpack(data: bytes) -> list[tuple[str, bytes]]:
    """Return names and contents, in the directory's order; raises OfdUnreadable, OfdOverLimits, OfdEncrypted.

    Local headers, contents and directory must fill the file without gap or overlap, and say the same twice: nothing can
    hide between them, and no reader find other files than we do.
    """
    if len(data) > MAX_SIZE:
        raise OfdOverLimits(reason="file_size")
    if not data.startswith(_LOCAL_MARK) or len(data) < _END.size:
        raise OfdUnreadable(reason="not_a_package")
    entries, directory = _directory(data)
    if sum(entry.size for entry in entries) > _MAX_CONTENT:
        raise OfdOverLimits(reason="content_size")
    ends = _ends(entries, directory)
    return [(_name(entry), _content(data, entry, ends[entry.offset])) for entry in entries]


def pack(files: Sequence[tuple[str, bytes]]) -> bytes:
    """Return the container of these files, in their order: the same bytes whoever makes it.

    Stored, not deflated: the same content has many deflated forms, which differ between versions of the library too, so
    that a byte could be changed and nobody find it by packing the content again. Raises OfdOverLimits for what we could
    not read again.
    """
    if len(files) > _MAX_ENTRIES:
        raise OfdOverLimits(reason="entries")
    body, directory = bytearray(), bytearray()
    for path, content in files:
        name = path.encode()
        flags = 0 if path.isascii() else _UTF8
        common = (_VERSION, flags, _STORED, 0, _DATE, zlib.crc32(content), len(content), len(content), len(name), 0)
        directory += _CENTRAL.pack(_CENTRAL_MARK, _VERSION, *common, 0, 0, 0, 0, len(body)) + name
        body += _LOCAL.pack(_LOCAL_MARK, *common) + name
        body += content
        if len(name) > _MAX_NAME or len(body) > MAX_SIZE:
            raise OfdOverLimits(reason="file_size" if len(body) > MAX_SIZE else "file_name")
    count = len(files)
    end = _END.pack(_END_MARK, 0, 0, count, count, len(directory), len(body), 0)
    if len(body) + len(directory) + len(end) > MAX_SIZE:
        raise OfdOverLimits(reason="file_size")
    return bytes(body + directory + end)


def _directory(data: bytes) -> tuple[list[_Entry], int]:
    """Return the lines of the central directory, which must end where the end record begins, and where it starts."""
    end = len(data) - _END.size
    mark, disk, first, here, count, size, start, comment = _END.unpack_from(data, end)
    # A comment behind the end would be read by nobody and covered by nothing
    if mark != _END_MARK or comment or disk or first or here != count or start + size != end:
        raise OfdUnreadable(reason="directory")
    if count > _MAX_ENTRIES:
        raise OfdOverLimits(reason="entries")
    entries = []
    place = start
    for _ in range(count):
        entry, place = _line(data, place, end)
        entries.append(entry)
    if place != end:
        raise OfdUnreadable(reason="directory")
    return entries, start


def _line(data: bytes, place: int, end: int) -> tuple[_Entry, int]:
    if place + _CENTRAL.size > end:
        raise OfdUnreadable(reason="directory")
    fields = _CENTRAL.unpack_from(data, place)
    flags, method = fields[3:5]
    checksum, packed, size, name, extra, comment, disk = fields[7:14]
    names = place + _CENTRAL.size
    following = names + name + extra
    if fields[0] != _CENTRAL_MARK or following > end or comment or disk:
        raise OfdUnreadable(reason="directory")
    _require_form(flags, method, packed, size)
    _require_extra(data[names + name : following])
    return _Entry(data[names : names + name], flags, method, checksum, packed, size, fields[16]), following


def _require_form(flags: int, method: int, packed: int, size: int) -> None:
    if flags & _ENCRYPTED:
        raise OfdEncrypted
    if flags & ~(_LEVELS | _DESCRIBED | _UTF8) or method not in {_STORED, _DEFLATED}:
        raise OfdUnreadable(reason="entry_form")
    if method == _STORED and packed != size:
        raise OfdUnreadable(reason="entry_size")
    if size > max(_ANY_RATIO, _MAX_RATIO * packed):
        raise OfdOverLimits(reason="ratio")


def _require_extra(extra: bytes) -> None:
    place = 0
    while place < len(extra):
        id_, size = int.from_bytes(extra[place : place + 2], "little"), extra[place + 2 : place + 4]
        place += 4 + int.from_bytes(size, "little")
        if id_ not in _EXTRAS or len(size) < 2 or place > len(extra):
            raise OfdUnreadable(reason="extra_field")


def _ends(entries: Sequence[_Entry], directory: int) -> Mapping[int, int]:
    """Return where each entry ends, by where it starts: at the next one, and the last at the directory."""
    starts = sorted(entry.offset for entry in entries)
    if not starts or starts[0] != 0 or starts[-1] >= directory or len(set(starts)) != len(starts):
        raise OfdUnreadable(reason="entries")
    return dict(pairwise([*starts, directory]))


def _content(data: bytes, entry: _Entry, end: int) -> bytes:
    """Return the content of an entry that fills the file from its offset to `end`."""
    if entry.offset + _LOCAL.size > end:
        raise OfdUnreadable(reason="entry")
    mark, _, flags, method, _, _, *told, name, extra = _LOCAL.unpack_from(data, entry.offset)
    names = entry.offset + _LOCAL.size
    start = names + name + extra
    stop = start + entry.packed
    numbers = [entry.checksum, entry.packed, entry.size]
    later = entry.flags & _DESCRIBED and told == [0, 0, 0]
    if (mark, flags, method, data[names : names + name]) != (_LOCAL_MARK, entry.flags, entry.method, entry.name):
        raise OfdUnreadable(reason="entry")
    if stop > end or not (later or told == numbers):
        raise OfdUnreadable(reason="entry")
    _require_extra(data[names + name : start])
    descriptor = _DESCRIPTOR.pack(*numbers)
    if data[stop:end] not in ((descriptor, _DESCRIPTOR_MARK + descriptor) if entry.flags & _DESCRIBED else (b"",)):
        raise OfdUnreadable(reason="between_entries")
    content = data[start:stop] if entry.method == _STORED else _inflated(data[start:stop], entry.size)
    if zlib.crc32(content) != entry.checksum:
        raise OfdUnreadable(reason="checksum")
    return content


def _inflated(packed: bytes, size: int) -> bytes:
    engine = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        content = engine.decompress(packed, size + 1)
    except zlib.error as error:
        raise OfdUnreadable(reason="compression") from error
    if len(content) != size or not engine.eof or engine.unused_data or engine.unconsumed_tail:
        raise OfdUnreadable(reason="compression")
    return content


def _name(entry: _Entry) -> str:
    if not 0 < len(entry.name) <= _MAX_NAME:
        raise OfdUnreadable(reason="file_name")
    try:
        # Without the mark, other bytes mean what the reader's machine takes them for
        return entry.name.decode("utf-8" if entry.flags & _UTF8 else "ascii")
    except UnicodeDecodeError as error:
        raise OfdUnreadable(reason="file_name") from error
