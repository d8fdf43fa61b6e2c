"""A file of any kind with its seal beside it (.p7s)."""

import io
import random
import subprocess
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest

from ca.encoding import pem
from licences.verification.documents import Examined
from licences.verification.engine import judge
from licences.verification.examination import examine, examine_file
from licences.verification.report import Report
from licences.verification.request import verification_request
from licences.verification.sources import Absent
from seals.cms.detached import seal_file
from seals.cms.sealer import CmsSealer
from tests.licences.verification.sealed import NOW, SEALED_AT, Party, World, licence, make_world, world
from tests.licences.verification.worlds import SetSources, record_of, report
from tests.seals.ofd_maker import document, zipped

CONTENT = "关于同意测试项目的批复（测试）\r\n".encode()
OFFICE = zipped(
    {"/word/document.xml": b"x", **{path: content for path, content in document().items() if "OFD" not in path}}
)


@cache
def beside(
    content: bytes = CONTENT, *, stamped: bool = True, party: Party | None = None, within: World | None = None
) -> bytes:
    here = within or world()
    signing = party or here.seal
    sealer = CmsSealer(signing.signer, signing.chain, here.timestamp if stamped else None, "测试章")
    return seal_file(io.BytesIO(content), sealer, SEALED_AT)


def judged(content: bytes, seal: bytes | None, policy_id: str = "seal") -> Report:
    return report(content, companion=seal, policy_id=policy_id, sources=SetSources(a_status=Absent.NO_SOURCE))


@pytest.mark.parametrize("content", [CONTENT, b"", OFFICE, b"%PDF-1.4 no pdf at all", b"{}", bytes(100_000)])
def test_any_file_with_its_seal_is_valid(content: bytes) -> None:
    found = judged(content, beside(content))
    assert (found.verdict, found.reason) == ("valid", "document.sealed"), found.as_json()
    assert found.check("integrity.format").evidence["format"] == "detached"
    assert found.check("coverage.whole_file").outcome == found.check("time.timestamp").outcome == "passed"


def test_either_of_the_two_may_be_handed_in_first() -> None:
    assert judged(beside(), CONTENT).subject.document == judged(CONTENT, beside()).subject.document


def test_it_is_no_licence() -> None:
    found = judged(CONTENT, beside(), "default")
    assert (found.verdict, found.reason) == ("indeterminate", "document.not_a_licence")


def test_another_file_is_altered() -> None:
    assert judged(CONTENT + b"x", beside()).reason == "document.altered"
    assert judged(CONTENT, beside(b"other")).reason == "document.altered"


def test_a_seal_of_nobody_we_know() -> None:
    found = judged(CONTENT, beside(within=make_world()))
    assert (found.verdict, found.reason) == ("indeterminate", "seal.unknown")


def test_without_a_timestamp_it_is_judged_now() -> None:
    found = judged(CONTENT, beside(stamped=False))
    assert found.verdict == "valid"
    assert found.check("trust.path").evidence["proof_of_existence"] is None


def test_the_register_of_a_file_says_nothing_of_the_seal_beside_it() -> None:
    """Stolen keys seal today what was issued long ago."""
    from hashlib import sha256

    record = record_of(licence(), files=frozenset({sha256(CONTENT).digest()}), digests=frozenset())
    sources = SetSources(a_record=record, a_status=Absent.NO_SOURCE)
    found = report(CONTENT, companion=beside(stamped=False), sources=sources)
    assert found.check("trust.path").evidence["proof_of_existence"] is None


def test_a_sealed_page_may_have_a_seal_beside_it_too() -> None:
    page = licence().pdf.data
    both = report(page, companion=beside(page))
    assert both.verdict == "valid", both.as_json()
    assert [row["name"] for row in both.check("trust.path").evidence["each"]][1:] == ["p7s"]  # type: ignore[union-attr,index,call-overload]
    assert report(page, companion=beside()).reason == "document.altered"
    assert report(page, companion=beside(page, within=make_world())).reason == "seal.not_trusted"


def test_what_lies_beside_and_is_no_seal_is_as_if_it_were_not_there() -> None:
    assert report(licence().pdf.data, companion=b"a note").verdict == "valid"
    assert judged(CONTENT, b"a note").reason == "document.unknown_format"


def test_no_changed_byte_of_the_seal_is_taken() -> None:
    value, chance = beside(), random.Random(7)
    for position in chance.sample(range(len(value)), 200):
        other = value[position] ^ (1 << chance.randrange(8))
        found = judged(CONTENT, value[:position] + bytes([other]) + value[position + 1 :])
        assert found.verdict != "valid", position
        assert "BROKEN_CHECK" not in {row.code for row in found.checks}


