from datetime import timedelta
from hashlib import sha256
from itertools import permutations
from pathlib import Path

import pytest
from asn1crypto import cms as asn1_cms
from hypothesis import example, given
from hypothesis import strategies as st

from ca.encoding import der, oids
from ca.keys.software_signer import SoftwareSigner
from ca.writing.certificates import DistinguishedName, issue
from ca.writing.profiles import SEAL
from seals.cms.cms import CmsWriter, SealCms, order_chain, read_cms, split_padding
from seals.pdf.errors import CmsUnreadable
from tests.seals.house import SECOND, authority, root_certificate, seal_party
from tests.seals.keys import NOW, issuing, root
from tests.seals.outside_tools import openssl_cms_verify

CONTENT = "不动产权证书".encode()
DIGEST = sha256(CONTENT).digest()


def made(*, timestamped: bool = True) -> bytes:
    party = seal_party()
    writer = CmsWriter(party.chain)
    signature = party.signer.sign(writer.signed_attributes(DIGEST))
    token = authority().stamp(sha256(signature).digest(), NOW) if timestamped else None
    return writer.assemble(DIGEST, signature, token)


def genuine(data: bytes) -> bool:
    """What the evidence of a PDF asks of a CMS (its token is judged apart)."""
    try:
        cms = read_cms(data)
    except CmsUnreadable:
        return False
    return not cms.faults and cms.message_digest == DIGEST and cms.signature_valid()


@pytest.mark.parametrize("timestamped", [False, True])
def test_round_trip(timestamped: bool) -> None:  # noqa: FBT001
    data = made(timestamped=timestamped)
    cms = read_cms(data)
    assert genuine(data)
    assert cms.certificates == seal_party().chain
    assert (cms.token is not None) == timestamped
    assert CmsWriter(cms.certificates).assemble(cms.message_digest, cms.signature, cms.token) == data


@pytest.mark.parametrize("timestamped", [False, True])
def test_openssl_agrees(tmp_path: Path, timestamped: bool) -> None:  # noqa: FBT001
    printed = openssl_cms_verify(tmp_path, made(timestamped=timestamped), CONTENT, root_certificate(), SECOND)
    assert "CAdES Verification successful" in printed


def test_it_is_what_pades_baseline_asks_for() -> None:
    signed_data = asn1_cms.ContentInfo.load(made(), strict=True)["content"]
    (signer,) = signed_data["signer_infos"]
    # contentType, messageDigest, signingCertificateV2 and no signing time (EN 319 142-1 table 1)
    assert [one["type"].dotted for one in signer["signed_attrs"]] == [
        oids.CONTENT_TYPE,
        oids.MESSAGE_DIGEST,
        oids.SIGNING_CERTIFICATE_V2,
    ]
    assert [one["type"].dotted for one in signer["unsigned_attrs"]] == ["1.2.840.113549.1.9.16.2.14"]
    assert signed_data["encap_content_info"]["content"].native is None
    assert signed_data["certificates"].contents == b"".join(sorted(seal_party().chain))


def test_the_order_in_which_the_chain_is_given_does_not_matter() -> None:
    leaf, *others = seal_party().chain
    written = {CmsWriter((leaf, *rest)).assemble(DIGEST, b"s", None) for rest in permutations(others)}
    assert len(written) == 1


def test_size_is_never_exceeded_and_never_far_off() -> None:
    writer = CmsWriter(seal_party().chain)
    token = authority().stamp(DIGEST, NOW)
    for _ in range(50):
        signature = seal_party().signer.sign(writer.signed_attributes(DIGEST))
        assert 0 <= writer.size(0) - len(writer.assemble(DIGEST, signature, None)) <= 8
        assert 0 <= writer.size(len(token)) - len(writer.assemble(DIGEST, signature, token)) <= 8


