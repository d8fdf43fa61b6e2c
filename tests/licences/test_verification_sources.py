"""Verification on line, over licences that were really issued: register, statuses, ledger, and each of them gone."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from api.database import Database
from api.schema import Role
from ca.judging.trust import AllowedAlgorithm, TrustList
from ca.keys.software_signer import SoftwareSigner
from ca.timestamping.token import read_token
from ca.writing.certificates import DistinguishedName, issue
from ca.writing.profiles import STATUS
from ca.writing.revocation import make_crl
from ledger.formats.notes import Vkey
from ledger.log.sequencer import Sequencer
from ledger.objects.objects import ObjectStore, ObjectStoreUnavailable
from ledger.subjects import erase_subject, open_subject
from licences.acts import Grounds, Registrar
from licences.content import open_content
from licences.issuing_results import Issued
from licences.status_list import build
from licences.store import reading
from licences.transitions import Act
from licences.verification.engine import verify
from licences.verification.examination import examine
from licences.verification.offline import OfflineSources
from licences.verification.report import Report
from licences.verification.request import Lookup, verification_request
from licences.verification_sources import DatabaseSources
from seals.jwt.jades import JsonSealer, read_json
from tests.licences import samples
from tests.licences.issuing_house import BASE_URL, TOBACCO, actor, clock, open_issuer, register_seals, shop
from tests.seals.keys import NOW, SINCE, UNTIL, issuing, root, seal_keys, timestamper
from tests.seals.register import promiser, wrapper

LATER = NOW + timedelta(minutes=1)
ORIGIN = "elicence.test/log"
LOG = SoftwareSigner.generate("Ed25519")
STATUS_KEY = SoftwareSigner.generate("ES256")


@cache
def status_certificate() -> bytes:
    return issue(STATUS, DistinguishedName("测试状态", "测试市"), STATUS_KEY.public_key, issuing(), SINCE, UNTIL)


@cache
def trust() -> TrustList:
    tsa = read_token(timestamper()(bytes(32), NOW)).signer_certificate
    return TrustList(
        name="测试",
        anchors=(root().certificate,),
        intermediates=(issuing().certificate,),
        crls=tuple(make_crl(authority, 1, (), SINCE, UNTIL) for authority in (root(), issuing())),
        tsa=(tsa,),
        log_keys={ORIGIN: Vkey.of(ORIGIN, LOG).text},
        status_keys=(status_certificate(),),
        receipt_keys=(),
        algorithms=(AllowedAlgorithm("ES256", date(2035, 1, 1)), AllowedAlgorithm("SHA-256", date(2035, 1, 1))),
        valid_from=SINCE,
        valid_until=UNTIL,
    )


@dataclass(frozen=True, slots=True)
class Register:
    """A database and an object store with licences in them."""

    database: Database
    objects: ObjectStore

    def issue(self, *requests: Any, issuer: str = TOBACCO) -> list[Issued]:
        with open_issuer(self.database, self.objects) as desk:
            outcomes = desk.issue_batch(requests, actor(issuer), clock)
        assert all(isinstance(outcome, Issued) for outcome in outcomes), outcomes
        return [outcome for outcome in outcomes if isinstance(outcome, Issued)]

    def sequence(self) -> None:
        sequencer = Sequencer(
            sessions=lambda: self.database.session(Role.WORKER),
            objects=self.objects,
            signer=LOG,
            origin=ORIGIN,
            wrapper=wrapper(),
        )
        while sequencer.run_once(LATER):
            pass

    def act(self, identifier: str, act: Act, at: datetime = LATER, **said: Any) -> None:
        grounds = Grounds("测试", "《测试法》第一条", "测试字1号")
        with self.database.session(Role.WORKER) as session:
            Registrar(wrapper(), promiser()).change_status(session, identifier, act, grounds, actor(), at, **said)

    @contextmanager
    def sources(
        self, objects: ObjectStore | None = None, purpose: str | None = "verification"
    ) -> Iterator[DatabaseSources]:
        with self.database.session(Role.APP, purpose=purpose) as session:
            yield DatabaseSources(session, objects or self.objects, wrapper(), trust=trust())

    def verify(self, document: bytes | Lookup, now: datetime = LATER, **asked: Any) -> Report:
        with self.sources() as sources:
            return verify(document, sources, verification_request(now, **asked))


@pytest.fixture
def register(database: Database, objects: ObjectStore) -> Register:
    register_seals(database)
    return Register(database, objects)


@pytest.mark.parametrize("slug", samples.SLUGS)
def test_an_issued_licence_is_valid_on_line_and_off_line(register: Register, slug: str) -> None:
    request = samples.request(slug)
    (licence,) = register.issue(request, issuer=request.issuer)
    documents = (licence.pdf.data, licence.json.data)
    for document in documents:
        found = register.verify(document)
        assert (found.verdict, found.check("ledger.inclusion").code) == ("valid", "PENDING")
        late = register.verify(document, LATER + timedelta(days=1)).check("ledger.inclusion")
        assert (late.code, late.outcome) == ("OVERDUE", "warning")
    register.sequence()
    with register.sources() as sources, register.database.session(Role.WORKER) as session:
        proof = sources.proof(licence.identifier)
        chain = (status_certificate(), issuing().certificate)
        status = build(session, STATUS_KEY, chain, BASE_URL, LATER, number=_list_number(licence))
    assert isinstance(proof, bytes)
    for document in documents:
        found = register.verify(document)
        assert found.verdict == "valid"
        passed = {row.id for row in found.checks if row.outcome == "passed"}
        assert {"content.record", "status.revocation", "ledger.inclusion"} <= passed
        off_line = OfflineSources(trust(), status, proof)
        found = verify(document, off_line, verification_request(LATER))
        assert found.verdict == "valid", found.reason
        assert found.check("ledger.inclusion").outcome == "passed"
        assert found.subject.face["authority"]["value"]


def _list_number(licence: Issued) -> int:
    claims = examine(licence.json.data, 1 << 24).licence
    assert claims is not None
    return int(claims.status_uri.rpartition("/")[2])


def test_acts_are_judged_at_the_moment_asked_about(register: Register) -> None:
    (licence,) = register.issue(shop(1))
    day = timedelta(days=1)
    register.act(licence.identifier, Act.SUSPEND, NOW + day, kind="seizure", until=NOW + 3 * day)
    register.act(licence.identifier, Act.REVOKE, NOW + 5 * day)
    now = NOW + 6 * day
    reasons = [register.verify(licence.pdf.data, now, as_of=NOW + days * day).reason for days in (0, 2, 4, 6)]
    assert reasons == ["licence.valid", "licence.suspended", "licence.valid", "licence.revoked"]
    found = register.verify(licence.pdf.data, now, known_at=NOW + 4 * day)
    assert found.verdict == "valid"
    assert register.verify(licence.pdf.data, now, as_of=NOW - day).reason == "licence.not_yet_issued"


def test_an_annulment_reaches_back_and_a_court_restores(register: Register) -> None:
    (licence,) = register.issue(shop(1))
    day = timedelta(days=1)
    register.act(licence.identifier, Act.ANNUL, NOW + 2 * day)
    assert register.verify(licence.pdf.data, NOW + 3 * day, as_of=NOW + day).reason == "licence.annulled"
    assert register.verify(licence.pdf.data, NOW + 3 * day, as_of=NOW + day, known_at=NOW + day).verdict == "valid"
    register.act(licence.identifier, Act.REINSTATE, NOW + 4 * day, effective_at=NOW)
    assert register.verify(licence.pdf.data, NOW + 5 * day, as_of=NOW + day).verdict == "valid"


def test_every_way_of_looking_a_licence_up(register: Register) -> None:
    licence, other = register.issue(shop(1), shop(2))
    register.sequence()
    files = [sha256(document.data).digest() for document in (licence.pdf, licence.json)]
    documents = [bytes.fromhex(document.digest.removeprefix("sha-256:")) for document in (licence.pdf, licence.json)]
    lookups = [Lookup(licence.identifier, digest) for digest in (*files, *documents)]
    lookups += [Lookup(code=_code(register, licence))]
    for lookup in lookups:
        found = register.verify(lookup)
        assert (found.verdict, found.subject.identifier) == ("valid", licence.identifier)
        assert found.subject.face["number"]["value"] == "990101100001"
        assert found.check("ledger.inclusion").outcome == "passed"
    mismatched = register.verify(Lookup(other.identifier, documents[0]))
    assert (mismatched.reason, mismatched.subject.face) == ("licence.not_in_record", {})
    for unknown in (Lookup("1.2.3", documents[0]), Lookup(code="0" * 22)):
        assert register.verify(unknown).reason == "licence.not_found"


def _code(register: Register, licence: Issued) -> str:
    with register.database.session(Role.WORKER) as session:
        version = reading.version_by_identifier(session, licence.identifier)
        assert version is not None
        keys = open_subject(session, wrapper(), version.licence_id)
        return open_content(version.payload, version.id, keys).code


def test_what_a_stolen_seal_makes_is_not_in_the_register(register: Register) -> None:
    (licence,) = register.issue(shop(1))
    with register.database.session(Role.WORKER) as session:
        query = text("SELECT code FROM seals.seals WHERE organisation = :uscc")
        code = session.execute(query, {"uscc": TOBACCO}).scalar_one()
    keys = seal_keys(code, TOBACCO)
    forged = JsonSealer(keys.signer, keys.chain, timestamper()).seal(read_json(licence.json.data).claims, (), NOW)
    found = register.verify(forged.flattened)
    assert (found.verdict, found.reason) == ("invalid", "licence.not_in_record")
    assert found.check("trust.path").outcome == "passed"


def test_a_licence_that_is_still_being_issued(register: Register) -> None:
    class Killed(BaseException):
        pass

    def die(step: str) -> None:
        if step == "stored":
            raise Killed

    with pytest.raises(Killed), open_issuer(register.database, register.objects, checkpoint=die) as desk:
        desk.issue_batch([shop(1)], actor(TOBACCO), clock)
    with register.database.session(Role.WORKER) as session:
        identifier = session.execute(text("SELECT identifier FROM licences.versions")).scalar_one()
    assert register.verify(Lookup(identifier, bytes(32))).reason == "licence.being_issued"


def test_only_the_purpose_of_verification_opens_the_register(register: Register) -> None:
    (licence,) = register.issue(shop(1))
    with register.sources(purpose=None) as sources:
        found = verify(licence.pdf.data, sources, verification_request(LATER))
    assert found.reason == "licence.not_found"


def test_a_database_that_goes_away(register: Register) -> None:
    (licence,) = register.issue(shop(1))
    found = None
    # The session that lost its connection cannot end well either.
    with suppress(SQLAlchemyError), register.sources() as sources:
        backend = sources._session.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with register.database.engine(Role.APP).connect() as other:
            other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": backend})
        found = verify(licence.pdf.data, sources, verification_request(LATER))
    assert found is not None
    assert (found.verdict, found.reason) == ("indeterminate", "service.register_unreachable")


def test_an_object_store_that_goes_away(register: Register) -> None:
    (licence,) = register.issue(shop(1))
    register.sequence()

    class Gone:
        def get(self, key: str) -> bytes:
            raise ObjectStoreUnavailable(reason="test")

    with register.sources(objects=Gone()) as sources:  # type: ignore[arg-type]
        found = verify(licence.pdf.data, sources, verification_request(LATER))
    assert (found.verdict, found.reason) == ("indeterminate", "service.log_unreachable")


def test_an_erased_licence_shows_nothing_and_claims_nothing(register: Register) -> None:
    (licence,) = register.issue(shop(1))
    register.sequence()
    with register.database.session(Role.WORKER) as session:
        erase_subject(session, wrapper(), licence.licence_id, LATER)
    found = register.verify(Lookup(licence.identifier, bytes.fromhex(licence.pdf.digest.removeprefix("sha-256:"))))
    assert found.check("ledger.inclusion").code == "NO_PROOF"
    assert (found.subject.face, found.subject.issuer_name) == ({}, None)
