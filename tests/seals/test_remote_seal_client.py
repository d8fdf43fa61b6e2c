"""Seals whose keys are in another process, with its delays and failures."""

from base64 import b64decode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from uuid import UUID

import pytest

from ca.algorithms import signatures, sm2
from ca.keys.software_signer import SoftwareSigner
from ca.outside.foreign_errors import ForeignRefused, ForeignUnavailable
from ca.writing.certificates import DistinguishedName, issue
from ca.writing.profiles import LOG, SEAL
from seals.jwt.jades import JsonSealer, read_json
from seals.pdf.errors import SealKeyUnusable
from seals.pdf.evidence import read_pdf
from seals.ses.checks import check_signature
from seals.ses.reader import read_signature
from seals.ses.writer import SesDesign, SesSealer, make_seal
from tests.ca import sm2_verifier
from tests.seals import keys, national
from tests.seals.house import PLACEMENT, Party, page, sealer
from tests.seals.keys import BUREAU_CODE, NOW
from tests.seals.provincial import Province, province

CODE = "99010100000001"
ATTEMPTS = 3
ALGORITHMS = ("ES256", "ES384", "RS256", "SM2")


@dataclass(frozen=True)
class Seals:
    """The province, and certificates (DER) for its keys by their names."""

    at: Province
    certificates: dict[str, bytes]


def certificate(public_key: bytes, *, by_national: bool = False) -> bytes:
    name = DistinguishedName(CODE, f"{BUREAU_CODE}测试市自然资源和规划局")
    if by_national:
        return issue(SEAL, name, public_key, national.issuing(), national.SINCE, national.UNTIL)
    return issue(SEAL, name, public_key, keys.issuing(), keys.SINCE, keys.UNTIL)


@pytest.fixture(scope="module")
def running() -> Iterator[Seals]:
    with province() as found:
        made = {name: certificate(found.public_keys[name], by_national=name == "SM2") for name in ALGORITHMS}
        found.certified(**made)
        yield Seals(found, made)


@pytest.fixture
def seals(running: Seals) -> Seals:
    running.at.behave()
    running.at.heard()
    return running


@pytest.mark.parametrize("name", ALGORITHMS)
def test_what_it_signs_is_good_and_only_a_digest_was_sent(seals: Seals, name: str) -> None:
    signer = seals.at.service().signer(name, seals.certificates[name])
    assert (signer.algorithm, signer.public_key) == (name, seals.at.public_keys[name])
    signature = signer.sign(b"a personal name")
    assert signatures.verify_as(signer.algorithm, signer.public_key, b"a personal name", signature)
    [request] = seals.at.heard().asked
    assert set(request) == {"request_id", "key", "certificate", "algorithm", "digest"}
    assert UUID(request["request_id"]).version == 4
    assert len(b64decode(request["digest"])) == (48 if name == "ES384" else 32)


@pytest.mark.parametrize("data", [b"", b"data", bytes(range(256)) * 30])
def test_the_digest_of_sm2_is_that_of_the_second_opinion(data: bytes) -> None:
    public_key = SoftwareSigner.generate("SM2").public_key
    expected = sm2_verifier.message_digest(sm2_verifier.point_of(public_key), sm2.USER_ID, data)
    assert int.from_bytes(sm2.message_digest(public_key, data)) == expected


LATER = ("500", "slow", "dead", "half")
NEVER = {
    "wrong": "not by the key",
    "another_certificate": "another certificate",
    "another_request": "another request",
    "garbage": "JSON",
    "more": "unknown members",
    "large": "bytes",
}


@pytest.mark.parametrize("behaviour", LATER)
def test_no_answer_is_asked_for_again_and_signed_once(seals: Seals, behaviour: str) -> None:
    signer = seals.at.service().signer("ES256", seals.certificates["ES256"])
    seals.at.behave(behaviour, behaviour)
    assert signatures.verify_as("ES256", signer.public_key, b"data", signer.sign(b"data"))
    heard = seals.at.heard()
    assert len(heard.asked) == ATTEMPTS
    assert len({request["request_id"] for request in heard.asked}) == 1
    assert heard.signed == 1


