"""`elicence verify` and `elicence checks`: judge files with no server and no network."""

import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from ledger.errors import Language
from tools.languages import chosen_language

if TYPE_CHECKING:
    from licences.verification.report import Report
    from licences.verification_process import Payload, VerificationPool

PROOF_SUFFIX: Final = ".tlog-proof"
_MAX_MATERIAL: Final = 128 * 1024 * 1024
_CHUNK: Final = 1024 * 1024
_EXIT_CODES: Final = {"valid": 0, "invalid": 1, "indeterminate": 2}
_WRONG_REQUEST: Final = 3
_PRECEDENCE: Final = (1, 3, 2, 0)
"""Of several files: any invalid, else any that could not be read, else any undecided, else all valid."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that the system would not give us."""

    reason: str

    def message(self, language: Language) -> str:
        """Return it as a clause."""
        return f"无法读取文件：{self.reason}" if language == "zh" else f"the file cannot be read: {self.reason}"


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE…")
@click.option("--trust", type=click.Path(path_type=Path), help="Trust list (trust.json). 信任列表")
@click.option("--status", type=click.Path(path_type=Path), help="Signed status list (status.jwt). 状态清单")
@click.option("--policy", default="default", show_default=True, help="Id of the policy. 核验策略")
@click.option("--as-of", metavar="TIME", help="Ask about a past moment, e.g. 2026-11-22T10:00:00+08:00. 所问的时间点")
@click.option("--known-at", metavar="TIME", help="Use only what was known by then. 只采用该时间点之前已知的情况")
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
    """Verify licence FILES (PDF, JSON, SD-JWT) off line; the type is told by the content.

    A .tlog-proof beside a file is read. Without --trust and --status the verdict is "could not tell".
    Exit code: 0 all valid, 1 any invalid, 3 any file unreadable or the request wrong, 2 any undecided.
    """
    from licences.verification.offline import offline_sources
    from licences.verification.policy import policy as find_policy
    from licences.verification_process import Payload, VerificationPool

    now = datetime.now(UTC)
    material = _Material(_material(trust), _material(status), find_policy(policy).max_document_bytes)
    # A trust list that cannot be used, and a moment that cannot be meant, are mistakes of the request, told at once.
    offline_sources(now, trust=material.trust)
    asked = _Moments(_moment(as_of, now), _moment(known_at, now))

    def payload(document: bytes, proof: bytes | None) -> Payload:
        from licences.verification.request import new_verification_id

        return Payload(
            document=document,
            now=now,
            request_id=new_verification_id(now),
            trust=material.trust,
            status=material.status,
            proof=proof,
            as_of=asked.as_of,
            known_at=asked.known_at,
            policy_id=policy,
        )

    payload(b"", None).request()
    show = _json_line if as_json else _human(lang or chosen_language())
    with VerificationPool(workers=1, start_method="fork") as pool:
        codes = [show(file, _verify(file, pool, payload, material)) for file in files]
    ctx.exit(next(code for code in _PRECEDENCE if code in codes))
