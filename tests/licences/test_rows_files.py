import csv
import io
import os
import tempfile
import threading
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from licences import row_errors
from licences.errors import LicenceError
from licences.row_csv import MAX_CELL
from licences.row_lines import MAX_ROW, csv_rows
from licences.row_text import split_cells
from licences.rows import Row, read_rows
from tests.licences.row_files import BUSINESS, CATALOGUE, CONSTRUCTION, csv_text, faults_of, json_lines, read

GOOD = csv_text(BUSINESS)
HEADER, LINE = GOOD.splitlines(keepends=True)

BROKEN: list[tuple[str, bytes, type[LicenceError]]] = [
    ("rows.csv", b"", row_errors.RowFileEmpty),
    ("rows.csv", b"\xef\xbb\xbf \r\n\n", row_errors.RowFileEmpty),
    ("rows.jsonl", b"\n", row_errors.RowFileEmpty),
    ("rows.csv", b"PK\x03\x04\x14\x00\x06\x00", row_errors.RowFileBinary),
    ("rows.jsonl", b"\x00" * 100, row_errors.RowFileBinary),
    ("rows.csv", GOOD.encode("utf-16"), row_errors.RowFileEncoding),
    ("rows.csv", b"\xff\xff\xff,\xff\n", row_errors.RowFileEncoding),
    ("rows.csv", b'a"b,c\n', row_errors.RowHeaderBroken),
    ("rows.csv", b"a" * (MAX_ROW + 1), row_errors.RowHeaderBroken),
    ("rows.csv", HEADER.replace("scope", "sc0pe").encode(), row_errors.RowColumnsUnknown),
    ("rows.csv", LINE.encode(), row_errors.RowColumnsUnknown),
    ("rows.csv", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", row_errors.RowColumnsUnknown),
    ("rows.csv", HEADER.replace(",", ";").encode(), row_errors.RowColumnsUnknown),
    ("rows.csv", HEADER.replace("scope", "place").encode(), row_errors.RowColumnsRepeated),
    ("rows.csv", HEADER.replace("scope", "住所").encode(), row_errors.RowColumnsRepeated),
    ("rows.csv", HEADER.replace("scope", "证照类型").encode(), row_errors.RowColumnsRepeated),
    ("rows.csv", HEADER.replace("holder_1_code,", "holder_2_code,").encode(), row_errors.RowColumnsMissing),
    ("rows.csv", HEADER.replace("type,", "", 1).encode(), row_errors.RowColumnsMissing),
    ("rows.csv", (HEADER + '"' + LINE).encode(), row_errors.RowQuoteUnclosed),
    ("rows.jsonl", GOOD.encode(), row_errors.RowFileNotLines),
    ("rows.jsonl", b"[{}]", row_errors.RowFileNotLines),
    ("rows", b"[{}]", row_errors.RowFileNotLines),
]


@pytest.fixture
def csv_file(tmp_path: Path) -> Path:
    return tmp_path / "rows.csv"


@pytest.mark.parametrize(("name", "content", "error"), BROKEN)
def test_broken_files(tmp_path: Path, name: str, content: bytes, error: type[LicenceError]) -> None:
    with pytest.raises(error) as caught:
        read(tmp_path / name, content)
    assert type(caught.value) is error
    assert caught.value.message("zh") != caught.value.message("en")


def test_every_error_has_a_case() -> None:
    tried = {error for _, _, error in BROKEN} | {row_errors.RowFileUnreadable}
    assert tried == set(row_errors.RowFileError.__subclasses__())


def test_files_that_cannot_be_opened(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing.csv"):
        with pytest.raises(row_errors.RowFileUnreadable):
            list(read_rows(path, CATALOGUE, default_type=None))


def test_columns_are_named_by_position_only(csv_file: Path) -> None:
    with pytest.raises(row_errors.RowColumnsUnknown) as caught:
        read(csv_file, "type," + "王喆,number," + "李伟," * 25 + "scope\n")
    assert caught.value.columns.startswith("2 (B), 4 (D), 5 (E), ")
    assert caught.value.columns.endswith(", 22 (V) …")


def test_missing_columns_of_the_one_type(csv_file: Path) -> None:
    untyped = {key: value for key, value in BUSINESS.items() if key not in {"type", "scope", "issuer"}}
    with pytest.raises(row_errors.RowColumnsMissing) as caught:
        read(csv_file, csv_text(untyped), "business-licence")
    assert caught.value.columns == "issuer（证照颁发机构代码）、scope（经营范围）"


def test_a_header_alone_has_no_rows(csv_file: Path) -> None:
    assert read(csv_file, HEADER) == []
    assert read(csv_file, HEADER + "\r\n" + "," * HEADER.count(",") + "\n") == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_encodings_and_line_ends(csv_file: Path, encoding: str, line_end: str) -> None:
    (expected,) = read(csv_file, GOOD)
    assert expected.request is not None
    text = GOOD.replace("\n", line_end).removesuffix(line_end)
    assert read(csv_file, text.encode(encoding)) == [expected]


def test_short_chinese_that_is_right_utf_8_by_accident(csv_file: Path) -> None:
    # The GBK bytes of 模 and 模 are a right UTF-8 sequence; the file as a whole is none.
    assert "模".encode("gbk").decode("utf-8")
    row = BUSINESS | {"scope": "模模"}
    (read_row,) = read(csv_file, csv_text(row).encode("gb18030"))
    assert read_row.request is not None
    assert read_row.request.fields["scope"] == "模模"


def test_the_encoding_shows_only_after_the_head(csv_file: Path) -> None:
    ascii_row = csv_text(dict.fromkeys(BUSINESS, "x" * 1000)).splitlines(keepends=True)[1]
    content = (HEADER + ascii_row * 80).encode() + LINE.encode("gb18030")
    assert len(content) > 1 << 20
    rows = read(csv_file, content)
    assert len(rows) == 81
    assert rows[-1].request is not None
    assert rows[-1].request.fields["head"] == BUSINESS["head"]


BAD_LINES: list[tuple[bytes, str]] = [
    (b"\xff\xfe" + LINE.encode()[2:], "rows.encoding"),
    (LINE.encode("gb18030"), "rows.encoding"),
    (LINE.encode().replace(b"SDJ", b"S\x00J"), "rows.nul"),
    (LINE.encode().replace(b"SDJ", b'S"J'), "rows.quotes"),
    (LINE.encode().replace(b"SDJ", b'"S"DJ'), "rows.quotes"),
    (LINE.encode().replace(b"SDJ-1", b'"S"D"J-1"'), "rows.quotes"),
    (b"," + LINE.encode(), "rows.cell_count"),
    (LINE.encode().replace(b",", b"", 1), "rows.cell_count"),
    (LINE.encode().replace(b"SDJ", b"J" * MAX_CELL), "rows.cell_too_long"),
    (LINE.encode().replace(b"SDJ", b"J" * MAX_ROW), "rows.too_long"),
    (LINE.encode().replace(b"SDJ-1", b'"' + (b"J" * 63 + b"\n") * (MAX_ROW // 64) + b'"'), "rows.too_long"),
    (LINE.encode().replace(b"SDJ-1", b'"' + b"J" * MAX_ROW + b'\n""\n"'), "rows.too_long"),
]


@pytest.mark.parametrize(("line", "code"), BAD_LINES, ids=[f"{at}-{code}" for at, (_, code) in enumerate(BAD_LINES)])
def test_a_bad_row_stops_no_other(csv_file: Path, line: bytes, code: str) -> None:
    rows = read(csv_file, GOOD.encode() + line + LINE.encode())
    assert [row.request is None for row in rows] == [False, True, False]
    assert code in {code for _, code in faults_of(rows[1])}
    assert rows[0].line == 2
    assert rows[1].line == 3
    assert rows[2].line == 4 + line.count(b"\n") - 1


def test_a_bad_line_of_json_stops_no_other(tmp_path: Path) -> None:
    lines = [b'{"a":1}', b'{"a":"' + b"x" * MAX_ROW + b'"}', b'{"a":"\xff"}', b'{"a":"\x00"}', b'{"a":2}']
    rows = read(tmp_path / "rows.jsonl", b"\n".join(lines))
    assert [row.line for row in rows] == [1, 2, 3, 4, 5]
    assert [next(iter(row.faults)).code for row in rows[1:4]] == ["rows.too_long", "rows.encoding", "rows.nul"]


def test_an_unclosed_quote_is_told_with_its_line_and_after_the_rows_before_it(csv_file: Path) -> None:
    csv_file.write_text(GOOD + LINE.replace("SDJ-1", '"SDJ-1') + LINE * 3, encoding="utf-8")
    rows: Iterator[Row] = read_rows(csv_file, CATALOGUE, default_type=None)
    assert next(rows).request is not None
    with pytest.raises(row_errors.RowQuoteUnclosed) as caught:
        next(rows)
    assert caught.value.line == 3


def test_lines_are_counted_through_quoted_line_breaks(csv_file: Path) -> None:
    noted = CONSTRUCTION | {"notes": '第一行\n第二行，“引号”"\n'}
    for line_end in ("\n", "\r\n"):
        first, second = read(csv_file, csv_text(noted, CONSTRUCTION).replace("\n", line_end))
        assert (first.line, second.line) == (2, 5)
        assert first.request is not None
        assert first.request.fields["notes"] == noted["notes"]


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), max_size=12) | st.sampled_from(
    ['"', '""', ",", "\n", '","', '"\n"', "a"]
)
TABLES = st.lists(st.lists(CELLS, min_size=2, max_size=5), min_size=1, max_size=6)


@given(TABLES, st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]), st.sampled_from(["\n", "\r\n"]))
@settings(max_examples=150)
def test_cells_are_split_as_they_were_joined(table: list[list[str]], quoting: int, line_end: str) -> None:
    stream = io.StringIO()
    csv.writer(stream, quoting=quoting, lineterminator=line_end).writerows(table)  # type: ignore[arg-type]
    rows = [row.data for row in csv_rows(io.BytesIO(stream.getvalue().encode()))]
    assert [split_cells(data.decode()) for data in rows if data is not None] == table


def messages(name: str, content: bytes) -> list[str]:
    """Read a file to its end and return what was said about it."""
    said: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(content)
        try:
            for row in read_rows(path, CATALOGUE, default_type="business-licence"):
                said += [message for fault in row.faults for message in (fault.zh, fault.en)]
                said += [] if row.request is not None or row.faults else [""]
        except LicenceError as error:
            said += [error.message("zh"), error.message("en")]
    return said


OBJECT = {
    **{key: CONSTRUCTION[key] for key in ("type", "issuer", "number", "issue_date", "business_number")},
    "holders": [{"name": "测试市远山置业有限公司", "code": "91990101MA9T00018G", "code_type": "001"}],
    "fields": {"contract_days": 300, "construction_lead": {"name": "王喆（测试）", "id": "990101199001010019"}},
}
NAMES = st.sampled_from(["rows.csv", "rows.jsonl", "rows"])


@given(NAMES, st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_bytes_give_only_our_errors(name: str, content: bytes) -> None:
    assert all(messages(name, content))


@given(
    NAMES, st.integers(0, len(GOOD)), st.integers(0, 40), st.binary(max_size=20) | st.text(max_size=8).map(str.encode)
)
@settings(max_examples=300, deadline=None)
def test_any_damage_to_a_good_file_gives_only_our_errors(name: str, at: int, cut: int, put: bytes) -> None:
    content = (csv_text(CONSTRUCTION, BUSINESS) if name == "rows.csv" else json_lines(OBJECT)).encode()
    at %= len(content)
    assert all(messages(name, content[:at] + put + content[at + cut :]))


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
MEMBERS = ("type", "issuer", "number", "holders", "fields", "issue_date", "valid_until", "business_number", "decision")


@given(st.dictionaries(st.sampled_from(MEMBERS), JSON_VALUES, max_size=9))
@settings(max_examples=100, deadline=None)
def test_any_object_gives_a_row(value: dict[str, object]) -> None:
    content = json_lines({"type": "business-licence", **value}).encode("utf-8", "surrogatepass")
    said = messages("rows.jsonl", content)
    assert said
    assert all(said)


def test_a_pipe_that_gives_a_little_at_a_time(tmp_path: Path) -> None:
    # In the first piece the third character is cut in two: not UTF-8, as far as that goes.
    data, pipe = GOOD.replace("type,", "证照类型,", 1).encode(), tmp_path / "pipe.csv"
    os.mkfifo(pipe)

    def trickle() -> None:
        with pipe.open("wb", buffering=0) as stream:
            for place in range(0, len(data), 7):
                stream.write(data[place : place + 7])
                time.sleep(0.001)

    writer = threading.Thread(target=trickle)
    writer.start()
    found = list(read_rows(pipe, CATALOGUE, default_type=None))
    writer.join()
    assert found == read(tmp_path / "rows.csv", data)
    assert [row.faults for row in found] == [()]


def test_memory_stays_flat(tmp_path: Path) -> None:
    path, long_row = tmp_path / "rows.csv", LINE.replace("日用百货销售", "甲" * 30_000).encode()
    with path.open("wb") as stream:
        stream.write(HEADER.encode())
        stream.writelines([long_row] * 100)
        stream.write(b"x" * (12 * MAX_ROW))
    assert len(messages(path.name, path.read_bytes()[: 1 << 18])) > 0  # catalogue and validators are there now
    tracemalloc.start()
    try:
        count = sum(1 for _ in read_rows(path, CATALOGUE, default_type=None))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 101
    assert peak < 6 * MAX_ROW < path.stat().st_size // 2
