"""Evidence files: whole ones are valid, and whatever is changed in them is named by the check that it spoils."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from copy import deepcopy
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from ledger import subjects
from ledger.errors import LedgerError
from ledger.event_kinds import EventKind
from ledger.evidence.evidence import chains_evidence, sign_evidence
from ledger.evidence.judging import judge_evidence, mirror_wanted
from ledger.evidence.report import CHAIN_CHECKS, Report
from ledger.formats.notes import NoteSigner
from ledger.log.served import tile_fetch
from ledger.objects.objects import ObjectMissing, ObjectStore
from ledger.provenance.errors import LogForked, LogUnreachable
from ledger.provenance.looks import record_looks
from ledger.provenance.mirror import Mirror
from ledger.provenance.provenance import LOOKAHEAD
from ledger.provenance.reading import Trace
from tests.ledger.local_keys import ORIGIN, Ed25519Signer
from tests.ledger.recording import NOW, PROMISER, SIGNER
from tests.ledger.tracing import AUDITOR, LATER, VKEYS, Book, open_book


@pytest.fixture
def book(session: Session, objects: ObjectStore) -> Book:
    return open_book(session, objects)


def export(book: Book, found: Trace, *, opened: bool = True) -> bytes:
    looks = record_looks(
        book.session,
        book.wrapper,
        PROMISER,
        found,
        asked="licence",
        shown="events" if opened else "places",
        order=None,
        actor=AUDITOR,
        now=NOW,
    )
    contents = chains_evidence(
        found, looks, asked={"kind": "licence", "value": "测试"}, order=None, now=NOW, opened=opened
    )
    return sign_evidence(contents, ORIGIN, SIGNER)


def outcomes(report: Report) -> dict[str, tuple[str, str | None]]:
    """Every check that did not simply pass."""
    assert tuple(check.id for check in report.checks) == CHAIN_CHECKS
    return {check.id: (check.outcome, check.code) for check in report.checks if check.outcome != "passed"}


CLAIMED = {"chain.completeness": ("warning", "CLAIMED")}


def test_a_third_party_believes_it_with_the_logs_key_alone(book: Book) -> None:
    data = export(book, book.trace(book.licence(5)))
    report = judge_evidence(data, VKEYS)
    assert (report.verdict, outcomes(report)) == ("valid", CLAIMED)
    assert (report.about["events"], report.about["size"]) == (6, 6)


def test_with_a_mirror_completeness_is_proved(book: Book) -> None:
    subject = book.licence(5)
    data = export(book, book.trace(subject))
    book.licence(300)  # the log has grown since
    log = book.log()
    wanted = mirror_wanted(data, VKEYS)
    assert wanted is not None
    mirror = Mirror(ORIGIN)
    mirror.follow(wanted, tile_fetch(book.objects), log.size)
    report = judge_evidence(data, VKEYS, lambda tags: mirror.places(tags, tile_fetch(book.objects), log.size))
    assert (report.verdict, outcomes(report)) == ("valid", {})


def test_without_trust_nobody_can_tell(book: Book) -> None:
    data = export(book, book.trace(book.licence()))
    report = judge_evidence(data, None)
    assert report.verdict == "indeterminate"
    assert outcomes(report) == CLAIMED | {
        "evidence.signature": ("not_run", "NO_TRUST"),
        "log.checkpoint": ("not_run", "NO_TRUST"),
    }
    other = judge_evidence(data, {"other.test/log": NoteSigner("other.test/log", SIGNER).vkey})
    assert other.verdict == "indeterminate"
    assert other.check("log.checkpoint").code == "LOG_NOT_TRUSTED"
    forged = judge_evidence(data, {ORIGIN: NoteSigner(ORIGIN, Ed25519Signer(bytes([1]) * 32)).vkey})
    assert (forged.verdict, forged.check("log.checkpoint").code) == ("invalid", "UNSIGNED")


def test_withheld_bodies_leave_everything_provable(book: Book) -> None:
    data = export(book, book.trace(book.licence()), opened=False)
    assert b"CASE-0" not in data
    report = judge_evidence(data, VKEYS)
    assert (report.verdict, outcomes(report)) == ("valid", CLAIMED | {"chain.key": ("warning", "WITHHELD")})


def test_an_erased_chain_is_proved_without_its_bodies(book: Book) -> None:
    subject = book.licence(2)
    book.record(subject, EventKind.ERASED, at=NOW + timedelta(seconds=9))
    book.sequence()
    subjects.erase_subject(book.session, book.wrapper, subject, LATER)
    report = judge_evidence(export(book, book.trace(subject)), VKEYS)
    assert report.verdict == "valid"
    assert outcomes(report) == CLAIMED | {
        "events.commitments": ("warning", "ERASED"),
        "chain.key": ("warning", "WITHHELD"),
    }


def test_a_part_of_a_chain_carries_no_key_and_says_so(book: Book) -> None:
    subject = book.subject()
    promises = [book.record(subject, at=NOW + timedelta(seconds=number)) for number in range(4)]
    book.sequence()
    data = export(book, book.trace(events=[promises[1].event, promises[3].event]))
    assert b"tag_key" not in data
    report = judge_evidence(data, VKEYS)
    assert report.verdict == "valid"
    assert outcomes(report) == {
        "chain.completeness": ("warning", "PARTIAL"),
        "chain.key": ("not_applicable", None),
    }


def test_what_waits_is_said_and_what_is_late_convicts(book: Book) -> None:
    subject = book.licence(1)
    book.record(subject, EventKind.ACCEPTED, at=NOW + timedelta(seconds=1))
    report = judge_evidence(export(book, book.trace(subject, now=NOW)), VKEYS)
    assert outcomes(report) == CLAIMED | {"promises.kept": ("warning", "PENDING")}
    other = book.licence(1)
    book.record(other, EventKind.ACCEPTED, at=NOW - timedelta(hours=1))
    late = judge_evidence(export(book, book.trace(other, now=NOW)), VKEYS)
    assert (late.verdict, late.check("promises.kept").code) == ("invalid", "PROMISE_BROKEN")


def test_two_chains_under_one_proof(book: Book) -> None:
    first, second = book.licence(3), book.licence(2)
    report = judge_evidence(export(book, book.trace(first, second)), VKEYS)
    assert (report.verdict, report.about["chains"], report.about["events"]) == ("valid", 2, 7)


# --- forgeries --------------------------------------------------------------------------------------------------------
# The file's own signature finds every change; below it each check stands by itself, as if the log had signed the lie.

Change = Callable[[dict[str, Any]], None]


def chain_of(evidence: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = evidence["chains"][0]
    return found


def event_of(evidence: dict[str, Any], seq: int) -> dict[str, Any]:
    found: dict[str, Any] = chain_of(evidence)["events"][seq]
    return found


def swap_events(evidence: dict[str, Any]) -> None:
    events = chain_of(evidence)["events"]
    events[1], events[2] = events[2], events[1]


def swap_bodies(evidence: dict[str, Any]) -> None:
    one, two = event_of(evidence, 1), event_of(evidence, 2)
    one["body"], two["body"] = two["body"], one["body"]


def drop(seq: int) -> Change:
    return lambda evidence: chain_of(evidence)["events"].pop(seq)


def drop_and_claim(seq: int) -> Change:
    def change(evidence: dict[str, Any]) -> None:
        drop(seq)(evidence)
        chain_of(evidence)["entries"] -= 1

    return change


def set_event(seq: int, name: str, value: object) -> Change:
    return lambda evidence: event_of(evidence, seq).__setitem__(name, value)


def set_chain(name: str, value: object) -> Change:
    return lambda evidence: chain_of(evidence).__setitem__(name, value)


def set_body(seq: int, name: str, value: object) -> Change:
    return lambda evidence: event_of(evidence, seq)["body"].__setitem__(name, value)


def set_look(name: str, value: object) -> Change:
    return lambda evidence: chain_of(evidence)["look"]["body"]["detail"].__setitem__(name, value)


ZERO = "A" * 43 + "="
FORGERIES: dict[str, tuple[Change, str, str]] = {
    "another case in a body": (set_body(1, "case", "OTHER"), "events.commitments", "BODY_DIFFERS"),
    "two bodies changed places": (swap_bodies, "events.commitments", "ROW_DIFFERS"),
    "another kind beside the body": (set_event(1, "kind", "shown"), "events.commitments", "ROW_DIFFERS"),
    "another time beside the body": (
        set_event(1, "recorded_at", "2026-11-22T08:30:09.000000Z"),
        "events.commitments",
        "ROW_DIFFERS",
    ),
    "another salt": (set_event(1, "body_salt", ZERO), "events.commitments", "BODY_DIFFERS"),
    "another link salt": (set_event(1, "link_salt", ZERO), "events.commitments", "BODY_DIFFERS"),
    "no link salt": (
        lambda evidence: event_of(evidence, 1).pop("link_salt"),
        "events.commitments",
        "LINK_SALT_MISSING",
    ),
    "another predecessor": (set_event(2, "previous", ZERO), "events.commitments", "BODY_DIFFERS"),
    "another commitment": (set_event(2, "commitment", ZERO), "events.inclusion", "PROOF_INVALID"),
    "another key": (set_chain("tag_key", ZERO), "events.inclusion", "PROOF_INVALID"),
    "another index": (set_event(2, "index", 3), "events.inclusion", "PROOF_INVALID"),
    "two of one index": (
        lambda evidence: event_of(evidence, 2).__setitem__("index", event_of(evidence, 1)["index"]),
        "events.inclusion",
        "INDEX_TWICE",
    ),
    "a shorter proof": (lambda evidence: evidence["proof"].pop(), "events.inclusion", "PROOF_INVALID"),
    "a longer proof": (lambda evidence: evidence["proof"].append(ZERO), "events.inclusion", "PROOF_INVALID"),
    "an event of the middle left out": (drop(2), "chain.links", "PREDECESSOR_MISSING"),
    "the first left out": (drop(0), "chain.links", "PREDECESSOR_MISSING"),
    "the last left out": (drop(4), "chain.completeness", "CLAIM_DIFFERS"),
    "the last left out, and the count with it": (drop_and_claim(4), "chain.completeness", "CLAIM_DIFFERS"),
    "events out of order": (swap_events, "chain.links", "PREDECESSOR_MISSING"),
    "a gap": (set_chain("gaps", [{"seq": 1, "code": "ENTRY_HIDDEN", "index": 3}]), "chain.links", "GAP"),
    "another subject": (set_chain("subject", str(UUID(int=9))), "events.commitments", "ROW_DIFFERS"),
    "another count in the look": (set_look("entries", 4), "chain.completeness", "CLAIM_DIFFERS"),
    "another size in the look": (set_look("size", 7), "chain.completeness", "CLAIM_DIFFERS"),
    "another order in the look": (set_look("order", "X"), "chain.completeness", "CLAIM_DIFFERS"),
    "another word in the look": (set_look("scope", "X"), "chain.completeness", "CLAIM_UNSIGNED"),
    "no look": (lambda evidence: chain_of(evidence).pop("look"), "chain.completeness", "CLAIM_UNSIGNED"),
    "a later time": (
        lambda evidence: evidence.__setitem__("made_at", "2026-12-31T00:00:00.000000Z"),
        "chain.completeness",
        "CLAIM_DIFFERS",
    ),
    "an order": (lambda evidence: evidence.__setitem__("order", "X"), "chain.completeness", "CLAIM_DIFFERS"),
    "called erased": (
        lambda evidence: chain_of(evidence).update(erased=True),
        "events.commitments",
        "NOT_ERASED",
    ),
    "a promise of something else": (
        lambda evidence: chain_of(evidence)["look"].__setitem__("promise", evidence["checkpoint"]),
        "chain.completeness",
        "CLAIM_UNSIGNED",
    ),
    "another log's name": (
        lambda evidence: evidence.__setitem__("origin", "other.test/log"),
        "log.checkpoint",
        "ANOTHER_LOG",
    ),
    "a checkpoint that is none": (
        lambda evidence: evidence.__setitem__("checkpoint", "none"),
        "log.checkpoint",
        "UNREADABLE",
    ),
}


def forge(data: bytes, change: Change) -> dict[str, Any]:
    members: dict[str, Any] = deepcopy(json.loads(data))
    change(members["evidence"])
    return members


@pytest.mark.parametrize("name", FORGERIES)
def test_every_forgery_is_found_twice(book: Book, name: str) -> None:
    book.licence(3)  # so that the tree has more than the chain
    data = export(book, book.trace(book.licence(4)))
    change, check, code = FORGERIES[name]
    forged = forge(data, change)
    found = judge_evidence(json.dumps(forged).encode(), VKEYS)
    assert found.verdict != "valid"
    signature = found.check("evidence.signature")
    assert (signature.outcome, signature.code) in {("failed", "CONTENTS_CHANGED"), ("not_run", "LOG_NOT_TRUSTED")}
    # And if the log itself lied: signed anew by its own key.
    lied = judge_evidence(sign_evidence(forged["evidence"], ORIGIN, SIGNER), VKEYS)
    assert lied.verdict == "invalid"
    assert (lied.check(check).outcome, lied.check(check).code) == ("failed", code)


def test_a_key_that_is_not_the_one_that_the_issuing_names(book: Book) -> None:
    """A second chain under the same licence's name would have a tag key of its own."""
    subject = book.subject()
    book.record(subject, EventKind.ISSUED)
    book.sequence()
    data = export(book, book.trace(subject))
    assert judge_evidence(data, VKEYS).check("chain.key").outcome == "passed"
    forged = forge(data, lambda evidence: event_of(evidence, 0)["body"]["detail"].__setitem__("tag_key_sha256", ZERO))
    lied = judge_evidence(sign_evidence(forged["evidence"], ORIGIN, SIGNER), VKEYS)
    assert lied.check("chain.key").code == "KEY_DIFFERS"


