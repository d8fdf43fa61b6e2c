"""What lies behind a seal: validation data, document timestamps and seals in fields made for them, or a changed document.

Each revision is compared with the one before it; nothing may differ but what these acts need. What viewers say of a
later revision does not count: incremental saving, shadow attacks and painted-over fields are all revisions that some
viewer calls harmless. Source: STANDARDS section 6, after ISO 32000-1 section 12.8.2.2 and EN 319 142-1 section 5.5.
"""

from dataclasses import dataclass
from typing import Final

from seals.pdf.comparison import Comparison, Departure, DocumentTimestamp
from seals.pdf.dss import read_store, unsigned_items
from seals.pdf.errors import PdfOverLimits, PdfUnreadable, PdfUnsupported
from seals.pdf.file import PdfFile
from seals.pdf.revisions import Revision, is_canonical, revisions_after
from seals.pdf.signature import Fault

__all__ = ["Coverage", "DocumentTimestamp", "coverage_after"]

_MAX_REVISIONS: Final = 32


@dataclass(frozen=True, slots=True)
class Coverage:
    """What lies behind the place from which a file was judged: document timestamps in their order, and the first fault.

    later_seals: names of the fields that were filled.
    """

    timestamps: tuple[DocumentTimestamp, ...]
    later_seals: tuple[str, ...]
    faults: tuple[Fault, ...]


def coverage_after(file: PdfFile, end: int, certificates: tuple[bytes, ...], *, of_others: bool = False) -> Coverage:
    """Judge what lies behind the signature whose bytes end at `end`.

    certificates: DER, those of signatures and their timestamps, by which validation data that no timestamp covers are
    checked. of_others: whether another program signed, behind which others may sign again: in a field that was made for
    it, or in a new one that shows nothing. Raises PdfOverLimits. The first departure is the one fault: behind it nothing
    means anything.
    """
    judge = _Judge(file, certificates, of_others=of_others)
    try:
        judge.walk(end)
    except PdfOverLimits:
        raise
    except (PdfUnreadable, PdfUnsupported) as error:
        fault = Fault("coverage.later_revision", error.reason)
    except Departure as departure:
        fault = Fault(departure.code, departure.detail)
    else:
        return Coverage(tuple(judge.timestamps), tuple(judge.seals), ())
    return Coverage(tuple(judge.timestamps), tuple(judge.seals), (fault,))


class _Judge:
    def __init__(self, file: PdfFile, certificates: tuple[bytes, ...], *, of_others: bool) -> None:
        self._file = file
        self._of_others = of_others
        self._certificates = certificates
        self.timestamps: list[DocumentTimestamp] = []
        self.seals: list[str] = []
        self._open: list[tuple[PdfFile, PdfFile, Revision]] = []

    def walk(self, end: int) -> None:
        """Judge revision after revision up to the end of the file."""
        before: PdfFile | None = None
        for count, revision in enumerate(revisions_after(self._file, end)):
            if count == _MAX_REVISIONS:
                raise PdfOverLimits(reason="later_revisions")
            before = before or PdfFile(self._file.data[:end])
            end = revision.end
            after = self._file if end == len(self._file.data) else PdfFile(self._file.data[:end])
            self._step(Comparison(before, after, revision, of_others=self._of_others))
            before = after
        if end != len(self._file.data):
            raise Departure(f"{len(self._file.data) - end} bytes from {end}", "coverage.trailing_bytes")
        for one in self._open:
            self._check_uncovered(*one)

    def _step(self, comparison: Comparison) -> None:
        stamp, seal = comparison.judge()
        self._open.append((comparison.before, comparison.after, comparison.revision))
        if stamp is not None:
            self.timestamps.append(stamp)
        if seal is not None:
            self.seals.append(seal)
        if stamp is not None or seal is not None:
            self._open.clear()  # what is signed cannot be written otherwise

    def _check_uncovered(self, before: PdfFile, after: PdfFile, revision: Revision) -> None:
        if not is_canonical(before, after, revision):
            raise Departure(f"validation data at {revision.start}: not in the canonical form", "coverage.not_canonical")
        stamped = tuple(one for stamp in self.timestamps for one in stamp.stamp.certificates)
        unsigned = next(unsigned_items(read_store(after), self._certificates + stamped), None)
        if unsigned is not None:
            raise Departure(f"validation data at {revision.start}: {unsigned} of nobody", "coverage.not_canonical")
