import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from ca.encoding import der
from ca.errors import DerInvalid
from ca.reading import names
from ledger.actor import Uscc


def encode(*pairs: tuple[x509.ObjectIdentifier, str]) -> bytes:
    return x509.Name([x509.NameAttribute(kind, text) for kind, text in pairs]).public_bytes()


def test_a_name_reads_as_one_line() -> None:
    name = encode((NameOID.COUNTRY_NAME, "CN"), (NameOID.ORGANIZATION_NAME, "测试市"), (NameOID.SURNAME, "䶮"))
    assert names.display(name) == "C=CN, O=测试市, 2.5.4.4=䶮"


def test_control_and_bidirectional_characters_are_not_shown() -> None:
    shown = names.display(encode((NameOID.COMMON_NAME, "a\x1b[2J\u202eb\nc")))
    assert shown == "CN=a\ufffd[2J\ufffdb\ufffdc"


def test_an_unreadable_name_is_shown_as_such() -> None:
    assert names.display(b"\x30\x01\x00") == "(unreadable name)"
    assert names.display(der.sequence(der.tlv(der.SET, der.sequence(der.oid("2.5.4.3"))))) == "(unreadable name)"


def test_the_holder_of_a_seal() -> None:
    name = encode(
        (NameOID.COUNTRY_NAME, "CN"),
        (NameOID.ORGANIZATION_NAME, "11990100MB9T00038E测试市市场监督管理局"),
        (NameOID.COMMON_NAME, "99010000000003"),
    )
    holder = names.seal_holder(name)
    assert holder == names.SealHolder("99010000000003", Uscc("11990100MB9T00038E"), "测试市市场监督管理局")


def test_names_that_are_no_seal_holders() -> None:
    code = (NameOID.COMMON_NAME, "99010000000003")
    unit = (NameOID.ORGANIZATION_NAME, "11990100MB9T00038E测试")
    assert names.seal_holder(encode(code)) is None
    assert names.seal_holder(encode(code, unit, unit)) is None
    assert names.seal_holder(encode(code, (NameOID.ORGANIZATION_NAME, "11990100MB9T00038E"))) is None
    assert names.seal_holder(encode(unit)) is None
    assert names.seal_holder(b"\x30\x01\x00") is None


def test_a_name_is_written_as_cryptography_writes_it() -> None:
    ours = names.DistinguishedName("测试根", "测试市").encode()
    pairs = ((NameOID.COUNTRY_NAME, "CN"), (NameOID.ORGANIZATION_NAME, "测试市"), (NameOID.COMMON_NAME, "测试根"))
    assert ours == encode(*pairs)
    assert x509.Name.from_rfc4514_string("CN=测试根,O=测试市,C=CN").public_bytes() == ours


def test_a_country_that_printable_string_cannot_hold_is_refused() -> None:
    with pytest.raises(DerInvalid):
        names.encode(("2.5.4.6", "中国"))


def test_a_name_is_read_back() -> None:
    name = names.DistinguishedName("测试根", "测试市", "XX")
    assert names.DistinguishedName.read(name.encode()) == name
    short = names.encode(("2.5.4.3", "测试根"), ("2.5.4.10", "测试市"))
    assert names.DistinguishedName.read(short) == names.DistinguishedName("测试根", "测试市")
