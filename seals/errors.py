"""What the seals refuse.

DomainError
└── SealError                       this package's root
    ├── JsonUnreadable              not a signed JSON document in a form we read
    │   └── JsonOverLimits          larger, deeper or with more disclosures than we read
    ├── DisclosureInvalid           a disclosure was changed or belongs to another document (sd_jwt.py)
    ├── ClaimsNotSealable           these claims cannot be issued as an SD-JWT
    ├── OrganisationUnknown         no organisation under that code
    ├── OrganisationRefused         code, name or dates of an organisation are wrong
    ├── SealUnknown                 no seal under that id or code
    ├── SealRefused                 what was handed in does not make a seal
    ├── SealStopped                 suspended, cancelled, expired or replaced
    ├── SealCertificateNotValid     its certificate does not hold at this moment
    ├── SealNotGranted              no grant for this system and licence type now
    ├── SealNotAuthorised           no standing authorisation for this system to seal by itself now
    ├── DailyLimitReached           as many uses today as the grant or the authorisation allows
    ├── …                           what is refused in a seal's life (life_errors.py)
    ├── …                           what a national seal is refused for (ses_errors.py)
    ├── …                           what an OFD package cannot be read or sealed for (ofd_errors.py)
    ├── …                           what a seal beside a file cannot be read for (detached_errors.py)
    ├── …                           what keeps a seal's key from being reached (provider_errors.py)
    └── …                           what a PDF cannot be read or sealed for (pdf_errors.py)
"""

from dataclasses import dataclass

from ledger.errors import DomainError, Language
from seals.words import refusal_words, state_words


class SealError(DomainError):
    """Root of what the seals refuse."""

    code = "seals.error"
    zh = "印章处理出错"
    en = "the seal could not be used"


@dataclass(eq=False)
class JsonUnreadable(SealError):
    """The bytes are no signed JSON document in a form we read; `reason` is a stable word."""

    code = "seals.json_unreadable"
    zh = "无法读取签名的 JSON 文件：{reason}"
    en = "this is not a signed JSON document we can read: {reason}"

    reason: str


@dataclass(eq=False)
class JsonOverLimits(JsonUnreadable):
    """Well formed as far as we looked, but larger than we read."""

    code = "seals.json_over_limits"
    zh = "签名的 JSON 文件超出读取上限：{reason}"
    en = "the signed JSON document is over our limits: {reason}"


@dataclass(eq=False)
class ClaimsNotSealable(SealError):
    """The claims, or what shall be disclosable in them, cannot be issued."""

    code = "seals.claims_not_sealable"
    zh = "无法签发该 JSON 内容：{reason}"
    en = "these claims cannot be sealed: {reason}"

    reason: str


@dataclass(eq=False)
class OrganisationUnknown(SealError):
    """No organisation is registered under that code."""

    code = "seals.organisation_unknown"
    zh = "未登记的机构：{uscc}。请先登记机构"
    en = "no organisation is registered under {uscc}; register it first"

    uscc: str


@dataclass(eq=False)
class OrganisationRefused(SealError):
    """The organisation's code, name or dates are wrong, or it is registered otherwise."""

    code = "seals.organisation_refused"
    zh = "机构登记被拒绝：{reason}"
    en = "the organisation cannot be registered: {reason}"

    reason: str


@dataclass(eq=False)
class SealUnknown(SealError):
    """No seal is registered under that id or code."""

    code = "seals.unknown"
    zh = "未登记的印章：{seal}"
    en = "no seal is registered as {seal}"

    seal: str


@dataclass(eq=False)
class SealRefused(SealError):
    """What was handed in does not make a seal."""

    code = "seals.refused"
    zh = "印章登记被拒绝：{reason}"
    en = "the seal cannot be registered: {reason}"

    reason: str


@dataclass(eq=False)
class SealStopped(SealError):
    """The seal is not active: nothing more is sealed with it."""

    code = "seals.stopped"
    zh = "印章 {seal} 当前状态为 {state}，不能使用"
    en = "seal {seal} is {state} and cannot be used"

    seal: str
    state: str

    def spoken(self, language: Language) -> dict[str, object]:
        """Return the fields, the state in words."""
        return self.details() | {"state": state_words(self.state, language)}


@dataclass(eq=False)
class SealCertificateNotValid(SealError):
    """The seal's certificate, or the seal's own period, does not hold now."""

    code = "seals.certificate_not_valid"
    zh = "印章 {seal} 的证书或有效期不在有效期内，请更换证书"
    en = "the certificate or period of seal {seal} does not hold now; renew it"

    seal: str


@dataclass(eq=False)
class SealNotGranted(SealError):
    """Nobody granted this use: no grant, revoked, outside its dates, or for another licence type."""

    code = "seals.not_granted"
    zh = "没有使用印章 {seal} 的授权（{reason}）。请联系印章管理员"
    en = "the use of seal {seal} is not granted ({reason}); ask the seal custodian"

    seal: str
    reason: str

    def spoken(self, language: Language) -> dict[str, object]:
        """Return the fields, the reason in words."""
        return self.details() | {"reason": refusal_words(self.reason, language)}


@dataclass(eq=False)
class SealNotAuthorised(SealError):
    """Nobody approved that this system seals by itself now: none, ended, not decided yet, or out of hours."""

    code = "seals.not_authorised"
    zh = "系统没有使用印章 {seal} 自动用章的有效授权（{reason}）。请申请自动用章授权并由他人审批"
    en = "the system has no standing authorisation for seal {seal} now ({reason}); apply for one, and have it approved"

    seal: str
    reason: str

    def spoken(self, language: Language) -> dict[str, object]:
        """Return the fields, the reason in words."""
        return self.details() | {"reason": refusal_words(self.reason, language)}


@dataclass(eq=False)
class DailyLimitReached(SealError):
    """As many uses were opened today as the grant, or the standing authorisation, allows."""

    code = "seals.daily_limit_reached"
    zh = "印章 {seal} 今日用章次数已达上限 {limit} 次。请明日再办，或申请提高上限"
    en = "seal {seal} was used {limit} times today, which is its limit; come back tomorrow, or apply for a higher one"

    seal: str
    limit: int
