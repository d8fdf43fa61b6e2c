"""What an operator does with another, licensed authority: the commands of the page exist, and the worker keeps looking."""

import re
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from api.settings import Settings
from ca.outside.foreign_errors import ForeignUnavailable
from ca.outside.foreign_evidence import ForeignEvidence, Refreshed
from tests.tools.conftest import REPOSITORY
from tools.ca.command import COMMANDS
from tools.ca.foreign_watch import ForeignWatch

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)


def test_the_page_names_commands_and_settings_that_exist() -> None:
    text = (REPOSITORY / "docs" / "trust.md").read_text(encoding="utf-8")
    named = set(re.findall(r"elicence ca ([a-z-]+)", text))
    assert {"request", "import", "import-tsa", "foreign"} <= named <= set(COMMANDS)
    settings = {name.lower() for name in re.findall(r"ELICENCE_([A-Z0-9_]+)", text)}
    assert "tsa_url" in settings
    assert settings <= set(Settings.model_fields)
    for linked in re.findall(r"\]\(([^)]+)\)", text):
        assert Path(REPOSITORY, "docs", linked).is_file()


class Evidence(ForeignEvidence):
    """Gives what it was told to, in turn."""

    def __init__(self, *results: Refreshed | Exception) -> None:
        self.results = list(results)
        self.looked = threading.Event()

    def refresh(self, now: datetime) -> Refreshed:
        assert now == NOW
        result = self.results.pop(0)
        self.looked.set()
        if isinstance(result, Exception):
            raise result
        return result


def test_what_fails_is_noted_and_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    away = ForeignUnavailable("http://ca.test/crl", "超时", "no answer in time")
    gone = OperationalError("SELECT 1", {}, Exception("no database"))
    watch = ForeignWatch(Evidence(Refreshed(("http://ca.test/ocsp",), (away,)), gone))
    assert watch.look(NOW) == ("http://ca.test/ocsp",)
    assert "http://ca.test/crl" in caplog.text
    assert watch.look(NOW) == ()
    assert "OperationalError" in caplog.text


def test_it_looks_in_a_thread_of_its_own_until_told_to_stop() -> None:
    evidence, stop = Evidence(Refreshed((), ())), threading.Event()
    with ForeignWatch(evidence).watching(stop, lambda: NOW):
        assert evidence.looked.wait(10)
        stop.set()
    assert "foreign-watch" not in {thread.name for thread in threading.enumerate()}
