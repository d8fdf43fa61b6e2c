"""The forgeries change what they say and nothing else, so that it is the seal that is tried, not the parser."""

import json
from functools import cache

import pytest

from seals.jwt.jose import b64url_decode
from seals.pdf.evidence import read_pdf
from seals.pdf.file import PdfFile
from tests.licences.verification.sealed import licence
from tests.seals.house import PLACEMENT, page, sealer
from tests.seals.keys import NOW
from tools.demo import forgeries


@cache
def sealed(length: int) -> bytes:
    """A sealed page whose data are so long."""
    return sealer().seal(page('"' + "".join(map(str, range(length)))[: length - 2] + '"'), PLACEMENT, NOW).data


def changes(before: bytes, after: bytes) -> list[int]:
    assert len(before) == len(after)
    return [place for place, (one, other) in enumerate(zip(before, after, strict=True)) if one != other]


def test_the_page_is_changed_under_the_seal() -> None:
    document = licence().pdf.data
    changed = forgeries.page_changed(document)
    assert len(changes(document, changed)) == 1
    found = read_pdf(changed).seal
    assert found is not None
    assert (found.fault, found.canonical_faults, found.coverage_faults) == ("digest", (), ())


def test_the_seal_value_is_changed_where_no_seal_covers_it() -> None:
    digits = set()
    for length in range(10, 60):  # until every hexadecimal digit has been the last one
        document = sealed(length)
        changed = forgeries.seal_value_changed(document)
        (place,) = changes(document, changed)
        found = read_pdf(changed).seal
        assert found is not None
        assert found.byte_range[1] < place < found.byte_range[2]
        assert found.digest == found.signed_digest
        assert found.fault == "signature"
        digits.add(document[place])
    assert len(digits) > 8


def test_the_number_is_changed_in_one_digit() -> None:
    document = licence().json.flattened
    changed = forgeries.number_changed(document)
    assert len(changes(document, changed)) == 1
    before, after = (json.loads(b64url_decode(json.loads(text)["payload"])) for text in (document, changed))
    old, new = before["licence"].pop("number"), after["licence"].pop("number")
    assert before == after
    assert len(changes(old.encode(), new.encode())) == 1
    assert old != new


@pytest.mark.parametrize(("here", "there"), [(10, 20), (20, 10), (10, 60_000), (60_000, 10), (9_000, 100_000)])
def test_swapped_data_leave_a_file_that_every_reader_opens(here: int, there: int) -> None:
    document, other = sealed(here), sealed(there)
    swapped = forgeries.data_swapped(document, other)
    evidence, found = read_pdf(swapped), read_pdf(swapped).seal
    assert evidence.embedded == read_pdf(other).embedded
    assert evidence.info == read_pdf(document).info
    assert [one.dictionary for one in PdfFile(swapped).pages()] == [one.dictionary for one in PdfFile(document).pages()]
    assert found is not None
    assert (found.fault, found.canonical_faults, found.coverage_faults) == ("digest", (), ())


@pytest.mark.parametrize(("here", "there"), [(10, 60_000), (60_000, 10)])
def test_swapped_back_it_is_the_document_as_it_was(here: int, there: int) -> None:
    document, other = sealed(here), sealed(there)
    assert forgeries.data_swapped(forgeries.data_swapped(document, other), document) == document
