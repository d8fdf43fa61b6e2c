from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_network

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from ca.encoding import der
from ca.judging.name_constraints import permits
from ca.reading.certificate_reader import Certificate, read_certificate
from ca.reading.extension_reader import NameConstraints
from ca.reading.general_names import GeneralName
from ca.reading.names import encode
from tests.ca.house import CA_USAGE, Extra, certify, root

ROOT = root()
KINDS: dict[str, Callable[[str], x509.GeneralName]] = {
    "dns": x509.DNSName,
    "email": x509.RFC822Name,
    "uri": x509.UniformResourceIdentifier,
}


def carrying(*names: x509.GeneralName, subject: str = "测试") -> Certificate:
    extras = [Extra(x509.SubjectAlternativeName(names), critical=False)] if names else []
    return read_certificate(certify(subject, ROOT, usage=None, extras=extras).certificate)


def constrained(
    permitted: list[x509.GeneralName] | None = None, excluded: list[x509.GeneralName] | None = None
) -> NameConstraints:
    """Constraints as they are read from an authority's certificate."""
    extra = Extra(x509.NameConstraints(permitted, excluded), critical=True)
    found = read_certificate(certify("测试机构", ROOT, usage=CA_USAGE, ca=True, extras=[extra]).certificate)
    assert found.name_constraints is not None
    return found.name_constraints


# kind, name, subtree, whether the name lies within
TEXTS = [
    ("dns", "seals.example.test", "example.test", True),
    ("dns", "EXAMPLE.test", "example.TEST", True),
    ("dns", "example.test.", "example.test", True),
    ("dns", "myexample.test", "example.test", False),
    ("dns", "test", "example.test", False),
    ("dns", "a.example.test", ".example.test", True),
    ("dns", "example.test", ".example.test", False),
    ("dns", "anything.test", "", True),
    ("email", "a@example.test", "example.test", True),
    ("email", "a@sub.example.test", "example.test", False),
    ("email", "a@sub.example.test", ".example.test", True),
    ("email", "a@example.test", ".example.test", False),
    ("email", "a@example.test", "a@EXAMPLE.test", True),
    ("email", "A@example.test", "a@example.test", False),
    ("email", "b@example.test", "a@example.test", False),
    ("uri", "https://example.test/a", "example.test", True),
    ("uri", "https://user@example.test:8443/a", "example.test", True),
    ("uri", "https://sub.example.test/", "example.test", False),
    ("uri", "https://sub.example.test/", ".example.test", True),
    ("uri", "https://example.test@evil.test/", "example.test", False),
]


@pytest.mark.parametrize(("kind", "name", "subtree", "within"), TEXTS)
def test_texts_lie_within_a_subtree_or_not(kind: str, name: str, subtree: str, *, within: bool) -> None:
    certificate = carrying(KINDS[kind](name))
    tree = GeneralName(kind, subtree.encode())  # type: ignore[arg-type]
    assert permits(NameConstraints((tree,), ()), certificate) is within
    assert permits(NameConstraints((), (tree,)), certificate) is not within


