"""`elicence anchor run`: bring the ledger onto the chain until stopped. `elicence serve` runs it where a chain is set."""

import signal
import threading
from datetime import UTC, datetime

import click

from api.anchoring import build_anchorer
from tools.opening import opened_house


@click.command()
@click.option(
    "--interval",
    default=5.0,
    show_default=True,
    type=click.FloatRange(0.05, 600),
    help="Seconds between two looks at the chain. 查看间隔（秒）",
)
@click.option("--once", is_flag=True, help="Look once, do what is next, and end. 只处理一次")
def run(interval: float, *, once: bool) -> None:
    """Anchor published checkpoints, and compare the chain with the ledger at every look, until stopped.

    持续上链存证并核对。ELICENCE_CHAIN_INTERVAL says how often it is anchored.
    """
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    with opened_house() as house:
        anchorer = build_anchorer(house)
        if not once:
            anchorer.run(stop, interval)
            return
        look = anchorer.run_once(datetime.now(UTC))
    click.echo(f"链上已确认 anchored: {look.size} · 最新区块 newest: {look.newest_size} · {look.chain}")
