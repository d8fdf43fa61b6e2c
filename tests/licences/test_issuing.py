import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select, text

from api.database import Database
from api.schema import Role
from ledger.models import EventRow
from ledger.objects import ObjectStore, ObjectStoreUnavailable
from ledger.subjects import open_subject
from licences.documents import load_document
from licences.drafts import Decision, LicenceRequest
from licences.identifiers import parse
from licences.issuing import BATCH, MAX_ATTEMPTS, Issuer
from licences.issuing_errors import (
    AttemptsExhausted,
    LicenceConflict,
    LicenceInProgress,
    LicenceUnknown,
    RequestFaulty,
)
from licences.issuing_production import Producer
from licences.issuing_results import Existing, Failed, Intent, Issued, Outcome, Produced, Refused
from licences.leases import DEFAULT_TERM
from licences.models import HolderRow, LicenceRow, RenditionRow, StatusRow, VersionRow
from licences.store import intents, reading
from licences.type_errors import GlyphMissing, TypeUnknown
from seals import store as seal_store
from seals.errors import OrganisationUnknown, SealNotGranted, SealStopped
from seals.jades import read_json
from seals.models import UseRow
from seals.pdf_evidence import read_pdf
from tests.licences import samples
from tests.licences.issuing_house import (
    TOBACCO,
    actor,
    clock,
    open_issuer,
    register_seals,
    shop,
)
from tests.seals.keys import NOW
from tests.seals.register import CUSTODIAN, custodian, wrapper

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def issuer(database: Database, objects: ObjectStore) -> Iterator[Issuer]:
    register_seals(database)
    with open_issuer(database, objects) as issuer:
        yield issuer


def issue(issuer: Issuer, request: LicenceRequest, system: str = "approval-1") -> Outcome:
    return issuer.issue_one(request, actor(request.issuer, system), NOW)


def issued(issuer: Issuer, request: LicenceRequest) -> Issued:
    outcome = issue(issuer, request)
    assert isinstance(outcome, Issued), outcome
    return outcome


def counted(database: Database) -> dict[str, int]:
    tables = (LicenceRow, VersionRow, StatusRow, UseRow)
    with database.session(Role.WORKER) as session:
        found = {table.__tablename__: session.scalar(select(func.count()).select_from(table)) or 0 for table in tables}
        found["events"] = session.scalar(select(func.count()).where(EventRow.kind == "issued")) or 0
        return found


# --- one licence, whole ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("slug", samples.SLUGS)
def test_a_licence_of_every_type(issuer: Issuer, database: Database, objects: ObjectStore, slug: str) -> None:
    request = samples.request(slug)
    made = issued(issuer, request)
    identifier = parse(made.identifier)
    assert (identifier.type_code, identifier.issuer, identifier.version) == (request.type_code, request.issuer, 1)
    assert identifier.check_matches
    assert made.serial == identifier.serial == "2026000000001"

    page, signed = read_pdf(made.pdf.data), read_json(made.json.data)
    assert signed.signature_valid
    assert signed.faults == ()
    assert page.embedded["licence.json"] == made.json.data
    assert signed.claims["holders"] == [
        {"name": h.name, "code": h.code, "code_type": h.code_type, "role": h.role, "share": h.share}
        for h in request.holders
    ]
    assert signed.claims["fields"] == request.fields
    assert f"sha-256:{signed.digest.hex()}" == made.json.digest
    assert made.pdf.sha256 == f"sha-256:{hashlib.sha256(made.pdf.data).hexdigest()}"
    assert page.seal is not None
    assert f"sha-256:{page.seal.digest.hex()}" == made.pdf.digest
    assert all(word in page.info["Keywords"] for word in ("elicence", made.identifier, made.json.digest))

    with database.session(Role.WORKER) as session:
        for kind, document in (("pdf", made.pdf), ("json", made.json)):
            assert load_document(session, objects, wrapper(), made.identifier, kind) == document.data  # type: ignore[arg-type]


