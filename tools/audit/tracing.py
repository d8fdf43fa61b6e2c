"""`elicence audit licence|seal|case|department|organisation`: chains, opened and proved."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ledger.actor import Uscc
from ledger.errors import Language
from ledger.provenance.orders import Scope
from tools.audit.asking import (
    INVALID,
    auditing_as,
    auditor,
    now_utc,
    opened_auditing,
    order_of,
    write_files,
    writing,
)
from tools.ca.answering import answering, language_of, tell
from tools.seals.custody import UNIT

if TYPE_CHECKING:
    from api.auditing import Question

_SINCE = click.option("--since", metavar="DAY", help="From this day or moment on: 2026-11-01. 起始日期")
_UNTIL = click.option("--until", metavar="DAY", help="To this day or moment: 2026-11-30. 截止日期")


@click.command()
@click.argument("identifier")
@auditing_as
@writing
@answering
def licence(
    identifier: str,
    order: str | None,
    actor: str,
    unit: Uscc | None,
    export: Path | None,
    page: Path | None,
    lang: Language | None,
    *,
    as_json: bool,
) -> None:
    """Trace the whole chain of the licence of IDENTIFIER.

    按证照标识追溯全部事件：颁发、状态变更与每一次使用。Exit code 1 if anything fails or is missing.
    """
    _trace(_about("licence", identifier), order, actor, unit, export, page, lang, as_json=as_json)


@click.command()
@click.argument("seal_name", metavar="SEAL")
@auditing_as
@writing
@answering
def seal(
    seal_name: str,
    order: str | None,
    actor: str,
    unit: Uscc | None,
    export: Path | None,
    page: Path | None,
    lang: Language | None,
    *,
    as_json: bool,
) -> None:
    """Trace the whole chain of a seal, by its number or id, and of those that it replaced.

    按印章编号追溯：申请、制作、授权、每一次用印与停用。
    """
    _trace(_about("seal", seal_name), order, actor, unit, export, page, lang, as_json=as_json)


@click.command()
@click.argument("number")
@_SINCE
@_UNTIL
@auditing_as
@writing
@answering
def case(
    number: str,
    since: str | None,
    until: str | None,
    order: str | None,
    actor: str,
    unit: Uscc | None,
    export: Path | None,
    page: Path | None,
    lang: Language | None,
    *,
    as_json: bool,
) -> None:
    """Trace a case: every use that names it, and the whole chains of the licences it led to.

    按办件编号追溯：该办件中的每次使用，以及由其产生的证照。
    """
    _trace(_about("case", number, since, until), order, actor, unit, export, page, lang, as_json=as_json)


@click.command()
@click.argument("uscc", type=UNIT)
@click.option("--licences", "issued", is_flag=True, help="The whole chains of the licences it issued too. 含所颁发证照")
@_SINCE
@_UNTIL
@auditing_as
@writing
@answering
def department(
    uscc: Uscc,
    since: str | None,
    until: str | None,
    order: str | None,
    actor: str,
    unit: Uscc | None,
    export: Path | None,
    page: Path | None,
    lang: Language | None,
    *,
    issued: bool,
    as_json: bool,
) -> None:
    """Trace a department: every event that it did, or that was done on its behalf.

    按部门追溯：该部门或代表该部门办理的全部事件。
    """
    question = _about("department", uscc, since, until, issued=issued)
    _trace(question, order, actor, unit, export, page, lang, as_json=as_json)


@click.command()
@click.argument("uscc", type=UNIT)
@_SINCE
@_UNTIL
@auditing_as
@writing
@answering
def organisation(
    uscc: Uscc,
    since: str | None,
    until: str | None,
    order: str | None,
    actor: str,
    unit: Uscc | None,
    export: Path | None,
    page: Path | None,
    lang: Language | None,
    *,
    as_json: bool,
) -> None:
    """Trace an organisation: the whole chains of the licences it holds, and every event that it did itself.

    按组织追溯：其持有证照的全部事件，以及其作为用证单位的事件。
    """
    _trace(_about("organisation", uscc, since, until), order, actor, unit, export, page, lang, as_json=as_json)


def _about(
    kind: str, value: str, since: str | None = None, until: str | None = None, *, issued: bool = False
) -> "Question":
    from api.auditing import Question
    from licences.audit_scopes import begin_of, end_of

    return Question(
        Scope(kind, value),  # type: ignore[arg-type]  # one of our own five words
        since=None if since is None else begin_of(since),
        until=None if until is None else end_of(until),
        issued=issued,
    )


def _trace(
    question: "Question",
    order: str | None,
    actor: str,
    unit: Uscc | None,
    export: Path | None,
    page: Path | None,
    lang: Language | None,
    *,
    as_json: bool,
) -> None:
    from api.audit_answers import trace_answer
    from tools.audit.telling import timeline

    language = language_of(lang)
    with opened_auditing() as (_, auditing):
        audited = auditing.trace(question, auditor(actor, unit), now_utc(), order_of(auditing, order))
        write_files(auditing, audited, export, page, language)
    lines = [] if as_json else timeline(audited, language)
    tell(trace_answer(audited) if as_json else None, lines, as_json=as_json)
    if not audited.trace.sound:
        click.get_current_context().exit(INVALID)
