"""Other people's tools on the demonstration's pages, one of each licence type."""

import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ca.judging.trust import load_trust
from licences.catalogue import Catalogue
from seals.cms.cms import split_padding
from seals.pdf.evidence import PdfSignature, read_pdf
from tests.seals.outside_tools import openssl_cms_verify, openssl_ts_verify, pdfsig
from tests.seals.outside_tools import run as ask
from tests.seals.pyhanko_oracle import ades_passes, judge
from tests.tools.demo_run import Run, demonstrated

KINDS = sorted(kind.slug for kind in Catalogue.load())


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return demonstrated(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="session")
def root(run: Run) -> x509.Certificate:
    # The national root comes second: none of these tools knows SM2.
    anchor, _ = load_trust(run.outcome.folder.trust.read_bytes(), datetime.now(UTC)).anchors
    return x509.load_der_x509_certificate(anchor)


@pytest.fixture(params=KINDS)
def page(run: Run, request: pytest.FixtureRequest) -> Path:
    licence = next(one for one in run.outcome.issuing.licences if one.kind == request.param)
    return licence.file(run.outcome.folder, ".pdf")


def seal_of(page: Path) -> PdfSignature:
    found = read_pdf(page.read_bytes()).seal
    assert found is not None
    return found


def parts(page: Path) -> tuple[bytes, bytes]:
    """The signature value without its padding, and the bytes that it covers, cut out by the byte range alone."""
    data = page.read_bytes()
    found = re.findall(rb"/ByteRange\[(\d+) (\d+) (\d+) (\d+) *\]", data)
    first, length, second, rest = map(int, found[-1])
    value, padding = split_padding(bytes.fromhex(data[length + 1 : second - 1].decode("ascii")))
    assert not padding.strip(b"\0")
    assert second + rest == len(data)
    return value, data[first : first + length] + data[second : second + rest]


def test_poppler_trusts_the_seal(page: Path, root: x509.Certificate, run: Run, tmp_path: Path) -> None:
    """It asks the OCSP responder that the certificates name, and believes its answer."""
    asked = run.responder.asked
    told = pdfsig(tmp_path, page, root)
    assert run.responder.asked > asked
    assert "Signature is Valid." in told
    assert "Certificate is Trusted." in told
    assert "Total document signed" in told


def test_qpdf_finds_nothing_to_mend(page: Path) -> None:
    assert "No syntax or stream encoding errors found" in ask("qpdf", "--check", page)


def test_openssl_accepts_the_signature(page: Path, root: x509.Certificate, tmp_path: Path) -> None:
    moment = int(datetime.now(UTC).timestamp())
    told = openssl_cms_verify(tmp_path, *parts(page), root, moment)
    assert "CAdES Verification successful" in told


def test_openssl_accepts_the_timestamp(page: Path, root: x509.Certificate, tmp_path: Path) -> None:
    seal = seal_of(page)
    assert seal.token is not None
    moment = int(datetime.now(UTC).timestamp())
    assert "Verification: OK" in openssl_ts_verify(tmp_path, seal.token, seal.signature, root, moment)


def test_poppler_draws_every_page_and_finds_every_font(page: Path) -> None:
    fonts = ask("pdffonts", page).splitlines()[2:]
    assert fonts
    assert all(line.split()[-5] == "yes" for line in fonts), "an embedded font"


def test_pyhanko_finds_the_seal_sound_and_its_level_with_time(page: Path, root: x509.Certificate) -> None:
    data, anchor = page.read_bytes(), root.public_bytes(Encoding.DER)
    status = judge(data, anchor, datetime.now(UTC))
    assert status.bottom_line
    passed, indication = ades_passes(data, anchor, with_time=True)
    assert passed, indication


@pytest.mark.parametrize("name", ["page", "seal", "swapped"])
def test_a_spoilt_page_is_refused_by_others_too(run: Run, name: str, root: x509.Certificate, tmp_path: Path) -> None:
    page = next(run.outcome.folder.tampered.glob(f"{name}-*.pdf"))
    assert "Signature is Valid." not in pdfsig(tmp_path, page, root)
    with pytest.raises(AssertionError, match="CAdES Verification failure"):
        openssl_cms_verify(tmp_path, *parts(page), root, int(datetime.now(UTC).timestamp()))


def test_swapped_pages_are_sound_files(run: Run) -> None:
    for page in run.outcome.folder.tampered.glob("swapped-*.pdf"):
        assert "No syntax or stream encoding errors found" in ask("qpdf", "--check", page)
        shown = subprocess.run(
            ["qpdf", "--show-attachment=licence.json", str(page)], check=True, capture_output=True
        ).stdout
        own = (run.outcome.folder.licences / f"{page.stem.removeprefix('swapped-')}.json").read_bytes()
        assert shown.startswith(b'{"payload"')
        assert shown != own


def test_the_proof_is_a_signed_note_of_the_log(run: Run) -> None:
    """Its shape as c2sp.org/tlog-proof and signed-note say, read without our parser."""
    licence = run.outcome.issuing.licences[0]
    text = licence.file(run.outcome.folder, ".tlog-proof").read_text(encoding="utf-8")
    head, checkpoint, signatures = text.split("\n\n")
    assert head.startswith("c2sp.org/tlog-proof@v1\n")
    assert re.search(r"^index \d+$", head, re.MULTILINE)
    origin, size, _ = checkpoint.split("\n", 2)
    assert origin == "elicence.test/log"
    assert int(size) >= len(run.outcome.issuing.licences)
    assert signatures.startswith(f"\u2014 {origin} ")
