"""`elicence seals uses` and `register`: what seals were put on, by whom, and who allowed it."""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import click

from ledger.actor import Uscc
from ledger.errors import Language
from seals.errors import OrganisationUnknown
from seals.life.roles import SEAL_AUDITOR
from seals.local_time import local_date
from seals.register.use_register import (
    HEADINGS,
    RegisterQuestion,
    UseLine,
    cells,
    count_register,
    read_register,
)
from seals.store import browsing, organisation_names, organisation_on
from seals.store.browsing import UsesWanted
from tools.ca.answering import answering, language_of, table, tell, told, written
from tools.moments import MOMENT
from tools.opening import opened_house
from tools.progress import shown_steps
from tools.seals.custody import ACCOUNT, UNIT, Acting, acting, find, now_utc, worker_session
from tools.seals.errors import SealMissing
from tools.seals.telling import outcome_text, use_json
from tools.whole_files import write_whole

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from licences.catalogue import Catalogue

T = TypeVar("T")

_HEADS: Final = {
    "zh": ("时间", "印章", "结果", "事项", "文号", "份数", "经办", "编号"),
    "en": ("time", "seal", "outcome", "matter", "number", "count", "operator", "id"),
}
_DAY: Final = click.DateTime(["%Y-%m-%d"])
_SHOWN: Final = 1_000
"""Lines of a register on the screen; files take them all."""


@click.command()
@click.option("--seal", metavar="SEAL", help="Of this seal only. 仅此印章")
@click.option("--unit", type=UNIT, metavar="USCC", help="Of this unit's seals only. 仅此单位的印章")
@click.option("--outcome", type=click.Choice(["used", "abandoned", "refused", "open"]), help="Ended so only. 仅此结果")
@click.option("--operator", type=ACCOUNT, metavar="ACCOUNT", help="By this person or system only. 仅此经办人或系统")
@click.option("--possible", is_flag=True, help="Possible uses: never closed, or refused once sealed. 仅可能的用印")
@click.option("--from", "begin", type=MOMENT, help="Opened from then on. 起始时间")
@click.option("--to", "end", type=MOMENT, help="Opened before then. 截止时间")
@click.option("--limit", default=200, show_default=True, type=click.IntRange(1, 100_000), help="At the most. 最多条数")
@answering
def uses(
    seal: str | None,
    unit: Uscc | None,
    outcome: str | None,
    operator: str | None,
    begin: datetime | None,
    end: datetime | None,
    limit: int,
    lang: Language | None,
    *,
    possible: bool,
    as_json: bool,
) -> None:
    """List uses of seals, the newest first: made, refused, and possible ones.

    列出用印记录，最新的在前。A use that was opened and never closed is a possible use: something may have been sealed.
    """
    language = language_of(lang)
    with opened_house() as house, worker_session(house) as session:
        seal_id = None if seal is None else find(session, seal).id
        wanted = UsesWanted(unit, seal_id, outcome, operator, begin, end, possible)
        found = browsing.uses(session, wanted, limit)
        matter = matters(house.catalogue, language)
        rows = [
            (
                told(use.opened_at),
                code,
                outcome_text(use, language),
                matter(use.matter),
                use.number or "-",
                str(use.copies),
                use.actor["id"],
                str(use.id),
            )
            for use, code, _name in found
        ]
        answer = [use_json(*row) for row in found]
    tell(answer, table(_HEADS[language], rows), as_json=as_json)


