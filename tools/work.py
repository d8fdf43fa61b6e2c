"""`elicence work`: finish what crashed processes left half-made, publish lists and extend pages in time, until stopped."""

import logging
import signal
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from licences.issuing import Issuer
    from tools.ca.duties import Duties

_LOG: Final = logging.getLogger(__name__)
_LONGEST_PAUSE: Final = 30.0


@click.command()
@click.option(
    "--interval",
    default=1.0,
    show_default=True,
    type=click.FloatRange(0.05, 60),
    help="Seconds between two looks. 查看间隔（秒）",
)
@click.option("--once", is_flag=True, help="Look once, and end. 只处理一次")
def work(interval: float, *, once: bool) -> None:
    """Finish what a crash left half-made, publish lists and extend stored pages in time, until stopped.

    补完中断的制证与发证，按时发布吊销列表与信任列表，到期前补充长期验证数据。`elicence serve` runs it beside the web processes.
    """
    from api.schema import Role
    from tools.ca.duties import Duties
    from tools.ca.foreign_watch import ForeignWatch
    from tools.opening import opened_house
    from tools.renewals import Renewals

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    with opened_house() as house, house.issuer(Role.WORKER) as issuer:
        duties, watch, renewals = Duties(house), ForeignWatch(house.foreign_evidence), Renewals(house)
        if once:
            finished = issuer.finish_intents(_clock)
            watch.look(_clock())
            done = duties.do(_clock())
            click.echo(f"已补完 finished: {finished}")
            click.echo(f"证书 certificates: {done.certificates} · 已发布 published: {', '.join(done.published) or '-'}")
            click.echo(f"已补充 extended: {renewals.look(_clock, stop)['extended']}")
        else:
            with watch.watching(stop, _clock), renewals.going_on(stop, _clock):
                finish_until(stop, issuer, duties, interval, _clock)


def finish_until(
    stop: threading.Event, issuer: "Issuer", duties: "Duties", interval: float, clock: Callable[[], datetime]
) -> None:
    """Finish intents and do the authority's duties until told to stop; what is away for a while is waited for."""
    from sqlalchemy.exc import InterfaceError, OperationalError

    from ledger.objects.objects import ObjectStoreUnavailable

    pause = interval
    while not stop.is_set():
        try:
            finished = issuer.finish_intents(clock)
            pause = interval
            if finished:
                _LOG.warning("finished %d licences that a crash had left half-made", finished)
            duties.do_if_time(clock())
        except (OperationalError, InterfaceError, ObjectStoreUnavailable) as error:
            pause = min(2 * pause, _LONGEST_PAUSE)
            _LOG.warning("looking again in %.0f s: %s", pause, type(error).__name__)
        stop.wait(pause)


def _clock() -> datetime:
    return datetime.now(UTC)
