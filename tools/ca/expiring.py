"""`elicence ca expiring`: the expiry watch."""

from datetime import UTC, datetime, timedelta
from typing import Final

import click

from api.schema import Role
from ca.desk import expiry
from ledger.errors import Language
from tools.ca.answering import Answer, answering, language_of, table, tell, told, written
from tools.opening import opened_house

_DIGITS: Final = 16
_HEADS: Final = {"zh": ("到期", "种类", "编号", "名称"), "en": ("ends", "what", "number", "name")}


@click.command()
@click.option("--within", default=60, show_default=True, type=click.IntRange(1, 3660), help="Days from now. 天数")
@answering
def expiring(within: int, lang: Language | None, *, as_json: bool) -> None:
    """Say what ends soon, or has ended, and has no successor: certificates, revocation lists, the trust list.

    列出即将到期且尚无后继的证书、吊销列表与信任列表。Let a monitor call it once a day.
    """
    now = datetime.now(UTC)
    with opened_house() as house, house.database.session(Role.WORKER) as session:
        found = expiry.expiring(session, now, timedelta(days=within))
    rows = [(told(one.ends_at), one.kind, one.number[:_DIGITS], one.key_name or one.name) for one in found]
    tell([_json(one) for one in found], table(_HEADS[language_of(lang)], rows), as_json=as_json)


def _json(one: expiry.Expiring) -> Answer:
    return {
        "kind": one.kind,
        "name": one.name,
        "number": one.number,
        "ends_at": written(one.ends_at),
        "authority": one.authority,
        "profile": one.profile,
        "key_name": one.key_name,
    }
