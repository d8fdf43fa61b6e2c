"""`elicence seals suspend`, `resume`, `cancel`: seals out of use, and back; with the reason and what it makes of the past."""

from datetime import datetime
from typing import Final

import click
from sqlalchemy.orm import Session

from ledger.actor import Uscc
from ledger.errors import Language
from seals.life.roles import SEAL_CUSTODIAN
from seals.life.stops import RULES
from seals.models import SealRow
from seals.store import seals as rows
from seals.words import STATES
from tools.ca.answering import answering, facts, language_of, tell, told
from tools.moments import MOMENT
from tools.opening import opened_house
from tools.seals.custody import Acting, acting, find, now_utc, worker_session
from tools.seals.telling import EFFECTS, REASONS, Told, name_of, seal_json, stop_json, word
from tools.sequencing import Sequencing

_SUSPENDING: Final = tuple(reason for reason, rule in RULES.items() if "suspended" in rule.states)
_CANCELLING: Final = tuple(reason for reason, rule in RULES.items() if "cancelled" in rule.states)
_NOTE: Final = click.option("--note", metavar="TEXT", help="Said with it, kept in the register. 说明")


@click.command()
@click.argument("seal")
@click.option("--reason", required=True, type=click.Choice(_SUSPENDING), help="Why. 原因")
@_NOTE
@acting
@answering
def suspend(
    seal: str, reason: str, note: str | None, actor: str, unit: Uscc | None, lang: Language | None, *, as_json: bool
) -> None:
    """Suspend SEAL: nothing is sealed with it until it is resumed.

    暂停使用印章，可恢复。Under suspicion of compromise its certificate is put on hold as well.
    """
    now = now_utc()
    with opened_house() as house, Sequencing(house.sequencer()), worker_session(house) as session:
        row = find(session, seal)
        keeper = Acting(actor, unit).as_(SEAL_CUSTODIAN, row.organisation)
        house.seals().stops.suspend(session, row.id, reason=reason, actor=keeper, now=now, note=note)
        answer = _told(session, row, language_of(lang))
    tell(*answer, as_json=as_json)


@click.command()
@click.argument("seal")
@acting
@answering
def resume(seal: str, actor: str, unit: Uscc | None, lang: Language | None, *, as_json: bool) -> None:
    """Put a suspended SEAL back to use.

    恢复使用已暂停的印章。
    """
    now = now_utc()
    with opened_house() as house, Sequencing(house.sequencer()), worker_session(house) as session:
        row = find(session, seal)
        keeper = Acting(actor, unit).as_(SEAL_CUSTODIAN, row.organisation)
        house.seals().stops.resume(session, row.id, actor=keeper, now=now)
        answer = _told(session, row, language_of(lang))
    tell(*answer, as_json=as_json)


@click.command()
@click.argument("seal")
@click.option("--reason", required=True, type=click.Choice(_CANCELLING), help="Why. 原因")
@click.option(
    "--invalid-from",
    type=MOMENT,
    help="Since when nothing it sealed is good; for lost and compromise, and only these. 失效起始时间（遗失、失控）",
)
@_NOTE
@acting
@answering
def cancel(
    seal: str,
    reason: str,
    invalid_from: datetime | None,
    note: str | None,
    actor: str,
    unit: Uscc | None,
    lang: Language | None,
    *,
    as_json: bool,
) -> None:
    """Cancel SEAL for good.

    注销印章，不可恢复。What was sealed before stays good, except after a loss or a compromise: then only what was sealed
    before --invalid-from. A seal that has ended otherwise can still be found to be compromised. Within seconds
    `elicence work` revokes its certificate, by which every verifier learns of it.
    """
    now = now_utc()
    with opened_house() as house, Sequencing(house.sequencer()), worker_session(house) as session:
        row = find(session, seal)
        keeper = Acting(actor, unit).as_(SEAL_CUSTODIAN, row.organisation)
        house.seals().stops.cancel(
            session, row.id, reason=reason, actor=keeper, now=now, invalid_from=invalid_from, note=note
        )
        answer = _told(session, row, language_of(lang))
    tell(*answer, as_json=as_json)


def _told(session: Session, row: SealRow, language: Language) -> Told:
    session.refresh(row)
    stop = rows.standing_stop(session, row.id)
    zh = language == "zh"
    pairs = [
        ("印章" if zh else "seal", f"{name_of(row)}  {row.name}"),
        ("状态" if zh else "state", word(STATES, row.state, language)),
    ]
    if stop is not None:
        pairs.append(("原因" if zh else "reason", word(REASONS, stop.reason, language)))
        pairs.append(("影响" if zh else "effect", EFFECTS[stop.effect][0 if zh else 1]))
        if stop.invalid_from is not None:
            pairs.append(("失效时间" if zh else "invalid from", told(stop.invalid_from)))
    answer = seal_json(row) | {"stop": None if stop is None else stop_json(stop)}
    return answer, facts(pairs)
