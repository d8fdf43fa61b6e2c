"""A key whose numbers do not belong together is refused before anybody looks for primes in it."""

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ca.algorithms import rsa_numbers
from ca.encoding import der
from ca.errors import DerInvalid, KeyUnreadable
from ca.keys import pkcs8
from ca.keys.software_signer import SoftwareSigner
from tests.ca.house import CHEAP

BITS = 1024
MEMBERS = ("version", "n", "e", "d", "p", "q", "dp", "dq", "qinv")


def info_of(bits: int) -> bytes:
    key = rsa.generate_private_key(65537, bits)
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


INFO = info_of(BITS)


def members(info: bytes) -> list[int]:
    inner = der.children(der.read(der.parse_octets(der.children(der.read(info))[2])))
    return [int.from_bytes(member.value, "big") for member in inner]


def with_members(info: bytes, numbers: list[int]) -> bytes:
    version, algorithm, _ = der.children(der.read(info))
    inner = der.sequence(*map(der.integer, numbers))
    return der.sequence(version.raw, algorithm.raw, der.tlv(der.OCTET_STRING, inner))


def test_a_whole_key_passes() -> None:
    assert with_members(INFO, members(INFO)) == INFO
    rsa_numbers.check(INFO, [BITS, 3 * BITS])


@pytest.mark.parametrize("index", range(9), ids=MEMBERS)
@pytest.mark.parametrize("step", [1, 2, -2, 1 << 20_000], ids=["1", "2", "-2", "huge"])
def test_each_number_is_held_against_the_others(index: int, step: int) -> None:
    numbers = members(INFO)
    numbers[index] += step
    with pytest.raises(DerInvalid):
        rsa_numbers.check(with_members(INFO, numbers), [BITS])


def test_primes_that_are_negative_missing_or_too_many_are_refused() -> None:
    numbers = members(INFO)
    for wrong in ([*numbers[:4], -numbers[4], *numbers[5:]], numbers[:-1], [*numbers, 5], []):
        with pytest.raises(DerInvalid):
            rsa_numbers.check(with_members(INFO, wrong), [BITS])


def test_a_key_of_another_length_is_refused() -> None:
    for sizes in ([BITS - 8], [BITS + 8], [2 * BITS], [BITS // 2, 2 * BITS]):
        with pytest.raises(DerInvalid):
            rsa_numbers.check(INFO, sizes)


def test_a_key_file_with_such_numbers_does_not_open() -> None:
    numbers = members(info := info_of(3072))
    numbers[4] += 2
    with pytest.raises(KeyUnreadable):
        SoftwareSigner.from_pkcs8(pkcs8.encrypt(with_members(info, numbers), b"x", CHEAP), b"x")
