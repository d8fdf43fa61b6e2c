from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ca.algorithms.digests import compute
from seals.errors import SealError
from seals.ofd.errors import OfdPageMissing, OfdRefused, OfdUnreadable
from seals.ofd.evidence import judge_ofd, read_ofd
from seals.ofd.package import read_package, write_package
from seals.ofd.sealer import seal_ofd
from seals.pdf.errors import SealOffPage
from seals.pdf.placement import Placement
from tests.seals import ses_makers
from tests.seals.keys import NOW
from tests.seals.national import esl, paths, sealer
from tests.seals.ofd_maker import HERE, LIST, PAGE, document, foreign, plain, sealed, zipped
from tests.seals.test_ses_writer import openssl_verifies

FOLDER = "/Doc_0/Signs/Sign_1"


def test_a_sealed_package_is_what_the_standard_says(tmp_path: Path) -> None:
    made = seal_ofd(plain(), sealer(stamped=True), (HERE,), NOW)
    files = read_package(made.data).files
    assert made.path == f"{FOLDER}/Signature.xml"
    assert made.digest == compute("SM3", files[made.path])
    evidence = read_ofd(made.data)
    (found,) = evidence.signatures
    assert found.value is not None
    assert found.value.data_hash == made.digest
    assert found.value.property_info == made.path
    assert files[f"{FOLDER}/Seal.esl"] == found.value.seal.der == esl()
    judgement = judge_ofd(found, paths=paths())
    assert judgement.verdict == "valid"
    assert judgement.proven
    assert [step.id for step in judgement.steps[:4]] == ["references", "value", "seal_file", "format"]
    assert evidence.is_closed
    assert (found.uncovered, evidence.faults, found.fault()) == ((), (), None)
    assert "Verified" in openssl_verifies(tmp_path, found.value.certificate, found.value.signed, found.value.signature)


def test_contents_stay_as_they_are() -> None:
    """Only OFD.xml says more than before: where the list of signatures is."""
    before, after = document(), read_package(sealed()).files
    for path, content in before.items():
        if path != "/OFD.xml":
            assert after[path] == content
    added = b"<ofd:Signatures>Doc_0/Signs/Signatures.xml</ofd:Signatures>"
    assert after["/OFD.xml"].replace(added, b"") == before["/OFD.xml"]
    listed = document(listed=True)
    again = seal_ofd(write_package(listed | {LIST: empty_list()}), sealer(), (), NOW).data
    assert read_package(again).files["/OFD.xml"] == listed["/OFD.xml"]


def empty_list() -> bytes:
    return b'<Signatures xmlns="http://www.ofdspec.org/2016"><MaxSignId>0</MaxSignId></Signatures>'


def test_the_entrance_may_have_any_prefix() -> None:
    entrance = document()["/OFD.xml"]
    plainly = entrance.replace(b"ofd:", b"").replace(b"xmlns:ofd=", b"xmlns=").replace(b"</DocBody>", b"</DocBody >")
    marked = b"\xef\xbb\xbf" + entrance
    for one in (plainly, marked, entrance.replace(b"ofd:", b"o:").replace(b"xmlns:ofd", b"xmlns:o")):
        (found,) = read_ofd(seal_ofd(write_package(document() | {"/OFD.xml": one}), sealer(), (), NOW).data).signatures
        assert judge_ofd(found, paths=paths()).verdict == "valid"


def test_several_seals_stand_beside_each_other() -> None:
    data = sealed(closing=False, times=3)
    evidence = read_ofd(data)
    assert [one.listed.id for one in evidence.signatures] == ["s001", "s003", "s005"]
    assert not evidence.is_closed
    assert evidence.faults == ()
    for one in evidence.signatures:
        assert judge_ofd(one, paths=paths()).verdict == "valid"
        assert one.uncovered == ()


def test_a_further_seal_touches_nothing_that_an_earlier_one_covers() -> None:
    first = seal_ofd(plain(), sealer(), (HERE,), NOW, closing=False).data
    second = seal_ofd(first, sealer(), (HERE,), NOW).data
    before, after = read_package(first).files, read_package(second).files
    assert {path for path, content in before.items() if after[path] != content} == {LIST}
    earlier, later = read_ofd(second).signatures
    assert not earlier.description.covers(LIST)
    assert later.description.covers(LIST)
    for name in ("Signature.xml", "SignedValue.dat", "Seal.esl"):
        assert later.description.covers(f"{FOLDER}/{name}")
    with pytest.raises(OfdRefused, match="closed"):
        seal_ofd(second, sealer(), (HERE,), NOW)


