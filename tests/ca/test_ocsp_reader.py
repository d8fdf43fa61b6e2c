from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ca.algorithms import signatures
from ca.encoding import der, oids
from ca.ocsp.errors import OcspInvalid
from ca.ocsp.id import make_cert_id
from ca.ocsp.reader import MAX_SIZE, read_ocsp_response
from ca.ocsp.request import nonce_extension
from ca.ocsp.responder import CertificateStatus
from ca.reading.certificate_reader import read_certificate
from tests.ca.answering import answering
from tests.ca.house import NOW
from tests.ca.test_ocsp_responder import asked

TIME = der.generalized_time(NOW.replace(microsecond=0))
GOOD = der.tlv(der.context(0, constructed=False))
UNKNOWN = der.tlv(der.context(2, constructed=False))


def explicit(number: int, *inside: bytes) -> bytes:
    return der.tlv(der.context(number), *inside)


def cert_id(number: int = 0) -> bytes:
    city = answering("ES256")
    return make_cert_id(city.issuer(), city.serial(number), "SHA-256")


def single(*after: bytes, name: bytes | None = None, status: bytes = GOOD, this_update: bytes = TIME) -> bytes:
    return der.sequence(name or cert_id(), status, this_update, *after)


def extension(kind: str, value: bytes, *, critical: bool = False) -> bytes:
    return der.sequence(der.oid(kind), der.TRUE if critical else b"", der.octets(value))


@dataclass
class Forge:
    """Puts a signed response together, one part of it changed."""

    code: bytes = field(default_factory=lambda: der.integer(0, der.ENUMERATED))
    kind: str = oids.OCSP_BASIC
    version: bytes = b""
    responder: bytes = field(default_factory=lambda: explicit(2, der.octets(bytes(20))))
    produced_at: bytes = TIME
    singles: bytes = field(default_factory=lambda: der.sequence(single()))
    extensions: bytes = b""
    certificates: bytes = b""
    with_bytes: bool = True

    def response(self) -> bytes:
        data = der.sequence(self.version, self.responder, self.produced_at, self.singles, self.extensions)
        signature = answering("ES256").delegate.signer.sign(data)
        basic = der.sequence(data, signatures.ES256_IDENTIFIER, der.bits(signature), self.certificates)
        body = explicit(0, der.sequence(der.oid(self.kind), der.octets(basic)))
        return der.sequence(self.code, body if self.with_bytes else b"")


def test_forms_that_other_responders_use() -> None:
    city = answering("ES256")
    name = city.issuer().subject
    until = explicit(0, der.generalized_time(NOW.replace(microsecond=0) + timedelta(days=7)))
    reference = explicit(1, der.sequence(extension("1.3.6.1.5.5.7.48.1.3", der.sequence())))
    found = read_ocsp_response(
        Forge(
            responder=explicit(1, name),
            singles=der.sequence(
                single(until, reference), single(name=cert_id(1), status=UNKNOWN), single(this_update=TIME)
            ),
            extensions=explicit(1, der.sequence(extension("1.2.3", b""), nonce_extension(b"1"))),
            certificates=explicit(0, der.sequence(city.delegate.certificate, city.issuing.certificate)),
        ).response()
    )
    assert (found.responder_name, found.responder_key_hash, found.responder) == (name, None, name)
    assert found.names(city.issuer())
    assert [one.verdict for one in found.singles] == ["good", "unknown", "good"]
    assert [one.next_update is None for one in found.singles] == [False, True, True]
    assert found.nonce == b"1"
    assert found.certificates == (city.delegate.certificate, city.issuing.certificate)
    assert found.produced_at == NOW.replace(microsecond=0)


def test_of_several_answers_about_one_certificate_the_newest_counts() -> None:
    later = der.generalized_time(NOW.replace(microsecond=0) + timedelta(minutes=1))
    revoked = explicit(1, TIME)
    found = read_ocsp_response(
        Forge(singles=der.sequence(single(), single(status=revoked, this_update=later), single())).response()
    )
    city = answering("ES256")
    newest = found.about(city.serial(0), city.issuer())
    assert newest is not None
    assert newest.verdict == "revoked"


@pytest.mark.parametrize("code", [1, 2, 3, 5, 6])
def test_an_error_says_nothing_else(code: int) -> None:
    data = Forge(code=der.integer(code, der.ENUMERATED), with_bytes=False).response()
    found = read_ocsp_response(data)
    assert found.status != "successful"
    assert (found.der, found.singles, found.tbs, found.produced_at) == (data, (), b"", None)
    assert not found.names(answering("ES256").issuer())


