import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import rfc8785

from ca.ceremonies.errors import TranscriptInvalid
from ca.ceremonies.transcript import read_transcript, sha256, sign_session, verify_transcript, write_transcript
from ca.ceremonies.transcript_text import as_text
from ca.reading.certificate_reader import read_certificate
from tests.ca import sm2_verifier
from tests.ca.conftest import City
from tests.ca.house import NOW, openssl, pem

DOMAIN = b"elicence/ceremony/v1\n"


def certificates(city: City) -> dict[str, bytes]:
    return {name: one.cert_der for name, one in city.ceremony.certificates.items()}


def plan(city: City) -> bytes:
    return (city.ring.path / "plan.json").read_bytes()


def test_the_first_session_names_everything_that_was_made(city: City) -> None:
    (session,) = verify_transcript(city.ceremony.transcript, certificates(city), plan(city))
    assert (session.number, session.purpose, session.previous_sha256) == (1, "founding", None)
    assert session.held_at == NOW.replace(microsecond=0)
    named = {kind: {act.name for act in session.acts if act.kind == kind} for kind in ("key", "certificate", "crl")}
    assert named["certificate"] == set(city.ceremony.certificates)
    assert named["key"] == {*city.ceremony.certificates, "log"}
    assert named["crl"] == set(city.ceremony.crls)
    digests = {(act.kind, act.name): act.sha256 for act in session.acts}
    for name, certificate in certificates(city).items():
        assert digests["certificate", name] == sha256(certificate)
        assert digests["key", name] == sha256(read_certificate(certificate).public_key)
    for name, crl in city.ceremony.crls.items():
        assert digests["crl", name] == sha256(crl)
    assert digests["trust", "测试市电子证照信任列表"] == sha256(city.ceremony.trust)
    places = {act.name: act.details["place"] for act in session.acts if act.kind == "key"}
    assert {name for name, place in places.items() if place == "offline"} == {"root", "national-root"}


def test_others_tools_believe_both_signatures(city: City, tmp_path: Path) -> None:
    """Openssl the international one, a verifier that shares no code with ours the national one."""
    file = json.loads((city.ring.path / "transcript.json").read_bytes())["sessions"][0]
    signed = DOMAIN + rfc8785.dumps(file["session"])
    values = {one["key"]: one for one in file["signatures"]}
    assert {name: one["algorithm"] for name, one in values.items()} == {"root": "ES256", "national-root": "SM2"}
    signatures = {one.key_name: one.value for one in read_transcript(city.ceremony.transcript)[0].signatures}
    (tmp_path / "signed").write_bytes(signed)
    (tmp_path / "signature").write_bytes(signatures["root"])
    path = pem(tmp_path / "root.pem", city.ceremony.root.cert_der)
    (tmp_path / "key").write_bytes(openssl("x509", "-in", path, "-pubkey", "-noout").stdout)
    verified = openssl(
        *("dgst", "-sha256", "-verify", tmp_path / "key", "-signature", tmp_path / "signature", tmp_path / "signed")
    )
    assert verified.returncode == 0, verified.stdout
    national = read_certificate(city.ceremony.certificates["national-root"].cert_der).public_key
    assert sm2_verifier.verify(national, signed, signatures["national-root"])
    assert not sm2_verifier.verify(national, signed + b" ", signatures["national-root"])


def test_digests_are_those_that_openssl_shows(city: City, tmp_path: Path) -> None:
    path = pem(tmp_path / "seal.pem", city.ceremony.seals["market"].cert_der)
    shown = openssl("x509", "-in", path, "-fingerprint", "-sha256", "-noout").stdout.decode()
    digest = shown.partition("=")[2].strip().replace(":", "").lower()
    assert digest in (city.ring.path / "transcript.txt").read_text()


