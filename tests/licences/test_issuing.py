import hashlib
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from api.database import Database
from api.schema import Role
from ledger.models import EventRow
from ledger.objects.objects import ObjectStore
from ledger.subjects import open_subject
from licences.documents import load_document
from licences.drafts import Decision, LicenceRequest
from licences.identifiers import parse
from licences.issuing import Issuer
from licences.issuing_errors import (
    LicenceConflict,
    LicenceUnknown,
    RequestFaulty,
)
from licences.issuing_results import Existing, Failed, Issued, Refused
from licences.models import HolderRow
from licences.store import reading
from licences.type_errors import TypeUnknown
from seals import store as seal_store
from seals.errors import OrganisationUnknown, SealNotGranted
from seals.jwt.jades import read_json
from seals.models import UseRow
from seals.pdf.evidence import read_pdf
from tests.licences import samples
from tests.licences.issuing_house import (
    KEEPER,
    TOBACCO,
    actor,
    clock,
    counted,
    issue,
    issued,
    open_issuer,
    register_seals,
    shop,
    unprintable,
)
from tests.seals.keys import NOW
from tests.seals.register import custodian, wrapper

LATER = NOW + timedelta(hours=1)


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
            custodian().revoke_grant(session, granted.id, KEEPER, NOW)
        outcome = issue(issuer, shop(1))
        assert isinstance(outcome, Refused)
        assert isinstance(outcome.error, SealNotGranted)
        assert (outcome.error.seal, outcome.error.reason) == (seal.code, "revoked")
    # What was refused is recorded, too.
    assert counted(database) == {"licences": 0, "versions": 0, "statuses": 0, "uses": 1, "events": 0}
    with database.session(Role.WORKER) as session:
        (use,) = session.scalars(select(UseRow))
        assert (use.outcome, use.refusal, use.grant_id) == ("refused", "seals.not_granted", granted.id)


def test_what_was_issued_is_found_again_when_the_grant_is_gone(database: Database, objects: ObjectStore) -> None:
    _seal, granted = register_seals(database)[TOBACCO]
    with open_issuer(database, objects) as issuer:
        first = issued(issuer, shop(1))
        with database.session(Role.WORKER) as session:
            custodian().revoke_grant(session, granted.id, KEEPER, NOW)
        again = issue(issuer, shop(1))
        assert isinstance(again, Existing)
        assert (again.identifier, again.stage) == (first.identifier, "active")
        assert counted(database)["uses"] == 1, "no use was denied, for none was asked for"
        for other in (
            shop(2),
            shop(1, business_number="测试-别的办件"),
            shop(1, fields={**shop(1).fields, "premises": "测试路99号"}),
        ):
            refused = issue(issuer, other)
            assert isinstance(refused, Refused)
            assert isinstance(refused.error, SealNotGranted)
    assert counted(database)["uses"] == 4


def test_no_document_of_an_unknown_licence(database: Database, objects: ObjectStore) -> None:
    with database.session(Role.WORKER) as session, pytest.raises(LicenceUnknown):
        load_document(session, objects, wrapper(), "1.2.156.3005.2.x", "pdf")


# --- by the door -----------------------------------------------------------------------------------------------------


def test_a_department_issues_through_the_door_and_sees_its_own_only(database: Database, objects: ObjectStore) -> None:
    register_seals(database)
    with open_issuer(database, objects, role=Role.APP) as issuer:
        made = issued(issuer, shop(1))
        assert isinstance(issue(issuer, shop(1)), Existing)
        assert isinstance(issue(issuer, unprintable(2)), Failed)
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
