"""A handful of the rounds of `make soak`, and that they would notice what they look for."""

import secrets
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import text

from api.database import Database
from api.schema import Role
from ca.keys.software_signer import SoftwareSigner
from ca.keys.wrapper import LocalKeyWrapper
from ledger.objects.local_objects import LocalObjects
from tests.soak.ledger_rounds import Outcome, Rounds, forget
from tools.bench.ledger_room import LedgerRoom

ROUNDS = 5

ONE, TWO = (f"evt_{number:026}" for number in (1, 2))


@pytest.fixture
def room(database: Database, tmp_path: Path) -> LedgerRoom:
    wrapper = LocalKeyWrapper(b"", {"test": secrets.token_bytes(32)}, secrets.token_bytes(32))
    return LedgerRoom(database, LocalObjects(tmp_path / "objects"), SoftwareSigner.generate("Ed25519"), wrapper)


def test_nothing_acknowledged_is_lost_whoever_is_killed(room: LedgerRoom, tmp_path: Path) -> None:
    rounds, entries = Rounds(room, tmp_path), 0
    for number in range(ROUNDS):
        outcome = rounds.run(Random(number))
        assert outcome.findings == []
        assert outcome.entries >= outcome.acknowledged >= entries
        entries = outcome.acknowledged
    assert entries > 0


def _quiet(rounds: Rounds) -> Outcome:
    outcome = Outcome()
    rounds._look(outcome)
    return outcome


def test_what_it_looks_for_would_be_found(room: LedgerRoom, tmp_path: Path) -> None:
    rounds = Rounds(room, tmp_path)
    room.sequencer().log.append([b"a"], datetime.now(UTC))
    assert _quiet(rounds).findings == []
    (tmp_path / "acknowledged").write_text(f"ev\n{ONE}\n{TWO}\n{TWO}\n")  # the first is a note that a kill cut off
    assert _quiet(rounds).findings == [
        f"acknowledged and lost: {ONE}",
        f"acknowledged and lost: {TWO}",
        f"acknowledged and lost: {TWO}",
        "acknowledged twice",
    ]
    (tmp_path / "acknowledged").write_text("")
    with room.database.session(Role.WORKER) as session:
        session.execute(text("UPDATE ledger.log_head SET origin = 'other.test/log'"))
    with pytest.raises(Exception, match="holds the log"):
        _quiet(rounds)


def test_a_new_log_begins_where_an_old_one_was(room: LedgerRoom, tmp_path: Path) -> None:
    room.sequencer().log.append([b"a"], datetime.now(UTC))
    room.sequencer().log.finish(datetime.now(UTC))
    assert _quiet(Rounds(forget(room), tmp_path)).findings == []
    assert room.sequencer().log.append([b"b"], datetime.now(UTC)) == range(1)
