"""Seals by every kind of key, for PDF."""

from datetime import UTC, datetime
from functools import cache

from cryptography.hazmat.primitives.asymmetric import rsa

from ca.algorithms import signatures
from ca.keys.software_signer import SoftwareSigner
from ca.writing.certificates import DistinguishedName, issue
from ca.writing.profiles import SEAL
from ledger.signing import SignatureAlgorithm, Signer
from tests.seals.house import Party
from tests.seals.keys import BUREAU_CODE, SINCE, UNTIL, issuing, root

KINDS = ("P-256", "P-384", "RSA-2048", "RSA-3072")


END_OF_SHORT_KEYS = datetime(2028, 12, 31, tzinfo=UTC)


@cache
def signer_of(kind: str) -> Signer:
    """Return the key of a kind, made once a run."""
    if kind == "RSA-2048":
        return SoftwareSigner(rsa.generate_private_key(65_537, 2048))  # such as seals from outside still have
    algorithms: dict[str, SignatureAlgorithm] = {"P-256": "ES256", "P-384": "ES384", "RSA-3072": "RS256"}
    return SoftwareSigner.generate(algorithms[kind])


@cache
def party_of(kind: str) -> Party:
    """Return a seal by a key of a kind."""
    return certified(signer_of(kind), f"9901010000{KINDS.index(kind):04d}")


def certified(signer: Signer, code: str) -> Party:
    """Certify a key as a seal's."""
    name = DistinguishedName(code, f"{BUREAU_CODE} 测试市自然资源和规划局")
    until = END_OF_SHORT_KEYS if signatures.key_kind(signer.public_key) == ("RSA", 2048) else UNTIL
    leaf = issue(SEAL, name, signer.public_key, issuing(), SINCE, until)
    return Party(signer, (leaf, issuing().certificate, root().certificate))
