"""Seals beside files: made, read, changed in every byte, and judged by other people's tools."""

import io
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from hashlib import new, sha256
from pathlib import Path

import pytest
from asn1crypto import cms as asn1_cms
from hypothesis import given
from hypothesis import strategies as st

from ca.encoding import oids
from ca.errors import NationalUnavailable
from ca.keys.software_signer import SoftwareSigner
from seals.cms import detached
from seals.cms.cms import CmsWriter, read_cms
from seals.cms.detached import MAX_SIZE, read_detached, seal_file
from seals.cms.detached_errors import DetachedOverLimits, DetachedUnreadable, DetachedUnsupported
from seals.cms.sealer import CmsSealer
from seals.errors import SealCertificateNotValid
from seals.pdf.errors import CmsUnreadable, SealKeyUnusable
from tests.seals.house import SECOND, Party, authority, root_certificate, seal_party
from tests.seals.keys import NOW, UNTIL, root
from tests.seals.outside_tools import openssl_cms_verify, run
from tests.seals.parties import KINDS, party_of
from tests.seals.pyhanko_oracle import ades_passes_detached, judge_detached

CONTENT = "测试数据：电子证照目录\r\n".encode()
OTHER = CONTENT.replace(b"\r\n", b"\n")


def sealer_of(party: Party | None = None, *, timestamped: bool = False) -> CmsSealer:
    signing = party or seal_party()
    return CmsSealer(signing.signer, signing.chain, authority().stamp if timestamped else None, "测试章")


def made(party: Party | None = None, *, timestamped: bool = False, content: bytes = CONTENT) -> bytes:
    return seal_file(io.BytesIO(content), sealer_of(party, timestamped=timestamped), NOW)


@cache
def one() -> bytes:
    """The seal that the tests change."""
    return made()


def genuine(value: bytes, content: bytes = CONTENT) -> bool:
    try:
        evidence = read_detached(value, io.BytesIO(content))
    except (DetachedUnreadable, DetachedUnsupported):
        return False
    return evidence.fault is None and not evidence.canonical_faults


# --- what is made ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("timestamped", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_every_key_at_both_levels_by_openssl_and_pyhanko(tmp_path: Path, kind: str, timestamped: bool) -> None:  # noqa: FBT001
    value = made(party_of(kind), timestamped=timestamped)
    evidence = read_detached(value, io.BytesIO(CONTENT))
    assert (evidence.fault, evidence.canonical_faults) == (None, ())
    assert evidence.certificates == party_of(kind).chain
    assert evidence.digest == sha256(CONTENT).digest()
    assert evidence.signing_time == NOW.replace(microsecond=0)
    assert (evidence.token is not None) == timestamped
    told = openssl_cms_verify(tmp_path, value, CONTENT, root_certificate(), SECOND)
    assert "CAdES Verification successful" in told
    assert judge_detached(value, CONTENT, root().certificate, NOW).bottom_line
    digest = new("sha384" if kind == "P-384" else "sha256", CONTENT).digest()
    passed = ades_passes_detached(value, digest, root().certificate, with_time=timestamped)
    assert passed == (True, "AdESPassed.OK")


def test_the_others_find_a_changed_file_too(tmp_path: Path) -> None:
    value = made(timestamped=True)
    with pytest.raises(AssertionError, match="CAdES Verification failure"):
        openssl_cms_verify(tmp_path, value, OTHER, root_certificate(), SECOND)
    assert not judge_detached(value, OTHER, root().certificate, NOW).bottom_line


@pytest.mark.parametrize("kind", ["P-256", "P-384"])
def test_it_is_what_cades_baseline_asks_for(kind: str) -> None:
    signed_data = asn1_cms.ContentInfo.load(made(party_of(kind), timestamped=True), strict=True)["content"]
    (signer,) = signed_data["signer_infos"]
    attributes = {member["type"].dotted: member for member in signer["signed_attrs"]}
    wanted = {oids.CONTENT_TYPE, oids.SIGNING_TIME, oids.MESSAGE_DIGEST, oids.SIGNING_CERTIFICATE_V2}
    assert set(attributes) == wanted
    assert attributes[oids.SIGNING_TIME]["values"].native == [NOW.replace(microsecond=0)]
    encoded = [member.dump() for member in signer["signed_attrs"]]
    assert encoded == sorted(encoded)
    assert [member["type"].dotted for member in signer["unsigned_attrs"]] == ["1.2.840.113549.1.9.16.2.14"]
    assert signed_data["encap_content_info"]["content"].native is None


