import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import algos, cms, tsp
from hypothesis import given, settings
from hypothesis import strategies as st
from pyhanko.sign.validation.generic_cms import validate_tst_signed_data
from pyhanko_certvalidator import ValidationContext

from ca.encoding import der
from ca.errors import KeyMismatch, ProfileViolated
from ca.keys.software_signer import SoftwareSigner
from ca.timestamping import timestamps
from ca.timestamping.request import MAX_SIZE
from ca.timestamping.timestamps import TimestampAuthority, read_token
from tests.ca.conftest import City
from tests.ca.house import NOW, openssl, pem

DATA = "测试 data to be dated".encode()
DIGEST = hashlib.sha256(DATA).digest()
POLICY = "2.999.3161.1"


def request(**changes: object) -> bytes:
    """Make a request with asn1crypto."""
    algorithm = str(changes.pop("algorithm", "sha256"))
    imprint = changes.pop("imprint", hashlib.new(algorithm, DATA).digest())
    members = {
        "version": "v1",
        "message_imprint": {"hash_algorithm": {"algorithm": algorithm}, "hashed_message": imprint},
        "cert_req": True,
    } | changes
    data: bytes = tsp.TimeStampReq(members).dump()
    return data


def answer(city: City, data: bytes) -> tuple[tsp.PKIStatusInfo, bytes | None]:
    """Return the status and the token. asn1crypto's own TimeStampResp cannot read an answer without a token."""
    members = der.children(der.read(city.authority.respond(data, NOW), der.SEQUENCE))
    status = tsp.PKIStatusInfo.load(members[0].raw, strict=True)
    assert len(members) == (2 if status["status"].native == "granted" else 1)
    return status, members[1].raw if len(members) == 2 else None


def granted(city: City, data: bytes) -> bytes:
    status, token = answer(city, data)
    assert status["status"].native == "granted"
    assert token is not None
    return token


def failure(city: City, data: bytes) -> str:
    status, token = answer(city, data)
    assert status["status"].native == "rejection"
    assert token is None
    (reason,) = status["fail_info"].native
    return str(reason)


def test_a_token_says_what_was_stamped(city: City) -> None:
    token = read_token(city.authority.stamp(DIGEST, NOW))
    assert token.imprint == DIGEST
    assert token.hash_algorithm == "SHA-256"
    assert token.gen_time == NOW.replace(microsecond=123000)
    assert token.policy == POLICY
    assert (token.nonce, token.accuracy) == (None, 1.0)
    assert token.signature_algorithm == "ES256"
    assert set(token.certificates) == set(city.ceremony.chain(city.ceremony.tsa))
    assert token.signer_certificate == city.ceremony.tsa.cert_der


@pytest.mark.parametrize(
    ("microsecond", "written"), [(0, b"20261122083015Z"), (999, b"20261122083015Z"), (500_000, b"20261122083015.5Z")]
)
def test_times_are_written_in_their_one_form(city: City, microsecond: int, written: bytes) -> None:
    token = city.authority.stamp(DIGEST, NOW.replace(microsecond=microsecond))
    assert der.tlv(der.GENERALIZED_TIME, written) in token


def test_a_time_in_another_zone_is_the_same_time(city: City) -> None:
    from zoneinfo import ZoneInfo

    local = NOW.astimezone(ZoneInfo("Asia/Shanghai"))
    assert read_token(city.authority.stamp(DIGEST, local)).gen_time == NOW.replace(microsecond=123000)


def test_every_token_has_a_serial_number_of_its_own(city: City) -> None:
    serials = {read_token(city.authority.stamp(DIGEST, NOW)).serial for _ in range(50)}
    assert len(serials) == 50
    assert {serial.bit_length() for serial in serials} == {127}


@pytest.mark.parametrize("imprint", [b"", DIGEST[:31], DIGEST + b"x"])
def test_only_a_digest_is_stamped(city: City, imprint: bytes) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        city.authority.stamp(imprint, NOW)


