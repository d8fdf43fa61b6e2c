from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from asn1crypto import ocsp as theirs
from cryptography.x509 import ocsp
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import OperationalError

from ca.algorithms import signatures
from ca.errors import KeyMismatch, KeyMissing, ProfileViolated
from ca.keys.software_signer import SoftwareSigner
from ca.ocsp.reader import STATUSES, OcspResponse, read_ocsp_response
from ca.ocsp.request import make_ocsp_request
from ca.ocsp.responder import CertificateStatus, OcspResponder, ResponderKey, refusal
from ca.reading.certificate_reader import read_certificate
from ca.reading.crl_reader import REASONS, Reason
from ca.writing.certificates import issue
from ca.writing.profiles import PROFILES
from ledger.signing import SignatureAlgorithm
from tests.ca import sm2_verifier
from tests.ca.answering import INTERNATIONAL, Answering, Register, answering, below, name
from tests.ca.house import NOW, YEAR, openssl

ALL: tuple[SignatureAlgorithm, ...] = (*INTERNATIONAL, "SM2")
SECOND = NOW.replace(microsecond=0)
THEN = SECOND - timedelta(days=3)


def asked(city: Answering, *numbers: int, nonce: bytes | None = None, algorithm: str = "SHA-1") -> bytes:
    people = [city.people[number] for number in numbers or (0,)]
    return make_ocsp_request(people, city.issuing.certificate, nonce, hash_algorithm=algorithm)


def answered(city: Answering, request: bytes, **statuses: CertificateStatus) -> OcspResponse:
    return read_ocsp_response(city.responder(**statuses).respond(request, NOW).der)


@pytest.mark.parametrize("algorithm", ALL)
def test_an_answer_is_signed_by_the_delegate(algorithm: SignatureAlgorithm) -> None:
    city = answering(algorithm)
    found = answered(city, asked(city))
    delegate = read_certificate(city.delegate.certificate)
    assert found.status == "successful"
    assert found.certificates == (delegate.der,)
    assert found.names(delegate)
    assert not found.names(city.issuer())
    assert found.signature_algorithm == signatures.identifier(algorithm)
    assert signatures.verify(delegate.public_key, found.signature_algorithm, found.tbs, found.signature)
    assert not signatures.verify(delegate.public_key, found.signature_algorithm, found.tbs + b"\0", found.signature)


def test_national_answers_name_the_responder_without_sha_1() -> None:
    city = answering("SM2")
    found = answered(city, asked(city, algorithm="SM3"))
    assert found.responder == read_certificate(city.delegate.certificate).subject
    assert found.responder_key_hash is None


def test_national_answers_hold_over_the_extracted_bytes(tmp_path: Path) -> None:
    city = answering("SM2")
    answer = city.responder().respond(asked(city, 0, 1, nonce=b"n" * 32, algorithm="SM3"), NOW)
    basic = theirs.OCSPResponse.load(answer.der)["response_bytes"]["response"].parsed
    data, signature = basic["tbs_response_data"].dump(), basic["signature"].native
    (tmp_path / "data").write_bytes(data)
    (tmp_path / "signature").write_bytes(signature)
    (tmp_path / "key.der").write_bytes(city.delegate.signer.public_key)
    verify = (
        *("pkeyutl", "-verify", "-rawin", "-digest", "sm3", "-pkeyopt", "distid:1234567812345678"),
        *("-pubin", "-keyform", "DER", "-inkey", tmp_path / "key.der", "-sigfile", tmp_path / "signature"),
    )
    assert openssl(*verify, "-in", tmp_path / "data").returncode == 0
    assert sm2_verifier.verify(city.delegate.signer.public_key, data, signature)
    (tmp_path / "data").write_bytes(data + b"\0")
    assert openssl(*verify, "-in", tmp_path / "data").returncode != 0
    assert not sm2_verifier.verify(city.delegate.signer.public_key, data + b"\0", signature)


