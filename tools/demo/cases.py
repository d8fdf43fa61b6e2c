"""The documents that the demonstration spoils, and what must come of each."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from licences.verification.report import Verdict, Words
from tools.demo import forgeries
from tools.demo.folder import DemoFolder


@dataclass(frozen=True, slots=True)
class Licence:
    """A licence that was issued. kind: short name of its type."""

    kind: str
    identifier: str
    serial: str

    def file(self, folder: DemoFolder, suffix: str) -> Path:
        """Return its file: `.pdf`, `.json` or `.tlog-proof`."""
        return folder.licences / f"{self.serial}{suffix}"


@dataclass(frozen=True, slots=True)
class Case:
    """A file that must not pass. check, code: the finding that must be among the reasons."""

    file: Path
    what: Words
    check: str
    code: str
    verdict: Verdict = "invalid"


def tamper(folder: DemoFolder, licences: Sequence[Licence]) -> list[Case]:
    """Change one byte in three documents, and swap the data of two pages."""
    page, value, number, first, second = _chosen(licences)
    pages = [licence.file(folder, ".pdf").read_bytes() for licence in (page, value, first, second)]
    data = number.file(folder, ".json").read_bytes()
    return [
        _case(folder, f"page-{page.serial}.pdf", forgeries.page_changed(pages[0]), _PAGE, "ALTERED"),
        _case(folder, f"seal-{value.serial}.pdf", forgeries.seal_value_changed(pages[1]), _VALUE, "SIGNATURE_INVALID"),
        _case(folder, f"number-{number.serial}.json", forgeries.number_changed(data), _NUMBER, "SIGNATURE_INVALID"),
        _swapped(folder, first, forgeries.data_swapped(pages[2], pages[3])),
        _swapped(folder, second, forgeries.data_swapped(pages[3], pages[2])),
    ]


def show_revoked(folder: DemoFolder, licence: Licence) -> list[Case]:
    """Put the files of a licence that was revoked apart, genuine as they are."""
    for suffix in (".pdf", ".json", ".tlog-proof"):
        shutil.copy(licence.file(folder, suffix), folder.revoked)
    files = (folder.revoked / f"{licence.serial}{suffix}" for suffix in (".pdf", ".json"))
    return [Case(file, _REVOKED, "status.revocation", "REVOKED") for file in files]


def _chosen(licences: Sequence[Licence]) -> tuple[Licence, Licence, Licence, Licence, Licence]:
    """Return the first licence of three types, and the first two of a fourth."""
    of_kind = {kind: [one for one in licences if one.kind == kind] for kind in {one.kind for one in licences}}
    first, second = of_kind["food-business-permit"][:2]
    return (
        of_kind["business-licence"][0],
        of_kind["real-estate-title"][0],
        of_kind["construction-permit"][0],
        first,
        second,
    )


def _case(folder: DemoFolder, name: str, document: bytes, what: Words, code: str) -> Case:
    file = folder.tampered / name
    file.write_bytes(document)
    return Case(file, what, "integrity.signature", code)


def _swapped(folder: DemoFolder, licence: Licence, document: bytes) -> Case:
    file = folder.tampered / f"swapped-{licence.serial}.pdf"
    file.write_bytes(document)
    return Case(file, _SWAPPED, "content.embedded", "DATA_SWAPPED")


_PAGE: Words = {"zh": "改动页面内容的一个字节", "en": "one byte of the page's content changed"}
_VALUE: Words = {"zh": "改动印章签名值的一个字节", "en": "one byte of the seal's signature value changed"}
_NUMBER: Words = {"zh": "改动数据文件中证照编号的一位数字", "en": "one digit of the licence number in the data changed"}
_SWAPPED: Words = {"zh": "内嵌数据换成另一份证照的数据", "en": "the embedded data swapped with another licence's"}
_REVOKED: Words = {"zh": "文件未改动，证照已吊销", "en": "nothing changed; the licence was revoked"}
