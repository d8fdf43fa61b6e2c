"""Whatever a command records is in the tree when it ends, whoever else sequences."""

import threading
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from api.house import House
from api.schema import Role
from ca.ceremonies.names import LOG_KEY
from ledger.log.sequencer import Sequencer, Sessions
from tests.tools.books import assert_log_sound
from tests.tools.issue_driver import issue_here
from tests.tools.rows import permits, write_rows
from tools.sequencing import Sequencing, drain

PENDING = text("SELECT count(*) FROM ledger.events WHERE entry_index IS NULL")


def pending(house: House) -> int:
    with house.database.session(Role.WORKER) as session:
        return int(session.scalar(PENDING) or 0)


def test_the_end_of_the_block_is_the_end_of_the_queue(house: House, tmp_path: Path) -> None:
    with Sequencing(house.sequencer()):
        issue_here(house, write_rows(tmp_path / "rows.jsonl", permits(3)))
    assert pending(house) == 0
    assert_log_sound(house)


def test_an_error_in_the_block_is_told_and_its_events_are_kept(house: House, tmp_path: Path) -> None:
    def fail() -> None:
        with Sequencing(house.sequencer()):
            issue_here(house, write_rows(tmp_path / "rows.jsonl", permits(1)))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert pending(house) == 0


def test_several_drain_at_once(house: House, tmp_path: Path) -> None:
    issue_here(house, write_rows(tmp_path / "rows.jsonl", permits(40)))
    waiting, counts = pending(house), []
    threads = [threading.Thread(target=lambda: counts.append(drain(small(house)))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert waiting >= 40
    assert sum(counts) == waiting
    assert_log_sound(house)


def test_a_database_that_is_away_is_waited_for_and_then_told(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = 0

    def away() -> AbstractContextManager[Session]:
        nonlocal calls
        calls += 1
        raise OperationalError("away", {}, Exception())

    monkeypatch.setattr("tools.sequencing.INTERVAL", 0.001)
    with pytest.raises(OperationalError):
        drain(small(house, away), patience=0.02)
    assert calls > 1


def small(house: House, sessions: Sessions | None = None) -> Sequencer:
    """A sequencer of three events a batch: several must follow each other."""
    return Sequencer(
        sessions=sessions or (lambda: house.database.session(Role.WORKER)),
        objects=house.objects,
        signer=house.keys.signer(LOG_KEY),
        origin=house.ceremony.plan.log.origin,
        wrapper=house.wrapper,
        batch=3,
    )
