"""Licences from import files, row by row: CSV and JSON Lines, of any length.

**JSON Lines**: UTF-8, one object a line, as the body of `POST /v1/licences` (`decision` optional).

**CSV**: commas, RFC 4180 quotes, UTF-8 with or without a mark, or GB18030. The first line names the columns, by key or
by Chinese name:

* `type` (short name, code or Chinese name), `issuer`, `number`, `business_number`, `issue_date`, `valid_from`,
  `valid_until`; if there is a decision, `decision_number`, `decision_officer`, `decision_case`, `decision_item`;
* for each holder `holder_1_name`, `holder_1_code`, `holder_1_code_type`, `holder_1_share`, `holder_1_role`, then
  `holder_2_name` …, or `持证主体1名称` …;
* the fields of the type; a field of one type is empty in the rows of another.

An empty cell is an absent value. Days are `2026-11-22`, `20261122` or `2026年11月22日`; `长期` or nothing is no end of
validity. Lists and objects are JSON in the cell; a list of plain texts may be separated by `|` instead.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from io import BufferedReader, FileIO
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from licences.catalogue import Catalogue
from licences.drafts import LicenceRequest
from licences.faults import FieldFault
from licences.licence_type import LicenceType
from licences.row_csv import CsvReader
from licences.row_errors import RowFileBinary, RowFileEmpty, RowFileEncoding, RowFileNotLines, RowFileUnreadable
from licences.row_faults import ENCODING, NOT_JSON, NUL, QUOTES, TOO_LONG, cell_count
from licences.row_json import parse_json
from licences.row_lines import RawRow, csv_rows, json_rows
from licences.row_requests import judge
from licences.row_text import Decoder, split_cells

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

HEAD: Final = 1 << 20
"""As much of a file as is looked at before the first row: the form and the encoding are told by it."""

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
_JSON_SUFFIXES: Final = {".jsonl", ".ndjson"}


class _Filled(FileIO):
    """A file whose reads come back full, also where it is a pipe that gives a little at a time."""

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Fill the buffer; less is the end of the file."""
        view, filled = memoryview(buffer), 0
        while filled < len(view) and (count := super().readinto(view[filled:])):
            filled += count
        return filled


@dataclass(frozen=True, slots=True)
class Row:
    """One row of an import file.

    line: where it begins, from 1. request: None where a fault stops it. faults: all of them; warnings stop nothing.
    """

    line: int
    request: LicenceRequest | None
    faults: tuple[FieldFault, ...]


def read_rows(
    path: Path, catalogue: Catalogue, *, default_type: str | None, today: date | None = None
) -> Iterator[Row]:
    """Yield every row of a file, good or bad, holding one at a time.

    default_type: short name or code of the type of rows that name none; None if all do.
    today: the local day; with it, a licence dated in the future is refused.
    Raises TypeUnknown at once, and RowFileError on the way.
    """
    default = catalogue.type(default_type) if default_type is not None else None
    return _read(path, catalogue, default, today)


def _read(path: Path, catalogue: Catalogue, default: LicenceType | None, today: date | None) -> Iterator[Row]:
    try:
        with BufferedReader(_Filled(path), HEAD) as stream:
            head = stream.peek()
            _refuse_what_is_no_text(head)
            if head.startswith(_BYTE_ORDER_MARK):
                stream.read(len(_BYTE_ORDER_MARK))
                head = head.removeprefix(_BYTE_ORDER_MARK)
            read = _json_lines if _is_json(path, head) else _csv
            yield from read(stream, head, catalogue, default, today)
    except OSError as error:
        raise RowFileUnreadable(path.name) from error


def _is_json(path: Path, head: bytes) -> bool:
    suffix = path.suffix.lower()
    return suffix in _JSON_SUFFIXES or (suffix != ".csv" and head.lstrip().startswith((b"{", b"[")))


def _refuse_what_is_no_text(head: bytes) -> None:
    if head.startswith(_UTF_16):
        raise RowFileEncoding
    if b"\0" in head.split(b"\n", 1)[0]:
        raise RowFileBinary
    if not head.removeprefix(_BYTE_ORDER_MARK).strip():
        raise RowFileEmpty


def _json_lines(
    stream: BinaryIO, head: bytes, catalogue: Catalogue, default: LicenceType | None, today: date | None
) -> Iterator[Row]:
    if not head.lstrip().startswith(b"{"):
        raise RowFileNotLines
    for raw in json_rows(stream):
        text = _text(raw, _utf8)
        if isinstance(text, FieldFault):
            yield Row(raw.line, None, (text,))
            continue
        try:
            value = parse_json(text)
        except ValueError:
            yield Row(raw.line, None, (NOT_JSON,))
            continue
        yield Row(raw.line, *judge(value, catalogue, default, today=today))


def _csv(
    stream: BinaryIO, head: bytes, catalogue: Catalogue, default: LicenceType | None, today: date | None
) -> Iterator[Row]:
    # The last line of a head that was cut may end inside a character.
    lines = head.split(b"\n") if len(head) < HEAD else head.split(b"\n")[:-1]
    decoder = Decoder(lines)
    rows = csv_rows(stream)
    first = next(rows)
    reader = CsvReader(first.data, decoder, catalogue, default)
    for raw in rows:
        text = _text(raw, decoder.decode)
        cells = split_cells(text) if isinstance(text, str) else None
        if isinstance(text, FieldFault):
            yield Row(raw.line, None, (text,))
        elif cells is None:
            yield Row(raw.line, None, (QUOTES,))
        elif len(cells) != reader.width:
            yield Row(raw.line, None, (cell_count(len(cells), reader.width),))
        elif any(cells):
            value, given = reader.read(cells)
            yield Row(raw.line, *judge(value, catalogue, default, given=given, today=today))


def _text(raw: RawRow, decode: Callable[[bytes], str | None]) -> str | FieldFault:
    """Return the text of a row, or why it has none."""
    if raw.data is None:
        return TOO_LONG
    if b"\0" in raw.data:
        return NUL
    text = decode(raw.data)
    return ENCODING if text is None else text


def _utf8(data: bytes) -> str | None:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None
