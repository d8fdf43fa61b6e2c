"""Containers: what is read, and that nothing hides in them."""

import io
import random
import struct
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seals.ofd.container import MAX_SIZE, pack, unpack
from seals.ofd.errors import OfdEncrypted, OfdOverLimits, OfdUnreadable
from seals.ofd.package import locate, read_package, write_package
from tests.seals.ofd_maker import document, foreign, plain, zipped
from tests.seals.outside_tools import run

CENTRAL = b"PK\x01\x02"
LOCAL = b"PK\x03\x04"
CONTENT = b"<a/>" * 100


def archive(*names: str, content: bytes = CONTENT, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    return zipped(dict.fromkeys(names, content), method)


def patched(data: bytes, mark: bytes, offset: int, value: bytes) -> bytes:
    """Change a field of the first header of that kind."""
    place = data.index(mark) + offset
    return data[:place] + value + data[place + len(value) :]


def reason(data: bytes) -> str:
    with pytest.raises(OfdUnreadable) as caught:
        read_package(data)
    return caught.value.reason


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("streamed", [False, True])
def test_packages_of_other_makers_are_read(method: int, *, streamed: bool) -> None:
    files = document(2)
    found = read_package(zipped(files, method, streamed=streamed))
    assert dict(found.files) == files
    assert not found.is_canonical


def test_what_others_deflated_is_read_though_we_could_not_store_it() -> None:
    noise = random.Random(1)  # what deflates to less than a two-hundredth is refused as a bomb
    block = b"".join(noise.randbytes(200) + bytes(20_000) for _ in range(50))
    files = foreign() | {"/Doc_0/Res/large": block * (MAX_SIZE // len(block) + 1)}
    package = read_package(zipped(files))
    assert (dict(package.files), package.is_canonical) == (files, False)


def test_folders_are_passed_over() -> None:
    buffer = io.BytesIO(plain())
    with zipfile.ZipFile(buffer, "a") as added:
        added.mkdir("Doc_0/Res")
    assert dict(read_package(buffer.getvalue()).files) == document()


def test_ours_has_one_form_and_other_tools_read_it(tmp_path: Path) -> None:
    files = document() | {"/Doc_0/签名.xml": b"x", "/Doc_0/empty": b""}
    data = write_package(files)
    assert write_package(dict(reversed(files.items()))) == data
    found = read_package(data)
    assert found.is_canonical
    assert dict(found.files) == files
    (tmp_path / "one.ofd").write_bytes(data)
    assert "No errors detected" in run("unzip", "-t", tmp_path / "one.ofd")
    with zipfile.ZipFile(tmp_path / "one.ofd") as read:
        assert {f"/{name}": read.read(name) for name in read.namelist()} == files


@settings(max_examples=40, deadline=None)
@given(
    st.dictionaries(
        st.text(st.characters(codec="utf-8", categories=["L", "N"]), min_size=1, max_size=9).filter(
            lambda name: name.isprintable()
        ),
        st.binary(max_size=60),
        max_size=5,
    )
)
def test_what_is_packed_is_unpacked(files: dict[str, bytes]) -> None:
    if not files:
        return
    assert unpack(pack(list(files.items()))) == list(files.items())


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_anything_else_is_refused_by_an_error_of_ours(data: st.DataObject) -> None:
    whole = zipped(document(), data.draw(st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])))
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, min(len(whole), start + 8)))
    changed = whole[:start] + data.draw(st.binary(max_size=8)) + whole[end:]
    try:
        read_package(changed)
    except (OfdUnreadable, OfdEncrypted):
        return


def test_no_byte_hides_between_the_entries() -> None:
    data = plain()
    directory = data.index(CENTRAL)
    end = bytearray(data)
    struct.pack_into("<L", end, len(data) - 6, directory + 4)
    assert reason(bytes(end[:directory]) + b"HIDE" + bytes(end[directory:])) == "between_entries"
    assert reason(b"HIDE" + data) == "not_a_package"
    assert reason(data + b"HIDE") == "directory"
    assert reason(data[:-2] + b"\x04\x00HIDE") == "directory"
    assert reason(data[:directory] + b"HIDE" + data[directory:]) == "directory"


def test_no_entry_hides_from_the_directory() -> None:
    """An entry with no line of its own would be shown by readers that go from header to header."""
    one, two = pack([("OFD.xml", b"a")]), pack([("evil", b"b"), ("OFD.xml", b"a")])
    hidden = two[: two.index(LOCAL, 4)]
    place = one.index(CENTRAL)
    for order in (one[:place] + hidden, hidden + one[:place]):
        directory = bytearray(one[place:-22])
        struct.pack_into("<L", directory, 42, order.index(b"OFD.xml") - 30)
        end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, len(directory), len(order), 0)
        with pytest.raises(OfdUnreadable):
            read_package(order + bytes(directory) + end)