VERDICTS: dict[str, tuple[CertificateStatus, str, Reason | None]] = {
    "good": (CertificateStatus("good"), "good", None),
    "without a reason": (CertificateStatus("revoked", THEN), "revoked", None),
    "unspecified": (CertificateStatus("revoked", THEN, "unspecified"), "revoked", None),
    "on hold": (CertificateStatus("on_hold", THEN, "certificateHold"), "revoked", "certificateHold"),
    **{
        reason: (CertificateStatus("revoked", THEN, reason), "revoked", reason)
        for reason in REASONS.values()
        if reason != "unspecified"
    },
    "tomorrow": (CertificateStatus("revoked", NOW + timedelta(days=1), "superseded"), "good", None),
}


@pytest.mark.parametrize(("status", "verdict", "reason"), VERDICTS.values(), ids=VERDICTS.keys())
def test_what_is_known_is_said(status: CertificateStatus, verdict: str, reason: Reason | None) -> None:
    city = answering("ES256")
    (single,) = answered(city, asked(city), _0=status).singles
    assert (single.verdict, single.reason) == (verdict, reason)
    assert single.at == (THEN if verdict == "revoked" else None)
    assert single.this_update == SECOND
    assert single.next_update == SECOND + timedelta(hours=1)
    assert single.archive_cutoff == city.issuer().not_before


def test_a_status_has_its_time_or_is_good() -> None:
    for verdict, at in (("revoked", None), ("on_hold", None), ("good", NOW)):
        with pytest.raises(ValueError, match="its time"):
            CertificateStatus(verdict, at)  # type: ignore[arg-type]


def test_an_unknown_serial_is_unknown_and_not_kept() -> None:
    city = answering("ES256")
    responder = OcspResponder([city.key], Register({}))
    answer = responder.respond(asked(city), NOW)
    assert read_ocsp_response(answer.der).singles[0].verdict == "unknown"
    assert not answer.cacheable


@pytest.mark.parametrize("algorithm", ["SHA-1", "SHA-256", "SHA-384", "SHA-512", "SM3"])
def test_the_issuer_may_be_named_by_any_hash(algorithm: str) -> None:
    city = answering("ES256")
    request = asked(city, 0, 1, algorithm=algorithm)
    found = answered(city, request)
    assert [one.id.hash_algorithm for one in found.singles] == [algorithm] * 2
    assert all(one.id.raw in request for one in found.singles)


def test_several_certificates_in_one_request_are_looked_up_once() -> None:
    city = answering("ES256")
    register = Register({city.serial(0): CertificateStatus("good"), city.serial(2): CertificateStatus("revoked", THEN)})
    answer = OcspResponder([city.key], register).respond(asked(city, 0, 1, 2, 0), NOW)
    found = read_ocsp_response(answer.der)
    assert [one.verdict for one in found.singles] == ["good", "unknown", "revoked", "good"]
    assert register.asked == [("issuing", (city.serial(0), city.serial(1), city.serial(2)))]
    newest = found.about(city.serial(2), city.issuer())
    assert newest is not None
    assert newest.verdict == "revoked"
    assert found.about(city.serial(3), city.issuer()) is None
    assert found.about(city.serial(2), answering("ES256", "乙").issuer()) is None


def two_cities() -> tuple[Answering, Answering, Register, OcspResponder]:
    one, other = answering("ES256"), answering("ES256", "乙")
    register = Register({city.serial(0): CertificateStatus("good") for city in (one, other)})
    return one, other, register, OcspResponder([one.key, replace(other.key, authority="other")], register)


def mixed(*requests: bytes) -> bytes:
    from ca.encoding import der

    bodies = [der.children(der.children(der.children(der.read(request))[0])[0]) for request in requests]
    return der.sequence(der.sequence(der.sequence(*(one.raw for body in bodies for one in body))))


