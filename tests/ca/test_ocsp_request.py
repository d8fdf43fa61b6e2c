import hashlib
from contextlib import suppress
from pathlib import Path

import pytest
from asn1crypto import ocsp
from hypothesis import given, settings
from hypothesis import strategies as st

from ca.encoding import der, oids
from ca.ocsp.errors import OcspMalformed
from ca.ocsp.id import issuer_hashes
from ca.ocsp.request import MAX_CERTIFICATES, MAX_SIZE, make_ocsp_request, nonce_extension, read_ocsp_request
from tests.ca.answering import answering
from tests.ca.house import openssl, pem

HASHES = ("SHA-1", "SHA-256", "SHA-384", "SHA-512", "SM3")


@pytest.mark.parametrize("algorithm", HASHES)
@pytest.mark.parametrize("nonce", [None, b"n", bytes(32), bytes(128)])
def test_what_is_asked_is_read(algorithm: str, nonce: bytes | None) -> None:
    city = answering("ES256")
    request = make_ocsp_request(city.people[:3], city.issuing.certificate, nonce, hash_algorithm=algorithm)
    asked = read_ocsp_request(request)
    assert asked.nonce == nonce
    assert [one.serial for one in asked.ids] == [city.serial(number) for number in range(3)]
    assert all(one.is_of(city.issuer()) for one in asked.ids)
    assert not any(one.is_of(answering("ES256", "乙").issuer()) for one in asked.ids)


def test_asn1crypto_reads_what_we_ask() -> None:
    city = answering("ES256")
    request = make_ocsp_request(city.people[0], city.issuing.certificate, b"a nonce", hash_algorithm="SHA-256")
    theirs = ocsp.OCSPRequest.load(request, strict=True)
    assert theirs.dump(force=True) == request
    (one,) = theirs["tbs_request"]["request_list"]
    assert one["req_cert"]["hash_algorithm"]["algorithm"].native == "sha256"
    assert one["req_cert"]["issuer_name_hash"].native == hashlib.sha256(city.issuer().subject).digest()
    assert one["req_cert"]["serial_number"].native == city.serial(0)
    assert theirs.nonce_value.native == b"a nonce"


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sm3"])
@pytest.mark.parametrize("nonce", ["-nonce", "-no_nonce"])
def test_openssl_asks(tmp_path: Path, algorithm: str, nonce: str) -> None:
    city = answering("ES256")
    issuer = pem(tmp_path / "issuer.pem", city.issuing.certificate)
    wanted = [pem(tmp_path / f"{number}.pem", one) for number, one in enumerate(city.people)]
    listed = [part for one in wanted for part in ("-cert", one)]
    made = openssl("ocsp", f"-{algorithm}", "-issuer", issuer, *listed, nonce, "-reqout", tmp_path / "request")
    assert made.returncode == 0, made.stderr
    asked = read_ocsp_request((tmp_path / "request").read_bytes())
    assert [one.serial for one in asked.ids] == [city.serial(number) for number in range(4)]
    assert all(one.is_of(city.issuer()) for one in asked.ids)
    assert (asked.nonce is not None) == (nonce == "-nonce")


def test_openssl_reads_what_we_ask(tmp_path: Path) -> None:
    city = answering("ES256")
    (tmp_path / "request").write_bytes(make_ocsp_request(city.people, city.issuing.certificate, b"\xab" * 32))
    shown = openssl("ocsp", "-reqin", tmp_path / "request", "-req_text").stdout.decode()
    assert shown.count("Serial Number: ") == 4
    assert "AB" * 32 in shown
    assert issuer_hashes(city.issuer(), "SHA-1")[1].hex().upper() in shown


