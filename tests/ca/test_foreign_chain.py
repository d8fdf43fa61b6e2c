"""Chains of other authorities for keys of ours: what is taken in, in whatever order, and what is not."""

import hashlib
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ca.encoding import pem
from ca.keys.software_signer import SoftwareSigner
from ca.outside.foreign_chain import certificates_in, examine_chain
from ca.outside.foreign_errors import AnchorMismatch, ChainUnusable
from ca.reading.names import DistinguishedName
from ca.writing.certificates import Authority, issue, issue_root
from ca.writing.locations import Locations
from ca.writing.profiles import CLIENT, ISSUING, ROOT
from tests.ca.house import NOW
from tests.seals import national

YEAR = timedelta(days=365)
WHERE = Locations.of("http://ca.example", "issuing-systems")


def name(text: str) -> DistinguishedName:
    return DistinguishedName(text, "测试外部机构")


ROOT_SIGNER, CA_SIGNER, OURS = (SoftwareSigner.generate("ES256") for _ in range(3))
TOP = issue_root(ROOT, name("测试外部根"), ROOT_SIGNER, NOW, NOW + 10 * YEAR)
MIDDLE = issue(
    ISSUING, name("测试外部签发"), CA_SIGNER.public_key, Authority(TOP, ROOT_SIGNER), NOW, NOW + 5 * YEAR, WHERE
)
LEAF = issue(CLIENT, name("测试系统"), OURS.public_key, Authority(MIDDLE, CA_SIGNER), NOW, NOW + YEAR, WHERE)
OTHER = issue(
    CLIENT,
    name("别的系统"),
    SoftwareSigner.generate("ES256").public_key,
    Authority(MIDDLE, CA_SIGNER),
    NOW,
    NOW + YEAR,
    WHERE,
)
FINGERPRINT = hashlib.sha256(TOP).hexdigest()
LATER = NOW + timedelta(days=1)


@given(st.permutations([LEAF, MIDDLE, TOP, OTHER]))
def test_any_order_gives_the_chain_and_leaves_the_rest(certificates: list[bytes]) -> None:
    chain = examine_chain("client", OURS.public_key, certificates, FINGERPRINT, LATER)
    assert tuple(one.der for one in chain.certificates) == (LEAF, MIDDLE, TOP)


@pytest.mark.parametrize(
    ("certificates", "when"),
    [
        ([], LATER),
        ([MIDDLE, TOP], LATER),
        ([LEAF], LATER),
        ([LEAF, TOP], LATER),
        ([OTHER, MIDDLE, TOP], LATER),
        ([LEAF, MIDDLE], LATER),
        ([LEAF, MIDDLE, TOP], NOW + 2 * YEAR),
        ([LEAF, MIDDLE, TOP], NOW - YEAR),
    ],
    ids=["nothing", "no leaf", "no issuer", "a gap", "another key's", "no root", "expired", "not yet valid"],
)
def test_what_does_not_fit_is_refused(certificates: list[bytes], when: datetime) -> None:
    with pytest.raises(ChainUnusable):
        examine_chain("client", OURS.public_key, certificates, FINGERPRINT, when)


def test_a_maker_of_seals_is_the_one_that_is_no_authority_and_has_an_sm2_key() -> None:
    top, middle, maker = national.root(), national.issuing(), national.maker()
    fingerprint = hashlib.sha256(top.certificate).hexdigest()
    files = [top.certificate, maker.certificate, middle.certificate]
    chain = examine_chain("seal-maker", None, files, fingerprint, NOW)
    assert tuple(one.der for one in chain.certificates) == (maker.certificate, middle.certificate, top.certificate)
    with pytest.raises(AnchorMismatch):
        examine_chain("seal-maker", None, files, FINGERPRINT, NOW)
    for wrong in ([*files, national.bureau().certificate], files[:1] + files[2:]):
        with pytest.raises(ChainUnusable, match="exactly one"):
            examine_chain("seal-maker", None, wrong, fingerprint, NOW)
    with pytest.raises(ChainUnusable, match="SM2"):
        examine_chain("seal-maker", None, [LEAF, MIDDLE, TOP], FINGERPRINT, LATER)


def test_files_hold_pem_or_der_and_other_things_are_refused() -> None:
    bundle = pem.encode("CERTIFICATE", LEAF) + b"text between\n" + pem.encode("CERTIFICATE", MIDDLE)
    assert certificates_in([bundle, TOP]) == (LEAF, MIDDLE, TOP)
    for rubbish in (b"", b"rubbish", TOP[:-1], TOP + b"0", bundle[:-20], bytes(2 * 1024 * 1024)):
        with pytest.raises(ChainUnusable):
            certificates_in([rubbish])
