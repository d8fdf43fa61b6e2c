"""`elicence seals authorise`, `approve-authorisation`, `reject-authorisation`, `end-authorisation`: systems that seal."""

import re
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import click

from ledger.actor import Uscc
from ledger.errors import Language
from seals.life.authorisations import DAY, AuthorisationWanted
from seals.life.life_errors import AuthorisationUnknown
from seals.life.roles import SEAL_APPROVER, SEAL_CLERK, SEAL_CUSTODIAN
from seals.models import AuthorisationRow, SealRow
from seals.store import browsing
from seals.words import STATES
from tools.ca.answering import answering, facts, language_of, tell
from tools.moments import MOMENT
from tools.opening import opened_house
from tools.seals.custody import ACCOUNT, ID, Acting, acting, find, now_utc, type_code, worker_session
from tools.seals.telling import Told, authorisation_json, hours, name_of, period, word
from tools.sequencing import Sequencing

_HOURS: Final = re.compile(r"(\d{2}):(\d{2})-(\d{2}):(\d{2})", re.ASCII)
_MINUTES: Final = 60


class _Hours(click.ParamType[tuple[int, int]]):
    """A parameter that is a span of the local day, `08:30-18:00`, as minutes from and before."""

    name = "hours"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        """Return the minutes, or fail in the terminal's words."""
        if isinstance(value, tuple):
            return value
        found = _HOURS.fullmatch(str(value))
        numbers = [int(part) for part in found.groups()] if found is not None else []
        if not numbers or max(numbers[1], numbers[3]) >= _MINUTES:
            self.fail("时段形如 08:30-18:00 / hours look like 08:30-18:00", param, ctx)
        return numbers[0] * _MINUTES + numbers[1], numbers[2] * _MINUTES + numbers[3]


@click.command()
@click.argument("seal")
@click.option(
    "--system", required=True, type=ACCOUNT, metavar="ID", help="Registered system that shall seal by itself. 业务系统"
)
@click.option(
    "--type", "licence_type", required=True, metavar="TYPE", help="Licence type, short name or code; * any. 证照类型"
)
@click.option("--cap", required=True, type=click.IntRange(1), help="Uses a day at the most. 每日次数上限")
@click.option(
    "--hours",
    "span",
    type=_Hours(),
    default=(0, DAY),
    metavar="08:30-18:00",
    help="Local hours; default: all day. 每日时段",
)
@click.option("--from", "since", type=MOMENT, help="From when; default: now. 起始时间")
@click.option("--until", required=True, type=MOMENT, help="When it ends by itself, within a year. 截止时间（一年内）")
@click.option("--grounds", required=True, metavar="TEXT", help="Why. 申请理由")
@acting
@answering
def authorise(
    seal: str,
    system: str,
    licence_type: str,
    cap: int,
    span: tuple[int, int],
    since: datetime | None,
    until: datetime,
    grounds: str,
    actor: str,
    unit: Uscc | None,
    lang: Language | None,
    *,
    as_json: bool,
) -> None:
    """Apply for a standing authorisation: a system seals with SEAL by itself, within hours and a daily cap.

    申请自动用章授权：限定系统、证照类型、时段与每日上限，到期自动终止，须由另一人审批。The system needs a grant as well.
    """
    now, language = now_utc(), language_of(lang)
    with opened_house() as house, Sequencing(house.sequencer()), worker_session(house) as session:
        row = find(session, seal)
        code = type_code(house.catalogue, licence_type)
        wanted = AuthorisationWanted(row.id, system, code, cap, since or now, until, grounds, *span)
        clerk = Acting(actor, unit).as_(SEAL_CLERK, row.organisation)
        made = house.seals().authorisations.apply(session, wanted, clerk, now)
        answer = _told(session.get_one(AuthorisationRow, made), row, language)
    tell(*answer, as_json=as_json)


@click.command("approve-authorisation")
@click.argument("authorisation", type=ID)
@click.option("--words", metavar="TEXT", help="Said with it. 审批意见")
@acting
@answering
def approve(
    authorisation: UUID, words: str | None, actor: str, unit: Uscc | None, lang: Language | None, *, as_json: bool
) -> None:
    """Approve a standing AUTHORISATION: never one's own application.

    批准自动用章授权，申请人不得自批。
    """
    _decide(authorisation, "approved", words, Acting(actor, unit), lang, as_json=as_json)


@click.command("reject-authorisation")
@click.argument("authorisation", type=ID)
@click.option("--words", required=True, metavar="TEXT", help="Why. 驳回理由")
@acting
@answering
def reject(
    authorisation: UUID, words: str, actor: str, unit: Uscc | None, lang: Language | None, *, as_json: bool
) -> None:
    """Reject a standing AUTHORISATION, with the reason.

    驳回自动用章授权申请，须说明理由。
    """
    _decide(authorisation, "rejected", words, Acting(actor, unit), lang, as_json=as_json)


@click.command("end-authorisation")
@click.argument("authorisation", type=ID)
@acting
@answering
def end(authorisation: UUID, actor: str, unit: Uscc | None, lang: Language | None, *, as_json: bool) -> None:
    """End a standing AUTHORISATION at once, or take an application for one back.

    立即终止自动用章授权，或撤回申请。What is under way is not put in force.
    """
    now, language = now_utc(), language_of(lang)
    with opened_house() as house, Sequencing(house.sequencer()), worker_session(house) as session:
        seal = _seal(browsing.seal_of_authorisation(session, authorisation), authorisation)
        keeper = Acting(actor, unit).as_(SEAL_CUSTODIAN, seal.organisation)
        house.seals().authorisations.end(session, authorisation, keeper, now)
        answer = _told(session.get_one(AuthorisationRow, authorisation), seal, language)
    tell(*answer, as_json=as_json)


def _decide(
    authorisation: UUID,
    verdict: Literal["approved", "rejected"],
    words: str | None,
    who: Acting,
    lang: Language | None,
    *,
    as_json: bool,
) -> None:
    now, language = now_utc(), language_of(lang)
    with opened_house() as house, Sequencing(house.sequencer()), worker_session(house) as session:
        seal = _seal(browsing.seal_of_authorisation(session, authorisation), authorisation)
        approver = who.as_(SEAL_APPROVER, seal.organisation)
        house.seals().authorisations.decide(session, authorisation, verdict, approver, now, words=words)
        answer = _told(session.get_one(AuthorisationRow, authorisation), seal, language)
    tell(*answer, as_json=as_json)


def _seal(row: SealRow | None, authorisation: UUID) -> SealRow:
    if row is None:
        raise AuthorisationUnknown(authorisation=str(authorisation))
    return row


def _told(row: AuthorisationRow, seal: SealRow, language: Language) -> Told:
    zh = language == "zh"
    pairs = [
        ("自动用章授权" if zh else "authorisation", str(row.id)),
        ("状态" if zh else "state", word(STATES, row.state, language)),
        ("印章" if zh else "seal", f"{name_of(seal)}  {seal.name}"),
        ("系统" if zh else "system", row.system),
        ("证照类型" if zh else "licence type", row.licence_type),
        ("时段" if zh else "hours", hours(row)),
        ("每日上限" if zh else "daily cap", str(row.daily_cap)),
        ("期限" if zh else "period", period(row.valid_from, row.valid_until, language)),
        ("意见" if zh else "words", row.decision or ""),
    ]
    return authorisation_json(row), facts([pair for pair in pairs if pair[1]])
