"""`elicence audit verify`: evidence files checked with a trust list, and with no access to whoever made them."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from ledger.errors import Language
from tools.audit.telling import MARKS, printable
from tools.audit.trusting import log_keys
from tools.audit.words import EVIDENCE, SCOPES, about_words, check_words, code_words
from tools.ca.answering import answering, language_of

if TYPE_CHECKING:
    from ledger.evidence.report import Check, Report
    from ledger.formats.checkpoints import Checkpoint
    from ledger.formats.notes import Vkey
    from ledger.monitor.client import LogSource
    from ledger.provenance.reading import Scan

_CODES: Final = {"valid": 0, "invalid": 1, "indeterminate": 2}
_WRONG_REQUEST: Final = 3
_PRECEDENCE: Final = (1, 3, 2, 0)
_COLOURS: Final = {"valid": "green", "invalid": "red", "indeterminate": "yellow"}
_VERDICTS: Final = {
    "valid": ("证据成立", "the evidence holds"),
    "invalid": ("证据不成立", "the evidence does not hold"),
    "indeterminate": ("无法判断", "could not tell"),
}
_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class _Unread:
    reason: str


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@click.option("--trust", type=click.Path(path_type=Path), help="Trust list with the log's key. 信任列表")
@click.option("--mirror", metavar="URL|FOLDER", help="The log, or a copy: proves completeness. 账本或其镜像")
@answering
@click.pass_context
def verify(
    ctx: click.Context,
    files: tuple[Path, ...],
    trust: Path | None,
    mirror: str | None,
    lang: Language | None,
    *,
    as_json: bool,
) -> None:
    """Check evidence files off line: chains of events, and broken promises.

    离线核验证据文件。Without --trust signatures are not judged; without --mirror completeness is what the log signed,
    and says so.

    \b
    Exit code: 0 all hold; 1 any does not; 3 any unreadable, or the request wrong; 2 any undecided.
    """  # noqa: D301  \b is click's own mark: keep the lines of this paragraph
    if mirror is not None and trust is None:
        raise click.UsageError("--mirror 须与 --trust 同时给出 / --mirror goes with --trust")
    language, vkeys = language_of(lang), None if trust is None else log_keys(trust)
    codes = set()
    for file in files:
        answer = _judge(file, vkeys, mirror)
        click.echo(_json_line(file, answer) if as_json else "\n".join(_lines(file, answer, language)))
        codes.add(_WRONG_REQUEST if isinstance(answer, _Unread) else _CODES[answer.verdict])
    ctx.exit(next(code for code in _PRECEDENCE if code in codes))


def _judge(file: Path, vkeys: "Mapping[str, Vkey] | None", mirror: str | None) -> "Report | _Unread":
    from ledger.evidence.evidence import MOST_BYTES
    from ledger.evidence.judging import judge_evidence

    try:
        with file.open("rb") as stream:
            data = stream.read(MOST_BYTES + 1)
    except OSError as error:
        return _Unread(error.strerror or type(error).__name__)
    scan = None if mirror is None or vkeys is None else _scan(data, vkeys, mirror)
    return judge_evidence(data, vkeys, scan)


def _scan(data: bytes, vkeys: "Mapping[str, Vkey]", place: str) -> "Scan | None":
    """Return a scan over the log up to the file's checkpoint: it raises what a log does that cannot be read or differs."""
    from ledger.evidence.judging import mirror_wanted
    from ledger.monitor.client import log_source

    wanted = mirror_wanted(data, vkeys)
    if wanted is None:
        return None
    return partial(_scanned, log_source(place), wanted, vkeys[wanted.origin])


def _scanned(
    source: "LogSource", wanted: "Checkpoint", vkey: "Vkey", tags: Collection[bytes]
) -> Mapping[bytes, Sequence[int]]:
    from ledger.log.reader import LogReader
    from ledger.provenance.errors import LogForked
    from ledger.provenance.mirror import Mirror

    log = LogReader.open(source.get, vkey)
    if log.size < wanted.size:
        raise LogForked(log.size, f"the evidence speaks of {wanted.size} entries")
    mirror = Mirror(wanted.origin)
    mirror.follow(wanted, source.get, log.size)
    return mirror.places(tags, source.get, log.size)


def _json_line(file: Path, answer: "Report | _Unread") -> str:
    name = str(file).encode("utf-8", "replace").decode("utf-8")
    if isinstance(answer, _Unread):
        return json.dumps({"file": name, "error": {"code": "file.unreadable", "reason": answer.reason}})
    return json.dumps({"file": name, **answer.as_json()}, ensure_ascii=False)


def _lines(file: Path, answer: "Report | _Unread", language: Language) -> Iterator[str]:
    yield click.style(printable(str(file)), bold=True)
    if isinstance(answer, _Unread):
        yield "  " + click.style(answer.reason, fg="red")
        return
    yield "  " + click.style(_VERDICTS[answer.verdict][0 if language == "zh" else 1], fg=_COLOURS[answer.verdict])
    for name, value in answer.about.items():
        if value is not None:
            yield f"  {about_words(name, language)}: {printable(_shown(value, language))}"
    for check in answer.checks:
        yield from _check_lines(check, language)


def _shown(value: object, language: Language) -> str:
    words = [str(part) for part in value.values()] if isinstance(value, dict) else [str(value)]
    if language == "zh":
        words[0] = (SCOPES if isinstance(value, dict) else EVIDENCE).get(words[0], words[0])
    return " ".join(words)


def _check_lines(check: "Check", language: Language) -> Iterator[str]:
    mark, colour = MARKS[check.outcome]
    count = f" ×{check.count}" if check.count > 1 else ""
    why = code_words(check.code, language)
    yield f"  {click.style(mark, fg=colour)} {check_words(check.id, language)}{': ' if why else ''}{why}{count}"
    for detail in check.details[:_SHOWN]:
        told = " ".join(f"{name}={value}" for name, value in detail.items() if name != "code")
        yield f"      {printable(told)}"
