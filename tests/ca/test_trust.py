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
from cryptography.x509.oid import ExtendedKeyUsageOID

from ca.errors import KeyMismatch, TrustListInvalid
from ca.judging.trust import AllowedAlgorithm, SealMaker, algorithm_allowed, load_trust, sign_trust
from ca.keys.software_signer import SoftwareSigner
from ca.reading.certificate_reader import read_certificate
from ca.reading.crl_reader import Revoked, read_crl
from ca.writing.certificates import Authority
from ledger.signing import SignatureAlgorithm
from tests.ca.conftest import City
from tests.ca.house import (
    CA_USAGE,
    NOW,
    STATUS_USAGE,
    TSL_SIGNING,
    YEAR,
    certify,
    crl,
    issuing,
    openssl,
    pem,
    root,
    seal,
    trust_list,
    trust_signer,
)

ROOT = root()
ISSUING = issuing(ROOT)
SIGNER = trust_signer(ROOT)
TRUST = replace(
    trust_list([ROOT], [ISSUING]),
    algorithms=(AllowedAlgorithm("ES256", date(2035, 12, 31)), AllowedAlgorithm("SHA-256", date(2040, 12, 31))),
    status_keys=(seal(ISSUING).certificate,),
)
FILE = sign_trust(TRUST, SIGNER.certificate, SIGNER.signer)


@pytest.mark.parametrize("number", [1, 2**53 - 1])
def test_number_and_makers_read_as_they_were_made(number: int) -> None:
    makers = tuple(SealMaker(f"测试制章 {one}", seal(ISSUING).certificate) for one in range(2))
    trust = replace(TRUST, number=number, seal_makers=makers)
    loaded = load_trust(sign_trust(trust, SIGNER.certificate, SIGNER.signer), NOW)
    assert (loaded.number, loaded.seal_makers) == (number, makers)


def test_a_trust_list_reads_as_it_was_made() -> None:
    loaded = load_trust(FILE, NOW)
    assert loaded == replace(TRUST, digest=loaded.digest, signer=SIGNER.certificate)
    assert loaded.digest.startswith("sha-256:")


def test_the_ceremonys_list_holds_all_that_a_verifier_needs(city: City) -> None:
    ceremony, trust = city.ceremony, city.trust
    assert trust.name == "测试市电子证照信任列表"
    made = {name: one.cert_der for name, one in ceremony.certificates.items()}
    assert trust.anchors == (made["root"], made["national-root"])
    assert set(trust.intermediates) == {der for name, der in made.items() if "issuing-" in name}
    assert trust.tsa == (made["timestamp"], made["national-timestamp"])
    assert (trust.status_keys, trust.receipt_keys) == ((made["status"],), (made["receipt"],))
    assert list(trust.log_keys) == ["elicence.test/log"]
    assert trust.log_keys["elicence.test/log"].startswith("elicence.test/log+")
    assert {algorithm.id for algorithm in trust.algorithms} >= {"ES256", "Ed25519", "SHA-256", "SM2", "SM3"}
    assert len(trust.crls) == len(ceremony.authorities()) == 8


def test_the_lists_inside_last_as_long_as_the_list(city: City) -> None:
    for made in map(read_crl, city.trust.crls):
        assert made.this_update == city.trust.valid_from
        assert made.next_update is not None
        assert made.next_update >= city.trust.valid_until
    assert city.trust.valid_until == city.trust.valid_from + timedelta(days=366)


def test_the_ceremonys_list_is_numbered_and_names_the_maker_of_seals(city: City) -> None:
    maker = city.ceremony.certificates["national-seal-maker"].cert_der
    assert city.trust.number == int(NOW.timestamp())
    assert city.trust.seal_makers == (SealMaker("C=CN, O=测试市数据局, CN=测试市电子印章制作 M1", maker),)
    file = json.loads(city.ceremony.trust)["trust"]
    assert file["seal_makers"] == [
        {"name": "C=CN, O=测试市数据局, CN=测试市电子印章制作 M1", "certificate": base64.b64encode(maker).decode()}
    ]


