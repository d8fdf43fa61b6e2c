"""`elicence seals seal`: PDF, OFD and any other file; and what stands in the register afterwards."""

import subprocess
from pathlib import Path

import pytest

from api.house import House
from ca.encoding import pem
from licences.documents import digest_text, sha256_text
from seals.cms.detached import read_detached
from seals.ofd.evidence import read_ofd
from seals.pdf.evidence import read_pdf
from seals.pdf.pades import EmptyField, Placement, prepare
from seals.ses.checks import check_signature
from seals.ses.trust import TrustPaths
from tests.seals import ofd_maker
from tests.seals.house import page
from tests.seals.mini_pdf import blank
from tests.tools.conftest import Run
from tests.tools.seals.conftest import KEEPER, USER, Refused, Told
from tools.seals.custody import now_utc

MATTER = ("--matter", "关于测试事项的批复", "--number", "测市监〔2026〕1号")
PLACE = ("--x", 140, "--y", 220)
NATIONAL = "99010000000003"
"""A seal of the ceremony, which has its national form."""


@pytest.fixture
def pdf(tmp_path: Path) -> Path:
    path = tmp_path / "approval.pdf"
    path.write_bytes(blank())
    return path


def test_a_pdf_is_sealed_in_itself(told: Told, seal: str, pdf: Path) -> None:
    answer = told("seal", pdf, "--seal", seal, *MATTER, *PLACE, "--copies", 3, "--actor", USER)
    assert (answer["form"], answer["file"]) == ("pdf", str(pdf.with_name("approval-sealed.pdf")))
    evidence = read_pdf(Path(answer["file"]).read_bytes())
    found = evidence.seal
    assert found is not None
    assert (found.fault, found.canonical_faults, found.coverage_faults) == (None, (), ())
    assert found.token is not None
    assert answer["document"] == digest_text(found.digest)
    [use] = told("uses", "--seal", seal)
    assert (use["id"], use["outcome"], use["document"]) == (answer["use"], "used", answer["document"])
    assert (use["matter"], use["number"], use["copies"], use["operator"]) == (MATTER[1], MATTER[3], 3, USER)
    assert [path.name for path in sorted(pdf.parent.iterdir())] == ["approval-sealed.pdf", "approval.pdf"]


def test_a_field_that_was_made_for_it(told: Told, seal: str, pdf: Path, tmp_path: Path) -> None:
    pdf.write_bytes(prepare(blank(), [EmptyField("局章", Placement(1, 60, 60), 42, 42)]))
    done = told("seal", pdf, "--seal", seal, *MATTER, "--field", "局章", "--actor", USER, "-o", tmp_path / "o.pdf")
    found = read_pdf(Path(done["file"]).read_bytes()).seal
    assert found is not None
    assert (found.field_name, found.fault) == ("局章", None)


def test_several_seals_on_one_page(told: Told, refused: Refused, seal: str, pdf: Path, tmp_path: Path) -> None:
    """A joint approval: the places are kept first, then each unit seals its own."""
    places = (
        "--place",
        "甲方",
        1,
        60,
        60,
        42,
        "--place",
        "乙方",
        1,
        140,
        60,
        "42x42",
        "--place",
        "财务",
        1,
        60,
        150,
        "45x30",
    )
    ready = told("prepare", pdf, *places)
    assert (ready["fields"], ready["file"]) == (["甲方", "乙方", "财务"], str(tmp_path / "approval-fields.pdf"))
    assert "tools.output_taken" in refused("prepare", pdf, *places)
    last = Path(ready["file"])
    for name in ("甲方", "乙方"):
        asked = ("--seal", seal, *MATTER, "--field", name, "--actor", USER)
        last = Path(told("seal", last, *asked, "-o", tmp_path / f"{name}.pdf")["file"])
    found = read_pdf(last.read_bytes())
    assert [(one.field_name, one.fault, one.coverage_faults) for one in found.signatures] == [
        ("甲方", None, ()),
        ("乙方", None, ()),
    ]
    assert "seals.pdf_already_sealed" in refused("prepare", last, "--place", "丙方", 1, 60, 60, 42)
    assert "seals.field_size" in refused("seal", last, "--seal", seal, *MATTER, "--field", "财务", "--actor", USER)


