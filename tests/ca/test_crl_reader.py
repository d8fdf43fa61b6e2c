from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ca.encoding import der, oids
from ca.errors import CrlInvalid
from ca.reading.certificate_reader import read_certificate
from ca.reading.crl_reader import read_crl
from ca.reading.names import encode
from tests.ca.evidence import WHOLE, continuing, directory, extension, line, make_list, of_issuer, scope, uri
from tests.ca.house import root

ROOT, OTHER = root(), root("另一个")
ROOT_READ, OTHER_READ = read_certificate(ROOT.certificate), read_certificate(OTHER.certificate)


def test_an_indirect_list_is_read_by_issuer() -> None:
    lines = [line(1), line(2, WHOLE, 4, of_issuer(OTHER_READ)), line(1), line(3, WHOLE, None, of_issuer(ROOT_READ))]
    read = read_crl(make_list(ROOT, lines, scope(directory(OTHER_READ), indirect=True)))
    assert set(read.entries) == {1, 3}
    assert {name: set(found) for name, found in read.indirect.items()} == {OTHER_READ.subject: {1, 2}}
    found = read.find(OTHER_READ.subject, 2)
    assert found is not None
    assert found.reason == "superseded"
    assert read.find(ROOT_READ.subject, 2) is None
    assert read.find(OTHER_READ.subject, 3) is None
    assert read.understood


def test_a_delta_list_adds_and_removes() -> None:
    read = read_crl(make_list(ROOT, [line(1), line(2, WHOLE, 8)], continuing(7), number=9))
    assert (read.delta_base, read.number) == (7, 9)
    assert set(read.entries) == {1}
    assert read.removes(ROOT_READ.subject, 2)
    assert not read.removes(ROOT_READ.subject, 1)
    assert not read.removes(OTHER_READ.subject, 2)


def test_until_when_the_expired_are_kept_is_read() -> None:
    since = WHOLE - timedelta(days=400)
    kept = extension(oids.EXPIRED_CERTS_ON_CRL, der.generalized_time(since), critical=False)
    assert read_crl(make_list(ROOT, (), kept)).expired_certificates_from == since
    assert read_crl(make_list(ROOT)).expired_certificates_from is None


def _named(number: int) -> bytes:
    return der.tlv(der.context(4), encode((oids.COMMON_NAME, f"测试 {number}")))


UNKNOWN = extension("1.2.3.4", b"\x05\x00")
BAD = {
    "removal in a full list": make_list(ROOT, [line(2, WHOLE, 8)]),
    "twice": make_list(ROOT, [line(2), line(2)]),
    "added and removed": make_list(ROOT, [line(2), line(2, WHOLE, 8)], continuing(1)),
    "another's certificate in a direct list": make_list(ROOT, [line(2, WHOLE, None, of_issuer(OTHER_READ))]),
    "the same, and a scope": make_list(ROOT, [line(2, WHOLE, None, of_issuer(OTHER_READ))], scope(uri("a"))),
    "an issuer without a distinguished name": make_list(
        ROOT,
        [line(2, WHOLE, None, extension(oids.CERTIFICATE_ISSUER, der.sequence(b"\x82\x01a")))],
        scope(indirect=True),
    ),
    "issuers by the thousand": make_list(
        ROOT,
        [
            line(number, WHOLE, None, extension(oids.CERTIFICATE_ISSUER, der.sequence(_named(number))))
            for number in range(1100)
        ],
        scope(indirect=True),
    ),
    "reason 7": make_list(ROOT, [line(2, WHOLE, 7)]),
    "a base that is no number": make_list(ROOT, (), extension(oids.DELTA_CRL_INDICATOR, b"\x05\x00")),
    "a scope that is garbage": make_list(ROOT, (), extension(oids.ISSUING_DISTRIBUTION_POINT, b"\x30\x01")),
    "cut short": make_list(ROOT)[:-1],
    "the same extension twice": make_list(ROOT, (), UNKNOWN, UNKNOWN),
}


@pytest.mark.parametrize("data", BAD.values(), ids=BAD.keys())
def test_other_forms_are_refused(data: bytes) -> None:
    with pytest.raises(CrlInvalid):
        read_crl(data)


@pytest.mark.parametrize("place", ["list", "line"])
def test_what_is_critical_and_unknown_makes_a_list_useless(place: str) -> None:
    if place == "list":
        assert not read_crl(make_list(ROOT, (), UNKNOWN)).understood
    else:
        assert not read_crl(make_list(ROOT, [line(2, WHOLE, None, UNKNOWN)])).understood


RICH = make_list(
    ROOT,
    [line(1, WHOLE, 1), line(2, WHOLE, 8, of_issuer(OTHER_READ)), line(3)],
    scope(uri("a"), directory(OTHER_READ), indirect=True),
    continuing(3),
    number=4,
)


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_mutated_lists_of_every_form_are_read_or_refused(data: st.DataObject) -> None:
    mutated = bytearray(RICH)
    for _ in range(data.draw(st.integers(1, 4))):
        position = data.draw(st.integers(0, len(mutated) - 1))
        mutated[position : position + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    with suppress(CrlInvalid):
        read = read_crl(bytes(mutated))
        assert read.der == bytes(mutated)
        assert read.find(OTHER_READ.subject, 2) is None or bytes(mutated) != RICH
