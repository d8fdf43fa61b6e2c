"""The revisions behind a signature, each byte of them accounted for."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from seals.pdf.errors import PdfUnreadable
from seals.pdf.file import PdfFile
from seals.pdf.indirect import direct_length, read_indirect
from seals.pdf.objects import PdfDict, Ref, Stream, references, serialise
from seals.pdf.update import PdfUpdate
from seals.pdf.xref import Section

_GAP: Final = re.compile(rb"[\n\r ]{0,2}")
_END: Final = re.compile(rb"[\n\r ]{0,2}startxref[\n\r]{1,2}(\d{1,10})[\n\r]{1,2}%%EOF(?:\r\n|\n|\r)?")
_TRAILER_KEYS: Final = frozenset({"Size", "Root", "Info", "ID", "Prev"})
_STREAM_TRAILER_KEYS: Final = _TRAILER_KEYS | {"Type", "W", "Index", "Length", "Filter", "DecodeParms"}


@dataclass(frozen=True, slots=True)
class Revision:
    """One incremental update: from where to where it lies, its objects, and the one that its cross-reference stream is."""

    start: int
    end: int
    section: Section
    objects: tuple[Ref, ...]
    index: Ref | None

    @property
    def shown(self) -> str:
        """Name it for people."""
        return f"revision at {self.start}"


def revisions_after(file: PdfFile, end: int) -> Iterator[Revision]:
    """Yield the revisions behind `end`, oldest first.

    Each starts where the one before ended and holds nothing but the objects that its own cross-reference lists.
    Raises PdfUnreadable whose reason says where a revision departs from that. Source: ISO 32000-1 section 7.5.6
    """
    sections = file.sections
    for index in reversed(range(len(sections) - 1)):
        if sections[index].start >= end:
            revision = _read(file.data, end, sections[index], sections[index + 1])
            end = revision.end
            yield revision


def _read(data: bytes, start: int, section: Section, previous: Section) -> Revision:
    _check_trailer(section, previous)
    index = read_indirect(data, section.start, direct_length).ref if section.kind == "stream" else None
    position = start
    objects: list[Ref] = []
    for place, number, generation in _by_place(section, index):
        ref = Ref(number, generation)
        found = read_indirect(data, place, direct_length)
        if _GAP.fullmatch(data, position, place) is None or found.ref != ref:
            raise PdfUnreadable(reason=f"bytes before object {number}")
        objects.append(ref)
        position = found.stop
    end = _END.match(data, section.end)
    if _GAP.fullmatch(data, position, section.start) is None or end is None or int(end[1]) != section.start:
        raise PdfUnreadable(reason=f"bytes behind the objects of the revision at {start}")
    return Revision(start, end.end(), section, tuple(objects), index)


def _by_place(section: Section, index: Ref | None) -> list[tuple[int, int, int]]:
    """Return offset, number and generation of the objects in the order in which they lie."""
    listed: list[tuple[int, int, int]] = []
    for number in section.numbers():
        entry = section.find(number)
        if number == 0 and entry is not None and entry[1:] == (0, 65_535):
            continue  # the head of the list of free objects, which stays what it was
        if entry is None or entry.kind != "plain":
            raise PdfUnreadable(reason=f"object {number} freed or packed")
        # No other object may be said to lie where the cross-reference stream does.
        if index is None or (entry.place, number) != (section.start, index.number):
            listed.append((entry.place, number, entry.extra))
    return sorted(listed)


def _check_trailer(section: Section, previous: Section) -> None:
    new, old = section.trailer, previous.trailer
    keys = _TRAILER_KEYS if section.kind == "table" else _STREAM_TRAILER_KEYS
    same_id = _permanent_id(new.get("ID")) == _permanent_id(old.get("ID"))
    if (
        section.kind != previous.kind
        or _size(new) < max(_size(old), section.next_number)
        or new.get("Prev") != previous.start
        or any(new.get(key) != old.get(key) for key in ("Root", "Info"))
        or not same_id
        or not new.keys() <= keys
    ):
        raise PdfUnreadable(reason=f"trailer at {section.start}")


def _size(trailer: PdfDict) -> int:
    """Return the number from which on objects are missing, whatever else is said of them. Source: ISO 32000-1 table 15."""
    size = trailer.get("Size")
    return size if type(size) is int else 0


def _permanent_id(value: object) -> object:
    return value[0] if isinstance(value, list) and value else None


def is_canonical(before: PdfFile, after: PdfFile, revision: Revision) -> bool:
    """Say whether the revision's bytes are the ones that `respell` gives."""
    return respell(before, after, revision)[revision.start :] == after.data[revision.start : revision.end]


def respell(before: PdfFile, after: PdfFile, revision: Revision) -> bytes:
    """Write the revision's objects again in our one spelling, behind the file as it was before.

    So that in a revision which no signature covers no byte can be written otherwise.
    """
    update = PdfUpdate(before)
    for ref in sorted(revision.objects):
        update.put(ref, serialise(after.get(ref)))
    return update.finish(b"")


def reachable(file: PdfFile, *, without: str) -> set[Ref]:
    """Return every reference that can be reached from catalog and information, the catalog's entry `without` apart.

    With the object streams in which such objects lie.
    """
    roots = [{key: value for key, value in file.catalog.items() if key != without}, file.trailer.get("Info")]
    found: set[Ref] = {file.root}
    waiting = [*(ref for value in roots for ref in references(value)), *file.holders(file.root)]
    while waiting:
        ref = waiting.pop()
        if ref not in found:
            found.add(ref)
            value = file.get(ref)
            waiting.extend(references(value.dictionary if isinstance(value, Stream) else value))
            waiting.extend(file.holders(ref))
    return found
