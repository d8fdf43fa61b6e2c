from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from api.database import Database
from api.schema import Role
from ledger import entries, envelope
from ledger.actor import ANONYMOUS
from ledger.events import Event, EventInvalid, EventKind, new_event_id, record, record_many
from ledger.formats import base64_text, canonical
from ledger.formats.canonical import NotCanonical
from ledger.log.promises import read_promise
from ledger.subjects import SubjectKeys, create_subject
from tests.ledger.local_keys import ACTOR, ORIGIN, MemoryWrapper
from tests.ledger.recording import NOW, PROMISER, event
from tests.ledger.test_promises import VKEYS

SUBJECT = UUID("00010203-0405-0607-0809-0a0b0c0d0e0f")
ID = "evt_01ARZ3NDEKTSV4RRFFQ69G5FAV"


def test_a_body_is_canonical_and_leaves_out_what_is_absent() -> None:
    full = Event(
        id=ID,
        kind=EventKind.ACCEPTED,
        subject=SUBJECT,
        actor=ACTOR,
        at=datetime(2026, 11, 22, 16, 30, 0, 5, timezone(timedelta(hours=8))),
        document="sha-256:" + "0a" * 32,
        purpose="开办餐饮",
        item="11430000006122244L1430123001000",
        case="2026-0001",
        detail={"b": [1, None], "a": "x"},
    )
    assert full.body().decode() == (
        '{"actor":{"id":"approval-test","kind":"system","on_behalf_of":"11430000006122244L",'
        '"operator_unit":"11430000006122244L"},"at":"2026-11-22T08:30:00.000005Z","case":"2026-0001",'
        '"detail":{"a":"x","b":[1,null]},"document":"sha-256:' + "0a" * 32 + '",'
        '"id":"evt_01ARZ3NDEKTSV4RRFFQ69G5FAV","item":"11430000006122244L1430123001000","kind":"accepted",'
        '"purpose":"开办餐饮","subject":"00010203-0405-0607-0809-0a0b0c0d0e0f","v":"elicence/event/v1"}'
    )
    bare = Event(id=ID, kind=EventKind.SHOWN, subject=SUBJECT, actor=ANONYMOUS, at=NOW)
    assert set(canonical.loads(bare.body())) == {"v", "id", "kind", "subject", "actor", "at"}


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("id", "evt_1"),
        ("id", "evt_" + "Z" * 26),
        ("id", ID.lower()),
        ("id", ID + "\n"),
        ("at", datetime(2026, 11, 22)),  # noqa: DTZ001
        ("document", "sha-256:" + "0A" * 32),
        ("document", "0a" * 32),
        ("document", ""),
    ],
)
def test_a_misshapen_event_is_refused(member: str, value: object) -> None:
    members = {"id": ID, "kind": EventKind.SHOWN, "subject": SUBJECT, "actor": ACTOR, "at": NOW, member: value}
    with pytest.raises(EventInvalid) as caught:
        Event(**members)  # type: ignore[arg-type]
    assert caught.value.member == member


def test_a_detail_that_json_cannot_hold_is_refused() -> None:
    with pytest.raises(NotCanonical):
        event(SUBJECT, detail={"x": b"bytes"}).body()


def test_ids_sort_by_time_and_never_repeat() -> None:
    ids = [new_event_id(NOW + timedelta(milliseconds=number)) for number in range(100)]
    assert ids == sorted(ids)
    assert len({new_event_id(NOW) for _ in range(100)}) == 100
    assert all(event(SUBJECT, at=datetime(year, 1, 1, tzinfo=UTC)) for year in (1970, 2026, 9999))


