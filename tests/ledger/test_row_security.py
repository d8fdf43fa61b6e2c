"""What the door may do with the ledger's rows, and what only the worker may."""

from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from api.database import Database
from api.schema import Role
from ledger.events import record
from ledger.log.reading import inclusion
from ledger.objects.local_objects import LocalObjects
from ledger.subjects import create_subject, open_subject
from tests.ledger.local_keys import ACTOR, MemoryWrapper
from tests.ledger.recording import NOW, PROMISER, event, sequencer

INSERT_PLACED = """
    INSERT INTO ledger.events
        (id, subject_id, kind, recorded_at, deadline, body, body_digest, entry_index, seq, previous, tag, commitment)
    SELECT 'evt_forged', id, 'issued', now(), now(), '', '', 0, 0, '', '', '' FROM ledger.subjects
"""
INSERT_ERASED = """
    INSERT INTO ledger.subjects (id, kind, key_algorithm, kek_id, erased_at, tag_key)
    VALUES (gen_random_uuid(), 'licence', '', '', now(), '')
"""


def test_the_door_records_and_reads_and_the_rest_is_the_workers(database: Database, objects: LocalObjects) -> None:
    wrapper = MemoryWrapper()
    with database.session(Role.APP, ACTOR) as session:
        subject, keys = create_subject(session, wrapper, "licence")
        promise = record(session, event(subject.id), keys, PROMISER)
    assert sequencer(lambda: database.session(Role.WORKER), objects, wrapper).run_once(NOW) == 1
    with database.session(Role.APP, ACTOR) as session:
        assert open_subject(session, wrapper, subject.id) == keys
        assert inclusion(session, objects, wrapper, promise.event) is not None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger.events SET kind = 'shown'",
        "DELETE FROM ledger.events",
        "UPDATE ledger.subjects SET kind = 'seal'",
        "DELETE FROM ledger.subjects",
        "UPDATE ledger.log_head SET size = 0",
        "INSERT INTO ledger.log_head (id, origin, size, root, frontier, updated_at) VALUES (1, '', 0, '', '', now())",
        "DELETE FROM ledger.log_head",
        INSERT_PLACED,
        INSERT_ERASED,
    ],
)
def test_the_door_can_rewrite_nothing(database: Database, statement: str) -> None:
    with database.session(Role.WORKER) as session:
        create_subject(session, MemoryWrapper(), "licence", uuid4())
    with (
        pytest.raises(ProgrammingError, match=r"permission denied|row-level security"),
        database.session(Role.APP, ACTOR) as session,
    ):
        session.execute(text(statement))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger.events SET entry_index = 5",
        "UPDATE ledger.events SET kind = 'other'",
        "UPDATE ledger.subjects SET key_ciphertext = NULL",
        "INSERT INTO ledger.log_head (id, origin, size, root, frontier, updated_at) VALUES (2, '', 0, '', '', now())",
    ],
)
def test_the_tables_themselves_refuse_half_a_truth(database: Database, statement: str) -> None:
    with database.session(Role.WORKER) as session:
        subject, keys = create_subject(session, MemoryWrapper(), "licence")
        record(session, event(subject.id), keys, PROMISER)
    with pytest.raises(DBAPIError, match="violates check constraint"), database.session(Role.WORKER) as session:
        session.execute(text(statement))