@pytest.mark.parametrize(
    ("mark", "offset", "value", "expected"),
    [
        (CENTRAL, 8, b"\x20\x00", "entry_form"),  # patched data
        (CENTRAL, 10, b"\x0c\x00", "entry_form"),  # another method
        (LOCAL, 8, b"\x00\x00", "entry"),  # two methods for one file
        (LOCAL, 30, b"X", "entry"),  # two names for one file
        (LOCAL, 14, b"\0\0\0\0", "entry"),
        (CENTRAL, 34, b"\x01\x00", "directory"),  # on another disk
        (CENTRAL, 32, b"\x01\x00", "directory"),  # a comment
        (CENTRAL, 42, b"\x09\x00\x00\x00", "entries"),
    ],
)
def test_contradictions_are_refused(mark: bytes, offset: int, value: bytes, expected: str) -> None:
    assert reason(patched(archive("/OFD.xml", "/b"), mark, offset, value)) == expected


def test_changed_content_is_refused() -> None:
    stored = archive("/OFD.xml", method=zipfile.ZIP_STORED)
    assert reason(stored.replace(b"<a/><a/>", b"<a/><b/>", 1)) == "checksum"


def test_a_stream_that_ends_early_or_goes_on_is_refused() -> None:
    packer = zlib.compressobj(wbits=-15)
    stream = packer.compress(CONTENT) + packer.flush()
    for odd in (stream + b"\0", stream[:-1]):
        common = struct.pack("<5H3L2H", 20, 0, 8, 0, 0x21, zlib.crc32(CONTENT), len(odd), len(CONTENT), 7, 0)
        body = LOCAL + common + b"OFD.xml" + odd
        line = CENTRAL + b"\x14\0" + common + bytes(14) + b"OFD.xml"
        end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, len(line), len(body), 0)
        assert reason(body + line + end) == "compression"


@pytest.mark.parametrize(
    "names",
    [
        ("/OFD.xml", "/../x"),
        ("/OFD.xml", "//x"),
        ("/OFD.xml", "/a\\b"),
        ("/OFD.xml", "/./x"),
        ("/OFD.xml", "/a\u202eb"),
        ("/OFD.xml", "/a", "/a/b"),
    ],
)
def test_names_that_mean_several_things_are_refused(names: tuple[str, ...]) -> None:
    assert reason(write_package(dict.fromkeys(names, b""))) == "file_name"


@pytest.mark.parametrize("twin", ["ofd.XML", "OFD.xml"])
def test_two_files_of_one_name_are_refused(twin: str) -> None:
    assert reason(pack([("OFD.xml", b"a"), (twin, b"b")])) == "file_twice"
    assert reason(pack([("OFD.xml", b""), ("\u00e9", b"a"), ("e\u0301", b"b")])) == "file_twice"


def test_names_in_the_machines_own_code_are_refused() -> None:
    data = pack([("OFD.xml", b""), ("名", b"")])
    assert reason(data.replace(b"\x00\x08", b"\x00\x00")) == "file_name"


def test_extra_fields_that_rename_are_refused() -> None:
    for id_, expected in ((0x7075, "extra_field"), (0x0001, "extra_field")):
        info = zipfile.ZipInfo("OFD.xml")
        info.extra = struct.pack("<2H", id_, 4) + b"abcd"
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as made:
            made.writestr(info, b"x")
        assert reason(buffer.getvalue()) == expected


def test_extra_fields_of_times_are_read() -> None:
    info = zipfile.ZipInfo("OFD.xml")
    info.extra = struct.pack("<2HBL", 0x5455, 5, 1, 7)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        made.writestr(info, b"x")
    assert read_package(buffer.getvalue()).file("/OFD.xml") == b"x"


def test_encrypted_files_are_told_apart() -> None:
    with pytest.raises(OfdEncrypted):
        read_package(patched(plain(), CENTRAL, 8, b"\x01\x00"))


def test_bombs_are_refused_before_they_are_opened() -> None:
    dense = zipped({"/OFD.xml": bytes(3 << 20)})
    with pytest.raises(OfdOverLimits, match="ratio"):
        read_package(dense)
    with pytest.raises(OfdOverLimits, match="entries"):
        pack([(str(number), b"") for number in range(10_001)])
    huge = bytearray(dense)
    struct.pack_into("<L", huge, dense.index(CENTRAL) + 24, 1 << 31)
    with pytest.raises(OfdOverLimits):
        read_package(bytes(huge))


@pytest.mark.parametrize(
    ("folder", "location", "path"),
    [
        ("", "Doc_0/Document.xml", "/Doc_0/Document.xml"),
        ("/Doc_0", "/OFD.xml", "/OFD.xml"),
        ("/Doc_0/Signs", "Sign_0/Signature.xml", "/Doc_0/Signs/Sign_0/Signature.xml"),
        ("/Doc_0/Signs", "./../Pages/x", "/Doc_0/Pages/x"),
        ("", "../x", None),
        ("/a", "../../x", None),
        ("/a", "/../x", None),
        ("/a", "", None),
        ("/a", "b//c", None),
        ("/a", "..", None),
        ("/a", "b\\c", None),
    ],
)
def test_locations(folder: str, location: str, path: str | None) -> None:
    if path is not None:
        assert locate(folder, location) == path
        return
    with pytest.raises(OfdUnreadable):
        locate(folder, location)
