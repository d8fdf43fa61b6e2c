"""The witness's memory: real files, real locks, real deaths."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from ledger.formats.cosignatures import Cosigner
from ledger.witness.errors import WitnessMisplaced, WitnessUnable
from ledger.witness.store import NEVER, Fork, Latest, WitnessStore
from tests.ledger.local_keys import Ed25519Signer
from tests.ledger.witnessed_logs import NOW, MlDsa44Signer, SmallLog

LOG = SmallLog()
VKEY = Cosigner("witness.test/w1", Ed25519Signer()).key.text
FIRST = Latest(3, LOG.root(3), LOG.note(3), "", 1)
SECOND = Latest(5, LOG.root(5), LOG.note(5), "", 2)


@pytest.fixture
def store(tmp_path: Path) -> WitnessStore:
    return WitnessStore.create(tmp_path / "witness.sqlite", VKEY)


def test_it_is_made_once_and_belongs_to_its_key(tmp_path: Path, store: WitnessStore) -> None:
    place = tmp_path / "witness.sqlite"
    with store.exclusive() as memory:
        memory.keep(LOG.origin, FIRST)
    with pytest.raises(WitnessMisplaced):
        WitnessStore.create(place, VKEY)
    with pytest.raises(WitnessMisplaced):
        WitnessStore(place, Cosigner("witness.test/w2", Ed25519Signer()).key.text)
    with WitnessStore(place, VKEY).reading() as memory:
        assert memory.latest(LOG.origin) == FIRST


def test_a_making_that_was_cut_off_can_be_done_again(tmp_path: Path) -> None:
    place = tmp_path / "new.sqlite"
    maker = subprocess.run(
        [sys.executable, "-c", _MAKER, place, VKEY],
        capture_output=True,
        text=True,
        check=False,
    )
    assert maker.returncode == -signal.SIGKILL, maker.stderr
    assert not place.exists(), "there is a whole memory or none"
    WitnessStore.create(place, VKEY)
    with WitnessStore(place, VKEY).reading() as memory:
        assert memory.latest(LOG.origin) == NEVER
    assert [file.name for file in tmp_path.iterdir()] == ["new.sqlite"]


def test_a_lost_memory_is_never_made_anew(tmp_path: Path, store: WitnessStore) -> None:
    (tmp_path / "witness.sqlite").unlink()
    with pytest.raises(WitnessMisplaced):
        WitnessStore(tmp_path / "witness.sqlite", VKEY)
    with pytest.raises(WitnessUnable), store.exclusive():
        pass
    with pytest.raises(WitnessMisplaced), store.reading():
        pass
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("data", [b"", b"no database at all, but long enough to be looked at" * 20])
def test_another_file_is_refused(tmp_path: Path, data: bytes) -> None:
    place = tmp_path / "other.sqlite"
    place.write_bytes(data)
    with pytest.raises((WitnessMisplaced, WitnessUnable)):
        WitnessStore(place, VKEY)
    assert place.read_bytes() == data


def test_another_release_is_refused(tmp_path: Path, store: WitnessStore) -> None:
    del store
    connection = sqlite3.connect(tmp_path / "witness.sqlite")
    connection.execute("UPDATE witness SET release = 2")
    connection.commit()
    connection.close()
    with pytest.raises(WitnessMisplaced):
        WitnessStore(tmp_path / "witness.sqlite", VKEY)


def test_logs_and_what_is_known_of_them(store: WitnessStore) -> None:
    other = SmallLog(seed=bytes([1]) * 32)
    post_quantum = Cosigner(LOG.origin, MlDsa44Signer()).key
    with store.exclusive() as memory:
        for key in (LOG.signer.vkey, LOG.signer.vkey, other.signer.vkey, post_quantum):
            memory.watch(key, NOW)
    with store.reading() as memory:
        assert set(memory.keys(LOG.origin)) == {LOG.signer.vkey, other.signer.vkey, post_quantum}
        assert memory.keys("unknown.test/log") == ()
        assert memory.origins() == (LOG.origin,)
        assert memory.latest(LOG.origin) == NEVER
    with store.exclusive() as memory:
        memory.keep(LOG.origin, FIRST)
        memory.keep(LOG.origin, SECOND)
        assert memory.unwatch(other.signer.vkey)
        assert not memory.unwatch(other.signer.vkey)
    with store.reading() as memory:
        assert memory.latest(LOG.origin) == SECOND
        assert set(memory.keys(LOG.origin)) == {LOG.signer.vkey, post_quantum}


def test_a_block_that_fails_leaves_nothing(store: WitnessStore) -> None:
    def fail() -> None:
        with store.exclusive() as memory:
            memory.keep(LOG.origin, FIRST)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with store.reading() as memory:
        assert memory.latest(LOG.origin) == NEVER


def test_one_fork_of_a_size_is_kept(store: WitnessStore) -> None:
    fork = Fork(LOG.origin, 3, "ours\n", "theirs\n", NOW)
    with store.exclusive() as memory:
        memory.keep_fork(fork)
        memory.keep_fork(Fork(LOG.origin, 3, "ours\n", "more\n", NOW))
        memory.keep_fork(Fork(LOG.origin, 4, "ours\n", "theirs\n", NOW))
        assert [(found.size, found.theirs) for found in memory.forks()] == [(3, "theirs\n"), (4, "theirs\n")]
        assert memory.forks()[0] == fork


def test_what_a_province_has_gathered(store: WitnessStore) -> None:
    with store.exclusive() as memory:
        memory.keep(LOG.origin, FIRST)
        assert memory.ungathered() == (), "a log that is watched no more is not gathered"
        memory.watch(LOG.signer.vkey, NOW)
        assert memory.ungathered() == (LOG.origin,)
        memory.gathered(LOG.origin, 3, 7, b"entry")
        assert memory.ungathered() == ()
        memory.keep(LOG.origin, SECOND)
        assert memory.ungathered() == (LOG.origin,)
        memory.gathered(LOG.origin, 5, 9, b"later")
        memory.gathered(LOG.origin, 5, 11, b"again")
        assert [memory.gathered_from(LOG.origin, size) for size in (1, 3, 4, 5, 6)] == [
            (7, b"entry"), (7, b"entry"), (9, b"later"), (9, b"later"), None,
        ]  # fmt: skip
        assert memory.gathered_from("other.test/log", 1) is None


def test_nobody_comes_between_look_and_store(tmp_path: Path, store: WitnessStore) -> None:
    """Sixty increments by four threads, two of which share what a process shares: none is lost."""
    other = WitnessStore(tmp_path / "witness.sqlite", VKEY)

    def work(store: WitnessStore) -> None:
        for _ in range(15):
            with store.exclusive() as memory:
                size = memory.latest(LOG.origin).size
                memory.keep(LOG.origin, Latest(size + 1, bytes(32), "", "", 0))

    threads = [threading.Thread(target=work, args=[one]) for one in (store, store, other, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.reading() as memory:
        assert memory.latest(LOG.origin).size == 60


_MAKER = """
import os, signal, sys
from pathlib import Path
from ledger.witness import store as witness_store
class Killing(tuple):
    def __iter__(self):
        yield self[0]
        os.kill(os.getpid(), signal.SIGKILL)
witness_store._TABLES = Killing(witness_store._TABLES)
witness_store.WitnessStore.create(Path(sys.argv[1]), sys.argv[2])
"""

_WRITER = """
import sys
from pathlib import Path
from ledger.witness.store import Latest, WitnessStore
store = WitnessStore(Path(sys.argv[1]), sys.argv[2])
for size in range(1, 1_000_000):
    with store.exclusive() as memory:
        memory.keep("city.test/log", Latest(size, bytes(32), "note", "", size))
    print(size, flush=True)
"""


def test_what_was_told_is_still_known_after_kill_9(tmp_path: Path, store: WitnessStore) -> None:
    told = 0
    for round_ in range(3):
        writer = subprocess.Popen(
            [sys.executable, "-c", _WRITER, tmp_path / "witness.sqlite", VKEY], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        for _ in range(5 + round_):
            told = int(writer.stdout.readline())
        os.kill(writer.pid, signal.SIGKILL)
        rest = writer.stdout.read().split()
        writer.stdout.close()
        writer.wait()
        told = max([told, *(int(line) for line in rest)])
        with store.reading() as memory:
            assert memory.latest("city.test/log").size >= told
