"""National seals, signature values and packages: judged whoever made them, with and without trust, and changed."""

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ca.algorithms.digests import compute
from ca.reading.certificate_reader import read_certificate
from ca.reading.crl_reader import Revoked
from licences.verification.engine import judge
from licences.verification.examination import detect, examine
from licences.verification.report import Report
from licences.verification.request import verification_request
from licences.verification.sources import SealStanding, SealStop
from seals.ofd.container import unpack
from seals.ses.reader import read_signature
from seals.ses.steps import STOPPED
from tests.licences.verification.nationals import (
    FORMS,
    foreign,
    foreign_with,
    judged,
    sealed,
    sealed_by_two,
    styled,
    value,
)
from tests.licences.verification.sealed import licence
from tests.licences.verification.worlds import SetSources, history, record_of, report
from tests.seals import national, ofd_maker, ses_makers
from tests.seals.keys import NOW
from tests.seals.national import DAY

STEPS = (
    *("format", "signature", "timestamp", "signer_certificate", "time", "document"),
    *("seal.format", "seal.signature", "seal.timestamp", "seal.maker_certificate", "seal.period", "seal.signer"),
)
OURS, THEIRS = sealed(), foreign()
FAMILIES = ("integrity.", "coverage.", "trust.", "time.")


def of_families(found: Report) -> dict[str, str]:
    return {row.id: row.outcome for row in found.checks if row.id.startswith(FAMILIES)}


def steps_of(found: Report, check: str = "integrity.signature") -> dict[str, str]:
    return {step["id"]: step["outcome"] for step in found.check(check).evidence["steps"]}  # type: ignore[union-attr,index,call-overload,misc]


# --- genuine ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "form"),
    [
        pytest.param(OURS, "ofd", id="our package"),
        pytest.param(sealed(stamped=True), "ofd", id="our package with a timestamp"),
        pytest.param(sealed_by_two(), "ofd", id="two seals"),
        *(pytest.param(foreign(style), "ofd", id=f"their package {name}") for name, style in FORMS.items()),
        pytest.param(foreign(styled(raw_signatures=True, picture_type="png")), "ofd", id="their spelling"),
        pytest.param(foreign(digest="SHA-256", method="SHA256"), "ofd", id="another digest"),
        pytest.param(foreign(property_info="Signature.xml"), "ofd", id="a relative place"),
        pytest.param(national.esl(), "ses-seal", id="our seal"),
        *(pytest.param(ses_makers.seal(style), "ses-seal", id=f"their seal {name}") for name, style in FORMS.items()),
    ],
)
def test_a_genuine_one_is_valid_when_the_seals_are_asked_about(document: bytes, form: str) -> None:
    found = judged(document)
    assert (found.verdict, found.reason) == ("valid", "document.sealed"), found.as_json()
    assert set(of_families(found).values()) <= {"passed", "not_applicable"}
    assert found.check("integrity.format").evidence["format"] == form == detect(document)
    assert found.check("trust.seal_maker").outcome == found.check("time.seal_period").outcome == "passed"


@pytest.mark.parametrize("name", FORMS)
def test_a_signature_value_with_its_document_is_valid(name: str) -> None:
    found = judged(value(FORMS[name]), companion=national.DOCUMENT)
    assert (found.verdict, found.check("integrity.format").evidence["format"]) == ("valid", "ses-signature")
    assert tuple(steps_of(found)) == STEPS


def test_of_a_value_by_itself_everything_but_its_file_is_judged() -> None:
    found = judged(value())
    left = {id_ for id_, outcome in of_families(found).items() if outcome not in {"passed", "not_applicable"}}
    assert (found.verdict, left) == ("indeterminate", {"integrity.document"})


def test_a_thief_may_write_any_time() -> None:
    """The standard believes a seal's own word; of a certificate that was revoked since, we do not."""
    revoked = Revoked(read_certificate(national.bureau().certificate).serial_number, NOW - DAY, "keyCompromise", None)
    found = judged(foreign(), trust=national.trust((revoked,)), now=NOW + DAY)
    assert (found.verdict, found.reason) == ("indeterminate", "seal.revoked_undated")
    proved = judged(sealed(stamped=True, at=NOW - 2 * DAY), trust=national.trust((revoked,)))
    assert (proved.verdict, proved.check("trust.revocation").code) == ("valid", "REVOKED_LATER")
    late = judged(sealed(stamped=True), trust=national.trust((revoked,)))
    assert (late.verdict, late.reason) == ("invalid", "seal.revoked")


def test_a_timestamp_that_is_forged_or_of_another_is_told_from_one_that_is_merely_strange() -> None:
    other = national.timestamper()(bytes(32), NOW)
    own = read_signature(value(stamped_at=NOW)).timestamp
    assert own is not None
    stamps = {
        other: "TIMESTAMP_INVALID",
        own[:-1] + bytes([own[-1] ^ 1]): "TIMESTAMP_INVALID",
        b"0\x00": "TIMESTAMP_FORM",
    }
    for stamp, code in stamps.items():
        found = judged(value(stamp=stamp), companion=national.DOCUMENT)
        assert found.check("time.timestamp").code == code


