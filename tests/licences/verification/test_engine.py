"""What a report says as a whole: its verdict, its reason, its face, its words."""

import json
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest

from ca.writing.certificates import DistinguishedName
from ca.writing.profiles import SEAL
from licences.verification.checks import BY_ID, CHECKS, message_of
from licences.verification.documents import Examined
from licences.verification.engine import judge
from licences.verification.report import CheckResult, Report
from licences.verification.request import Lookup, verification_request
from licences.verification.sources import Absent, StatusToken, Unavailable
from tests.licences.verification import attacks
from tests.licences.verification.sealed import (
    BUREAU,
    NOW,
    OTHER_BUREAU,
    SEALED_AT,
    TYPE_CODE,
    certified,
    claims,
    licence,
    make_world,
    proof_of,
    seal,
    world,
)
from tests.licences.verification.worlds import SetSources, act, history, record_of, report

DOCUMENTS = {
    "pdf": licence().pdf.data,
    "json": licence().json.flattened,
    "sd-jwt": licence().json.compact.encode(),
}


def outcomes(found: Report) -> dict[str, str]:
    return {row.id: row.outcome for row in found.checks}


# --- genuine documents -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", DOCUMENTS)
def test_a_genuine_document_is_valid(form: str) -> None:
    found = report(DOCUMENTS[form])
    assert (found.verdict, found.reason) == ("valid", "licence.valid")
    assert set(outcomes(found).values()) <= {"passed", "not_applicable"}
    assert found.check("integrity.format").evidence["format"] == form


def test_with_its_ledger_proof_everything_that_applies_has_passed() -> None:
    found = report(sources=SetSources(a_proof=world().proof(licence().pdf.digest)))
    rest = {row.id for row in found.checks if row.outcome != "passed"}
    assert rest == {
        *("integrity.document", "integrity.seal", "integrity.disclosures", "content.record"),
        *("trust.seal_maker", "trust.seal_register", "time.seal_period", "time.archive"),
        *("ledger.witnesses", "ledger.anchor"),
    }
    assert found.check("ledger.inclusion").evidence == {"origin": "elicence.test/log", "index": 7, "size": 8}


def test_the_json_is_proved_by_the_same_event_as_the_page() -> None:
    sources = SetSources(a_proof=proof_of(licence()))
    for document in DOCUMENTS.values():
        assert report(document, sources=sources).check("ledger.inclusion").outcome == "passed"


# --- the subject and its face ----------------------------------------------------------------------------------------


def test_the_subject_says_what_it_is_about() -> None:
    subject = report().subject
    assert subject.identifier == licence().identifier
    assert (subject.type, subject.issuer, subject.trust_level) == (TYPE_CODE, BUREAU, "A")
    assert subject.document == f"sha256-{licence().pdf.digest.hex()}"
    assert report(DOCUMENTS["json"]).subject.document == f"sha256-{licence().json.digest.hex()}"


def test_the_face_of_a_personal_type_is_masked() -> None:
    said = json.dumps(report().as_json(), ensure_ascii=False)
    for personal in ("测试人䶮", "990101199001010019", "测试路1号"):
        assert personal not in said
    assert report().subject.face["location"]["value"].startswith("测试市测试区")
    assert report().subject.face["location"].keys() == {"zh", "en", "value"}


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(lambda: seal(within=make_world()).pdf.data, id="a stranger's seal"),
        pytest.param(lambda: seal(by=world().other_seal).pdf.data, id="another authority's seal"),
        pytest.param(lambda: attacks.with_payload_changed(DOCUMENTS["json"]), id="changed data"),
        pytest.param(lambda: attacks.with_disclosure_changed(licence().json.compact), id="a changed disclosure"),
    ],
)
def test_a_stranger_gets_no_words_of_his_own_shown(document: Any) -> None:
    subject = report(document()).subject
    assert subject.face == {}
    assert (subject.issuer_name, subject.type_name) == (None, None)


def test_a_genuine_licence_that_was_damaged_still_shows_what_to_compare() -> None:
    found = report(attacks.one_bit_of_metadata())
    assert found.verdict == "invalid"
    assert found.subject.face