def test_every_row_of_a_licence_in_force(issuer: Issuer, database: Database) -> None:
    made = issued(issuer, samples.request("real-estate-title"))
    with database.session(Role.WORKER) as session:
        version = reading.version_by_identifier(session, made.identifier)
        assert version is not None
        assert (version.stage, version.activated_at, version.lease_owner) == ("active", NOW, None)
        assert (version.json_digest, version.pdf_digest) == (made.json.digest, made.pdf.digest)
        (status,) = reading.statuses(session, version.id)
        assert (status.status, status.effective_at, status.recorded_at) == ("active", NOW, NOW)
        assert status.event_id == made.event == made.promise.event
        assert [row.kind for row in reading.renditions(session, version.id)] == ["json", "pdf"]
        holders = session.scalars(select(HolderRow).order_by(HolderRow.ordinal)).all()
        assert [(row.ordinal, row.role, row.code_type) for row in holders] == [
            (0, "holder", "111"),
            (1, "holder", "111"),
        ]
        use = session.get(UseRow, version.seal_use_id)
        assert use is not None
        assert (use.outcome, use.document, use.purpose_id) == ("used", made.pdf.digest, version.id)
        assert seal_store.open_uses(session, LATER) == []
        assert reading.version_by_digest(session, made.pdf.digest) is version
        assert reading.version_by_digest(session, made.json.sha256) is version
        assert reading.version_by_digest(session, "sha-256:" + "0" * 64) is None


def test_the_event_tells_nothing_of_the_content(issuer: Issuer, database: Database) -> None:
    from ledger.envelope import decrypt

    made = issued(issuer, samples.request("real-estate-title"))
    with database.session(Role.WORKER) as session:
        row = session.get(EventRow, made.event)
        assert row is not None
        keys = open_subject(session, wrapper(), made.licence_id)
        body = json.loads(decrypt(keys.event, row.body, made.event.encode()))
    assert (body["kind"], body["subject"], body["document"]) == ("issued", str(made.licence_id), made.pdf.digest)
    assert set(body["detail"]) == {"identifier", "json", "pdf", "status_index", "tag_key_sha256"}
    assert body["detail"]["json"] == made.json.digest
    assert body["actor"]["id"] == "approval-1"
    assert "测试" not in json.dumps(body, ensure_ascii=False)


def test_at_rest_nobody_is_named(issuer: Issuer, database: Database, objects: ObjectStore) -> None:
    request = samples.request("real-estate-title")
    issued(issuer, request)
    secret = [request.number, request.business_number + '"', "测试市测试区"]
    secret += [word for holder in request.holders for word in (holder.name, holder.code)]
    with database.session(Role.WORKER) as session:
        tables = session.execute(
            text("SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname IN ('licences', 'ledger')")
        ).scalars()
        dump = "\n".join(
            str(row) for table in tables for row in session.execute(text(f"SELECT t.*::text FROM {table} t"))
        )
    stored = b"".join(objects.get(key) for key in objects.keys("documents/"))
    assert [word for word in secret if word in dump] == []
    assert [word for word in secret if word.encode() in stored] == []


def test_objects_are_named_by_their_ciphertext(issuer: Issuer, objects: ObjectStore) -> None:
    issued(issuer, shop(7))
    keys = list(objects.keys("documents/"))
    assert len(keys) == 2
    for key in keys:
        name = hashlib.sha256(objects.get(key)).hexdigest()
        assert key == f"documents/{name[:2]}/{name}"


# --- asked for again -------------------------------------------------------------------------------------------------


def test_the_same_licence_is_issued_once_whatever_case_it_comes_from(issuer: Issuer, database: Database) -> None:
    made = issued(issuer, shop(7))
    wide = replace(shop(7), number="９９０１０１１０００００７")
    for again in (shop(7), shop(7, business_number="another"), shop(7, valid_from=samples.DAY)):
        outcome = issue(issuer, again)
        assert isinstance(outcome, Existing)
        assert (outcome.identifier, outcome.stage) == (made.identifier, "active")
    assert isinstance(issue(issuer, shop(7), system="approval-2"), Existing)
    assert isinstance(issue(issuer, shop(7, type_code="tobacco-retail-permit")), Existing)
    assert isinstance(issue(issuer, wide), Refused)
    assert counted(database) == {"licences": 1, "versions": 1, "statuses": 1, "uses": 1, "events": 1}


@pytest.mark.parametrize(
    ("contradiction", "taken"),
    [
        (shop(7, valid_until=samples.DAY), "number"),
        (shop(7, valid_until=samples.DAY, business_number="another"), "number"),
        (shop(8, business_number="YW-7"), "business_number"),
    ],
)
def test_a_contradiction_is_refused_and_names_the_licence(
    issuer: Issuer, database: Database, contradiction: LicenceRequest, taken: str
) -> None:
    made = issued(issuer, shop(7))
    outcome = issue(issuer, contradiction)
    assert isinstance(outcome, Refused)
    assert isinstance(outcome.error, LicenceConflict)
    assert (outcome.error.taken, outcome.error.identifier) == (taken, made.identifier)
    assert made.identifier in outcome.error.message("zh")
    assert counted(database)["versions"] == 1


