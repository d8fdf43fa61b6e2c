"""`elicence verify`: judge files with no server and no network."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING, BinaryIO, Final

import click

from ledger.errors import Language
from tools.languages import chosen_language
from tools.verify_output import NO_FILE, Unreadable, json_line, paragraphs

if TYPE_CHECKING:
    from licences.verification.report import Report
    from licences.verification_process import Payload, VerificationPool

PROOF_SUFFIX: Final = ".tlog-proof"
SEAL_SUFFIX: Final = ".p7s"
_SIGNED_BY: Final = {"SignedValue.dat": "Signature.xml"}
"""In an OFD package that was taken apart: the value, and the file beside it that it is over."""
_MAX_PROOF: Final = 2 * 1024 * 1024
_MAX_SEAL: Final = 1024 * 1024
_MAX_MATERIAL: Final = 64 * 1024 * 1024
_CHUNK: Final = 1024 * 1024
_EXIT_CODES: Final = {"valid": 0, "invalid": 1, "indeterminate": 2}
_WRONG_REQUEST: Final = 3
_PRECEDENCE: Final = (1, 3, 2, 0)
"""Of several files: any invalid, else any that could not be read, else any undecided, else all valid."""


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@click.option("--trust", type=click.Path(path_type=Path), help="Trust list (trust.json). 信任列表")
@click.option("--status", type=click.Path(path_type=Path), help="Signed status list (status.jwt). 状态清单")
@click.option("--policy", default="default", show_default=True, help="Id of the policy. 核验策略")
@click.option("--as-of", metavar="TIME", help="Ask about a past moment: 2026-11-22T10:00:00+08:00. 所问的时间点")
@click.option("--known-at", metavar="TIME", help="Use only what was known by then. 只采用当时已知的情况")
@click.option("--json", "as_json", is_flag=True, help="One line of JSON a file. 每个文件输出一行 JSON")
@click.option("--lang", type=click.Choice(["zh", "en"]), help="Language of the answer. 输出语言")
@click.pass_context
def verify(
    ctx: click.Context,
    files: tuple[Path, ...],
    trust: Path | None,
    status: Path | None,
    policy: str,
    as_of: str | None,
    known_at: str | None,
    *,
    as_json: bool,
    lang: Language | None,
) -> None:
    """Verify sealed files (PDF, OFD, JSON, SD-JWT, .esl, SES values) off line; the type is told by the content.

    A .tlog-proof beside a file is read, and so is its seal: any FILE with FILE.p7s beside it. Without --trust and
    --status the verdict is "could not tell". --policy seal judges the seals alone, not whether a licence is in force.

    \b
    Exit code: 0 all valid; 1 any invalid; 3 any file unreadable, or the request wrong; 2 any undecided.
    """  # noqa: D301  \b is click's own mark: keep the lines of this paragraph
    from licences.verification_process import VerificationPool

    question = _question(_material(trust), _material(status), policy, as_of, known_at)
    with VerificationPool(workers=1, start_method="fork") as pool:
        codes = set()
        for file in files:
            answer = _verify(file, question, pool)
            if as_json:
                click.echo(json_line(str(file), answer))
            else:
                click.echo(paragraphs(str(file), answer, lang or chosen_language()))
            codes.add(_WRONG_REQUEST if isinstance(answer, Unreadable) else _EXIT_CODES[answer.verdict])
    ctx.exit(next(code for code in _PRECEDENCE if code in codes))


def _question(
    trust: bytes | None, status: bytes | None, policy_id: str, as_of: str | None, known_at: str | None
) -> "Payload":
    """Return what is the same for every file; raises what is wrong with the request before any file is read."""
    from licences.verification.offline import offline_sources
    from licences.verification.request import new_verification_id, parse_moment
    from licences.verification_process import Payload

    now = datetime.now(UTC)
    question = Payload(
        document=b"",
        now=now,
        request_id=new_verification_id(now),
        trust=trust,
        status=status,
        as_of=None if as_of is None else parse_moment(as_of, now),
        known_at=None if known_at is None else parse_moment(known_at, now),
        policy_id=policy_id,
    )
    question.request()
    offline_sources(now, trust=trust)
    return question


def _verify(file: Path, question: "Payload", pool: "VerificationPool") -> "Report | Unreadable":
    from licences.verification.request import new_verification_id

    limit = question.request().policy.max_document_bytes
    try:
        question = replace(question, request_id=new_verification_id(question.now), proof=_proof_beside(file))
        found = _read(file, limit)
        seal = _beside(file, SEAL_SUFFIX, _MAX_SEAL)
        if isinstance(found, _TooLarge):
            return _judge_unread(found, question) if seal is None else pool.verify(_large(question, file, seal))
        return pool.verify(_with_companion(replace(question, document=found), file, seal, limit))
    except _NotAFile:
        return NO_FILE
    except OSError as error:
        return Unreadable(error.strerror or type(error).__name__)


def _with_companion(question: "Payload", file: Path, seal: bytes | None, limit: int) -> "Payload":
    """Add what belongs to a document: the seal beside it, or the file of a seal, be that too large to be held."""
    content = file.with_name(_content_name(file)) if file.name else file
    if seal is not None or content == file or not content.exists():
        return replace(question, companion=seal)
    found = _read(content, limit)
    if isinstance(found, _TooLarge):
        return _large(question, content, question.document)
    return replace(question, companion=found)


def _content_name(file: Path) -> str:
    """Return the name of what a seal's file is over; of any other file its own."""
    if file.name.endswith(SEAL_SUFFIX) and file.name != SEAL_SUFFIX:
        return file.name.removesuffix(SEAL_SUFFIX)
    return _SIGNED_BY.get(file.name, file.name)


