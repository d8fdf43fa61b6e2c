"""PDFs signed by other programs: their integrity is judged, and more is said only under a trust list that knows them."""

from collections.abc import Callable

import pytest

from tests.licences.verification.strangers import by_pyhanko, judged, page, signed_again, with_something_behind
from tests.licences.verification.worlds import report


@pytest.mark.parametrize("pades", [True, False])
@pytest.mark.parametrize("stamped", [True, False])
def test_a_page_that_pyhanko_signed_is_whole(*, stamped: bool, pades: bool) -> None:
    found = judged(by_pyhanko(stamped=stamped, pades=pades))
    assert (found.verdict, found.reason) == ("valid", "document.sealed"), found.as_json()
    assert found.check("integrity.signature").evidence["indication"] == "TOTAL-PASSED"
    assert found.check("integrity.canonical").outcome == "not_applicable"
    assert found.check("time.timestamp").outcome == ("passed" if stamped else "not_applicable")


def test_it_is_no_licence_that_we_know() -> None:
    found = judged(by_pyhanko(), "default")
    assert (found.verdict, found.reason) == ("indeterminate", "document.not_a_licence")


def test_who_signed_is_unknown_where_nobody_on_the_list_did() -> None:
    found = judged(by_pyhanko(rsa=True, stamped=False))
    assert (found.verdict, found.reason) == ("indeterminate", "seal.unknown")
    assert found.check("integrity.signature").outcome == "passed"
    assert found.check("integrity.signature").evidence["algorithm"] == "RS256"


def test_a_page_that_says_it_is_our_licence_is_held_to_our_form() -> None:
    found = judged(by_pyhanko(licence=True))
    assert found.verdict == "invalid"
    assert found.check("integrity.canonical").code == "NOT_CANONICAL"


def test_two_signatures_of_others_are_both_judged() -> None:
    found = judged(signed_again(by_pyhanko()))
    assert found.verdict == "valid", found.as_json()
    assert len(found.check("trust.path").evidence["each"]) == 2  # type: ignore[arg-type]


def test_what_a_second_one_paints_over_the_page_is_told() -> None:
    found = judged(signed_again(by_pyhanko(), visible=True))
    assert (found.verdict, found.reason) == ("indeterminate", "document.later_unjudged")


def _padding(data: bytes) -> int:
    """The last zero of the space that was kept for the signature value."""
    return data.rindex(b"0>")


@pytest.mark.parametrize("place", [lambda _: 100, lambda _: 3000, _padding], ids=["100", "3000", "padding"])
def test_a_changed_byte_is_found(place: Callable[[bytes], int]) -> None:
    data = bytearray(by_pyhanko())
    data[place(bytes(data))] ^= 1
    found = judged(bytes(data))
    assert found.verdict == "invalid", found.as_json()


def test_what_lies_behind_the_last_signature_is_told() -> None:
    found = judged(with_something_behind(by_pyhanko()))
    assert (found.verdict, found.reason) == ("indeterminate", "document.later_unjudged")


def test_without_a_signature_it_is_not_signed() -> None:
    assert report(page(), policy_id="seal").reason == "document.not_signed"
