"""Another's timestamps, by openssl over HTTP: asked for, checked, completed; and everything else refused."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ca.encoding import der
from ca.errors import CAError, TokenInvalid
from ca.outside.foreign_errors import ForeignRefused, ForeignUnavailable
from ca.outside.http_client import HttpClient, Limits
from ca.outside.tsa_client import ForeignTimestamps
from ca.timestamping.answer import Refusal, make_request, read_answer, with_chain
from ca.timestamping.request import Failure, TimestampRequest, read_request
from ca.timestamping.timestamps import refusal
from ca.timestamping.token import read_token
from seals.cms.cms import order_chain
from tests.ca.licensed import LicensedCa, cut_off, giving, making, openssl, silent, site

HTTP = HttpClient(Limits(connect=2.0, quiet=0.5, total=2.0))
IMPRINT = hashlib.sha256(b"what is stamped").digest()


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LicensedCa]:
    with site() as found:
        yield LicensedCa(tmp_path_factory.mktemp("licensed"), found)


def chain(ca: LicensedCa) -> tuple[bytes, ...]:
    return ca.tsa.der, ca.issuing.der, ca.root.der


def client(ca: LicensedCa, path: str = "tsa") -> ForeignTimestamps:
    def chains(certificate: bytes) -> Sequence[bytes] | None:
        return chain(ca) if certificate == ca.tsa.der else None

    return ForeignTimestamps(HTTP, ca.url(path), chains)


@pytest.mark.parametrize("sent", [(), ("issuing",), ("issuing", "root"), ("root", "issuing", "ocsp")])
def test_a_token_comes_with_its_chain_up_to_the_root_and_openssl_believes_it(
    ca: LicensedCa, tmp_path: Path, sent: tuple[str, ...]
) -> None:
    ca.site.routes[ca.path("tsa")] = making(lambda request: ca.timestamp(request, certificates=sent))
    now = datetime.now(UTC)
    token = client(ca).stamp(IMPRINT, now)
    found = read_token(token)
    assert (found.imprint, found.hash_algorithm, found.signer_certificate) == (IMPRINT, "SHA-256", ca.tsa.der)
    assert found.nonce is not None
    assert abs(found.gen_time - now) < timedelta(minutes=5)
    assert order_chain(found.signer_certificate, frozenset(found.certificates)) == chain(ca)
    (tmp_path / "token").write_bytes(token)
    root = ca.folder / "root.pem"
    told = openssl("ts", "-verify", "-digest", IMPRINT.hex(), "-in", tmp_path / "token", "-token_in", "-CAfile", root)
    assert b"Verification: OK" in told


def test_other_hashes_and_a_nonce_of_the_callers(ca: LicensedCa) -> None:
    token = read_token(client(ca).stamp(bytes(64), datetime.now(UTC), 12345, hash_algorithm="SHA-512"))
    assert (token.imprint, token.hash_algorithm, token.nonce) == (bytes(64), "SHA-512", 12345)
    with pytest.raises(ValueError, match="64 bytes"):
        client(ca).stamp(IMPRINT, datetime.now(UTC), hash_algorithm="SHA-512")


def failure(ca: LicensedCa, make: Callable[[bytes], bytes], now: datetime | None = None) -> CAError:
    ca.site.routes[ca.path("x")] = making(make)
    with pytest.raises((ForeignRefused, ForeignUnavailable)) as told:
        client(ca, "x").stamp(IMPRINT, now or datetime.now(UTC))
    assert isinstance(told.value, CAError)
    return told.value


def test_answers_that_are_not_believed(ca: LicensedCa) -> None:
    def over_something_else(request: bytes) -> bytes:
        return ca.timestamp(request.replace(IMPRINT, bytes(32)))

    def broken(request: bytes) -> bytes:
        answer = bytearray(ca.timestamp(request))
        answer[-10] ^= 1
        return bytes(answer)

    def with_another_nonce(_: bytes) -> bytes:
        return ca.timestamp(make_request(IMPRINT, "SHA-256", 1))

    def without_nonce(_: bytes) -> bytes:
        members = der.children(der.read(make_request(IMPRINT, "SHA-256", 1)))
        return ca.timestamp(der.sequence(members[0].raw, members[1].raw, der.TRUE))

    for make in (over_something_else, broken, with_another_nonce, without_nonce, lambda _: b"", lambda _: b"<html>"):
        assert isinstance(failure(ca, make), ForeignRefused)


def test_a_token_of_a_certificate_that_was_not_taken_in_is_refused(ca: LicensedCa, tmp_path: Path) -> None:
    other = LicensedCa(tmp_path, ca.site, "next")
    error = failure(ca, other.timestamp)
    assert isinstance(error, ForeignRefused)
    assert "import-tsa" in error.message("zh")
    assert "import-tsa" in error.message("en")


def test_a_clock_that_differs(ca: LicensedCa) -> None:
    for minutes in (-6, 6):
        moment = datetime.now(UTC) + timedelta(minutes=minutes)
        assert isinstance(failure(ca, ca.timestamp, moment), ForeignRefused)
    client(ca).stamp(IMPRINT, datetime.now(UTC) + timedelta(minutes=4))


@pytest.mark.parametrize("reason", Failure)
def test_the_protocols_own_refusals(ca: LicensedCa, reason: Failure) -> None:
    error = failure(ca, lambda _: refusal(reason))
    later = reason in {Failure.TIME_NOT_AVAILABLE, Failure.SYSTEM_FAILURE}
    assert isinstance(error, ForeignUnavailable if later else ForeignRefused)
    assert reason.name.lower() in error.message("en")


def test_a_server_in_trouble(ca: LicensedCa) -> None:
    for answer in (giving(b"", 500), cut_off(b"0" * 50), silent(1.0)):
        ca.site.routes[ca.path("x")] = answer
        with pytest.raises(ForeignUnavailable):
            client(ca, "x").stamp(IMPRINT, datetime.now(UTC))


def test_openssls_own_refusal_is_read(ca: LicensedCa) -> None:
    sha1 = der.sequence(der.sequence(der.oid("1.3.14.3.2.26"), der.tlv(der.NULL)), der.octets(bytes(20)))
    answer = ca.timestamp(der.sequence(der.integer(1), sha1))
    assert read_answer(answer) == Refusal(later=False, reason="bad_alg")


@given(st.binary(max_size=80))
def test_rubbish_is_told_as_such(data: bytes) -> None:
    with suppress(TokenInvalid):  # and nothing else
        assert isinstance(read_answer(data), Refusal | bytes)


@given(st.binary(min_size=32, max_size=32), st.integers(0, 2**64 - 1))
def test_what_we_ask_our_own_authority_understands(imprint: bytes, nonce: int) -> None:
    found = read_request(make_request(imprint, "SHA-256", nonce), "1.2.3")
    assert isinstance(found, TimestampRequest)
    assert found.with_certificates
    assert der.parse_octets(der.children(der.read(found.imprint))[1]) == imprint
    assert der.parse_integer(der.read(found.nonce)) == nonce


def test_only_the_certificates_change(ca: LicensedCa) -> None:
    token = client(ca).stamp(IMPRINT, datetime.now(UTC))
    assert with_chain(token, chain(ca)) == token
    bare = with_chain(token, [ca.tsa.der])
    assert read_token(bare).certificates == (ca.tsa.der,)
    assert with_chain(bare, chain(ca)) == token
