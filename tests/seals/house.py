"""A page with an attachment, the seal of the tests and its picture."""

from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path

import typst
from cryptography import x509

from ca.keys.software_signer import SoftwareSigner
from ca.timestamping.timestamps import TimestampAuthority
from ca.writing.certificates import DistinguishedName, issue
from ca.writing.profiles import TIMESTAMP
from ledger.signing import Signer
from seals.pdf.pades import PdfSealer, Placement, Timestamper
from seals.picture.appearance import SealAppearance, SealDesign, draw_pdf
from tests.seals.keys import NOW, root, seal_keys

ROOT = Path(__file__).parents[2]
SECOND = int(NOW.timestamp())
FONTS = (
    ROOT / "node_modules/@expo-google-fonts/noto-serif-sc/400Regular",
    ROOT / "node_modules/@expo-google-fonts/noto-serif-sc/700Bold",
    Path("/usr/share/fonts/truetype/hanazono"),
    Path("/usr/share/fonts/truetype/babelstone"),
)
PLACEMENT = Placement(page=1, x_mm=150, y_mm=215)
DESIGN = SealDesign("special", "测试市自然资源和规划局", "不动产登记专用章")


@dataclass(frozen=True, slots=True)
class Party:
    """A key and its certificates, leaf first, up to and including the root."""

    signer: Signer
    chain: tuple[bytes, ...]


@cache
def seal_party() -> Party:
    """The seal of the tests."""
    keys = seal_keys()
    return Party(keys.signer, (*keys.chain, keys.root))


@cache
def authority() -> TimestampAuthority:
    """The timestamp authority of the tests."""
    signer = SoftwareSigner.generate("ES256")
    name = DistinguishedName("测试时间戳", "测试市")
    leaf = issue(TIMESTAMP, name, signer.public_key, root(), NOW - timedelta(days=30), NOW + timedelta(days=3650))
    return TimestampAuthority(signer, (leaf, root().certificate), "1.3.6.1.4.1.57264.2")


def root_certificate() -> x509.Certificate:
    """The root, for tools that want to be told whom to trust."""
    return x509.load_der_x509_certificate(root().certificate)


@cache
def appearance(design: SealDesign = DESIGN) -> SealAppearance:
    """The seal's picture, drawn once."""
    return SealAppearance(draw_pdf(design, FONTS))


def sealer(timestamper: Timestamper | None = None, party: Party | None = None) -> PdfSealer:
    """Make a sealer, of the tests' seal if of no other party."""
    signing = party or seal_party()
    return PdfSealer(
        signer=signing.signer,
        chain=signing.chain,
        appearance=appearance(),
        timestamper=timestamper,
        name="不动产登记专用章（测试）",
        reason="颁发证照",
    )


PAGE = """
#set document(title: "不动产权证书 测试", author: "测试市", keywords: ("elicence", "sha-256:00"), date: datetime(year: 2026, month: 11, day: 22))
#set page(width: 210mm, height: 297mm)
#set text(font: ("Noto Serif SC", "HanaMinA", "HanaMinB", "BabelStone Han"), lang: "zh", size: 12pt)
#pdf.attach("licence.json", bytes(sys.inputs.json), relationship: "data", mime-type: "application/json", description: "x")
= 不动产权证书 测试
测试人䶮㛃𬭎堃，测试市测试区测试路1号。
#for i in range(int(sys.inputs.pages) - 1) { pagebreak(); [第 #(i + 2) 页] }
"""


@cache
def page(json: str = '{"测试": true}', pages: int = 1, standards: tuple[str, ...] = ("a-3b",)) -> bytes:
    """Render a page such as licences are made of."""
    fonts = typst.Fonts(include_system_fonts=False, font_paths=[str(folder) for folder in FONTS])
    compiler = typst.Compiler(
        PAGE.encode(),
        font_paths=fonts,
        sys_inputs={"json": json, "pages": str(pages)},
    )
    data = compiler.compile(format="pdf", pdf_standards=list(standards), timestamp=1_795_000_000)  # type: ignore[arg-type]
    assert isinstance(data, bytes)
    return data
