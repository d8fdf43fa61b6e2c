import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seals.ofd.document import Box, parse_box, read_bodies
from seals.ofd.errors import OfdOverLimits, OfdUnreadable
from seals.ofd.package import OfdPackage
from seals.ofd.signatures import (
    Description,
    ListedSignature,
    Reference,
    Stamp,
    list_paths,
    read_description,
    read_list,
    write_description,
    write_list,
)
from seals.ofd.xml import read_xml
from tests.seals.ofd_maker import SPACE, xml

FOLDER = "/Doc_0/Signs/Sign_1"


def reason(data: bytes) -> str:
    with pytest.raises(OfdUnreadable) as caught:
        read_xml(data, "a")
    return caught.value.reason


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "xml_doctype"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/hostname"><a/>', "xml_doctype"),
        (b'<?xml version="1.0" encoding="GBK"?><a/>', "xml_encoding"),
        ("<a/>".encode("utf-16"), "xml"),
        (b"<a>", "xml"),
        (b"", "xml"),
        (b"<a/><a/>", "xml"),
        (b"<a>&b;</a>", "xml"),
        (b"<b/>", "xml_root"),
        (b'<a xmlns="urn:other"/>', "xml_root"),
        (b"<a>" * 70 + b"</a>" * 70, "xml_elements"),
        (b"<a>" + b"<b/>" * 100_001 + b"</a>", "xml_elements"),
        (b"<a>" + b" " * (4 << 20) + b"</a>", "xml_size"),
    ],
)
def test_what_reaches_outside_or_too_far_is_refused(data: bytes, expected: str) -> None:
    assert reason(data) == expected


def test_names_with_any_prefix_and_none_are_read() -> None:
    for data in (
        b'<a xmlns="http://www.ofdspec.org/2016"><b c="1"> d </b></a>',
        b'<x:a xmlns:x="http://www.ofdspec.org/2016"><x:b c="1">d</x:b></x:a>',
        b'\xef\xbb\xbf<?xml version="1.0" encoding="utf-8"?><a><b c="1">d</b></a>',
    ):
        found = read_xml(data, "a").one("b")
        assert (found.content(), found.attribute("c")) == ("d", "1")
        assert data[found.end :].startswith(b"</")


def test_what_could_be_read_twice_is_refused() -> None:
    found = read_xml(b"<a><b/><b/><c/></a>", "a")
    for act in (
        lambda: found.one("b"),
        lambda: found.one("d"),
        lambda: found.one("c").content(),
        lambda: found.attribute("e"),
    ):
        with pytest.raises(OfdUnreadable):
            act()


def test_several_documents_have_a_list_each() -> None:
    body = "<ofd:DocBody><ofd:DocRoot>Doc_{0}/D.xml</ofd:DocRoot><ofd:Signatures>{1}</ofd:Signatures></ofd:DocBody>"

    def package(*lists: str) -> OfdPackage:
        inside = "".join(body.format(number, one) for number, one in enumerate(lists))
        return OfdPackage({"/OFD.xml": xml(f"<ofd:OFD {SPACE}>{inside}</ofd:OFD>")}, is_canonical=False)

    assert list_paths(package("a.xml", "/b.xml")) == ("/a.xml", "/b.xml")
    assert [one.root for one in read_bodies(package("a", "b"))] == ["/Doc_0/D.xml", "/Doc_1/D.xml"]
    for refused in (("a.xml", "a.xml"), ()):
        with pytest.raises(OfdUnreadable):
            list_paths(package(*refused))


_text = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), max_size=12)
_path = st.text("abc&<>'\"签", min_size=1, max_size=6).map(lambda name: f"{FOLDER}/{name}")
_side = st.integers(0, 500_000).map(lambda thousandths: thousandths / 1000)
_box = st.builds(Box, _side, _side, _side, _side)


@settings(max_examples=60, deadline=None)
@given(
    st.builds(
        Description,
        provider=_text.filter(bool),
        company=_text,
        version=_text,
        method=_text,
        signed_at=_text,
        digest_method=_text,
        references=st.lists(
            st.builds(Reference, _path, st.binary(min_size=1, max_size=40)), max_size=4, unique_by=lambda r: r.path
        ).map(tuple),
        stamps=st.lists(st.builds(Stamp, _text, _text, _box, st.none() | _box), max_size=3).map(tuple),
        seal_path=st.none() | _path,
        value_path=_path,
    )
)
def test_descriptions_survive(description: Description) -> None:
    assert read_description(write_description(description), f"{FOLDER}/Signature.xml") == description


@settings(max_examples=30, deadline=None)
@given(st.lists(st.builds(ListedSignature, _text, st.sampled_from(["Seal", "Sign"]), _path), max_size=5))
def test_lists_survive(listed: list[ListedSignature]) -> None:
    package = OfdPackage({"/l": write_list(listed, 7)}, is_canonical=False)
    assert read_list(package, "/l") == tuple(listed)


@pytest.mark.parametrize("text", ["1 2 3", "1 2 3 x", "1 2 3 inf", "1 2 3 nan", "1,2,3,4", "1 2 3 ٤", "1 2 3 1_0"])
def test_boxes_are_four_numbers(text: str) -> None:
    with pytest.raises(OfdUnreadable):
        parse_box(text)


def test_boxes_of_other_makers() -> None:
    assert parse_box(" 80.95 +144.95\t4.930E1 .5 ") == Box(80.95, 144.95, 49.3, 0.5)


def test_more_members_than_we_read_are_refused() -> None:
    signatures = '<ofd:Signature ID="s" BaseLoc="x"/>' * 33
    package = OfdPackage({"/l": xml(f"<ofd:Signatures {SPACE}>{signatures}</ofd:Signatures>")}, is_canonical=False)
    with pytest.raises(OfdOverLimits, match="signatures"):
        read_list(package, "/l")


@pytest.mark.parametrize(
    ("references", "stamps", "reason"),
    [('<ofd:Reference FileRef="x"/>' * 10_001, "", "references"), ("", '<ofd:StampAnnot ID="s"/>' * 10_001, "stamps")],
)
def test_more_parts_than_we_read_are_refused(references: str, stamps: str, reason: str) -> None:
    data = xml(
        f'<ofd:Signature {SPACE}><ofd:SignedInfo><ofd:Provider ProviderName="x"/><ofd:References>{references}'
        f"</ofd:References>{stamps}</ofd:SignedInfo><ofd:SignedValue>x</ofd:SignedValue></ofd:Signature>"
    )
    with pytest.raises(OfdOverLimits, match=reason):
        read_description(data, f"{FOLDER}/Signature.xml")
