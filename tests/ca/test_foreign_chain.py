"""Chains of other authorities for keys of ours: what is taken in, in whatever order, and what is not."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ca import pem
from ca.certificates import Authority, issue, issue_root
from ca.locations import Locations
from ca.names import DistinguishedName
from ca.outside_chain import ChainUnusable, certificates_in, chain_for, keep_chain, kept_chain
from ca.profiles import CLIENT, ISSUING, ROOT
from ca.software_signer import SoftwareSigner
from tests.ca.house import NOW

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
LATER = NOW + timedelta(days=1)


@given(st.permutations([LEAF, MIDDLE, TOP, OTHER]))
def test_any_order_gives_the_chain_and_leaves_the_rest(certificates: list[bytes]) -> None:
    assert chain_for(OURS.public_key, certificates, LATER) == (LEAF, MIDDLE, TOP)


def test_a_root_may_be_left_out() -> None:
    assert chain_for(OURS.public_key, [MIDDLE, LEAF], LATER) == (LEAF, MIDDLE)


@pytest.mark.parametrize(
    ("certificates", "when"),
    [
        ([], LATER),
        ([MIDDLE, TOP], LATER),
        ([LEAF], LATER),
        ([LEAF, TOP], LATER),
        ([OTHER, MIDDLE, TOP], LATER),
        ([LEAF, LEAF, MIDDLE], LATER),
        ([LEAF, MIDDLE, TOP], NOW + 2 * YEAR),
        ([LEAF, MIDDLE, TOP], NOW - YEAR),
    ],
    ids=["nothing", "no leaf", "no issuer", "a gap", "another key's", "twice", "expired", "not yet valid"],
)
def test_what_does_not_fit_is_refused(certificates: list[bytes], when: object) -> None:
    with pytest.raises(ChainUnusable):
        chain_for(OURS.public_key, certificates, when)  # type: ignore[arg-type]


def test_files_hold_pem_or_der_and_other_things_are_refused() -> None:
    bundle = pem.encode("CERTIFICATE", LEAF) + b"text between\n" + pem.encode("CERTIFICATE", MIDDLE)
    assert certificates_in([bundle, TOP]) == (LEAF, MIDDLE, TOP)
    for rubbish in (b"", b"rubbish", TOP[:-1], TOP + b"0", bundle[:-20], bytes(2 * 1024 * 1024)):
        with pytest.raises(ChainUnusable):
            certificates_in([rubbish])


def test_a_chain_is_kept_and_an_earlier_one_replaced(tmp_path: Path) -> None:
    assert kept_chain(tmp_path, "seal-1") == ()
    path = keep_chain(tmp_path, "seal-1", [LEAF, MIDDLE])
    assert path.stat().st_mode & 0o777 == 0o600
    assert kept_chain(tmp_path, "seal-1") == (LEAF, MIDDLE)
    keep_chain(tmp_path, "seal-1", [LEAF, MIDDLE, TOP])
    assert kept_chain(tmp_path, "seal-1") == (LEAF, MIDDLE, TOP)
