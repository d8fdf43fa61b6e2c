"""A seal's key and certificate chain for tests, made once a run."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from ca.keys.software_signer import SoftwareSigner
from ca.timestamping.timestamps import TimestampAuthority
from ca.writing.certificates import Authority, DistinguishedName, issue, issue_root
from ca.writing.profiles import ISSUING, ROOT, SEAL, TIMESTAMP
from seals.jwt.jades import Timestamper

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
SINCE, UNTIL = NOW - timedelta(days=30), NOW + timedelta(days=3650)
BUREAU_CODE = "11990100MB9T00011N"


@dataclass(frozen=True, slots=True)
class TestSeal:
    """chain: leaf, issuing CA; root: the anchor, which no document carries."""

    __test__ = False

    signer: SoftwareSigner
    chain: tuple[bytes, ...]
    root: bytes


@cache
def root() -> Authority:
    signer = SoftwareSigner.generate("ES256")
    return Authority(issue_root(ROOT, DistinguishedName("测试根", "测试市"), signer, SINCE, UNTIL), signer)


@cache
def issuing() -> Authority:
    signer = SoftwareSigner.generate("ES256")
    name = DistinguishedName("测试 CA", "测试市")
    return Authority(issue(ISSUING, name, signer.public_key, root(), SINCE, UNTIL), signer)


@cache
def seal_keys(code: str = "99010100000001", unit: str = BUREAU_CODE) -> TestSeal:
    signer = SoftwareSigner.generate("ES256")
    name = DistinguishedName(code, f"{unit} 测试市自然资源和规划局")
    leaf = issue(SEAL, name, signer.public_key, issuing(), SINCE, UNTIL)
    return TestSeal(signer, (leaf, issuing().certificate), root().certificate)


@cache
def timestamper() -> Timestamper:
    signer = SoftwareSigner.generate("ES256")
    leaf = issue(TIMESTAMP, DistinguishedName("测试时间戳", "测试市"), signer.public_key, root(), SINCE, UNTIL)
    return TimestampAuthority(signer, (leaf, root().certificate), "1.3.6.1.4.1.57264.2").stamp
