"""`elicence audit promise`: what became of a promise; of a broken one, evidence that convicts the log."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from ledger.errors import Language
from tools.audit.trusting import log_keys
from tools.ca.answering import Answer, answering, facts, language_of, tell, written
from tools.errors import ToolError

if TYPE_CHECKING:
    from ledger.formats.notes import Vkey
    from ledger.log.promises import VerifiedPromise

_CODES: Final = {"kept": 0, "broken": 1, "waiting": 2}
_MOST: Final = 1 << 20
_CLOCKS: Final = timedelta(minutes=1)
"""So far may two clocks be apart."""
_FATES: Final = {
    "kept": ("已兑现：事件在账本中", "kept: the event is in the log"),
    "waiting": ("尚未到期", "not due yet"),
    "broken": ("未兑现：账本承认没有该事件", "broken: the log admits that it has no such event"),
}


@dataclass(eq=False)
class AnswerUnusable(ToolError):
    """The log answered with something that does not hold: with the promise that convicts it too."""

    code = "tools.promise_answer_unusable"
    zh = "账本的答复不成立：{reason}。承诺本身即可作为证据"
    en = "the log's answer does not hold: {reason}. The promise itself is evidence against it"

    reason: str


@dataclass(frozen=True, slots=True)
class _Found:
    fate: str
    promise: "VerifiedPromise"
    note: str
    text: str


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--at", metavar="URL", help="Ask another house at this address. 向其他机构查询")
@click.option("--trust", type=click.Path(path_type=Path), help="Trust list with its log's key. 信任列表")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write proof or evidence. 导出证明或证据")
@answering
@click.pass_context
def promise(
    ctx: click.Context,
    file: Path,
    at: str | None,
    trust: Path | None,
    out: Path | None,
    lang: Language | None,
    *,
    as_json: bool,
) -> None:
    """Find out what became of the promise in FILE: the note, a receipt's answer, or the answer of an issuing.

    核查入账承诺是否兑现；未兑现时用 --out 导出第三方可核验的证据。

    \b
    Exit code: 0 kept; 1 broken; 2 not due yet, or could not tell; 3 the request is wrong.
    """  # noqa: D301  \b is click's own mark: keep the lines of this paragraph
    from ledger.evidence.promises import promise_in
    from ledger.log.promise_keeping import make_evidence
    from tools.whole_files import write_whole

    if (at is None) != (trust is None):
        raise click.UsageError("--at 与 --trust 须同时给出 / --at and --trust go together")
    with file.open("rb") as stream:
        note = promise_in(stream.read(_MOST))
    found = _ours(note) if at is None or trust is None else _asked(at, note, log_keys(trust))
    if out is not None and found.text:
        data = make_evidence(note, found.text) if found.fate == "broken" else found.text
        write_whole(out, data.encode())
    language = language_of(lang)
    tell(_json(found), facts(_facts(found, language)), as_json=as_json)
    ctx.exit(_CODES[found.fate])


def _ours(note: str) -> _Found:
    from tools.audit.asking import opened_auditing

    with opened_auditing() as (_, auditing):
        answer = auditing.promised(note, datetime.now(UTC))
    return _Found(answer.fate, answer.promise, note, answer.text)


def _asked(address: str, note: str, vkeys: "Mapping[str, Vkey]") -> _Found:
    """Ask another house, and believe what it proves; raises AnswerUnusable."""
    from ca.outside.http_client import HttpClient
    from ledger.log.promises import read_promise

    promised = read_promise(note, vkeys)
    data = HttpClient().post(address.rstrip("/") + "/v1/promises", note.encode(), "text/plain", _MOST)
    answer = _object(data)
    match answer.get("fate"), answer.get("proof"), answer.get("denial"):
        case "waiting", None, None:
            if datetime.now(UTC) > promised.deadline + _CLOCKS:
                raise AnswerUnusable("it says that the promise is not due yet, and its deadline is over")
            return _Found("waiting", promised, note, "")
        case "kept", str(proof), None:
            _check_kept(promised, proof, vkeys)
            return _Found("kept", promised, note, proof)
        case "broken", None, str(denial):
            _check_broken(note, denial, vkeys)
            return _Found("broken", promised, note, denial)
    raise AnswerUnusable("it is no answer about a promise")


def _object(data: bytes) -> dict[str, Any]:
    import json

    from ledger.formats.canonical import NotCanonical, bound_text

    try:
        bound_text(data)
        found = json.loads(data)
    except (ValueError, RecursionError, NotCanonical) as error:
        raise AnswerUnusable("it is not JSON") from error
    return found if isinstance(found, dict) else {}


def _check_kept(promised: "VerifiedPromise", proof: str, vkeys: "Mapping[str, Vkey]") -> None:
    from ledger.errors import LedgerError
    from ledger.formats.tlog_proof import TlogProof
    from ledger.log.promise_keeping import verify_kept

    try:
        verify_kept(promised, TlogProof.parse(proof), vkeys)
    except LedgerError as error:
        raise AnswerUnusable(error.message("en")) from error


def _check_broken(note: str, denial: str, vkeys: "Mapping[str, Vkey]") -> None:
    from ledger.errors import LedgerError
    from ledger.log.promise_keeping import make_evidence, verify_evidence

    try:
        verify_evidence(make_evidence(note, denial), vkeys)
    except LedgerError as error:
        raise AnswerUnusable(error.message("en")) from error


def _json(found: _Found) -> Answer:
    answer: Answer = {
        "fate": found.fate,
        "event": found.promise.event,
        "origin": found.promise.origin,
        "deadline": written(found.promise.deadline),
    }
    names = {"kept": "proof", "broken": "denial"}
    return answer | ({names[found.fate]: found.text} if found.text else {})


def _facts(found: _Found, language: Language) -> list[tuple[str, str]]:
    names = ("结果", "事件", "账本", "期限") if language == "zh" else ("fate", "event", "log", "deadline")
    values = (
        _FATES[found.fate][0 if language == "zh" else 1],
        found.promise.event,
        found.promise.origin,
        written(found.promise.deadline) or "",
    )
    return list(zip(names, values, strict=True))
