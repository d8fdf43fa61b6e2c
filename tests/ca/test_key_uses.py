import json
import multiprocessing
import os
import signal
import stat
import threading
from collections.abc import Callable, Iterator
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ca.errors import KeyNameInvalid
from ca.keys.use_errors import KeyExhausted, KeyUsesDamaged
from ca.keys.uses import KeyPlace, KeyUses, UseCounter, UseRecords

FORK = multiprocessing.get_context("fork")
HOT, AUTHORITY = "seal-market", "issuing-seals"


# Newer Pythons warn of what these tests show to be safe here.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")


@pytest.fixture
def records(tmp_path: Path) -> UseRecords:
    return UseRecords(tmp_path / "keys")


def reserved(records: UseRecords, name: str) -> int:
    uses = records.read(name)
    assert uses is not None
    return uses.reserved


def limit(records: UseRecords, name: str, most: int, used: int = 0) -> None:
    with records.locked():
        records.write(name, KeyUses(used, most))


@pytest.mark.parametrize(
    "name",
    [
        *("root", "root-2", "national-root", "issuing-seals", "issuing-persons-3", "national-issuing-systems"),
        *("trust", "trust-2"),
    ],
)
def test_each_use_of_an_authority_is_on_disk_before_it_happens(records: UseRecords, name: str) -> None:
    counter = UseCounter(records, name)
    assert records.read(name) is None
    for use in range(1, 6):
        counter.take()
        assert reserved(records, name) == use