@pytest.mark.parametrize("behaviour", LATER)
def test_a_service_that_stays_silent_is_unavailable(seals: Seals, behaviour: str) -> None:
    signer = seals.at.service().signer("ES256", seals.certificates["ES256"])
    seals.at.behave(*[behaviour] * ATTEMPTS)
    with pytest.raises(ForeignUnavailable) as told:
        signer.sign(b"data")
    assert seals.at.address in told.value.message("zh")
    assert len(seals.at.heard().asked) == ATTEMPTS


@pytest.mark.parametrize("behaviour", NEVER)
def test_an_answer_that_cannot_be_believed_is_refused_at_once(seals: Seals, behaviour: str) -> None:
    signer = seals.at.service().signer("ES256", seals.certificates["ES256"])
    seals.at.behave(behaviour)
    with pytest.raises(ForeignRefused, match=NEVER[behaviour]):
        signer.sign(b"data")
    assert len(seals.at.heard().asked) == 1


@pytest.mark.parametrize(("key", "token"), [("unknown", "synthetic-token"), ("ES256", None), ("ES256", "other")])
def test_a_key_or_a_token_that_it_does_not_know_is_refused(seals: Seals, key: str, token: str | None) -> None:
    signer = seals.at.service(token).signer(key, seals.certificates["ES256"])
    with pytest.raises(ForeignRefused, match="HTTP 403"):
        signer.sign(b"data")
    assert len(seals.at.heard().asked) == 1


def test_many_threads_use_one_signer(seals: Seals) -> None:
    signer = seals.at.service().signer("ES256", seals.certificates["ES256"])
    documents = [b"%d" % number for number in range(24)]
    with ThreadPoolExecutor(12) as threads:
        signatures_made = list(threads.map(signer.sign, documents))
    for document, signature in zip(documents, signatures_made, strict=True):
        assert signatures.verify_as("ES256", signer.public_key, document, signature)
    heard = seals.at.heard()
    assert len({request["request_id"] for request in heard.asked}) == heard.signed == len(documents)


def test_the_token_is_in_no_representation(seals: Seals) -> None:
    assert "synthetic-token" not in repr(seals.at.service().signer("ES256", seals.certificates["ES256"]))


def test_it_seals_pages_json_and_national_signatures(seals: Seals) -> None:
    service = seals.at.service()
    chain = (seals.certificates["ES256"], keys.issuing().certificate, keys.root().certificate)
    signer = service.signer("ES256", chain[0])
    sealed = sealer(party=Party(signer, chain)).seal(page(), PLACEMENT, NOW).data
    [found] = read_pdf(sealed).signatures
    assert found.signature_valid
    json = JsonSealer(signer, chain[:-1], None).seal({"测试": True}, (), NOW)
    assert read_json(json.flattened).signature_valid
    of_seal = seals.certificates["SM2"]
    esl = make_seal(
        SesDesign(
            es_id=CODE,
            kind=6,
            name="测试章",
            picture=national.PNG,
            width_mm=42,
            height_mm=42,
            certificates=(of_seal,),
            valid_from=national.MADE,
            valid_until=national.UNTIL,
        ),
        national.maker().signer,
        national.maker().certificate,
        national.MADE,
    )
    value = SesSealer(esl, service.signer("SM2", of_seal), of_seal).sign(bytes(32), national.PATH, NOW)
    judged = check_signature(read_signature(value), paths=national.paths(), documents=None)
    assert judged.step("signature").outcome == "passed"
    assert judged.step("seal.signer").outcome == "passed"


def test_a_key_that_has_no_digest_to_send_is_refused(seals: Seals) -> None:
    public_key = SoftwareSigner.generate("Ed25519").public_key
    edwards = issue(LOG, DistinguishedName("测试日志", "测试市"), public_key, keys.root(), keys.SINCE, keys.UNTIL)
    with pytest.raises(SealKeyUnusable):
        seals.at.service().signer("ES256", edwards)


def test_a_process_that_dies_is_unavailable() -> None:
    with province() as found:
        one = certificate(found.public_keys["ES256"])
        found.certified(ES256=one)
        signer = found.service().signer("ES256", one)
        found.behave("killed")
        with pytest.raises(ForeignUnavailable):
            signer.sign(b"data")
        assert found.process.wait(10) == 1