def test_a_type_that_we_do_not_know_shows_no_fields() -> None:
    kind = {"code": "11100000MB0143028R999", "zh": "某证", "en": "Some licence", "version": "1"}
    found = report(seal(content=claims(type=kind)).pdf.data)
    assert found.subject.face == {}


# --- look-ups --------------------------------------------------------------------------------------------------------

RECORD = record_of(licence(), files=frozenset({sha256(DOCUMENTS["pdf"]).digest()}))


def looked_up(lookup: Lookup, **sources: Any) -> Report:
    given = {"a_record": RECORD, "a_status": history(), "a_content": licence().claims, **sources}
    return report(lookup, sources=SetSources(**given))


@pytest.mark.parametrize(
    "digest",
    [licence().pdf.digest, licence().json.digest, sha256(DOCUMENTS["pdf"]).digest()],
    ids=["page", "data", "file"],
)
def test_an_identifier_with_a_digest_is_found(digest: bytes) -> None:
    found = looked_up(Lookup(licence().identifier, digest), a_proof=proof_of(licence()))
    assert found.verdict == "valid"
    assert {row.id for row in found.checks if row.outcome == "passed"} == {
        "content.record",
        "status.revocation",
        "status.validity",
        "ledger.inclusion",
    }
    assert found.subject.face["number"]["value"] == "测（2026）测试市不动产权第0000001号"
    assert found.sentence("zh") == "有效：由测试市自然资源和规划局签发的《不动产权证书》目前有效，内容未被改动。"


def test_a_code_is_found_without_a_digest() -> None:
    found = looked_up(Lookup(code="0123456789abcdef"))
    assert (found.verdict, found.subject.document) == ("valid", None)
    assert found.subject.face


def test_a_genuine_code_says_nothing_about_the_paper_it_stands_on() -> None:
    by_code, by_digest = (
        looked_up(Lookup(code="0123456789abcdef")),
        looked_up(Lookup(licence().identifier, licence().pdf.digest)),
    )
    assert "未被改动" not in by_code.sentence("zh")
    assert "逐项比对" in by_code.sentence("zh")
    assert "has not been changed" not in by_code.sentence("en")
    assert "未被改动" in by_digest.sentence("zh")


def test_the_right_identifier_with_a_wrong_digest_shows_nothing() -> None:
    found = looked_up(Lookup(licence().identifier, bytes(32)))
    assert (found.verdict, found.reason, found.subject.face) == ("invalid", "licence.not_in_record", {})


def test_a_licence_of_another_register_is_not_called_invalid() -> None:
    found = looked_up(Lookup("1.2.156.3005.2.x", bytes(32)), a_record=Absent.NOT_FOUND)
    assert (found.verdict, found.reason) == ("indeterminate", "licence.not_found")
    assert outcomes(found)["status.revocation"] == "not_run"


def test_a_revoked_licence_is_found_revoked() -> None:
    found = looked_up(
        Lookup(licence().identifier, licence().pdf.digest), a_status=history(act("revoked", "2026-11-15"))
    )
    assert (found.verdict, found.reason) == ("invalid", "licence.revoked")
    assert found.subject.face, "the paper in hand must be told apart from a licence that is still good"


def test_anothers_name_on_a_licence_is_not_shown_and_needs_register_or_ledger() -> None:
    """Stock bears the name that its authority had on the day of issue: where that is proved, it is good."""
    made = attacks.under_anothers_name()
    assert report(made.pdf.data).subject.issuer_name is None
    record = record_of(made, issuer_code=OTHER_BUREAU)
    assert report(made.pdf.data, sources=SetSources(a_record=record, a_status=history())).verdict == "valid"
    assert report(made.pdf.data, sources=SetSources(a_proof=world().proof(made.pdf.digest))).verdict == "valid"


def test_an_end_that_is_not_there_is_not_for_ever() -> None:
    content = claims()
    members = content["licence"]
    assert isinstance(members, dict)
    del members["valid_until"]
    assert report(seal(content=content).json.flattened).reason == "document.not_a_licence"