def test_a_list_of_an_earlier_release_has_no_number_and_believes_no_maker() -> None:
    assert not {"number", "seal_makers", "foreign"} & json.loads(FILE)["trust"].keys()
    loaded = load_trust(FILE, NOW)
    assert (loaded.number, loaded.seal_makers) == (0, ())


def test_openssl_believes_the_signature(tmp_path: Path) -> None:
    file = json.loads(FILE)
    (tmp_path / "signed").write_bytes(b"elicence/trust/v1\n" + rfc8785.dumps(file["trust"]))
    (tmp_path / "signature").write_bytes(base64.b64decode(file["signature"]["value"]))
    public = openssl("x509", "-in", pem(tmp_path / "signer.pem", SIGNER.certificate), "-pubkey", "-noout").stdout
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


def test_a_key_signs_only_by_its_own_certificate() -> None:
    with pytest.raises(KeyMismatch):
        sign_trust(TRUST, SIGNER.certificate, SoftwareSigner.generate("ES256"))


def signed_by_hand(change: Callable[[dict[str, Any]], object]) -> bytes:
    """Change the contents and sign them again, as an attacker with the key, or a broken tool, would."""
    contents = copy.deepcopy(json.loads(FILE)["trust"])
    change(contents)
    value = SIGNER.signer.sign(b"elicence/trust/v1\n" + rfc8785.dumps(contents))
    certificate = base64.b64encode(SIGNER.certificate).decode()
    signature = {"alg": "ES256", "certificate": certificate, "value": base64.b64encode(value).decode()}
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
    "a number below one": lambda contents: contents.update(number=0),
    "a number that is a truth": lambda contents: contents.update(number=True),
    "a number with a fraction": lambda contents: contents.update(number=1.5),
    "a maker without a name": lambda contents: contents.update(seal_makers=[{"certificate": LEAF}]),
    "a maker with a name that is none": lambda contents: contents.update(
        seal_makers=[{"name": "", "certificate": LEAF}]
    ),
    "a maker with an unknown member": lambda contents: contents.update(
        seal_makers=[{"name": "测试制章", "certificate": LEAF, "until": "2035"}]
    ),
    "a maker that is no certificate": lambda contents: contents.update(
        seal_makers=[{"name": "测试制章", "certificate": "AAAA"}]
    ),
    "makers that are no list": lambda contents: contents.update(seal_makers={}),
    "from before its signer": lambda contents: contents.update(valid_from="2020-01-01T00:00:00Z"),
}


@pytest.mark.parametrize("change", BAD_CONTENTS.values(), ids=BAD_CONTENTS.keys())
def test_other_contents_are_refused_even_if_signed(change: Callable[[dict[str, Any]], object]) -> None:
    with pytest.raises(TrustListInvalid):
        load_trust(signed_by_hand(change), NOW)


@pytest.mark.parametrize("number", [2**53, 10**4000, -1])
def test_a_number_that_has_no_one_spelling_is_refused_before_it_is_spelt(number: int) -> None:
    file = json.loads(FILE)
    file["trust"]["number"] = number
    with pytest.raises(TrustListInvalid, match="out of range"):
        load_trust(json.dumps(file).encode(), NOW)


def signed_by(signer: Authority, **changes: Any) -> bytes:
    return sign_trust(replace(TRUST, **changes), signer.certificate, signer.signer)