def test_each_authority_answers_for_its_own() -> None:
    one, other, register, responder = two_cities()
    for city, authority in ((one, "issuing"), (other, "other")):
        found = read_ocsp_response(responder.respond(asked(city), NOW).der)
        assert found.certificates == (city.delegate.certificate,)
        assert register.asked[-1] == (authority, (city.serial(0),))


def test_of_two_authorities_in_one_request_the_first_answers_and_knows_only_its_own() -> None:
    one, other, register, responder = two_cities()
    answer = responder.respond(mixed(asked(one), asked(other)), NOW)
    found = read_ocsp_response(answer.der)
    assert [single.verdict for single in found.singles] == ["good", "unknown"]
    assert found.certificates == (one.delegate.certificate,)
    assert register.asked == [("issuing", (one.serial(0),))]
    assert not answer.cacheable


def test_a_strangers_authority_before_ours_is_unknown() -> None:
    one, other, _, _ = two_cities()
    found = read_ocsp_response(one.responder().respond(mixed(asked(other), asked(one)), NOW).der)
    assert [single.verdict for single in found.singles] == ["unknown", "good"]


def test_nonces_come_back_and_only_answers_without_one_are_kept() -> None:
    city = answering("ES256")
    with_nonce = city.responder().respond(asked(city, nonce=b"0123456789abcdef"), NOW)
    assert read_ocsp_response(with_nonce.der).nonce == b"0123456789abcdef"
    assert not with_nonce.cacheable
    without = city.responder().respond(asked(city), NOW)
    assert read_ocsp_response(without.der).nonce is None
    assert without.cacheable
    assert (without.this_update, without.next_update) == (SECOND, SECOND + timedelta(hours=1))


def test_refusals_are_in_the_protocols_words() -> None:
    city = answering("ES256")
    for status in STATUSES.values():
        if status != "successful":
            answer = refusal(status)
            assert theirs.OCSPResponse.load(answer.der, strict=True)["response_status"].native == {
                "malformedRequest": "malformed_request",
                "internalError": "internal_error",
                "tryLater": "try_later",
                "sigRequired": "sign_required",
                "unauthorized": "unauthorized",
            }.get(status)
            assert not answer.cacheable
    assert city.responder().respond(b"garbage", NOW).status == "malformedRequest"
    assert city.responder().respond(asked(answering("ES256", "乙")), NOW).status == "unauthorized"
    assert city.responder().respond(asked(city), NOW + 30 * YEAR).status == "internalError"


class Away:
    def __init__(self, error: Exception) -> None:
        self.error = error

    def statuses(self, authority: str, serials: Sequence[int]) -> Mapping[int, CertificateStatus]:
        raise self.error


@pytest.mark.parametrize("error", [OperationalError("select", None, Exception()), KeyMissing("ocsp-seals")])
def test_a_store_that_is_away_is_asked_again_later(error: Exception) -> None:
    city = answering("ES256")
    answer = OcspResponder([city.key], Away(error)).respond(asked(city), NOW)
    assert (answer.status, read_ocsp_response(answer.der).status) == ("tryLater", "tryLater")


def test_a_key_that_is_away_is_asked_again_later() -> None:
    city = answering("ES256")

    class Unplugged:
        algorithm = "ES256"
        public_key = city.delegate.signer.public_key

        def sign(self, data: bytes) -> bytes:
            raise KeyMissing("ocsp-seals")

    key = replace(city.key, signer=Unplugged())  # type: ignore[arg-type]
    responder = OcspResponder([key], Register({city.serial(0): CertificateStatus("good")}))
    assert responder.respond(asked(city), NOW).status == "tryLater"


def test_only_a_delegate_of_the_authority_answers() -> None:
    city, other = answering("ES256"), answering("ES256", "乙")
    with pytest.raises(KeyMismatch):
        OcspResponder([replace(city.key, signer=SoftwareSigner.generate("ES256"))], Register({}))
    with pytest.raises(ProfileViolated, match="not issued by"):
        OcspResponder([replace(city.key, issuer=other.issuing.certificate)], Register({}))
    with pytest.raises(ProfileViolated, match="not a responder's"):
        OcspResponder([replace(city.key, certificate=city.people[0])], Register({}))


