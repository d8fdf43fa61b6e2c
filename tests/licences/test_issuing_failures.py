import threading
from collections.abc import Iterator, Mapping
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from api.database import Database
from api.schema import Role
from ledger.objects.objects import ObjectStore, ObjectStoreUnavailable
from licences.issuing import BATCH, MAX_ATTEMPTS, Issuer
from licences.issuing_errors import (
    LicenceConflict,
)
from licences.issuing_results import Existing, Failed, Issued, Outcome, Refused
from licences.models import HolderRow, RenditionRow, VersionRow
from licences.type_errors import GlyphMissing
from seals import store as seal_store
from seals.jwt.jades import read_json
from tests.licences.issuing_house import (
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

LATER = NOW + timedelta(hours=1)


# --- failed, and come again ------------------------------------------------------------------------------------------


def test_a_licence_that_cannot_be_drawn_fails_alone(issuer: Issuer, database: Database) -> None:
    outcomes = issuer.issue_batch([shop(1), unprintable(2), shop(3)], actor(TOBACCO), clock)
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
    failed = issue(issuer, unprintable(2))
    assert isinstance(failed, Failed)
    assert isinstance(issue(issuer, unprintable(2)), Failed)
    made = issued(issuer, shop(2, business_number="corrected"))
    assert made.identifier == failed.intent.identifier
    assert made.version_id == failed.intent.version_id
    signed = read_json(made.json.data).claims
    assert signed["fields"] == shop(2).fields
    assert signed["status"]["status_list"]["idx"] == failed.intent.status_index  # type: ignore[index,call-overload]
    assert counted(database) == {"licences": 1, "versions": 1, "statuses": 1, "uses": 3, "events": 1}
    assert isinstance(issue(issuer, shop(2)), Existing)


def test_a_failed_row_does_not_keep_its_case(issuer: Issuer, database: Database) -> None:
    assert isinstance(issue(issuer, unprintable(2)), Failed)
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

    def put_all(self, objects: Mapping[str, bytes]) -> None:
        for key, data in objects.items():
            self.put(key, data)

    def swap(self, key: str, expected: bytes | None, data: bytes) -> None:
        self.inner.swap(key, expected, data)

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