def test_every_changed_byte_is_found() -> None:
    data = made(timestamped=False)
    for place in range(len(data)):
        for change in (0x01, 0x80, data[place] or 0xFF):
            changed = bytearray(data)
            changed[place] ^= change
            assert not genuine(bytes(changed)), (place, change)


def test_every_cut_and_every_added_byte_is_found() -> None:
    data = made(timestamped=False)
    assert not any(genuine(data[:length]) for length in range(0, len(data), 7))
    assert not genuine(data + b"\x00")


def _with_certificates(*certificates: bytes) -> SealCms:
    """Our own CMS with the set of certificates exchanged and all lengths right."""
    party = seal_party()
    writer = CmsWriter(party.chain)
    signature = party.signer.sign(writer.signed_attributes(DIGEST))
    data = writer.assemble(DIGEST, signature, None)
    content_info = der.children(der.read(data))
    signed_data = [member.raw for member in der.children(der.read(content_info[1].value))]
    signed_data[3] = der.tlv(der.context(0), *certificates)
    return read_cms(der.sequence(content_info[0].raw, der.tlv(der.context(0), der.sequence(*signed_data))))


def test_a_missing_root_is_found() -> None:
    leaf, middle, _ = seal_party().chain
    assert "certificates" in _with_certificates(*sorted([leaf, middle])).faults


def test_a_stray_certificate_is_found() -> None:
    keys = SoftwareSigner.generate("ES256")
    name = DistinguishedName("99010100000002", "11990100MB9T00038E另一个机构")
    stray = issue(SEAL, name, keys.public_key, root(), NOW - timedelta(days=1), NOW + timedelta(days=1))
    assert _with_certificates(*sorted([*seal_party().chain, stray])).faults == ("certificates",)


def test_unsorted_and_repeated_certificates_are_found() -> None:
    in_order = sorted(seal_party().chain)
    assert _with_certificates(*in_order).faults == ()
    assert _with_certificates(*in_order[::-1]).faults == ("not_canonical",)
    assert _with_certificates(*in_order, in_order[0]).faults


def test_another_certificate_for_the_same_key_is_no_substitute() -> None:
    leaf, middle, anchor = seal_party().chain
    name = DistinguishedName("99010100000001", "11990100MB9T00038E另一个机构")
    start, end = NOW - timedelta(days=1), NOW + timedelta(days=1)
    other = issue(SEAL, name, seal_party().signer.public_key, issuing(), start, end)
    cms = _with_certificates(*sorted([other, middle, anchor]))
    assert "signer_certificate" in cms.faults
    assert leaf not in cms.certificates


def test_a_chain_is_put_in_order() -> None:
    chain = seal_party().chain
    assert order_chain(chain[0], frozenset(chain)) == chain
    for short in (chain[:2], chain[:1], (chain[0], chain[2])):
        with pytest.raises(CmsUnreadable):
            order_chain(chain[0], frozenset(short))


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        (b"\x30\x02\x05\x00\x00\x00", (b"\x30\x02\x05\x00", b"\x00\x00")),
        (b"\x30\x81\x02\x05\x00\x01", (b"\x30\x81\x02\x05\x00", b"\x01")),
        (b"\x30\x00", (b"\x30\x00", b"")),
    ],
)
def test_padding_is_parted(value: bytes, parts: tuple[bytes, bytes]) -> None:
    assert split_padding(value) == parts


@pytest.mark.parametrize("value", [b"\x30\x05\x00", b"\x30\x84\xff\xff\xff\xff\x00", b"\x30\xff\x01"])
def test_padding_of_a_value_that_is_cut_off(value: bytes) -> None:
    with pytest.raises(CmsUnreadable):
        split_padding(value)


@given(st.binary(max_size=80))
@example(b"")
@example(b"\x30")
@example(b"\x30\x80\x00\x00")
def test_any_bytes_are_refused(value: bytes) -> None:
    with pytest.raises(CmsUnreadable):
        read_cms(split_padding(value)[0])