def _large(question: "Payload", file: Path, seal: bytes) -> "Payload":
    return replace(question, document=b"", companion=seal, file=file)


class _NotAFile(Exception):
    """A folder, a device, a pipe or a socket: reading it may never end, or change something."""


def _opened(file: Path) -> BinaryIO:
    """Open a regular file, or what a link leads to; raises _NotAFile, OSError."""
    _require_file(file.stat())  # before it is opened: there are devices that begin to work then
    descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK)
    try:
        _require_file(os.fstat(descriptor))  # it may be another one by now
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def _require_file(status: os.stat_result) -> None:
    if not S_ISREG(status.st_mode):
        raise _NotAFile


@dataclass(frozen=True, slots=True)
class _TooLarge:
    """A file over the limit, of which only this is kept."""

    size: int
    digest: bytes


def _read(file: Path, limit: int) -> bytes | _TooLarge:
    """Return the bytes; of more than the limit, size and digest, never holding them all."""
    digest, size, kept = hashlib.sha256(), 0, bytearray()
    with _opened(file) as stream:
        for chunk in iter(lambda: stream.read(_CHUNK), b""):
            digest.update(chunk)
            size += len(chunk)
            if size <= limit:
                kept += chunk
    return bytes(kept) if size <= limit else _TooLarge(size, digest.digest())


def _judge_unread(found: _TooLarge, question: "Payload") -> "Report":
    from licences.verification.engine import judge
    from licences.verification.examination import over_limit
    from licences.verification.offline import offline_sources

    return judge(over_limit(found.size, found.digest), offline_sources(question.now), question.request())


def _proof_beside(file: Path) -> bytes | None:
    for candidate in _proof_names(file):
        if candidate != file and candidate.exists():
            return _beginning(candidate, _MAX_PROOF)
    return None


def _beside(file: Path, suffix: str, limit: int) -> bytes | None:
    candidate = file.with_name(file.name + suffix) if file.name else file
    return _beginning(candidate, limit) if candidate != file and candidate.exists() else None


def _beginning(file: Path, limit: int) -> bytes:
    with _opened(file) as stream:
        # One byte more than any such thing has: a longer file is none, and says so by not parsing.
        return stream.read(limit + 1)


def _proof_names(file: Path) -> Iterator[Path]:
    """Yield `licence.pdf.tlog-proof` and `licence.tlog-proof`."""
    if not file.name:
        return
    yield file.with_name(file.name + PROOF_SUFFIX)
    yield file.with_name(file.stem + PROOF_SUFFIX)


def _material(file: Path | None) -> bytes | None:
    """Read the verifier's own material; raises MaterialUnreadable."""
    from licences.verification.errors import MaterialUnreadable

    if file is None:
        return None
    try:
        with file.open("rb") as stream:
            data = stream.read(_MAX_MATERIAL + 1)
    except OSError as error:
        raise MaterialUnreadable(name=str(file), reason=error.strerror or type(error).__name__) from error
    if len(data) > _MAX_MATERIAL:
        raise MaterialUnreadable(name=str(file), reason="larger than 64 MiB")
    return data
