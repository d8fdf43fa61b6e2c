"""Promises found in what they came in, and broken ones judged by a third party."""

import json
from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from ledger.evidence.judging import judge_evidence
from ledger.evidence.promises import promise_in
from ledger.evidence.report import PROMISE_CHECKS, Report
from ledger.formats.notes import NoteSigner
from ledger.log.promise_keeping import PromiseKeeper, make_evidence
from ledger.objects.objects import ObjectStore
from ledger.provenance.errors import PromiseMissing
from tests.ledger.local_keys import ORIGIN, Ed25519Signer
from tests.ledger.recording import SIGNER
from tests.ledger.tracing import LATER, VKEYS, Book, open_book


@pytest.fixture
def book(session: Session, objects: ObjectStore) -> Book:
    return open_book(session, objects)


def broken(book: Book, now: datetime = LATER) -> bytes:
    """A promise whose event waits for ever, and the admission."""
    note = book.record(book.subject()).text
    answer = PromiseKeeper(ORIGIN, SIGNER, book.wrapper).answer(book.session, book.log(), note, now)
    assert answer.fate == "broken"
    return make_evidence(note, answer.text).encode()


def judged(data: bytes) -> Report:
    report = judge_evidence(data, VKEYS)
    assert tuple(check.id for check in report.checks) == PROMISE_CHECKS
    return report


def test_a_promise_is_found_in_what_it_came_in(book: Book) -> None:
    note = book.record(book.subject()).text
    for data in (
        note,
        json.dumps({"usage": {"promise": note}}),
        json.dumps({"promise": note, "identifier": "x"}),
    ):
        assert promise_in(data.encode()) == note


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"promise": 5}', b'{"usage": []}', b"\xff\xfe", b"[" * 99_999])
def test_files_without_a_promise(data: bytes) -> None:
    with pytest.raises(PromiseMissing):
        promise_in(data)


def test_an_admission_convicts(book: Book) -> None:
    report = judged(broken(book))
    assert (report.verdict, report.check("promise.broken").code) == ("valid", "ADMITTED")
    assert report.about["kind"] == "promise"
    assert report.about["event"].startswith("evt_")


def test_without_trust_and_under_another_key(book: Book) -> None:
    data = broken(book)
    assert judge_evidence(data, None).verdict == "indeterminate"
    assert judge_evidence(data, {}).check("promise.broken").code == "LOG_NOT_TRUSTED"
    other = {ORIGIN: NoteSigner(ORIGIN, Ed25519Signer(bytes([1]) * 32)).vkey}
    assert judge_evidence(data, other).verdict == "indeterminate"


def test_an_admission_of_another_promise_proves_nothing(book: Book) -> None:
    one, two = (json.loads(broken(book, LATER + timedelta(seconds=number))) for number in range(2))
    report = judged(make_evidence(one["promise"], two["denial"]).encode())
    assert (report.verdict, report.check("promise.broken").code) == ("invalid", "UNREADABLE")


def test_a_changed_admission_is_found(book: Book) -> None:
    members = json.loads(broken(book))
    lines = members["denial"].split("\n")
    lines[6] = "7"
    report = judged(make_evidence(members["promise"], "\n".join(lines)).encode())
    assert (report.verdict, report.check("promise.broken").code) == ("invalid", "SIGNATURE_INVALID")


def test_what_only_calls_itself_so() -> None:
    for members in ({}, {"promise": 5, "denial": 5}, {"promise": "", "denial": ""}):
        report = judged(json.dumps({"v": "elicence/promise-evidence/v1", **members}).encode())
        assert report.verdict == "invalid"
