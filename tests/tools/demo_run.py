"""One small run of the demonstration a test process, looked at by several test files."""

import io
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from api.house import key_ring
from api.settings import settings
from ca.ceremonies.ceremony import open_ceremony
from tests.tools.demo_responder import DemoResponder
from tools.demo.command import conclude
from tools.demo.demonstration import demonstrate
from tools.demo.outcome import Outcome
from tools.demo.service import service_settings

ROWS = 25


@dataclass(frozen=True)
class Run:
    """What came out, what was printed, the exit code, and who answers about the certificates."""

    outcome: Outcome
    printed: str
    code: int
    responder: DemoResponder

    @property
    def root(self) -> Path:
        """The folder of the demonstration."""
        return self.outcome.folder.root


@cache
def demonstrated(base: Path) -> Run:
    """Run the demonstration below the test process's own folder."""
    printed = io.StringIO()
    responder = DemoResponder()
    with reachable_at(responder.base_url), redirect_stdout(printed):
        outcome = demonstrate(base / "demonstration", ROWS, 2)
        code = conclude(outcome)
    chosen = service_settings(outcome.folder.service)
    responder.open(open_ceremony(chosen.home / "keys"), key_ring(chosen))
    return Run(outcome, printed.getvalue(), code, responder)


@contextmanager
def reachable_at(base_url: str) -> Iterator[None]:
    """Let the service be reachable where the test answers for it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ELICENCE_BASE_URL", base_url)
        settings.cache_clear()
        yield
    settings.cache_clear()
