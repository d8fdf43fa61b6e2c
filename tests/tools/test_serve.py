"""`elicence serve` as an operator meets it: a real server, killed in every way."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from api.settings import Settings
from tools.serve import AddressUnusable, listen
from tools.supervisor import FAILED, HALTED, Child, Supervisor

PATIENCE = 40.0
Serve = Callable[..., "Server"]


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.05)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


def page(port: int) -> int:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=PATIENCE) as answer:
        status: int = answer.status
        return status


def children(pid: int, part: str) -> list[int]:
    """Return the children of a process whose command has a part."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parent = (place / "stat").read_text().rpartition(")")[2].split()[1]
            if parent == str(pid) and part in (place / "cmdline").read_text().replace("\0", " "):
                found.append(int(place.name))
    return found


def replaced(pid: int, part: str, victims: list[int]) -> bool:
    return len(set(children(pid, part)) - set(victims)) == len(victims)


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@dataclass(frozen=True, slots=True)
class Server:
    """A supervisor and what it says. Files, no pipes: what outlives it would keep a reader of those waiting."""

    process: subprocess.Popen[bytes]
    output: Path
    errors: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    def ended(self) -> int:
        """Wait for its end; return the exit code."""
        return self.process.wait(PATIENCE)


@pytest.fixture
def serve(environment: dict[str, str], tmp_path: Path) -> Iterator[Serve]:
    started: list[Server] = []

    def start(*options: object) -> Server:
        command = [sys.executable, "-m", "tools.cli", "serve", *map(str, options)]
        output, errors = (tmp_path / f"{kind}-{len(started)}" for kind in ("output", "errors"))
        with output.open("wb") as out, errors.open("wb") as err:
            process = subprocess.Popen(command, env=environment, stdout=out, stderr=err)
        started.append(Server(process, output, errors))
        return started[-1]

    yield start
    for server in started:
        server.process.kill()
        server.ended()


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_it_is_told_to_stop(serve: Serve, ending: signal.Signals) -> None:
    port = free_port()
    server = serve("--port", port)
    until(lambda: bool(children(server.pid, "api.serving")))
    # The socket is open before the first process is ready: whoever comes early waits.
    assert page(port) == 200
    family = [
        pid for part in ("api.serving", "tools.cli sequence", "tools.cli work") for pid in children(server.pid, part)
    ]
    assert len(family) == 3
    server.process.send_signal(ending)
    assert server.ended() == 0
    assert f"http://127.0.0.1:{port}/" in server.output.read_text()
    assert all(is_gone(pid) for pid in family)


def test_what_dies_is_started_again_and_nothing_outlives_a_killed_supervisor(serve: Serve) -> None:
    port = free_port()
    server = serve("--port", port, "--workers", 2)
    until(lambda: len(children(server.pid, "api.serving")) == 2)
    assert page(port) == 200
    for part in ("api.serving", "tools.cli sequence", "tools.cli work"):
        victims = children(server.pid, part)
        for victim in victims:
            os.kill(victim, signal.SIGKILL)
        until(partial(replaced, server.pid, part, victims))
    assert page(port) == 200
    family = [pid for part in ("api.serving", "tools.cli") for pid in children(server.pid, part)]
    assert len(family) == 4
    server.process.kill()
    until(lambda: all(is_gone(pid) for pid in family))
    with socket.create_server(("127.0.0.1", port)):
        pass


def test_two_servers_share_a_home(serve: Serve) -> None:
    ports = free_port(), free_port()
    first, second = (serve("--port", port) for port in ports)
    assert [page_when_up(port) for port in ports] == [200, 200]
    second.process.terminate()
    assert second.ended() == 0
    assert page(ports[0]) == 200
    first.process.terminate()
    assert first.ended() == 0


def page_when_up(port: int) -> int:
    def answers() -> bool:
        with contextlib.suppress(OSError):
            return page(port) == 200
        return False

    until(answers)
    return page(port)


def test_a_port_in_use_is_told_and_nothing_is_started(serve: Serve) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        server = serve("--port", taken.getsockname()[1])
        assert server.ended() == 3
    assert server.output.read_text() == ""
    complaint = server.errors.read_text()
    assert "tools.address_unusable" in complaint
    assert "Traceback" not in complaint


def test_the_settings_are_the_options_defaults(environment: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = subprocess.run(
            [sys.executable, "-m", "tools.cli", "serve"],
            env=environment | {"ELICENCE_PORT": port},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    assert ended.returncode == 3
    assert f"{Settings().host}:{port}" in ended.stderr


def test_an_address_that_is_not_ours_is_told() -> None:
    for host in ("192.0.2.1", "2001:db8::1"):
        with pytest.raises(AddressUnusable):
            listen(host, free_port())


def test_a_log_that_contradicts_itself_halts_the_sequencer_alone(environment: dict[str, str], serve: Serve) -> None:
    """It is not started again, the web goes on, and who asks for the reason finds it."""
    port = free_port()
    server = serve("--port", port)
    assert page_when_up(port) == 200
    checkpoint = Path(environment["ELICENCE_HOME"]) / "objects" / "log" / "checkpoint"
    until(checkpoint.exists)
    until(lambda: bool(children(server.pid, "tools.cli sequence")))
    sound = checkpoint.read_bytes()
    try:
        checkpoint.write_bytes(b"forged")
        until(lambda: "sequencer: 已停止" in server.errors.read_text())
        assert "the published checkpoint is not one of this log" in server.errors.read_text()
        assert page(port) == 200
        assert all(is_gone(pid) for pid in children(server.pid, "tools.cli sequence"))
    finally:
        checkpoint.write_bytes(sound)
    assert server.process.poll() is None
    assert len(children(server.pid, "api.serving")) == 1
    server.process.terminate()
    assert server.ended() == 0


def test_what_has_halted_is_not_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.supervisor._FIRST_PAUSE", 0.0)
    said: list[str] = []
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    halted = Child("log", ["/bin/sh", "-c", f"exit {HALTED}"])
    try:
        code = Supervisor([halted, Child("brief", ["/bin/sh", "-c", "exit 1"])], said.append).run()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert code == FAILED
    assert len(halted.starts) == 1
    assert len([line for line in said if line.startswith("log:")]) == 1


def test_a_child_that_keeps_dying_stops_the_supervisor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.supervisor._FIRST_PAUSE", 0.0)
    said: list[str] = []
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    healthy = Child("healthy", ["/bin/sleep", "1000"])
    try:
        code = Supervisor([Child("broken", ["/bin/false"]), healthy], said.append).run()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert code == FAILED
    assert len(said) == 6
    assert "keeps ending" in said[-1]
    assert healthy.has_ended