def test_a_licence_whose_chain_begins_with_something_else_has_an_unproved_key(book: Book) -> None:
    """What begins without an issuing names no key: it may be a second, shorter history beside the true one."""
    subject = book.subject()
    book.record(subject)
    book.sequence()
    found = judge_evidence(export(book, book.trace(subject)), VKEYS)
    assert (found.verdict, found.check("chain.key").code) == ("invalid", "KEY_UNNAMED")
    empty = forge(export(book, book.trace(book.licence(0))), nothing_left)["evidence"]
    none = judge_evidence(sign_evidence(empty, ORIGIN, SIGNER), VKEYS, lambda tags: {})
    assert none.check("chain.key").code == "KEY_UNNAMED"
    seal = book.subject("seal")
    book.record(seal, EventKind.USED)
    book.sequence()
    assert judge_evidence(export(book, book.trace(seal)), VKEYS).check("chain.key").outcome == "not_applicable"


def nothing_left(evidence: dict[str, Any]) -> None:
    """No events, and a key that finds none: nothing would be missing."""
    chain = chain_of(evidence)
    chain["events"], chain["entries"], chain["tag_key"], evidence["proof"] = [], 0, ZERO, []
    chain["look"]["body"]["detail"]["entries"] = 0


def test_a_file_with_a_number_of_its_own_choice_does_not_stop_who_checks_it(book: Book) -> None:
    def jump(evidence: dict[str, Any]) -> None:
        event_of(evidence, 4)["seq"] = 1 << 52

    asked: list[int] = []
    data = forge(export(book, book.trace(book.licence(4))), jump)

    def counted(tags: Collection[bytes]) -> Mapping[bytes, Sequence[int]]:
        asked.append(len(tags))
        return scan(tags)

    scan = book.scan()
    report = judge_evidence(json.dumps(data).encode(), VKEYS, counted)
    assert report.check("chain.links").code == "PREDECESSOR_MISSING"
    assert report.check("chain.completeness").code == "ENTRY_HIDDEN"
    assert asked == [5 + LOOKAHEAD + 1]