def test_a_recorded_event_lies_encrypted_and_waits(session: Session) -> None:
    wrapper = MemoryWrapper()
    subject, keys = create_subject(session, wrapper, "licence")
    happened = event(subject.id, purpose="测试用途")
    promise = record(session, happened, keys, PROMISER)
    row = session.execute(text("SELECT * FROM ledger.events")).one()._mapping
    assert (row["id"], row["subject_id"], row["kind"]) == (happened.id, subject.id, "verified")
    assert (row["recorded_at"], row["deadline"]) == (NOW, promise.deadline)
    assert envelope.decrypt(keys.event, row["body"], happened.id.encode()) == happened.body()
    assert row["body_digest"] == entries.body_digest(entries.body_salt(keys.salt, happened.id), happened.body())
    assert [row[name] for name in ("entry_index", "seq", "previous", "tag", "commitment")] == [None] * 5
    plain = b"".join(str(value).encode() for name, value in row.items() if name != "body")
    assert "测试用途".encode() not in plain
    assert ACTOR.id.encode() not in plain


def test_the_promise_binds_the_log_to_the_body(session: Session) -> None:
    subject, keys = create_subject(session, MemoryWrapper(), "licence")
    promise = record(session, event(subject.id), keys, PROMISER)
    verified = read_promise(promise.text, VKEYS)
    digest = session.execute(text("SELECT body_digest FROM ledger.events")).scalar_one()
    assert (verified.origin, verified.event, verified.body_digest) == (ORIGIN, promise.event, digest)
    assert verified.deadline == promise.deadline == NOW + timedelta(seconds=60)


def test_the_issued_event_carries_the_tag_key_digest(session: Session) -> None:
    subject, keys = create_subject(session, MemoryWrapper(), "licence")
    issued = event(subject.id, EventKind.ISSUED, detail={"version": 1})
    record(session, issued, keys, PROMISER)
    blob = session.execute(text("SELECT body FROM ledger.events")).scalar_one()
    body = canonical.loads(envelope.decrypt(keys.event, blob, issued.id.encode()))
    assert body["detail"] == {"version": 1, "tag_key_sha256": base64_text.encode(keys.tag_digest)}


def test_an_issued_event_with_another_tag_key_is_refused(session: Session) -> None:
    subject, keys = create_subject(session, MemoryWrapper(), "licence")
    other = base64_text.encode(SubjectKeys.derive(bytes(32)).tag_digest)
    with pytest.raises(EventInvalid, match="tag_key_sha256"):
        record(session, event(subject.id, EventKind.ISSUED, detail={"tag_key_sha256": other}), keys, PROMISER)


def test_many_events_wait_in_the_order_in_which_they_were_recorded(session: Session) -> None:
    subject, keys = create_subject(session, MemoryWrapper(), "licence")
    # Later events first: what counts is the order of recording.
    items = [(event(subject.id, at=NOW - timedelta(seconds=number)), keys) for number in range(300)]
    promises = record_many(session, items, PROMISER)
    assert [promise.event for promise in promises] == [item.id for item, _ in items]
    waiting = session.execute(text("SELECT id FROM ledger.events ORDER BY ordinal")).scalars().all()
    assert waiting == [item.id for item, _ in items]
    assert record_many(session, [], PROMISER) == []


def test_an_event_is_recorded_once(session: Session) -> None:
    subject, keys = create_subject(session, MemoryWrapper(), "licence")
    happened = event(subject.id)
    record(session, happened, keys, PROMISER)
    with pytest.raises(IntegrityError, match="events_pkey"):
        record(session, happened, keys, PROMISER)


def test_an_event_that_is_rolled_back_never_happened(database: Database) -> None:
    wrapper = MemoryWrapper()
    with database.session(Role.APP, ACTOR) as session:
        subject, keys = create_subject(session, wrapper, "licence")

    def record_and_fail() -> None:
        with database.session(Role.APP, ACTOR) as session:
            record(session, event(subject.id), keys, PROMISER)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        record_and_fail()
    with database.session(Role.WORKER) as session:
        assert session.execute(text("SELECT count(*) FROM ledger.events")).scalar_one() == 0
