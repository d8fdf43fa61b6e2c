import os
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ca.algorithms.digests import compute
from ca.encoding import der, oids, pem
from ca.keys.software_signer import SoftwareSigner
from ca.reading.certificate_reader import read_certificate
from ca.timestamping.token import read_token
from ca.writing import profiles
from ca.writing.certificates import DistinguishedName, issue
from ledger.signing import SignatureAlgorithm
from seals.models import SEAL_KINDS
from seals.ses import schema
from seals.ses.errors import SesRefused
from seals.ses.reader import SesExtension, read_seal, read_signature
from seals.ses.writer import KINDS, SesDesign, SesSealer, make_seal, sign_document
from tests.seals import ses_makers as makers
from tests.seals.keys import NOW, seal_keys
from tests.seals.national import (
    BUREAU,
    DAY,
    DOCUMENT,
    ES_ID,
    MADE,
    PATH,
    PNG,
    SINCE,
    UNTIL,
    Party,
    bureau,
    design,
    esl,
    issuing,
    maker,
    party,
    sealer,
    stranger,
)
from tests.seals.outside_tools import run

DIGEST = compute("SM3", DOCUMENT)


def openssl_verifies(folder: Path, certificate: bytes, signed: bytes, signature: bytes) -> str:
    (folder / "key.pem").write_text(pem_text("PUBLIC KEY", read_certificate(certificate).public_key))
    (folder / "signed").write_bytes(signed)
    (folder / "signature").write_bytes(signature)
    return run(
        *("openssl", "pkeyutl", "-verify", "-rawin", "-digest", "sm3", "-pkeyopt", "distid:1234567812345678"),
        *("-pubin", "-inkey", folder / "key.pem", "-in", folder / "signed", "-sigfile", folder / "signature"),
    )


def pem_text(label: str, data: bytes) -> str:
    return pem.encode(label, data).decode()


def test_openssl_verifies_seal_and_signature(tmp_path: Path) -> None:
    """The signed bytes are taken by another reader of ASN.1, not by ours."""
    whole = schema.SignatureV4.load(sealer().sign(DIGEST, PATH, NOW))
    seal = whole["to_sign"]["eseal"]
    for certificate, signed, value in (
        (seal["cert"].native, seal["eseal_info"].dump(), seal["signed_value"].native),
        (whole["cert"].native, whole["to_sign"].dump(), whole["signature"].native),
    ):
        assert "Verified Successfully" in openssl_verifies(tmp_path, certificate, signed, value)


def test_openssl_reads_the_structure(tmp_path: Path) -> None:
    (tmp_path / "seal.esl").write_bytes(esl())
    shown = run("openssl", "asn1parse", "-inform", "DER", "-in", tmp_path / "seal.esl")
    for word in (f"IA5STRING         :{ES_ID}", "GENERALIZEDTIME   :20261024083000Z", ":SM2-with-SM3", "UTF8STRING"):
        assert word in shown


def test_what_we_write_is_what_another_encoder_writes() -> None:
    """Every member of ours, encoded again from its value by asn1crypto, gives the same bytes."""
    said = SesExtension("1.2.3.4", critical=False, value=b"x"), SesExtension("1.2.3.5", critical=True, value=b"")
    with_extensions = make_seal(replace(design(), extensions=said), maker().signer, maker().certificate, MADE)
    for data in (esl(), with_extensions):
        seal = schema.SealV4.load(data)
        seal.native  # noqa: B018 - reads all of it
        assert seal.dump(force=True) == data
    assert read_seal(with_extensions).extensions == said


@pytest.mark.parametrize("stamped", [False, True])
def test_a_signature_says_what_was_asked(stamped: bool) -> None:  # noqa: FBT001
    found = read_signature(sealer(stamped=stamped).sign(DIGEST, PATH, NOW + timedelta(microseconds=999_999)))
    assert (found.faults, found.signed_at, found.data_hash, found.property_info) == ((), NOW, DIGEST, PATH)
    assert found.seal.der == esl()
    assert (found.timestamp is not None) == stamped
    if found.timestamp is not None:
        token = read_token(found.timestamp)
        assert (token.hash_algorithm, token.imprint) == ("SM3", compute("SM3", found.signature_value))


def test_one_document_is_sealed_by_one_call() -> None:
    data = sign_document(esl(), bureau().signer, bureau().certificate, DIGEST, PATH, NOW)
    assert read_signature(data).covers(DOCUMENT)


