"""`elicence audit accepted`: every use that relied on a licence, so that each unit can be told when it falls."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ledger.actor import Uscc
from ledger.errors import Language
from tools.audit.asking import INVALID, auditing_as, auditor, now_utc, opened_auditing, order_of, write_files, writing
from tools.audit.telling import printable
from tools.audit.words import complete_words, gap_words, kind_word
from tools.ca.answering import answering, language_of, table, tell, told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from api.auditing import Audited
    from licences.recall import Reliance


@click.command()
@click.argument("identifier", metavar="LICENCE")
@click.option("--since", required=True, metavar="DATE", help="Since when: 2026-10-01, or a moment. 自何时起")
@auditing_as
@writing
@answering
@click.pass_context
def accepted(
    ctx: click.Context,
    identifier: str,
    since: str,
    order: str | None,
    actor: str,
    unit: Uscc | None,
    export: Path | None,
    page: Path | None,
    lang: Language | None,
    *,
    as_json: bool,
) -> None:
    """List every use since DATE that relied on LICENCE: fetched, verified as valid, copied, printed, accepted.

    列出自该日起信赖该证照的每一次使用，供追回通知。The units are named, for they must be told; cases and accounts are
    opened by an order only.
    """
    from api.audit_answers import recall_answer
    from licences.audit_scopes import begin_of

    begin, language = begin_of(since), language_of(lang)
    with opened_auditing() as (_, auditing):
        who = auditor(actor, unit)
        audited, found = auditing.relied_on(identifier, begin, who, now_utc(), order_of(auditing, order))
        write_files(auditing, audited, export, page, language)
    lines = _lines(audited, begin, found, language)
    tell(recall_answer(audited, begin, found), lines, as_json=as_json)
    if not audited.trace.sound:
        ctx.exit(INVALID)


def _lines(audited: "Audited", since: datetime, found: "Sequence[Reliance]", language: Language) -> list[str]:
    from licences.recall import units

    chinese = language == "zh"
    heads: tuple[str, ...] = ("时间", "事件", "单位", "证明") if chinese else ("time", "event", "unit", "proof")
    if audited.opened:
        heads += ("办件", "账号") if chinese else ("case", "account")
    rows = [_row(one, language, opened=audited.opened) for one in found]
    title = (
        f"自 {told(since)} 起信赖该证照的使用：{len(found)}" if chinese else f"uses since {told(since)}: {len(found)}"
    )
    counted = [f"{_unit(unit, language)}: {count}" for unit, count in units(found).items()]
    whole = [
        complete_words(chain.completeness.state, chain.completeness.entries, chain.completeness.size, language)
        for chain in audited.trace.chains
    ]
    whole += [
        click.style(f"✗ {gap_words(gap.code, gap.seq, gap.index, language)}", fg="red")
        for chain in audited.trace.chains
        for gap in chain.gaps
    ]
    return [title, *table(heads, rows), "", "需通知的单位" if chinese else "units to be told", *counted, "", *whole]


def _row(one: "Reliance", language: Language, *, opened: bool) -> tuple[str, ...]:
    proof = "✓" if one.proved else "✗"
    cells: tuple[str, ...] = (told(one.at), kind_word(one.kind, language), _unit(one.unit or "", language), proof)
    if not opened:
        return cells
    return (*cells, *(printable(str(one.details.get(name, "-"))) for name in ("case", "account")))


def _unit(unit: str, language: Language) -> str:
    return unit or ("（匿名）" if language == "zh" else "(anonymous)")
