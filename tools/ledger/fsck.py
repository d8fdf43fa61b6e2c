"""`elicence ledger fsck`: everything that can be derived again is derived again, and compared."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ledger.errors import Language
from tools.ca.answering import answering, language_of, tell
from tools.ledger.place import open_place, placed

if TYPE_CHECKING:
    from api.house import House
    from ledger.fsck.findings import Report
    from ledger.log.log import Sessions
    from tools.ledger.place import Place

_NAMES = {
    "entries": "条目",
    "tiles": "分片",
    "old partial tiles": "旧分片",
    "events": "事件",
    "erased": "已删除密钥的事件",
    "not yet published": "待发布条目",
    "documents": "文件",
    "erased documents": "已删除密钥的文件",
    "unreferenced objects": "无登记对象",
}


@click.command()
@placed
@click.option("--documents/--no-documents", default=True, show_default=True, help="Open every document too. 含文件")
@click.option("--jobs", type=click.IntRange(1, 64), help="Processes for the tiles; default: one a core. 进程数")
@answering
@click.pass_context
def fsck(
    ctx: click.Context,
    at: str | None,
    vkey: str | None,
    trust: Path | None,
    lang: Language | None,
    jobs: int | None,
    *,
    documents: bool,
    as_json: bool,
) -> None:
    """Derive tiles, checkpoint, rows, promises and documents again, and compare; nothing is changed, nothing repaired.

    重新推导账本的分片、检查点、数据库记录、承诺与文件摘要并逐一比对；只读，不修复。

    \b
    Another's log (--at) is checked by what it serves: checkpoint, tiles, and that no tag occurs twice.
    Exit code: 0 all agree; 1 something contradicts; 2 could not tell; 3 the request is wrong.
    """  # noqa: D301  \b is click's own mark: keep the lines of this paragraph
    from ledger.fsck.fsck import check_log

    with open_place(at, vkey, trust) as place:
        if place.house is not None:
            report = _own(place.house, place, jobs or os.cpu_count() or 1, documents=documents, quiet=as_json)
        else:
            # Connections go to no other process: threads fetch ahead in this one.
            _, report = check_log(place.fetch, place.vkey)
    language = language_of(lang)
    answer = {
        "clean": report.clean,
        "origin": place.vkey.name,
        "counts": report.counts,
        "findings": [finding.as_json() for finding in report.findings],
    }
    tell(answer, _lines(report, language), as_json=as_json)
    ctx.exit(0 if report.clean else 1)


def _own(house: "House", place: "Place", jobs: int, *, documents: bool, quiet: bool) -> "Report":
    from api.schema import Role
    from ledger import store
    from ledger.fsck.fsck import check_own_log
    from licences.document_check import check_documents
    from tools.progress import shown_steps

    sessions: Sessions = lambda: house.database.session(Role.WORKER)  # noqa: E731
    now = datetime.now(UTC)
    with sessions() as session:
        head = store.head(session)
    with shown_steps("events 事件", 0 if head is None else head.size, hidden=quiet) as step:
        report = check_own_log(sessions, house.objects, house.wrapper, place.vkey, now, jobs=jobs, progress=step)
    if documents:
        with shown_steps("documents 文件", 0, hidden=quiet) as step:
            report.take(check_documents(sessions, house.objects, house.wrapper, step))
    return report


def _lines(report: "Report", language: Language) -> list[str]:
    counts = [
        f"{_NAMES[name] if language == 'zh' else name}: {number:,}" for name, number in sorted(report.counts.items())
    ]
    if report.clean:
        verdict = "一致：未发现矛盾" if language == "zh" else "clean: nothing contradicts anything"
    else:
        number = len(report.findings)
        verdict = f"不一致：发现 {number} 处矛盾" if language == "zh" else f"{number} contradictions found"
    return [verdict, " · ".join(counts), *(f"  {finding.message(language)}" for finding in report.findings)]
