"""No byte of a sealed package can be changed unseen: neither of the container nor, its checksums put right, of a file."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ca.algorithms.digests import compute
from ca.encoding import der
from seals.errors import SealError
from seals.ofd.evidence import OfdEvidence, read_ofd
from seals.ofd.package import read_package, write_package
from tests.seals.keys import NOW
from tests.seals.national import sealer
from tests.seals.ofd_maker import LIST, PAGE, foreign, plain, sealed, zipped


def flipped(data: bytes, place: int, mask: int) -> bytes:
    return data[:place] + bytes((data[place] ^ mask,)) + data[place + 1 :]


def genuine(data: bytes) -> OfdEvidence | None:
    """Return what a package says if nothing is wrong with it, whoever is trusted."""
    try:
        evidence = read_ofd(data)
    except SealError:
        return None
    intact = evidence.signatures and all(one.fault() is None and not one.uncovered for one in evidence.signatures)
    return evidence if intact and not evidence.faults else None


@pytest.mark.parametrize("closing", [False, True])
def test_every_changed_byte_of_the_container_is_found(*, closing: bool) -> None:
    data = sealed(closing=closing)
    assert genuine(data)
    assert [place for place in range(len(data)) if genuine(flipped(data, place, 1 << place % 8))] == []


def unseen(files: dict[str, bytes], path: str) -> list[int]:
    content = files[path]
    changes = (flipped(content, place, 1 << place % 8) for place in range(len(content)))
    return [place for place, change in enumerate(changes) if genuine(write_package(files | {path: change}))]


def test_every_changed_byte_of_every_file_is_found() -> None:
    files = dict(read_package(sealed()).files)
    assert {path: found for path in files if (found := unseen(files, path))} == {}


def test_every_changed_byte_of_an_open_list_is_found() -> None:
    """A list that waits for another seal is covered by no digest, only by having one form."""
    assert unseen(dict(read_package(sealed(closing=False, times=2)).files), LIST) == []


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_changes_of_packages_with_several_seals_are_found(data: st.DataObject) -> None:
    files = dict(read_package(sealed(times=2)).files)
    path = data.draw(st.sampled_from(sorted(files)))
    start = data.draw(st.integers(0, len(files[path])))
    end = data.draw(st.integers(start, len(files[path])))
    content = files[path][:start] + data.draw(st.binary(max_size=9)) + files[path][end:]
    assert (genuine(write_package(files | {path: content})) is None) == (content != files[path])


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_files_that_come_go_or_move_are_found(data: st.DataObject) -> None:
    files = dict(read_package(sealed()).files)
    path = data.draw(st.sampled_from(sorted(files)))
    content = files.pop(path)
    assert genuine(write_package(files)) is None
    assert genuine(write_package(files | {f"{path}.bak": content})) is None
    assert genuine(write_package(files | {path: content, "/Doc_0/more": content})) is None


def test_other_makers_files_are_covered_by_digests() -> None:
    """Their container has many forms; what it holds is found changed all the same, the list by its meaning only."""
    files = foreign()
    assert genuine(zipped(files))
    for path, content in files.items():
        if path != LIST:
            for place in range(0, len(content), 11):
                assert genuine(write_package(files | {path: flipped(content, place, 1)})) is None, (path, place)


def test_a_seal_does_not_move_to_another_document() -> None:
    files, other = dict(read_package(sealed()).files), dict(read_package(plain()).files)
    other[PAGE] = other[PAGE].replace(b"Content/", b"Content />")
    assert genuine(write_package(files | {PAGE: other[PAGE]})) is None
    path = "/Doc_0/Signs/Sign_1/SignedValue.dat"
    signed = compute("SM3", files["/Doc_0/Signs/Sign_1/Signature.xml"])
    for place, found in (("/Doc_0/Signs/Sign_1/Signature.xml", True), ("/Doc_0/Signs/Sign_9/Signature.xml", False)):
        value = sealer().sign(signed, place, NOW)
        assert (genuine(write_package(files | {path: value})) is not None) == found


def test_no_timestamp_that_nobody_reads_is_put_beside_our_value() -> None:
    files = dict(read_package(sealed()).files)
    path = "/Doc_0/Signs/Sign_1/SignedValue.dat"
    members = [one.raw for one in der.children(der.read(files[path]))]
    token = der.sequence(der.oid("1.2.156.10197.6.1.4.2.2"), der.octets(b"hidden"))
    stamped = der.sequence(*members, der.tlv(der.context(0), der.bits(token)))
    assert genuine(write_package(files | {path: stamped})) is None
