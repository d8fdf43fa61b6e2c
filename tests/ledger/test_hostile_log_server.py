"""A log that is served by an enemy: endless, slow, packed, redirecting, of wrong sizes. Whoever reads it comes to an end."""

import gzip
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from ledger.formats.checkpoints import Checkpoint
from ledger.formats.notes import NoteSigner
from ledger.fsck.fsck import check_log
from ledger.monitor import client as monitor_client
from ledger.monitor.client import ServedLog
from ledger.provenance.errors import LogUnreachable
from tests.ledger.local_keys import ORIGIN
from tests.ledger.recording import SIGNER

Speak = Callable[[socket.socket], None]


@contextmanager
def enemy(speak: Speak) -> Iterator[str]:
    """Serve every connection by a function that talks as it likes."""
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.05)

        def answer(peer: socket.socket) -> None:
            with peer:
                try:
                    peer.recv(65536)
                    speak(peer)
                except OSError:
                    pass  # the reader has gone, as it should

        def accept() -> None:
            while not stop.is_set():
                try:
                    peer, _ = listening.accept()
                except TimeoutError:
                    continue
                threading.Thread(target=answer, args=[peer], daemon=True).start()

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            stop.set()
            thread.join()


def _endless(peer: socket.socket) -> None:
    peer.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        peer.sendall(bytes(1 << 20))


def _trickle(peer: socket.socket) -> None:
    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while True:
        peer.sendall(b"x")
        threading.Event().wait(0.01)


def _redirect(peer: socket.socket) -> None:
    peer.sendall(b"HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n")


def _silent(peer: socket.socket) -> None:
    threading.Event().wait(2)


def _short(peer: socket.socket) -> None:
    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc")


@pytest.mark.parametrize("speak", [_endless, _trickle, _redirect, _silent, _short])
def test_whoever_reads_comes_to_an_end(speak: Speak, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitor_client, "_LONGEST", 0.2)
    with enemy(speak) as address, pytest.raises(LogUnreachable):
        ServedLog(address, patience=0.5).get("checkpoint")


def test_what_is_packed_is_not_unpacked() -> None:
    packed = gzip.compress(bytes(1 << 24))

    def speak(peer: socket.socket) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
        peer.sendall(head + packed)

    with enemy(speak) as address:
        assert ServedLog(address).get("tile/0/000") == packed


def test_tiles_of_wrong_sizes_are_findings_and_no_crash() -> None:
    note = NoteSigner(ORIGIN, SIGNER).sign(Checkpoint(ORIGIN, 600, bytes(32)).text).encode()
    bodies = iter([b"", b"\xff", bytes(31), bytes(8193), bytes(1), b"\x00\x01", bytes(64)] * 100)

    def fetch(path: str) -> bytes:
        return note if path == "checkpoint" else next(bodies)

    _, report = check_log(fetch, NoteSigner(ORIGIN, SIGNER).vkey, ahead=0)
    assert {finding.what for finding in report.findings} >= {"tile.differs", "checkpoint.root"}
