"""How far long work is, on standard error: a bar on a terminal, a line every ten seconds elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import click

_QUIET: Final = 10.0
"""Seconds between two lines where there is no terminal."""


@contextmanager
def shown_steps(label: str, total: int, *, hidden: bool) -> Iterator[Callable[[int], None]]:
    """Yield what is told of each step, with how many it was; nothing is shown if `hidden`."""
    if hidden:
        yield lambda _steps: None
    elif sys.stderr.isatty():
        with click.progressbar(length=total, label=label, file=sys.stderr, show_eta=True, show_pos=True) as bar:
            yield bar.update
    else:
        yield _quiet_lines(label, total)


def _quiet_lines(label: str, total: int) -> Callable[[int], None]:
    told, done = time.monotonic(), 0

    def tell(steps: int) -> None:
        nonlocal told, done
        done += steps
        if time.monotonic() - told >= _QUIET:
            told = time.monotonic()
            click.echo(f"{label}: {done:,} / {total:,}", err=True)

    return tell
