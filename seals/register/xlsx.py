"""The register of uses as an Excel workbook, written row by row: a year of a busy seal fits into memory."""

import io
from collections.abc import Iterable
from datetime import datetime
from typing import Final

import xlsxwriter

from ledger.errors import Language
from seals.register.use_register import HEADINGS, UseLine, cells

MOST_ROWS: Final = 1_048_575
"""What a sheet holds below its heading; the rest goes on another."""
_WIDTHS: Final = (7, 19, 17, 36, 30, 60, 20, 20, 7, 26, 72)
_CREATED: Final = datetime(2020, 1, 1)  # noqa: DTZ001 - the workbook's own property: same uses, same bytes


def write_xlsx(lines: Iterable[UseLine], language: Language = "zh", *, most_rows: int = MOST_ROWS) -> bytes:
    """Return the workbook. Texts are written as texts, whatever they look like: no cell is a formula or a link."""
    out = io.BytesIO()
    # Rows go through a temporary file of its own; nothing that was typed in is interpreted.
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(out, options) as book:
        book.set_properties({"created": _CREATED})
        _Sheets(book, language, most_rows).write(lines)
    return out.getvalue()


class _Sheets:
    def __init__(self, book: xlsxwriter.Workbook, language: Language, most_rows: int) -> None:
        self._book = book
        self._language: Language = language
        self._most_rows = most_rows
        self._heading = book.add_format({"bold": True, "bottom": 1, "text_wrap": True})
        self._time = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})

    def write(self, lines: Iterable[UseLine]) -> None:
        sheet = self._new_sheet()
        row = 0
        for position, line in enumerate(lines, 1):
            if row == self._most_rows:
                sheet, row = self._new_sheet(), 0
            row += 1
            for column, value in enumerate(cells(position, line, self._language)):
                if isinstance(value, datetime):
                    sheet.write_datetime(row, column, value, self._time)
                elif isinstance(value, int):
                    sheet.write_number(row, column, value)
                else:
                    sheet.write_string(row, column, value)

    def _new_sheet(self) -> xlsxwriter.worksheet.Worksheet:
        sheet = self._book.add_worksheet()
        for column, (width, title) in enumerate(zip(_WIDTHS, HEADINGS[self._language], strict=True)):
            sheet.set_column(column, column, width)
            sheet.write_string(0, column, title, self._heading)
        sheet.freeze_panes(1, 0)
        sheet.set_landscape()
        sheet.repeat_rows(0)
        return sheet
