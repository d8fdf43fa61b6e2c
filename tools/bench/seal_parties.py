"""What the benchmark of sealing seals with: seals by every kind of key, their picture, and pages of about 50 kB."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha512
from pathlib import Path
from typing import Final

from ca.writing import profiles
from ca.writing.certificates import DistinguishedName, issue
from ca.writing.profiles import SHORT_RSA_CERTIFIED_UNTIL
from ledger.signing import Signer
from licences.rendering import FONT_FOLDERS
from seals.cms.sealer import Timestamper
from seals.pdf.extension import ValidationMaterial
from seals.pdf.pades import PdfSealer, Placement
from seals.picture.appearance import SealAppearance, SealDesign, draw_pdf, draw_png
from seals.ses.writer import KINDS, SesDesign, SesSealer, make_seal
from tools.bench.authority import LOCATIONS, BenchAuthority

PLACE: Final = Placement(1, 150, 240)
_CODE: Final = "99010000000001"
_UNIT: Final = "11990100MB9T00011N测试市自然资源和规划局"
_DESIGN: Final = SealDesign("special", "测试市自然资源和规划局", "不动产登记专用章")
_NAME: Final = "不动产登记专用章（测试）"
_YEAR: Final = timedelta(days=365)
_MILLIMETRES: Final = 42
_MADE: Final = 1_795_000_000

_PAGE: Final = Path(__file__).with_name("seal_page.typ")


@dataclass(frozen=True, slots=True)
class Party:
    """A seal: its key, and its certificates from its own up to the root."""

    signer: Signer
    chain: tuple[bytes, ...]

    def sealer(self, timestamper: Timestamper | None = None) -> PdfSealer:
        """Return what seals PDF with it, its picture shown. timestamper: None gives B-B."""
        return PdfSealer(self.signer, self.chain, appearance(), timestamper, _NAME, "颁发证照")


def party(authority: BenchAuthority, signer: Signer) -> Party:
    """Certify a key as a seal's."""
    name = DistinguishedName(_CODE, _UNIT)
    until = authority.now + _YEAR
    leaf = issue(profiles.SEAL, name, signer.public_key, authority.issuing, authority.now, until, LOCATIONS)
    return Party(signer, (leaf, authority.issuing.certificate, authority.root.certificate))


def last_day_of_short_keys(now: datetime) -> datetime:
    """Return `now`, or the last day on which an RSA key of 2,048 bits is certified, from then on."""
    last = SHORT_RSA_CERTIFIED_UNTIL
    return min(now, datetime(last.year, last.month, last.day, tzinfo=UTC))


def appearance() -> SealAppearance:
    """Return the seal's picture."""
    return SealAppearance(draw_pdf(_DESIGN, FONT_FOLDERS))


def ses_sealer(authority: BenchAuthority, signer: Signer, maker: Signer) -> SesSealer:
    """Have a maker make a national seal, and return what seals with it. authority, signer, maker: all SM2."""
    name = DistinguishedName("测试制章中心", "测试市")
    until = authority.now + _YEAR
    made_by = issue(profiles.SEAL_MAKER, name, maker.public_key, authority.issuing, authority.now, until, LOCATIONS)
    certificate = party(authority, signer).chain[0]
    design = SesDesign(
        es_id=_CODE,
        kind=KINDS["special"],
        name=_NAME,
        picture=draw_png(_DESIGN, FONT_FOLDERS),
        width_mm=_MILLIMETRES,
        height_mm=_MILLIMETRES,
        certificates=(certificate,),
        valid_from=authority.now.replace(microsecond=0),
        valid_until=until.replace(microsecond=0),
    )
    seal = make_seal(design, maker, made_by, authority.now)
    return SesSealer(seal, signer, certificate)


def material(authority: BenchAuthority) -> ValidationMaterial:
    """Return what proves the seal's and the timestamp's certificates for decades."""
    trust = authority.trust()
    return ValidationMaterial(trust.anchors, trust.intermediates, trust.crls)


def pages(count: int) -> Sequence[bytes]:
    """Render pages of one template, no two alike, as licences are."""
    import typst

    fonts = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(one) for one in FONT_FOLDERS]
    )
    compiler = typst.Compiler(str(_PAGE), font_paths=fonts, ignore_system_fonts=True)
    found = []
    for number in range(count):
        document = json.dumps({"测试": number, "salt": sha512(bytes((number,))).hexdigest() * 16}, ensure_ascii=False)
        inputs = {"document": document, "number": f"{number:04d}"}
        made = compiler.compile(format="pdf", pdf_standards=["a-3b"], timestamp=_MADE, sys_inputs=inputs)
        assert isinstance(made, bytes)
        found.append(made)
    return found
