from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import create_engine, func, literal, select
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from api.database import Database
from api.schema import Role
from ca.models import ClockMarkRow
from ca.timekeeping.clock import TrustedClock
from ca.timekeeping.clock_errors import ClockSuspect, TimeSourceSilent
from ca.timekeeping.database_clock import DatabaseMarks, DatabaseWitness, write_mark
from ledger.models import LogHeadRow


@pytest.mark.parametrize("role", [Role.APP, Role.WORKER])
def test_the_databases_clock_is_compared(shared_database: Database, role: Role) -> None:
    witness = DatabaseWitness(lambda: Session(shared_database.engine(role)))
    sight = witness.look(datetime.now(UTC))
    assert abs(sight.offset) < 60
    assert sight.uncertainty >= 0
    assert sight.newest is None
    ahead = witness.look(datetime.now(UTC) - timedelta(hours=1))
    assert ahead.offset == pytest.approx(3600, abs=60)


def test_the_newest_recorded_time_is_that_of_the_logs_head(session: Session) -> None:
    moment = datetime(2026, 11, 22, 8, 30, 15, 123456, tzinfo=UTC)
    session.add(LogHeadRow(id=1, origin="elicence.test/log", size=0, root=bytes(32), frontier=b"", updated_at=moment))
    session.flush()

    @contextmanager
    def same() -> Iterator[Session]:
        yield session

    assert DatabaseWitness(same).look(datetime.now(UTC)).newest == moment


def test_a_clock_behind_the_records_stamps_nothing(shared_database: Database) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)
    witness = DatabaseWitness(lambda: Session(shared_database.engine(Role.APP)), newest=select(literal(later)))
    with pytest.raises(ClockSuspect) as caught:
        TrustedClock([witness], tolerance=20).check(datetime.now(UTC))
    assert (caught.value.fault, caught.value.source) == ("behind_records", "PostgreSQL")


def test_a_database_that_is_away_is_silent() -> None:
    engine = create_engine("postgresql+psycopg://nobody@127.0.0.1:1/nothing", connect_args={"connect_timeout": 1})
    with pytest.raises(TimeSourceSilent):
        DatabaseWitness(lambda: Session(engine)).look(datetime.now(UTC))
    engine.dispose()


def test_the_mark_rises_and_is_lowered_only_on_somebodys_word(session: Session) -> None:
    @contextmanager
    def same() -> Iterator[Session]:
        yield session

    def row() -> tuple[datetime, datetime | None, str | None]:
        found = session.execute(
            select(ClockMarkRow.reached_at, ClockMarkRow.lowered_from, ClockMarkRow.lowered_by)
        ).one()
        return found[0], found[1], found[2]

    marks, base = DatabaseMarks(same), datetime.now(UTC) - timedelta(days=1)
    first, second = base, base + timedelta(minutes=1)
    for moment, expected in ((first, first), (second, second), (first, second)):
        marks.reach(moment)
        assert row() == (expected, None, None)
    assert DatabaseWitness(same).look(datetime.now(UTC)).newest == second
    marks.correct(first)
    assert row() == (first, second, "ntp")
    marks.correct(second)
    assert row() == (second, second, "ntp")
    write_mark(session, first, lower="operator")
    assert row() == (first, second, "operator")


def test_a_mark_is_never_beyond_the_databases_own_time(session: Session) -> None:
    write_mark(session, datetime.now(UTC) + timedelta(days=1))
    assert session.scalar(select(ClockMarkRow.reached_at <= func.clock_timestamp()))


def test_the_web_reads_the_mark_and_does_not_write_it(shared_database: Database) -> None:
    with Session(shared_database.engine(Role.APP)) as session:
        assert session.scalar(select(func.count()).select_from(ClockMarkRow)) is not None
        with pytest.raises(ProgrammingError, match="permission denied"):
            write_mark(session, datetime.now(UTC))


def test_a_mark_that_cannot_be_written_waits(caplog: pytest.LogCaptureFixture) -> None:
    engine = create_engine("postgresql+psycopg://nobody@127.0.0.1:1/nothing", connect_args={"connect_timeout": 1})
    DatabaseMarks(lambda: Session(engine)).reach(datetime.now(UTC))
    assert "was not written" in caplog.text
    engine.dispose()
