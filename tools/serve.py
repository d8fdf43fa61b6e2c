"""`elicence serve`: the web, the sequencer and the worker under one supervisor. `elicence sequence`: one of them."""

import os
import signal
import socket
import sys
from dataclasses import dataclass
from typing import Final

import click

from api.anchoring import is_anchored, open_account
from api.house import open_house, require_house
from api.settings import settings
from tools.errors import ToolError
from tools.opening import opened_house
from tools.supervisor import HALTED, Child, Supervisor

_BACKLOG: Final = 2048


@dataclass(eq=False)
class AddressUnusable(ToolError):
    """We cannot listen there: the port is taken, or the address is none of this machine's."""

    code = "tools.address_unusable"
    zh = "无法监听 {address}：{reason}。请停止占用该端口的程序，或用 --port 换一个端口"
    en = "cannot listen on {address}: {reason}. Stop what uses the port, or choose another with --port"

    address: str
    reason: str


@click.command()
@click.option("--host", help="Address to listen on; default: ELICENCE_HOST. 监听地址，默认 ELICENCE_HOST")
@click.option("--port", type=click.IntRange(1, 65535), help="Port; default: ELICENCE_PORT. 端口，默认 ELICENCE_PORT")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Web processes. 网页进程数")
def serve(host: str | None, port: int | None, workers: int) -> None:
    """Serve the first page, the HTTP API and the log; keep the sequencer and the worker running.

    启动网页、接口与存证账本服务。Stop with Ctrl-C or SIGTERM.
    """
    chosen = settings()
    require_house(chosen)
    if is_anchored(chosen):
        # Better no start than an anchorer that ends again and again.
        open_account(chosen, "publisher")
    # The supervisor holds the embedded database for its children: one start, one stop.
    with listen(host or chosen.host, port or chosen.port) as listening, open_house(chosen):
        click.echo(f"elicence: {_address(listening)}   (pid {os.getpid()})")
        sys.exit(
            Supervisor(
                _children(listening, workers, anchored=is_anchored(chosen)), lambda line: click.echo(line, err=True)
            ).run()
        )


def listen(host: str, port: int) -> socket.socket:
    """Open the socket that the web processes share; raises AddressUnusable."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        # Python adds in brackets what the message says already.
        reason = (error.strerror or str(error)).split(" (while", maxsplit=1)[0]
        raise AddressUnusable(address=f"{host}:{port}", reason=reason) from error


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def _children(listening: socket.socket, workers: int, *, anchored: bool) -> list[Child]:
    descriptor = listening.fileno()
    web = [sys.executable, "-m", "api.serving", str(descriptor)]
    names = ["web"] if workers == 1 else [f"web {number}" for number in range(1, workers + 1)]
    behind = {"sequencer": ["sequence"], "worker": ["work"]} | ({"anchorer": ["anchor", "run"]} if anchored else {})
    return [
        *(Child(name, web, (descriptor,)) for name in names),
        *(Child(name, [sys.executable, "-m", "tools.cli", *words]) for name, words in behind.items()),
    ]


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

    持续把事件写入账本。Exit code 4: it must not go on and nothing more is written; see `elicence ledger fsck`.
    """
    import threading

    from ledger.errors import FatalLedgerError
    from ledger.objects.objects import ObjectStoreUnfit

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    with opened_house() as house:
        if house.witnesses is not None:
            # Beside the sequencer, which waits for nobody that was silent.
            completing = threading.Thread(target=house.witnesses.run, args=[house.objects, stop], daemon=True)
            completing.start()
        try:
            house.sequencer().run(stop, interval)
        except (FatalLedgerError, ObjectStoreUnfit) as error:
            # Not the code of a crash: to start again would not help, and the web must go on.
            click.echo(click.style(f"{error.message('zh')}\n{error}", fg="red"), err=True)
            sys.exit(HALTED)
