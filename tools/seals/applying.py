"""`elicence seals apply`, `replace`, `approve`, `reject`, `withdraw`: a seal before it is made."""

from typing import Literal
from uuid import UUID

import click

from ledger.actor import Uscc
from ledger.errors import Language
from seals.life.applications import SealApplication
from seals.life.life_errors import ApplicationUnknown
from seals.life.roles import SEAL_APPROVER, SEAL_CLERK
from seals.models import SEAL_KINDS, ApplicationRow
from seals.store import browsing
from seals.words import STATES
from tools.ca.answering import answering, facts, language_of, tell
from tools.opening import opened_house
from tools.seals.custody import ID, UNIT, Acting, acting, find, now_utc, worker_session
from tools.seals.telling import KINDS, Told, application_json, word
from tools.sequencing import Sequencing

_NEXT = {
    "applied": ("下一步：由另一人 elicence seals approve", "next, by another person: elicence seals approve"),
    "approved": ("下一步：elicence seals make", "next: elicence seals make"),
    "rejected": ("", ""),
    "withdrawn": ("", ""),
}


@click.command()
@click.option("--organisation", required=True, type=UNIT, metavar="USCC", help="Whose seal. 印章所属单位")
@click.option("--kind", required=True, type=click.Choice(SEAL_KINDS), help="Kind of seal. 印章类型")
@click.option("--code", required=True, metavar="DIGITS", help="Seal number, 14 digits. 印章编码（14 位）")
@click.option("--name", required=True, metavar="TEXT", help="Full name of the seal. 印章全称")
@click.option("--line", metavar="TEXT", help="Straight line below the star. 下横文")
@click.option("--grounds", required=True, metavar="TEXT", help="Why it is wanted. 申请理由")
@acting
@answering
def apply(
    organisation: Uscc,
    kind: str,
    code: str,
    name: str,
    line: str | None,
    grounds: str,
    actor: str,
    unit: Uscc | None,
    lang: Language | None,
    *,
    as_json: bool,
) -> None:
    """Apply for a seal; another person decides.

    申请制作印章，由另一人审批。The organisation must be registered: `elicence seals organisation`.
    """
    wanted = SealApplication(organisation, kind, code, name, grounds, line)
    _apply(wanted, Acting(actor, unit), lang, as_json=as_json)


@click.command()
@click.argument("seal")
@click.option("--grounds", required=True, metavar="TEXT", help="Why it is wanted. 申请理由")
@click.option("--name", metavar="TEXT", help="Full name, if it changes. 新的印章全称")
@click.option("--code", metavar="DIGITS", help="Seal number, if it changes. 新的印章编码")
@click.option("--line", metavar="TEXT", help="Straight line, if it changes. 新的下横文")
@click.option(
    "--carry", is_flag=True, help="Grants and standing authorisations go over to it at its delivery. 授权随之转移"
)
@acting
@answering
def replace(
    seal: str,
    grounds: str,
    name: str | None,
    code: str | None,
    line: str | None,
    actor: str,
    unit: Uscc | None,
    lang: Language | None,
    *,
    carry: bool,
    as_json: bool,
) -> None:
    """Apply for the successor of SEAL, which goes on until the successor is delivered.

    申请更换印章：证书更新后须重新制章，交付新章时旧章自动停用。Unless --carry is given nobody may use the new seal before
    it is granted anew; with it, who approves the application approves that, too.
    """
    with opened_house() as house, worker_session(house) as session:
        old = find(session, seal)
        before = browsing.application_of(session, old.id)
        wanted = SealApplication(
            Uscc(old.organisation),
            old.kind,
            code or old.code,
            name or old.name,
            grounds,
            line or (None if before is None else before.bottom_text),
            replaces=old.id,
            carries=carry,
        )
    _apply(wanted, Acting(actor, unit), lang, as_json=as_json)


@click.command()
@click.argument("application", type=ID)
@click.option("--words", metavar="TEXT", help="Said with it. 审批意见")
@acting
@answering
def approve(
    application: UUID, words: str | None, actor: str, unit: Uscc | None, lang: Language | None, *, as_json: bool
) -> None:
    """Approve an APPLICATION for a seal: never one's own.

    批准制章申请，申请人不得自批。
    """
    _decide(application, "approved", words, Acting(actor, unit), lang, as_json=as_json)


@click.command()
@click.argument("application", type=ID)
@click.option("--words", required=True, metavar="TEXT", help="Why. 驳回理由")
@acting
@answering
def reject(
    application: UUID, words: str, actor: str, unit: Uscc | None, lang: Language | None, *, as_json: bool
) -> None:
    """Reject an APPLICATION for a seal, with the reason.

    驳回制章申请，须说明理由。
    """
    _decide(application, "rejected", words, Acting(actor, unit), lang, as_json=as_json)


@click.command()
@click.argument("application", type=ID)
@acting
@answering
def withdraw(application: UUID, actor: str, unit: Uscc | None, lang: Language | None, *, as_json: bool) -> None:
    """Take an APPLICATION back, before the seal is made.

    撤回尚未制章的申请。
    """
    now = now_utc()
    with opened_house() as house, Sequencing(house.sequencer()), worker_session(house) as session:
        row = known(browsing.application(session, application), application)
        who = Acting(actor, unit).as_(SEAL_CLERK, row.organisation)
        house.seals().applications.withdraw(session, application, who, now)
        answer = application_told(row, language_of(lang))
    tell(*answer, as_json=as_json)


def _apply(wanted: SealApplication, who: Acting, lang: Language | None, *, as_json: bool) -> None:
    now = now_utc()
    with opened_house() as house, Sequencing(house.sequencer()), worker_session(house) as session:
        clerk = who.as_(SEAL_CLERK, wanted.organisation)
        made = house.seals().applications.apply(session, wanted, clerk, now)
        answer = application_told(known(browsing.application(session, made), made), language_of(lang))
    tell(*answer, as_json=as_json)


def _decide(
    application: UUID,
    verdict: Literal["approved", "rejected"],
    words: str | None,
    who: Acting,
    lang: Language | None,
    *,
    as_json: bool,
) -> None:
    now = now_utc()
    with opened_house() as house, Sequencing(house.sequencer()), worker_session(house) as session:
        row = known(browsing.application(session, application), application)
        approver = who.as_(SEAL_APPROVER, row.organisation)
        house.seals().applications.decide(session, application, verdict, approver, now, words=words)
        answer = application_told(row, language_of(lang))
    tell(*answer, as_json=as_json)


def known(row: ApplicationRow | None, application: UUID) -> ApplicationRow:
    """Return the application; raises ApplicationUnknown where there is none."""
    if row is None:
        raise ApplicationUnknown(application=str(application))
    return row


def application_told(row: ApplicationRow, language: Language) -> Told:
    """Return how an application stands, and what comes next."""
    zh = language == "zh"
    pairs = [
        ("申请" if zh else "application", str(row.id)),
        ("状态" if zh else "state", word(STATES, row.state, language)),
        ("印章" if zh else "seal", f"{row.code}  {row.name}"),
        ("类型" if zh else "kind", word(KINDS, row.kind, language)),
        ("单位" if zh else "organisation", row.organisation),
        ("意见" if zh else "words", row.decision or ""),
    ]
    hint = _NEXT.get(row.state, ("", ""))[0 if zh else 1]
    lines = facts([pair for pair in pairs if pair[1]])
    return application_json(row), [*lines, *([f"{hint} {row.id}"] if hint else [])]
