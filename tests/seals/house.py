"""A small house for the PDF tests: a root, an issuing CA, a seal certificate, a page with an attachment."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import typst
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ca.software_signer import SoftwareSigner
from seals.appearance import SealAppearance, SealDesign, draw_pdf
from seals.pades import PdfSealer, Placement, Timestamper

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
ROOT = Path(__file__).parents[2]
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
    """A key, its certificate and those above it (leaf first)."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate
    chain: tuple[bytes, ...]

    @property
    def signer(self) -> SoftwareSigner:
        return SoftwareSigner(self.key)


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "测试市 test"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def certify(
    common_name: str,
    issuer: Party | None = None,
    *,
    authority: bool = False,
    time_stamping: bool = False,
    valid: tuple[datetime, datetime] = (NOW - timedelta(days=30), NOW + timedelta(days=3650)),
) -> Party:
    """Make a key and a certificate for it, self-signed if nobody issues it."""
    key = ec.generate_private_key(ec.SECP256R1())
    usage = x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=not authority and not time_stamping,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )
    signing_key = key if issuer is None else issuer.key
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(common_name))
        .issuer_name(_name(common_name) if issuer is None else issuer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(valid[0])
        .not_valid_after(valid[1])
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key.public_key()),
            critical=False,
        )
    )
    if time_stamping:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
    certificate = builder.sign(signing_key, hashes.SHA256())
    above = () if issuer is None else issuer.chain
    return Party(key, certificate, (certificate.public_bytes(Encoding.DER), *above))


@dataclass(frozen=True, slots=True)
class House:
    """Who signs what here."""

    root: Party
    issuing: Party
    seal: Party
    tsa: Party


@cache
def house() -> House:
    """The parties of this run."""
    root = certify("测试根 test root", authority=True)
    issuing = certify("测试签发 test issuing", root, authority=True)
    return House(
        root=root,
        issuing=issuing,
        seal=certify("1101000000001测试", issuing),
        tsa=certify("测试时间戳 test TSA", root, time_stamping=True),
    )


@cache
def appearance(design: SealDesign = DESIGN) -> SealAppearance:
    """The seal's picture, drawn once."""
    return SealAppearance(draw_pdf(design, FONTS))


def sealer(timestamper: Timestamper | None = None, party: Party | None = None) -> PdfSealer:
    """Make a sealer of the house's seal."""
    signing = party or house().seal
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
    inputs: Mapping[str, str] = {"json": json, "pages": str(pages)}
    compiler = typst.Compiler(PAGE.encode(), font_paths=list(FONTS), ignore_system_fonts=True, sys_inputs=dict(inputs))
    data = compiler.compile(format="pdf", pdf_standards=list(standards), timestamp=1_795_000_000)  # type: ignore[arg-type]
    assert isinstance(data, bytes)
    return data