def test_many_chains_take_one_pass_over_the_mirror(book: Book) -> None:
    chosen = [book.licence(1) for _ in range(4)]
    passes: list[int] = []
    data, scan = export(book, book.trace(*chosen)), book.scan()

    def counted(tags: Collection[bytes]) -> Mapping[bytes, Sequence[int]]:
        passes.append(len(tags))
        return scan(tags)

    assert judge_evidence(data, VKEYS, counted).check("chain.completeness").outcome == "passed"
    assert len(passes) == 1


@pytest.mark.parametrize(
    ("error", "outcome", "code"),
    [
        (LogForked(9, "otherwise"), "failed", "MIRROR_DIFFERS"),
        (LogUnreachable("log.test", "silent"), "not_run", "MIRROR_UNREADABLE"),
        (ObjectMissing("tile/entries/000"), "not_run", "MIRROR_UNREADABLE"),
    ],
)
def test_a_mirror_that_cannot_be_used_is_said(book: Book, error: LedgerError, outcome: str, code: str) -> None:
    def broken(_: Collection[bytes]) -> Mapping[bytes, Sequence[int]]:
        raise error

    found = judge_evidence(export(book, book.trace(book.licence(1))), VKEYS, broken).check("chain.completeness")
    assert (found.outcome, found.code) == (outcome, code)


