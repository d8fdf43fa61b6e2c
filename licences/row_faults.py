"""What can be wrong with one row before its content is judged. The other rows go on; no message repeats a value."""

from typing import Final

from licences.faults import FieldFault

ROW: Final = "row"
"""The place of a fault that concerns the row as a whole."""

TOO_LONG: Final = FieldFault(ROW, "rows.too_long", "此行超过 4 MiB", "this row is longer than 4 MiB")
ENCODING: Final = FieldFault(
    ROW, "rows.encoding", "此行的字符编码与文件其余部分不同或已损坏", "this row is not in the encoding of the file"
)
NUL: Final = FieldFault(ROW, "rows.nul", "此行含有空字符（NUL）", "this row holds NUL characters")
QUOTES: Final = FieldFault(
    ROW,
    "rows.quotes",
    "双引号使用有误：含引号、逗号或换行的单元格须整体加双引号，内部的双引号写两遍",
    "quotes are misplaced: put a cell with quotes, commas or line breaks in quotes and double the quotes inside it",
)
NOT_JSON: Final = FieldFault(
    ROW,
    "rows.json",
    "此行不是有效的 JSON 对象（不能有重复的键、NaN、过深或过长的结构）",
    "this row is not a valid JSON object (no repeated keys, no NaN, no structure too deep or too long)",
)


def cell_count(found: int, expected: int) -> FieldFault:
    """The row has more or fewer cells than there are columns."""
    return FieldFault(
        ROW,
        "rows.cell_count",
        f"此行有 {found} 个单元格，表头有 {expected} 列",
        f"this row has {found} cells and the header {expected} columns",
    )


def cell_too_long(field: str) -> FieldFault:
    """The cell is beyond what any field may hold."""
    return FieldFault(field, "rows.cell_too_long", "单元格超过 1 MiB", "the cell is longer than 1 MiB")


def cell_not_json(field: str) -> FieldFault:
    """The cell should hold a list or an object."""
    return FieldFault(
        field,
        "rows.cell_json",
        "单元格应为 JSON；由简单文本组成的列表也可用竖线 | 分隔",
        "the cell must hold JSON; a list of plain texts may also be separated by |",
    )


def cell_misplaced(field: str) -> FieldFault:
    """The cell stands in a column that licences of the row's type do not have."""
    return FieldFault(
        field, "rows.cell_misplaced", "此类证照没有这一列，单元格应为空", "licences of this type have no such column"
    )
