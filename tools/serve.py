"""`elicence serve`: supervise web, sequencer and worker; restart what dies, stop all on SIGTERM or Ctrl-C."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType
from typing import Final

import click

from api.house import open_house, require_house
from api.settings import settings
from tools.opening import opened_house

RESTART_WINDOW: Final = 30.0
RESTARTS_IN_WINDOW: Final = 5
STOP_PATIENCE: Final = 15.0


@dataclass(slots=True)
class Child:
    """One supervised process and when it was started."""

    name: str
    command: list[str]
    process: subprocess.Popen[bytes] | None = None
    starts: list[float] = field(default_factory=list)

    def start(self) -> None:
        """Start it in the parent's process group's own session, so that Ctrl-C reaches the supervisor alone."""
        self.starts = [moment for moment in self.starts if time.monotonic() - moment < RESTART_WINDOW]
        self.starts.append(time.monotonic())
        self.process = subprocess.Popen(self.command, start_new_session=True)

    @property
    def keeps_dying(self) -> bool:
        """True when it was started too often in the window."""
        return len(self.starts) > RESTARTS_IN_WINDOW


class Supervisor:
    """Runs its children until it is told to stop."""

    def __init__(self, children: list[Child], say: Callable[[str], None]) -> None:
        self._children = children
        self._say = say
        self._stopping = False

    def run(self) -> int:
        """Start all, watch all; return the exit code."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        for child in self._children:
            child.start()
        code = 0
        while not self._stopping:
            time.sleep(0.2)
            for child in self._children:
                if child.process is None or child.process.poll() is None or self._stopping:
                    continue
                if child.keeps_dying:
                    self._say(
                        f"{child.name}: 反复退出，停止服务 / keeps ending (code {child.process.returncode}), stopping"
                    )
                    self._stopping, code = True, 2
                    break
                self._say(
                    f"{child.name}: 意外退出，重新启动 / ended with code {child.process.returncode}, starting it again"
                )
                child.start()
        self._end_all()
        return code

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def _end_all(self) -> None:
        running = [
            child.process for child in self._children if child.process is not None and child.process.poll() is None
        ]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + STOP_PATIENCE
        for process in running:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@click.command()
@click.option("--host", help="Address to listen on, else ELICENCE_HOST. 监听地址")
@click.option("--port", type=click.IntRange(1, 65535), help="Port, else ELICENCE_PORT. 端口")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Web processes. 网页进程数")
def serve(host: str | None, port: int | None, workers: int) -> None:
    """Serve the first page, the HTTP API and the log; keep the sequencer and the worker running.

    启动网页、接口与存证账本服务。Stop with Ctrl-C or SIGTERM.
    """
    chosen = settings()
    require_house(chosen)
    host, port = host or chosen.host, port or chosen.port
    # The supervisor holds the embedded database for its children: one start, one stop.
    with open_house(chosen):
        web = [
            sys.executable,
            "-m",
            "uvicorn",
            "--factory",
            "api.app:from_settings",
            "--host",
            host,
            "--port",
            str(port),
        ]
        web += [
            "--workers",
            str(workers),
            "--no-server-header",
            "--log-level",
            "warning",
            "--timeout-graceful-shutdown",
            "10",
        ]
        children = [
            Child("web", web),
            Child("sequencer", [sys.executable, "-m", "tools.cli", "sequence"]),
            Child("worker", [sys.executable, "-m", "tools.cli", "work"]),
        ]
        click.echo(f"elicence: http://{host}:{port}/   (pid {os.getpid()})")
        sys.exit(Supervisor(children, lambda line: click.echo(line, err=True)).run())


@click.command()
@click.option(
    "--interval",
    default=0.1,
    show_default=True,
    type=click.FloatRange(0.01, 10),
    help="Seconds between batches. 批次间隔（秒）",
)
def sequence(interval: float) -> None:
    """Put recorded events into the ledger until stopped.

    持续把事件写入账本。
    """
    import threading

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    with opened_house() as house:
        house.sequencer().run(stop, interval)
