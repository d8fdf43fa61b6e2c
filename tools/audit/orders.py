"""`elicence audit order`: what opens events to an auditor."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, cast

import click

from ledger.actor import Actor, Uscc
from ledger.errors import Language
from ledger.provenance.orders import ORDER_KEEPER, SCOPE_KINDS, AuditOrder, Scope, ScopeKind
from tools.audit.asking import auditor, now_utc
from tools.audit.telling import printable
from tools.ca.answering import Answer, answering, facts, language_of, table, tell, told, written
from tools.seals.custody import ACCOUNT, UNIT

if TYPE_CHECKING:
    from collections.abc import Callable

_STATES = {
    "waiting": ("未开始", "not begun"),
    "open": ("有效", "in force"),
    "over": ("已到期", "over"),
    "ended": ("已终止", "ended"),
}


def _keeping(command: "Callable[..., None]") -> "Callable[..., None]":
    actor = click.option(
        "--actor", type=ACCOUNT, default="order-keeper", show_default=True, metavar="ACCOUNT", help="Who. 登记人账号"
    )
    return actor(click.option("--unit", type=UNIT, metavar="USCC", help="For which unit. 所属单位")(command))


@click.group()
def order() -> None:
    """Audit orders: number, scope and end. They open events; nothing else does.

    审计任务书：编号、范围与截止时间。登记人不能凭其查阅。Who enters an order may not open by it: two accounts.
    """


@order.command("add")
@click.argument("number")
@click.option("--scope", type=click.Choice(SCOPE_KINDS), required=True, help="What it is about. 范围类别")
@click.option("--of", "value", required=True, metavar="VALUE", help="Which one: identifier, USCC, case. 范围对象")
@click.option("--since", metavar="DAY", help="From when, if not from now. 起始日期")
@click.option("--until", required=True, metavar="DAY", help="To when: that day is in it. 截止日期")
@_keeping
@answering
def add(
    number: str,
    scope: str,
    value: str,
    since: str | None,
    until: str,
    actor: str,
    unit: Uscc | None,
    lang: Language | None,
    *,
    as_json: bool,
) -> None:
    """Enter the order NUMBER.

    登记审计任务书。
    """
    from api.schema import Role
    from ledger.provenance.orders import enter_order
    from licences.audit_scopes import begin_of, end_of
    from tools.opening import opened_house
    from tools.sequencing import drain

    now = now_utc()
    with opened_house() as house:
        with house.database.session(Role.WORKER) as session:
            made = enter_order(
                session,
                house.wrapper,
                house.promiser,
                number=number,
                scope=Scope(cast("ScopeKind", scope), value),
                valid_from=now if since is None else begin_of(since),
                valid_until=end_of(until),
                actor=_keeper(actor, unit),
                now=now,
            )
        drain(house.sequencer())
    language = language_of(lang)
    tell(_json(made, now), facts(_facts(made, now, language)), as_json=as_json)


@order.command("token")
@click.argument("number")
@click.option(
    "--actor", type=ACCOUNT, default="auditor", show_default=True, metavar="ACCOUNT", help="Who asks. 审计人员账号"
)
@click.option("--unit", type=UNIT, metavar="USCC", help="For which unit. 所属单位")
@answering
def token(number: str, actor: str, unit: Uscc | None, lang: Language | None, *, as_json: bool) -> None:
    """Give a new token of the order NUMBER, by which a system of the auditor's reads. It is shown this once.

    领取令牌，只显示一次；原令牌随即失效。登记任务书的人不能领取。The token before it ends; who entered the order gets none.
    """
    from api.schema import Role
    from ledger.provenance.orders import give_token
    from tools.opening import opened_house
    from tools.sequencing import drain

    now = now_utc()
    with opened_house() as house:
        with house.database.session(Role.WORKER) as session:
            given = give_token(session, house.wrapper, house.promiser, number, auditor(actor, unit), now)
        drain(house.sequencer())
    names = ("编号", "令牌") if language_of(lang) == "zh" else ("number", "token")
    tell(
        {"number": number, "token": given},
        facts(list(zip(names, (number, given), strict=True))),
        as_json=as_json,
    )


@order.command("list")
@answering
def list_(lang: Language | None, *, as_json: bool) -> None:
    """List the orders, the newest first.

    列出审计任务书，最新的在前。
    """
    from api.schema import Role
    from ledger.provenance.orders import orders
    from tools.opening import opened_house

    language, now = language_of(lang), now_utc()
    with opened_house() as house, house.database.session(Role.WORKER) as session:
        found = orders(session, house.wrapper)
    heads = (
        ("编号", "范围", "对象", "自", "至", "登记人", "状态")
        if language == "zh"
        else ("number", "scope", "of", "from", "until", "entered by", "state")
    )
    rows = [
        (
            one.number,
            one.scope.kind,
            printable(one.scope.value),
            told(one.valid_from),
            told(_last(one)),
            printable(one.entered_by),
            _STATES[_state(one, now)][0 if language == "zh" else 1],
        )
        for one in found
    ]
    tell([_json(one, now) for one in found], table(heads, rows), as_json=as_json)


@order.command("end")
@click.argument("number")
@_keeping
@answering
def end(number: str, actor: str, unit: Uscc | None, lang: Language | None, *, as_json: bool) -> None:
    """End the order NUMBER now.

    立即终止审计任务书。
    """
    from api.schema import Role
    from ledger.provenance.orders import end_order, order_by_number
    from tools.opening import opened_house
    from tools.sequencing import drain

    now = now_utc()
    with opened_house() as house:
        with house.database.session(Role.WORKER) as session:
            end_order(session, house.wrapper, house.promiser, number, _keeper(actor, unit), now)
            ended = order_by_number(session, house.wrapper, number)
        drain(house.sequencer())
    language = language_of(lang)
    tell(_json(ended, now), facts(_facts(ended, now, language)), as_json=as_json)


def _keeper(actor: str, unit: Uscc | None) -> Actor:
    return Actor(kind="person", id=actor, operator_unit=unit, on_behalf_of=unit, roles=frozenset({ORDER_KEEPER}))


def _state(one: AuditOrder, now: datetime) -> str:
    if one.ended_at is not None:
        return "ended"
    if now < one.valid_from:
        return "waiting"
    return "open" if now < one.valid_until else "over"


def _last(one: AuditOrder) -> datetime:
    """Return the last moment of an order as people read it: the end itself is not in it."""
    return one.valid_until - timedelta(microseconds=1)


def _facts(one: AuditOrder, now: datetime, language: Language) -> list[tuple[str, str]]:
    chinese = language == "zh"
    names = (
        ("编号", "范围", "对象", "自", "至", "状态") if chinese else ("number", "scope", "of", "from", "until", "state")
    )
    values = (
        one.number,
        one.scope.kind,
        one.scope.value,
        told(one.valid_from),
        told(_last(one)),
        _STATES[_state(one, now)][0 if chinese else 1],
    )
    return list(zip(names, values, strict=True))


def _json(one: AuditOrder, now: datetime) -> Answer:
    return {
        "number": one.number,
        "scope": {"kind": one.scope.kind, "value": one.scope.value},
        "valid_from": written(one.valid_from),
        "valid_until": written(one.valid_until),
        "entered_by": one.entered_by,
        "entered_at": written(one.entered_at),
        "ended_at": written(one.ended_at),
        "state": _state(one, now),
    }