@pytest.mark.parametrize("seq", [0, 2, 4])
def test_a_scan_finds_what_the_log_hid(book: Book, seq: int) -> None:
    subject = book.licence(4)
    data = export(book, book.trace(subject))
    scan = book.scan()
    assert judge_evidence(data, VKEYS, scan).check("chain.completeness").outcome == "passed"
    lied = forge(data, drop_and_claim(seq))["evidence"]
    report = judge_evidence(sign_evidence(lied, ORIGIN, SIGNER), VKEYS, scan)
    found = report.check("chain.completeness")
    assert (found.code, found.details[0]["seq"]) == ("ENTRY_HIDDEN", seq)


def test_a_scan_finds_what_is_not_there_or_elsewhere(book: Book) -> None:
    data = export(book, book.trace(book.licence(4)))
    scan = book.scan()
    nothing = judge_evidence(data, VKEYS, lambda tags: {})
    assert nothing.check("chain.completeness").code == "ENTRY_MISSING"
    moved = judge_evidence(data, VKEYS, lambda tags: {tag: [0] for tag in scan(tags)})
    assert moved.check("chain.completeness").code == "ENTRY_ELSEWHERE"
    twice = judge_evidence(data, VKEYS, lambda tags: {tag: [*found, 1] for tag, found in scan(tags).items()})
    assert twice.check("chain.completeness").code == "ENTRY_TWICE"


