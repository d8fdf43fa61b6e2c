"""Writing an incremental update: new and changed objects behind the old bytes, in the same kind of cross-reference."""

from collections.abc import Iterator
from hashlib import sha256

from seals.pdf.errors import PdfUnreadable
from seals.pdf.file import PdfFile
from seals.pdf.objects import Name, PdfDict, Ref, Stream, serialise


class PdfUpdate:
    """Collects objects for one new revision of `file`. Source: ISO 32000-1 section 7.5.6."""

    def __init__(self, file: PdfFile) -> None:
        self._file = file
        # typst ends its file right behind %%EOF; the new revision starts on a line of its own.
        separator = b"" if file.data.endswith((b"\n", b"\r")) else b"\n"
        self._parts = [file.data, separator]
        self._size = len(file.data) + len(separator)
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
        """Add an object; return the offset at which its body starts."""
        if ref in self._offsets:
            raise PdfUnreadable(reason="object_written_twice")
        self._offsets[ref] = self._size
        self._next = max(self._next, ref.number + 1)
        self._add(b"%d %d obj\n%b\nendobj\n" % (*ref, body))
        return self._size - len(body) - len(b"\nendobj\n")

    def finish(self, seed: bytes) -> bytearray:
        """Write cross-reference and trailer; return the whole file. seed: what makes this revision's identifier its own."""
        start = self._size
        trailer: PdfDict = {key: self._file.trailer[key] for key in ("Root", "Info") if key in self._file.trailer}
        trailer["Prev"] = self._file.sections[0].start
        trailer["ID"] = [*self._identifier(seed)]
        if self._file.sections[0].kind == "table":
            trailer["Size"] = self._next
            self._add(b"xref\n%btrailer\n%b" % (b"".join(self._table()), serialise(trailer)))
        else:
            own = Ref(self.allocate(), 0)
            self._offsets[own] = start
            trailer |= {"Type": Name("XRef"), "Size": self._next}
            self._add(b"%d %d obj\n%b\nendobj" % (*own, serialise(self._stream(trailer))))
        self._add(b"\nstartxref\n%d\n%%%%EOF\n" % start)
        return bytearray().join(self._parts)

    def _add(self, part: bytes) -> None:
        self._parts.append(part)
        self._size += len(part)

    def _identifier(self, seed: bytes) -> Iterator[bytes]:
        """Keep the permanent half, renew the changing one. Source: ISO 32000-1 section 14.4."""
        old = self._file.trailer.get("ID")
        halves = [half for half in old if isinstance(half, bytes)] if isinstance(old, list) else []
        written = sha256(b"%d " % self._size + b"".join(halves) + seed).digest()[:16]
        yield halves[0] if halves else written
        yield written

    def _runs(self) -> list[list[Ref]]:
        runs: list[list[Ref]] = []
        for ref in sorted(self._offsets):
            if runs and runs[-1][-1].number == ref.number - 1:
                runs[-1].append(ref)
            else:
                runs.append([ref])
        return runs

    def _table(self) -> Iterator[bytes]:
        for run in self._runs():
            yield b"%d %d\n" % (run[0].number, len(run))
            for ref in run:
                yield b"%010d %05d n \n" % (self._offsets[ref], ref.generation)

    def _stream(self, trailer: PdfDict) -> Stream:
        """Write the cross-reference as an uncompressed stream. Source: ISO 32000-1 section 7.5.8."""
        runs = self._runs()
        rows = b"".join(
            b"\x01" + self._offsets[ref].to_bytes(5) + ref.generation.to_bytes(2) for run in runs for ref in run
        )
        index = [number for run in runs for number in (run[0].number, len(run))]
        return Stream({**trailer, "W": [1, 5, 2], "Index": [*index], "Length": len(rows)}, rows)
