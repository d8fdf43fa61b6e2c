"""What reading and sealing a PDF refuses.

SealError
├── PdfUnreadable          not a PDF, damaged, or said in a way that two readers could understand differently
│   └── PdfOverLimits      well formed as far as we looked, but larger or deeper than we read
├── PdfEncrypted           locked with a password
├── PdfUnsupported         a lawful PDF in a form that we do not read or do not seal
├── PdfAlreadySealed       carries a seal or signature already
├── PdfPageMissing         the page to be sealed is not there
├── PdfFieldMissing        no empty field of this name waits for a seal
├── PdfFieldTaken          the field's name is taken, or a seal fills it already
├── SealFieldSize          the seal is larger or smaller than the field made for it
├── SealOffPage            the seal would lie outside the page
├── SealKeyUnusable        key and certificate do not belong together, or the algorithm is not ours
├── SealPictureRefused     a name or line that cannot be drawn as a seal
└── CmsUnreadable          the signature value is no CMS in the one form that we write
"""

from dataclasses import dataclass

from ledger.errors import Language
from seals.errors import SealError
from seals.words import refusal_words


@dataclass(eq=False)
class PdfUnreadable(SealError):
    """The bytes are no PDF that can be read in one way only; `reason` is a stable word."""

    code = "seals.pdf_unreadable"
    zh = "无法读取该 PDF 文件：{reason}"
    en = "this PDF cannot be read: {reason}"

    reason: str


@dataclass(eq=False)
class PdfOverLimits(PdfUnreadable):
    """Larger, deeper or with more objects than we read."""

    code = "seals.pdf_over_limits"
    zh = "PDF 文件超出读取上限：{reason}"
    en = "the PDF is over our limits: {reason}"


@dataclass(eq=False)
class PdfEncrypted(SealError):
    """The document is encrypted."""

    code = "seals.pdf_encrypted"
    zh = "PDF 文件已加密，请提供未加密的文件"
    en = "the PDF is encrypted; provide one without a password"


@dataclass(eq=False)
class PdfUnsupported(SealError):
    """A lawful PDF, or signature in it, in a form that we do not judge or do not seal."""

    code = "seals.pdf_unsupported"
    zh = "暂不支持该 PDF 的形式：{reason}"
    en = "PDF files of this form are not supported: {reason}"

    reason: str


@dataclass(eq=False)
class PdfAlreadySealed(SealError):
    """The document carries a signature; a second one would need the first one's leave."""

    code = "seals.pdf_already_sealed"
    zh = "PDF 文件已有签章，不能再次加盖首个印章"
    en = "the PDF is signed already and cannot take a first seal"


@dataclass(eq=False)
class PdfPageMissing(SealError):
    """The document has no such page."""

    code = "seals.pdf_page_missing"
    zh = "PDF 文件共 {pages} 页，没有第 {page} 页"
    en = "the PDF has {pages} pages and no page {page}"

    page: int
    pages: int


@dataclass(eq=False)
class PdfFieldMissing(SealError):
    """No signature field of this name."""

    code = "seals.pdf_field_missing"
    zh = "PDF 文件没有名为 {field} 的签章域"
    en = "the PDF has no signature field named {field}"

    field: str


@dataclass(eq=False)
class PdfFieldTaken(SealError):
    """The field is filled, or a new one cannot have this name."""

    code = "seals.pdf_field_taken"
    zh = "签章域 {field} 已有签章，或该名称不可用"
    en = "the signature field {field} is filled already, or its name cannot be used"

    field: str


@dataclass(eq=False)
class SealFieldSize(SealError):
    """A seal has one size; it is not stretched to a field."""

    code = "seals.field_size"
    zh = "印章尺寸与签章域 {field} 不一致"
    en = "the seal has another size than the signature field {field}"

    field: str


@dataclass(eq=False)
class SealOffPage(SealError):
    """The seal would not lie wholly on the page."""

    code = "seals.off_page"
    zh = "印章位置超出第 {page} 页的范围，请调整位置"
    en = "the seal would not lie wholly on page {page}; move it"

    page: int


@dataclass(eq=False)
class SealKeyUnusable(SealError):
    """The key cannot sign for this certificate."""

    code = "seals.key_unusable"
    zh = "印章密钥不能使用：{reason}"
    en = "the seal's key cannot be used: {reason}"

    reason: str


@dataclass(eq=False)
class SealPictureRefused(SealError):
    """The seal cannot be drawn from this name or line."""

    code = "seals.picture_refused"
    zh = "无法绘制印章图形：{reason}"
    en = "the seal cannot be drawn: {reason}"

    reason: str

    def spoken(self, language: Language) -> dict[str, object]:
        """Return the fields, the reason in words."""
        return self.details() | {"reason": refusal_words(self.reason, language)}


@dataclass(eq=False)
class CmsUnreadable(SealError):
    """The signature value is not CMS SignedData in the canonical form; `reason` is a stable word."""

    code = "seals.cms_unreadable"
    zh = "签名数据不符合规范形式：{reason}"
    en = "the signature value is not in its canonical form: {reason}"

    reason: str
