"""A trace as one page that needs nothing else: the chain as a picture, uses by day, and every event with its proof."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ledger.errors import Language
from ledger.event_kinds import EventKind
from ledger.provenance.provenance import Chain, Link
from seals.local_time import local_date
from tools.audit.telling import open_cells, proof_cell
from tools.audit.words import SCOPES, SUBJECTS, complete_words, gap_words, kind_word
from tools.ca.answering import told

if TYPE_CHECKING:
    from jinja2 import Template

    from api.auditing import Audited

ROW: Final = 32
"""Events of a chain that stand side by side; the line goes back and forth, so that it never jumps."""
_STEP: Final = 28
_EDGE: Final = 18
_MOST_BARS: Final = 120
_BAR_HEIGHT: Final = 72

_GROUPS: Final[Mapping[str, frozenset[EventKind]]] = {
    "law": frozenset(
        {
            EventKind.ISSUED,
            EventKind.DELIVERED,
            EventKind.AMENDED,
            EventKind.RENEWED,
            EventKind.REPLACED,
            EventKind.REINSTATED,
            EventKind.EXTENDED,
            EventKind.RESUMED,
            EventKind.APPLIED,
            EventKind.APPROVED,
            EventKind.MADE,
            EventKind.IMPORTED,
            EventKind.GRANTED,
        }
    ),
    "stop": frozenset(
        {
            EventKind.SUSPENDED,
            EventKind.WITHDRAWN,
            EventKind.ANNULLED,
            EventKind.REVOKED,
            EventKind.CANCELLED,
            EventKind.VOIDED,
            EventKind.EXPIRED,
            EventKind.ERASED,
            EventKind.REJECTED,
            EventKind.STOPPED,
            EventKind.RECALLED,
        }
    ),
    "audit": frozenset({EventKind.AUDIT_OPENED}),
}
_LEGEND: Final[Mapping[str, tuple[str, str]]] = {
    "law": ("设立与变更", "made or changed"),
    "stop": ("停止效力", "stopped"),
    "use": ("使用", "used"),
    "audit": ("审计查阅", "audit"),
    "bad": ("未通过核验", "failed"),
    "wait": ("待写入", "waiting"),
    "gap": ("缺口", "missing"),
}


@dataclass(frozen=True, slots=True)
class _Node:
    """One square of the picture. group: its colour; mark: what stands in it; title: what a pointer shows."""

    x: int
    y: int
    group: str
    mark: str
    title: str


@dataclass(frozen=True, slots=True)
class _Bar:
    x: float
    height: float
    title: str


def page_of(audited: "Audited", language: Language) -> str:
    """Return the page as HTML, all of it in one file, no script."""
    return _template().render(
        language=language,
        zh=language == "zh",
        audited=audited,
        scope=SCOPES[audited.scope.kind] if language == "zh" else audited.scope.kind,
        log=audited.trace.log.checkpoint,
        root=audited.trace.log.checkpoint.root.hex(),
        at=told(audited.at),
        sound=audited.trace.sound,
        legend=[(group, words[0 if language == "zh" else 1]) for group, words in _LEGEND.items()],
        chains=[_chain(audited, chain, language) for chain in audited.trace.chains],
        bar_height=_BAR_HEIGHT,
    )


@cache
def _template() -> "Template":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    loader = FileSystemLoader(Path(__file__).parent)
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined).get_template("page.html")


def _chain(audited: "Audited", chain: Chain, language: Language) -> dict[str, object]:
    state = chain.completeness
    nodes = _nodes(chain, language)
    bars = _bars(chain)
    return {
        "title": " · ".join(audited.labels.get(chain.subject, ())) or str(chain.subject),
        "word": SUBJECTS[chain.kind] if language == "zh" else chain.kind,
        "erased": chain.erased,
        "sound": chain.sound,
        "state": state.state,
        "complete": complete_words(state.state, state.entries, state.size, language),
        "gaps": [gap_words(gap.code, gap.seq, gap.index, language) for gap in chain.gaps],
        "nodes": nodes,
        "line": " ".join(f"{node.x},{node.y}" for node in nodes),
        "width": 2 * _EDGE + _STEP * (min(ROW, max(len(nodes), 1)) - 1),
        "height": 2 * _EDGE + _STEP * ((max(len(nodes), 1) - 1) // ROW),
        "bars": bars,
        "bars_width": max((bar.x for bar in bars), default=0) + 8,
        "days": _days(chain),
        "kinds": [(kind_word(kind, language), count) for kind, count in _counted(chain)],
        "rows": [_row(link, language, opened=audited.opened) for link in chain.links],
    }


def _nodes(chain: Chain, language: Language) -> list[_Node]:
    """Return the squares in the order of the chain, a gap where a number is missing."""
    told_gaps = {gap.seq: gap_words(gap.code, gap.seq, gap.index, language) for gap in chain.gaps}
    placed = {link.recorded.place.seq: link for link in chain.links if link.recorded.place is not None}
    items: list[tuple[str, str, str]] = []
    for seq in sorted({*placed, *told_gaps}):
        if seq in placed:
            items.append(_square(placed[seq], language))
        else:
            items.append(("gap", "?", told_gaps[seq]))
    items += [_square(link, language) for link in chain.links if link.recorded.place is None]
    return [_Node(*_at(number), *item) for number, item in enumerate(items)]


def _square(link: Link, language: Language) -> tuple[str, str, str]:
    item = link.recorded
    title = f"{told(item.recorded_at)} {kind_word(item.kind, language)} {proof_cell(link, language)}"
    if any(finding.outcome == "failed" for finding in link.findings):
        return "bad", "✗", title
    if item.place is None:
        return "wait", "…", title
    group = next((name for name, kinds in _GROUPS.items() if item.kind in kinds), "use")
    return group, "", title


def _at(number: int) -> tuple[int, int]:
    """Return where a square stands: rows go right, then left."""
    row, column = divmod(number, ROW)
    return _EDGE + _STEP * (column if row % 2 == 0 else ROW - 1 - column), _EDGE + _STEP * row


def _days(chain: Chain) -> tuple[str, str]:
    days = [local_date(link.recorded.recorded_at) for link in chain.links]
    return (str(min(days)), str(max(days))) if days else ("", "")


def _bars(chain: Chain) -> list[_Bar]:
    """Return how many events there were in each stretch of time, the stretches as long as the page has room for."""
    counted = Counter(local_date(link.recorded.recorded_at) for link in chain.links)
    if not counted:
        return []
    first, last = min(counted), max(counted)
    length = -(-((last - first).days + 1) // _MOST_BARS)
    stretches: Counter[int] = Counter()
    for day, count in counted.items():
        stretches[(day - first).days // length] += count
    most = max(stretches.values())
    return [
        _Bar(6.0 * number, round(_BAR_HEIGHT * count / most, 1), f"{_stretch(first, number, length)}: {count}")
        for number, count in sorted(stretches.items())
    ]


def _stretch(first: date, number: int, length: int) -> str:
    begin = first + timedelta(days=number * length)
    return str(begin) if length == 1 else f"{begin} – {begin + timedelta(days=length - 1)}"


def _counted(chain: Chain) -> list[tuple[str, int]]:
    return Counter(link.recorded.kind for link in chain.links).most_common()


def _row(link: Link, language: Language, *, opened: bool) -> dict[str, object]:
    item, event = link.recorded, link.event
    return {
        "seq": "" if item.place is None else item.place.seq,
        "index": "" if item.place is None else f"#{item.place.index:,}",
        "at": told(item.recorded_at),
        "kind": kind_word(item.kind, language),
        "id": item.id,
        "proof": proof_cell(link, language),
        "bad": any(finding.outcome == "failed" for finding in link.findings),
        "cells": list(_cells(event)) if opened else [],
    }


def _cells(event: "Mapping[str, object] | None") -> Sequence[str]:
    return ("-",) * 4 if event is None else open_cells(event)
