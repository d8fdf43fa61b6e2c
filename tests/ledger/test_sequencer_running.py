import logging
import threading
from collections.abc import Mapping

import pytest
from sqlalchemy.orm import Session

from ledger.errors import FatalLedgerError
from ledger.formats.checkpoints import Checkpoint
from ledger.formats.notes import NoteSigner
from ledger.objects.objects import ObjectStore, ObjectStoreUnavailable
from tests.ledger.audit import audit
from tests.ledger.local_keys import ORIGIN, MemoryWrapper
from tests.ledger.recording import NOW, SIGNER, nested, new_subjects, record_events, sequencer


class Unreliable:
    """An object store that does not answer at first, and ends the run when all is published."""

    def __init__(self, objects: ObjectStore, failures: int, size: int, stop: threading.Event) -> None:
        self._objects, self._failures, self._size, self._stop = objects, failures, size, stop
        self.get, self.keys, self.delete = objects.get, objects.keys, objects.delete

    def put(self, key: str, data: bytes) -> None:
        self.put_all({key: data})

    def put_all(self, objects: Mapping[str, bytes]) -> None:
        self._answer()
        self._objects.put_all(objects)

    def _answer(self) -> None:
        if self._failures:
            self._failures -= 1
            raise ObjectStoreUnavailable(reason="it is restarting")

    def swap(self, key: str, expected: bytes | None, data: bytes) -> None:
        self._answer()
        self._objects.swap(key, expected, data)
        if Checkpoint.parse(data.decode().rpartition("\n\n")[0] + "\n").size == self._size:
            self._stop.set()


def test_it_outlives_a_store_that_is_away(
    session: Session, objects: ObjectStore, caplog: pytest.LogCaptureFixture
) -> None:
    wrapper, stop = MemoryWrapper(), threading.Event()
    recorded = record_events(session, wrapper, new_subjects(session, wrapper, 25))
    unreliable = Unreliable(objects, failures=3, size=25, stop=stop)
    sequencer(nested(session), unreliable, wrapper, batch=10).run(stop, interval=0.001, publish_every=0)
    assert audit(session, objects, wrapper) == [promise.event for promise in recorded]
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 3


def test_a_contradiction_ends_it_with_an_alarm(
    session: Session, objects: ObjectStore, caplog: pytest.LogCaptureFixture
) -> None:
    wrapper = MemoryWrapper()
    record_events(session, wrapper, new_subjects(session, wrapper, 1))
    forged = NoteSigner(ORIGIN, SIGNER).sign(Checkpoint(ORIGIN, 7, bytes(32)).text)
    objects.put("log/checkpoint", forged.encode())
    with pytest.raises(FatalLedgerError):
        sequencer(nested(session), objects, wrapper).run(threading.Event(), interval=0.001)
    assert [record.levelno for record in caplog.records] == [logging.CRITICAL]


def test_a_run_that_is_told_to_stop_does_nothing_more(session: Session, objects: ObjectStore) -> None:
    stop = threading.Event()
    stop.set()
    sequencer(nested(session), objects, MemoryWrapper()).run(stop)
    assert list(objects.keys("")) == []


class Rounds(threading.Event):
    """Ends a run after so many rounds, and lets none of them wait."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self._left = count

    def wait(self, timeout: float | None = None) -> bool:
        self._left -= 1
        if not self._left:
            self.set()
        return self.is_set()


def published_sizes(objects: ObjectStore) -> tuple[ObjectStore, list[int]]:
    watched = Unreliable(objects, failures=0, size=-1, stop=threading.Event())
    sizes: list[int] = []
    swap = watched.swap

    def noted(key: str, expected: bytes | None, data: bytes) -> None:
        swap(key, expected, data)
        sizes.append(int(data.split(b"\n")[1]))

    watched.swap = noted  # type: ignore[method-assign]
    return watched, sizes


@pytest.mark.parametrize(("publish_every", "sizes"), [(1e9, [0, 10]), (0.0, [0, 10, 20, 25])])
def test_in_steady_load_there_is_time_between_two_checkpoints(
    session: Session, objects: ObjectStore, publish_every: float, sizes: list[int]
) -> None:
    wrapper = MemoryWrapper()
    recorded = record_events(session, wrapper, new_subjects(session, wrapper, 25))
    watched, seen = published_sizes(objects)
    leader = sequencer(nested(session), watched, wrapper, batch=10)
    leader.run(Rounds(4), interval=0.1, publish_every=publish_every)
    assert seen == sizes
    leader.run_once(NOW)
    assert seen[-1] == 25
    assert audit(session, objects, wrapper) == [promise.event for promise in recorded]
