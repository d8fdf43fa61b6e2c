"""Import files that cannot be read as a whole. A fault of one row is no error: it rides on its `Row` (row_faults.py).

RowFileError
├── RowFileUnreadable    not there, a folder, no permission, or the disk fails while reading
├── RowFileEmpty         nothing in it
├── RowFileBinary        NUL bytes where text should begin: a workbook, an archive, a picture
├── RowFileEncoding      neither UTF-8 nor GB18030
├── RowFileNotLines      not one JSON object in each line
├── RowHeaderBroken      the first line of a CSV file is not a line of column names
├── RowColumnsRepeated   two columns of the same meaning
├── RowColumnsUnknown    columns that no type in question knows
├── RowColumnsMissing    columns that every row needs
└── RowQuoteUnclosed     a quoted cell that the file ends in
"""

from dataclasses import dataclass

from licences.errors import LicenceError


class RowFileError(LicenceError):
    """Root: the import file cannot be read, or not any further. Rows handed out before it stand."""

    code = "rows.error"
    zh = "导入文件无法读取"
    en = "the import file cannot be read"


@dataclass(eq=False)
class RowFileUnreadable(RowFileError):
    """The file cannot be opened, or reading stopped half-way. name: of the file, without its folder."""

    code = "rows.unreadable"
    zh = "无法读取文件 {name}：请确认文件存在、不是文件夹且有读取权限"
    en = "the file {name} cannot be read: is it there, a file, and are you allowed to read it?"

    name: str


@dataclass(eq=False)
class RowFileEmpty(RowFileError):
    """Nothing but white space."""

    code = "rows.empty"
    zh = "文件是空的"
    en = "the file is empty"


@dataclass(eq=False)
class RowFileBinary(RowFileError):
    """No text: NUL bytes in the first line."""

    code = "rows.binary"
    zh = "这不是文本文件。Excel 工作簿请另存为“CSV UTF-8（逗号分隔）”"
    en = "this is not a text file. Save a workbook as 'CSV UTF-8 (comma delimited)'"


@dataclass(eq=False)
class RowFileEncoding(RowFileError):
    """The text has neither of the two encodings."""

    code = "rows.file_encoding"
    zh = "文件编码无法识别，请另存为 UTF-8（CSV 也可用 GB18030）"
    en = "the encoding of the file is not known; save it as UTF-8 (CSV may be GB18030 too)"


@dataclass(eq=False)
class RowFileNotLines(RowFileError):
    """JSON Lines were expected, and the first line does not begin an object."""

    code = "rows.not_lines"
    zh = "应为 JSON Lines：每行一个 JSON 对象，以 {{ 开头"
    en = "JSON Lines are expected: one JSON object in each line, beginning with {{"


@dataclass(eq=False)
class RowHeaderBroken(RowFileError):
    """The first line cannot be split into names: stray quotes, or far too long."""

    code = "rows.header"
    zh = "第一行应为列名，用英文逗号分隔"
    en = "the first line must hold the names of the columns, with commas between them"


@dataclass(eq=False)
class RowColumnsRepeated(RowFileError):
    """Columns of the same meaning. columns: their positions, such as `3 (C), 7 (G)`."""

    code = "rows.columns_repeated"
    zh = "以下列与其他列含义重复：第 {columns} 列"
    en = "these columns repeat another one: {columns}"

    columns: str


@dataclass(eq=False)
class RowColumnsUnknown(RowFileError):
    """Columns that mean nothing here.

    columns: positions only; where the line of names was forgotten, the first line holds a person's data.
    """

    code = "rows.columns_unknown"
    zh = "无法识别以下列的列名：第 {columns} 列。第一行应为列名（字段键名或中文名称），用英文逗号分隔"
    en = "these columns have names that are not known: {columns}. The first line must hold names, with commas between"

    columns: str


@dataclass(eq=False)
class RowColumnsMissing(RowFileError):
    """Columns that every row needs. columns: key and Chinese name of each."""

    code = "rows.columns_missing"
    zh = "缺少必需的列：{columns}"
    en = "columns that every row needs are missing: {columns}"

    columns: str


@dataclass(eq=False)
class RowQuoteUnclosed(RowFileError):
    """The file ends inside a quoted cell. line: where its row begins, counted from 1."""

    code = "rows.quote_unclosed"
    zh = "第 {line} 行有一个双引号没有配对，直到文件结尾；该行及其后的内容均未读取"
    en = "a quote in line {line} is never closed; nothing was read from that line on"

    line: int
