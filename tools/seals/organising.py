"""`elicence seals organisation` and `organisations`: who can own seals."""

from datetime import date, datetime
from typing import Final

import click

from ledger.actor import Uscc
from ledger.errors import Language
from seals.life.organisations import Organisation
from seals.life.registry import register_organisation
from seals.local_time import local_date
from seals.store import browsing
from tools.ca.answering import answering, language_of, table, tell
from tools.opening import opened_house
from tools.seals.custody import UNIT, now_utc, worker_session

_HEADS: Final = {
    "zh": ("统一社会信用代码", "名称", "自", "至"),
    "en": ("code", "name", "from", "until"),
}


@click.command()
@click.argument("uscc", type=UNIT)
@click.argument("name")
@click.option(
    "--from", "since", type=click.DateTime(["%Y-%m-%d"]), help="First day of the name; default: today. 名称启用日期"
)
@answering
def organisation(uscc: Uscc, name: str, since: datetime | None, lang: Language | None, *, as_json: bool) -> None:
    """Register the organisation USCC under NAME, or its next name from a later day.

    登记机构；更名时以新名称和启用日期再登记一次，旧名称自前一日止。What was sealed keeps the old name.
    """
    first = local_date(now_utc()) if since is None else since.date()
    with opened_house() as house, worker_session(house) as session:
        register_organisation(session, Organisation(uscc, name, first))
    zh = language_of(lang) == "zh"
    lines = [f"{'已登记' if zh else 'registered'} {uscc}  {name}  {'自' if zh else 'from'} {first}"]
    tell({"uscc": uscc, "name": name, "valid_from": first.isoformat()}, lines, as_json=as_json)


@click.command()
@answering
def organisations(lang: Language | None, *, as_json: bool) -> None:
    """List the organisations, each under all its names.

    列出已登记的机构及其历次名称。
    """
    with opened_house() as house, worker_session(house) as session:
        rows = [(row.uscc, row.name, row.valid_from, row.valid_to) for row in browsing.organisations(session)]
    cells = [(uscc, name, first.isoformat(), _day(last) or "-") for uscc, name, first, last in rows]
    answer = [
        {"uscc": uscc, "name": name, "valid_from": first.isoformat(), "valid_to": _day(last)}
        for uscc, name, first, last in rows
    ]
    tell(answer, table(_HEADS[language_of(lang)], cells), as_json=as_json)


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
