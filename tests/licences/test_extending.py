"""Stored documents are extended once, whoever comes, whatever fails; the document stays the one that was registered."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from api.database import Database
from api.schema import Role
from ledger.actor import Actor
from ledger.models import EventRow
from ledger.objects.objects import ObjectStore, ObjectStoreUnavailable
from ledger.subjects import erase_subject
from licences.documents import load_document
from licences.extending import ExtensionDesk, Outcome
from licences.extension_work import MAX_ATTEMPTS, DocumentWork, renew_by
from licences.issuing import Issuer
from licences.issuing_results import Issued
from licences.leases import Worker
from licences.models import RenditionRow
from seals.pdf.evidence import read_pdf
from seals.pdf.extension import ValidationMaterial, extend
from seals.pdf.extension_errors import ExtensionFailed, ExtensionRefused
from seals.pdf.pades import Timestamper
from tests.ledger.recording import sequencer
from tests.licences.issuing_house import connecting, issued, shop
from tests.seals.house import PLACEMENT, page, sealer
from tests.seals.keys import NOW, UNTIL, root, timestamper
from tests.seals.mini_pdf import blank
from tests.seals.pyhanko_oracle import lta_passes
from tests.seals.register import promiser, wrapper
from tests.seals.test_pdf_extension import material, short_lived

LATER = NOW + timedelta(hours=1)
FAR = timedelta(days=36_500)
"""Nearly a century: whatever there is, is due."""
WHO = Actor(kind="person", id="keeper-1", operator_unit=None, on_behalf_of=None)


def clock() -> datetime:
    return LATER


@contextmanager
def desk(
    database: Database,
    objects: ObjectStore,
    *,
    jobs: int = 1,
    stamp: Timestamper | None = None,
    proof: ValidationMaterial | None = None,
    sessions: Callable[[], AbstractContextManager[Session]] | None = None,
) -> Iterator[ExtensionDesk]:
    with ExtensionDesk(
        sessions=sessions or (lambda: database.session(Role.WORKER)),
        wrapper=wrapper(),
        promiser=promiser(),
        worker=Worker(connecting(database, Role.WORKER)),
        work=DocumentWork(objects, proof or material(), stamp or timestamper()),
        actor=WHO,
        jobs=jobs,
    ) as opened:
        yield opened


def due(
    database: Database,
    objects: ObjectStore,
    *,
    within: timedelta = FAR,
    failed: bool = False,
    stamp: Timestamper | None = None,
    proof: ValidationMaterial | None = None,
) -> list[Outcome]:
    with desk(database, objects, stamp=stamp, proof=proof) as opened:
        return list(opened.extend_due(clock, within, failed=failed))


def results(outcomes: list[Outcome]) -> list[str]:
    return [outcome.result for outcome in outcomes]


def pages(database: Database) -> list[RenditionRow]:
    with database.session(Role.WORKER) as session:
        query = select(RenditionRow).where(RenditionRow.kind == "pdf")
        return list(session.scalars(query.order_by(RenditionRow.version_id, RenditionRow.generation)))


def extended_events(database: Database) -> int:
    with database.session(Role.WORKER) as session:
        return session.scalar(select(func.count()).where(EventRow.kind == "extended")) or 0


@pytest.fixture
def licence(issuer: Issuer) -> Issued:
    return issued(issuer, shop(1))


def stored(database: Database, objects: ObjectStore, licence: Issued) -> bytes:
    with database.session(Role.WORKER) as session:
        return load_document(session, objects, wrapper(), licence.identifier, "pdf")


def test_a_further_rendition_of_the_same_document(database: Database, objects: ObjectStore, licence: Issued) -> None:
    [outcome] = due(database, objects)
    assert (outcome.identifier, outcome.result) == (licence.identifier, "extended")
    before, after = pages(database)
    assert (before.generation, before.superseded_at, before.lease_owner) == (1, LATER, None)
    assert (after.generation, after.superseded_at, after.created_at) == (2, None, LATER)
    assert before.digest == after.digest == licence.pdf.digest
    assert before.sha256 != after.sha256
    data = stored(database, objects, licence)
    assert data.startswith(licence.pdf.data)
    assert after.size == len(data)
    assert lta_passes(data, root().certificate, LATER + timedelta(hours=1)) == (True, "AdESPassed.OK")
    assert after.renew_by == outcome.renew_by == renew_by(read_pdf(data))
    assert extended_events(database) == 1


def test_every_generation_is_found_by_its_file(database: Database, objects: ObjectStore, licence: Issued) -> None:
    from licences.store import reading

    due(database, objects)
    with database.session(Role.WORKER) as session:
        for row in pages(database):
            for digest in (row.digest, row.sha256):
                found = reading.version_by_digest(session, digest)
                assert found is not None
                assert found.identifier == licence.identifier


def test_what_is_not_due_is_looked_at_once(database: Database, objects: ObjectStore, licence: Issued) -> None:
    [outcome] = due(database, objects, within=timedelta(days=1))
    assert (outcome.result, outcome.renew_by) == ("not_due", renew_by(read_pdf(licence.pdf.data)))
    assert due(database, objects, within=timedelta(days=1)) == []
    assert [row.generation for row in pages(database)] == [1]
    assert outcome.renew_by is not None
    nearer = outcome.renew_by - LATER + timedelta(seconds=1)
    assert results(due(database, objects, within=nearer)) == ["extended"]


def test_again_is_a_third_generation(database: Database, objects: ObjectStore, licence: Issued) -> None:
    due(database, objects)
    later = LATER + timedelta(days=30)
    with desk(database, objects) as opened:
        assert results(list(opened.extend_due(lambda: later, FAR))) == ["extended"]
    assert [(row.generation, row.superseded_at) for row in pages(database)] == [(1, LATER), (2, later), (3, None)]
    assert [one.stamp.gen_time for one in read_pdf(stored(database, objects, licence)).document_timestamps] == [
        LATER,
        later,
    ]


def test_named_ones_and_no_others(database: Database, objects: ObjectStore, issuer: Issuer) -> None:
    one, _other = issued(issuer, shop(1)), issued(issuer, shop(2))
    with desk(database, objects) as opened:
        outcomes = list(opened.extend_named([one.identifier, "nobody"], clock))
        assert [(outcome.identifier, outcome.result) for outcome in outcomes] == [(one.identifier, "extended")]
    assert [row.generation for row in pages(database) if row.version_id == one.version_id] == [1, 2]
    assert len(pages(database)) == 3


def test_validation_data_alone_once(database: Database, objects: ObjectStore, licence: Issued) -> None:
    with desk(database, objects) as opened:
        assert results(list(opened.extend_named([licence.identifier], clock, "B-LT"))) == ["extended"]
    with desk(database, objects) as opened:
        again = list(opened.extend_named([licence.identifier], lambda: LATER + timedelta(hours=1), "B-LT"))
    assert results(again) == ["unchanged"]
    assert [row.generation for row in pages(database)] == [1, 2]


def test_two_desks_extend_each_document_once(database: Database, objects: ObjectStore, issuer: Issuer) -> None:
    count = 12
    for number in range(count):
        issued(issuer, shop(number))
    start, found = Barrier(2), dict[int, list[Outcome]]()

    def work(number: int) -> None:
        with desk(database, objects) as opened:
            start.wait()
            found[number] = list(opened.extend_due(clock, FAR))

    threads = [Thread(target=work, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results([*found[0], *found[1]]) == ["extended"] * count
    assert sorted(row.generation for row in pages(database)) == [1] * count + [2] * count
    assert extended_events(database) == count


def test_material_that_proves_nothing_leaves_the_reason_and_may_be_tried_again(
    database: Database, objects: ObjectStore, licence: Issued
) -> None:
    bare = ValidationMaterial((root().certificate,))
    [outcome] = due(database, objects, proof=bare)
    assert outcome.result == "failed"
    assert isinstance(outcome.error, ExtensionRefused)
    [row] = pages(database)
    assert row.failed_reason is not None
    assert row.failed_reason.startswith("seals.extension_refused")
    assert due(database, objects) == []
    assert results(due(database, objects, failed=True, proof=bare)) == ["failed"]
    assert results(due(database, objects, failed=True)) == ["extended"]
    assert pages(database)[-1].failed_reason is None


def test_a_timestamp_authority_that_is_away_is_nobodys_fault(
    database: Database, objects: ObjectStore, licence: Issued
) -> None:
    def away(_imprint: bytes, _now: datetime) -> bytes:
        raise ObjectStoreUnavailable("away")

    for _ in range(MAX_ATTEMPTS + 2):
        with pytest.raises(ObjectStoreUnavailable):
            due(database, objects, stamp=away)
    [row] = pages(database)
    assert (row.attempts, row.failed_reason) == (0, None)
    assert results(due(database, objects)) == ["extended"]


def test_a_document_that_nobody_can_explain_ends_no_run_for_ever(
    database: Database, objects: ObjectStore, issuer: Issuer
) -> None:
    """Something breaks over it that no error of ours stands for: told each time, and after some times left alone."""
    poison, other = issued(issuer, shop(1)), issued(issuer, shop(2))

    class Breaking(Failing):
        def get(self, key: str) -> bytes:
            if key == poison.pdf.object_key:
                raise ZeroDivisionError
            return self._real.get(key)

        def put(self, key: str, data: bytes) -> None:
            self._real.put(key, data)

    broken = Breaking(objects, persisted=True)
    for _ in range(MAX_ATTEMPTS):
        with pytest.raises(ZeroDivisionError):
            due(database, broken)  # type: ignore[arg-type]
    [outcome] = due(database, broken)  # type: ignore[arg-type]
    assert (outcome.identifier, outcome.result) == (poison.identifier, "failed")
    assert due(database, broken) == []  # type: ignore[arg-type]
    assert [row.generation for row in pages(database) if row.version_id == other.version_id] == [1, 2]


def test_an_installation_that_is_broken_is_nobodys_fault(
    database: Database, objects: ObjectStore, licence: Issued, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr("seals.pdf.extension._COMMAND", ("false",))
        for _ in range(MAX_ATTEMPTS + 1):
            with pytest.raises(ExtensionFailed):
                due(database, objects)
    assert results(due(database, objects)) == ["extended"]


def test_so_many_in_a_round(database: Database, objects: ObjectStore, issuer: Issuer) -> None:
    for number in range(5):
        issued(issuer, shop(number))
    for done in (2, 2, 1, 0):
        with desk(database, objects) as opened:
            assert results(list(opened.extend_due(clock, FAR, most=2))) == ["extended"] * done


def test_what_kills_its_worker_again_and_again_is_left_alone(
    database: Database, objects: ObjectStore, licence: Issued
) -> None:
    with database.session(Role.WORKER) as session:
        session.execute(update(RenditionRow).values(attempts=MAX_ATTEMPTS))
    [outcome] = due(database, objects)
    assert getattr(outcome.error, "code", None) == "licences.attempts_exhausted"
    assert due(database, objects) == []
    assert results(due(database, objects, failed=True)) == ["extended"]


def test_an_erased_licence_holds_nothing_up(database: Database, objects: ObjectStore, issuer: Issuer) -> None:
    erased, other = issued(issuer, shop(1)), issued(issuer, shop(2))
    while sequencer(lambda: database.session(Role.WORKER), objects, wrapper()).run_once(LATER):
        pass  # what is not in the log yet cannot be erased
    with database.session(Role.WORKER) as session:
        erase_subject(session, wrapper(), erased.licence_id, LATER)
    found = {outcome.identifier: outcome for outcome in due(database, objects)}
    assert found[other.identifier].result == "extended"
    assert getattr(found[erased.identifier].error, "code", None) == "ledger.subject_erased"


def test_another_document_under_the_same_key_is_not_taken_for_it(
    database: Database, objects: ObjectStore, licence: Issued
) -> None:
    with database.session(Role.WORKER) as session:
        session.execute(update(RenditionRow).where(RenditionRow.kind == "pdf").values(digest="sha-256:" + "0" * 64))
    [outcome] = due(database, objects)
    assert (outcome.result, "not_the_registered_document" in str(outcome.error)) == ("failed", True)
    assert extended_events(database) == 0


class Failing:
    """An object store whose writes fail: before they are done, or after."""

    def __init__(self, real: ObjectStore, *, persisted: bool) -> None:
        self._real, self._persisted = real, persisted

    def put(self, key: str, data: bytes) -> None:
        if self._persisted:
            self._real.put(key, data)
        raise ObjectStoreUnavailable("put")

    def get(self, key: str) -> bytes:
        return self._real.get(key)

    def delete(self, key: str) -> None:
        self._real.delete(key)

    def keys(self, prefix: str) -> Iterator[str]:
        return self._real.keys(prefix)


@pytest.mark.parametrize("persisted", [False, True])
def test_a_store_that_fails(database: Database, objects: ObjectStore, licence: Issued, *, persisted: bool) -> None:
    with pytest.raises(ObjectStoreUnavailable):
        due(database, Failing(objects, persisted=persisted))  # type: ignore[arg-type]
    assert [row.generation for row in pages(database)] == [1]
    assert stored(database, objects, licence) == licence.pdf.data
    assert results(due(database, objects)) == ["extended"]


@pytest.mark.parametrize("persisted", [False, True])
def test_a_commit_that_fails(database: Database, objects: ObjectStore, licence: Issued, *, persisted: bool) -> None:
    """The third transaction writes what came out; told or not, the document is extended once."""
    opened = 0

    @contextmanager
    def sessions() -> Iterator[Session]:
        nonlocal opened
        opened += 1
        with database.session(Role.WORKER) as session:
            yield session
            if opened == 2 and not persisted:
                raise ConnectionError
        if opened == 2:
            raise ConnectionError

    with desk(database, objects, sessions=sessions) as failing, pytest.raises(ConnectionError):
        list(failing.extend_due(clock, FAR))
    assert results(due(database, objects)) == ([] if persisted else ["extended"])
    assert [row.generation for row in pages(database)] == [1, 2]
    assert extended_events(database) == 1


def test_a_lease_that_was_lost_writes_nothing(database: Database, objects: ObjectStore, licence: Issued) -> None:
    def slow(imprint: bytes, now: datetime) -> bytes:
        # Meanwhile another worker, who thought us dead, has done it.
        with database.session(Role.WORKER) as session:
            session.execute(update(RenditionRow).values(lease_owner=None, lease_until=None))
        due(database, objects)
        return timestamper()(imprint, now)

    assert results(due(database, objects, stamp=slow)) == ["taken"]
    assert [row.generation for row in pages(database)] == [1, 2]
    assert extended_events(database) == 1


def test_when_a_document_must_be_renewed() -> None:
    with pytest.raises(ExtensionRefused, match="no_seal"):
        renew_by(read_pdf(page()))
    with pytest.raises(ExtensionRefused, match="seal_without_timestamp"):
        renew_by(read_pdf(sealer().seal(blank(), PLACEMENT, NOW).data))
    data = sealer(timestamper(), short_lived(NOW + timedelta(days=30))).seal(blank(), PLACEMENT, NOW).data
    assert renew_by(read_pdf(data)) == NOW + timedelta(days=30)
    extended = extend(data, material(), timestamper(), LATER)
    assert renew_by(read_pdf(extended)) == UNTIL
