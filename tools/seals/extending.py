"""`elicence seals extend`: sealed documents kept judgeable for decades (PAdES B-LT, B-LTA)."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from ledger.actor import Actor
from ledger.errors import DomainError, Language
from seals.pdf.extension import Level
from tools.ca.answering import Answer, answering, language_of, tell, told, written
from tools.opening import opened_house
from tools.progress import shown_steps
from tools.seals.custody import ACCOUNT, FILE, OPERATOR, now_utc, read_within, worker_session
from tools.seals.errors import OutputTaken
from tools.sequencing import Sequencing
from tools.whole_files import write_whole

if TYPE_CHECKING:
    from api.house import House
    from licences.extending import ExtensionDesk, Outcome

WITHIN_DAYS: Final = 180
"""How long before its time a page is extended."""
_FAILED: Final = 2
_REFUSED: Final = 3
_WORDS: Final = {
    "extended": ("已补充", "extended"),
    "not_due": ("未到期", "not due"),
    "unchanged": ("无需补充", "nothing to add"),
    "failed": ("失败", "failed"),
    "taken": ("他处处理中", "in other hands"),
    "unknown": ("没有", "unknown"),
}


@click.command()
@click.argument("files", nargs=-1, type=FILE)
@click.option(
    "--licence", "identifiers", multiple=True, metavar="IDENTIFIER", help="The stored page of this licence. 指定证照"
)
@click.option("--all-due", is_flag=True, help="Every stored page whose time has come. 全部到期应补的文件")
@click.option(
    "--within",
    default=WITHIN_DAYS,
    show_default=True,
    type=click.IntRange(0, 36_600),
    metavar="DAYS",
    help="Due: the last timestamp's certificate ends so soon. 时间戳证书剩余天数",
)
@click.option("--retry", is_flag=True, help="With --all-due: those, too, that failed before. 重试此前失败的")
@click.option(
    "--level", default="B-LTA", show_default=True, type=click.Choice(["B-LT", "B-LTA"]), help="PAdES level. 级别"
)
@click.option("--jobs", default=2, show_default=True, type=click.IntRange(1, 64), help="Processes. 进程数")
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="Folder for FILES. 文件输出目录",
)
@click.option(
    "--actor", type=ACCOUNT, default=OPERATOR, show_default=True, metavar="ACCOUNT", help="Who has it done. 操作人账号"
)
@answering
@click.pass_context
def extend(
    ctx: click.Context,
    files: tuple[Path, ...],
    identifiers: tuple[str, ...],
    within: int,
    level: Level,
    jobs: int,
    output: Path | None,
    actor: str,
    lang: Language | None,
    *,
    all_due: bool,
    retry: bool,
    as_json: bool,
) -> None:
    """Add validation data and a timestamp over all of it, before the last timestamp's certificate ends.

    为已盖章的 PDF 补充长期验证数据与文件时间戳。Stored pages: --all-due, or --licence; each gets a new rendition, and the
    document's digest stays the same. `elicence work` does what is due by itself. FILES are extended beside themselves, as X-lta.pdf.

    \b
    Exit code: 0 done; 2 a stored page failed; 3 a file or licence that cannot be extended.
    """  # noqa: D301  \b is click's own mark: keep the lines of this paragraph
    if bool(files) + bool(identifiers) + all_due != 1:
        raise click.UsageError("请给出 FILES、--licence 或 --all-due 之一 / give one of FILES, --licence and --all-due")
    language = language_of(lang)
    with opened_house() as house:
        if files:
            answer = list(_extend_files(house, files, level, output, language, hidden=as_json))
        else:
            who = Actor(kind="person", id=actor, operator_unit=None, on_behalf_of=None)
            with Sequencing(house.sequencer()), extension_desk(house, who, jobs) as desk:
                if all_due:
                    counts, answer = _extend_due(desk, within, level, retry=retry, language=language, hidden=as_json)
                else:
                    answer = list(_extend_named(desk, identifiers, level, language, hidden=as_json))
    if not all_due:
        counts = Counter(one["result"] for one in answer)
    lines = [
        " · ".join(f"{_word(result, language)} {count:,}" for result, count in counts.items()) or _nothing(language)
    ]
    tell({"counts": dict(counts), "documents": answer}, lines, as_json=as_json)
    ctx.exit(_code(counts, named=not all_due))


def extension_desk(house: "House", actor: Actor, jobs: int) -> "ExtensionDesk":
    """Return a desk with the house's proof of now: keep it for one run, and close it."""
    from api.schema import Role
    from licences.extending import ExtensionDesk
    from licences.extension_work import DocumentWork
    from licences.leases import Worker
    from seals.pdf.extension import ValidationMaterial

    material = ValidationMaterial.of(house.trust(now_utc()))
    engine = house.database.engine(Role.WORKER)
    return ExtensionDesk(
        sessions=lambda: worker_session(house),
        wrapper=house.wrapper,
        promiser=house.promiser,
        worker=Worker(lambda: engine.connect().execution_options(isolation_level="AUTOCOMMIT")),
        work=DocumentWork(house.objects, material, house.timestamps.stamp),
        actor=actor,
        jobs=jobs,
    )


