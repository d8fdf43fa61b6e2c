"""`elicence witness quorum`: who cosigned a checkpoint, judged by a policy file."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import click

from ledger.errors import Language
from ledger.formats.notes import SignedNote, Vkey
from ledger.formats.tlog_policy import Policy, Quorum, read_policy
from ledger.formats.tlog_policy import quorum as judge
from ledger.formats.tlog_proof import HEADER, TlogProof
from ledger.witness.witnessing import CLOCK_TOLERANCE
from tools.ca.answering import Answer, answering, language_of, table, tell, told, written

REACHED, NOT_REACHED = 0, 2
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("policy", type=_FILE)
@click.argument("checkpoint", type=_FILE)
@answering
def quorum(policy: Path, checkpoint: Path, lang: Language | None, *, as_json: bool) -> int:
    """Say who of the witnesses of POLICY (C2SP tlog-policy) has cosigned CHECKPOINT, and whether that is enough.

    按策略文件核对检查点的见证签名。CHECKPOINT is a checkpoint or a .tlog-proof. Exit code 2: not enough.
    """
    language = language_of(lang)
    rule = read_policy(policy)
    note = checkpoint.read_text("utf-8", errors="replace")
    if note.startswith(HEADER):
        note = TlogProof.parse(note).checkpoint
    found = judge(note, rule, not_after=datetime.now(UTC) + CLOCK_TOLERANCE)
    tell(
        quorum_answer(found) | {"checkpoint": SignedNote.parse(note).text},
        quorum_lines(found, language),
        as_json=as_json,
    )
    return REACHED if found.is_reached else NOT_REACHED


def quorum_answer(found: Quorum) -> Answer:
    """Return a judgement as programs read it."""
    return {
        "reached": found.is_reached,
        "log_listed": found.log_is_listed,
        "cosigned": [{"name": name, "key": one.key.name, "at": written(one.at)} for name, one in found.cosigned],
        "missing": list(found.missing),
    }


def quorum_lines(found: Quorum, language: Language) -> list[str]:
    """Return a judgement as people read it."""
    chinese = language == "zh"
    heads = ("见证方", "密钥名称", "签署时间") if chinese else ("witness", "key", "cosigned")
    rows = [(name, one.key.name, told(one.at)) for name, one in found.cosigned]
    rows += [(name, "-", "缺" if chinese else "missing") for name in found.missing]
    return [*table(heads, rows), "", _verdict(found, chinese=chinese)]


def _verdict(found: Quorum, *, chinese: bool) -> str:
    if not found.log_is_listed:
        return "该策略未列出此账本" if chinese else "the policy is NOT about this log"
    if found.is_reached:
        return "达到见证要求" if chinese else "the quorum is reached"
    return "未达到见证要求" if chinese else "the quorum is NOT reached"


def vkeys_of(policy: Policy) -> Mapping[str, Vkey]:
    """Return the logs of a policy that sign with Ed25519, by origin."""
    return {known.key.name: known.key for known in policy.logs if isinstance(known.key, Vkey)}
