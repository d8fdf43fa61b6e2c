"""Every kind of key: what its seal says, and its value byte by byte. How others judge it: test_pdf_independent."""

from hashlib import sha256, sha384

import pytest

from seals.cms import cms as cms_module
from seals.cms.cms import CmsWriter, read_cms, seal_scheme, split_padding
from seals.pdf.errors import CmsUnreadable
from seals.pdf.evidence import read_pdf
from tests.seals.house import PLACEMENT, Party, authority, page, sealer
from tests.seals.keys import NOW
from tests.seals.mini_pdf import blank
from tests.seals.parties import KINDS, party_of

ALGORITHMS = {"P-256": "ES256", "P-384": "ES384", "RSA-2048": "RS256", "RSA-3072": "RS256"}


@pytest.mark.parametrize("with_time", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_every_key_says_what_it_is(kind: str, with_time: bool) -> None:  # noqa: FBT001
    made = sealer(authority().stamp if with_time else None, party_of(kind)).seal(page(), PLACEMENT, NOW)
    seal = read_pdf(made.data).seal
    assert seal is not None
    assert (seal.fault, seal.canonical_faults, seal.coverage_faults) == (None, (), ())
    assert seal.algorithm == ALGORITHMS[kind]
    assert seal.digest == made.digest
    assert len(seal.digest) == sha256().digest_size
    assert len(seal.signed_digest) == (sha384 if kind == "P-384" else sha256)().digest_size


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


def test_only_so_many_parts_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside a file each second has its own; two threads may each add one where there was room for one."""
    monkeypatch.setattr(cms_module, "_MAX_SIZES", 3)
    writer = CmsWriter(party_of("P-256").chain)
    for size in range(9):
        writer.assemble(bytes(32), bytes(size), None)
        assert len(writer._parts) <= 3
    monkeypatch.setattr(cms_module, "_MAX_SIZES", len(writer._parts) - 1)
    writer.assemble(bytes(32), bytes(20), None)
    assert len(writer._parts) == 1


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
