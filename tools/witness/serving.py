"""`elicence witness serve`: a witness over HTTP, and with --province the node of a province."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click
import uvicorn

from api.house import House
from api.serving import configuration
from api.witnessing import witness_app
from ledger.errors import LedgerError
from ledger.witness.provincial import ProvincialLog
from ledger.witness.store import WitnessStore
from tools.opening import opened_house
from tools.sequencing import Sequencing
from tools.serve import listen
from tools.witness.folder import chosen, in_folder


@click.command()
@in_folder
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on. 监听地址")
@click.option("--port", default=8300, show_default=True, type=click.IntRange(0, 65535), help="Port; 0: any. 端口")
@click.option("--province", is_flag=True, help="Enter what is cosigned into this house's log too. 作为省级节点")
@click.option(
    "--every",
    default=60.0,
    show_default=True,
    type=click.FloatRange(0.05, 3600),
    help="Seconds between entries of one city. 写入省级账本的间隔（秒）",
)
def serve(folder: Path, passphrase_file: Path | None, host: str, port: int, every: float, *, province: bool) -> None:
    """Serve the witness in FOLDER until stopped: POST /add-checkpoint.

    启动见证服务。With --province the house of the settings is the province's: the city checkpoints that were cosigned
    become entries of its log, which is served below /log/.
    """
    witness, store = chosen(folder, passphrase_file).open()
    for number in (signal.SIGTERM, signal.SIGINT):
        # The server takes them, ends, and gives them on to us: what it stood in must still be left in order.
        signal.signal(number, lambda _number, _frame: None)
    with listen(host, port) as listening:
        address = f"http://{host}:{listening.getsockname()[1]}/"
        if not province:
            app = witness_app(witness, store, _now)
            click.echo(f"witness: {address}")
            uvicorn.Server(configuration(lambda: app)).run(sockets=[listening])
            return
        with opened_house() as house, Sequencing(house.sequencer()):  # its own events are promised as any house's
            app = witness_app(witness, store, _now, house.objects)
            server = uvicorn.Server(configuration(lambda: app))
            with gathering(house, store, every, server):
                click.echo(f"witness and province: {address}")
                server.run(sockets=[listening])


@contextmanager
def gathering(house: House, store: WitnessStore, every: float, server: uvicorn.Server) -> Iterator[None]:
    """Enter city checkpoints into the house's log beside the server; what the next run cannot mend ends both."""
    gathering, stop = ProvincialLog(store, house.sequencer().log), threading.Event()
    fatal: list[LedgerError] = []

    def work() -> None:
        try:
            gathering.run(stop, every)
        except LedgerError as error:
            fatal.append(error)
            server.should_exit = True

    thread = threading.Thread(target=work, name="province")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
    if fatal:
        raise fatal[0]


def _now() -> datetime:
    return datetime.now(UTC)