def test_a_seal_that_openssl_made_holds_and_its_maker_is_unknown(tmp_path: Path) -> None:
    value = by_openssl(tmp_path)
    found = judged(CONTENT, value)
    assert (found.verdict, found.reason) == ("indeterminate", "seal.unknown")
    assert found.check("integrity.signature").outcome == "passed"
    assert judged(CONTENT + b"x", value).verdict == "invalid"


@pytest.mark.parametrize("form", ["DER", "CMS", "PKCS7"])
def test_a_seal_in_pem_is_judged_as_what_is_in_it(tmp_path: Path, form: str) -> None:
    value = by_openssl(tmp_path)
    if form != "DER":
        value = pem.encode(form, value)
    for spelt in (value, b"\r\n" + value.replace(b"\n", b"\r\n") if form != "DER" else value):
        for found in (judged(CONTENT, spelt), judged(spelt, CONTENT)):
            assert (found.verdict, found.reason) == ("indeterminate", "seal.unknown")
            assert found.check("integrity.canonical").outcome == "passed"
        assert judged(CONTENT + b"x", spelt).verdict == "invalid"
        assert judged(spelt, None).reason == "document.content_absent"


def test_openssl_writes_what_we_read(tmp_path: Path) -> None:
    by_openssl(tmp_path)
    for command in (["cms", "-cmsout"], ["pkcs7"]):
        convert = [*command, "-inform", "DER", "-in", "seal.p7s", "-outform", "PEM", "-out", "seal.pem"]
        subprocess.run(["openssl", *convert], cwd=tmp_path, check=True, capture_output=True)
        assert judged(CONTENT, (tmp_path / "seal.pem").read_bytes()).reason == "seal.unknown"


def test_a_seal_of_ours_has_one_spelling() -> None:
    """We write DER; what another program made of it is no longer what was written."""
    found = judged(CONTENT, pem.encode("CMS", beside()))
    assert (found.verdict, found.reason) == ("invalid", "document.not_canonical")
    assert found.check("integrity.canonical").evidence["faults"] == [{"code": "cms.armour", "detail": ""}]
    assert found.check("integrity.signature").outcome == "passed"


@pytest.mark.parametrize(
    ("spoilt", "reason"),
    [
        (lambda value: value[:-30], "document.malformed"),
        (lambda value: value + value, "document.malformed"),
        (lambda value: value.replace(b"\nM", b"\n=", 1), "document.malformed"),
        (lambda value: value.replace(b"-----END", b"\n" * (1 << 20) + b"-----END"), "document.too_complex"),
        (lambda _: pem.encode("CMS", b""), "document.malformed"),
        (lambda _: pem.encode("CERTIFICATE", beside()), "document.sealed_not"),
    ],
    ids=["cut", "twice", "no base64", "padded", "empty", "another label"],
)
def test_a_spoilt_pem_is_told(spoilt: Callable[[bytes], bytes], reason: str) -> None:
    value = spoilt(pem.encode("CMS", beside()))
    found = judged(CONTENT, value)
    if reason == "document.sealed_not":
        assert found.reason == "document.unknown_format", "no seal lies beside it"
    else:
        assert found.reason == reason


def by_openssl(folder: Path) -> bytes:
    (folder / "content").write_bytes(CONTENT)

    def run(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    subject = ["-subj", "/CN=another maker", "-days", "3650", "-nodes"]
    run("req", "-x509", "-newkey", "rsa:2048", "-keyout", "key.pem", "-out", "cert.pem", *subject)
    signing = ["-signer", "cert.pem", "-inkey", "key.pem", "-md", "sha256", "-cades"]
    run("cms", "-sign", "-binary", "-in", "content", "-outform", "DER", "-out", "seal.p7s", *signing)
    return (folder / "seal.p7s").read_bytes()


def test_a_file_too_large_to_be_held_is_read_from_where_it_lies(tmp_path: Path) -> None:
    content = bytes(3 * 1024 * 1024)
    file = tmp_path / "large.bin"
    file.write_bytes(content)
    found = _judge(examine_file(file, beside(content)))
    assert found.verdict == "valid"
    assert found.subject.document == judged(content, beside(content)).subject.document
    file.write_bytes(content[:-1] + b"x")
    assert _judge(examine_file(file, beside(content))).reason == "document.altered"


def _judge(examined: Examined) -> Report:
    sources = SetSources(a_status=Absent.NO_SOURCE)
    return judge(examined, sources, verification_request(NOW + timedelta(0), policy_id="seal"))


def test_over_the_limits_it_is_not_read() -> None:
    assert examine(CONTENT, 10, beside()).trouble is not None
    assert examine(b"x", 10, beside()).trouble.kind == "too_large"  # type: ignore[union-attr]
