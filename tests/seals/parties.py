"""Seals by every kind of key, for PDF."""

from dataclasses import dataclass
from functools import cache

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ca.encoding import der
from ca.keys.software_signer import SoftwareSigner
from ca.reading.certificate_reader import read_certificate
from ca.writing.certificates import DistinguishedName, issue
from ca.writing.profiles import SEAL
from ca.writing.signed import signed
from ledger.signing import SignatureAlgorithm, Signer
from tests.seals.house import Party
from tests.seals.keys import BUREAU_CODE, SINCE, UNTIL, issuing, root

KINDS = ("P-256", "P-384", "RSA-2048", "RSA-3072")


@dataclass(frozen=True)
class Rsa2048:
    """A key such as seals from outside still have; our own are longer."""

    key: rsa.RSAPrivateKey
    algorithm: SignatureAlgorithm = "RS256"

    @property
    def public_key(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, data: bytes) -> bytes:
        return self.key.sign(data, padding.PKCS1v15(), hashes.SHA256())


@cache
def signer_of(kind: str) -> Signer:
    """Return the key of a kind, made once a run."""
    if kind == "RSA-2048":
        return Rsa2048(rsa.generate_private_key(65_537, 2048))
    algorithms: dict[str, SignatureAlgorithm] = {"P-256": "ES256", "P-384": "ES384", "RSA-3072": "RS256"}
    return SoftwareSigner.generate(algorithms[kind])


@cache
def party_of(kind: str) -> Party:
    """Return a seal by a key of a kind."""
    return certified(signer_of(kind), f"9901010000{KINDS.index(kind):04d}")


def certified(signer: Signer, code: str) -> Party:
    """Certify a key as a seal's."""
    name = DistinguishedName(code, f"{BUREAU_CODE} 测试市自然资源和规划局")
    leaf = issue(SEAL, name, _for_profile(signer).public_key, issuing(), SINCE, UNTIL)
    if isinstance(signer, Rsa2048):
        # Our own authority would not: the key is put into a certificate that it made for another.
        members = [one.raw for one in der.children(der.read(read_certificate(leaf).tbs))]
        members[6] = signer.public_key
        leaf = signed(der.sequence(*members), issuing().signer)
    return Party(signer, (leaf, issuing().certificate, root().certificate))


def _for_profile(signer: Signer) -> Signer:
    return SoftwareSigner.generate("ES256") if isinstance(signer, Rsa2048) else signer