def _extend_due(
    desk: "ExtensionDesk", within: int, level: Level, *, retry: bool, language: Language, hidden: bool
) -> tuple[Counter[str], list[Answer]]:
    """Return how many came out how, and of a million documents only those that somebody must look at."""
    term = timedelta(days=within)
    total = desk.count_due(now_utc(), term, failed=retry)
    counts, trouble = Counter[str](), []
    with shown_steps("补充 extending", total, hidden=hidden) as step:
        for outcome in desk.extend_due(now_utc, term, level, failed=retry):
            step(1)
            counts[outcome.result] += 1
            if outcome.result in {"failed", "taken"}:
                trouble.append(_outcome(outcome, language, quiet=hidden))
    return counts, trouble


def _extend_named(
    desk: "ExtensionDesk", identifiers: tuple[str, ...], level: Level, language: Language, *, hidden: bool
) -> Iterator[Answer]:
    asked = [one for one in dict.fromkeys(identifiers) if one.isprintable()]
    found = set()
    for outcome in desk.extend_named(asked, now_utc, level):
        found.add(outcome.identifier)
        yield _outcome(outcome, language, quiet=hidden)
    for identifier in dict.fromkeys(identifiers):
        if identifier not in found:
            if not hidden:
                click.echo(f"{_word('unknown', language)}: {identifier}", err=True)
            yield {"licence": identifier, "result": "unknown"}


def _outcome(outcome: "Outcome", language: Language, *, quiet: bool) -> Answer:
    error = outcome.error
    reason = error.message(language) if isinstance(error, DomainError) else type(error).__name__
    if not quiet:
        said = _word(outcome.result, language)
        rest = reason if error is not None else ("→ " + told(outcome.renew_by) if outcome.renew_by else "")
        click.echo(f"{said}  {outcome.identifier}  {rest}", err=error is not None)
    answer: Answer = {
        "licence": outcome.identifier,
        "result": outcome.result,
        "renew_by": written(outcome.renew_by),
    }
    if error is not None:
        answer |= {"code": getattr(error, "code", None), "reason": reason}
    return answer


def _extend_files(
    house: "House", files: tuple[Path, ...], level: Level, output: Path | None, language: Language, *, hidden: bool
) -> Iterator[Answer]:
    from licences.extension_work import renew_by
    from seals.errors import SealError
    from seals.pdf.evidence import read_pdf
    from seals.pdf.extension import Extender, ValidationMaterial
    from seals.pdf.file import MAX_SIZE

    material = ValidationMaterial.of(house.trust(now_utc()))
    with Extender() as extender, shown_steps("补充 extending", len(files), hidden=hidden) as step:
        for path in files:
            place = (output or path.parent) / f"{path.stem}-lta{path.suffix}"
            if place.exists():
                raise OutputTaken(str(place))
            try:
                data = extender.extend(read_within(path, MAX_SIZE), material, house.timestamps.stamp, now_utc(), level)
                until = renew_by(read_pdf(data))
            except SealError as error:
                reason = error.message(language)
                click.echo(f"{_word('failed', language)}  {path}  {reason}", err=True)
                yield {"file": str(path), "result": "failed", "code": error.code, "reason": reason}
            else:
                write_whole(place, data)
                if not hidden:
                    click.echo(f"{_word('extended', language)}  {place}  → {told(until)}")
                yield {"file": str(path), "result": "extended", "output": str(place), "renew_by": written(until)}
            step(1)


def _word(result: str, language: Language) -> str:
    return _WORDS[result][0 if language == "zh" else 1]


def _nothing(language: Language) -> str:
    return "没有需要补充的文件" if language == "zh" else "nothing is due"


def _code(counts: Counter[str], *, named: bool) -> int:
    if counts["unknown"] or (named and counts["failed"]):
        return _REFUSED
    return _FAILED if counts["failed"] or counts["taken"] else 0