def test_repeats_and_contradictions_within_one_batch(issuer: Issuer, database: Database) -> None:
    batch = [
        shop(7),
        shop(7, business_number="another"),
        shop(7, valid_until=samples.DAY),
        shop(8, business_number="YW-7"),
        shop(9),
    ]
    outcomes = issuer.issue_batch(batch, actor(TOBACCO), clock)
    assert [type(outcome) for outcome in outcomes] == [Issued, Existing, Refused, Refused, Issued]
    first, second = outcomes[:2]
    assert isinstance(first, Issued)
    assert isinstance(second, Existing)
    assert (second.identifier, second.stage) == (first.identifier, "active")
    assert counted(database)["events"] == 2


# --- refused ---------------------------------------------------------------------------------------------------------


def test_a_bad_row_stops_nobody_else(issuer: Issuer, database: Database) -> None:
    rows = [shop(number) for number in range(1, 4)]
    rows[1] = replace(rows[1], number="bad", holders=())
    outcomes = issuer.issue_batch(rows, actor(TOBACCO), clock)
    assert [type(outcome) for outcome in outcomes] == [Issued, Refused, Issued]
    refused = outcomes[1]
    assert isinstance(refused, Refused)
    assert isinstance(refused.error, RequestFaulty)
    assert {"number", "holders"} <= {fault.field for fault in refused.error.faults}
    assert str(len(refused.error.faults)) in refused.error.message("en")
    assert counted(database)["versions"] == 2


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        (shop(1, type_code="11100000MB0271699X009"), TypeUnknown),
        (shop(1, issuer="11990100MB9T00062Y"), OrganisationUnknown),
        (shop(1, fields={**shop(1).fields, "premises": float("nan")}), RequestFaulty),
        (shop(1, fields={**shop(1).fields, "premises": "\ud800"}), RequestFaulty),
        (shop(1, fields={**shop(1).fields, "nature": {"deep": [1]}}), RequestFaulty),
        (replace(shop(1), number="\ud800"), RequestFaulty),
        (replace(shop(1), number="\x00"), RequestFaulty),
        (shop(1, business_number="\ud800"), RequestFaulty),
        (shop(1, decision=Decision("\ud800", "o", "c", "i")), RequestFaulty),
        (shop(1, holders=(replace(samples.SELF_EMPLOYED, name="\ud800"),)), RequestFaulty),
        (shop(1, holders=(replace(samples.SELF_EMPLOYED, code_type="\x00"),)), RequestFaulty),
        (shop(1, holders=(replace(samples.SELF_EMPLOYED, role="\x00"),)), RequestFaulty),
        (shop(1, holders=(replace(samples.SELF_EMPLOYED, share="\x00"),)), RequestFaulty),
        (shop(1, valid_until=samples.DAY - timedelta(days=1)), RequestFaulty),
        (shop(1, issue_date=samples.DAY + timedelta(days=2)), RequestFaulty),
    ],
)
def test_what_cannot_become_a_licence(
    issuer: Issuer, database: Database, request_: LicenceRequest, error: type[Exception]
) -> None:
    outcome = issue(issuer, request_)
    assert isinstance(outcome, Refused)
    assert isinstance(outcome.error, error)
    assert counted(database)["licences"] == 0


def test_without_a_seal_nothing_is_begun(database: Database, objects: ObjectStore) -> None:
    seal, granted = register_seals(database)[TOBACCO]
    with open_issuer(database, objects) as issuer:
        with database.session(Role.WORKER) as session:
            custodian().revoke_grant(session, granted.id, CUSTODIAN, NOW)
        outcome = issue(issuer, shop(1))
        assert isinstance(outcome, Refused)
        assert isinstance(outcome.error, SealNotGranted)
        assert (outcome.error.seal, outcome.error.reason) == (seal.code, "revoked")
    assert counted(database) == {"licences": 0, "versions": 0, "statuses": 0, "uses": 0, "events": 0}