@pytest.mark.parametrize(
    "place",
    [
        ("a.b", 1, 60, 60, 42),
        ("", 1, 60, 60, 42),
        ("a", 2, 60, 60, 42),
        ("a", 0, 60, 60, 42),
        ("a", 1, 5, 60, 42),
        ("a", 1, "nan", 60, 42),
        ("a", 1, 60, 60, 0),
        ("a", 1, 60, 60, "nan"),
        ("a", 1, 60, 60, "42xx"),
        ("a", 1, 60, 60, "x42"),
        ("a", 1, 60, 60, "1e9"),
        ("\udcff", 1, 60, 60, 42),
    ],
)
def test_places_that_cannot_be(refused: Refused, pdf: Path, place: tuple[object, ...]) -> None:
    assert refused("prepare", pdf, "--place", *place)
    assert list(pdf.parent.iterdir()) == [pdf]


def test_across_the_edges_of_the_pages(told: Told, run: Run, seal: str, pdf: Path, refused: Refused) -> None:
    seam = ("--seam-y", 100)
    assert "seals.pdf_page_missing" in refused("seal", pdf, "--seal", seal, *MATTER, *PLACE, *seam, "--actor", USER)
    # Nothing was signed: the file itself made it impossible.
    assert [one["outcome"] for one in told("uses", "--seal", seal)] == ["abandoned"]
    assert not pdf.with_name("approval-sealed.pdf").exists()
    two = pdf.with_name("two.pdf")
    subprocess.run(["qpdf", "--empty", "--pages", pdf, pdf, "--", "--object-streams=disable", two], check=True)
    done = told("seal", two, "--seal", seal, *MATTER, *PLACE, *seam, "--actor", USER)
    assert Path(done["file"]).read_bytes().count(b"/Subtype/Stamp") == 2


def test_openssl_verifies_the_seal_beside_any_file(told: Told, house: House, seal: str, tmp_path: Path) -> None:
    path = tmp_path / "measurements.csv"
    path.write_bytes("测试,1\n".encode())
    answer = told("seal", path, "--seal", seal, *MATTER, "--actor", USER)
    assert (answer["form"], answer["file"]) == ("detached", f"{path}.p7s")
    evidence = read_detached(Path(answer["file"]).read_bytes(), path)
    assert (evidence.fault, evidence.canonical_faults) == (None, ())
    assert answer["document"] == digest_text(evidence.digest)
    root = tmp_path / "root.pem"
    root.write_bytes(pem.encode("CERTIFICATE", house.ceremony.certificates["root"].cert_der))
    signature = ("-inform", "DER", "-in", answer["file"], "-content", path, "-binary")
    command = ["openssl", "cms", "-verify", *signature, "-CAfile", root, "-purpose", "any", "-out", "/dev/null"]
    checked = subprocess.run(command, capture_output=True, check=False, text=True)
    assert checked.returncode == 0, checked.stderr


def test_a_pdf_can_keep_its_seal_beside_it(told: Told, seal: str, pdf: Path) -> None:
    answer = told("seal", pdf, "--detached", "--seal", seal, *MATTER, "--actor", USER)
    assert answer["file"] == f"{pdf}.p7s"


