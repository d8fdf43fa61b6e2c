"""What a licence type is: the shape of `types/<slug>/type.yaml`. A new type is new data, not new code."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal

PATH: Final = re.compile(r"{([a-z0-9_.]+)}")
"""A place in a part of a line: `{location}`, `{holders.name}`."""

FaceClass = Literal["public", "personal"]
FaceRule = Literal["P", "M", "H"]
"""P: shown to anyone who verifies. M: shown masked. H: left out."""
MaskName = Literal["name", "code", "birthday", "place"]


@dataclass(frozen=True, slots=True)
class Wording:
    """One thing said in Chinese and in English."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Label:
    """The name of a piece of content; `about` explains it to whoever fills it in, `pinyin` is its name in exports."""

    zh: str
    en: str
    pinyin: str = ""
    about: Wording | None = None


@dataclass(frozen=True, slots=True)
class LabelVariants:
    """Names of one item that depend on a field: 法定代表人 of a company is 经营者 of a self-employed person."""

    field: str
    values: Mapping[str, Wording]


@dataclass(frozen=True, slots=True)
class Item:
    """One labelled line of a licence, on its page and on its face.

    parts: what the value is made of, in order; text with `{path}` in it, where a path is a field of the content
        (`location`, `site_lead.name`), or `number`, `identifier`, `issuer.name`, `issuer.code`, `issue_date`,
        `valid_from`, `valid_until`, `holders.name`, `holders.code`, `holders.share`. A part with an empty path is left
        out; of a list of parts the first whole one is taken. No parts at all means the field of the same key.
    each: a list field whose elements the parts are about; values are then joined by `；`.
    face, mask: who sees it when verifying (`FaceRule`), and how M hides it. page_mask: hides it even on the page.
    groups: lengths of the groups in which a long code is shown, a space between them.
    drawn: whether it stands on the page.
    stars_when_same_as: a key; where both hold the same text this item has none of its own and shows `*****`.
    """

    key: str
    zh: str
    en: str
    face: FaceRule
    pinyin: str = ""
    about: Wording | None = None
    parts: tuple[str | tuple[str, ...], ...] = ()
    join: str = ""
    each: str | None = None
    mask: MaskName | None = None
    page_mask: MaskName | None = None
    groups: tuple[int, ...] = ()
    drawn: bool = True
    labels_by: LabelVariants | None = None
    stars_when_same_as: str | None = None


@dataclass(frozen=True, slots=True)
class HolderCase:
    """How many holders there are, and whether with shares, when a field has a value."""

    field: str
    equals: str
    min: int
    max: int
    shares: bool = False


@dataclass(frozen=True, slots=True)
class HolderRule:
    """Who may hold a licence of this type."""

    min: int
    max: int
    code_types: tuple[str, ...]
    roles: tuple[str, ...] = ("holder",)
    cases: tuple[HolderCase, ...] = ()
    named_by: str | None = None
    """A field that must repeat the name of a holder who is an organisation."""


@dataclass(frozen=True, slots=True)
class ValidityRule:
    """How long a licence holds: `none` (never ends), `open` (an end is possible), `term` (an end is required)."""

    kind: Literal["none", "open", "term"]
    max_years: int | None = None


@dataclass(frozen=True, slots=True)
class Agreement:
    """One character of the number that a field decides."""

    at: int
    field: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class NumberRule:
    """The form of the licence number for new licences; stock that departs from it is only warned about."""

    pattern: str
    form: Wording
    example: str
    check: Literal["none", "uscc", "food"] = "none"
    date_at: int | None = None
    holder_code: bool = False
    agree: tuple[Agreement, ...] = ()


@dataclass(frozen=True, slots=True)
class SealRule:
    """The seal of a page, and where its centre lies: millimetres from the upper left corner of a page from 1."""

    kind: Literal["statutory", "special"]
    page: int
    x_mm: float
    y_mm: float
    diameter_mm: float
    bottom_text: str | None = None


@dataclass(frozen=True, slots=True)
class Paper:
    """The page: its size in millimetres, and how many pages there are before continuation pages."""

    width_mm: float
    height_mm: float
    pages: int = 1


@dataclass(frozen=True, slots=True)
class Definer:
    """The body that defines the type."""

    code: str
    zh: str
    en: str


@dataclass(frozen=True)
class LicenceType:
    """A licence type, complete with the JSON Schema of its content.

    code: 21 characters (GB/T 36904). local: the national code is not known and this one is the platform's own.
    version: of this definition, part of the `vct` of signed JSON. authority: who issues such licences.
    items: the lines of page and face, in order. labels: names of content that is not a line by itself.
    """

    slug: str
    code: str
    local: bool
    version: str
    name: Wording
    definer: Definer
    authority: Wording
    face_class: FaceClass
    paper: Paper
    holders: HolderRule
    validity: ValidityRule
    number: NumberRule
    seal: SealRule
    items: tuple[Item, ...]
    labels: Mapping[str, Label] = field(default_factory=dict)
    schema: Mapping[str, Any] = field(default_factory=dict)
    folder: Path = Path()

    @cached_property
    def vct(self) -> str:
        """The verifiable credential type of the signed JSON."""
        return f"urn:elicence:{self.slug}:{self.version}"

    @cached_property
    def properties(self) -> dict[str, dict[str, Any]]:
        """The content's properties by key, each with its own JSON Schema."""
        return dict(self.schema["properties"])

    @cached_property
    def field_labels(self) -> dict[str, Wording]:
        """The names of the content's properties, for messages and for columns of import files."""
        lines = {item.key: Wording(item.zh, item.en) for item in self.items}
        others = {key: Wording(label.zh, label.en) for key, label in self.labels.items()}
        return lines | others

    @property
    def template(self) -> Path:
        """The Typst page."""
        return self.folder / "page.typ"
