"""What the types, their pages and the import files refuse.

LicenceError
├── TypeUnknown          no such licence type
├── TypeBroken           a type's own data contradict themselves (a fault of whoever wrote the type)
├── IdentifierMalformed  not an identifier of GB/T 36904
├── CodePartInvalid      a number or code cannot be composed from these parts
├── FontsMissing         the fonts the pages are set in are not installed
├── GlyphMissing         no font has these characters
└── RenderFailed         the page could not be set for another reason
"""

from dataclasses import dataclass

from licences.errors import LicenceError


@dataclass(eq=False)
class TypeUnknown(LicenceError):
    """No licence type has that code or short name."""

    code = "types.unknown"
    zh = "没有证照类型“{asked}”。可用的类型：{known}"
    en = "there is no licence type {asked!r}; known are {known}"

    asked: str
    known: str


@dataclass(eq=False)
class TypeBroken(LicenceError):
    """A type's data are wrong in themselves."""

    code = "types.broken"
    zh = "证照类型 {slug} 的定义有误：{reason}"
    en = "the definition of licence type {slug} is wrong: {reason}"

    slug: str
    reason: str


@dataclass(eq=False)
class IdentifierMalformed(LicenceError):
    """The text has not the form of a licence identifier, or a part of one cannot stand in it."""

    code = "identifiers.malformed"
    zh = "证照标识的“{part}”部分不合 GB/T 36904 的格式"
    en = "the {part} of the licence identifier has not the form of GB/T 36904"

    part: str


@dataclass(eq=False)
class CodePartInvalid(LicenceError):
    """A part of a number or code has the wrong form."""

    code = "codes.part_invalid"
    zh = "无法由此编成号码：“{part}”应为 {expected}"
    en = "no number can be made of this: {part} must be {expected}"

    part: str
    expected: str


@dataclass(eq=False)
class FontsMissing(LicenceError):
    """Fonts that the pages are set in are not there."""

    code = "rendering.fonts_missing"
    zh = "缺少字体：{families}。请先运行 make setup 安装字体"
    en = "fonts are missing: {families}. Run `make setup` to install them"

    families: str


@dataclass(eq=False)
class GlyphMissing(LicenceError):
    """No font of the house has these characters, or they are of private use and mean nothing outside one system.

    characters: each once, in order of code point, as `字 U+5B57`, joined by commas.
    """

    code = "rendering.glyph_missing"
    zh = "字库中没有以下字符，无法排版：{characters}。请改用规范的 Unicode 字符，或为本证照提供经批准的字形"
    en = (
        "no font has these characters: {characters}. Use their standard Unicode characters, or supply an approved glyph"
    )

    characters: str


@dataclass(eq=False)
class RenderFailed(LicenceError):
    """The page could not be set."""

    code = "rendering.failed"
    zh = "证照版面 {slug} 排版失败：{reason}"
    en = "the page of type {slug} could not be set: {reason}"

    slug: str
    reason: str
