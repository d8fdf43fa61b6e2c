"""A monitor follows a log, and what it cannot be told is that history was otherwise."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ledger.formats.checkpoints import Checkpoint
from ledger.formats.notes import NoteSigner
from ledger.log.served import CHECKPOINT
from ledger.monitor.client import LogFolder, ServedLog, log_source
from ledger.monitor.monitor import PATIENCE, Monitor
from ledger.monitor.state import MonitorFolder
from ledger.objects.objects import ObjectMissing
from ledger.provenance.errors import LogUnreachable, MirrorDamaged
from ledger.provenance.mirror import Mirror
from ledger.tree.merkle import EMPTY_ROOT
from ledger.tree.tiles import ENTRIES, Tile
from tests.ledger.local_keys import ORIGIN, Ed25519Signer
from tests.ledger.served_log import ServedEntries, entry

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@pytest.fixture
def log() -> ServedEntries:
    return ServedEntries(300)


@pytest.fixture
def monitor(log: ServedEntries) -> Monitor:
    made = Monitor(log, log.signer.vkey, Mirror(ORIGIN))
    assert made.look(NOW).kind == "grown"
    return made


def grow(log: ServedEntries, count: int) -> None:
    log.entries += [entry(bytes(32), len(log.entries) + number) for number in range(count)]


def test_it_follows_a_log_that_grows(log: ServedEntries, monitor: Monitor) -> None:
    assert monitor.look(NOW).kind == "same"
    grow(log, 500)
    seen = monitor.look(NOW)
    assert (seen.kind, seen.size, seen.alarm) == ("grown", 800, False)
    assert monitor.note == log.note()


def test_an_empty_log_and_one_that_is_not_there_yet() -> None:
    log = ServedEntries()
    monitor = Monitor(log, log.signer.vkey, Mirror(ORIGIN))
    log.missing.add(CHECKPOINT)
    assert monitor.look(NOW).kind == "unreachable"
    log.missing.clear()
    assert [monitor.look(NOW).kind for _ in range(2)] == ["same", "same"]
    grow(log, 1)
    assert monitor.look(NOW).kind == "grown"


def test_a_rewritten_log_is_a_fork_and_both_notes_are_kept(log: ServedEntries, monitor: Monitor) -> None:
    before = monitor.note
    log.entries[7] = entry(bytes(32), 9999)
    same_size = monitor.look(NOW)
    assert (same_size.kind, same_size.alarm, same_size.notes) == ("fork", True, (before, log.note()))
    grow(log, 5)
    larger = monitor.look(NOW)
    assert (larger.kind, larger.notes) == ("fork", (before, log.note()))
    assert (monitor.mirror.size, monitor.note) == (300, before), "it stays with what it proved"


def test_an_older_checkpoint_is_stale_and_one_that_never_was_a_fork(log: ServedEntries, monitor: Monitor) -> None:
    for size in (0, 1, 256, 299):
        log.shown = log.note(size)
        assert monitor.look(NOW).kind == "stale"
    for forged in (Checkpoint(ORIGIN, 299, bytes(32)), Checkpoint(ORIGIN, 0, bytes(32))):
        log.shown = log.signer.sign(forged.text)
        assert monitor.look(NOW).kind == "fork"
    log.shown = log.signer.sign(Checkpoint(ORIGIN, 0, EMPTY_ROOT).text)
    assert monitor.look(NOW).kind == "stale"


class Spoilt:
    """A log whose tiles, or whose entries, arrive damaged."""

    def __init__(self, log: ServedEntries, what: str) -> None:
        self.log, self.what = log, what

    def get(self, path: str) -> bytes:
        data = self.log.get(path)
        return data[:-1] + bytes([data[-1] ^ 1]) if path.startswith(self.what) else data


@pytest.mark.parametrize("what", ["tile/0", "tile/1", "tile/entries", "tile/"])
def test_damage_on_the_way_convicts_nobody_of_a_fork(log: ServedEntries, monitor: Monitor, what: str) -> None:
    """Two true checkpoints never contradict each other, whatever bytes come between them."""
    watch = Monitor(Spoilt(log, what), log.signer.vkey, monitor.mirror, monitor.note)
    log.shown = log.note(299)
    assert watch.look(NOW).kind in ({"gap"} if what != "tile/entries" else {"stale"})
    log.shown = None
    grow(log, 500)
    assert watch.look(NOW).kind in ({"gap"} if what in {"tile/entries", "tile/"} else {"grown"})
    fresh = Monitor(Spoilt(log, "tile/entries"), log.signer.vkey, Mirror(ORIGIN))
    assert fresh.look(NOW).kind == "gap"


def test_a_log_that_stays_behind_went_back(log: ServedEntries, monitor: Monitor) -> None:
    """A cache shows the past for seconds, a restored backup for ever."""
    log.shown = log.note(200)
    assert [monitor.look(NOW + wait).kind for wait in (timedelta(0), PATIENCE)] == ["stale", "stale"]
    seen = monitor.look(NOW + PATIENCE + timedelta(seconds=1))
    assert (seen.kind, seen.alarm, seen.notes) == ("back", True, (log.note(), log.shown))
    log.shown = None
    assert monitor.look(NOW).kind == "same"
    log.shown = log.note(200)
    assert monitor.look(NOW + timedelta(days=1)).kind == "stale", "it was not behind in between"


def test_how_long_it_was_behind_survives_the_monitor(tmp_path: Path, log: ServedEntries, monitor: Monitor) -> None:
    """Looking once every hour, by a timer, is following too."""
    folder = MonitorFolder(tmp_path)
    log.shown = log.note(200)
    assert monitor.look(NOW).kind == "stale"
    folder.save(monitor.mirror, monitor.note, 0, monitor.behind)
    mirror, note, behind = folder.load(ORIGIN)
    again = Monitor(log, log.signer.vkey, mirror, note, behind)
    assert again.look(NOW + timedelta(hours=1)).kind == "back"


def test_a_root_of_the_same_size_that_is_another(log: ServedEntries, monitor: Monitor) -> None:
    log.shown = log.signer.sign(Checkpoint(ORIGIN, 300, bytes(32)).text)
    assert monitor.look(NOW).kind == "fork"


@pytest.mark.parametrize(
    "shown",
    [
        "",
        "no note\n",
        NoteSigner(ORIGIN, Ed25519Signer(bytes([1]) * 32)).sign(f"{ORIGIN}\n1\n{'A' * 43}=\n"),
        NoteSigner("other.test/log", Ed25519Signer()).sign(f"other.test/log\n1\n{'A' * 43}=\n"),
    ],
)
def test_a_checkpoint_that_is_not_the_logs_own(log: ServedEntries, monitor: Monitor, shown: str) -> None:
    log.shown = shown
    seen = monitor.look(NOW)
    assert (seen.kind, seen.alarm) == ("untrusted", True)


def test_what_it_signed_and_does_not_serve_is_a_gap(log: ServedEntries, monitor: Monitor) -> None:
    grow(log, 300)
    log.missing.add(Tile(ENTRIES, 1).path)
    assert monitor.look(NOW).kind == "gap"
    log.missing = {CHECKPOINT}
    assert monitor.look(NOW).kind == "gap"
    log.missing.clear()
    assert monitor.look(NOW).kind == "grown", "what was only late is caught up with"


def test_a_tag_that_is_given_twice(log: ServedEntries, monitor: Monitor) -> None:
    log.entries.append(log.entries[3])
    seen = monitor.look(NOW)
    assert (seen.kind, seen.alarm) == ("repeated", True)
    assert "entry 300" in seen.reason
    assert "entry 3 " in seen.reason


class Once:
    """A log that serves each bundle once, and then no more."""

    def __init__(self, log: ServedEntries) -> None:
        self.log, self.served = log, set[str]()

    def get(self, path: str) -> bytes:
        if path in self.served and "entries" in path:
            raise LogUnreachable("log.test", "silent")
        self.served.add(path)
        return self.log.get(path)


def test_a_log_does_not_escape_by_falling_silent(log: ServedEntries, monitor: Monitor) -> None:
    log.entries.append(log.entries[3])
    source = Once(log)
    watch = Monitor(source, log.signer.vkey, monitor.mirror, monitor.note)
    before = watch.mirror.frontier, watch.mirror.tags[:], watch.note
    assert watch.look(NOW).kind == "unreachable"
    assert (watch.mirror.frontier, watch.mirror.tags, watch.note) == before
    source.served.clear()
    assert monitor.look(NOW).kind == "repeated"


class Silent:
    def get(self, path: str) -> bytes:
        raise LogUnreachable("log.test", "silent")


def test_a_log_that_does_not_answer_convicts_nobody(monitor: Monitor) -> None:
    silent = Monitor(Silent(), monitor._vkey, monitor.mirror, monitor.note)
    seen = silent.look(NOW)
    assert (seen.kind, seen.alarm, seen.size) == ("unreachable", False, 300)


# --- its state --------------------------------------------------------------------------------------------------------


def test_what_it_remembers_survives_it(tmp_path: Path, log: ServedEntries, monitor: Monitor) -> None:
    folder = MonitorFolder(tmp_path / "state")
    folder.save(monitor.mirror, monitor.note, 0)
    grow(log, 100)
    monitor.look(NOW)
    folder.save(monitor.mirror, monitor.note, 300)
    mirror, note, behind = MonitorFolder(tmp_path / "state").load(ORIGIN)
    assert behind is None
    assert (mirror.frontier, mirror.tags, note) == (monitor.mirror.frontier, monitor.mirror.tags, log.note())
    assert Monitor(log, log.signer.vkey, mirror, note).look(NOW).kind == "same"


def test_a_crash_between_tags_and_state_leaves_the_state_before(
    tmp_path: Path, log: ServedEntries, monitor: Monitor
) -> None:
    folder = MonitorFolder(tmp_path)
    folder.save(monitor.mirror, monitor.note, 0)
    before = (tmp_path / "state.json").read_bytes()
    grow(log, 100)
    monitor.look(NOW)
    folder.save(monitor.mirror, monitor.note, 300)
    (tmp_path / "state.json").write_bytes(before)
    mirror, note, _ = folder.load(ORIGIN)
    assert mirror.size == len(mirror.tags) == 300
    again = Monitor(log, log.signer.vkey, mirror, note)
    assert again.look(NOW).kind == "grown"
    folder.save(again.mirror, again.note, 300)
    assert folder.load(ORIGIN)[0].tags == monitor.mirror.tags


def damages() -> dict[str, Callable[[Path], object]]:
    def rewrite(name: str, change: Callable[[bytes], bytes]) -> Callable[[Path], object]:
        return lambda folder: (folder / name).write_bytes(change((folder / name).read_bytes()))

    return {
        "no JSON": rewrite("state.json", lambda data: data[:-9]),
        "a list": rewrite("state.json", lambda _: b"[]"),
        "another log": rewrite("state.json", lambda data: data.replace(ORIGIN.encode(), b"other.test/log")),
        "another size": rewrite("state.json", lambda data: data.replace(b'"size": 300', b'"size": 301')),
        "a size that is none": rewrite("state.json", lambda data: data.replace(b'"size": 300', b'"size": -1')),
        "a broken size": rewrite("state.json", lambda data: data.replace(b'"size": 300', b'"size": 300.0')),
        "no time": rewrite("state.json", lambda data: data.replace(b'"behind": null', b'"behind": "soon"')),
        "a time of nowhere": rewrite(
            "state.json", lambda data: data.replace(b'"behind": null', b'"behind": "2026-11-22T00:00:00"')
        ),
        "deep": rewrite("state.json", lambda _: b"[" * 100_000),
        "tags that are a folder": lambda folder: ((folder / "tags").unlink(), (folder / "tags").mkdir()),
        "a text for a size": rewrite("state.json", lambda data: data.replace(b'"size": 300', b'"size": "300"')),
        "short tags": rewrite("tags", lambda data: data[:-1]),
        "no tags": lambda folder: (folder / "tags").unlink(),
    }


@pytest.mark.parametrize("name", damages())
def test_a_state_that_does_not_fit_together_is_refused(tmp_path: Path, monitor: Monitor, name: str) -> None:
    folder = MonitorFolder(tmp_path)
    folder.save(monitor.mirror, monitor.note, 0)
    damages()[name](tmp_path)
    with pytest.raises(MirrorDamaged):
        folder.load(ORIGIN)


def test_an_alarm_is_kept_with_its_proof(tmp_path: Path, log: ServedEntries, monitor: Monitor) -> None:
    log.entries[7] = entry(bytes(32), 9999)
    seen = monitor.look(NOW)
    kept = json.loads(MonitorFolder(tmp_path).alarm(seen).read_text())
    assert kept["kind"] == "fork"
    first, second = (Checkpoint.open(note, {ORIGIN: log.signer.vkey}) for note in kept["notes"])
    assert first.size == second.size
    assert first.root != second.root


# --- where it reads ---------------------------------------------------------------------------------------------------


@pytest.fixture
def served(log: ServedEntries) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answers = {"/log/broken": (500, b""), "/log/moved": (302, b"")}
            try:
                status, body = answers.get(self.path) or (200, log.get(self.path.removeprefix("/log/")))
            except ObjectMissing:
                status, body = 404, b""
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/log"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_it_reads_over_http(log: ServedEntries, served: str) -> None:
    source = log_source(served + "/")
    assert isinstance(source, ServedLog)
    monitor = Monitor(source, log.signer.vkey, Mirror(ORIGIN))
    assert monitor.look(NOW).kind == "grown"
    with pytest.raises(ObjectMissing):
        source.get("tile/0/999")
    for path in ("broken", "moved"):
        with pytest.raises(LogUnreachable, match="HTTP"):
            source.get(path)


def test_nobody_there(served: str) -> None:
    source = ServedLog("http://127.0.0.1:1", patience=1.0)
    with pytest.raises(LogUnreachable):
        source.get(CHECKPOINT)


def test_it_reads_a_folder(tmp_path: Path, log: ServedEntries) -> None:
    for path in (CHECKPOINT, Tile(ENTRIES, 0).path, Tile(ENTRIES, 1, 44).path):
        place = tmp_path / "log" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(log.get(path))
    for place in (tmp_path, tmp_path / "log"):
        source = log_source(str(place))
        assert isinstance(source, LogFolder)
        assert Monitor(source, log.signer.vkey, Mirror(ORIGIN)).look(NOW).kind == "grown"
    with pytest.raises(ObjectMissing):
        log_source(str(tmp_path)).get("tile")
