"""Writing an incremental update: new and changed objects behind the old bytes, in the same kind of cross-reference."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain
from typing import Literal

from seals.pdf.errors import PdfUnreadable
from seals.pdf.file import PdfFile
from seals.pdf.objects import Name, PdfDict, Ref, Stream, serialise


class PdfUpdate:
    """Collects objects for one new revision of `file`. Source: ISO 32000-1 section 7.5.6."""

    def __init__(self, file: PdfFile) -> None:
        self._file = file
        # typst ends its file right behind %%EOF; the new revision starts on a line of its own.
        separator = b"" if file.data.endswith((b"\n", b"\r")) else b"\n"
        self._parts = [separator]
        self._size = len(separator)
        self._offsets: dict[Ref, int] = {}
        self._next = file.next_number

    @property
    def next_number(self) -> int:
        """The first object number that is free."""
        return self._next

    def allocate(self, count: int = 1) -> int:
        """Take `count` new object numbers; return the first."""
        first = self._next
        self._next += count
        return first

    def put(self, ref: Ref, body: bytes) -> int:
        """Add an object; return where its body starts, counted from the end of the file."""
        if ref in self._offsets:
            raise PdfUnreadable(reason="object_written_twice")
        self._offsets[ref] = self._size
        self._next = max(self._next, ref.number + 1)
        part = b"%d %d obj\n%b\nendobj\n" % (*ref, body)
        self._parts.append(part)
        self._size += len(part)
        return self._size - len(body) - len(b"\nendobj\n")

    def objects(self) -> bytes:
        """Return the objects as they will stand behind the file."""
        return b"".join(self._parts)

    def index(self) -> "Index":
        """Return what tells where the objects are, for this file and every other that they may stand behind."""
        return Index.of(self._file, dict(sorted(self._offsets.items())), self._next)

    def finish(self, seed: bytes) -> bytes:
        """Write cross-reference and trailer; return the whole file. seed: what makes this revision's identifier its own."""
        return b"".join((self._file.data, *self._parts, self.index().write(self._file, self._size, seed)))


@dataclass(frozen=True, slots=True)
class Index:
    """Cross-reference and trailer of a revision, for every file with the same kind of them, Root and Info.

    offsets: of the objects, counted from the end of the file; rows: the table, a number for each offset still to be set
    in; entries: Root and Info as they are written.
    """

    kind: Literal["table", "stream"]
    offsets: Mapping[Ref, int]
    next_number: int
    entries: PdfDict
    rows: bytes
    written_entries: bytes

    @classmethod
    def of(cls, file: PdfFile, offsets: Mapping[Ref, int], next_number: int) -> "Index":
        """Make the index of a file's new revision. offsets: sorted."""
        entries: PdfDict = {key: file.trailer[key] for key in ("Root", "Info") if key in file.trailer}
        rows = b"".join(
            b"%d %d\n%b" % (run[0].number, len(run), b"".join(b"%%010d %05d n \n" % ref.generation for ref in run))
            for run in _runs(offsets)
        )
        written = serialise(entries).removesuffix(b">>")
        return cls(file.sections[0].kind, offsets, next_number, entries, b"xref\n%btrailer\n" % rows, written)

    def write(self, file: PdfFile, size: int, seed: bytes) -> bytes:
        """Return all that stands behind the objects. size: octets of the objects; seed: as `finish` takes it."""
        end = len(file.data)
        start, first, second = end + size, *_identifier(file, end + size, seed)
        previous = file.sections[0].start
        if self.kind == "table":
            table = self.rows % tuple([end + offset for offset in self.offsets.values()])
            trailer = b"%b/Prev %d/ID[%b%b]/Size %d>>" % (
                self.written_entries,
                previous,
                serialise(first),
                serialise(second),
                self.next_number,
            )
            return b"%b%b\nstartxref\n%d\n%%%%EOF\n" % (table, trailer, start)
        own = Ref(self.next_number, 0)
        offsets = {**{ref: end + offset for ref, offset in self.offsets.items()}, own: start}
        entries: PdfDict = {**self.entries, "Prev": previous, "ID": [first, second]}
        stream = serialise(_stream(entries | {"Type": Name("XRef"), "Size": own.number + 1}, offsets))
        return b"%d %d obj\n%b\nendobj\nstartxref\n%d\n%%%%EOF\n" % (*own, stream, start)


def _identifier(file: PdfFile, size: int, seed: bytes) -> tuple[bytes, bytes]:
    """Keep the permanent half, renew the changing one. Source: ISO 32000-1 section 14.4."""
    old = file.trailer.get("ID")
    halves = [half for half in old if isinstance(half, bytes)] if isinstance(old, list) else []
    written = sha256(b"".join((b"%d " % size, *halves, seed))).digest()[:16]
    return halves[0] if halves else written, written


def _runs(offsets: Mapping[Ref, int]) -> list[list[Ref]]:
    runs: list[list[Ref]] = []
    for ref in offsets:
        if runs and runs[-1][-1].number == ref.number - 1:
            runs[-1].append(ref)
        else:
            runs.append([ref])
    return runs


def _stream(entries: PdfDict, offsets: Mapping[Ref, int]) -> Stream:
    """Write the cross-reference as an uncompressed stream. Source: ISO 32000-1 section 7.5.8."""
    rows = b"".join(b"\x01" + offset.to_bytes(5) + ref.generation.to_bytes(2) for ref, offset in offsets.items())
    index = chain.from_iterable((run[0].number, len(run)) for run in _runs(offsets))
    return Stream({**entries, "W": [1, 5, 2], "Index": [*index], "Length": len(rows)}, rows)
