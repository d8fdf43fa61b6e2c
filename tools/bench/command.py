"""`elicence bench NAME`: measure on this machine, beside a reference taken in the same run."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final, TypeAlias

import click

if TYPE_CHECKING:
    from tools.bench.house import Say
    from tools.bench.row import Row

Benchmark: TypeAlias = "Callable[[Say], Iterator[Row]]"


def _ca(say: "Say") -> "Iterator[Row]":
    from tools.bench import ca

    return ca.rows(ca.Size(), say)


def _issue(say: "Say") -> "Iterator[Row]":
    from tools.bench import issue

    return issue.rows(issue.Size(), say)


def _seal(say: "Say") -> "Iterator[Row]":
    from tools.bench import seal

    return seal.rows(seal.Size(), say)


def _ledger(say: "Say") -> "Iterator[Row]":
    from tools.bench import ledger

    return ledger.rows(ledger.Size(), say)


def _cli(say: "Say") -> "Iterator[Row]":
    from tools.bench import cli

    return cli.rows(cli.RUNS, say)


BENCHMARKS: Final[dict[str, Benchmark]] = {"ca": _ca, "cli": _cli, "issue": _issue, "ledger": _ledger, "seal": _seal}


@click.command()
@click.argument("name", type=click.Choice(sorted(BENCHMARKS)))
@click.option("--json", "as_json", is_flag=True, help="One line of JSON a row. 每行一个 JSON")
def bench(name: str, *, as_json: bool) -> None:
    """Measure NAME beside its reference: rows on stdout, progress on stderr.

    性能测试，与同次运行中的参照对比。
    """
    for row in BENCHMARKS[name](lambda text: click.echo(f"bench {text}", err=True)):
        click.echo(row.as_json() if as_json else row.as_text())
