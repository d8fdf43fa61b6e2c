import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest

from ca.encoding import der
from ca.judging.trust import TrustList
from ca.reading.certificate_reader import read_certificate
from ca.reading.crl_reader import Reason, Revoked
from ca.writing.certificates import Authority
from ca.writing.revocation import make_crl
from tests.ca.conftest import City
from tests.ca.house import NOW, YEAR
from tests.ca.test_timestamp_token import Forge
from tests.ca.token_judgement import judge_token

DIGEST = hashlib.sha256(b"data").digest()
LATER = NOW + timedelta(hours=1)


@pytest.fixture(scope="module")
def token(city: City) -> bytes:
    return city.authority.stamp(DIGEST, LATER)


def test_a_good_token(city: City, token: bytes) -> None:
    report = judge_token(token, DIGEST, city.trust)
    assert report.passed
    assert report.token is not None
    assert report.token.gen_time == LATER.replace(microsecond=123000)
    assert report.path is not None
    assert report.path.chain == city.ceremony.chain(city.ceremony.tsa)


def test_every_changed_byte_is_found(city: City, token: bytes) -> None:
    for position in range(len(token)):
        for change in (0x01, 0x20, 0x80, 0xFF):
            changed = bytearray(token)
            changed[position] ^= change
            report = judge_token(bytes(changed), DIGEST, city.trust)
            assert not report.passed, (position, change)


def test_every_missing_or_added_byte_is_found(city: City, token: bytes) -> None:
    for position in range(len(token)):
        assert not judge_token(token[:position] + token[position + 1 :], DIGEST, city.trust).passed
        assert not judge_token(token[:position] + b"\0" + token[position:], DIGEST, city.trust).passed


def test_a_token_over_something_else(city: City, token: bytes) -> None:
    assert judge_token(token, hashlib.sha256(b"other").digest(), city.trust).fault == "imprint"
    assert judge_token(token, b"", city.trust).fault == "imprint"
    assert judge_token(token, DIGEST, city.trust, hash_algorithm="SHA-384").fault == "imprint"


def test_an_unreadable_token_says_why(city: City) -> None:
    report = judge_token(b"garbage", DIGEST, city.trust)
    assert (report.fault, report.token, report.path) == ("unreadable", None, None)
    assert report.detail


def test_a_token_without_the_root_is_good_but_one_with_a_stray_certificate_is_not(city: City) -> None:
    chain = city.ceremony.chain(city.ceremony.tsa)
    content = der.sequence(*(member.raw for member in der.children(der.read(Forge(city).content))))
    without = Forge(city, content=content, certificates=der.sorted_set(chain[:1], der.context(0)))
    imprint = hashlib.sha256(b"data").digest()
    assert judge_token(without.token(), imprint, city.trust).passed
    stray = Forge(city, certificates=der.sorted_set([*chain, city.ceremony.status.cert_der], der.context(0)))
    assert judge_token(stray.token(), imprint, city.trust).fault == "stray_certificate"


def trust_with(city: City, reason: Reason | None, at: int) -> TrustList:
    """The city's trust list after its timestamp authority was revoked, `at` hours from the token."""
    root = Authority(city.ceremony.root.cert_der, city.offline.signer("root"))
    serial_number = read_certificate(city.ceremony.tsa.cert_der).serial_number
    entry = Revoked(serial_number, LATER + timedelta(hours=at), reason)
    crl = make_crl(root, 2, [entry], LATER + timedelta(hours=9), NOW + YEAR)
    return replace(city.trust, crls=(*city.trust.crls[1:], crl))


@pytest.mark.parametrize(
    ("reason", "at", "passed"),
    [
        ("superseded", -1, False),
        ("superseded", 1, True),
        ("cessationOfOperation", 1, True),
        ("keyCompromise", 1, False),
        (None, 1, False),
    ],
)
def test_a_revoked_authority(city: City, token: bytes, reason: Reason | None, at: int, passed: bool) -> None:  # noqa: FBT001
    report = judge_token(token, DIGEST, trust_with(city, reason, at))
    assert report.passed == passed
    if not passed:
        assert (report.fault, report.detail) == ("path", "revoked")


def test_an_authority_that_the_list_does_not_name(city: City, token: bytes) -> None:
    report = judge_token(token, DIGEST, replace(city.trust, tsa=()))
    assert (report.fault, report.detail) == ("path", "not_listed")


def test_the_authority_may_be_judged_at_another_moment(city: City, token: bytes) -> None:
    report = judge_token(token, DIGEST, city.trust, NOW + 30 * YEAR)
    assert (report.fault, report.detail) == ("path", "expired_no_poe")


def test_a_token_dated_outside_its_certificate(city: City) -> None:
    early = judge_token(city.authority.stamp(DIGEST, NOW - YEAR), DIGEST, city.trust)
    late = judge_token(city.authority.stamp(DIGEST, NOW + 30 * YEAR), DIGEST, city.trust)
    assert (early.detail, late.detail) == ("not_yet_valid", "expired")