REVOKED = Revoked(read_certificate(SIGNER.certificate).serial_number, NOW - 2 * YEAR, "keyCompromise")
OTHER_ROOT = root()
WRONG_SIGNERS: dict[str, tuple[Callable[[], bytes], str]] = {
    "the anchor itself": (lambda: signed_by(ROOT), "may not"),
    "a seal": (lambda: signed_by(seal(ROOT)), "may not"),
    "a timestamp authority": (
        lambda: signed_by(trust_signer(ROOT, purposes=(ExtendedKeyUsageOID.TIME_STAMPING,))),
        "may not",
    ),
    "one with a second purpose": (
        lambda: signed_by(trust_signer(ROOT, purposes=(TSL_SIGNING, ExtendedKeyUsageOID.TIME_STAMPING))),
        "may not",
    ),
    "an authority with the purpose": (
        lambda: signed_by(trust_signer(ROOT, usage=CA_USAGE | STATUS_USAGE, ca=True)),
        "may not",
    ),
    "one without the usage": (lambda: signed_by(trust_signer(ROOT, usage=None)), "may not"),
    "one below an issuing authority": (lambda: signed_by(trust_signer(ISSUING)), "no anchor"),
    "a stranger's": (lambda: signed_by(trust_signer(OTHER_ROOT)), "no anchor"),
    "one that begins later": (lambda: signed_by(trust_signer(ROOT, begin=NOW)), "not valid"),
    "one that had expired": (
        lambda: signed_by(trust_signer(ROOT, begin=NOW - 3 * YEAR, end=NOW - 2 * YEAR)),
        "not valid",
    ),
    "a revoked one": (
        lambda: signed_by(SIGNER, crls=(crl(ROOT, [REVOKED]), crl(ISSUING))),
        "revoked",
    ),
    "a revoked one that leaves the lists out": (lambda: signed_by(SIGNER, crls=()), "no revocation list"),
    "one that takes a list from before": (
        lambda: signed_by(SIGNER, crls=(crl(ROOT, (), NOW - 3 * YEAR, NOW - 2 * YEAR), crl(ISSUING))),
        "no revocation list",
    ),
    "one that ends before the list": (lambda: signed_by(trust_signer(ROOT, end=NOW)), "longer than its signer"),
    "one on hold": (
        lambda: signed_by(SIGNER, crls=(crl(ROOT, [replace(REVOKED, reason="certificateHold")]), crl(ISSUING))),
        "revoked",
    ),
}


@pytest.mark.parametrize(("make", "reason"), WRONG_SIGNERS.values(), ids=WRONG_SIGNERS.keys())
def test_only_whom_an_anchor_inside_has_charged_may_sign(make: Callable[[], bytes], reason: str) -> None:
    with pytest.raises(TrustListInvalid, match=reason):
        load_trust(make(), NOW)


def test_a_signer_that_was_revoked_later_made_a_good_list() -> None:
    later = replace(REVOKED, at=NOW, reason="superseded")
    assert load_trust(signed_by(SIGNER, crls=(crl(ROOT, [later]), crl(ISSUING))), NOW)


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "RS256", "SM2"])
def test_the_signature_may_be_of_any_algorithm_that_the_list_allows(algorithm: SignatureAlgorithm) -> None:
    anchor = certify("测试根", None, usage=CA_USAGE, ca=True, signer=SoftwareSigner.generate(algorithm))
    signer = trust_signer(anchor, signer=SoftwareSigner.generate(algorithm))
    trust = replace(trust_list([anchor]), algorithms=(AllowedAlgorithm(algorithm, date(2035, 12, 31)),))
    assert load_trust(sign_trust(trust, signer.certificate, signer.signer), NOW).anchors == (anchor.certificate,)


def test_a_strangers_signature_is_refused() -> None:
    stranger = root()
    other = trust_signer(stranger)
    mine = json.loads(FILE)
    theirs = json.loads(sign_trust(trust_list([stranger]), other.certificate, other.signer))
    for signature in (theirs["signature"], mine["signature"] | {"value": theirs["signature"]["value"]}):
        with pytest.raises(TrustListInvalid):
            load_trust(json.dumps({"trust": mine["trust"], "signature": signature}).encode(), NOW)
    for algorithm in ("none", "ES384", "SM2"):
        signature = mine["signature"] | {"alg": algorithm}
        with pytest.raises(TrustListInvalid):
            load_trust(json.dumps({"trust": mine["trust"], "signature": signature}).encode(), NOW)


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