@click.command()
@click.option("--organisation", required=True, type=UNIT, metavar="USCC", help="Whose seals. 印章所属单位")
@click.option("--from", "first", required=True, type=_DAY, help="First local day. 起始日期")
@click.option("--to", "last", required=True, type=_DAY, help="Last local day. 截止日期（含）")
@click.option("--seal", metavar="SEAL", help="Of this seal number, or one generation of it, only. 仅此印章")
@click.option("--xlsx", type=click.Path(dir_okay=False, path_type=Path), help="As an Excel workbook. 写为 Excel 文件")
@click.option("--pdf", type=click.Path(dir_okay=False, path_type=Path), help="As pages to be signed. 写为 PDF 文件")
@acting
@answering
def register(
    organisation: Uscc,
    first: datetime,
    last: datetime,
    seal: str | None,
    xlsx: Path | None,
    pdf: Path | None,
    actor: str,
    unit: Uscc | None,
    lang: Language | None,
    *,
    as_json: bool,
) -> None:
    """The register of uses as auditors know it: date, document, number, approver, operator, count.

    用印登记簿：日期、事项、文号、批准人、经办、份数、结果。Refused and possible uses stand in it, too. Without a file it is shown.
    """
    now, language = now_utc(), language_of(lang)
    if last < first:
        raise click.UsageError("--to 早于 --from / --to is before --from")
    auditor = Acting(actor, unit).as_(SEAL_AUDITOR, organisation)
    with opened_house() as house, worker_session(house) as session:
        question = _question(session, organisation, first.date(), last.date(), seal)
        matter = matters(house.catalogue, language)
        total = count_register(session, question, auditor)

        def lines() -> Iterable[UseLine]:
            return read_register(session, question, auditor, matter)

        if xlsx is not None:
            from seals.register.xlsx import write_xlsx

            with shown_steps("Excel", total, hidden=as_json) as step:
                write_whole(xlsx, write_xlsx(_counted(lines(), step), language))
        if pdf is not None:
            from seals.register.pdf import write_pdf

            owner = organisation_on(session, organisation, local_date(now))
            name = organisation if owner is None else owner.name
            with shown_steps("PDF", total, hidden=as_json) as step:
                pages = write_pdf(_counted(lines(), step), question, name, house.fonts, now, language)
                write_whole(pdf, pages)
        shown = [] if xlsx or pdf else [line for line, _ in zip(lines(), range(_SHOWN), strict=False)]
    answer = {
        "organisation": organisation,
        "from": question.first.isoformat(),
        "to": question.last.isoformat(),
        "seal": seal,
        "uses": total,
        "files": [str(path) for path in (xlsx, pdf) if path is not None],
        "lines": [_line(one) for one in shown],
    }
    tell(answer, _shown(question, total, shown, (xlsx, pdf), language), as_json=as_json)


def matters(catalogue: "Catalogue", language: Language) -> Callable[[str], str]:
    """Return what gives words for a licence type's code; other matters are words already."""
    names = {kind.code: (kind.name.zh if language == "zh" else kind.name.en) for kind in catalogue}
    return lambda matter: names.get(matter, matter)


def _question(session: "Session", organisation: Uscc, first: date, last: date, seal: str | None) -> RegisterQuestion:
    """Return what is asked for; of a unit or seal that is not there an empty register would say that nothing was sealed.

    Raises OrganisationUnknown, SealMissing.
    """
    if not organisation_names(session, organisation):
        raise OrganisationUnknown(uscc=organisation)
    if seal is None:
        return RegisterQuestion(organisation, first, last)
    row = find(session, seal)
    if row.organisation != organisation:
        raise SealMissing(seal)
    # A number alone means every seal that has borne it.
    return RegisterQuestion(organisation, first, last, row.code, None if seal == row.code else row.generation)


def _counted(items: Iterable[T], step: Callable[[int], None]) -> Iterable[T]:
    for item in items:
        step(1)
        yield item


def _shown(
    question: RegisterQuestion,
    total: int,
    shown: list[UseLine],
    files: tuple[Path | None, ...],
    language: Language,
) -> list[str]:
    zh = language == "zh"
    head = f"{'用印' if zh else 'uses'} {total:,}  {question.first} – {question.last}"
    written_files = [f"→ {path}" for path in files if path is not None]
    if written_files or not shown:
        return [head, *written_files]
    rows = [[str(cell) for cell in cells(position, line, language)[:-1]] for position, line in enumerate(shown, 1)]
    more = "…（其余请用 --xlsx）" if zh else "… (use --xlsx for the rest)"
    return [head, *table(HEADINGS[language][:-1], rows), *([more] if total > len(shown) else [])]


def _line(line: UseLine) -> dict[str, object]:
    return {
        "at": written(line.at),
        "seal": line.code,
        "matter": line.matter,
        "number": line.number,
        "approver": line.approver,
        "operator": line.operator,
        "copies": line.copies,
        "outcome": line.outcome,
        "refusal": line.refusal,
        "document": line.document,
    }
