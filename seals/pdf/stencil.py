"""The revision that a seal adds, made once and set behind every document that it fits.

What a seal writes follows from its place and from the few objects that are read to write it: catalog, form, page tree,
page. Documents of one template have the same ones, so that only offsets, date, identifier and signature value are new.
A stencil is used where those objects stand again, byte for byte; nothing of a document is taken on trust.
"""

from binascii import hexlify
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from hashlib import new
from typing import Final

from seals.pdf.file import PdfFile, Reads
from seals.pdf.objects import Ref
from seals.pdf.update import Index, PdfUpdate

_RANGE: Final = 36  # characters kept for the three numbers of the byte range
_NO_DATE: Final = b"YYYYmmddHHMMSSZ"
_MAX_ACTS: Final = 32  # for which stencils are kept: seals of so many places and page forms
_MAX_ALIKE: Final = 4
_MAX_SIZE: Final = 128 * 1024  # octets of a stencil and of what was read for it, which a stranger's document may swell


@dataclass(frozen=True, slots=True)
class Unsigned:
    """A document with its seal's revision behind it, but for the signature value: what is to stand around that.

    space: octets that the value may have.
    """

    document: bytes = field(repr=False)
    before: bytes = field(repr=False)
    after: bytes = field(repr=False)
    space: int

    def digest(self, name: str) -> bytes:
        """Return the digest of all but the value. name: as hashlib has it."""
        hashed = new(name, self.document, usedforsecurity=True)
        hashed.update(self.before)
        hashed.update(self.after)
        return hashed.digest()

    def signed(self, value: bytes) -> bytes:
        """Return the document with the value in its place, in lower-case digits followed by zeros."""
        digits = hexlify(value).ljust(2 * self.space, b"0")
        return b"".join((self.document, self.before, b"<", digits, b">", self.after))


@dataclass(frozen=True, slots=True)
class Stencil:
    """A revision as it stands behind any document that it fits.

    lead: up to the signature dictionary's date; rest: from behind the value to the last object; space: octets that are
    kept for the value.
    """

    lead: bytes
    rest: bytes
    index: Index
    space: int

    def lay(self, file: PdfFile, date: bytes) -> Unsigned:
        """Set the revision behind a file. date: as a PDF writes it, seconds and Z. Source: ISO 32000-1 table 252."""
        head = b"%b/M(D:%b)/ByteRange[0 " % (self.lead, date)
        hole = len(file.data) + len(head) + _RANGE + len(b"]/Contents")
        hole_end = hole + 2 * self.space + len(b"<>")
        objects = hole_end - len(file.data) + len(self.rest)
        after = self.rest + self.index.write(file, objects, head)
        numbers = b"%d %d %d" % (hole, hole_end, len(after))
        return Unsigned(file.data, b"%b%b]/Contents" % (head, numbers.ljust(_RANGE)), after, self.space)


def cut(update: PdfUpdate, signature: Ref, dictionary: bytes, space: int) -> Callable[[], Stencil]:
    """Add the signature dictionary to an update, and return how to make a stencil of that once it is complete.

    dictionary: as it is written, up to where the date, the byte range and the value are to be added.
    """
    body = b"%b/M(D:%b)/ByteRange[0 %b]/Contents<%b>>>" % (dictionary, _NO_DATE, b" " * _RANGE, b"0" * (2 * space))
    start = update.put(signature, body)

    def made() -> Stencil:
        objects = update.objects()
        rest = start + len(body) - len(b">>")
        return Stencil(objects[: start + len(dictionary)], objects[rest:], update.index(), space)

    return made


class Stencils:
    """The stencils of one seal, by what they are for. Several threads may use them: at worst one is made twice."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, tuple[tuple[Reads, Stencil], ...]] = {}

    def find(self, file: PdfFile, act: Hashable, draw: Callable[[], Stencil]) -> Stencil:
        """Return the stencil that fits a file, drawn anew if there is none.

        act: all that the drawing follows from, the file apart. draw: reads nothing of the file but its objects and what
        is compared here.
        """
        info = file.trailer.get("Info")
        like = act, file.sections[0].kind, file.root, info, file.next_number, file.data[-1:]
        if info is not None and not isinstance(info, Ref):
            return draw()
        alike = self._kept.get(like, ())
        for reads, stencil in alike:
            if file.reads_the_same(reads):
                return stencil
        stencil = draw()
        found = file.reads()
        if found is not None and _size(found, stencil) <= _MAX_SIZE:
            if len(self._kept) >= _MAX_ACTS:
                self._kept.clear()
            self._kept[like] = ((found, stencil), *alike[: _MAX_ALIKE - 1])
        return stencil


def _size(reads: Reads, stencil: Stencil) -> int:
    return sum(len(text) for _, text in reads) + len(stencil.lead) + len(stencil.rest)