@pytest.mark.parametrize(("before", "after"), [(b"", b"\n"), (b"\r\n ", b"\t"), (b"\n", b"")])
@pytest.mark.parametrize("form", ["json", "sd-jwt"])
def test_blanks_around_a_text_say_nothing(form: str, before: bytes, after: bytes) -> None:
    assert report(before + DOCUMENTS[form] + after).verdict == "valid"


# --- time ------------------------------------------------------------------------------------------------------------


def test_an_expired_seal_certificate_does_not_matter_when_a_timestamp_or_record_or_ledger_proves_the_time() -> None:
    old = make_world(seal_until=NOW - timedelta(days=1))
    made = seal(within=old)
    sources = SetSources(trust=old.trust(), a_status=StatusToken(old.status_list()))
    assert report(made.pdf.data, sources=sources).verdict == "valid"
    # The compact form has no timestamp of its own.
    compact = made.json.compact.encode()
    assert report(compact, sources=sources).check("trust.path").code == "OUTSIDE_PERIOD"
    recorded = replace(sources, a_record=record_of(made), a_status=history())
    assert report(compact, sources=recorded).check("trust.path").evidence["proof_of_existence"] == "record"
    proved = replace(sources, a_proof=old.proof(made.json.digest))
    found = report(compact, sources=proved)
    assert (found.verdict, found.check("trust.path").evidence["proof_of_existence"]) == ("valid", "ledger")


@pytest.mark.parametrize("form", DOCUMENTS)
def test_a_clock_that_is_slow_makes_nothing_invalid(form: str) -> None:
    here = world()
    young = certified(
        SEAL, DistinguishedName("99010000000001", f"{BUREAU}测试市自然资源和规划局"), here.issuing, SEALED_AT
    )
    made = seal(by=young)
    document = {"pdf": made.pdf.data, "json": made.json.flattened, "sd-jwt": made.json.compact.encode()}[form]
    past = SEALED_AT - timedelta(days=100)
    sources = SetSources(a_status=StatusToken(here.status_list(issued_at=past)))
    found = report(document, now=past, sources=sources)
    assert (found.verdict, found.check("trust.path").code) == ("indeterminate", "OUTSIDE_PERIOD")
    assert found.check("status.validity").evidence == {"on": "time.signing"}


def test_a_timestamp_whose_authority_expired_needs_another_proof_of_its_age() -> None:
    old = make_world(tsa_until=NOW - timedelta(days=1))
    made = seal(within=old)
    sources = SetSources(trust=old.trust(), a_status=StatusToken(old.status_list()))
    assert report(made.pdf.data, sources=sources).check("time.timestamp").code == "TIMESTAMP_AGED"
    proved = replace(sources, a_proof=old.proof(made.pdf.digest))
    assert report(made.pdf.data, sources=proved).verdict == "valid"


def test_the_validity_ends_with_its_last_day_in_china() -> None:
    document = seal(content=claims(valid_from="2026-11-12", valid_until="2026-11-20")).pdf.data
    sources = SetSources(a_record=Absent.NO_SOURCE, a_status=history())
    last = NOW.replace(day=20, hour=15, minute=59, second=59)
    for moment, outcome in ((last, "passed"), (last + timedelta(seconds=1), "failed")):
        found = report(document, sources=sources, as_of=moment)
        assert found.check("status.validity").outcome == outcome


def test_a_past_moment_is_judged_by_the_acts_that_reach_it() -> None:
    rows = history(act("suspended", "2026-11-14", until="2026-11-16"), act("annulled", "2026-11-12", "2026-11-20"))
    sources = SetSources(a_record=record_of(licence()), a_status=rows)
    at = {day: NOW.replace(day=day) for day in (13, 15, 17, 21)}
    assert report(sources=sources, as_of=at[15]).reason == "licence.annulled"
    assert report(sources=sources, as_of=at[15], known_at=at[17]).reason == "licence.suspended"
    assert report(sources=sources, as_of=at[13], known_at=at[17]).verdict == "valid"
    assert report(sources=sources, as_of=at[17], known_at=at[17]).verdict == "valid"


