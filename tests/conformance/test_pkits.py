"""NIST's Public Key Interoperability Test Suite: every case with its verdict, by the engine that judges our own paths.

Data: `cryptography_vectors`; verdicts: ELICENCE_VECTORS/pkits. Each case is judged twice: with the material that
its description names, and out of one bag that holds everything of all cases. What differs from NIST's verdict stands in
DEVIATIONS and in docs/pkits.md.
"""

import json
import os
import re
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

import cryptography_vectors
import pytest

from ca.encoding import oids
from ca.errors import CertificateInvalid
from ca.judging.path_building import Bag
from ca.judging.path_reasons import REASONS
from ca.judging.path_validation import Judgement, Question, validate
from ca.judging.policy_tree import PolicyRules
from ca.reading.certificate_reader import read_certificate

Case = dict[str, Any]

DATA: Final = Path(cryptography_vectors.__path__[0]) / "x509" / "PKITS_data"
VECTORS: Final = Path(os.environ.get("ELICENCE_VECTORS", Path(__file__).parents[3] / "shared" / "vectors")) / "pkits"
DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "pkits.md"
AT: Final = datetime(2026, 11, 22, tzinfo=UTC)
TESTS: Final = (6, 8, 11, 21, 8, 17, 5, 20, 8, 14, 11, 10, 38, 35, 10, 2)
"""How many tests each of the sections 4.1 to 4.16 has."""

REVOCATION: Final = {
    "InsufficientRevinfoError": "revocation_unknown",
    "StaleRevinfoError": "revocation_unknown",
    "RevokedError": "revoked",
}
STRUCTURE: Final = {
    "could not be verified": "no_chain",
    "is not valid until": "not_yet_valid",
    "expired": "expired",
    "issuer name could not be matched": "no_chain",
    "is not a CA": "not_an_authority",
    "exceeds the maximum path length": "path_too_long",
    "not allowed to sign certificates": "not_an_authority",
    "no valid set of policies": "policy",
    "policy mapping for": "policy_mapping",
    "not all names": "name_constraints",
    "some names": "name_constraints",
    "unsupported critical extension": "unknown_extension",
}
DEVIATIONS: Final = {
    # A signature of a whole number of octets with unused bits: no signature at all, whatever its value
    "40106": "unreadable",
    # "could not tell", because a hold may be lifted and reach the past
    "41416": "on_hold",
}


def _load(name: str) -> list[Case]:
    path = VECTORS / name
    return json.loads(path.read_text()) if path.is_file() else []


CASES: Final = _load("pkits.json")
NOTICES: Final = _load("pkits-user-notice.json")
FORMS = pytest.mark.parametrize("everything", [False, True], ids=["own material", "one bag"])


@cache
def _certificate(name: str) -> bytes:
    return (DATA / "certs" / name).read_bytes()


@cache
def _crl(name: str) -> bytes:
    return (DATA / "crls" / name).read_bytes()


@cache
def _all(folder: str) -> tuple[bytes, ...]:
    return tuple(path.read_bytes() for path in sorted((DATA / folder).iterdir()) if path.suffix in {".crt", ".crl"})


@cache
def _bag(helpers: tuple[bytes, ...]) -> Bag:
    return Bag.of([_certificate("TrustAnchorRootCertificate.crt")], helpers)


def _rules(case: Case) -> PolicyRules:
    asked = case.get("params", {})
    return PolicyRules(
        initial=frozenset(asked.get("user_initial_policy_set", [oids.ANY_POLICY])),
        explicit=asked.get("initial_explicit_policy", False),
        inhibit_mapping=asked.get("initial_policy_mapping_inhibit", False),
        inhibit_any=asked.get("initial_any_policy_inhibit", False),
    )


def _judge(case: Case, *, everything: bool) -> Judgement:
    try:
        leaf = read_certificate(_certificate(case["cert"]))
    except CertificateInvalid:
        return Judgement("unreadable", ())
    # Nobody sorts a bag: the helpers come in the order opposite to the path's.
    helpers = _all("certs") if everything else tuple(map(_certificate, reversed(case.get("other_certs", []))))
    crls = _all("crls") if everything else tuple(map(_crl, (*case.get("crls", []), "TrustAnchorRootCRL.crl")))
    return validate(leaf, _bag(helpers), Question(AT, lambda _: True, _rules(case), crls))


def _expected(case: Case) -> str:
    error = case.get("error")
    if case["id"] in DEVIATIONS:
        return DEVIATIONS[case["id"]]
    if error is None:
        return "good"
    return REVOCATION.get(error["class"]) or next(
        reason for words, reason in STRUCTURE.items() if re.search(words, error["msg_regex"])
    )


def _section(case_id: str) -> str:
    return f"4.{int(case_id[1:3])}.{int(case_id[3:])}"


@FORMS
@pytest.mark.parametrize("case", CASES, ids=[f"{_section(case['id'])} {case['name']}" for case in CASES])
def test_every_case_has_its_verdict(case: Case, *, everything: bool) -> None:
    found = _judge(case, everything=everything)
    assert found.reason == _expected(case), case
    assert (found.reason == "good") == ("error" not in case), "a deviation never turns a verdict over"
    if found.reason == "good":
        assert len(found.path) == case["path_len"]


@FORMS
@pytest.mark.parametrize("case", NOTICES, ids=[f"{_section(case['id'])} {case['name']}" for case in NOTICES])
def test_the_notice_that_is_to_be_shown_comes_with_the_policy(case: Case, *, everything: bool) -> None:
    found = _judge(case, everything=everything)
    assert found.reason == "good"
    assert case["notice"] in {one.text for policy in found.policies for one in policy.qualifiers}


@FORMS
def test_a_pointer_to_a_practice_statement_is_no_obstacle(*, everything: bool) -> None:
    case = {"cert": "CPSPointerQualifierTest20EE.crt", "other_certs": ["GoodCACert.crt"], "crls": ["GoodCACRL.crl"]}
    found = _judge(case, everything=everything)
    assert found.reason == "good"
    texts = [one.text for policy in found.policies for one in policy.qualifiers]
    assert texts == ["http://csrc.nist.gov/groups/ST/crypto_apps_infra/csor/pki_registration.html#PKITest"]


def test_no_case_is_missing(vectors: Path) -> None:
    assert vectors / "pkits" == VECTORS
    everyone = {f"4{section:02}{test:02}" for section, last in enumerate(TESTS, 1) for test in range(1, last + 1)}
    assert sum(TESTS) == len(everyone) == 224
    # The notice of 4.8.19 stands under another test's number there; 4.8.20 is the pointer, with a test of its own.
    named = {case["id"] for case in (*CASES, *NOTICES)}
    assert "UserNoticeQualifierTest19EE.crt" in {case["cert"] for case in NOTICES}
    assert everyone - named == {"40819", "40820"}
    assert len(CASES) == 246


def test_every_deviation_is_explained() -> None:
    document = DOCUMENT.read_text()
    for case_id, reason in DEVIATIONS.items():
        assert re.search(rf"\b{re.escape(_section(case_id))}\b.*`{reason}`", document)
    assert set(DEVIATIONS.values()) <= REASONS.keys()
