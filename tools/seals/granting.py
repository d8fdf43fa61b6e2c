"""`elicence seals grant` and `revoke-grant`: who may use a seal."""

from datetime import datetime
from uuid import UUID

import click

from ledger.actor import Uscc
from ledger.errors import Language
from seals.life.life_errors import GrantUnknown
from seals.life.roles import SEAL_CUSTODIAN
from seals.models import GrantRow
from seals.store import browsing
from tools.ca.answering import answering, facts, language_of, tell
from tools.moments import MOMENT
from tools.opening import opened_house
from tools.seals.custody import ACCOUNT, ID, Acting, acting, find, now_utc, type_code, worker_session
from tools.seals.telling import Told, grant_json, name_of, period
from tools.sequencing import Sequencing


@click.command()
@click.argument("seal")
@click.option(
    "--to",
    "grantee",
    required=True,
    type=ACCOUNT,
    metavar="ACCOUNT",
    help="Person or system; * for any. 被授权人或系统",
)
@click.option(
    "--type",
    "licence_type",
    required=True,
    metavar="TYPE",
    help="Licence type, short name or code; `documents` for other files; * for any. 证照类型",
)
@click.option("--from", "since", type=MOMENT, help="From when; default: now. 起始时间")
@click.option("--until", type=MOMENT, help="Until when; default: until revoked. 截止时间")
@click.option("--daily-limit", type=click.IntRange(1), help="Uses a day at the most. 每日次数上限")
@acting
@answering
def grant(
    seal: str,
    grantee: str,
    licence_type: str,
    since: datetime | None,
    until: datetime | None,
    daily_limit: int | None,
    actor: str,
    unit: Uscc | None,
    lang: Language | None,
    *,
    as_json: bool,
) -> None:
    """Let somebody use SEAL for a licence type.

    授权使用印章。A system that seals with nobody looking on needs a standing authorisation as well
    (`elicence seals authorise`); a person does not.
    """
    now, language = now_utc(), language_of(lang)
    with opened_house() as house, Sequencing(house.sequencer()), worker_session(house) as session:
        row = find(session, seal)
        made = house.seals().custodian.grant(
            session,
            row.id,
            grantee=grantee,
            licence_type=type_code(house.catalogue, licence_type),
            valid_from=since or now,
            valid_until=until,
            daily_limit=daily_limit,
            actor=Acting(actor, unit).as_(SEAL_CUSTODIAN, row.organisation),
            now=now,
        )
        found = session.get_one(GrantRow, made.id)
        answer = _told(found, name_of(row), language)
    tell(*answer, as_json=as_json)


@click.command("revoke-grant")
@click.argument("grant", type=ID)
@acting
@answering
def revoke_grant(grant: UUID, actor: str, unit: Uscc | None, lang: Language | None, *, as_json: bool) -> None:
    """Take a GRANT back: the next use is refused, and what is under way is not put in force.

    收回用章授权，立即生效。
    """
    now, language = now_utc(), language_of(lang)
    with opened_house() as house, Sequencing(house.sequencer()), worker_session(house) as session:
        row = browsing.seal_of_grant(session, grant)
        if row is None:
            raise GrantUnknown(grant=str(grant))
        keeper = Acting(actor, unit).as_(SEAL_CUSTODIAN, row.organisation)
        house.seals().custodian.revoke_grant(session, grant, keeper, now)
        answer = _told(session.get_one(GrantRow, grant), name_of(row), language)
    tell(*answer, as_json=as_json)


def _told(row: GrantRow, seal: str, language: Language) -> Told:
    zh = language == "zh"
    pairs = [
        ("授权" if zh else "grant", str(row.id)),
        ("印章" if zh else "seal", seal),
        ("被授权" if zh else "grantee", row.grantee),
        ("证照类型" if zh else "licence type", row.licence_type),
        ("期限" if zh else "period", period(row.valid_from, row.valid_until, language)),
        ("每日上限" if zh else "daily limit", "" if row.daily_limit is None else str(row.daily_limit)),
        ("状态" if zh else "state", _state(row, zh=zh)),
    ]
    return grant_json(row), facts([pair for pair in pairs if pair[1]])


def _state(row: GrantRow, *, zh: bool) -> str:
    if row.revoked_at is None:
        return "有效" if zh else "in force"
    return "已收回" if zh else "revoked"