def test_every_kind_of_the_register_has_a_number() -> None:
    assert set(KINDS) == set(SEAL_KINDS)
    for kind in KINDS.values():
        made = make_seal(replace(design(), kind=kind), maker().signer, maker().certificate, MADE)
        assert read_seal(made).kind == kind


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"es_id": "9901010000001"}, "es_id"),
        ({"es_id": "９９０１０１００００００００1"}, "es_id"),
        ({"kind": 7}, "kind"),
        ({"name": " "}, "name"),
        ({"name": "测试\n章"}, "name"),
        ({"picture": b"GIF89a"}, "picture"),
        ({"picture": b""}, "picture"),
        ({"width_mm": 0}, "picture_size"),
        ({"height_mm": 101}, "picture_size"),
        ({"certificates": ()}, "certificates"),
        ({"certificates": (b"x",)}, "certificate_key"),
        ({"valid_from": MADE.replace(tzinfo=None), "valid_until": MADE.replace(tzinfo=None)}, "validity"),
        ({"valid_from": MADE + timedelta(microseconds=1)}, "validity"),
        ({"valid_until": MADE}, "validity"),
        ({"valid_from": MADE - 2 * DAY, "valid_until": MADE - DAY}, "validity"),
        ({"vendor": "供应商"}, "vendor"),
    ],
)
def test_a_faulty_design_makes_no_seal(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(SesRefused) as caught:
        make_seal(replace(design(), **changes), maker().signer, maker().certificate, MADE)
    assert caught.value.reason == reason


def test_a_signer_is_named_once_and_has_an_sm2_key() -> None:
    for certificates, reason in (
        ((bureau().certificate,) * 2, "certificates"),
        ((seal_keys().chain[0],), "certificate_key"),
    ):
        with pytest.raises(SesRefused) as caught:
            make_seal(replace(design(), certificates=certificates), maker().signer, maker().certificate, MADE)
        assert caught.value.reason == reason


def test_only_the_maker_makes_a_seal() -> None:
    short = party(DistinguishedName("测试旧中心", "测试市"), profiles.PERSON, until=SINCE + DAY)
    for signer, certificate, reason in (
        (seal_keys().signer, seal_keys().chain[0], "algorithm"),
        (bureau().signer, maker().certificate, "key_of_another_certificate"),
        (maker().signer, b"none", "certificate"),
        (short.signer, short.certificate, "outside_validity"),
    ):
        with pytest.raises(SesRefused) as caught:
            make_seal(design(), signer, certificate, MADE + DAY)
        assert caught.value.reason == reason


class Faulty:
    """A device that signs something else."""

    algorithm: SignatureAlgorithm = "SM2"

    def __init__(self, signer: SoftwareSigner) -> None:
        self._signer = signer
        self.public_key = signer.public_key

    def sign(self, data: bytes) -> bytes:
        return self._signer.sign(data + b"x")


def test_a_device_that_signs_badly_makes_no_seal() -> None:
    with pytest.raises(SesRefused) as caught:
        make_seal(design(), Faulty(maker().signer), maker().certificate, MADE)
    assert caught.value.reason == "signature"


def test_only_the_named_certificate_seals() -> None:
    same_key = Party(bureau().signer, renewed(bureau()))
    for who, reason in ((stranger(), "signer_not_named"), (same_key, "signer_not_named")):
        with pytest.raises(SesRefused) as caught:
            SesSealer(esl(), who.signer, who.certificate)
        assert caught.value.reason == reason
    with pytest.raises(SesRefused) as caught:
        SesSealer(esl(), stranger().signer, bureau().certificate)
    assert caught.value.reason == "key_of_another_certificate"


def renewed(who: Party) -> bytes:
    """Another certificate of the same key and name."""
    return issue(profiles.SEAL, DistinguishedName(ES_ID, BUREAU), who.signer.public_key, issuing(), SINCE, UNTIL)


def test_a_seal_that_is_not_whole_seals_nothing() -> None:
    forged = esl().replace("不动产".encode(), "动不产".encode())
    with pytest.raises(SesRefused) as caught:
        SesSealer(forged, bureau().signer, bureau().certificate)
    assert caught.value.reason == "seal_signature"


@pytest.mark.parametrize(
    "style",
    [
        makers.V5,
        makers.styled(makers.V4, raw_signatures=True, picture_type="png"),
        makers.styled(makers.V4, digests="SM3"),
    ],
)
def test_a_seal_of_another_maker_seals(style: makers.Style) -> None:
    other = makers.seal(style)
    found = read_signature(SesSealer(other, bureau().signer, bureau().certificate).sign(DIGEST, PATH, NOW))
    assert found.seal.der == other
    assert (found.faults, found.version) == ((), style.version)
    assert found.signature_valid()


def test_a_seal_of_the_old_form_is_only_read() -> None:
    with pytest.raises(SesRefused) as caught:
        SesSealer(makers.seal(makers.V1), bureau().signer, bureau().certificate)
    assert caught.value.reason == "seal_form"


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        (lambda one: one.sign(DIGEST[:-1], PATH, NOW), "digest_size"),
        (lambda one: one.sign(DIGEST, "/路径.xml", NOW), "property_info"),
        (lambda one: one.sign(DIGEST, PATH, MADE - timedelta(seconds=1)), "outside_validity"),
        (lambda one: one.sign(DIGEST, PATH, design().valid_until + timedelta(seconds=1)), "outside_validity"),
    ],
)
def test_a_wrong_use_is_refused(act: Callable[[SesSealer], bytes], reason: str) -> None:
    with pytest.raises(SesRefused) as caught:
        act(sealer())
    assert caught.value.reason == reason


def test_the_certificates_end_is_the_seals_end() -> None:
    brief = party(DistinguishedName(ES_ID, "11990100MB9T00011N测试局"), until=NOW - DAY)
    made = make_seal(replace(design(), certificates=(brief.certificate,)), maker().signer, maker().certificate, MADE)
    with pytest.raises(SesRefused) as caught:
        SesSealer(made, brief.signer, brief.certificate).sign(DIGEST, PATH, NOW)
    assert caught.value.reason == "outside_validity"


def test_large_pictures_and_every_digest_survive() -> None:
    for size in (0, 100, 200, 70_000):
        picture = PNG + os.urandom(size)
        wanted = SesDesign(**{name: getattr(design(), name) for name in design().__slots__} | {"picture": picture})
        made = make_seal(wanted, maker().signer, maker().certificate, MADE)
        assert read_seal(made).picture.data == picture
        digest = os.urandom(32)
        assert (
            read_signature(SesSealer(made, bureau().signer, bureau().certificate).sign(digest, PATH, NOW)).data_hash
            == digest
        )


def test_the_algorithm_is_the_nations() -> None:
    assert der.oid(oids.SM2_WITH_SM3) in esl()
