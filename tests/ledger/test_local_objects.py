import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ledger.objects.local_objects import LocalObjects
from ledger.objects.object_keys import ObjectKeyInvalid
from ledger.objects.objects import ObjectMissing, ObjectStore, ObjectStoreUnavailable

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    return LocalObjects(tmp_path / "objects")


class Recorder:
    """Lets system calls through and keeps their order; fails one of them when told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
        self.calls: list[str] = []
        self.fail_at: str | None = None
        self._root = root
        fsync, rename = os.fsync, Path.rename

        def recorded_fsync(descriptor: int) -> None:
            self._note("fsync", Path(f"/proc/self/fd/{descriptor}").readlink())
            fsync(descriptor)

        def recorded_rename(path: Path, target: Path) -> Path:
            self._note("rename", target)
            return rename(path, target)

        monkeypatch.setattr(os, "fsync", recorded_fsync)
        monkeypatch.setattr(Path, "rename", recorded_rename)

    def _note(self, call: str, path: Path) -> None:
        name = path.relative_to(self._root).as_posix()
        line = f"{call} {'objects/.put/*' if name.startswith('objects/.put/') else name}"
        self.calls.append(line)
        if line == self.fail_at:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Recorder:
    return Recorder(monkeypatch, tmp_path)


def test_a_put_is_made_durable_step_by_step(store: ObjectStore, recorder: Recorder) -> None:
    file = ["fsync objects/.put/*", "rename objects/a/b/c", "fsync objects/a/b"]
    store.put("a/b/c", b"x")
    assert recorder.calls == ["fsync objects", "fsync objects/a", *file]  # first the names of the two new folders
    recorder.calls.clear()
    store.put("a/b/c", b"y")
    assert recorder.calls == file


def test_a_folder_that_another_process_made_is_made_durable_all_the_same(
    tmp_path: Path, store: ObjectStore, recorder: Recorder
) -> None:
    (tmp_path / "objects" / "a").mkdir()  # by one that has not reached its own fsync
    store.put("a/b", b"")
    assert "fsync objects" in recorder.calls


@pytest.mark.parametrize("step", ["fsync objects/.put/*", "rename objects/a/b"])
def test_a_put_that_fails_before_the_rename_changes_nothing(
    tmp_path: Path, store: ObjectStore, recorder: Recorder, step: str
) -> None:
    store.put("a/b", b"old")
    recorder.fail_at = step
    with pytest.raises(ObjectStoreUnavailable) as caught:
        store.put("a/b", b"new")
    assert caught.value.reason == "No space left on device"
    recorder.fail_at = None
    assert store.get("a/b") == b"old"
    assert not list((tmp_path / "objects" / ".put").iterdir())
    store.put("a/b", b"new")
    assert store.get("a/b") == b"new"


def test_a_put_that_fails_after_the_rename_is_not_acknowledged(store: ObjectStore, recorder: Recorder) -> None:
    store.put("a/b", b"old")
    recorder.fail_at = "fsync objects/a"
    with pytest.raises(ObjectStoreUnavailable):
        store.put("a/b", b"new")
    assert store.get("a/b") == b"new"  # failed, but persisted: whoever repeats it finds it


def test_a_key_below_an_object_is_refused_and_harms_nothing(store: ObjectStore) -> None:
    store.put("a", b"kept")
    with pytest.raises(ObjectStoreUnavailable):
        store.put("a/b", b"")
    with pytest.raises(ObjectMissing):
        store.get("a/b")
    assert store.get("a") == b"kept"


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ObjectStoreUnavailable, match="does not answer"):
        LocalObjects(tmp_path / "file" / "objects")


def test_a_writer_killed_at_any_moment_leaves_whole_objects_only(tmp_path: Path) -> None:
    script = """
import sys
from pathlib import Path
from ledger.objects.local_objects import LocalObjects
store = LocalObjects(Path(sys.argv[1]))
print("ready", flush=True)
for turn in range(10**9):
    store.put(f"k/{turn % 7}", bytes([turn % 251]) * 100_000)
"""
    folder = tmp_path / "objects"
    for turn in range(8):
        with subprocess.Popen([sys.executable, "-c", script, folder], cwd=PROJECT, stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            time.sleep(0.01 + turn * 0.007)
            writer.send_signal(signal.SIGKILL)
    store = LocalObjects(folder)
    keys = list(store.keys(""))
    assert keys
    for key in keys:
        data = store.get(key)
        assert len(data) == 100_000
        assert len(set(data)) == 1


def test_leftovers_of_dead_writers_are_swept_and_living_ones_spared(tmp_path: Path, store: LocalObjects) -> None:
    store.put("a", b"kept")
    old, fresh = tmp_path / "objects" / ".put" / "old", tmp_path / "objects" / ".put" / "fresh"
    for leftover in (old, fresh):
        leftover.write_bytes(b"half an obj")
    os.utime(old, (time.time() - 7200, time.time() - 7200))
    assert list(store.keys("")) == ["a"]
    assert store.sweep() == 1
    assert not old.exists()
    assert fresh.exists()
    assert store.get("a") == b"kept"


def test_of_many_objects_a_bad_key_stops_all(tmp_path: Path) -> None:
    store = LocalObjects(tmp_path)
    with pytest.raises(ObjectKeyInvalid):
        store.put_all({**{f"a/{number}": b"" for number in range(20)}, "/b": b""})
    assert list(store.keys("")) == []


@pytest.mark.parametrize("count", [2, 20])
def test_of_many_objects_one_that_the_disk_refuses_is_told(tmp_path: Path, count: int) -> None:
    store = LocalObjects(tmp_path)
    store.put("a/1/below", b"")  # "a/1" is a folder: no file takes its place
    with pytest.raises(ObjectStoreUnavailable):
        store.put_all({f"a/{number}": b"whole" for number in range(count)})
    assert {store.get(key) for key in store.keys("a") if key != "a/1/below"} <= {b"whole"}
    assert list((tmp_path / ".put").iterdir()) == []
