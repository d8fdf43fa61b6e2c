"""The signature files of OFD: the list (Signatures.xml), and what each signature covers (Signature.xml).

Source: GB/T 33190-2016 section 18
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape
from types import MappingProxyType
from typing import Final

from ca.encoding import oids
from seals.ofd.document import Box, parse_box, read_bodies
from seals.ofd.errors import OfdOverLimits, OfdUnreadable
from seals.ofd.package import OfdPackage, folder_of, locate
from seals.ofd.xml import HEADER, NAMESPACE, Element, attribute, read_xml

MAX_SIGNATURES: Final = 32
_MAX_REFERENCES: Final = 10_000
_MAX_STAMPS: Final = 10_000  # one seal across the edges of many pages
_ID: Final = re.compile(r"[sS]?0*(\d{1,9})", re.ASCII)

# How makers spell the hash of the references. MD5, the standard's default, and SHA-1 prove nothing any more.
_DIGESTS: Final = MappingProxyType(
    {oids.SM3: "SM3", "SM3": "SM3", oids.SHA256: "SHA-256", "SHA256": "SHA-256", "SHA-256": "SHA-256"}
)


@dataclass(frozen=True, slots=True)
class ListedSignature:
    """A signature as listed. kind: `Seal` or `Sign` (a bare signature); path: of its Signature.xml."""

    id: str
    kind: str
    path: str


@dataclass(frozen=True, slots=True)
class Stamp:
    """Where a seal is shown. page: its id; clip: the part of the picture that is shown."""

    id: str
    page: str
    boundary: Box
    clip: Box | None = None


@dataclass(frozen=True, slots=True)
class Reference:
    """A file that a signature covers, by its absolute path and digest."""

    path: str
    digest: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Description:
    """A Signature.xml.

    provider, company, version, signed_at: as its maker spells them; method: of the signature; digest_method: of the
    references, as spelled; seal_path: of Seal.esl, None without one; value_path: of SignedValue.dat.
    """

    provider: str
    company: str
    version: str
    method: str
    signed_at: str
    digest_method: str
    references: tuple[Reference, ...] = field(repr=False)
    stamps: tuple[Stamp, ...]
    seal_path: str | None
    value_path: str

    @property
    def digest_name(self) -> str | None:
        """The hash of the references, as we know it; None if we do not believe in it."""
        return _DIGESTS.get(self.digest_method.upper())

    def covers(self, path: str) -> bool:
        """Say whether the file is among the references."""
        return any(reference.path == path for reference in self.references)


def list_paths(package: OfdPackage) -> tuple[str, ...]:
    """Return where the package's signatures are listed: once for each document that has any."""
    found = tuple(body.signatures for body in read_bodies(package) if body.signatures is not None)
    if len(set(found)) != len(found):
        raise OfdUnreadable(reason="list_twice")
    return found


def read_list(package: OfdPackage, path: str) -> tuple[ListedSignature, ...]:
    """Read a Signatures.xml; raises OfdUnreadable, OfdOverLimits."""
    members = read_xml(package.file(path), "Signatures").all("Signature")
    if len(members) > MAX_SIGNATURES:
        raise OfdOverLimits(reason="signatures")
    folder = folder_of(path)
    return tuple(
        ListedSignature(
            id=member.attribute("ID"),
            kind=member.attributes.get("Type", "Seal"),
            path=locate(folder, member.attribute("BaseLoc")),
        )
        for member in members
    )


def write_list(listed: Sequence[ListedSignature], last: int) -> bytes:
    """Return the Signatures.xml of these. last: the highest number of an id of a signature or stamp."""
    lines = "".join(
        f"<ofd:Signature{attribute('ID', one.id)}{attribute('Type', one.kind)}{attribute('BaseLoc', one.path)}/>"
        for one in listed
    )
    return (
        f'{HEADER}<ofd:Signatures xmlns:ofd="{NAMESPACE}"><ofd:MaxSignId>{sign_id(last)}</ofd:MaxSignId>'
        f"{lines}</ofd:Signatures>"
    ).encode()


def sign_id(number: int) -> str:
    """Return the id of a signature or stamp: one sequence for both, in the spelling that the standard recommends."""
    return f"s{number:03}"