def test_a_package_is_no_licence_that_we_know() -> None:
    """Whatever it looks like: whether a licence of another platform is still in force nobody here can tell."""
    found = judged(OURS, policy_id="default")
    assert (found.verdict, found.reason) == ("indeterminate", "document.not_a_licence")
    assert "policy `seal`" in str(found.advice("en"))
    assert set(of_families(found).values()) <= {"passed", "not_applicable"}


@pytest.mark.parametrize("policy", ["default", "seal"])
def test_a_seal_by_itself_is_asked_about_as_such(policy: str) -> None:
    found = judged(national.esl(), policy_id=policy)
    assert (found.verdict, found.sentence("en")) == (
        "valid",
        "Valid: the electronic seal is genuine and within its period.",
    )
    assert found.subject.face["seal_number_1"]["value"] == national.ES_ID
    assert judged(national.esl(), as_of=national.MADE - DAY).reason == "seal.not_yet_valid"


@pytest.mark.parametrize("document", [OURS, THEIRS, national.esl()], ids=["ours", "theirs", "seal"])
def test_without_trust_integrity_is_judged_and_nobody_is_believed(document: bytes) -> None:
    found = judged(document, trusting=False)
    outcomes = of_families(found)
    assert found.verdict == "indeterminate"
    assert all(outcome in {"passed", "not_applicable"} for id_, outcome in outcomes.items() if id_[:5] != "trust")
    assert outcomes["trust.seal_maker"] == "not_run"
    assert found.subject.face == {}


def test_the_standards_steps_stand_in_its_order_and_say_where_it_ended() -> None:
    whole = judged(OURS)
    package = ("references", "value", "seal_file")
    assert tuple(steps_of(whole)) == package + STEPS
    assert whole.check("integrity.signature").evidence["failed_step"] is None
    ended = judged(foreign(styled(valid_until=NOW - DAY)))
    assert ended.check("integrity.signature").outcome == "passed", "the bytes are those that were sealed all the same"
    assert ended.check("integrity.signature").evidence["failed_step"] == "seal.period"
    stopped = [step for step in ended.check("integrity.signature").evidence["steps"] if step.get("code") == STOPPED]  # type: ignore[union-attr]
    assert [step["id"] for step in stopped] == ["seal.signer"]  # type: ignore[index,call-overload]


def test_a_seal_made_by_nobody_we_know_shows_no_words_of_its_own() -> None:
    found = judged(THEIRS, trust=national.trust(makers=()))
    assert (found.verdict, found.subject.face) == ("indeterminate", {})
    assert "测试章" not in str(found.as_json())


# --- changed ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", ["default", "seal"])
@pytest.mark.parametrize("trusting", [True, False])
@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (foreign_with(ofd_maker.PAGE, b"<other/>"), "document.altered"),
        (foreign_with("/Doc_0/Extra.xml", b"<more/>"), "document.not_covered"),
        (foreign(left_out=(ofd_maker.LIST, ofd_maker.PAGE)), "document.not_covered"),
        (ofd_maker.zipped(ofd_maker.document()), "document.not_signed"),
        (OURS[:-3], "document.malformed"),
        (foreign(value=b"\x30\x00"), "document.malformed"),
        (foreign(value=national.esl()), "document.malformed"),
        (national.esl()[:-1], "document.malformed"),
        (value()[:-1], "document.malformed"),
    ],
)
def test_a_changed_one_is_invalid_with_or_without_trust(
    document: bytes, reason: str, policy: str, *, trusting: bool
) -> None:
    found = judged(document, trusting=trusting, policy_id=policy)
    assert (found.verdict, found.reason) == ("invalid", reason)


def test_our_own_package_has_one_spelling() -> None:
    """The same files packed by another program: every seal holds, and still it is not what we wrote."""
    found = judged(ofd_maker.zipped(dict(files_of(OURS))))
    assert (found.verdict, found.reason) == ("invalid", "document.not_canonical")
    assert found.check("integrity.signature").outcome == "passed"
    assert found.check("integrity.canonical").evidence["faults"] == [{"code": "ofd.container", "detail": ""}]


def files_of(data: bytes) -> list[tuple[str, bytes]]:
    return [("/" + name, content) for name, content in unpack(data)]


def test_a_weak_digest_does_not_hide_a_broken_signature() -> None:
    forged = ses_makers.signature(FORMS["V4"], property_info=ofd_maker.LIST, data_hash=bytes(32))
    assert judged(foreign(method="MD5", value=forged)).verdict == "invalid"


def test_a_signature_without_a_seal_hides_nothing() -> None:
    bare = {"kind": ' Type="Sign"', "value": b"some other signature"}
    assert judged(foreign(**bare)).reason == "document.unsupported"  # type: ignore[arg-type]
    files = ofd_maker.foreign(**bare)  # type: ignore[arg-type]
    files[ofd_maker.PAGE] = b"<other/>"
    assert judged(ofd_maker.zipped(files)).reason == "document.malformed"


