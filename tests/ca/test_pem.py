import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ca.encoding import pem
from ca.errors import DerInvalid


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=200), max_size=4))
def test_blocks_come_back_in_their_order(parts: list[bytes]) -> None:
    written = b"text between\n".join(pem.encode("CERTIFICATE", part) for part in parts)
    assert pem.blocks(written) == tuple(("CERTIFICATE", part) for part in parts)


def test_lines_have_64_characters() -> None:
    lines = pem.encode("X509 CRL", bytes(100)).decode().splitlines()
    assert [len(line) for line in lines[1:-1]] == [64, 64, 8]
    assert (lines[0], lines[-1]) == ("-----BEGIN X509 CRL-----", "-----END X509 CRL-----")


def test_other_line_ends_and_words_around_are_passed_over() -> None:
    written = b"subject=CN\r\n" + pem.encode("CERTIFICATE", b"0\0").replace(b"\n", b"\r\n")
    assert pem.is_pem(written)
    assert pem.one(written, ("CERTIFICATE",)) == b"0\0"


def test_der_is_no_pem_though_it_holds_the_words() -> None:
    data = b"\x30\x0b-----BEGIN "
    assert not pem.is_pem(data)
    assert pem.one(data, ("CERTIFICATE",)) == data


@pytest.mark.parametrize(
    "data",
    [
        b"-----BEGIN CERTIFICATE-----\n",
        b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END X509 CRL-----\n",
        b"-----BEGIN CERTIFICATE-----\nMAA\n-----END CERTIFICATE-----\n",
        b"-----BEGIN CERTIFICATE-----\nMA=A\n-----END CERTIFICATE-----\n",
        b"-----BEGIN CERTIFICATE-----\n\xff\n-----END CERTIFICATE-----\n",
    ],
)
def test_broken_blocks_are_refused(data: bytes) -> None:
    with pytest.raises(DerInvalid):
        pem.blocks(data)