def test_a_seal_of_ours_beside_one_of_another_maker() -> None:
    before = foreign()
    data = seal_ofd(zipped(before), sealer(), (HERE,), NOW).data
    evidence = read_ofd(data)
    assert [(one.listed.id, one.is_ours) for one in evidence.signatures] == [("1", False), ("s002", True)]
    assert {path for path, content in before.items() if evidence.package.files[path] != content} == {LIST}
    assert all(judge_ofd(one, paths=paths()).verdict == "valid" for one in evidence.signatures)
    assert all(one.uncovered == () for one in evidence.signatures)
    assert evidence.faults == ()


def test_a_seal_is_shown_where_it_was_asked_for() -> None:
    places = (Placement(1, 21, 21), Placement(3, 105.1234, 200), Placement(3, 189, 276))
    (found,) = read_ofd(seal_ofd(plain(3), sealer(), places, NOW).data).signatures
    shown = [(one.id, one.page, one.boundary.written()) for one in found.description.stamps]
    assert shown == [("s002", "1", "0 0 42 42"), ("s003", "3", "84.123 179 42 42"), ("s004", "3", "168 255 42 42")]


def test_a_page_has_a_size_of_its_own() -> None:
    page = document()[PAGE].replace(
        b"<ofd:Content/>", b"<ofd:Area><ofd:PhysicalBox>10 20 50 50</ofd:PhysicalBox></ofd:Area><ofd:Content/>"
    )
    data = write_package(document() | {PAGE: page})
    (found,) = read_ofd(seal_ofd(data, sealer(), (Placement(1, 25, 25),), NOW).data).signatures
    assert found.description.stamps[0].boundary.written() == "14 24 42 42"
    with pytest.raises(SealOffPage):
        seal_ofd(data, sealer(), (HERE,), NOW)


@pytest.mark.parametrize("page", [0, 2, -1])
def test_pages_that_are_not_there(page: int) -> None:
    with pytest.raises(OfdPageMissing):
        seal_ofd(plain(), sealer(), (Placement(page, 100, 100),), NOW)


@pytest.mark.parametrize("place", [(20.9, 100), (100, 20), (190, 100), (100, 277)])
def test_places_off_the_page(place: tuple[float, float]) -> None:
    with pytest.raises(SealOffPage):
        seal_ofd(plain(), sealer(), (Placement(1, *place),), NOW)


def broken(changes: dict[str, bytes]) -> bytes:
    return write_package(dict(read_package(sealed(closing=False)).files) | changes)


def two_documents() -> bytes:
    body = document()["/OFD.xml"]
    start, end = body.index(b"<ofd:DocBody>"), body.index(b"</ofd:OFD>")
    return write_package(document() | {"/OFD.xml": body[:end] + body[start:end] + body[end:]})


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (sealed, "closed"),
        (lambda: broken({PAGE: b"<x/>"}), "broken_seal"),
        (lambda: broken({"/Doc_0/more": b""}), "broken_seal"),
        (lambda: broken({f"{FOLDER}/SignedValue.dat": ses_makers.signature(ses_makers.V4)}), "broken_seal"),
        (lambda: write_package(foreign(seal=ses_makers.seal(ses_makers.V4))), "broken_seal"),
        (lambda: write_package(foreign(property_info="/Doc_0/other")), "broken_seal"),
        (two_documents, "several_documents"),
        (lambda: write_package(document() | {LIST: b""}), "stray_list"),
    ],
)
def test_packages_that_should_not_be_sealed(make: Callable[[], bytes], reason: str) -> None:
    with pytest.raises(OfdRefused) as caught:
        seal_ofd(make(), sealer(), (), NOW)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    "changes",
    [
        {"/Doc_0/Document.xml": b"<x/>"},
        {"/Doc_0/Document.xml": None},
        {PAGE: b"<Page><Area><PhysicalBox>0 0 x 9</PhysicalBox></Area></Page>"},
        {PAGE: None},
        {"/OFD.xml": b"<OFD/>"},
    ],
)
def test_damaged_documents_are_refused(changes: dict[str, Any]) -> None:
    files = {path: content for path, content in (document() | changes).items() if content is not None}
    with pytest.raises(OfdUnreadable):
        seal_ofd(write_package(files), sealer(), (HERE,), NOW)


def test_a_folder_that_is_taken_is_not_used() -> None:
    data = write_package(document() | {"/Doc_0/Signs/Sign_1/x": b"", "/Doc_0/Signs/Sign_2/x": b""})
    sealed_there = seal_ofd(data, sealer(), (), NOW)
    assert sealed_there.path == "/Doc_0/Signs/Sign_3/Signature.xml"
    assert read_ofd(sealed_there.data).faults == ()


def test_a_place_that_a_national_seal_cannot_name_is_refused() -> None:
    files = {
        path.replace("Doc_0", "文档"): content.replace(b"Doc_0", "文档".encode())
        for path, content in document().items()
    }
    with pytest.raises(SealError, match="property_info"):
        seal_ofd(write_package(files), sealer(), (), NOW)
