"""A trust list is replaced forwards only, by the house that it is of, and by nobody whom it calls revoked."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ca.errors import TrustListInvalid
from ca.judging.trust import load_trust, sign_trust
from ca.judging.trust_errors import TrustListOlder, TrustListStrange
from ca.judging.trust_keeping import first, next_after
from ca.reading.certificate_reader import read_certificate
from ca.reading.crl_reader import Revoked
from ca.writing.certificates import Authority
from tests.ca.house import NOW, crl, issuing, root, trust_list, trust_signer

ROOT, OTHER = root(), root("测试他根")
ISSUING = issuing(ROOT)
SIGNER, NEXT_SIGNER = trust_signer(ROOT), trust_signer(ROOT)
DAY = timedelta(days=1)
BEGIN = NOW.replace(microsecond=0) - 10 * DAY


def a_list(
    number: int,
    *,
    begin: datetime = BEGIN,
    by: Authority = SIGNER,
    roots: Sequence[Authority] = (ROOT,),
    revoked: Sequence[Revoked] = (),
) -> bytes:
    crls = [*(crl(one, revoked if one is ROOT else ()) for one in roots), crl(ISSUING)]
    trust = trust_list(roots, [ISSUING], crls)
    return sign_trust(replace(trust, number=number, valid_from=begin), by.certificate, by.signer)


def fingerprint(authority: Authority) -> str:
    return hashlib.sha256(authority.certificate).hexdigest()


def revoked(signer: Authority, at: datetime) -> Revoked:
    return Revoked(read_certificate(signer.certificate).serial_number, at, "keyCompromise")


def test_the_first_list_is_believed_by_a_published_fingerprint() -> None:
    data = a_list(1)
    shown = ":".join(f"{byte:02X}" for byte in hashlib.sha256(ROOT.certificate).digest())
    assert first(data, [fingerprint(OTHER), shown], NOW).number == 1
    for named in ([], [fingerprint(OTHER)], [fingerprint(ISSUING)]):
        with pytest.raises(TrustListStrange, match="fingerprints"):
            first(data, named, NOW)


def test_the_fingerprint_is_that_of_the_signers_root() -> None:
    """A list may name many roots; a stranger's list could name ours beside his own."""
    mixed = a_list(1, by=trust_signer(OTHER), roots=(OTHER, ROOT))
    with pytest.raises(TrustListStrange):
        first(mixed, [fingerprint(ROOT)], NOW)


@given(st.integers(1, 2**53 - 1), st.integers(1, 2**53 - 1))
def test_only_a_higher_number_takes_the_place(kept: int, offered: int) -> None:
    before, after = a_list(kept), a_list(offered, begin=BEGIN + DAY)
    if offered > kept:
        assert next_after(before, after, NOW).number == offered
    else:
        with pytest.raises(TrustListOlder if offered < kept else TrustListStrange) as caught:
            next_after(before, after, NOW)
        assert str(kept) in caught.value.message("zh") or offered == kept


def test_the_same_list_again_is_no_fault() -> None:
    data = a_list(7)
    assert next_after(data, data, NOW).number == 7


def test_lists_of_an_earlier_release_go_by_their_begin() -> None:
    early, late = a_list(0), a_list(0, begin=BEGIN + DAY)
    assert next_after(early, late, NOW).valid_from == BEGIN + DAY
    assert next_after(late, a_list(1), NOW).number == 1
    for before, after in ((late, early), (a_list(1), late)):
        with pytest.raises(TrustListOlder):
            next_after(before, after, NOW)
    with pytest.raises(TrustListStrange, match="number"):
        next_after(early, a_list(0, by=NEXT_SIGNER, revoked=[revoked(SIGNER, NOW)]), NOW)


def test_a_list_of_another_house_is_refused_though_it_names_our_root() -> None:
    for offered in (
        a_list(9, by=trust_signer(OTHER), roots=(OTHER, ROOT)),
        a_list(9, by=trust_signer(OTHER), roots=(OTHER,)),
    ):
        assert load_trust(offered, NOW)
        with pytest.raises(TrustListStrange, match="anchor"):
            next_after(a_list(1), offered, NOW)


def test_a_root_is_followed_through_the_list_that_names_both() -> None:
    both = a_list(2, roots=(ROOT, OTHER))
    assert next_after(a_list(1), both, NOW)
    assert next_after(both, a_list(3, by=trust_signer(OTHER), roots=(OTHER, ROOT)), NOW)


def test_who_was_revoked_makes_no_successor() -> None:
    """Neither by leaving that out, nor by a list that begins before it."""
    taken = revoked(SIGNER, BEGIN - DAY)
    kept = a_list(5, by=NEXT_SIGNER, revoked=[taken])
    for begin in (BEGIN - 3 * DAY, BEGIN + DAY):
        with pytest.raises(TrustListStrange, match="revoked"):
            next_after(kept, a_list(6, begin=begin), NOW)
    assert next_after(kept, a_list(6, by=NEXT_SIGNER, revoked=[taken]), NOW).number == 6


def test_a_kept_list_that_has_run_out_still_says_whom_to_believe() -> None:
    long_after = NOW + timedelta(days=500)
    assert not load_trust(a_list(1), long_after).is_current(long_after)
    assert next_after(a_list(1), a_list(2), long_after).number == 2


def test_what_is_no_list_is_refused() -> None:
    for before, after in ((b"{}", a_list(1)), (a_list(1), b"{}")):
        with pytest.raises(TrustListInvalid):
            next_after(before, after, NOW)
