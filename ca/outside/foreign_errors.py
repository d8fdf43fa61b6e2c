"""What goes wrong with services of other authorities: revocation lists, OCSP responders, timestamp authorities.

CAError
├── ForeignUnavailable     nothing usable came, and may come later
├── ForeignRefused         the service said no, or something that cannot be believed
├── AnchorMismatch         a root is not the one whose fingerprint the operator gave
└── ChainUnusable          certificates of another authority that cannot be used here
"""

from dataclasses import dataclass

from ca.errors import CAError


@dataclass(eq=False)
class ForeignUnavailable(CAError):
    """Another authority's service gives no usable answer now.

    service: its address without query; zh_reason, reason: what happened.
    """

    code = "ca.foreign_unavailable"
    zh = "外部服务 {service} 暂不可用：{zh_reason}"
    en = "the service {service} of another authority is not available: {reason}"

    service: str
    zh_reason: str
    reason: str


@dataclass(eq=False)
class ForeignRefused(CAError):
    """Another authority's service refused, or its answer cannot be believed: trying again helps nobody."""

    code = "ca.foreign_refused"
    zh = "外部服务 {service} 拒绝了请求，或其应答不可采信：{zh_reason}"
    en = "the service {service} of another authority refused, or its answer cannot be believed: {reason}"

    service: str
    zh_reason: str
    reason: str


@dataclass(eq=False)
class AnchorMismatch(CAError):
    """The root certificate is not the one whose fingerprint the operator gave."""

    code = "ca.anchor_mismatch"
    zh = "根证书的 SHA-256 指纹是 {found}，与给出的指纹不符，未导入"
    en = "the root certificate's SHA-256 fingerprint is {found}, not the one that was given: nothing was taken in"

    found: str


@dataclass(eq=False)
class ChainUnusable(CAError):
    """The certificates of another authority do not fit the key, each other, or what they are to be used for."""

    code = "ca.chain_unusable"
    zh = "无法使用外部机构的证书链：{zh_reason}"
    en = "the other authority's chain cannot be used: {reason}"

    zh_reason: str
    reason: str