def test_a_signed_request_is_read_like_any_other(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    city = answering("ES256")
    key = city.delegate.signer._key  # type: ignore[attr-defined]
    (tmp_path / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    made = openssl(
        *("ocsp", "-issuer", pem(tmp_path / "issuer.pem", city.issuing.certificate)),
        *("-cert", pem(tmp_path / "cert.pem", city.people[0]), "-reqout", tmp_path / "request"),
        *("-signer", pem(tmp_path / "signer.pem", city.delegate.certificate), "-signkey", tmp_path / "key.pem"),
    )
    assert made.returncode == 0, made.stderr
    assert read_ocsp_request((tmp_path / "request").read_bytes()).ids[0].serial == city.serial(0)


def tbs(*members: bytes) -> bytes:
    return der.sequence(der.sequence(*members))


def one_id() -> bytes:
    city = answering("ES256")
    request = der.read(make_ocsp_request(city.people[0], city.issuing.certificate))
    return der.children(der.children(der.children(request)[0])[0])[0].raw


def extension(kind: str, value: bytes, *, critical: bool = False) -> bytes:
    return der.sequence(der.oid(kind), der.TRUE if critical else b"", der.octets(value))


def test_harmless_additions_are_read() -> None:
    name = der.tlv(der.context(1), der.tlv(der.context(4), answering("ES256").issuer().subject))
    other = der.tlv(der.context(2), der.sequence(extension("1.3.6.1.5.5.7.48.1.4", der.sequence())))
    locator = der.tlv(der.context(0), der.sequence(extension("1.3.6.1.5.5.7.48.1.7", der.sequence())))
    within = der.sequence(*(member.raw for member in der.children(der.read(one_id()))), locator)
    version = der.tlv(der.context(0), der.integer(0))
    for request in (
        tbs(version, name, der.sequence(one_id()), other),
        tbs(der.sequence(within)),
        tbs(der.sequence(one_id()), der.tlv(der.context(2), der.sequence(nonce_extension(b"1")))),
    ):
        assert len(read_ocsp_request(request).ids) == 1


def test_a_hash_that_we_do_not_know_names_nobody() -> None:
    unknown = der.sequence(der.sequence(der.oid("1.2.3")), der.octets(b"1"), der.octets(b"2"), der.integer(3))
    (one,) = read_ocsp_request(tbs(der.sequence(der.sequence(unknown)))).ids
    assert (one.hash_algorithm, one.serial, one.is_of(answering("ES256").issuer())) == ("", 3, False)


def nonce(value: bytes, *, wrapped: bool = True) -> bytes:
    inner = der.octets(value) if wrapped else value
    return der.tlv(der.context(2), der.sequence(extension(oids.OCSP_NONCE, inner)))


MALFORMED = {
    "nothing": b"",
    "an empty sequence": der.sequence(),
    "no certificates": tbs(der.sequence()),
    "too many": tbs(der.sequence(*[one_id()] * (MAX_CERTIFICATES + 1))),
    "too large": bytes(MAX_SIZE + 1),
    "another version": tbs(der.tlv(der.context(0), der.integer(1)), der.sequence(one_id())),
    "an unknown critical extension": tbs(
        der.sequence(one_id()), der.tlv(der.context(2), der.sequence(extension("1.2.3", b"", critical=True)))
    ),
    "an empty nonce": tbs(der.sequence(one_id()), nonce(b"")),
    "a nonce of 129 octets": tbs(der.sequence(one_id()), nonce(bytes(129))),
    "a nonce outside its octet string": tbs(der.sequence(one_id()), nonce(b"1234", wrapped=False)),
    "a nonce twice": tbs(
        der.sequence(one_id()), der.tlv(der.context(2), der.sequence(nonce_extension(b"1"), nonce_extension(b"2")))
    ),
    "bytes after the end": make_ocsp_request(answering("ES256").people[0], answering("ES256").issuing.certificate)
    + b"\0",
    "a hash of another length": tbs(
        der.sequence(
            der.sequence(
                der.sequence(
                    der.sequence(der.oid(oids.SHA256)), der.octets(bytes(20)), der.octets(bytes(20)), der.integer(1)
                )
            )
        )
    ),
    "http": b"GET / HTTP/1.1",
}


@pytest.mark.parametrize("request_", MALFORMED.values(), ids=MALFORMED.keys())
def test_what_is_malformed(request_: bytes) -> None:
    with pytest.raises(OcspMalformed):
        read_ocsp_request(request_)


@pytest.mark.parametrize("length", [0, 129])
def test_a_nonce_of_another_length_is_not_sent(length: int) -> None:
    city = answering("ES256")
    with pytest.raises(ValueError, match="1 to 128"):
        make_ocsp_request(city.people[0], city.issuing.certificate, bytes(length))


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_mutated_requests_are_read_or_malformed(data: st.DataObject) -> None:
    city = answering("ES256")
    mutated = bytearray(make_ocsp_request(city.people[:2], city.issuing.certificate, b"nonce"))
    for _ in range(data.draw(st.integers(1, 3))):
        position = data.draw(st.integers(0, len(mutated) - 1))
        mutated[position : position + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    with suppress(OcspMalformed):
        assert read_ocsp_request(bytes(mutated)).ids


@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=300))
def test_any_bytes_are_read_or_malformed(data: bytes) -> None:
    with suppress(OcspMalformed):
        assert read_ocsp_request(data).ids
