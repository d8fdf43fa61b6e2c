"""`elicence witness quorum`: who cosigned a checkpoint, judged by a policy file."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import click

from ledger.checkpoints import Checkpoint
from ledger.errors import Language
from ledger.notes import SignedNote, Vkey
from ledger.tlog_policy import Policy, Quorum
from ledger.tlog_policy import quorum as judge
from ledger.tlog_proof import HEADER, TlogProof
from ledger.witnessing import CLOCK_TOLERANCE
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
    rule = Policy.parse(policy.read_bytes())
    note = checkpoint.read_text("utf-8", errors="replace")
    if note.startswith(HEADER):
        note = TlogProof.parse(note).checkpoint
    signed = SignedNote.parse(note)
    found = judge(note, rule, not_after=datetime.now(UTC) + CLOCK_TOLERANCE)
    if rule.logs:
        # The policy says whose checkpoints it is about: another's is not witnessed by it.
        signed.verify([known.key for known in rule.logs if known.key.name == Checkpoint.parse(signed.text).origin])
    tell(quorum_answer(found) | {"checkpoint": signed.text}, quorum_lines(found, language), as_json=as_json)
    return REACHED if found.is_reached else NOT_REACHED


def quorum_answer(found: Quorum) -> Answer:
    """Return a judgement as programs read it."""
    return {
        "reached": found.is_reached,
        "cosigned": [{"name": name, "key": one.key.name, "at": written(one.at)} for name, one in found.cosigned],
        "missing": list(found.missing),
    }


def quorum_lines(found: Quorum, language: Language) -> list[str]:
    """Return a judgement as people read it."""
    chinese = language == "zh"
    heads = ("见证方", "密钥名称", "签署时间") if chinese else ("witness", "key", "cosigned")
    rows = [(name, one.key.name, told(one.at)) for name, one in found.cosigned]
    rows += [(name, "-", "缺" if chinese else "missing") for name in found.missing]
    enough = ("达到见证要求", "未达到见证要求") if chinese else ("the quorum is reached", "the quorum is NOT reached")
    return [*table(heads, rows), "", enough[0] if found.is_reached else enough[1]]


def vkeys_of(policy: Policy) -> Mapping[str, Vkey]:
    """Return the logs of a policy that sign with Ed25519, by origin."""
    return {known.key.name: known.key for known in policy.logs if isinstance(known.key, Vkey)}
