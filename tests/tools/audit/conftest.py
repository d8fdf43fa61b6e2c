"""Licences with a history, for the commands of auditors: issued by the house, and used by others."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from api.house import House
from api.schema import Role
from ca.ceremonies.names import LOG_KEY
from ledger.actor import Actor, Uscc
from ledger.event_kinds import EventKind
from ledger.events import Event, new_event_id, record_many
from ledger.log.promises import Promise, Promiser
from ledger.subjects import open_subject
from licences.store import reading
from tests.tools.conftest import Run
from tests.tools.issue_driver import issue_here
from tests.tools.rows import permits, write_rows

BANK = Uscc("91990101MA9T00018G")
CLERK = Actor("system", "bank-1", BANK, BANK)


@dataclass(frozen=True, slots=True)
class Licence:
    """A licence of the house, and its subject in the ledger."""

    identifier: str
    subject: UUID
    house: House
    case: str

    def use(
        self, count: int, kind: EventKind = EventKind.VERIFIED, *, at: datetime | None = None, **members: Any
    ) -> list[Promise]:
        """Record uses by the bank, which wait for the sequencer; what was promised then is due a minute after `at`."""
        promiser = Promiser(self.house.ceremony.plan.log.origin, self.house.keys.signer(LOG_KEY))
        start = at or datetime.now(UTC)
        actor = members.pop("actor", CLERK)
        detail = members.pop("detail", {"verdict": "valid"} if kind is EventKind.VERIFIED else {})
        with self.house.database.session(Role.WORKER) as session:
            keys = open_subject(session, self.house.wrapper, self.subject)
            events = [
                Event(
                    new_event_id(start + timedelta(milliseconds=number)),
                    kind,
                    self.subject,
                    actor,
                    start + timedelta(milliseconds=number),
                    detail=detail,
                    **members,
                )
                for number in range(count)
            ]
            return record_many(session, [(event, keys) for event in events], promiser)


@pytest.fixture
def licence(house: House, tmp_path: Path) -> Licence:
    """A fresh tobacco permit, issued by the house."""
    (row,) = permits(1)
    (result,) = issue_here(house, write_rows(tmp_path / "rows.jsonl", [row]))
    assert result.identifier is not None
    with house.database.session(Role.WORKER) as session:
        version = reading.version_by_identifier(session, result.identifier)
        assert version is not None
        return Licence(result.identifier, version.licence_id, house, row["business_number"])


@pytest.fixture
def trust(run: Run, tmp_path: Path) -> Path:
    """The house's trust list as a file."""
    path = tmp_path / "trust.json"
    code, _, err = run("trust", "export", path)
    assert code == 0, err
    return path


@pytest.fixture
def answer(run: Run) -> Callable[..., dict[str, Any]]:
    """Run a command that succeeds, and return its one line of JSON."""

    def call(*arguments: object, code: int = 0) -> dict[str, Any]:
        got, out, err = run(*arguments, "--json")
        assert got == code, (got, out, err)
        found: dict[str, Any] = json.loads(out)
        return found

    return call