def test_an_authority_may_answer_itself() -> None:
    city = answering("ES256")
    key = ResponderKey("issuing", city.issuing.certificate, city.issuing.signer, city.issuing.certificate)
    answer = OcspResponder([key], Register({city.serial(0): CertificateStatus("good")})).respond(asked(city), NOW)
    found = read_ocsp_response(answer.der)
    assert found.certificates == ()
    assert found.names(city.issuer())
    assert signatures.verify(city.issuer().public_key, found.signature_algorithm, found.tbs, found.signature)


def test_the_next_responder_takes_over_when_it_is_valid() -> None:
    city = answering("ES256")
    following = below(city.issuing, "ocsp", "测试应答二", NOW + YEAR)
    second = ResponderKey("issuing", city.issuing.certificate, following.signer, following.certificate)
    responder = OcspResponder([city.key, second], Register({city.serial(0): CertificateStatus("good")}))
    for now, expected in ((NOW, city.delegate), (NOW + 2 * YEAR, following), (NOW + 4 * YEAR, following)):
        assert read_ocsp_response(responder.respond(asked(city), now).der).certificates == (expected.certificate,)


def test_no_answer_outlives_its_responder() -> None:
    city = answering("ES256")
    end = read_certificate(city.delegate.certificate).not_after
    answer = city.responder().respond(asked(city), end - timedelta(minutes=5))
    assert answer.next_update == end


def test_times_are_to_the_second_and_in_utc() -> None:
    city = answering("ES256")
    responder = city.responder()
    for now in (NOW, NOW.astimezone(ZoneInfo("Asia/Shanghai")), NOW + timedelta(seconds=7)):
        found = read_ocsp_response(responder.respond(asked(city), now).der)
        assert found.produced_at == now.replace(microsecond=0)
        assert found.produced_at.tzinfo == UTC


def test_other_libraries_read_the_same() -> None:
    city = answering("ES256")
    request = asked(city, nonce=b"0123456789")
    der = city.responder(_0=CertificateStatus("revoked", THEN, "keyCompromise")).respond(request, NOW).der
    assert theirs.OCSPResponse.load(der, strict=True).dump(force=True) == der
    found = ocsp.load_der_ocsp_response(der)
    assert found.serial_number == city.serial(0)
    assert found.certificate_status == ocsp.OCSPCertStatus.REVOKED
    assert found.revocation_time_utc == THEN
    assert str(found.revocation_reason) == "ReasonFlags.key_compromise"
    assert found.next_update_utc == SECOND + timedelta(hours=1)
    assert [extension.oid.dotted_string for extension in found.extensions] == ["1.3.6.1.5.5.7.48.1.2"]


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_mutated_requests_are_answered(data: st.DataObject) -> None:
    city = answering("ES256")
    mutated = bytearray(asked(city, 0, 1, nonce=b"nonce"))
    position = data.draw(st.integers(0, len(mutated) - 1))
    mutated[position : position + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    answer = city.responder().respond(bytes(mutated), NOW)
    found = read_ocsp_response(answer.der)
    assert found.status == answer.status
    assert answer.status in {"successful", "malformedRequest", "unauthorized"}


def test_a_certificate_outside_its_profile_is_no_responder() -> None:
    city = answering("ES256")
    signer = SoftwareSigner.generate("ES256")
    stamp = issue(PROFILES["timestamp"], name("测试"), signer.public_key, city.root, NOW, NOW + YEAR)
    with pytest.raises(ProfileViolated):
        OcspResponder([ResponderKey("root", city.root.certificate, signer, stamp)], Register({}))


def test_far_times_are_written() -> None:
    city = answering("ES256")
    early = CertificateStatus("revoked", datetime(1999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC), "cACompromise")
    (single,) = answered(city, asked(city), _0=early).singles
    assert single.at == datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC)
