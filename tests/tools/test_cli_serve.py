"""`elicence serve`: three children, started again when they die, and all gone at the end."""

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from api.house import House
from tests.tools.conftest import Run
from tests.tools.processes import children, wait_for

ROLES = ("uvicorn", "sequence", "work")


def test_it_serves_supervises_and_stops(house: House, environment: dict[str, str]) -> None:
    port = free_port()
    command = [sys.executable, "-m", "tools.cli", "serve", "--port", str(port)]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        wait_for(lambda: answers(f"http://127.0.0.1:{port}/log/checkpoint"))
        wait_for(lambda: set(roles(process.pid)) == set(ROLES))
        before = roles(process.pid)
        os.kill(before["work"], signal.SIGKILL)
        wait_for(lambda: roles(process.pid).get("work", before["work"]) != before["work"])
        after = roles(process.pid)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate()
    assert process.returncode == 0
    assert "worker: 意外退出，重新启动" in err
    assert "Traceback" not in err
    wait_for(lambda: not any(Path(f"/proc/{child}").exists() for child in after.values()))


@pytest.mark.parametrize("command", ["serve", "work", "sequence"])
def test_without_a_house(run: Run, at_home: Callable[[Path], None], tmp_path: Path, command: str) -> None:
    at_home(tmp_path / "nowhere")
    code, out, err = run(command)
    assert (code, out) == (3, "")
    assert "elicence init" in err
    assert not list(tmp_path.iterdir())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, ConnectionError):
        return False


def roles(supervisor: int) -> dict[str, int]:
    """Return the children by what they were started as."""
    found = {}
    for child in children(supervisor):
        try:
            arguments = Path(f"/proc/{child}/cmdline").read_bytes().decode()
        except OSError:
            continue
        for role in ROLES:
            if re.search(rf"\0{role}\0", arguments):
                found[role] = child
    return found
