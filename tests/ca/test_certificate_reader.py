from contextlib import suppress

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from ca.encoding import der
from ca.errors import CertificateInvalid
from ca.reading.certificate_reader import MAX_SIZE, read_certificate
from tests.ca.house import NOW, YEAR, Extra, certify, issuing, root, seal

ROOT = root()
SEAL = seal(ROOT).certificate


def test_it_reads_what_cryptography_reads() -> None:
    for data in (ROOT.certificate, issuing(ROOT).certificate, SEAL):
        ours, theirs = read_certificate(data), x509.load_der_x509_certificate(data)
        assert ours.der == data
        assert ours.tbs == theirs.tbs_certificate_bytes
        assert ours.signature == theirs.signature
        assert ours.serial_number == theirs.serial_number
        assert ours.issuer == theirs.issuer.public_bytes()
        assert ours.subject == theirs.subject.public_bytes()
        assert (ours.not_before, ours.not_after) == (theirs.not_valid_before_utc, theirs.not_valid_after_utc)
        assert ours.public_key == theirs.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        assert {kind: one.critical for kind, one in ours.extensions.items()} == {
            one.oid.dotted_string: one.critical for one in theirs.extensions
        }


def test_usages_are_read_by_name() -> None:
    read = read_certificate(certify("测试", ROOT, usage={"digital_signature": True, "key_agreement": True}).certificate)
    assert read.key_usage == frozenset({"digitalSignature", "keyAgreement"})
    assert read.extended_key_usage is None
    assert not read.is_ca
    assert read.subject_text == "CN=测试"
    assert read_certificate(certify("测试", ROOT, usage=None).certificate).key_usage is None


def test_years_after_2049_are_read() -> None:
    read = read_certificate(certify("测试", ROOT, usage=None, end=NOW + 60 * YEAR).certificate)
    assert read.not_after.year == 2086


def changed(**parts: bytes) -> bytes:
    """Put a certificate together from its members, some of them changed."""
    tbs, algorithm, signature = der.children(der.read(SEAL))
    names = ("version", "serial", "algorithm", "issuer", "validity", "subject", "key", "extensions")
    members = dict(zip(names, (member.raw for member in der.children(tbs)), strict=True))
    outer = {"outer_algorithm": algorithm.raw, "signature": signature.raw}
    inner = members | {name: part for name, part in parts.items() if name in members}
    outer |= {name: part for name, part in parts.items() if name in outer}
    return der.sequence(der.sequence(*inner.values()), *outer.values()) + parts.get("tail", b"")


def extension(kind: str, value: bytes, *, critical: bytes = b"") -> bytes:
    return der.sequence(der.oid(kind), critical, der.tlv(der.OCTET_STRING, value))


def extensions(*members: bytes) -> bytes:
    return der.tlv(der.context(3), der.sequence(*members))


KEY = read_certificate(SEAL).public_key
BASIC, USAGE, IDENTIFIER = "2.5.29.19", "2.5.29.15", "2.5.29.14"
BAD = {
    "empty": b"",
    "not a sequence": b"\x04\x00",
    "bytes after it": changed(tail=b"\0"),
    "version 1 spelled out": changed(version=der.tlv(der.context(0), der.integer(0))),
    "version 4": changed(version=der.tlv(der.context(0), der.integer(3))),
    "version 1 with extensions": changed(version=b""),
    "serial number of 65 octets": changed(serial=der.integer(1 << 512)),
    "unique identifiers in the wrong order": changed(key=KEY + b"\x82\x02\x00\x01\x81\x02\x00\x01"),
    "algorithms that differ": changed(outer_algorithm=der.sequence(der.oid("1.2.3"))),
    "validity with three times": changed(validity=der.sequence(*3 * [der.tlv(der.UTC_TIME, b"261122083015Z")])),
    "signature with odd bits": changed(signature=der.tlv(der.BIT_STRING, b"\x07\x80")),
    "an empty list of extensions": changed(extensions=extensions()),
    "an extension twice": changed(extensions=extensions(*2 * [extension("1.2.3", b"")])),
    "critical FALSE spelled out": changed(extensions=extensions(extension("1.2.3", b"", critical=b"\x01\x01\x00"))),
    "constraints that are garbage": changed(extensions=extensions(extension(BASIC, b"\x30\x01"))),
    "a path length without authority": changed(extensions=extensions(extension(BASIC, der.sequence(der.integer(1))))),
    "a negative path length": changed(
        extensions=extensions(extension(BASIC, der.sequence(b"\x01\x01\xff", der.integer(-1))))
    ),
    "a key usage that is garbage": changed(extensions=extensions(extension(USAGE, b"\x03\x01\x01"))),
    "a key identifier that is garbage": changed(extensions=extensions(extension(IDENTIFIER, b"\x04"))),
    "larger than the limit": b"\x30" + b"\x00" * MAX_SIZE,
}


@pytest.mark.parametrize("data", BAD.values(), ids=BAD.keys())
def test_other_forms_are_refused(data: bytes) -> None:
    with pytest.raises(CertificateInvalid):
        read_certificate(data)


@pytest.mark.parametrize("number", [0, -5, 1 << 160])
def test_serial_numbers_that_nobody_should_issue_are_read(number: int) -> None:
    assert read_certificate(changed(serial=der.integer(number))).serial_number == number


def test_unique_identifiers_are_passed_over() -> None:
    read = read_certificate(changed(key=KEY + b"\x81\x02\x00\x01\x82\x03\x04\x10\x20"))
    assert read.public_key == KEY


def test_unchanged_members_make_the_same_certificate() -> None:
    assert changed() == SEAL


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_mutated_certificates_are_read_or_refused(data: st.DataObject) -> None:
    mutated = bytearray(SEAL)
    for _ in range(data.draw(st.integers(1, 4))):
        position = data.draw(st.integers(0, len(mutated) - 1))
        mutated[position : position + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    with suppress(CertificateInvalid):
        assert read_certificate(bytes(mutated)).der == bytes(mutated)


def test_unknown_extensions_are_kept() -> None:
    extra = Extra(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), critical=True)
    read = read_certificate(certify("测试", ROOT, usage=None, extras=[extra]).certificate)
    assert read.extensions["1.2.3.4"].critical
    assert read.extensions["1.2.3.4"].value == b"\x05\x00"
