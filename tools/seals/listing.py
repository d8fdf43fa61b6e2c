"""`elicence seals list`, `applications` and `show`: seals and what is said of them."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

import click
from sqlalchemy.orm import Session

from ledger.actor import Uscc
from ledger.errors import Language
from seals.life.stops import SEAL_STATES
from seals.models import APPLICATION_STATES, AuthorisationRow, GrantRow, SealRow, StopRow
from seals.store import browsing
from seals.store import seals as rows
from seals.words import STATES
from tools.ca.answering import Answer, answering, facts, language_of, table, tell, told
from tools.opening import opened_house
from tools.seals.custody import UNIT, find, now_utc, worker_session
from tools.seals.telling import (
    KINDS,
    REASONS,
    Told,
    application_json,
    authorisation_json,
    grant_json,
    hours,
    name_of,
    period,
    seal_json,
    stop_json,
    word,
)

_SEALS: Final = {
    "zh": ("印章", "状态", "类型", "有效期至", "国密", "名称"),
    "en": ("seal", "state", "kind", "until", "national", "name"),
}
_APPLICATIONS: Final = {
    "zh": ("申请", "状态", "印章", "申请人", "时间", "名称"),
    "en": ("application", "state", "seal", "by", "at", "name"),
}
_LIMIT: Final = click.option(
    "--limit", default=200, show_default=True, type=click.IntRange(1, 100_000), help="At the most. 最多条数"
)
_OF_UNIT: Final = click.option("--unit", type=UNIT, metavar="USCC", help="Of this unit only. 仅此单位")


@click.command("list")
@_OF_UNIT
@click.option("--state", "states", multiple=True, type=click.Choice(SEAL_STATES), help="In these states. 仅此状态")
@click.option("--ending", type=click.IntRange(0, 36_600), metavar="DAYS", help="Whose period ends within. 多少天内到期")
@_LIMIT
@answering
def list_(
    unit: Uscc | None, states: tuple[str, ...], ending: int | None, limit: int, lang: Language | None, *, as_json: bool
) -> None:
    """List the seals, by their numbers.

    列出印章。A seal is named by its number; a renewed one also by its generation, 99010100000001-2.
    """
    language, now = language_of(lang), now_utc()
    with opened_house() as house, worker_session(house) as session:
        until = None if ending is None else now + timedelta(days=ending)
        found = browsing.seals(session, unit, states, limit, ending=until)
        cells = [_cells(row, language) for row in found]
        answer = [seal_json(row) for row in found]
    tell(answer, table(_SEALS[language], cells), as_json=as_json)


@click.command()
@_OF_UNIT
@click.option(
    "--state", "states", multiple=True, type=click.Choice(APPLICATION_STATES), help="In these states. 仅此状态"
)
@_LIMIT
@answering
def applications(
    unit: Uscc | None, states: tuple[str, ...], limit: int, lang: Language | None, *, as_json: bool
) -> None:
    """List applications for seals, the newest first.

    列出制章申请，最新的在前。
    """
    language = language_of(lang)
    with opened_house() as house, worker_session(house) as session:
        found = browsing.applications(session, unit, states, limit)
        cells = [
            (
                str(row.id),
                word(STATES, row.state, language),
                row.code,
                row.applied_by["id"],
                told(row.applied_at),
                row.name,
            )
            for row in found
        ]
        answer = [application_json(row) for row in found]
    tell(answer, table(_APPLICATIONS[language], cells), as_json=as_json)


@click.command()
@click.argument("seal")
@answering
def show(seal: str, lang: Language | None, *, as_json: bool) -> None:
    """Show SEAL: what it is, who may use it, how it was stopped.

    显示一枚印章：基本信息、授权、自动用章授权与停用记录。
    """
    with opened_house() as house, worker_session(house) as session:
        answer = _shown(session, find(session, seal), language_of(lang))
    tell(*answer, as_json=as_json)


def _cells(row: SealRow, language: Language) -> tuple[str, ...]:
    national = "-" if row.esl is None else ("有" if language == "zh" else "yes")
    kind, state = word(KINDS, row.kind, language), word(STATES, row.state, language)
    return name_of(row), state, kind, told(row.valid_until), national, row.name


def _shown(session: Session, row: SealRow, language: Language) -> Told:
    zh = language == "zh"
    application = browsing.application_of(session, row.id)
    after, before = (
        rows.successor(session, row.id),
        None if row.replaces is None else rows.seal_by_id(session, row.replaces),
    )
    stops, grants = rows.stops(session, row.id), browsing.grants(session, row.id)
    leaves = rows.authorisations_of(session, row.id)
    answer: Answer = seal_json(row) | {
        "replaced_by": None if after is None else str(after.id),
        "application": None if application is None else application_json(application),
        "grants": [grant_json(one) for one in grants],
        "authorisations": [authorisation_json(one) for one in leaves],
        "stops": [stop_json(one) for one in stops],
    }
    pairs = [
        ("印章" if zh else "seal", name_of(row)),
        ("名称" if zh else "name", row.name),
        ("单位" if zh else "organisation", row.organisation),
        ("类型" if zh else "kind", word(KINDS, row.kind, language)),
        ("状态" if zh else "state", word(STATES, row.state, language)),
        ("有效期" if zh else "period", period(row.valid_from, row.valid_until, language)),
        ("密钥" if zh else "key", f"{row.provider}: {row.key_name}"),
        ("国密印章" if zh else "national seal", "-" if row.esl is None else f"{row.provider}: {row.esl_key_name}"),
        ("更换自" if zh else "replaces", "" if before is None else name_of(before)),
        ("后继" if zh else "replaced by", "" if after is None else name_of(after)),
        *(("授权" if zh else "grant", line) for line in _grants(grants, now_utc(), language)),
        *(("自动用章" if zh else "authorised", line) for line in _leaves(leaves, language)),
        *(("停用" if zh else "stop", line) for line in _stops(stops, language)),
    ]
    return answer, facts([pair for pair in pairs if pair[1]])


def _grants(found: Sequence[GrantRow], now: datetime, language: Language) -> Iterator[str]:
    zh = language == "zh"
    for one in found:
        limit = "" if one.daily_limit is None else f"  ≤ {one.daily_limit}/{'日' if zh else 'day'}"
        if one.revoked_at is not None:
            state = "  已收回" if zh else "  revoked"
        elif one.valid_until is not None and one.valid_until < now:
            state = "  已到期" if zh else "  ended"
        else:
            state = ""
        span = period(one.valid_from, one.valid_until, language)
        yield f"{one.id}  {one.grantee}  {one.licence_type}  {span}{limit}{state}"


def _leaves(found: Sequence[AuthorisationRow], language: Language) -> Iterator[str]:
    per_day = "日" if language == "zh" else "day"
    for one in found:
        yield (
            f"{one.id}  {one.system}  {one.licence_type}  {hours(one)}  ≤ {one.daily_cap}/{per_day}"
            f"  – {told(one.valid_until)}  {word(STATES, one.state, language)}"
        )


def _stops(found: Sequence[StopRow], language: Language) -> Iterator[str]:
    for one in found:
        since = "" if one.invalid_from is None else f"  ← {told(one.invalid_from)}"
        state, reason = word(STATES, one.state, language), word(REASONS, one.reason, language)
        yield f"{told(one.stopped_at)}  {state}  {reason}{since}  {one.note or ''}".rstrip()