def test_no_document_of_an_unknown_licence(database: Database, objects: ObjectStore) -> None:
    with database.session(Role.WORKER) as session, pytest.raises(LicenceUnknown):
        load_document(session, objects, wrapper(), "1.2.156.3005.2.x", "pdf")


# --- failed, and come again ------------------------------------------------------------------------------------------


def _unprintable(number: int, **changes: object) -> LicenceRequest:
    fields = {**shop(number).fields, "responsible_person": "王测试\U000323b0"}  # 𲎰, newer than our fonts
    return shop(number, fields=fields, **changes)


def test_a_licence_that_cannot_be_drawn_fails_alone(issuer: Issuer, database: Database) -> None:
    outcomes = issuer.issue_batch([shop(1), _unprintable(2), shop(3)], actor(TOBACCO), clock)
    assert [type(outcome) for outcome in outcomes] == [Issued, Failed, Issued]
    failed = outcomes[1]
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, GlyphMissing)
    with database.session(Role.WORKER) as session:
        (row,) = session.scalars(select(VersionRow).where(VersionRow.stage == "failed"))
        assert (row.failed_reason, row.attempts, row.lease_owner) == ("rendering.glyph_missing", 1, None)
        assert session.scalar(select(func.count()).select_from(HolderRow)) == 2
        # The JSON was signed: that use of the seal cannot be taken back, and is reported.
        assert [use.purpose_id for use in seal_store.open_uses(session, LATER)] == [row.id]


def test_what_failed_comes_again_corrected_under_its_own_names(issuer: Issuer, database: Database) -> None:
    failed = issue(issuer, _unprintable(2))
    assert isinstance(failed, Failed)
    assert isinstance(issue(issuer, _unprintable(2)), Failed)
    made = issued(issuer, shop(2, business_number="corrected"))
    assert made.identifier == failed.intent.identifier
    assert made.version_id == failed.intent.version_id
    signed = read_json(made.json.data).claims
    assert signed["fields"] == shop(2).fields
    assert signed["status"]["status_list"]["idx"] == failed.intent.status_index  # type: ignore[index,call-overload]
    assert counted(database) == {"licences": 1, "versions": 1, "statuses": 1, "uses": 3, "events": 1}
    assert isinstance(issue(issuer, shop(2)), Existing)


def test_a_failed_row_does_not_keep_its_case(issuer: Issuer, database: Database) -> None:
    assert isinstance(issue(issuer, _unprintable(2)), Failed)
    moved = issued(issuer, shop(3, business_number="YW-2"))
    # But it does not get it back from a licence in force.
    outcome = issue(issuer, shop(2))
    assert isinstance(outcome, Refused)
    assert isinstance(outcome.error, LicenceConflict)
    assert outcome.error.identifier == moved.identifier
    assert counted(database)["events"] == 1


class _Broken:
    """An object store that is away."""

    def __init__(self, inner: ObjectStore, failing: int) -> None:
        self.inner = inner
        self.failing = failing

    def put(self, key: str, data: bytes) -> None:
        if self.failing:
            self.failing -= 1
            raise ObjectStoreUnavailable(reason="test")
        self.inner.put(key, data)

    def get(self, key: str) -> bytes:
        return self.inner.get(key)

    def delete(self, key: str) -> None:
        self.inner.delete(key)

    def keys(self, prefix: str) -> Iterator[str]:
        return self.inner.keys(prefix)


def test_a_store_that_is_away_fails_no_licence(database: Database, objects: ObjectStore) -> None:
    register_seals(database)
    broken = _Broken(objects, failing=3)
    with open_issuer(database, broken) as issuer:
        for _ in range(2):
            with pytest.raises(ObjectStoreUnavailable):
                issuer.issue_batch([shop(1), shop(2)], actor(TOBACCO), clock)
            assert counted(database)["statuses"] == 0
            broken.failing = max(broken.failing, 0)
            if broken.failing == 0:
                break
        outcomes = issuer.issue_batch([shop(1), shop(2)], actor(TOBACCO), clock)
    assert [type(outcome) for outcome in outcomes] == [Issued, Issued]
    assert counted(database) == {"licences": 2, "versions": 2, "statuses": 2, "uses": 2, "events": 2}
    with database.session(Role.WORKER) as session:
        assert seal_store.open_uses(session, LATER) == []