def last_number(listed: Iterable[ListedSignature], descriptions: Iterable[Description]) -> int:
    """Return the highest number of an id of a signature or stamp, 0 if there is none."""
    stamps = (stamp.id for description in descriptions for stamp in description.stamps)
    found = (_ID.fullmatch(id_) for id_ in (*(one.id for one in listed), *stamps))
    return max((int(match[1]) for match in found if match is not None), default=0)


def read_description(data: bytes, path: str) -> Description:
    """Read a Signature.xml that lies at this path; raises OfdUnreadable, OfdOverLimits."""
    whole = read_xml(data, "Signature")
    info = whole.one("SignedInfo")
    provider, references, seal = info.one("Provider"), info.one("References"), info.optional("Seal")
    folder = folder_of(path)
    return Description(
        provider=provider.attribute("ProviderName"),
        company=provider.attributes.get("Company", ""),
        version=provider.attributes.get("Version", ""),
        method=_text(info.optional("SignatureMethod")),
        signed_at=_text(info.optional("SignatureDateTime")),
        digest_method=references.attributes.get("CheckMethod", "MD5"),
        references=_references(references, folder),
        stamps=_stamps(info),
        seal_path=None if seal is None else locate(folder, seal.one("BaseLoc").content()),
        value_path=locate(folder, whole.one("SignedValue").content()),
    )


def write_description(description: Description) -> bytes:
    """Return the Signature.xml that says this."""
    provider = "".join(
        attribute(name, value)
        for name, value in (
            ("ProviderName", description.provider),
            ("Company", description.company),
            ("Version", description.version),
        )
        if value
    )
    references = "".join(
        f"<ofd:Reference{attribute('FileRef', one.path)}>"
        f"<ofd:CheckValue>{b64encode(one.digest).decode()}</ofd:CheckValue></ofd:Reference>"
        for one in description.references
    )
    seal = ""
    if description.seal_path is not None:
        seal = f"<ofd:Seal><ofd:BaseLoc>{escape(description.seal_path)}</ofd:BaseLoc></ofd:Seal>"
    return (
        f'{HEADER}<ofd:Signature xmlns:ofd="{NAMESPACE}"><ofd:SignedInfo><ofd:Provider{provider}/>'
        f"<ofd:SignatureMethod>{escape(description.method)}</ofd:SignatureMethod>"
        f"<ofd:SignatureDateTime>{escape(description.signed_at)}</ofd:SignatureDateTime>"
        f"<ofd:References{attribute('CheckMethod', description.digest_method)}>{references}</ofd:References>"
        f"{''.join(map(_written_stamp, description.stamps))}{seal}</ofd:SignedInfo>"
        f"<ofd:SignedValue>{escape(description.value_path)}</ofd:SignedValue></ofd:Signature>"
    ).encode()


def _text(element: Element | None) -> str:
    return "" if element is None else element.text.strip()


def _references(element: Element, folder: str) -> tuple[Reference, ...]:
    members = element.all("Reference")
    if len(members) > _MAX_REFERENCES:
        raise OfdOverLimits(reason="references")
    found = tuple(
        Reference(locate(folder, one.attribute("FileRef")), _digest(one.one("CheckValue").content())) for one in members
    )
    if len({one.path for one in found}) != len(found):
        raise OfdUnreadable(reason="reference_twice")
    return found


def _digest(text: str) -> bytes:
    try:
        return b64decode("".join(text.split()), validate=True)
    except ValueError as error:
        raise OfdUnreadable(reason="digest") from error


def _stamps(info: Element) -> tuple[Stamp, ...]:
    members = info.all("StampAnnot")
    if len(members) > _MAX_STAMPS:
        raise OfdOverLimits(reason="stamps")
    return tuple(
        Stamp(
            id=one.attribute("ID"),
            page=one.attribute("PageRef"),
            boundary=parse_box(one.attribute("Boundary")),
            clip=parse_box(one.attributes["Clip"]) if "Clip" in one.attributes else None,
        )
        for one in members
    )


def _written_stamp(stamp: Stamp) -> str:
    clip = "" if stamp.clip is None else attribute("Clip", stamp.clip.written())
    return (
        f"<ofd:StampAnnot{attribute('ID', stamp.id)}{attribute('PageRef', stamp.page)}"
        f"{attribute('Boundary', stamp.boundary.written())}{clip}/>"
    )
