"""A PDF file as its cross-reference says it is: objects, catalog, pages.

Pure, bounded, and strict: what it cannot read in exactly one way it refuses, with no error but our own.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from seals.pdf.errors import PdfOverLimits, PdfUnreadable
from seals.pdf.filters import decode_syntax
from seals.pdf.indirect import read_indirect
from seals.pdf.objects import PdfDict, PdfObject, Ref, Stream, serialise
from seals.pdf.reader import Reader
from seals.pdf.xref import Entry, Section, read_sections

MAX_SIZE = 64 << 20
_MAX_SYNTAX = 4 << 20  # bytes of objects read in one file: objects packed in streams may overlap, and trees be wide
_MAX_OBJECT_STREAM = 8 << 20
_MAX_INFLATED = 32 << 20  # of all object streams together
_MAX_LINKS = 16  # references in a row
MAX_TREE = 20_000  # nodes of a page or name tree
_INHERITED = ("Resources", "MediaBox", "CropBox", "Rotate")
_HEADER = re.compile(rb"%PDF-(?:1\.[0-7]|2\.0)[\r\n]")


Reads: TypeAlias = tuple[tuple[Ref, bytes], ...]
"""Objects that were read from a file, each as it lies there, from its number to the byte behind `endobj`."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page: where it lies, its own dictionary, and what holds for it with what it inherits."""

    ref: Ref
    dictionary: PdfDict
    effective: PdfDict


class _Place(NamedTuple):
    """From where to where an indirect object lies, and from where to where its value."""

    start: int
    stop: int
    value: int
    value_end: int


@dataclass(frozen=True, slots=True)
class _ObjectStream:
    """An object stream, inflated: for each object its index and where it starts."""

    data: bytes
    places: Mapping[int, tuple[int, int]]