@pytest.mark.parametrize("year", [1949, 1950, 2049, 2050])
@pytest.mark.parametrize("kind", ["P-256", "P-384"])
def test_signing_times_on_both_sides_of_utc_time(kind: str, year: int) -> None:
    party, moment = party_of(kind), datetime(year, 12, 31, 23, 59, 59, tzinfo=UTC)
    writer = CmsWriter(party.chain)
    digest = new("sha384" if kind == "P-384" else "sha256", CONTENT).digest()
    for stated in (moment, moment + timedelta(seconds=1)):
        signature = party.signer.sign(writer.signed_attributes(digest, stated))
        cms = read_cms(writer.assemble(digest, signature, None, stated), timed=True)
        assert (cms.faults, cms.signing_time, cms.signature_valid()) == ((), stated, True)


def test_the_time_is_stated_in_utc_and_whole_seconds() -> None:
    local = NOW.replace(microsecond=999_999).astimezone(timezone(timedelta(hours=8)))
    value = seal_file(io.BytesIO(CONTENT), sealer_of(), local)
    assert read_detached(value, io.BytesIO(CONTENT)).signing_time == local.replace(microsecond=0)


def test_neither_name_nor_place_of_the_file_matters(tmp_path: Path) -> None:
    first, second = tmp_path / "a.csv", tmp_path / "名 称.bin"
    for path in (first, second):
        path.write_bytes(CONTENT)
    value = seal_file(first, sealer_of(), NOW)
    assert read_detached(value, second) == read_detached(value, io.BytesIO(CONTENT))
    assert b"a.csv" not in value


def test_an_empty_file_is_a_file() -> None:
    assert genuine(made(content=b""), b"")
    assert not genuine(made(content=b""), b"\x00")


# --- streams ---------------------------------------------------------------------------------------------------------


class _Drops:
    """A stream that gives a few bytes at a time, whatever it is asked for."""

    def __init__(self, content: bytes, sizes: list[int]) -> None:
        self._rest, self._sizes, self.asked = content, sizes, 0

    def read(self, size: int, /) -> bytes:
        self.asked = max(self.asked, size)
        taken = min(size, self._sizes.pop() if self._sizes else size)
        block, self._rest = self._rest[:taken], self._rest[taken:]
        return block


@given(st.binary(max_size=200), st.lists(st.integers(1, 20), max_size=30))
def test_how_a_stream_drips_does_not_matter(content: bytes, sizes: list[int]) -> None:
    stream = _Drops(content, sizes)
    evidence = read_detached(one(), stream)
    assert evidence.covered_digest == sha256(content).digest()
    assert 0 < stream.asked <= 1024 * 1024


def test_more_than_one_block(tmp_path: Path) -> None:
    path = tmp_path / "big"
    with path.open("wb") as stream:
        stream.truncate(3 * 1024 * 1024 + 1)
    value = seal_file(path, sealer_of(party_of("P-384")), NOW)
    assert read_detached(value, path).fault is None
    with path.open("r+b") as stream:
        stream.seek(2 * 1024 * 1024)
        stream.write(b"\x01")
    assert read_detached(value, path).fault == "digest"


def test_a_stream_that_has_nothing_yet_is_not_at_its_end() -> None:
    class Waiting:
        def __init__(self) -> None:
            self._blocks: list[bytes | None] = [None, b"first"]

        def read(self, _: int, /) -> bytes | None:
            return self._blocks.pop()

    with pytest.raises(BlockingIOError):
        seal_file(Waiting(), sealer_of(), NOW)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        seal_file(tmp_path / "missing", sealer_of(), NOW)


# --- what is changed -------------------------------------------------------------------------------------------------


def test_every_changed_byte_of_the_seal_is_found() -> None:
    assert genuine(one())
    value = one()
    for place in range(len(value)):
        for change in {0x01, 0x80, value[place] or 0xFF}:
            changed = bytearray(value)
            changed[place] ^= change
            assert not genuine(bytes(changed)), (place, change)


def test_every_changed_byte_of_a_timestamped_seal_is_found() -> None:
    value = made(timestamped=True)
    assert genuine(value)
    for place in range(len(value)):
        changed = bytearray(value)
        changed[place] ^= 0x01
        assert not genuine(bytes(changed)), place