@pytest.mark.parametrize("name", ["seal-market", "timestamp", "ocsp-root", "ocsp-seals", "status", "receipt", "log"])
def test_hot_keys_reserve_a_thousand_at_a_time(records: UseRecords, name: str) -> None:
    counter = UseCounter(records, name)
    for use in range(2500):
        counter.take()
        assert reserved(records, name) == 1000 * (use // 1000 + 1)


def test_the_next_process_begins_a_block_of_its_own(records: UseRecords) -> None:
    for process in range(1, 4):
        counter = UseCounter(records, HOT)
        counter.take()
        counter.take()
        assert reserved(records, HOT) == 1000 * process


@pytest.mark.parametrize(
    ("most", "block"), [(1, 1), (5, 1), (1_999, 1), (2_000, 2), (50_000, 50), (1_000_000, 1_000), (10**12, 1_000)]
)
def test_a_small_limit_makes_small_blocks(records: UseRecords, most: int, block: int) -> None:
    limit(records, HOT, most)
    UseCounter(records, HOT).take()
    assert reserved(records, HOT) == block


def test_a_limit_is_reached_exactly_and_stays_reached(records: UseRecords) -> None:
    limit(records, HOT, 2_000_013, used=1_998_000)
    counter = UseCounter(records, HOT)
    for _ in range(2_013):
        counter.take()
    for again in (counter, UseCounter(records, HOT)):
        with pytest.raises(KeyExhausted) as caught:
            again.take()
        assert "2000013" in caught.value.message("zh")
        assert "rekey" in caught.value.message("en")
    assert reserved(records, HOT) == 2_000_013


def test_threads_share_a_block_without_sharing_a_use(records: UseRecords) -> None:
    limit(records, HOT, 1_000_000, used=997_000)
    counter = UseCounter(records, HOT)
    taken: list[int] = []

    def work() -> None:
        mine = 0
        try:
            while True:
                counter.take()
                mine += 1
        except KeyExhausted:
            taken.append(mine)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 8
    assert sum(taken) == 3_000


def _take_until_exhausted(folder: Path, name: str, truth: Path, begin: Event) -> None:
    counter = UseCounter(UseRecords(folder), name)
    descriptor = os.open(truth, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    begin.wait(60)
    try:
        while True:
            counter.take()
            os.write(descriptor, b".")  # the use happens
    except KeyExhausted:
        os._exit(7)


def _start(tmp_path: Path, name: str, count: int) -> tuple[list[multiprocessing.context.ForkProcess], Path, Event]:
    truth, begin = tmp_path / "truth", FORK.Event()
    truth.touch()
    workers = [
        FORK.Process(target=_take_until_exhausted, args=(tmp_path / "keys", name, truth, begin)) for _ in range(count)
    ]
    for worker in workers:
        worker.start()
    begin.set()
    return workers, truth, begin


class Overtaken(UseCounter):
    """A counter whose block another thread fills between the first look at it and the second."""

    looks = 0

    @property
    def _block(self) -> Iterator[int]:
        self.looks += 1
        if self.looks == 2:
            self._kept = iter(range(self._records.reserve(HOT)))
        return self._kept

    @_block.setter
    def _block(self, block: Iterator[int]) -> None:
        self._kept = block


def test_a_block_that_another_thread_has_just_filled_is_not_thrown_away(records: UseRecords) -> None:
    Overtaken(records, HOT).take()
    assert reserved(records, HOT) == 1_000


def test_several_processes_keep_one_limit(records: UseRecords, tmp_path: Path) -> None:
    limit(records, HOT, 60)
    workers, truth, _ = _start(tmp_path, HOT, 3)
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 7
    assert truth.stat().st_size == 60
    assert reserved(records, HOT) == 60


@pytest.mark.parametrize("name", [HOT, AUTHORITY])
def test_processes_killed_at_any_moment_never_make_the_count_too_low(
    records: UseRecords, tmp_path: Path, name: str
) -> None:
    block = 1000 if name == HOT else 1
    processes = 0
    for _ in range(2):
        workers, truth, _ = _start(tmp_path, name, 2)
        processes += 2
        before = truth.stat().st_size
        tick = threading.Event()
        while truth.stat().st_size < before + 10:
            assert all(worker.exitcode is None for worker in workers)
            tick.wait(0.005)
        for worker in workers:
            worker.kill()
        for worker in workers:
            worker.join()
        done = truth.stat().st_size
        assert done <= reserved(records, name) <= done + block * processes
    counter = UseCounter(records, name)
    counter.take()
    assert reserved(records, name) > truth.stat().st_size


def test_a_forked_child_leaves_the_block_to_its_parent(records: UseRecords) -> None:
    limit(records, HOT, 2_000_000)
    counter = UseCounter(records, HOT)
    counter.take()
    assert reserved(records, HOT) == 1000
    assert in_child(counter.take) == 0
    assert reserved(records, HOT) == 2000
    for _ in range(999):
        counter.take()
    assert reserved(records, HOT) == 2000, "the parent still had its own"


def test_a_fork_while_others_count_blocks_nobody(records: UseRecords) -> None:
    counter = UseCounter(records, AUTHORITY)
    over = threading.Event()

    def work() -> None:
        while not over.is_set():
            counter.take()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        assert [in_child(counter.take) for _ in range(5)] == [0] * 5
    finally:
        over.set()
        for thread in threads:
            thread.join()


def in_child(act: Callable[[], object]) -> int:
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        status = 1
        try:
            act()
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_only_the_owner_reads_the_counts_and_no_temporary_file_stays(records: UseRecords, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        UseCounter(records, HOT).take()
    finally:
        os.umask(before)
    folder = tmp_path / "keys" / "uses"
    assert [path.name for path in folder.iterdir()] == [f"{HOT}.json"]
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (folder.parent, folder, folder / f"{HOT}.json")}
    assert list(modes.values()) == [0o700, 0o700, 0o600]
    assert json.loads((folder / f"{HOT}.json").read_bytes()) == {
        "format": "elicence/key-uses/v1",
        "limit": None,
        "made_here": False,
        "place": "folder",
        "reserved": 1000,
    }


@settings(max_examples=20)
@given(
    count=st.integers(0, 2**63),
    most=st.none() | st.integers(1, 2**63),
    place=st.sampled_from(["folder", "token"]),
    ours=st.booleans(),
)
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, count: int, most: int | None, place: KeyPlace, *, ours: bool
) -> None:
    records = UseRecords(tmp_path_factory.mktemp("keys"))
    with records.locked():
        records.write(HOT, KeyUses(count, most, place, made_here=ours))
    assert records.all() == {HOT: KeyUses(count, most, place, made_here=ours)}


GOOD = {"format": "elicence/key-uses/v1", "limit": 5, "made_here": True, "place": "folder", "reserved": 3}


@pytest.mark.parametrize(
    "damage",
    [
        *(b"", b"{}", b"[]", b"null", b"\xff", b"3"),
        *(json.dumps({key: value for key, value in GOOD.items() if key != left_out}).encode() for left_out in GOOD),
        *(
            json.dumps(GOOD | change).encode()
            for change in (
                {"reserved": -1},
                {"reserved": "3"},
                {"reserved": True},
                {"reserved": 3.0},
                {"limit": 0},
                {"limit": False},
                {"place": "pocket"},
                {"made_here": 1},
                {"format": "elicence/key-uses/v2"},
                {"more": 1},
            )
        ),
        json.dumps(GOOD).encode()[:-1],
        json.dumps(GOOD).encode().replace(b"{", b'{"reserved": 0, ', 1),
    ],
)
def test_a_key_whose_count_is_damaged_is_not_used(records: UseRecords, tmp_path: Path, damage: bytes) -> None:
    counter = UseCounter(records, AUTHORITY)
    counter.take()
    path = tmp_path / "keys" / "uses" / f"{AUTHORITY}.json"
    path.write_bytes(damage)
    with pytest.raises(KeyUsesDamaged, match=AUTHORITY):
        counter.take()
    with pytest.raises(KeyUsesDamaged):
        records.read(AUTHORITY)
    assert path.read_bytes() == damage, "it is not mended silently"


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "uses").write_text("a file where the folder should be")
    with pytest.raises(KeyUsesDamaged):
        UseCounter(UseRecords(tmp_path / "keys"), HOT).take()


@pytest.mark.parametrize("name", ["", "..", "a/b", "A", "a" * 65, "a.json", "密钥", "a\n"])
def test_odd_names_touch_no_file(records: UseRecords, tmp_path: Path, name: str) -> None:
    for act in (lambda: records.read(name), UseCounter(records, name).take, lambda: records.reserve(name)):
        with pytest.raises(KeyNameInvalid):
            act()
    assert not list(tmp_path.rglob("*.json"))


def test_forgetting_removes_counts_and_what_a_killed_process_left(records: UseRecords, tmp_path: Path) -> None:
    records.forget()
    UseCounter(records, HOT).take()
    (tmp_path / "keys" / "uses" / ".seal-market.json.00ff").write_bytes(b'{"form')
    assert set(records.all()) == {HOT}
    records.forget()
    assert not (tmp_path / "keys" / "uses").exists()
    assert records.read(HOT) is None