def test_a_store_that_is_away_for_long_uses_up_no_attempts(database: Database, objects: ObjectStore) -> None:
    register_seals(database)
    broken = _Broken(objects, failing=10_000)
    with open_issuer(database, broken) as issuer:
        with pytest.raises(ObjectStoreUnavailable):
            issuer.issue_batch([shop(1), shop(2)], actor(TOBACCO), clock)
        for _ in range(MAX_ATTEMPTS + 2):
            with pytest.raises(ObjectStoreUnavailable):
                issuer.finish_intents(clock)
        broken.failing = 0
        finished: list[Outcome] = []
        issuer.finish_intents(clock, finished.append)
    assert [type(outcome) for outcome in finished] == [Issued, Issued]


# --- many, and at once -----------------------------------------------------------------------------------------------


def test_rows_in_batches_keep_their_order(issuer: Issuer, database: Database) -> None:
    rows = [shop(number) for number in range(BATCH + 3)]
    told: list[tuple[int, Outcome]] = []
    issuer.issue_rows(iter(rows), actor(TOBACCO), clock, lambda position, outcome: told.append((position, outcome)))
    assert [position for position, _ in told] == list(range(BATCH + 3))
    made = [outcome for _, outcome in told if isinstance(outcome, Issued)]
    assert len({item.serial for item in made}) == BATCH + 3
    for row, item in zip(rows, made, strict=True):
        assert read_json(item.json.data).claims["licence"]["number"] == row.number  # type: ignore[index,call-overload]
    again: list[Outcome] = []
    issuer.issue_rows(rows, actor(TOBACCO), clock, lambda _, outcome: again.append(outcome))
    assert {type(outcome) for outcome in again} == {Existing}
    assert counted(database)["events"] == BATCH + 3
    with database.session(Role.WORKER) as session:
        places = session.scalars(select(VersionRow.status_index)).all()
        assert len(set(places)) == BATCH + 3
        assert max(places) < 1 << 20
        assert max(places) - min(places) > 1 << 15
        assert session.scalar(select(func.count()).select_from(RenditionRow)) == 2 * (BATCH + 3)


