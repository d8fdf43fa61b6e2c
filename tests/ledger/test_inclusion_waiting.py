import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy.orm import Session

from api.database import Database
from api.schema import Role
from ledger.log.inclusion_waiting import NotYetIncluded, published_size, wait_for_inclusion
from ledger.objects.local_objects import LocalObjects
from ledger.objects.objects import ObjectStore, ObjectStoreUnavailable
from tests.ledger.local_keys import MemoryWrapper
from tests.ledger.recording import NOW, nested, new_subjects, record_events, sequencer


def test_what_is_published_is_not_waited_for(session: Session, objects: ObjectStore) -> None:
    wrapper = MemoryWrapper()
    events = [item.event for item in record_events(session, wrapper, new_subjects(session, wrapper, 3))]
    assert published_size(objects) == 0
    with pytest.raises(NotYetIncluded):
        wait_for_inclusion(nested(session), objects, events, 0.0)
    sequencer(nested(session), objects, wrapper).run_once(NOW)
    assert wait_for_inclusion(nested(session), objects, events, 0.0) == published_size(objects) == 3
    assert wait_for_inclusion(nested(session), objects, [], 0.0) == 3


def test_the_wait_ends_with_the_publication(database: Database, objects: LocalObjects) -> None:
    wrapper = MemoryWrapper()
    with database.session(Role.WORKER) as session:
        promise = record_events(session, wrapper, new_subjects(session, wrapper, 1))[0]

    def wait() -> int:
        return wait_for_inclusion(lambda: database.session(Role.APP), objects, [promise.event], 60.0)

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(wait)
        sequencer(lambda: database.session(Role.WORKER), objects, wrapper).run_once(NOW)
        assert waiting.result(60) == 1


def test_a_server_that_stops_waits_no_longer(session: Session, objects: ObjectStore) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(NotYetIncluded):
        wait_for_inclusion(nested(session), objects, ["evt_none"], 60.0, stop)


class Away:
    """A store that does not answer for a while."""

    def __init__(self, objects: LocalObjects, times: int) -> None:
        self._objects, self.left = objects, times
        self.keys, self.delete, self.put = objects.keys, objects.delete, objects.put
        self.put_all, self.swap = objects.put_all, objects.swap

    def get(self, key: str) -> bytes:
        if self.left:
            self.left -= 1
            raise ObjectStoreUnavailable(reason="away")
        return self._objects.get(key)


def test_a_store_that_is_away_for_a_moment_does_not_deny_what_is_recorded(
    session: Session, objects: LocalObjects
) -> None:
    wrapper = MemoryWrapper()
    events = [item.event for item in record_events(session, wrapper, new_subjects(session, wrapper, 3))]
    sequencer(nested(session), objects, wrapper).run_once(NOW)
    assert wait_for_inclusion(nested(session), Away(objects, 2), events, 60.0) == 3
    with pytest.raises(NotYetIncluded):
        wait_for_inclusion(nested(session), Away(objects, 2), events, 0.0)
