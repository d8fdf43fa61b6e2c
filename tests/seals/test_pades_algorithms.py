"""Every kind of key at every level, in software and on a token, judged by other people's tools."""

import re
from hashlib import sha256, sha384
from pathlib import Path

import pytest

from ledger.signing import SignatureAlgorithm
from seals.cms.cms import CmsWriter, read_cms, seal_scheme, split_padding
from seals.pdf.errors import CmsUnreadable
from seals.pdf.evidence import read_pdf
from tests.ca.soft_token import SoftToken
from tests.seals.house import PLACEMENT, SECOND, Party, authority, page, root_certificate, sealer
from tests.seals.keys import NOW, root
from tests.seals.mini_pdf import blank
from tests.seals.outside_tools import openssl_cms_verify, pdfsig
from tests.seals.parties import KINDS, certified, party_of
from tests.seals.pyhanko_oracle import ades_passes, judge

ALGORITHMS = {"P-256": "ES256", "P-384": "ES384", "RSA-2048": "RS256", "RSA-3072": "RS256"}


def accepted_by_all(folder: Path, data: bytes, *, with_time: bool) -> None:
    """Ask pyHanko, pdfsig and OpenSSL."""
    assert judge(data, root().certificate, NOW).bottom_line
    assert ades_passes(data, root().certificate, with_time=with_time) == (True, "AdESPassed.OK")
    (folder / "sealed.pdf").write_bytes(data)
    printed = pdfsig(folder, folder / "sealed.pdf", root_certificate())
    assert "Signature is Valid." in printed
    assert "Certificate is Trusted." in printed
    found = re.search(rb"/ByteRange\[0 (\d+) (\d+) (\d+) *\]", data)
    assert found is not None
    first, second, _ = (int(number) for number in found.groups())
    cms, _ = split_padding(bytes.fromhex(data[first + 1 : second - 1].decode()))
    content = data[:first] + data[second:]
    assert "CAdES Verification successful" in openssl_cms_verify(folder, cms, content, root_certificate(), SECOND)


@pytest.mark.parametrize("with_time", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_every_key_at_every_level(tmp_path: Path, kind: str, with_time: bool) -> None:  # noqa: FBT001
    made = sealer(authority().stamp if with_time else None, party_of(kind)).seal(page(), PLACEMENT, NOW)
    seal = read_pdf(made.data).seal
    assert seal is not None
    assert (seal.fault, seal.canonical_faults, seal.coverage_faults) == (None, (), ())
    assert seal.algorithm == ALGORITHMS[kind]
    assert seal.digest == made.digest
    assert len(seal.digest) == sha256().digest_size
    assert len(seal.signed_digest) == (sha384 if kind == "P-384" else sha256)().digest_size
    accepted_by_all(tmp_path, made.data, with_time=with_time)


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "RS256"])
def test_keys_on_a_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, algorithm: SignatureAlgorithm) -> None:
    token = SoftToken.make(tmp_path, monkeypatch)
    party = certified(token.keys().create("seal-1", algorithm), "99010100000009")
    data = sealer(authority().stamp, party).seal(page(), PLACEMENT, NOW).data
    accepted_by_all(tmp_path, data, with_time=True)


@pytest.mark.parametrize("kind", KINDS)
def test_every_changed_byte_of_the_value_is_found(kind: str) -> None:
    party = party_of(kind)
    writer = CmsWriter(party.chain)
    digest = (sha384 if kind == "P-384" else sha256)(b"content").digest()
    data = writer.assemble(digest, party.signer.sign(writer.signed_attributes(digest)), None)

    def genuine(value: bytes) -> bool:
        try:
            cms = read_cms(value)
        except CmsUnreadable:
            return False
        return not cms.faults and cms.message_digest == digest and cms.signature_valid()

    assert genuine(data)
    for place in range(0, len(data), 1 if kind != "P-256" else 11):
        changed = bytearray(data)
        changed[place] ^= 0x01
        assert not genuine(bytes(changed)), place


@pytest.mark.parametrize("kind", KINDS)
def test_a_seal_of_a_changed_page_is_found(kind: str) -> None:
    data = sealer(None, party_of(kind)).seal(blank(), PLACEMENT, NOW).data
    changed = data.replace(b"595 842", b"595 843", 1)
    seal = read_pdf(changed).seal
    assert seal is not None
    assert (seal.fault, seal.canonical_faults) == ("digest", ())


def test_other_keys_have_no_scheme() -> None:
    for key in (b"", b"\x30\x00"):
        with pytest.raises(CmsUnreadable):
            seal_scheme(key)


@pytest.mark.parametrize("sizes", [(70, 5), (71, 1900), (72, 127), (64, 128), (72, 65_000)])
def test_kept_parts_are_those_of_a_value_written_anew(sizes: tuple[int, int]) -> None:
    """Sizes that change how long lengths are: what is cached for one size must never serve another."""
    party: Party = party_of("P-256")
    signature, token = bytes([1]) * sizes[0], bytes([2]) * sizes[1]
    used, fresh = CmsWriter(party.chain), CmsWriter(party.chain)
    for other in (b"x", b"y" * 300):
        used.assemble(bytes(32), other, None)
        used.assemble(bytes(32), other, other)
    for stamped in (None, token):
        value = used.assemble(b"d" * 32, signature, stamped)
        assert value == used.assemble(b"d" * 32, signature, stamped) == fresh.assemble(b"d" * 32, signature, stamped)
        assert split_padding(value) == (value, b"")
        assert signature in value
        assert value.endswith(stamped or signature)
