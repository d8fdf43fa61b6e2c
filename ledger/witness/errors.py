"""What a witness refuses, each with the status that c2sp.org/tlog-witness gives it.

LedgerError
└── WitnessRefusal          this request is not cosigned
    ├── WitnessRequestUnreadable  400  not of the form; or the old size is beyond the checkpoint's
    ├── WitnessOriginUnknown      404  a log that this witness does not watch
    ├── WitnessLogUnsigned        403  none of the log's keys has signed, or one wrongly
    ├── WitnessConflict           409  the old size is not the witness's; or another root for the same size
    │   └── WitnessFork                the log has signed two roots for one size: proof of its misbehaviour, and kept
    ├── WitnessProofInvalid       422  the tree does not continue the one that was cosigned
    └── WitnessUnable             503  clock or store cannot be relied on; nothing was cosigned
└── WitnessSilent            a log asked a witness and got no answer that counts
└── WitnessMisplaced         the witness's folder is not what it should be
"""

from dataclasses import dataclass
from typing import ClassVar

from ledger.errors import LedgerError


class WitnessRefusal(LedgerError):
    """Root of what a witness refuses. status: the HTTP status of the protocol."""

    code = "ledger.witness_refused"
    status: ClassVar[int] = 400


@dataclass(eq=False)
class WitnessRequestUnreadable(WitnessRefusal):
    """The body is not that of an add-checkpoint request."""

    code = "ledger.witness_request_unreadable"
    zh = "不是有效的 add-checkpoint 请求（{reason}）"
    en = "that is no add-checkpoint request: {reason}"

    reason: str


@dataclass(eq=False)
class WitnessOriginUnknown(WitnessRefusal):
    """The checkpoint is of a log that this witness does not watch."""

    code = "ledger.witness_origin_unknown"
    zh = "本见证方未登记该账本"
    en = "this witness does not watch that log"
    status = 404


@dataclass(eq=False)
class WitnessLogUnsigned(WitnessRefusal):
    """No key of that log has signed the checkpoint, or one of them has signed something else."""

    code = "ledger.witness_log_unsigned"
    zh = "检查点没有该账本的有效签名"
    en = "no key of that log has signed this checkpoint"
    status = 403


@dataclass(eq=False)
class WitnessConflict(WitnessRefusal):
    """The request starts from a size that is not the witness's latest. size: the latest."""

    code = "ledger.witness_conflict"
    zh = "请求的起点与见证方最近签署的大小 {size} 不符"
    en = "the latest checkpoint that was cosigned has size {size}; start from there"
    status = 409

    size: int


@dataclass(eq=False)
class WitnessFork(WitnessConflict):
    """The log has signed another root for the size that was cosigned."""

    code = "ledger.witness_fork"
    zh = "该账本对同一大小 {size} 签署了不同的根：账本已分叉，证据已保存"
    en = "the log has signed another root for size {size}: it is forked, and both checkpoints are kept as evidence"


@dataclass(eq=False)
class WitnessProofInvalid(WitnessRefusal):
    """The proof does not show that the log continues."""

    code = "ledger.witness_proof_invalid"
    zh = "一致性证明不成立：{reason}"
    en = "the consistency proof does not hold: {reason}"
    status = 422

    reason: str


@dataclass(eq=False)
class WitnessUnable(WitnessRefusal):
    """The witness cannot do its work at present; it has cosigned nothing."""

    code = "ledger.witness_unable"
    zh = "见证方暂时无法签署（{reason}），请稍后重试"
    en = "the witness cannot cosign at present: {reason}. Try again later"
    status = 503

    reason: str


@dataclass(eq=False)
class WitnessSilent(LedgerError):
    """A witness was asked and gave nothing that counts."""

    code = "ledger.witness_silent"
    zh = "见证方 {name} 没有给出可用的见证签名：{reason}"
    en = "the witness {name} gave no cosignature that counts: {reason}"

    name: str
    reason: str


@dataclass(eq=False)
class WitnessMisplaced(LedgerError):
    """The store is missing, of another witness, or of another release: it is never made anew in silence."""

    code = "ledger.witness_misplaced"
    zh = "见证库无法使用：{zh_reason}"
    en = "the witness's store cannot be used: {reason}"

    zh_reason: str
    reason: str
