"""What anchoring refuses.

LedgerError
├── ChainError
│   ├── ChainUnavailable        the node does not answer: try again later
│   ├── ChainAnswerInvalid      the node answers what no node of an EVM chain says
│   ├── ChainRefused            the node or the contract refuses a transaction
│   ├── ChainChanged            the node is one of another chain than before
│   ├── ContractUnknown         under that address there is no contract of ours
│   └── AccountUnusable         the file with an account's key cannot be opened
└── FatalLedgerError
    └── AnchorContradiction     what the chain holds is not what our log is: alarm, send nothing
"""

from dataclasses import dataclass

from ledger.errors import FatalLedgerError, LedgerError


class ChainError(LedgerError):
    """Root of what a chain refuses, or cannot do."""

    code = "ledger.chain"


@dataclass(eq=False)
class ChainUnavailable(ChainError):
    """No answer in time. reason: the kind of failure; never the address, which may hold a key."""

    code = "ledger.chain_unavailable"
    zh = "区块链节点暂不可用（{reason}），将稍后重试"
    en = "the chain's node does not answer ({reason}); it is tried again later"

    reason: str


@dataclass(eq=False)
class ChainAnswerInvalid(ChainError):
    """An answer that cannot be used; `reason` names what was asked."""

    code = "ledger.chain_answer_invalid"
    zh = "区块链节点的应答无法使用（{reason}），请核对 ELICENCE_CHAIN_URL 是否指向以太坊 JSON-RPC 节点"
    en = "the chain's node gave an answer that cannot be used ({reason}); is ELICENCE_CHAIN_URL an Ethereum JSON-RPC node?"

    reason: str


@dataclass(eq=False)
class ChainRefused(ChainError):
    """The transaction was refused, by the node or, when tried without sending, by the contract."""

    code = "ledger.chain_refused"
    zh = "区块链拒绝了交易：{reason}"
    en = "the chain refuses the transaction: {reason}"

    reason: str


@dataclass(eq=False)
class ChainChanged(ChainError):
    """The address leads to another chain than when we began: nothing seen there is about ours."""

    code = "ledger.chain_changed"
    zh = "区块链节点已换成另一条链（原为 {before}，现为 {now}），请核对 ELICENCE_CHAIN_URL；确已换链则重新启动"
    en = "the node is of another chain now ({now}, it was {before}): check ELICENCE_CHAIN_URL, and restart if that is meant"

    before: int
    now: int


@dataclass(eq=False)
class ContractUnknown(ChainError):
    """No code, or code that is not the contract of this version."""

    code = "ledger.chain_contract_unknown"
    zh = "地址 {address} 上没有本程序的存证合约，请核对 ELICENCE_CHAIN_CONTRACT，或用 elicence anchor deploy 部署"
    en = "there is no anchor contract of ours at {address}: check ELICENCE_CHAIN_CONTRACT, or run `elicence anchor deploy`"

    address: str


@dataclass(eq=False)
class AccountUnusable(ChainError):
    """The key file of a chain account cannot be opened."""

    code = "ledger.chain_account_unusable"
    zh = "链上账户密钥文件 {name} 无法使用：{zh_reason}"
    en = "the key file {name} of a chain account cannot be used: {reason}"

    name: str
    zh_reason: str
    reason: str


@dataclass(eq=False)
class AnchorContradiction(FatalLedgerError):
    """The chain holds a state that our log does not continue. Whoever is wrong, nobody may anchor over it."""

    code = "ledger.anchor_contradiction"
    zh = "链上存证与账本不一致：{reason}。已停止存证，请保留现场并核查账本与发布账户密钥"
    en = "the chain and the log contradict one another: {reason}. Anchoring has stopped: examine the log and the publisher's key"