class PdfFile:
    """Reads `data`; raises PdfUnreadable, PdfOverLimits, PdfEncrypted or PdfUnsupported, here and in every method."""

    def __init__(self, data: bytes) -> None:
        if len(data) > MAX_SIZE:
            raise PdfOverLimits(reason="file_size")
        if _HEADER.match(data) is None:
            raise PdfUnreadable(reason="not_a_pdf")
        self.data = data
        self.sections: tuple[Section, ...] = read_sections(data)
        self._objects: dict[Ref, PdfObject] = {}
        self._places: dict[Ref, _Place] = {}
        # Whether something was read that `reads` cannot tell: packed, a stream, what is not there.
        self._elsewhere = False
        self._packed: dict[int, _ObjectStream] = {}
        self._syntax = self._inflated = 0
        self._opening: set[Ref] = set()
        root = self.trailer.get("Root")
        if not isinstance(root, Ref):
            raise PdfUnreadable(reason="no_catalog")
        self.root = root
        self.catalog = self.dictionary(root)
        if self.catalog.get("Type") != "Catalog":
            raise PdfUnreadable(reason="no_catalog")

    @property
    def trailer(self) -> PdfDict:
        """The newest trailer."""
        return self.sections[0].trailer

    @property
    def next_number(self) -> int:
        """The first object number that no revision has used."""
        size = self.trailer.get("Size")
        return max(size if type(size) is int else 0, *(section.next_number for section in self.sections))

    def offset(self, ref: Ref) -> int:
        """Return where an object starts that lies in the file by itself, not inside an object stream."""
        entry = self._find(ref.number)
        if entry.kind != "plain" or entry.extra != ref.generation:
            raise PdfUnreadable(reason="object_missing")
        return entry.place

    def holders(self, ref: Ref) -> tuple[Ref, ...]:
        """Return the object stream in which an object lies, none for one that lies in the file by itself or not at all."""
        entry = self._find(ref.number)
        return (Ref(entry.place, 0),) if entry.kind == "packed" else ()

    def get(self, ref: Ref) -> PdfObject:
        """Return an indirect object; null if the file has none, as ISO 32000-1 section 7.3.10 says."""
        if ref not in self._objects:
            # A stream's length may be a reference to a stream whose length is one, and so on for ever.
            if ref in self._opening or len(self._opening) == _MAX_LINKS:
                raise PdfUnreadable(reason="reference_loop")
            self._opening.add(ref)
            try:
                self._objects[ref] = self._read(ref)
            finally:
                self._opening.discard(ref)
        return self._objects[ref]

    def resolve(self, value: PdfObject) -> PdfObject:
        """Follow references to what is not one."""
        for _ in range(_MAX_LINKS):
            if not isinstance(value, Ref):
                return value
            value = self.get(value)
        raise PdfUnreadable(reason="reference_loop")

    def dictionary(self, value: PdfObject) -> PdfDict:
        """Resolve to a dictionary."""
        found = self.resolve(value)
        if not isinstance(found, dict):
            raise PdfUnreadable(reason="not_a_dictionary")
        return found

    def array(self, value: PdfObject) -> list[PdfObject]:
        """Resolve to an array; null is an empty one."""
        found = self.resolve(value)
        if found is None:
            return []
        if not isinstance(found, list):
            raise PdfUnreadable(reason="not_an_array")
        return found

    def pages(self) -> Iterator[Page]:
        """Yield the pages in order. Source: ISO 32000-1 section 7.7.3."""
        waiting: list[tuple[PdfObject, PdfDict]] = [(self.catalog.get("Pages"), {})]
        seen: set[Ref] = set()
        while waiting:
            ref, inherited = waiting.pop()
            if not isinstance(ref, Ref) or ref in seen:
                raise PdfUnreadable(reason="page_tree")
            seen.add(ref)
            if len(seen) + len(waiting) > MAX_TREE:
                raise PdfOverLimits(reason="pages")
            node = self.dictionary(ref)
            handed = inherited | {key: node[key] for key in _INHERITED if key in node}
            if node.get("Type") == "Page":
                yield Page(ref, node, inherited | node)
            elif node.get("Type") == "Pages":
                waiting.extend((kid, handed) for kid in reversed(self.array(node.get("Kids"))))
            else:
                raise PdfUnreadable(reason="page_tree")

    def amended(self, ref: Ref, additions: Mapping[str, bytes]) -> bytes:
        """Return a dictionary object with entries added or replaced, its other bytes as they stand in the file."""
        dictionary = self.dictionary(ref)
        added = b"".join([b"/%b %b" % (key.encode("ascii"), value) for key, value in additions.items()])
        place = self._places.get(ref)
        if place is not None and not dictionary.keys() & additions.keys():
            return b"<<%b%b" % (added, self.data[place.value + len(b"<<") : place.value_end])
        kept: PdfDict = {key: value for key, value in dictionary.items() if key not in additions}
        return b"<<%b%b" % (added, serialise(kept).removeprefix(b"<<"))

    def reads(self) -> Reads | None:
        """Return every object that was read so far; None where that is not all that was read.

        What follows from these objects follows for each file that has them, wherever they lie in it.
        """
        if self._elsewhere:
            return None
        return tuple((ref, self.data[place.start : place.stop]) for ref, place in self._places.items())

    def reads_the_same(self, reads: Reads) -> bool:
        """Say whether these objects, read here, are the same, byte for byte."""
        for ref, text in reads:
            entry = self._find(ref.number)
            if entry.kind != "plain" or entry.extra != ref.generation or not self.data.startswith(text, entry.place):
                return False
        return True

    def _find(self, number: int) -> Entry:
        for section in self.sections:
            entry = section.find(number)
            if entry is not None:
                return entry
        return Entry("free", 0, 0)

    def _read(self, ref: Ref) -> PdfObject:
        entry = self._find(ref.number)
        if entry.kind == "packed":
            self._elsewhere = True
            return self._unpack(ref, entry)
        if entry.kind == "free" or entry.extra != ref.generation:
            self._elsewhere = True
            return None
        found = read_indirect(self.data, entry.place, self._length)
        if found.ref != ref:
            raise PdfUnreadable(reason="object_misplaced")
        # With the byte behind its last word, which would be another word if that byte belonged to it.
        self._places[ref] = _Place(entry.place, found.stop + 1, found.start, found.end)
        self._elsewhere |= isinstance(found.value, Stream) or found.stop == len(self.data)
        self._count(found.end - found.start)
        return found.value

    def _length(self, value: PdfObject) -> int | None:
        found = self.resolve(value)
        return found if type(found) is int else None

    def _unpack(self, ref: Ref, entry: Entry) -> PdfObject:
        if ref.generation:
            return None
        if entry.place not in self._packed:
            self._packed[entry.place] = self._object_stream(Ref(entry.place, 0))
        packed = self._packed[entry.place]
        index, start = packed.places.get(ref.number, (-1, 0))
        if index != entry.extra:
            raise PdfUnreadable(reason="object_misplaced")
        reader = Reader(packed.data, start)
        value = reader.value()
        self._count(reader.position - start)
        return value

    def _object_stream(self, ref: Ref) -> "_ObjectStream":
        """Open an object stream. Source: ISO 32000-1 section 7.5.7."""
        stream = self.get(ref)
        if self._find(ref.number).kind != "plain" or not isinstance(stream, Stream):
            raise PdfUnreadable(reason="object_stream")
        if stream.dictionary.get("Type") != "ObjStm":
            raise PdfUnreadable(reason="object_stream")
        count, first = self._length(stream.dictionary.get("N")), self._length(stream.dictionary.get("First"))
        data = decode_syntax(stream, min(_MAX_OBJECT_STREAM, _MAX_INFLATED - self._inflated))
        self._inflated += len(data)
        if count is None or first is None or not 0 <= first <= len(data) or not 0 <= count <= len(data):
            raise PdfUnreadable(reason="object_stream")
        heading = Reader(data[:first])
        places: dict[int, tuple[int, int]] = {}
        for index in range(count):
            number, place = heading.value(), heading.value()
            if type(number) is not int or type(place) is not int or place < 0 or number in places:
                raise PdfUnreadable(reason="object_stream")
            places[number] = (index, first + place)
        self._count(first)
        return _ObjectStream(data, places)

    def _count(self, size: int) -> None:
        self._syntax += size
        if self._syntax > _MAX_SYNTAX:
            raise PdfOverLimits(reason="syntax")
