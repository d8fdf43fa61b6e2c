"""What reading and sealing an OFD package refuses.

SealError
├── OfdUnreadable          not an OFD package, damaged, or said in a way that two readers could understand differently
│   └── OfdOverLimits      well formed as far as we looked, but larger, deeper or denser than we read
├── OfdEncrypted           files in it are encrypted
├── OfdRefused             a lawful package that we do not seal
└── OfdPageMissing         the page to be sealed is not there
"""

from dataclasses import dataclass

from seals.errors import SealError


@dataclass(eq=False)
class OfdUnreadable(SealError):
    """The bytes are no OFD package that can be read in one way only; `reason` is a stable word."""

    code = "seals.ofd_unreadable"
    zh = "无法读取该 OFD 文件：{reason}"
    en = "this OFD package cannot be read: {reason}"

    reason: str


@dataclass(eq=False)
class OfdOverLimits(OfdUnreadable):
    """Larger, deeper or denser than we read."""

    code = "seals.ofd_over_limits"
    zh = "OFD 文件超出读取上限：{reason}"
    en = "the OFD package is over our limits: {reason}"


@dataclass(eq=False)
class OfdEncrypted(SealError):
    """Files of the package are encrypted."""

    code = "seals.ofd_encrypted"
    zh = "OFD 文件已加密，请提供未加密的文件"
    en = "the OFD package is encrypted; provide one without a password"


@dataclass(eq=False)
class OfdRefused(SealError):
    """The package cannot be sealed as it is; `reason` is a stable word."""

    code = "seals.ofd_refused"
    zh = "无法在该 OFD 文件上盖章：{reason}"
    en = "the OFD package cannot be sealed: {reason}"

    reason: str


@dataclass(eq=False)
class OfdPageMissing(SealError):
    """The document has no such page."""

    code = "seals.ofd_page_missing"
    zh = "OFD 文件共 {pages} 页，没有第 {page} 页"
    en = "the OFD document has {pages} pages and no page {page}"

    page: int
    pages: int
