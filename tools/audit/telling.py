"""A trace as people read it: a timeline of each chain, with the proof of every event and every gap."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import click

from ledger.errors import Language
from ledger.provenance.provenance import Chain, Finding, Link
from tools.audit.words import SUBJECTS, code_words, complete_words, gap_words, kind_word
from tools.ca.answering import table, told

if TYPE_CHECKING:
    from api.auditing import Audited

MARKS: Final = {
    "passed": ("✓", "green"),
    "failed": ("✗", "red"),
    "warning": ("!", "yellow"),
    "not_run": ("?", "yellow"),
    "not_applicable": ("-", None),
}
_HEADS: Final = {
    "zh": ("序号", "时间", "事件", "账本位置", "证明"),
    "en": ("no.", "time", "event", "entry", "proof"),
}
_OPEN_HEADS: Final = {
    "zh": ("单位", "办件", "用途或结果", "账号"),
    "en": ("unit", "case", "purpose or result", "account"),
}


def timeline(audited: "Audited", language: Language) -> list[str]:
    """Return the lines of a trace."""
    log = audited.trace.log
    known = sum(len(chain.links) for chain in audited.trace.chains)
    if language == "zh":
        head = f"账本 {log.checkpoint.origin} · {log.size:,} 条 · 链 {len(audited.trace.chains)} 条 · 事件 {known:,} 个"
    else:
        chains = len(audited.trace.chains)
        head = f"log {log.checkpoint.origin} · entries {log.size:,} · chains {chains} · events {known:,}"
    lines = [head, *_order_lines(audited, language)]
    for chain in audited.trace.chains:
        lines += ["", *_chain_lines(audited, chain, language)]
    return [*lines, "", _verdict(audited, language)]


def _order_lines(audited: "Audited", language: Language) -> Iterator[str]:
    if audited.order is not None:
        yield f"{'审计任务书' if language == 'zh' else 'audit order'} {audited.order.number}"
    elif language == "zh":
        yield "未凭审计任务书：事件内容未打开"
    else:
        yield "no audit order: events are not opened"


def _chain_lines(audited: "Audited", chain: Chain, language: Language) -> Iterator[str]:
    names = " · ".join(audited.labels.get(chain.subject, ())) or str(chain.subject)
    word = SUBJECTS[chain.kind] if language == "zh" else chain.kind
    yield click.style(f"{word} {printable(names)}", bold=True)
    if chain.erased:
        yield "  " + ("主体数据已依法删除" if language == "zh" else "the subject was erased")
    state = chain.completeness
    colour = {"proved": "green", "broken": "red"}.get(state.state, "yellow")
    yield "  " + click.style(complete_words(state.state, state.entries, state.size, language), fg=colour)
    for gap in chain.gaps:
        yield "  " + click.style(f"✗ {gap_words(gap.code, gap.seq, gap.index, language)}", fg="red")
    heads = _HEADS[language] + (_OPEN_HEADS[language] if audited.opened else ())
    rows = [_row(link, language, opened=audited.opened) for link in chain.links]
    yield from ("  " + line for line in table(heads, rows))


def _row(link: Link, language: Language, *, opened: bool) -> Sequence[str]:
    place = link.recorded.place
    cells = (
        "-" if place is None else str(place.seq),
        told(link.recorded.recorded_at),
        kind_word(link.recorded.kind, language),
        "-" if place is None else f"#{place.index}",
        proof_cell(link, language),
    )
    return (*cells, *_open_cells(link)) if opened else cells


def proof_cell(link: Link, language: Language) -> str:
    """Return the three findings as marks, and what is wrong in words."""
    marks = "".join(MARKS[finding.outcome][0] for finding in link.findings)
    codes = dict.fromkeys(finding.code for finding in link.findings if _matters(finding))
    return " ".join([marks, *(code_words(code, language) for code in codes)])


def _matters(finding: Finding) -> bool:
    return finding.code is not None and finding.code != "PREDECESSOR_NOT_ASKED"


def _open_cells(link: Link) -> Sequence[str]:
    event = link.event
    if event is None:
        return ("-",) * 4
    return tuple(printable(cell) for cell in open_cells(event))


def open_cells(event: "dict[str, Any] | Any") -> tuple[str, str, str, str]:
    """Return of an opened event the unit, the case, the purpose and the account; "-" for what it does not tell."""
    actor = event["actor"]
    unit = actor["on_behalf_of"] or actor["operator_unit"] or "-"
    purpose = event.get("purpose") or event.get("item") or event.get("detail", {}).get("verdict") or "-"
    return str(unit), str(event.get("case", "-")), str(purpose), str(actor["id"])


def _verdict(audited: "Audited", language: Language) -> str:
    if audited.trace.sound:
        text = "全部核验通过" if language == "zh" else "everything that was looked at holds"
        return click.style(text, fg="green", bold=True)
    text = "有事件未通过核验或缺失，见 ✗" if language == "zh" else "something failed or is missing, see ✗"
    return click.style(text, fg="red", bold=True)


def printable(text: str) -> str:
    """Return the text without characters that could steer a terminal."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)
