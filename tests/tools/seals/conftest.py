"""Seals through the command line: whole lives in a few words."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from api.house import House
from api.schema import Role
from ledger.actor import Uscc
from seals.life.applications import SealApplication
from seals.life.grants import DOCUMENTS
from seals.life.roles import SEAL_APPROVER, SEAL_CLERK, SEAL_CUSTODIAN
from seals.store import browsing
from tests.tools.conftest import MARKET, Run
from tools.seals.applying import known
from tools.seals.custody import Acting
from tools.seals.material import Wanted, material, owner_name

Told = Callable[..., Any]
Refused = Callable[..., str]

CLERK, HEAD, KEEPER, USER = "clerk-1", "head-1", "keeper-1", "user-1"
NAME = "测试市市场监督管理局合同专用章（测试）"
_NUMBERS: Iterator[int] = count(1)


def fresh_code() -> str:
    """A seal number that no test has had."""
    return f"990100010{next(_NUMBERS):05}"


@pytest.fixture
def told(run: Run) -> Told:
    """Run `elicence seals …` and return its JSON."""

    def call(*arguments: object) -> Any:
        code, out, err = run("seals", *arguments, "--json")
        assert (code, err) == (0, ""), err
        assert out.count("\n") == 1
        return json.loads(out)

    return call


@pytest.fixture
def refused(run: Run) -> Refused:
    """Run `elicence seals …`, which must be a wrong request, and return what it says."""

    def call(*arguments: object) -> str:
        code, out, err = run("seals", *arguments)
        assert (code, out) == (3, ""), (code, out, err)
        return err

    return call


@pytest.fixture
def applied(told: Told) -> Callable[..., Any]:
    """Apply for a seal."""

    def call(code: str | None = None, kind: str = "contract", name: str = NAME, line: str | None = "合同专用章") -> Any:
        wanted = ("--organisation", MARKET, "--kind", kind, "--code", code or fresh_code(), "--name", name)
        lines = () if line is None else ("--line", line)
        return told("apply", *wanted, *lines, "--grounds", "新设", "--actor", CLERK)

    return call


@pytest.fixture
def approved(told: Told, applied: Callable[..., Any]) -> Callable[..., str]:
    """Apply for a seal and approve it; return the application's id."""

    def call(*arguments: str, **options: Any) -> str:
        application: str = applied(*arguments, **options)["id"]
        told("approve", application, "--actor", HEAD)
        return application

    return call


@pytest.fixture
def seal(house: House) -> str:
    """A seal in use that USER may put on documents; its number. It has no national form."""
    now, office = datetime.now(UTC), house.seals()
    clerk, head, keeper = (
        Acting(account, None).as_(role, MARKET)
        for account, role in ((CLERK, SEAL_CLERK), (HEAD, SEAL_APPROVER), (KEEPER, SEAL_CUSTODIAN))
    )
    application = SealApplication(Uscc(MARKET), "contract", fresh_code(), NAME, "新设", "合同专用章")
    with house.database.session(Role.WORKER) as session:
        asked = office.applications.apply(session, application, clerk, now)
        office.applications.decide(session, asked, "approved", head, now)
        row = known(browsing.application(session, asked), asked)
        name = owner_name(session, row, now)
    until = now + timedelta(days=300)
    wanted = Wanted(
        application=row,
        organisation=name,
        generation=1,
        key=None,
        algorithm=None,
        on_token=False,
        ring=None,
        diameter=None,
        until=until,
        national=False,
    )
    new = material(house, wanted, now)
    with house.database.session(Role.WORKER) as session:
        made = office.applications.make(session, asked, new, keeper, now)
        office.applications.deliver(session, asked, USER, keeper, now)
        grant = {"grantee": USER, "licence_type": DOCUMENTS, "valid_from": now, "valid_until": None}
        office.custodian.grant(session, made.id, **grant, actor=keeper, now=now)  # type: ignore[arg-type]
    return made.code
