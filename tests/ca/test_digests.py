import hashlib

import pytest

from ca.algorithms import digests
from ca.encoding import der
from ca.errors import DerInvalid
from tests.ca.house import openssl

# FIPS 180-4 and GB/T 32905 annex A.1
ABC = {
    "SHA-1": "a9993e364706816aba3e25717850c26c9cd0d89d",
    "SHA-256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    "SHA-384": "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
    "SHA-512": "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
    "SM3": "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0",
}


def test_every_hash_is_in_every_table() -> None:
    assert set(ABC) == set(digests.NAMES.values()) == set(digests.HASHLIB) == set(digests.SIZES)


@pytest.mark.parametrize("name", ABC)
def test_the_published_digests_come_out(name: str) -> None:
    assert digests.compute(name, b"abc").hex() == ABC[name]
    assert len(digests.compute(name, b"")) == digests.SIZES[name]
    computed = openssl("dgst", f"-{digests.HASHLIB[name]}", "-binary", data=b"data")
    assert computed.stdout == digests.compute(name, b"data") == hashlib.new(digests.HASHLIB[name], b"data").digest()


@pytest.mark.parametrize("name", ABC)
def test_identifiers_are_read_with_and_without_null(name: str) -> None:
    written = digests.identifier(name)
    oid = der.children(der.read(written))[0].raw
    assert written == der.sequence(oid)
    broken = name == "SHA-1"
    for identifier in (written, der.sequence(oid, der.tlv(der.NULL))):
        element = der.read(identifier)
        assert digests.parse_algorithm(element, broken=True) == name
        assert digests.parse_algorithm(element) == (None if broken else name)
    for odd in (der.tlv(der.OCTET_STRING), der.tlv(der.NULL) * 2, der.tlv(der.NULL, b"\x00"), der.sequence()):
        with pytest.raises(DerInvalid):
            digests.parse_algorithm(der.read(der.sequence(oid, odd)), broken=True)


def test_an_unknown_hash_is_none() -> None:
    assert digests.parse_algorithm(der.read(der.sequence(der.oid("1.2.840.113549.2.5")))) is None  # MD5
