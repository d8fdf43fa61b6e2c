"""Lists of another authority, fetched from it over HTTP: taken only if they are current and speak of the certificate."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ca.encoding import pem
from ca.keys.software_signer import SoftwareSigner
from ca.outside.crl_client import fetch_crl
from ca.outside.foreign_errors import ForeignRefused, ForeignUnavailable
from ca.outside.http_client import HttpClient, Limits
from ca.reading.certificate_reader import Certificate
from ca.reading.names import DistinguishedName
from ca.writing.pkcs10 import LABEL, make_pkcs10
from tests.ca.licensed import DAY, LicensedCa, cut_off, giving, silent, site

HTTP = HttpClient(Limits(connect=2.0, quiet=0.5, total=2.0))
HOUR = timedelta(hours=1)


def request_for(signer: SoftwareSigner, name: str = "99010000000077") -> bytes:
    subject = DistinguishedName(name, "11990100MB9T00038E测试市市场监督管理局")
    return pem.encode(LABEL, make_pkcs10(signer, subject))


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LicensedCa]:
    with site() as found:
        yield LicensedCa(tmp_path_factory.mktemp("licensed"), found)


@pytest.fixture(scope="module")
def seal(ca: LicensedCa) -> Certificate:
    return ca.seal(request_for(SoftwareSigner.generate("ES256")))


def fetch(ca: LicensedCa, seal: Certificate, *, known: datetime | None = None) -> object:
    return fetch_crl(HTTP, ca.url("issuing.crl"), seal, ca.issuing, datetime.now(UTC), known)


def test_a_list_is_fetched_and_believed(ca: LicensedCa, seal: Certificate) -> None:
    crl = fetch_crl(HTTP, ca.url("issuing.crl"), seal, ca.issuing, datetime.now(UTC))
    assert crl.find(seal.issuer, seal.serial_number) is None
    as_pem = pem.encode("X509 CRL", crl.der)
    ca.site.routes[ca.path("as-pem")] = giving(as_pem)
    assert fetch_crl(HTTP, ca.url("as-pem"), seal, ca.issuing, datetime.now(UTC)) == crl


def refused(ca: LicensedCa, seal: Certificate, body: bytes, *, known: datetime | None = None) -> Exception:
    ca.site.routes[ca.path("x")] = giving(body)
    with pytest.raises((ForeignRefused, ForeignUnavailable)) as told:
        fetch_crl(HTTP, ca.url("x"), seal, ca.issuing, datetime.now(UTC), known)
    return told.value


def test_an_outdated_list_and_a_replayed_one_may_be_followed_by_a_better_one(ca: LicensedCa, seal: Certificate) -> None:
    assert isinstance(refused(ca, seal, ca.crl(begin=-2 * DAY, end=-DAY)), ForeignUnavailable)
    old = ca.crl(begin=-2 * HOUR)
    assert isinstance(refused(ca, seal, old, known=datetime.now(UTC) - HOUR), ForeignUnavailable)


def test_what_is_not_the_authoritys_word_is_refused(ca: LicensedCa, seal: Certificate) -> None:
    good = ca.crl()
    broken = good[:-1] + bytes([good[-1] ^ 1])
    for body in (broken, good[:-1], good + b"\x00", b"", b"<html>", ca.crl("root"), ca.crl(begin=HOUR, end=DAY)):
        assert isinstance(refused(ca, seal, body), ForeignRefused)


def test_a_list_of_a_namesake_is_refused(ca: LicensedCa, seal: Certificate, tmp_path: Path) -> None:
    other = LicensedCa(tmp_path, ca.site, "one")  # the same names, other keys
    try:
        assert isinstance(refused(ca, seal, other.crl()), ForeignRefused)
    finally:
        ca.open()


@pytest.mark.parametrize(
    "answer", [giving(b"", 500), cut_off(b"0" * 50), silent(1.0)], ids=["500", "cut off", "silent"]
)
def test_a_server_in_trouble(ca: LicensedCa, seal: Certificate, answer: object) -> None:
    ca.site.routes[ca.path("x")] = answer  # type: ignore[assignment]
    with pytest.raises(ForeignUnavailable):
        fetch_crl(HTTP, ca.url("x"), seal, ca.issuing, datetime.now(UTC))


class Recorded:
    """Gives the same bytes whatever is asked."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    def get(self, address: str, max_size: int) -> bytes:
        del address, max_size
        return self.body


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_one_changed_byte_is_refused(ca: LicensedCa, seal: Certificate, data: st.DataObject) -> None:
    good = bytearray(ca.__dict__.setdefault("_crl", ca.crl()))
    at = data.draw(st.integers(0, len(good) - 1))
    good[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises((ForeignRefused, ForeignUnavailable)):
        fetch_crl(Recorded(bytes(good)), "http://ca.test/crl", seal, ca.issuing, datetime.now(UTC))