def code(number: int) -> bytes:
    return der.integer(number, der.ENUMERATED)


def ext(number: int, *members: bytes) -> bytes:
    return explicit(number, der.sequence(*members))


FORGERIES: dict[str, dict[str, object]] = {
    "status 4, which is not used": {"code": code(4), "with_bytes": False},
    "status 7": {"code": code(7), "with_bytes": False},
    "a status that is an integer": {"code": der.integer(0)},
    "success without an answer": {"with_bytes": False},
    "an error with an answer": {"code": code(1)},
    "another type": {"kind": "1.2.3"},
    "the default version spelled out": {"version": explicit(0, der.integer(0))},
    "another version": {"version": explicit(0, der.integer(1))},
    "no responder": {"responder": b""},
    "a responder of another kind": {"responder": explicit(3, der.octets(bytes(20)))},
    "a responder of two names": {"responder": explicit(1, der.sequence(), der.sequence())},
    "produced at a UTCTime": {"produced_at": der.tlv(der.UTC_TIME, b"261122083015Z")},
    "no answers": {"singles": der.sequence()},
    "a critical extension": {"extensions": ext(1, extension("1.2.3", b"", critical=True))},
    "an empty list of extensions": {"extensions": ext(1)},
    "a nonce of 129 octets": {"extensions": ext(1, nonce_extension(bytes(129)))},
    "a certificate that is none": {"certificates": ext(0, der.integer(1))},
    "certificates in a set": {"certificates": explicit(0, der.tlv(der.SET))},
    "an unknown status of a certificate": {"singles": der.sequence(single(status=der.tlv(der.context(3))))},
    "good with contents": {"singles": der.sequence(single(status=der.tlv(der.context(0, constructed=False), b"1")))},
    "revoked without a time": {"singles": der.sequence(single(status=explicit(1)))},
    "revoked for reason 7": {"singles": der.sequence(single(status=explicit(1, TIME, explicit(0, code(7)))))},
    "an update at no time": {
        "singles": der.sequence(single(this_update=der.tlv(der.GENERALIZED_TIME, b"20261322083015Z")))
    },
    "a critical extension of one answer": {
        "singles": der.sequence(single(ext(1, extension("1.2.3", b"", critical=True))))
    },
    "an archive cutoff that is no time": {
        "singles": der.sequence(single(ext(1, extension(oids.OCSP_ARCHIVE_CUTOFF, b"x"))))
    },
    "a member too many": {"singles": der.sequence(single(der.tlv(der.NULL)))},
}


@pytest.mark.parametrize("changes", FORGERIES.values(), ids=FORGERIES.keys())
def test_other_forms_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(OcspInvalid):
        read_ocsp_response(Forge(**changes).response())  # type: ignore[arg-type]


@pytest.mark.parametrize("data", [b"", b"\x30\x00", b"garbage", b"\x30\x80" * 100, bytes(MAX_SIZE + 1)])
def test_garbage_is_refused(data: bytes) -> None:
    with pytest.raises(OcspInvalid):
        read_ocsp_response(data)


@pytest.fixture(scope="module")
def response() -> bytes:
    city = answering("ES256")
    responder = city.responder(_1=CertificateStatus("revoked", NOW, "superseded"))
    return responder.respond(asked(city, 0, 1, nonce=b"nonce"), NOW).der


def test_every_changed_byte_is_refused_or_outside_what_is_read(response: bytes) -> None:
    """A change is refused, breaks the signature, or hits the embedded certificate, which is judged on its own."""
    city = answering("ES256")
    delegate = read_certificate(city.delegate.certificate)
    for position in range(len(response)):
        changed = bytearray(response)
        changed[position] ^= 0x01
        with suppress(OcspInvalid):
            found = read_ocsp_response(bytes(changed))
            holds = signatures.verify(delegate.public_key, found.signature_algorithm, found.tbs, found.signature)
            assert not holds or found.certificates != (delegate.der,), position


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_mutated_responses_are_read_or_refused(response: bytes, data: st.DataObject) -> None:
    mutated = bytearray(response)
    for _ in range(data.draw(st.integers(1, 3))):
        position = data.draw(st.integers(0, len(mutated) - 1))
        mutated[position : position + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    with suppress(OcspInvalid):
        found = read_ocsp_response(bytes(mutated))
        assert bool(found.singles) == (found.status == "successful")


@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with suppress(OcspInvalid):
        assert read_ocsp_response(data).status