def test_a_sentence_about_a_past_moment_names_it() -> None:
    sources = SetSources(a_record=record_of(licence()), a_status=history())
    found = report(sources=sources, as_of=SEALED_AT + timedelta(days=1))
    assert "2026年11月13日 16:30" in found.sentence("zh")
    assert "was in force on 2026-11-13 at 16:30" in found.sentence("en")


def test_issued_a_moment_ago_by_a_clock_ahead_of_ours() -> None:
    sources = SetSources(a_record=record_of(licence()), a_status=history())
    assert (
        report(sources=sources, now=SEALED_AT.replace(hour=0) - timedelta(minutes=1)).check("status.revocation").outcome
        == "passed"
    )


# --- outages and faults ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", ["a_record", "a_status", "a_proof"])
def test_an_outage_is_never_called_invalid(source: str) -> None:
    given: dict[str, Any] = {"a_record": record_of(licence()), "a_status": history(), source: Unavailable("timeout")}
    found = report(sources=SetSources(**given))
    assert found.verdict == "indeterminate"
    assert found.reason.startswith("service.")
    assert "重试" in (found.advice("zh") or "")


def test_our_own_fault_is_never_called_invalid() -> None:
    class Broken(SetSources):
        def status(self, identifier: str) -> Any:
            raise RuntimeError("测试")

    found = report(sources=Broken())
    assert (found.verdict, found.reason) == ("indeterminate", "service.fault")
    assert found.check("status.revocation").evidence == {"error": "RuntimeError"}


def test_what_rests_on_a_failed_check_is_not_run() -> None:
    found = report(attacks.one_bit_of_metadata())
    for check in CHECKS:
        if "integrity.signature" in check.depends_on:
            row = found.check(check.id)
            assert (row.outcome, row.code, row.evidence["on"]) == ("not_run", "DEPENDENCY", "integrity.signature")


def test_without_trust_or_status_nothing_is_guessed() -> None:
    found = report(sources=SetSources(trust=None, a_status=Absent.NO_SOURCE))
    assert found.verdict == "indeterminate"
    for check_id, row in outcomes(found).items():
        # Of JSON alone, and of national seals.
        elsewhere = {"integrity.disclosures", "integrity.document", "integrity.seal"}
        if check_id.split(".")[0] in {"integrity", "coverage"} and check_id not in elsewhere:
            assert row == "passed"
    unknown = {"trust.path", "trust.revocation", "trust.algorithm", "time.timestamp", "status.revocation"}
    assert unknown <= {check_id for check_id, row in outcomes(found).items() if row == "not_run"}


# --- the table of checks ---------------------------------------------------------------------------------------------


def test_a_check_stands_after_those_it_rests_on() -> None:
    seen: set[str] = set()
    for check in CHECKS:
        assert set(check.depends_on) <= seen
        assert check.id not in seen
        seen.add(check.id)
    assert set(BY_ID) == seen


def test_codes_are_unique_and_speak_both_languages() -> None:
    for check in CHECKS:
        names = [code.code for code in check.codes]
        assert len(set(names)) == len(names)
        for code in check.codes:
            assert code.zh.rstrip("。") == code.zh != "", code
            assert code.en.rstrip(".") == code.en != "", code
            assert (code.advice is not None) == (code.outcome == "not_run"), code


def test_a_row_of_a_newer_version_is_shown_as_it_is() -> None:
    assert message_of(CheckResult("trust.later", "failed", "NEW"), "zh") == "NEW"
    assert message_of(CheckResult("trust.path", "failed", "NEW"), "en") == "NEW"
    assert message_of(CheckResult("trust.path", "passed"), "zh") == "印章证书可信"


def test_the_rows_of_an_unread_file_are_all_there() -> None:
    found = judge(Examined("unknown", 0, bytes(32)), SetSources(), verification_request(NOW))
    assert len(found.checks) == len(CHECKS)
    with pytest.raises(KeyError):
        found.check("trust.later")