def test_an_authority_needs_its_own_key_and_certificate(city: City) -> None:
    ceremony, folder = city.ceremony, city.folder
    with pytest.raises(KeyMismatch):
        TimestampAuthority(SoftwareSigner.generate("ES256"), ceremony.chain(ceremony.tsa), POLICY)
    with pytest.raises(ProfileViolated):
        TimestampAuthority(folder.signer("status"), ceremony.chain(ceremony.status), POLICY)


def test_openssl_believes_the_token(city: City, tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(DATA)
    (tmp_path / "token").write_bytes(city.authority.stamp(DIGEST, NOW))
    root = pem(tmp_path / "root.pem", city.ceremony.root.cert_der)
    when = ("-attime", str(int(NOW.timestamp()) + 1))
    arguments = ("-in", tmp_path / "token", "-token_in", "-CAfile", root, *when)
    good = openssl("ts", "-verify", "-data", tmp_path / "data", *arguments)
    assert b"Verification: OK" in good.stdout + good.stderr
    (tmp_path / "data").write_bytes(DATA + b"!")
    bad = openssl("ts", "-verify", "-data", tmp_path / "data", *arguments)
    assert bad.returncode != 0


@pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512"])
@pytest.mark.parametrize("certificates", [True, False])
def test_openssl_asks_and_believes_the_answer(
    city: City,
    tmp_path: Path,
    algorithm: str,
    certificates: bool,  # noqa: FBT001
) -> None:
    (tmp_path / "data").write_bytes(DATA)
    asked = ["-cert"] if certificates else []
    query = openssl("ts", "-query", "-data", tmp_path / "data", f"-{algorithm}", *asked, "-out", tmp_path / "query")
    assert query.returncode == 0, query.stderr
    response = city.authority.respond((tmp_path / "query").read_bytes(), NOW)
    (tmp_path / "response").write_bytes(response)
    chain = pem(tmp_path / "chain.pem", *city.ceremony.chain(city.ceremony.tsa))
    root = pem(tmp_path / "root.pem", city.ceremony.root.cert_der)
    verified = openssl(
        *("ts", "-verify", "-queryfile", tmp_path / "query", "-in", tmp_path / "response"),
        *("-CAfile", root, "-untrusted", chain, "-attime", str(int(NOW.timestamp()) + 1)),
    )
    assert verified.returncode == 0, verified.stderr
    assert (city.ceremony.root.cert_der in response) == certificates


def test_openssl_shows_policy_and_accuracy(city: City, tmp_path: Path) -> None:
    (tmp_path / "token").write_bytes(city.authority.stamp(DIGEST, NOW, nonce=255))
    shown = openssl("ts", "-reply", "-in", tmp_path / "token", "-token_in", "-token_out", "-text").stdout.decode()
    assert f"Policy OID: {POLICY}" in shown
    assert "Hash Algorithm: sha256" in shown
    assert "Nov 22 08:30:15.123 2026 GMT" in shown
    assert "Accuracy: 0x01 seconds" in shown
    assert "Nonce: 0xFF" in shown


def test_asn1crypto_reads_the_same_and_writes_the_same_bytes(city: City) -> None:
    token = city.authority.stamp(DIGEST, NOW, nonce=2**70)
    info = cms.ContentInfo.load(token, strict=True)
    assert info.dump(force=True) == token
    data = info["content"]
    assert {one.dump() for one in data["certificates"]} == set(city.ceremony.chain(city.ceremony.tsa))
    content = data["encap_content_info"]["content"].parsed
    assert content["nonce"].native == 2**70
    assert content["message_imprint"]["hashed_message"].native == DIGEST
    (signer,) = data["signer_infos"]
    assert [one["type"].native for one in signer["signed_attrs"]] == [
        "content_type",
        "message_digest",
        "signing_certificate_v2",
    ]
    assert signer["signed_attrs"].untag().dump() == cms.CMSAttributes(list(signer["signed_attrs"])).dump()


async def judge_by_pyhanko(token: bytes, city: City) -> dict[str, object]:
    roots = [city.ceremony.root.cert_der]
    context = ValidationContext(trust_roots=[_certificate(root) for root in roots], moment=NOW)
    data = cms.ContentInfo.load(token)["content"]
    result: dict[str, object] = await validate_tst_signed_data(data, context, lambda _: DIGEST)
    return result


def _certificate(data: bytes) -> object:
    from asn1crypto.x509 import Certificate

    return Certificate.load(data)


def test_pyhanko_believes_the_token(city: City) -> None:
    import asyncio

    result = asyncio.run(judge_by_pyhanko(city.authority.stamp(DIGEST, NOW), city))
    assert result["valid"]
    assert result["intact"]
    assert result["trust_problem_indic"] is None
    assert result["timestamp"] == NOW.replace(microsecond=123000)


def test_tokens_of_other_sizes_between_two_alike_change_nothing(city: City) -> None:
    """What stands around TSTInfo and the signature is kept by their sizes: of one size it must never serve another."""
    nonces = [None, 0, 127, 128, *(1 << bits for bits in range(8, 400, 16))]
    for nonce in (*nonces, *reversed(nonces)):
        token = read_token(city.authority.stamp(DIGEST, NOW, nonce=nonce))
        assert (token.nonce, token.imprint) == (nonce, DIGEST)


def test_only_so_many_sizes_are_kept(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timestamps, "_MAX_SIZES", 3)
    city.authority._parts.clear()
    for bits in range(0, 300, 8):
        assert read_token(city.authority.stamp(DIGEST, NOW, nonce=1 << bits)).nonce == 1 << bits
        assert len(city.authority._parts) <= 3


@settings(max_examples=30, deadline=None)
@given(nonce=st.integers(-(2**100), 2**100))
def test_the_nonce_comes_back(city: City, nonce: int) -> None:
    assert read_token(granted(city, request(nonce=nonce))).nonce == nonce


def test_the_policy_may_be_asked_for(city: City) -> None:
    assert read_token(granted(city, request(req_policy=POLICY))).policy == POLICY


EXTENSION = {"extn_id": "1.2.3.4", "critical": False, "extn_value": algos.DigestAlgorithm({"algorithm": "sha1"}).dump()}


def test_refusals_are_in_the_protocols_words(city: City) -> None:
    assert failure(city, request(algorithm="sha1")) == "bad_alg"
    assert failure(city, request(algorithm="md5")) == "bad_alg"
    assert failure(city, request(imprint=DIGEST[:-1])) == "bad_data_format"
    assert failure(city, request(algorithm="sha512", imprint=DIGEST)) == "bad_data_format"
    assert failure(city, request(req_policy="1.2.3")) == "unaccepted_policy"
    assert failure(city, request(extensions=[EXTENSION])) == "unaccepted_extensions"
    assert failure(city, request().replace(b"\x02\x01\x01", b"\x02\x01\x02", 1)) == "bad_request"


@pytest.mark.parametrize(
    "garbage", [b"", b"\x30", b"\x30\x00", b"GET / HTTP/1.1", b"\x30\x80\x00\x00", bytes(MAX_SIZE + 1)]
)
def test_garbage_is_answered(city: City, garbage: bytes) -> None:
    assert failure(city, garbage) == "bad_data_format"


def test_openssl_reads_a_refusal(city: City, tmp_path: Path) -> None:
    (tmp_path / "response").write_bytes(city.authority.respond(request(algorithm="sha1"), NOW))
    shown = openssl("ts", "-reply", "-in", tmp_path / "response", "-text").stdout.decode()
    assert "Status: Rejected" in shown
    assert "unrecognized or unsupported algorithm identifier" in shown


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_mutated_requests_are_answered(city: City, data: st.DataObject) -> None:
    mutated = bytearray(request(nonce=123456789, req_policy=POLICY))
    position = data.draw(st.integers(0, len(mutated) - 1))
    mutated[position : position + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    _, token = answer(city, bytes(mutated))
    if token is not None and city.ceremony.root.cert_der in token:
        assert len(read_token(token).imprint) == 32


def test_far_years_are_written(city: City) -> None:
    for moment in (
        datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC),
        datetime(2050, 1, 1, tzinfo=UTC) + timedelta(days=9),
    ):
        assert read_token(city.authority.stamp(DIGEST, moment)).gen_time == moment
