"""`elicence seals make` and `deliver`: an approved seal is made, and handed over."""

from datetime import datetime
from typing import Final
from uuid import UUID

import click

from ledger.actor import Uscc
from ledger.errors import Language
from ledger.signing import SignatureAlgorithm
from seals.life.life_errors import StateRefused
from seals.life.roles import SEAL_CUSTODIAN, require
from seals.models import SealRow
from seals.store import browsing
from seals.words import STATES
from tools.ca.answering import answering, facts, language_of, tell
from tools.ca.office import end_of, validity
from tools.opening import opened_house
from tools.seals.applying import application_told, known
from tools.seals.custody import ACCOUNT, ID, Acting, acting, now_utc, worker_session
from tools.seals.telling import name_of, period, seal_json, word
from tools.sequencing import Sequencing

_ALGORITHMS: Final = ("ES256", "ES384", "RS256")


@click.command()
@click.argument("application", type=ID)
@click.option("--key", metavar="NAME", help="A key that is certified already (`elicence ca import`). 已有证书的密钥")
@click.option("--algorithm", type=click.Choice(_ALGORITHMS), help="Of a new key; default: ES256. 新密钥的算法")
@click.option("--token", "on_token", is_flag=True, help="Make the new key on the token. 新密钥存放于密码设备")
@click.option("--ring", metavar="TEXT", help="Text along the ring; default: the organisation's name. 环形文字")
@click.option("--diameter", type=int, metavar="MM", help="Of a round seal; default 45 or 42. 直径（毫米）")
@click.option("--no-national", is_flag=True, help="Without a national seal (SES). 不制作国密电子印章")
@validity
@acting
@answering
def make(
    application: UUID,
    key: str | None,
    algorithm: SignatureAlgorithm | None,
    ring: str | None,
    diameter: int | None,
    days: int | None,
    until: datetime | None,
    actor: str,
    unit: Uscc | None,
    lang: Language | None,
    *,
    on_token: bool,
    no_national: bool,
    as_json: bool,
) -> None:
    """Make the seal of an approved APPLICATION: key, certificate, picture, and the national seal.

    按批准的申请制章：生成密钥与证书、绘制图形、制作国密电子印章（SES）。Our own authority certifies a new key; with --key the
    certificate of a licensed one is used. The seal waits for its delivery. The same command again makes the same seal.
    """
    from tools.seals.material import Wanted, material, next_generation, owner_name

    if key is not None and (algorithm is not None or on_token or days is not None or until is not None):
        raise click.UsageError("--key 已有证书，不能再给新密钥的选项 / a certified --key takes no option of a new key")
    now, language = now_utc(), language_of(lang)
    with opened_house() as house, Sequencing(house.sequencer()):
        with worker_session(house) as session:
            row = known(browsing.application(session, application), application)
            keeper = Acting(actor, unit).as_(SEAL_CUSTODIAN, row.organisation)
            require(keeper, row.organisation, SEAL_CUSTODIAN)  # before any key is made
            if row.state != "approved":
                raise StateRefused(what=row.code, state=row.state)
            wanted = Wanted(
                application=row,
                organisation=owner_name(session, row, now),
                generation=next_generation(session, row),
                key=key,
                algorithm=algorithm,
                on_token=on_token,
                ring=ring,
                diameter=diameter,
                until=end_of(now, days, until),
                national=not no_national,
            )
        new = material(house, wanted, now)
        with worker_session(house) as session:
            made = house.seals().applications.make(session, application, new, keeper, now)
            seal = session.get_one(SealRow, made.id)
            pairs = [
                ("印章" if language == "zh" else "seal", f"{name_of(seal)}  {seal.name}"),
                ("状态" if language == "zh" else "state", word(STATES, seal.state, language)),
                ("期限" if language == "zh" else "period", period(seal.valid_from, seal.valid_until, language)),
                ("密钥" if language == "zh" else "key", seal.key_name),
                ("国密印章" if language == "zh" else "national seal", seal.esl_key_name or "-"),
            ]
            answer = seal_json(seal)
    hint = "下一步：elicence seals deliver" if language == "zh" else "next: elicence seals deliver"
    tell(answer, [*facts(pairs), f"{hint} {application}"], as_json=as_json)


@click.command()
@click.argument("application", type=ID)
@click.option("--to", "receiver", required=True, type=ACCOUNT, help="Account of who takes it over. 接收人账号")
@acting
@answering
def deliver(
    application: UUID, receiver: str, actor: str, unit: Uscc | None, lang: Language | None, *, as_json: bool
) -> None:
    """Hand the seal of an APPLICATION over: from now on it is in use, and what it replaces is not.

    交付印章：即刻启用，被更换的旧章同时停用。
    """
    now, language = now_utc(), language_of(lang)
    with opened_house() as house, Sequencing(house.sequencer()), worker_session(house) as session:
        row = known(browsing.application(session, application), application)
        keeper = Acting(actor, unit).as_(SEAL_CUSTODIAN, row.organisation)
        house.seals().applications.deliver(session, application, receiver, keeper, now)
        session.refresh(row)
        answer = application_told(row, language)
    tell(*answer, as_json=as_json)