@pytest.mark.parametrize("kind", ["dns", "email", "uri"])
def test_what_is_not_constrained_is_permitted(kind: str) -> None:
    others = [make("a@other.test" if name == "email" else "other.test") for name, make in KINDS.items() if name != kind]
    names = {"dns": "a.test", "email": "a@a.test", "uri": "https://a.test/"}
    assert permits(constrained(others), carrying(KINDS[kind](names[kind])))


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("email", "no mailbox"),
        ("email", "@example.test"),
        ("uri", "urn:isbn:1"),
        ("uri", "https://127.0.0.1/"),
        ("uri", "https://[::1]/"),
        ("uri", "https://[broken/"),
    ],
)
def test_a_name_that_cannot_be_compared_is_refused_where_its_kind_is_constrained(kind: str, name: str) -> None:
    alternative = der.sequence(der.tlv(der.context({"email": 1, "uri": 6}[kind], constructed=False), name.encode()))
    extra = Extra(x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.17"), alternative), critical=False)
    certificate = read_certificate(certify("测试", ROOT, usage=None, extras=[extra]).certificate)
    for tree in ("example.test", "other.test"):
        assert not permits(constrained([KINDS[kind](tree)]), certificate)
        assert not permits(constrained(None, [KINDS[kind](tree)]), certificate)
    assert permits(constrained([x509.DNSName("example.test")]), certificate)


def test_a_wildcard_does_not_reach_what_is_excluded() -> None:
    wild = carrying(x509.DNSName("*.example.test"))
    assert not permits(constrained(None, [x509.DNSName("secret.example.test")]), wild)
    assert permits(constrained(None, [x509.DNSName("secret.other.test")]), wild)
    assert permits(constrained([x509.DNSName("example.test")]), wild)
    assert not permits(constrained([x509.DNSName("secret.example.test")]), wild)


def directory(*texts: str) -> x509.DirectoryName:
    return x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text) for text in texts]))


def test_directory_names_are_compared_level_by_level() -> None:
    assert permits(constrained([directory("测试")]), carrying())
    assert permits(constrained([directory("Beijing  City")]), carrying(subject=" beijing city "))
    assert not permits(constrained([directory("测试", "下级")]), carrying())
    assert not permits(constrained([directory("别的")]), carrying())
    assert not permits(constrained(None, [directory("测试")]), carrying())
    assert permits(constrained(None, [directory("测试", "下级")]), carrying())
    assert not permits(constrained([directory("测试")]), carrying(directory("别的"))), "alternative names count, too"
    assert not permits(NameConstraints((GeneralName("directory", b"\x30\x01"),), ()), carrying())


def test_addresses_are_compared_under_their_mask() -> None:
    def address(text: str) -> x509.IPAddress:
        return x509.IPAddress(ip_network(text))

    four = carrying(x509.IPAddress(ip_network("10.1.2.3/32").network_address))
    six = carrying(x509.IPAddress(ip_network("fe80::1/128").network_address))
    assert permits(constrained([address("10.0.0.0/8")]), four)
    assert not permits(constrained([address("11.0.0.0/8")]), four)
    assert not permits(constrained(None, [address("10.1.2.0/24")]), four)
    assert permits(constrained([address("fe80::/16")]), six)
    assert not permits(constrained([address("10.0.0.0/8")]), six)
    assert not permits(NameConstraints((), (GeneralName("ip", b"abc"),)), four)


def test_the_subjects_mail_addresses_are_bound() -> None:
    subject = encode(("1.2.840.113549.1.9.1", "a@evil.test"))
    found = carrying(x509.RFC822Name("a@example.test"))
    plain, hidden = found, _with_subject(found, subject)
    constraints = NameConstraints((GeneralName("email", b"example.test"),), ())
    assert permits(constraints, plain)
    assert not permits(constraints, hidden)
    assert permits(NameConstraints((GeneralName("email", b"evil.test"),), ()), _with_subject(carrying(), subject))


def _with_subject(certificate: Certificate, subject: bytes) -> Certificate:
    return replace(certificate, subject=subject)


def test_a_constrained_kind_that_nobody_knows_is_refused() -> None:
    named = carrying(x509.RegisteredID(x509.ObjectIdentifier("2.999.1")))
    assert not permits(NameConstraints((), (GeneralName("registered_id", b"\x2a"),)), named)
    assert permits(NameConstraints((), (GeneralName("other", b"\x2a"),)), named)


def test_names_by_the_thousand_are_refused_rather_than_compared() -> None:
    certificate = carrying(*(x509.DNSName(f"n{number}.test") for number in range(1000)))
    trees = tuple(GeneralName("dns", f"t{number}.test".encode()) for number in range(1000))
    assert not permits(NameConstraints((), trees), certificate)
    assert permits(NameConstraints((), trees[:10]), certificate)
