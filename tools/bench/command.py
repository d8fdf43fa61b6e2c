"""`elicence bench NAME`: measure, on this machine, beside a reference taken in the same run."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from tools.bench.house import Say
    from tools.bench.row import Row


def _issue(say: "Say") -> "Iterator[Row]":
    from tools.bench.issue import Size, row

    yield row(Size(), say)


def _cli(say: "Say") -> "Iterator[Row]":
    yield from ()


BENCHMARKS: Final[dict[str, Callable[["Say"], "Iterator[Row]"]]] = {"cli": _cli, "issue": _issue}


@click.command()
@click.argument("name", type=click.Choice(sorted(BENCHMARKS)))
@click.option("--json", "as_json", is_flag=True, help="One line of JSON a row. 每行一个 JSON")
def bench(name: str, *, as_json: bool) -> None:
    """Measure NAME beside its reference, both in this run; rows go to stdout, progress to stderr.

    性能测试。
    """
    for row in BENCHMARKS[name](lambda text: click.echo(f"bench {text}", err=True)):
        click.echo(row.as_json() if as_json else row.as_text())
