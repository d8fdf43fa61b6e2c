"""`POST /log/add` over real HTTP semantics: indices, bounds, back-pressure; and that it is not there unless a setting says so."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime

import pytest
from fastapi import FastAPI
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from api import log_adding, problems
from api.log_adding import LogAdder
from api.log_errors import LogBusy
from api.settings import Settings, SettingsInvalid, read
from ledger.log.log import Log
from ledger.log.served import tile_fetch
from ledger.objects.objects import ObjectStore, ObjectStoreUnavailable
from ledger.tree.tiles import TileReader
from tests.api.conftest import Door
from tests.ledger.audit import published
from tests.ledger.local_keys import ORIGIN
from tests.ledger.recording import NOW, SIGNER, nested


@pytest.fixture
def log(session: Session, objects: ObjectStore) -> Log:
    return Log(sessions=nested(session), objects=objects, signer=SIGNER, origin=ORIGIN)


@pytest.fixture
def client(log: Log, objects: ObjectStore) -> Iterator[TestClient]:
    app = FastAPI()
    problems.install(app)
    app.include_router(log_adding.routes(LogAdder(log, objects, lambda: NOW)))
    with ExitStack() as stack:
        yield stack.enter_context(TestClient(app, base_url="http://127.0.0.1:8000"))


def test_an_entry_gets_its_index_as_decimal_text(client: TestClient, log: Log, objects: ObjectStore) -> None:
    entries = [b"a", b"", bytes(65_535), b"\r\n\x00\xff"]
    for number, entry in enumerate(entries):
        answer = client.post("/log/add", content=entry)
        assert (answer.status_code, answer.text) == (200, str(number))
        assert answer.headers["content-type"].startswith("text/plain")
    log.finish(NOW)
    reader = TileReader(published(objects).size, tile_fetch(objects))
    assert [reader.entry(index) for index in range(4)] == entries


def test_what_no_bundle_can_hold_is_refused(client: TestClient) -> None:
    answer = client.post("/log/add", content=bytes(65_536))
    assert (answer.status_code, answer.json()["code"]) == (413, "request.too_long")
    assert client.post("/log/add", content=b"a").text == "0"


class Slow:
    """A log that appends when it is told to."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.batches: list[int] = []
        self.fails = False

    def append(self, entries: list[bytes], _now: datetime) -> range:
        assert self.go.wait(30)
        if self.fails:
            raise ZeroDivisionError
        start = sum(self.batches)
        self.batches.append(len(entries))
        return range(start, start + len(entries))


def test_what_comes_while_a_batch_is_committed_makes_the_next_one(objects: ObjectStore) -> None:
    slow = Slow()

    async def load() -> list[int]:
        adder = LogAdder(slow, objects, lambda: NOW)  # type: ignore[arg-type]
        waiting = [asyncio.create_task(adder.add(b"%d" % number)) for number in range(2100)]
        await asyncio.sleep(0)
        slow.go.set()
        return await asyncio.gather(*waiting)

    assert asyncio.run(load()) == list(range(2100))
    assert slow.batches[-2:] == [1024, 2100 - sum(slow.batches[:-1])] or len(slow.batches) <= 4
    assert sum(slow.batches) == 2100
    assert max(slow.batches) <= log_adding.BATCH


def test_more_than_fits_is_pushed_back(objects: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_adding, "MOST_WAITING", 3)
    slow = Slow()

    async def load() -> list[int | BaseException]:
        adder = LogAdder(slow, objects, lambda: NOW)  # type: ignore[arg-type]
        waiting = [asyncio.create_task(adder.add(b"")) for _ in range(10)]
        await asyncio.sleep(0)
        slow.go.set()
        return await asyncio.gather(*waiting, return_exceptions=True)

    answers = asyncio.run(load())
    refused = [answer for answer in answers if isinstance(answer, LogBusy)]
    assert 6 <= len(refused) <= 7
    assert sorted(answer for answer in answers if isinstance(answer, int)) == list(range(10 - len(refused)))


def test_long_entries_are_bounded_by_their_bytes(objects: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_adding, "MOST_BYTES", 300)
    monkeypatch.setattr(log_adding, "BATCH_BYTES", 150)
    slow = Slow()

    async def load() -> tuple[list[int | BaseException], int]:
        adder = LogAdder(slow, objects, lambda: NOW)  # type: ignore[arg-type]
        waiting = [asyncio.create_task(adder.add(bytes(100))) for _ in range(5)]
        await asyncio.sleep(0)
        slow.go.set()
        answers = await asyncio.gather(*waiting, return_exceptions=True)
        return answers, await adder.add(bytes(100))

    answers, later = asyncio.run(load())
    assert [answer for answer in answers if isinstance(answer, int)] == [0, 1, 2]
    assert sum(isinstance(answer, LogBusy) for answer in answers) == 2
    assert (later, slow.batches) == (3, [2, 1, 1])


def test_what_was_appended_is_never_refused_afterwards(log: Log, objects: ObjectStore) -> None:
    """The publication cannot be looked at: the entry has its index all the same."""

    class Blind:
        def get(self, key: str) -> bytes:
            raise ObjectStoreUnavailable(reason=key)

    adder = LogAdder(log, Blind(), lambda: NOW)  # type: ignore[arg-type]
    assert asyncio.run(adder.add(b"a")) == 0


def test_a_log_that_nobody_publishes_takes_no_more(
    client: TestClient, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_adding, "MOST_UNPUBLISHED", 2)
    monkeypatch.setattr(log_adding, "_PAUSE", 3600)
    assert [client.post("/log/add", content=b"").status_code for _ in range(4)] == [200, 200, 200, 503]
    answer = client.post("/log/add", content=b"")
    assert (answer.headers["retry-after"], answer.json()["code"]) == ("1", "log.busy")


def test_each_of_a_batch_learns_of_its_failure_and_the_next_goes_on(objects: ObjectStore) -> None:
    slow = Slow()
    slow.fails = True
    slow.go.set()

    async def load() -> tuple[list[int | BaseException], int]:
        adder = LogAdder(slow, objects, lambda: NOW)  # type: ignore[arg-type]
        failed = await asyncio.gather(*(adder.add(b"") for _ in range(3)), return_exceptions=True)
        slow.fails = False
        return failed, await adder.add(b"")

    failed, index = asyncio.run(load())
    assert [type(error) for error in failed] == [ZeroDivisionError] * 3
    assert index == 0


def test_a_client_that_has_gone_stops_nobody(objects: ObjectStore) -> None:
    slow = Slow()

    async def load() -> int:
        adder = LogAdder(slow, objects, lambda: NOW)  # type: ignore[arg-type]
        gone, stays = asyncio.create_task(adder.add(b"1")), asyncio.create_task(adder.add(b"2"))
        await asyncio.sleep(0)
        gone.cancel()
        slow.go.set()
        return await stays

    assert asyncio.run(load()) == 1


def test_it_is_not_there_unless_a_setting_says_so(door: Door) -> None:
    assert door.client.post("/log/add", content=b"a").status_code in {404, 405}


def test_the_setting_goes_with_test_marks_only(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not Settings().log_add
    monkeypatch.setenv("ELICENCE_LOG_ADD", "true")
    assert read().log_add
    monkeypatch.setenv("ELICENCE_TEST_MARKS", "false")
    with pytest.raises(SettingsInvalid, match="LOG_ADD"):
        read()