def test_the_same_rows_by_two_at_once_are_issued_once(database: Database, objects: ObjectStore) -> None:
    register_seals(database)
    rows = [shop(number) for number in range(12)]
    outcomes: dict[int, list[Outcome]] = {}

    def run(which: int, order: int) -> None:
        with open_issuer(database, objects) as issuer:
            found: list[Outcome] = []
            issuer.issue_rows(rows[::order], actor(TOBACCO), clock, lambda _, outcome: found.append(outcome))
            outcomes[which] = found

    threads = [threading.Thread(target=run, args=pair) for pair in ((0, 1), (1, -1), (2, 1))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    everything = [outcome for found in outcomes.values() for outcome in found]
    assert len(everything) == 36
    assert sum(isinstance(outcome, Issued) for outcome in everything) == 12
    assert sum(isinstance(outcome, Existing) for outcome in everything) == 24
    assert counted(database) == {"licences": 12, "versions": 12, "statuses": 12, "uses": 12, "events": 12}


# --- left behind -----------------------------------------------------------------------------------------------------


def test_what_another_has_in_hand_is_in_progress(database: Database, objects: ObjectStore) -> None:
    register_seals(database)
    seen: list[Outcome] = []

    def look(step: str) -> None:
        if step == "sealed":
            with open_issuer(database, objects) as other:
                seen.append(issue(other, shop(1)))
                assert other.finish_intents(clock) == 0

    with open_issuer(database, objects, checkpoint=look) as issuer:
        issued(issuer, shop(1))
    assert isinstance(seen[0], Refused)
    assert isinstance(seen[0].error, LicenceInProgress)


class _Crash(BaseException):
    """The process ends here."""


def _crash_at(database: Database, objects: ObjectStore, step: str, rows: list[LicenceRequest]) -> None:
    """Leave a batch at a step as a killed process does: its connections gone, its leases still on the rows."""

    def crash(done: str) -> None:
        if done == step:
            raise _Crash

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(intents, "release", lambda *_, **__: None)
        with pytest.raises(_Crash), open_issuer(database, objects, checkpoint=crash) as issuer:
            issuer.issue_batch(rows, actor(TOBACCO), clock)


@pytest.mark.parametrize("step", ["intent-committed", "json-signed", "rendered", "sealed", "stored"])
def test_the_next_worker_finishes(database: Database, objects: ObjectStore, step: str) -> None:
    register_seals(database)
    _crash_at(database, objects, step, [shop(1), shop(2)])
    with database.session(Role.WORKER) as session:
        left = session.scalars(select(VersionRow)).all()
        assert {(row.stage, row.lease_until) for row in left} == {("intent", NOW + DEFAULT_TERM)}
    with open_issuer(database, objects) as issuer:
        finished: list[Outcome] = []
        assert issuer.finish_intents(clock, finished.append) == 2
        assert {type(outcome) for outcome in finished} == {Issued}
        assert issuer.finish_intents(clock) == 0
        assert isinstance(issue(issuer, shop(1)), Existing)
    assert counted(database) == {"licences": 2, "versions": 2, "statuses": 2, "uses": 2, "events": 2}
    with database.session(Role.WORKER) as session:
        assert {row.attempts for row in session.scalars(select(VersionRow))} == {2}
        assert seal_store.open_uses(session, LATER) == []


def test_the_same_rows_again_finish_what_was_begun(database: Database, objects: ObjectStore) -> None:
    register_seals(database)
    _crash_at(database, objects, "intent-committed", [shop(1), shop(2)])
    with open_issuer(database, objects) as issuer:
        outcomes = issuer.issue_batch([shop(0), shop(1), shop(2), shop(2)], actor(TOBACCO), clock)
    assert [type(outcome) for outcome in outcomes] == [Issued, Issued, Issued, Existing]
    assert counted(database)["events"] == 3


@pytest.mark.parametrize("step", ["intent-written", "activation-written"])
def test_what_was_not_committed_was_not_done(database: Database, objects: ObjectStore, step: str) -> None:
    register_seals(database)
    _crash_at(database, objects, step, [shop(1)])
    assert counted(database)["statuses"] == counted(database)["events"] == 0
    with open_issuer(database, objects) as issuer:
        issued(issuer, shop(1))
    assert counted(database) == {"licences": 1, "versions": 1, "statuses": 1, "uses": 1, "events": 1}


def test_after_the_last_step_nothing_is_left_to_do(database: Database, objects: ObjectStore) -> None:
    register_seals(database)
    _crash_at(database, objects, "activated", [shop(1)])
    with open_issuer(database, objects) as issuer:
        assert issuer.finish_intents(clock) == 0
        assert isinstance(issue(issuer, shop(1)), Existing)
    assert counted(database)["events"] == 1


def test_a_row_that_kills_its_workers_is_given_up(database: Database, objects: ObjectStore) -> None:
    register_seals(database)
    _crash_at(database, objects, "intent-committed", [shop(1)])
    with database.session(Role.WORKER) as session:
        session.execute(text("UPDATE licences.versions SET attempts = :most"), {"most": MAX_ATTEMPTS})
    with open_issuer(database, objects) as issuer:
        finished: list[Outcome] = []
        assert issuer.finish_intents(clock, finished.append) == 1
        (failed,) = finished
        assert isinstance(failed, Failed)
        assert isinstance(failed.error, AttemptsExhausted)
        # Whoever pushes it again has looked into it.
        issued(issuer, shop(1))


@pytest.mark.parametrize("asked_again", [False, True])
def test_a_row_that_kills_its_workers_takes_no_other_with_it(
    database: Database, objects: ObjectStore, monkeypatch: pytest.MonkeyPatch, *, asked_again: bool
) -> None:
    register_seals(database)
    rows = [shop(number) for number in range(4)]
    _crash_at(database, objects, "intent-committed", rows)
    produce = Producer.produce

    def die(producer: Producer, intent: Intent, now: datetime) -> Produced | Failed:
        if intent.content.request.number == rows[1].number:
            raise _Crash
        return produce(producer, intent, now)

    monkeypatch.setattr(Producer, "produce", die)
    for _ in range(MAX_ATTEMPTS):
        with pytest.MonkeyPatch.context() as killed, open_issuer(database, objects) as issuer, suppress(_Crash):
            killed.setattr(intents, "release", lambda *_, **__: None)
            if asked_again:
                issuer.issue_batch(rows, actor(TOBACCO), clock)
            else:
                issuer.finish_intents(clock)
    with open_issuer(database, objects) as issuer:
        issuer.finish_intents(clock)
    with database.session(Role.WORKER) as session:
        stages = sorted(row.stage for row in session.scalars(select(VersionRow)))
    assert stages == ["active", "active", "active", "failed"]


def test_a_lease_that_ran_out_is_anybodys_and_only_one_activates(database: Database, objects: ObjectStore) -> None:
    register_seals(database)
    outcomes: list[Outcome] = []
    much_later = NOW + timedelta(hours=1)

    def overtake(step: str) -> None:
        if step == "stored":
            with open_issuer(database, objects) as other:
                other.finish_intents(lambda: much_later, outcomes.append)

    with open_issuer(database, objects, checkpoint=overtake) as issuer:
        late = issue(issuer, shop(1))
    assert [type(outcome) for outcome in outcomes] == [Issued]
    assert isinstance(late, Existing)
    assert late.stage == "active"
    assert counted(database) == {"licences": 1, "versions": 1, "statuses": 1, "uses": 1, "events": 1}


def test_a_licence_that_another_has_put_in_force_has_not_failed(database: Database, objects: ObjectStore) -> None:
    seal, _ = register_seals(database)[TOBACCO]
    much_later = NOW + timedelta(hours=1)

    def overtake(step: str) -> None:
        if step == "stored":
            with open_issuer(database, objects) as other:
                other.finish_intents(lambda: much_later)
            with database.session(Role.WORKER) as session:
                custodian().stop_seal(session, seal.id, state="suspended", reason="lost", actor=CUSTODIAN, now=NOW)

    with open_issuer(database, objects, checkpoint=overtake) as issuer:
        late = issue(issuer, shop(1))
    assert isinstance(late, Existing)
    assert late.stage == "active"


# --- the seal, looked at again ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["stop", "revoke"])
def test_a_seal_stopped_in_between_stops_the_activation(database: Database, objects: ObjectStore, how: str) -> None:
    seal, granted = register_seals(database)[TOBACCO]

    def decide(step: str) -> None:
        if step == "stored":
            with database.session(Role.WORKER) as session:
                if how == "stop":
                    custodian().stop_seal(session, seal.id, state="suspended", reason="lost", actor=CUSTODIAN, now=NOW)
                else:
                    # Later than the moment the request came in, which is the only one that its clock tells.
                    custodian().revoke_grant(session, granted.id, CUSTODIAN, NOW + timedelta(seconds=1))

    with open_issuer(database, objects, checkpoint=decide) as issuer:
        outcomes = issuer.issue_batch([shop(1), shop(2)], actor(TOBACCO), clock)
    assert [type(outcome) for outcome in outcomes] == [Failed, Failed]
    errors = {type(outcome.error) for outcome in outcomes if isinstance(outcome, Failed)}
    assert errors == {SealStopped if how == "stop" else SealNotGranted}
    assert counted(database) == {"licences": 2, "versions": 2, "statuses": 0, "uses": 2, "events": 0}
    with database.session(Role.WORKER) as session:
        reasons = {row.failed_reason for row in session.scalars(select(VersionRow))}
        assert reasons == {"seals.stopped" if how == "stop" else "seals.not_granted"}
        assert len(seal_store.open_uses(session, LATER)) == 2


# --- by the door -----------------------------------------------------------------------------------------------------


def test_a_department_issues_through_the_door_and_sees_its_own_only(database: Database, objects: ObjectStore) -> None:
    register_seals(database)
    with open_issuer(database, objects, role=Role.APP) as issuer:
        made = issued(issuer, shop(1))
        assert isinstance(issue(issuer, shop(1)), Existing)
        assert isinstance(issue(issuer, _unprintable(2)), Failed)
        issued(issuer, shop(2))
        # A system that acts for another unit finds no seal of this issuer's.
        outcome = issuer.issue_one(shop(3), actor("11990100MB9T0002XE"), NOW)
        assert isinstance(outcome, Refused)
    with database.session(Role.APP, actor(TOBACCO)) as own:
        assert reading.version_by_identifier(own, made.identifier) is not None
        assert len(reading.renditions(own, made.version_id)) == 2
    with database.session(Role.APP, actor("11990100MB9T0002XE")) as other:
        assert reading.version_by_identifier(other, made.identifier) is None
        assert reading.renditions(other, made.version_id) == []
        assert reading.statuses(other, made.version_id) == []
        assert other.scalars(select(HolderRow)).all() == []
    with database.session(Role.APP, purpose="verification") as verifier:
        assert reading.version_by_identifier(verifier, made.identifier) is not None
        assert reading.statuses(verifier, made.version_id)
