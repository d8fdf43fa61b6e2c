"""`elicence audit licence|case|department|organisation|seal`, as auditors meet it."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from api.house import House
from api.schema import Role
from ledger.actor import Actor, Uscc
from ledger.event_kinds import EventKind
from ledger.provenance.orders import order_by_number
from tests.tools.audit.conftest import BANK, Licence
from tests.tools.conftest import Run
from tests.tools.rows import TOBACCO

Ask = Callable[..., dict[str, Any]]
_numbers = iter(range(1, 1000))


@pytest.fixture
def order(answer: Ask) -> Callable[[str, str], str]:
    """Enter an order, and return its number."""

    def enter(scope: str, value: str) -> str:
        number = f"测审〔2026〕{next(_numbers)}号"
        end = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
        answer("audit", "order", "add", number, "--scope", scope, "--of", value, "--until", end)
        return number

    return enter


def kinds(chain: dict[str, Any]) -> list[str]:
    return [event["kind"] for event in chain["events"]]


def test_without_an_order_the_chain_is_proved_and_nothing_is_opened(answer: Ask, licence: Licence, run: Run) -> None:
    licence.use(3, case="办件-测试-1", purpose="贷款")
    told = answer("audit", "licence", licence.identifier)
    (chain,) = told["chains"]
    assert (told["sound"], told["opened"], told["order"]) == (True, False, None)
    assert kinds(chain) == ["issued", *["verified"] * 3]
    assert chain["labels"] == [licence.identifier]
    assert (chain["completeness"]["state"], chain["completeness"]["entries"]) == ("proved", 4)
    for event in chain["events"]:
        assert "event" not in event
        assert {event[part]["outcome"] for part in ("commitment", "inclusion", "link")} == {"passed"}
    code, out, _ = run("audit", "licence", licence.identifier, "--lang", "zh")
    assert code == 0
    assert "完整" in out
    assert "全部核验通过" in out
    for secret in ("办件-测试-1", "贷款", BANK, "bank-1"):
        assert secret not in out + json.dumps(told, ensure_ascii=False)


def test_an_order_opens_the_events(answer: Ask, licence: Licence, order: Callable[[str, str], str], run: Run) -> None:
    licence.use(2, case="办件-测试-1", purpose="贷款")
    number = order("licence", licence.identifier)
    told = answer("audit", "licence", licence.identifier, "--order", number)
    assert (told["opened"], told["order"]) == (True, number)
    event = told["chains"][0]["events"][1]["event"]
    assert (event["case"], event["actor"]["on_behalf_of"]) == ("办件-测试-1", BANK)
    code, out, _ = run("audit", "licence", licence.identifier, "--order", number)
    assert code == 0
    assert "办件-测试-1" in out
    assert BANK in out


def test_every_look_is_an_event_that_the_next_look_shows(
    answer: Ask, licence: Licence, order: Callable[[str, str], str], house: House
) -> None:
    number = order("licence", licence.identifier)
    answer("audit", "licence", licence.identifier)
    answer("audit", "licence", licence.identifier, "--order", number, "--actor", "auditor-7")
    told = answer("audit", "licence", licence.identifier, "--order", number)
    (chain,) = told["chains"]
    assert kinds(chain) == ["issued", "audit-opened", "audit-opened"]
    first, second = (event["event"] for event in chain["events"][1:])
    assert (first["detail"]["shown"], first["detail"]["entries"]) == ("places", 1)
    assert (second["detail"]["shown"], second["detail"]["order"]) == ("events", number)
    assert second["actor"]["id"] == "auditor-7"
    with house.database.session(Role.WORKER) as session:
        kept = order_by_number(session, house.wrapper, number)
        query = text("SELECT kind FROM ledger.events WHERE subject_id = :s ORDER BY seq")
        assert session.scalars(query, {"s": kept.id}).all() == ["approved", "audit-opened", "audit-opened"]


def test_who_entered_an_order_may_not_open_by_it_and_the_attempt_is_an_event(
    run: Run, licence: Licence, order: Callable[[str, str], str], house: House
) -> None:
    number = order("licence", licence.identifier)
    code, out, err = run("audit", "licence", licence.identifier, "--order", number, "--actor", "order-keeper")
    assert (code, out) == (3, "")
    assert "ledger.order_refused" in err
    with house.database.session(Role.WORKER) as session:
        kept = order_by_number(session, house.wrapper, number)
        query = text("SELECT kind, seq FROM ledger.events WHERE subject_id = :s ORDER BY seq")
        assert [tuple(row) for row in session.execute(query, {"s": kept.id})] == [("approved", 0), ("refused", 1)]


def test_an_order_opens_nothing_else_and_nothing_after_its_end(
    run: Run, licence: Licence, order: Callable[[str, str], str]
) -> None:
    number = order("case", "办件-测试-9")
    assert run("audit", "licence", licence.identifier, "--order", number)[0] == 3
    mine = order("licence", licence.identifier)
    assert run("audit", "licence", licence.identifier, "--order", mine)[0] == 0
    assert run("audit", "order", "end", mine)[0] == 0
    code, _, err = run("audit", "licence", licence.identifier, "--order", mine, "--lang", "zh")
    assert (code, "已终止" in err) == (3, True)
    assert run("audit", "licence", licence.identifier, "--order", "测审〔2026〕不存在")[0] == 3


def test_which_licences_somebody_used_takes_an_order(run: Run) -> None:
    code, out, err = run("audit", "case", "办件-测试-2")
    assert (code, out) == (3, "")
    assert "ledger.order_wanted" in err


def test_a_case_has_its_uses_and_the_licences_it_led_to(
    answer: Ask, licence: Licence, order: Callable[[str, str], str]
) -> None:
    case = f"办件-{licence.case}"
    licence.use(2, case=case)
    licence.use(2, case="another")
    told = answer("audit", "case", case, "--order", order("case", case))
    (chain,) = told["chains"]
    assert (kinds(chain), chain["whole"], chain["completeness"]["state"]) == (["verified"] * 2, False, "partial")
    led = answer("audit", "case", licence.case, "--order", order("case", licence.case))
    (chain,) = led["chains"]
    assert (chain["whole"], chain["labels"]) == (True, [licence.identifier])


def test_a_department_has_what_it_did_and_an_order_about_it_covers_its_licences(
    answer: Ask, licence: Licence, order: Callable[[str, str], str]
) -> None:
    licence.use(2)
    number = order("department", TOBACCO)
    begin = (datetime.now(UTC) - timedelta(minutes=5)).isoformat()
    told = answer("audit", "department", TOBACCO, "--order", number, "--since", begin)
    mine = next(chain for chain in told["chains"] if chain["subject"] == str(licence.subject))
    assert kinds(mine) == ["issued"]
    whole = answer("audit", "department", TOBACCO, "--order", number, "--since", begin, "--licences")
    mine = next(chain for chain in whole["chains"] if chain["subject"] == str(licence.subject))
    assert (mine["whole"], kinds(mine)[:3]) == (True, ["issued", "verified", "verified"])
    assert answer("audit", "licence", licence.identifier, "--order", number)["opened"]


def test_an_organisation_has_what_it_did(answer: Ask, licence: Licence, order: Callable[[str, str], str]) -> None:
    company = Uscc("92990101MA9T000268")
    licence.use(2, actor=Actor("system", "shop-1", company, company))
    told = answer("audit", "organisation", company, "--order", order("organisation", company))
    mine = next(chain for chain in told["chains"] if chain["subject"] == str(licence.subject))
    assert kinds(mine)[-2:] == ["verified"] * 2


def test_a_seal_has_every_use(answer: Ask, licence: Licence, house: House, run: Run) -> None:
    with house.database.session(Role.WORKER) as session:
        query = text("SELECT code FROM seals.seals WHERE organisation = :unit LIMIT 1")
        code = session.scalar(query, {"unit": TOBACCO})
    told = answer("audit", "seal", code)
    chain = told["chains"][-1]
    assert chain["kind"] == "seal"
    assert code in chain["labels"]
    assert "used" in kinds(chain)
    assert chain["completeness"]["state"] == "proved"
    assert run("audit", "seal", "99019900000000")[0] == 3


@pytest.mark.parametrize(
    ("since", "until"),
    [("2026-11-23", "2026-11-22"), ("2026-11-22T10:00:00+08:00", "2026-11-22T10:00:00+08:00")],
)
def test_a_period_that_ends_before_it_begins_holds_nothing_and_is_refused(
    run: Run, order: Callable[[str, str], str], since: str, until: str
) -> None:
    number = order("department", TOBACCO)
    code, out, err = run(
        "audit", "department", TOBACCO, "--order", number, "--since", since, "--until", until, "--lang", "zh"
    )
    assert (code, out, "ledger.period_empty" in err) == (3, "", True)
    one_day = run("audit", "department", TOBACCO, "--order", number, "--since", "2026-11-23", "--until", "2026-11-23")
    assert one_day[0] == 0


def test_what_nobody_knows_is_a_wrong_request(run: Run) -> None:
    for identifier in ("1.2.156.3005.2.none", "a\x00b", "\udcff"):
        assert run("audit", "licence", identifier)[0] == 3
    assert run("audit", "licence", "x", "--order", "\udcff")[0] == 3


def test_a_row_that_was_taken_away_is_named_and_the_exit_code_says_so(
    run: Run, answer: Ask, licence: Licence, house: House
) -> None:
    licence.use(3)
    answer("audit", "licence", licence.identifier)
    with house.database.session(Role.WORKER) as session:
        gone = session.execute(
            text("DELETE FROM ledger.events WHERE subject_id = :s AND seq = 2 RETURNING *"), {"s": licence.subject}
        ).mappings()
        row = dict(next(gone))
    try:
        told = answer("audit", "licence", licence.identifier, code=1)
        (chain,) = told["chains"]
        assert (told["sound"], chain["completeness"]["state"]) == (False, "broken")
        assert [(gap["seq"], gap["code"], gap["index"]) for gap in chain["gaps"]] == [
            (2, "ENTRY_HIDDEN", row["entry_index"])
        ]
        code, out, _ = run("audit", "licence", licence.identifier, "--lang", "zh")
        assert code == 1
        assert f"序号 2 在账本第 {row['entry_index']} 条，但数据库记录已被删除" in out
    finally:  # the house is the other tests' too
        with house.database.session(Role.WORKER) as session:
            names = [name for name in row if name != "ordinal"]
            values = ", ".join(f":{name}" for name in names)
            session.execute(text(f"INSERT INTO ledger.events ({', '.join(names)}) VALUES ({values})"), row)
    assert answer("audit", "licence", licence.identifier)["sound"]


def test_the_page_shows_the_chain_as_a_picture_and_loads_nothing(
    run: Run, licence: Licence, order: Callable[[str, str], str], tmp_path: Path
) -> None:
    licence.use(40, case="办件-测试-5 <script>")
    licence.use(1, EventKind.ACCEPTED)
    page = tmp_path / "page.html"
    number = order("licence", licence.identifier)
    code, _, err = run("audit", "licence", licence.identifier, "--order", number, "--html", page, "--lang", "zh")
    assert code == 0, err
    html = page.read_text()
    assert html.count("<rect") >= 42
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert "src=" not in html
    assert "default-src 'none'" in html
    assert "全部核验通过" in html
    read = Reading()
    read.feed(html)
    assert not read.open, "every element ends"
    assert not {"script", "img", "link", "iframe", "object", "form", "a"} & read.met
    assert not {name for name in read.attributes if name.startswith("on")}


class Reading(HTMLParser):
    """The elements and attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.met: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.met.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_one_licence_with_a_thousand_uses(run: Run, answer: Ask, licence: Licence, tmp_path: Path) -> None:
    licence.use(1000, case="办件-测试-6")
    file = tmp_path / "evidence.json"
    told = answer("audit", "licence", licence.identifier, "--export", file)
    (chain,) = told["chains"]
    assert (len(chain["events"]), chain["completeness"]["state"]) == (1001, "proved")
    assert json.loads(file.read_text())["evidence"]["chains"][0]["entries"] == 1001