def test_people_can_read_it(city: City) -> None:
    text = (city.ring.path / "transcript.txt").read_text()
    sessions = read_transcript(city.ceremony.transcript)
    assert text == as_text(sessions)
    for name in city.ceremony.certificates:
        assert f"key made: {name}\n" in text
        assert f"certificate: {name}\n" in text
    witnessed = as_text([replace(sessions[0], witnesses=("测试见证人",))])
    assert "见证 witness  测试见证人" in witnessed


def test_it_reads_as_it_was_written(city: City) -> None:
    assert write_transcript(read_transcript(city.ceremony.transcript)) == city.ceremony.transcript


Change = Callable[[dict[str, Any]], object]
CHANGES: dict[str, Change] = {
    "an act left out": lambda file: file["session"]["acts"].pop(0),
    "a certificate left out": lambda file: file["session"]["acts"].pop(1),
    "another place": lambda file: file["session"]["acts"][0]["details"].update(place="folder"),
    "another time": lambda file: file["session"].update(held_at="2026-11-21T08:30:15Z"),
    "another number": lambda file: file["session"].update(number=2),
    "another witness": lambda file: file["session"].update(witnesses=["测试"]),
    "another plan": lambda file: file["session"].update(plan_sha256="0" * 64),
    "a session before it": lambda file: file["session"].update(previous_sha256="0" * 64),
    "no signature": lambda file: file["signatures"].clear(),
    "one root's signature only": lambda file: file["signatures"].pop(),
    "a signature twice": lambda file: file["signatures"].append(file["signatures"][0]),
    "another's signature": lambda file: file["signatures"][0].update(key="trust"),
    "another algorithm": lambda file: file["signatures"][0].update(algorithm="ES384"),
    "no algorithm of ours": lambda file: file["signatures"][0].update(algorithm="none"),
    "signatures exchanged": lambda file: file["signatures"][0].update(value=file["signatures"][1]["value"]),
    "an unknown act": lambda file: file["session"]["acts"][0].update(act="burnt"),
    "an unknown member": lambda file: file["session"].update(comment="x"),
    "a missing member": lambda file: file["session"].pop("purpose"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_changed_transcript_is_told(city: City, change: Change) -> None:
    file = json.loads(city.ceremony.transcript)
    change(file["sessions"][0])
    with pytest.raises(TranscriptInvalid):
        verify_transcript(json.dumps(file).encode(), certificates(city), plan(city))


def test_every_changed_byte_is_found_or_changes_nothing(city: City) -> None:
    data = city.ceremony.transcript
    good = read_transcript(data)
    for position in range(0, len(data), 37):
        changed = bytearray(data)
        changed[position] ^= 0x01
        try:
            found = verify_transcript(bytes(changed), certificates(city), plan(city))
        except TranscriptInvalid:
            continue
        assert found == good
        assert chr(data[position]).isspace(), "only white space may differ"


def test_certificates_and_plan_must_be_those_that_were_made(city: City) -> None:
    held, made = city.ceremony.transcript, certificates(city)
    for wrong in (
        {name: der for name, der in made.items() if name != "trust"},
        {**made, "trust": made["status"]},
        {**made, "root": made["national-root"]},
    ):
        with pytest.raises(TranscriptInvalid):
            verify_transcript(held, wrong, plan(city))
    with pytest.raises(TranscriptInvalid):
        verify_transcript(held, made, plan(city) + b" ")


def test_only_roots_sign(city: City) -> None:
    (session,) = read_transcript(city.ceremony.transcript)
    stranger = sign_session(
        session, {"root": city.ring.signer("trust"), "national-root": city.offline.signer("national-root")}
    )
    with pytest.raises(TranscriptInvalid, match="signature of root"):
        verify_transcript(write_transcript([stranger]), certificates(city), plan(city))


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[]", b'{"format": "elicence/ceremony/v1", "sessions": []}', b"\xff", b"{" * 10_000]
)
def test_garbage_is_refused(data: bytes) -> None:
    with pytest.raises(TranscriptInvalid):
        read_transcript(data)
