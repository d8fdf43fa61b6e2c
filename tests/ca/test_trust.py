import base64
import copy
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import rfc8785

from ca.errors import KeyMismatch, TrustListInvalid
from ca.keys import SoftwareSigner
from ca.trust import AllowedAlgorithm, algorithm_allowed, load_trust, sign_trust
from tests.ca.conftest import City
from tests.ca.house import NOW, YEAR, crl, issuing, openssl, pem, root, seal, trust_list

ROOT = root()
ISSUING = issuing(ROOT)
TRUST = replace(
    trust_list([ROOT], [ISSUING]),
    algorithms=(AllowedAlgorithm("ES256", date(2035, 12, 31)), AllowedAlgorithm("SHA-256", date(2040, 12, 31))),
    status_keys=(seal(ISSUING).certificate,),
)
FILE = sign_trust(TRUST, ROOT.certificate, ROOT.signer)


def test_a_trust_list_reads_as_it_was_made() -> None:
    loaded = load_trust(FILE, NOW)
    assert loaded == replace(TRUST, digest=loaded.digest)
    assert loaded.digest.startswith("sha-256:")


def test_the_ceremonys_list_holds_all_that_a_verifier_needs(city: City) -> None:
    ceremony, trust = city.ceremony, city.trust
    assert trust.name == "测试市电子证照信任列表"
    assert trust.anchors == (ceremony.root.cert_der,)
    assert trust.intermediates == (ceremony.issuing.cert_der,)
    assert trust.tsa == (ceremony.tsa.cert_der,)
    assert trust.status_keys == (ceremony.status.cert_der,)
    assert trust.receipt_keys == (ceremony.receipt.cert_der,)
    assert list(trust.log_keys) == ["elicence.test/log"]
    assert trust.log_keys["elicence.test/log"].startswith("elicence.test/log+")
    assert {algorithm.id for algorithm in trust.algorithms} >= {"ES256", "Ed25519", "SHA-256"}
    assert len(trust.crls) == 2


def test_openssl_believes_the_signature(tmp_path: Path) -> None:
    file = json.loads(FILE)
    (tmp_path / "signed").write_bytes(b"elicence/trust/v1\n" + rfc8785.dumps(file["trust"]))
    (tmp_path / "signature").write_bytes(base64.b64decode(file["signature"]["value"]))
    public = openssl("x509", "-in", pem(tmp_path / "anchor.pem", ROOT.certificate), "-pubkey", "-noout").stdout
    (tmp_path / "key").write_bytes(public)
    verified = openssl(
        *("dgst", "-sha256", "-verify", tmp_path / "key", "-signature", tmp_path / "signature", tmp_path / "signed")
    )
    assert verified.returncode == 0, verified.stdout


def test_fingerprints_are_those_that_openssl_shows(tmp_path: Path) -> None:
    path = pem(tmp_path / "anchor.pem", ROOT.certificate)
    shown = openssl("x509", "-in", path, "-fingerprint", "-sha256", "-noout").stdout.decode()
    assert shown.partition("=")[2].strip().replace(":", "").lower() == load_trust(FILE, NOW).anchor_fingerprints[0]


def test_a_list_that_ran_out_still_loads() -> None:
    loaded = load_trust(FILE, NOW + 2 * YEAR)
    assert loaded.is_current(NOW)
    assert loaded.is_current(loaded.valid_until)
    assert not loaded.is_current(loaded.valid_until + timedelta(seconds=1))
    assert not loaded.is_current(NOW - 2 * YEAR)


def test_a_list_from_the_future_is_refused() -> None:
    assert load_trust(FILE, TRUST.valid_from - timedelta(minutes=30))
    with pytest.raises(TrustListInvalid, match="clock"):
        load_trust(FILE, TRUST.valid_from - timedelta(hours=2))