@pytest.mark.parametrize("name", ["ofd", "seal", "value"])
def test_no_changed_byte_is_valid(name: str) -> None:
    documents: dict[str, tuple[bytes, bytes | None]] = {
        "ofd": (OURS, None),
        "seal": (national.esl(), None),
        "value": (national.sealer().sign(compute("SM3", b"x"), "x", NOW), b"x"),
    }
    document, companion = documents[name]
    assert judged(document, companion=companion).verdict == "valid"
    chance = random.Random(name)
    for position in chance.sample(range(len(document)), 150):
        other = document[position] ^ (1 << chance.randrange(8))
        changed = document[:position] + bytes([other]) + document[position + 1 :]
        found = judged(changed, companion=companion)
        assert found.verdict != "valid", position
        assert "BROKEN_CHECK" not in {row.code for row in found.checks}, found.checks
        assert found.check("integrity.limits").code != "CRASHED"


@given(st.sampled_from([b"PK\x03\x04", b"\x30\x82\x01\x00\x30", b"\x30\x80\x06", b"\x30\x03\x30\x01\x02"]), st.data())
@settings(max_examples=80, deadline=None)
def test_what_begins_like_one_is_never_valid(head: bytes, data: st.DataObject) -> None:
    found = judged(head + data.draw(st.binary(max_size=200)))
    assert found.verdict in {"invalid", "indeterminate"}
    assert found.check("integrity.limits").outcome == "passed"


@pytest.mark.parametrize(
    ("document", "form"),
    [
        (b"0", "unknown"),
        (b"0\x03", "unknown"),
        (b"\x30\x00", "unknown"),
        (b"\x30\x02\x05\x00", "unknown"),
        (b"\x30\x84", "unknown"),
        (b"0abc.def.ghi~", "sd-jwt"),
        (ofd_maker.zipped({"/word/document.xml": b"x"}), "ofd"),
    ],
)
def test_forms_are_told_by_content(document: bytes, form: str) -> None:
    assert detect(document) == form
    assert judged(document).reason in {"document.unknown_format", "document.malformed"}


def test_a_zip_of_another_program_is_no_sealed_file() -> None:
    assert judged(ofd_maker.zipped({"/word/document.xml": b"x"})).reason == "document.unknown_format"


# --- the register ----------------------------------------------------------------------------------------------------


def test_a_package_that_the_register_holds_is_a_licence() -> None:
    record = record_of(licence(), digests=frozenset(), files=frozenset({compute("SHA-256", OURS)}))
    sources = SetSources(trust=national.trust(), a_record=record, a_status=history())
    found = judge(examine(OURS, 1 << 24), sources, verification_request(NOW))
    assert (found.verdict, found.reason) == ("valid", "licence.valid"), found.as_json()
    assert found.subject.identifier == licence().identifier


def test_what_strangers_wrote_is_shown_without_control_characters() -> None:
    shown = json.dumps(judged(value(property_info="\u001b[2J/x")).as_json(), ensure_ascii=False)
    assert "\ufffd[2J/x" in shown
    assert "\\u001b" not in shown


@pytest.mark.parametrize(
    ("stop", "code"),
    [
        (SealStop("cancelled", "renamed", NOW - DAY, None), "SEAL_STOPPED"),
        (SealStop("suspended", "inspection", NOW - 3 * DAY, NOW - DAY), None),
        (SealStop("suspended", "suspected_compromise", NOW - DAY, None, in_question=True), "SEAL_IN_QUESTION"),
    ],
)
def test_a_seal_by_itself_stands_as_our_register_says(stop: SealStop, code: str | None) -> None:
    sources = SetSources(trust=national.trust(), a_seal=SealStanding("…", (stop,)))
    found = report(national.esl(), sources=sources)
    assert found.check("trust.seal_register").code == code
    assert (found.verdict == "valid") == (code is None)


def test_a_value_of_ours_has_one_spelling_too() -> None:
    """Behind the seal's own, which the value's signature covers, nothing covers how the value itself is written."""
    ours = national.sealer().sign(compute("SM3", national.DOCUMENT), "x", NOW)
    assert judged(ours, companion=national.DOCUMENT).check("integrity.canonical").outcome == "passed"
    changed = ses_makers.with_raw_signature(ours)
    for companion in (national.DOCUMENT, None):
        found = judged(changed, companion=companion)
        assert (found.verdict, found.reason) == ("invalid", "document.not_canonical")
        assert found.check("integrity.signature").outcome == "passed"
        faults = found.check("integrity.canonical").evidence["faults"]
        assert faults == [{"code": "value.spelling", "detail": "signature_raw"}]
    assert judged(value(styled(raw_signatures=True)), companion=national.DOCUMENT).verdict == "valid", (
        "of others every spelling is their own"
    )
