"""What a check can say: stable codes, the outcome each means, its words, and what to do now."""

from dataclasses import dataclass
from enum import Enum

from ledger.errors import Language
from licences.verification.report import Outcome


class Advice(Enum):
    """What a person can do who could not be told. Nobody may be refused because a check could not run."""

    SUPPLY_TRUST = (
        "请提供信任列表（--trust trust.json）后重新核验",
        "supply the trust list (--trust trust.json) and verify again",
    )
    RENEW_TRUST = (
        "请向平台获取最新的信任列表后重新核验",
        "fetch the current trust list from the platform and verify again",
    )
    SUPPLY_STATUS = (
        "请联网核验，或取得最新的状态清单（--status status.jwt）后重新核验",
        "verify on line, or fetch the current status list (--status status.jwt) and verify again",
    )
    RETRY = (
        "请稍后重试；急办事项可先收纸质证照或容缺受理，事后补核",
        "try again later; where it cannot wait, take the paper licence or accept with verification to follow",
    )
    SUPPLY_DOCUMENT = (
        "请把所签的文件与签章放在同一文件夹（文件名加 .p7s），再次核验",
        "put the file beside its seal (the same name with .p7s behind it) and verify again",
    )
    SEAL_ONLY = (
        "作为证照使用前请向签发机关核实；只想核验印章真伪的，请用印章策略（--policy seal）再次核验",
        "ask the issuing authority before you accept it as a licence; to judge the seal alone, use the policy `seal`",
    )
    PAPER = (
        "请持证人出示纸质证照，或从发证平台重新下载原件；也可容缺受理，事后补核",
        "ask for the paper licence or a fresh download of the original, or accept with verification to follow",
    )
    ASK_ISSUER = (
        "请向签发机关核实；核实前可先收纸质证照或容缺受理",
        "ask the issuing authority; until it answers take the paper licence or accept with verification to follow",
    )

    @property
    def zh(self) -> str:
        """The advice in Chinese."""
        return self.value[0]

    @property
    def en(self) -> str:
        """The advice in English."""
        return self.value[1]


@dataclass(frozen=True, slots=True)
class Code:
    """One thing a check can say.

    code: upper case, unique within its check, never changed. reason: what the report's `reason` becomes.
    zh, en: a clause without a full stop, for a person who is not an engineer.
    """

    code: str
    outcome: Outcome
    reason: str
    zh: str
    en: str
    advice: Advice | None = None

    def message(self, language: Language) -> str:
        """Return the words in one language."""
        return self.zh if language == "zh" else self.en


NOT_APPLICABLE = Code(
    "NOT_APPLICABLE",
    "not_applicable",
    "check.not_applicable",
    "对这种文件不适用",
    "does not apply to this kind of input",
)
DEPENDENCY = Code(
    "DEPENDENCY",
    "not_run",
    "check.dependency",
    "因前面的检查未通过，未进行此项检查",
    "not checked, because a check it rests on did not pass",
    Advice.PAPER,
)
NO_TRUST_LIST = Code(
    "NO_TRUST_LIST",
    "not_run",
    "trust.no_trust_list",
    "没有提供信任列表，无法判断印章是否可信",
    "no trust list was supplied, so it cannot be said whether the seal is to be trusted",
    Advice.SUPPLY_TRUST,
)
BROKEN_CHECK = Code(
    "BROKEN_CHECK",
    "not_run",
    "service.fault",
    "核验程序自身出错，未能完成此项检查",
    "the verifier itself failed at this check",
    Advice.RETRY,
)
COMMON = (NOT_APPLICABLE, DEPENDENCY, NO_TRUST_LIST, BROKEN_CHECK)
"""Every check can say these; NO_TRUST_LIST only those that need one."""
