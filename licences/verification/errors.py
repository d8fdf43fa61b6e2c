"""What a verification request can get wrong. What is wrong with a *document* is never an error: it is a report."""

from dataclasses import dataclass

from licences.errors import LicenceError


class VerificationError(LicenceError):
    """Root of what a verification request can get wrong."""

    code = "verification.error"
    zh = "核验请求有误"
    en = "the verification request is wrong"


@dataclass(eq=False)
class PolicyUnknown(VerificationError):
    """No policy has that id."""

    code = "verification.policy_unknown"
    zh = "没有名为 {policy} 的核验策略。可用：{known}"
    en = "there is no policy called {policy}; known: {known}"

    policy: str
    known: str


@dataclass(eq=False)
class MomentUnclear(VerificationError):
    """A moment without a time zone, or not a moment at all."""

    code = "verification.moment_unclear"
    zh = "无法理解时间 {value}。请写成 2026-11-22T10:00:00+08:00 或 2026-11-22"
    en = "cannot understand the time {value}; write 2026-11-22T10:00:00+08:00 or 2026-11-22"

    value: str


@dataclass(eq=False)
class MomentInFuture(VerificationError):
    """Nobody can say what will be in force later."""

    code = "verification.moment_in_future"
    zh = "{value} 尚未到来，无法核验将来的情况"
    en = "{value} is in the future; nobody can say what will be in force then"

    value: str


@dataclass(eq=False)
class LookupIncomplete(VerificationError):
    """A look-up without a file needs a code, or an identifier with a digest."""

    code = "verification.lookup_incomplete"
    zh = "请提供证照标识和文件摘要（sha-256:加 64 位十六进制），或二维码中的核验码"
    en = "give an identifier and a document digest (sha-256: and 64 hexadecimal digits), or the code of a QR"


@dataclass(eq=False)
class MaterialUnreadable(VerificationError):
    """The verifier's own material (trust list) cannot be used."""

    code = "verification.material_unreadable"
    zh = "无法使用 {name}：{reason}"
    en = "cannot use {name}: {reason}"

    name: str
    reason: str