def test_every_changed_bit_of_the_file_is_found() -> None:
    for place in range(8 * len(CONTENT)):
        changed = bytearray(CONTENT)
        changed[place // 8] ^= 1 << place % 8
        assert read_detached(one(), io.BytesIO(changed)).fault == "digest"


def test_every_cut_and_every_added_byte_is_found() -> None:
    assert not any(genuine(one()[:length]) for length in range(len(one())))
    assert not any(genuine(one(), CONTENT[:length]) for length in range(len(CONTENT)))
    assert not genuine(one(), CONTENT + b"\x00")
    for after in (b"\x00", b"\x01", one()):
        with pytest.raises(DetachedUnreadable, match="bytes_after_the_end"):
            read_detached(one() + after, io.BytesIO(CONTENT))


def test_a_timestamp_of_another_seal_is_found() -> None:
    mine, other = (read_cms(made(timestamped=True, content=content), timed=True) for content in (CONTENT, OTHER))
    value = CmsWriter(mine.certificates).assemble(mine.message_digest, mine.signature, other.token, mine.signing_time)
    faults = read_detached(value, io.BytesIO(CONTENT)).canonical_faults
    assert [fault.code for fault in faults] == ["timestamp.imprint"]


def test_another_signing_time_is_found() -> None:
    cms = read_cms(one(), timed=True)
    later = NOW.replace(microsecond=0) + timedelta(seconds=1)
    value = CmsWriter(cms.certificates).assemble(cms.message_digest, cms.signature, None, later)
    assert read_detached(value, io.BytesIO(CONTENT)).fault == "signature"


def test_the_value_of_a_pdf_and_of_a_file_never_pass_for_each_other() -> None:
    party, digest = seal_party(), sha256(CONTENT).digest()
    writer = CmsWriter(party.chain)
    of_a_pdf = writer.assemble(digest, party.signer.sign(writer.signed_attributes(digest)), None)
    with pytest.raises(DetachedUnsupported):
        read_detached(of_a_pdf, io.BytesIO(CONTENT))
    with pytest.raises(CmsUnreadable, match="signed_attributes"):
        read_cms(one())


# --- what is refused -------------------------------------------------------------------------------------------------


@given(st.binary(max_size=80))
def test_any_bytes_are_refused(value: bytes) -> None:
    with pytest.raises(DetachedUnreadable):
        read_detached(value, io.BytesIO(CONTENT))


def test_a_value_that_is_too_large() -> None:
    with pytest.raises(DetachedOverLimits):
        read_detached(bytes(MAX_SIZE + 1), io.BytesIO(CONTENT))


def test_another_makers_signature_is_told_from_a_broken_one(tmp_path: Path) -> None:
    key, certificate, content, value = (tmp_path / name for name in ("key", "certificate", "content", "value"))
    content.write_bytes(CONTENT)
    run(
        *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
        *("-subj", "/CN=another maker", "-keyout", key, "-out", certificate),
    )
    run(
        *("openssl", "cms", "-sign", "-binary", "-in", content, "-signer", certificate, "-inkey", key),
        *("-md", "sha256", "-outform", "DER", "-out", value),
    )
    with pytest.raises(DetachedUnsupported, match="foreign_signature"):
        read_detached(value.read_bytes(), content)
    with pytest.raises(DetachedUnreadable, match="signature_broken"):
        read_detached(value.read_bytes(), io.BytesIO(OTHER))


def test_a_machine_without_the_algorithm_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def lacking(value: bytes, *, timed: bool) -> None:
        raise NationalUnavailable(f"{len(value)} {timed}")

    monkeypatch.setattr(detached, "read_cms", lacking)
    with pytest.raises(DetachedUnsupported, match="algorithm_unavailable"):
        read_detached(one(), io.BytesIO(CONTENT))


def test_keys_and_certificates_that_do_not_fit() -> None:
    party = seal_party()
    with pytest.raises(SealKeyUnusable, match="certificate_of_another_key"):
        CmsSealer(SoftwareSigner.generate("ES256"), party.chain, None, "测试章")
    with pytest.raises(SealKeyUnusable, match="chain"):
        CmsSealer(party.signer, party.chain[:2], None, "测试章")


def test_a_certificate_that_has_ended() -> None:
    with pytest.raises(SealCertificateNotValid):
        seal_file(io.BytesIO(CONTENT), sealer_of(), UNTIL + timedelta(seconds=1))
