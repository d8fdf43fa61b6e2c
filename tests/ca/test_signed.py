"""A signature is verified before it leaves."""

from dataclasses import dataclass

import pytest

from ca.algorithms.signatures import identifier, verify
from ca.encoding import der
from ca.keys.software_signer import SoftwareSigner
from ca.reading.certificate_reader import signed_parts
from ca.writing import profiles
from ca.writing.certificate_errors import SignatureFaulty
from ca.writing.certificates import Authority, DistinguishedName, issue, issue_root
from ca.writing.pkcs10 import make_pkcs10
from ca.writing.revocation import make_crl
from ca.writing.signed import signed
from ledger.signing import SignatureAlgorithm
from tests.ca.house import NOW, YEAR

NAME = DistinguishedName("测试", "测试市")
TBS = der.sequence(der.integer(7))


@dataclass(frozen=True)
class FaultyDevice:
    """A device that flips a bit of what it is given to sign: its signature is good, for other bytes."""

    key: SoftwareSigner

    @property
    def algorithm(self) -> SignatureAlgorithm:
        return self.key.algorithm

    @property
    def public_key(self) -> bytes:
        return self.key.public_key

    def sign(self, data: bytes) -> bytes:
        return self.key.sign(data[:-1] + bytes((data[-1] ^ 1,)))


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "RS256", "Ed25519", "SM2"])
def test_the_outer_shape(algorithm: SignatureAlgorithm) -> None:
    signer = SoftwareSigner.generate(algorithm)
    tbs, written, signature = signed_parts(signed(TBS, signer))
    assert (tbs.raw, written.raw) == (TBS, identifier(algorithm))
    assert verify(signer.public_key, written.raw, TBS, signature)
    with pytest.raises(SignatureFaulty) as refused:
        signed(TBS, FaultyDevice(signer))
    assert refused.value.algorithm == algorithm


def test_nothing_of_a_faulty_device_goes_out() -> None:
    key = SoftwareSigner.generate("ES256")
    good = issue_root(profiles.ROOT, NAME, key, NOW, NOW + YEAR)
    faulty = FaultyDevice(key)
    with pytest.raises(SignatureFaulty):
        issue_root(profiles.ROOT, NAME, faulty, NOW, NOW + YEAR)
    with pytest.raises(SignatureFaulty):
        issue(profiles.STATUS, NAME, key.public_key, Authority(good, faulty), NOW, NOW + YEAR)
    with pytest.raises(SignatureFaulty):
        make_crl(Authority(good, faulty), 1, (), NOW, NOW + YEAR)
    with pytest.raises(SignatureFaulty):
        make_pkcs10(faulty, NAME)
