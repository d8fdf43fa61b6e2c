"""Why a trust list is not taken in the place of the one that is kept.

TrustListInvalid
├── TrustListOlder         an earlier list than one that was seen already
└── TrustListStrange       of another house, of a signer that was revoked, or a second one of the same number
"""

from dataclasses import dataclass

from ca.errors import TrustListInvalid


@dataclass(eq=False)
class TrustListOlder(TrustListInvalid):
    """Whoever holds the line could hand out a list of before a revocation, for as long as that list holds."""

    code = "ca.trust_list_older"
    zh = "该信任列表（编号 {offered}）早于已接受的信任列表（编号 {kept}），不予采用"
    en = "trust list {offered} is older than trust list {kept}, which was seen before: it is not taken"

    kept: int
    offered: int


@dataclass(eq=False)
class TrustListStrange(TrustListInvalid):
    """It is good in itself, but does not follow on the one that is kept."""

    code = "ca.trust_list_strange"
    zh = "该信任列表不能替换现有信任列表：{zh_reason}"
    en = "this trust list does not follow on the one that is kept: {reason}"

    zh_reason: str
