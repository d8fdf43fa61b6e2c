from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import create_engine, literal, select
from sqlalchemy.orm import Session

from api.database import Database
from api.schema import Role
from ca.clock import TrustedClock
from ca.clock_errors import ClockSuspect, TimeSourceSilent
from ca.database_clock import DatabaseWitness
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