def test_algorithms_end_with_their_day() -> None:
    last = datetime(2035, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert algorithm_allowed(TRUST, "ES256", last)
    assert not algorithm_allowed(TRUST, "ES256", last + timedelta(seconds=1))
    assert not algorithm_allowed(TRUST, "RS1", NOW)


def test_only_an_anchor_inside_may_sign() -> None:
    other = root()
    with pytest.raises(KeyMismatch):
        sign_trust(TRUST, other.certificate, other.signer)
    with pytest.raises(KeyMismatch):
        sign_trust(TRUST, ROOT.certificate, SoftwareSigner.generate("ES256"))


def signed_by_hand(change: Callable[[dict[str, Any]], object]) -> bytes:
    """Change the contents and sign them again, as an attacker with the anchor's key, or a broken tool, would."""
    contents = copy.deepcopy(json.loads(FILE)["trust"])
    change(contents)
    value = ROOT.signer.sign(b"elicence/trust/v1\n" + rfc8785.dumps(contents))
    anchor = base64.b64encode(ROOT.certificate).decode()
    signature = {"alg": "ES256", "certificate": anchor, "value": base64.b64encode(value).decode()}
    return json.dumps({"trust": contents, "signature": signature}).encode()


def test_signing_by_hand_works() -> None:
    assert load_trust(signed_by_hand(lambda contents: None), NOW) == load_trust(FILE, NOW)


LEAF = base64.b64encode(seal(ROOT).certificate).decode()
BAD_CONTENTS: dict[str, Callable[[dict[str, Any]], object]] = {
    "an unknown member": lambda contents: contents.update(comment="x"),
    "a missing member": lambda contents: contents.pop("crls"),
    "another format": lambda contents: contents.update(format="elicence/trust/v2"),
    "no anchors": lambda contents: contents.update(anchors=[]),
    "an anchor that is no certificate": lambda contents: contents["anchors"].append("AAAA"),
    "a list that is no list": lambda contents: contents["crls"].append("AAAA"),
    "a name of another type": lambda contents: contents.update(name=7),
    "a time with a fraction": lambda contents: contents.update(valid_from="2026-11-22T08:30:15.5Z"),
    "an algorithm with an unknown member": lambda contents: contents["algorithms"][0].update(since="2020-01-01"),
    "an algorithm with a date that is none": lambda contents: contents["algorithms"][0].update(until="2035-02-30"),
    "from before its anchor": lambda contents: contents.update(valid_from="2020-01-01T00:00:00Z"),
}


@pytest.mark.parametrize("change", BAD_CONTENTS.values(), ids=BAD_CONTENTS.keys())
def test_other_contents_are_refused_even_if_signed(change: Callable[[dict[str, Any]], object]) -> None:
    with pytest.raises(TrustListInvalid):
        load_trust(signed_by_hand(change), NOW)


def test_an_end_entity_does_not_make_a_trust_list() -> None:
    leaf = seal(ROOT)
    trust = trust_list([leaf], crls=[crl(ROOT)])
    with pytest.raises(TrustListInvalid, match="authority"):
        load_trust(sign_trust(trust, leaf.certificate, leaf.signer), NOW)


def test_a_strangers_signature_is_refused() -> None:
    stranger = root()
    mine = json.loads(FILE)
    theirs = json.loads(sign_trust(trust_list([stranger]), stranger.certificate, stranger.signer))
    for signature in (theirs["signature"], mine["signature"] | {"value": theirs["signature"]["value"]}):
        with pytest.raises(TrustListInvalid):
            load_trust(json.dumps({"trust": mine["trust"], "signature": signature}).encode(), NOW)
    with pytest.raises(TrustListInvalid):
        load_trust(json.dumps({"trust": mine["trust"], "signature": mine["signature"] | {"alg": "none"}}).encode(), NOW)


def test_the_form_on_the_page_does_not_matter_but_the_contents_do() -> None:
    file = json.loads(FILE)
    assert load_trust(json.dumps(file, sort_keys=True).encode(), NOW) == load_trust(FILE, NOW)


def test_every_changed_byte_is_found_or_changes_nothing() -> None:
    good = load_trust(FILE, NOW)
    unchanged = 0
    for position in range(len(FILE)):
        changed = bytearray(FILE)
        changed[position] ^= 0x01
        try:
            loaded = load_trust(bytes(changed), NOW)
        except TrustListInvalid:
            continue
        unchanged += 1
        assert loaded == good
        assert chr(FILE[position]).isspace(), "only white space may differ"
    assert unchanged < len(FILE) // 20


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"null", b'{"trust": 1, "signature": 1}', b"\xff", b"{" * 10_000])
def test_garbage_is_refused(data: bytes) -> None:
    with pytest.raises(TrustListInvalid):
        load_trust(data, NOW)
