"""What the commands that trace have in common: who asks, under which order, about which period, and what is written."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar

import click

from ledger.actor import Actor, Uscc
from ledger.provenance.orders import AUDITOR
from tools.languages import chosen_language
from tools.seals.custody import ACCOUNT, UNIT

if TYPE_CHECKING:
    from api.auditing import Audited, Auditing
    from api.house import House
    from ledger.provenance.orders import AuditOrder

P = ParamSpec("P")
T = TypeVar("T")

INVALID: Final = 1


def auditing_as(command: Callable[P, T]) -> Callable[P, T]:
    """Give a command the options of who asks and under which order: `actor`, `unit` and `order`."""
    order = click.option("--order", metavar="NUMBER", help="Audit order that opens the events. 审计任务书编号")
    actor = click.option(
        "--actor", type=ACCOUNT, default="auditor", show_default=True, metavar="ACCOUNT", help="Who asks. 审计人员账号"
    )
    unit = click.option("--unit", type=UNIT, metavar="USCC", help="For which unit. 所属单位")
    return order(actor(unit(command)))


def writing(command: Callable[P, T]) -> Callable[P, T]:
    """Give a command the options of what it writes: `export` and `page`."""
    path = click.Path(dir_okay=False, path_type=Path)
    export = click.option("--export", type=path, metavar="FILE", help="Write the evidence file. 导出证据文件")
    page = click.option("--html", "page", type=path, metavar="FILE", help="Write a page with a picture. 导出网页")
    return export(page(command))


def auditor(actor: str, unit: Uscc | None) -> Actor:
    """Return who asks: accounts of persons come with their log-in."""
    return Actor(kind="person", id=actor, operator_unit=unit, on_behalf_of=unit, roles=frozenset({AUDITOR}))


@contextmanager
def opened_auditing() -> "Iterator[tuple[House, Auditing]]":
    """Open the house and its auditing; what waits is in the log before, and the looks are after, if it still runs."""
    from api.auditing import Auditing
    from api.schema import Role
    from tools.opening import opened_house

    with opened_house() as house:
        _sequence(house)
        try:
            yield house, Auditing(house, Role.WORKER)
        finally:
            _sequence(house)  # a refused look is an event too


def _sequence(house: "House") -> None:
    """Let the log catch up. One that has stopped because it contradicts itself is what auditors come for: they go on."""
    from ledger.errors import FatalLedgerError
    from tools.sequencing import drain

    try:
        drain(house.sequencer())
    except FatalLedgerError as error:
        click.echo(click.style(error.message(chosen_language()), fg="red"), err=True)


def order_of(auditing: "Auditing", number: str | None) -> "AuditOrder | None":
    """Return the order that was named; raises OrderUnknown."""
    return None if number is None else auditing.order(number)


def write_files(auditing: "Auditing", audited: "Audited", export: Path | None, page: Path | None, lang: str) -> None:
    """Write what was asked for: the evidence, and the page."""
    from tools.audit.page import page_of
    from tools.whole_files import write_whole

    if export is not None:
        write_whole(export, auditing.evidence(audited))
        click.echo(f"证据 evidence → {export}", err=True)
    if page is not None:
        write_whole(page, page_of(audited, "zh" if lang == "zh" else "en").encode())
        click.echo(f"网页 page → {page}", err=True)


def now_utc() -> datetime:
    """Return the present, at the edge where it is asked for."""
    return datetime.now(UTC)