def test_an_ofd_package_takes_the_national_seal(
    told: Told, house: House, refused: Refused, seal: str, tmp_path: Path
) -> None:
    path = tmp_path / "approval.ofd"
    path.write_bytes(ofd_maker.plain())
    assert "seals.national_seal_missing" in refused("seal", path, "--seal", seal, *MATTER, *PLACE, "--actor", USER)
    assert told("uses", "--seal", seal) == []  # the key was not to be had: nothing was opened
    told("grant", NATIONAL, "--to", USER, "--type", "documents", "--actor", KEEPER)
    answer = told("seal", path, "--seal", NATIONAL, *MATTER, *PLACE, "--actor", USER)
    evidence = read_ofd(Path(answer["file"]).read_bytes())
    assert not evidence.faults
    [found] = evidence.signatures
    assert found.fault() is None
    assert answer["document"] == sha256_text(Path(answer["file"]).read_bytes())
    [use] = [one for one in told("uses", "--seal", NATIONAL) if one["id"] == answer["use"]]
    assert (use["outcome"], use["document"]) == ("used", answer["document"])
    documents = {path: evidence.package.file(path) for path in evidence.package.files}
    assert found.value is not None
    judged = check_signature(found.value, paths=TrustPaths(house.trust(now_utc())), documents=documents)
    assert judged.failure is None, judged.failure


def test_whoever_may_not_is_recorded(told: Told, refused: Refused, seal: str, pdf: Path) -> None:
    asked = ("seal", pdf, "--seal", seal, *MATTER, *PLACE)
    assert "seals.not_granted" in refused(*asked, "--actor", "user-2")
    told("suspend", seal, "--reason", "inspection", "--actor", KEEPER)
    assert "seals.stopped" in refused(*asked, "--actor", USER)
    found = told("uses", "--seal", seal, "--outcome", "refused")
    assert [(one["operator"], one["refusal"]) for one in found] == [
        (USER, "seals.stopped"),
        ("user-2", "seals.not_granted"),
    ]
    assert told("uses", "--seal", seal, "--operator", "user-2")[0]["refusal"] == "seals.not_granted"
    assert told("uses", "--seal", seal, "--possible") == []


def test_a_daily_limit(told: Told, refused: Refused, seal: str, pdf: Path, tmp_path: Path) -> None:
    told("grant", seal, "--to", "user-3", "--type", "documents", "--daily-limit", 1, "--actor", KEEPER)
    asked = ("seal", pdf, "--detached", "--seal", seal, *MATTER, "--actor", "user-3", "-o")
    told(*asked, tmp_path / "1.p7s")
    assert "seals.daily_limit_reached" in refused(*asked, tmp_path / "2.p7s")


def test_a_result_that_cannot_be_kept_is_a_possible_use(
    run: Run, told: Told, seal: str, pdf: Path, tmp_path: Path
) -> None:
    nowhere = tmp_path / "missing" / "out.pdf"
    code, _, err = run("seals", "seal", pdf, "--seal", seal, *MATTER, *PLACE, "--actor", USER, "-o", nowhere)
    assert (code, "cannot be written" in err) == (3, True)
    [use] = told("uses", "--seal", seal, "--possible")
    assert (use["outcome"], use["closed_at"]) == (None, None)
    assert told("uses", "--seal", seal, "--outcome", "open") == [use]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "--field"),
        (("--x", 10), "--field"),
        ((*PLACE, "--field", "a"), "--field"),
        (("--detached", *PLACE), "no such place"),
        (("--detached", "--seam-y", 10), "no such place"),
        ((*PLACE, "--page", 9), "seals.pdf_page_missing"),
        (("--x", 1, "--y", 1), "seals.off_page"),
        (("--field", "none"), "seals.pdf_field_missing"),
        ((*PLACE, "--seal", "99010001099999"), "tools.seal_missing"),
    ],
)
def test_a_place_that_cannot_be_meant(
    refused: Refused, seal: str, pdf: Path, arguments: tuple[object, ...], said: str
) -> None:
    assert said in refused("seal", pdf, "--seal", seal, *MATTER, "--actor", USER, *arguments)


def test_no_file_is_overwritten(refused: Refused, seal: str, pdf: Path) -> None:
    pdf.with_name("approval-sealed.pdf").write_bytes(page())
    asked = ("seal", pdf, "--seal", seal, *MATTER, *PLACE, "--actor", USER)
    assert "tools.output_taken" in refused(*asked)
    assert "tools.output_taken" in refused(*asked, "-o", pdf)
