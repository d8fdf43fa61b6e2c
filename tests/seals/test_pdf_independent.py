"""The whole table: each level by each kind of key, in memory and on a token, as everybody else's tools judge it.

pyHanko (its plain judgement and the AdES one that fits the level), pdfsig, `openssl cms -verify -cades` for each seal and
`openssl ts -verify` for each timestamp, of the signature and of the document.
"""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest

from ledger.signing import SignatureAlgorithm, Signer
from seals.cms.cms import read_cms, split_padding
from seals.pdf.evidence import read_pdf
from seals.pdf.extension import Extender
from tests.ca.soft_token import SoftToken
from tests.ca.test_token_keys import rsa_made_elsewhere
from tests.seals.house import PLACEMENT, SECOND, Party, authority, page, root_certificate, sealer
from tests.seals.keys import NOW, root
from tests.seals.outside_tools import openssl_cms_verify, openssl_ts_verify, pdfsig
from tests.seals.parties import KINDS, certified, party_of
from tests.seals.pyhanko_oracle import ades_passes, judge, lta_passes
from tests.seals.test_pdf_extension import LATER, material

TableLevel = Literal["B-B", "B-T", "B-LT", "B-LTA"]
LEVELS: tuple[TableLevel, ...] = ("B-B", "B-T", "B-LT", "B-LTA")
ALGORITHMS: dict[str, SignatureAlgorithm] = {
    "P-256": "ES256", "P-384": "ES384", "RSA-2048": "RS256", "RSA-3072": "RS256",
}  # fmt: skip
_VALUE = re.compile(rb"/ByteRange ?\[ ?0 (\d+) (\d+) (\d+) *\]")


@pytest.fixture(scope="module")
def extender() -> Iterator[Extender]:
    with Extender() as one:
        yield one


@pytest.fixture(scope="module")
def on_token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Party]]:
    """A token with a key of each kind; the shorter RSA key is one that it has long had."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        keys = SoftToken.make(tmp_path_factory.mktemp("token"), monkeypatch).keys()
        signers: dict[str, Signer] = {kind: keys.create(kind, ALGORITHMS[kind]) for kind in KINDS if kind != "RSA-2048"}
        rsa_made_elsewhere("RSA-2048", 2048)
        signers["RSA-2048"] = keys.signer("RSA-2048")
        yield {kind: certified(signer, f"9901010000{90 + KINDS.index(kind):04d}") for kind, signer in signers.items()}


def made(party: Party, level: TableLevel, extender: Extender) -> bytes:
    data = sealer(None if level == "B-B" else authority().stamp, party).seal(page(), PLACEMENT, NOW).data
    if level in {"B-B", "B-T"}:
        return data
    return extender.extend(data, material(), authority().stamp, LATER, "B-LT" if level == "B-LT" else "B-LTA")


def accepted_by_pyhanko(data: bytes, level: TableLevel) -> None:
    if level == "B-LTA":
        assert lta_passes(data, root().certificate, LATER + timedelta(hours=1)) == (True, "AdESPassed.OK")
    else:
        assert judge(data, root().certificate, NOW).bottom_line
        assert ades_passes(data, root().certificate, with_time=level != "B-B") == (True, "AdESPassed.OK")


def accepted_by_openssl(folder: Path, data: bytes) -> int:
    """Ask for each value in the file; return how many timestamps there are."""
    stamps = 0
    later = SECOND + int((LATER - NOW).total_seconds())
    for found in _VALUE.finditer(data):
        first, second, rest = (int(number) for number in found.groups())
        value, _ = split_padding(bytes.fromhex(data[first + 1 : second - 1].decode()))
        content = data[:first] + data[second : second + rest]
        if b"ETSI.RFC3161" in data[data.rindex(b" obj", 0, first) : data.index(b"endobj", second)]:
            assert "Verification: OK" in openssl_ts_verify(folder, value, content, root_certificate(), later)
            stamps += 1
            continue
        verified = openssl_cms_verify(folder, value, content, root_certificate(), SECOND)
        assert "CAdES Verification successful" in verified
        cms = read_cms(value)
        if cms.token is not None:
            told = openssl_ts_verify(folder, cms.token, cms.signature, root_certificate(), SECOND)
            assert "Verification: OK" in told
            stamps += 1
    return stamps


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("store", ["memory", "token"])
def test_everybody_accepts(
    tmp_path: Path, request: pytest.FixtureRequest, extender: Extender, store: str, kind: str, level: TableLevel
) -> None:
    party = party_of(kind) if store == "memory" else request.getfixturevalue("on_token")[kind]
    data = made(party, level, extender)
    seal = read_pdf(data).seal
    assert seal is not None
    assert (seal.fault, seal.canonical_faults, seal.coverage_faults) == (None, (), ())
    assert seal.algorithm == ALGORITHMS[kind]
    assert seal.docmdp == 2

    accepted_by_pyhanko(data, level)
    assert accepted_by_openssl(tmp_path, data) == {"B-B": 0, "B-T": 1, "B-LT": 1, "B-LTA": 2}[level]
    (tmp_path / "sealed.pdf").write_bytes(data)
    printed = pdfsig(tmp_path, tmp_path / "sealed.pdf", root_certificate())
    assert printed.count("Signature is Valid.") == printed.count("Certificate is Trusted.") >= 1


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_accepts_a_changed_page(tmp_path: Path, extender: Extender, kind: str) -> None:
    """The table would be worth nothing if those tools said yes to everything."""
    data = made(party_of(kind), "B-T", extender)
    changed = data.replace(b"/MediaBox", b"/MediaBax", 1)
    assert changed != data
    assert not judge(changed, root().certificate, NOW).bottom_line
    with pytest.raises(AssertionError):
        accepted_by_openssl(tmp_path, changed)
    (tmp_path / "sealed.pdf").write_bytes(changed)
    assert "Signature is Valid." not in pdfsig(tmp_path, tmp_path / "sealed.pdf", root_certificate())