# --- bytes that are none ----------------------------------------------------------------------------------------------

BAD: list[bytes] = [
    b"",
    b"{}",
    b"[]",
    b"\xff",
    b"null",
    b'{"evidence": {}, "signature": ""}',
    b'{"evidence": {"format": "elicence/evidence/v1"}, "signature": ""}',
    b'{"evidence": {"format": "elicence/evidence/v1", "kind": "chains", "origin": "x"}, "signature": ""}',
    b'{"evidence": {"format": "elicence/evidence/v1", "kind": "promise", "origin": "x"}, "signature": ""}',
    b'{"evidence": {}, "evidence": {}, "signature": ""}',
    b'{"evidence": NaN, "signature": ""}',
    b"[" * 100_000,
]


@pytest.mark.parametrize("data", BAD, ids=range(len(BAD)))
def test_what_is_no_evidence_is_invalid_and_nothing_else(data: bytes) -> None:
    report = judge_evidence(data, VKEYS)
    assert report.verdict == "invalid"
    assert [check.id for check in report.checks] == ["evidence.format"]
    assert mirror_wanted(data, VKEYS) is None


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_changed_member_never_passes_and_never_crashes(book: Book, data: st.DataObject) -> None:
    evidence = _kept.setdefault("evidence", None) or export(book, book.trace(book.licence(2)))
    _kept["evidence"] = evidence
    members = json.loads(evidence)
    path = data.draw(st.sampled_from(list(_paths(members["evidence"]))))
    value: Any = data.draw(st.sampled_from([None, True, 0, -1, 1 << 70, 1.5, "", "x", [], {}, ZERO]))
    place = members["evidence"]
    for step in path[:-1]:
        place = place[step]
    if place[path[-1]] == value and type(place[path[-1]]) is type(value):
        return
    place[path[-1]] = value
    assert judge_evidence(json.dumps(members).encode(), VKEYS).verdict == "invalid"


_kept: dict[str, Any] = {}


def _paths(value: object, before: tuple[Any, ...] = ()) -> Any:
    if before:
        yield before
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in items:
        yield from _paths(inner, (*before, name))
