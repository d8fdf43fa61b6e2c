"""A signature dictionary as it lies in the file: what it covers, what it leaves out, what it says of itself."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from hashlib import new, sha256
from typing import Final, Self

from ca.errors import DerInvalid, NationalUnavailable, TokenInvalid
from ca.timestamping.token import read_token
from seals.cms.cms import SealCms, order_chain, read_cms, split_padding
from seals.pdf.errors import CmsUnreadable, PdfUnreadable, PdfUnsupported
from seals.pdf.fields import SignatureField
from seals.pdf.file import PdfFile
from seals.pdf.indirect import read_entries
from seals.pdf.objects import Name, PdfDict, PdfObject, Ref

CANONICAL_FORM: Final = Name("elicence-seal-v1")
"""Stands in our signature dictionaries, under the signature: this value is in our canonical form, and one that is not
was tampered with. Without it a changed byte that no signature covers could pass for another maker's way of writing."""

_OURS: Final = re.compile(rb"(?:[0-9a-f]{2})*+")
_ANY_MAKERS: Final = re.compile(rb"(?:[0-9a-f]{2})*+|(?:[0-9A-F]{2})*+")
_DATE: Final = re.compile(rb"D:(\d{14})(?:Z|([+-])(\d\d)'(\d\d)'?)")


@dataclass(frozen=True, slots=True)
class Fault:
    """One departure: a stable code and, for people, where."""

    code: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class SignatureDictionary:
    """One signature: the file, its field's name, where it lies, its entries, and from where to where /Contents stands."""

    data: bytes = field(repr=False)
    field_name: str
    ref: Ref
    entries: PdfDict = field(repr=False)
    byte_range: tuple[int, int, int, int]
    contents: bytes = field(repr=False)
    contents_at: tuple[int, int]

    @classmethod
    def read(cls, file: PdfFile, signature_field: SignatureField) -> Self:
        """Read the signature of a field; raises PdfUnreadable."""
        ref = signature_field.signature
        if ref is None or not isinstance(file.get(ref), dict):
            raise PdfUnreadable(reason="signature_dictionary")
        entries = read_entries(file.data, file.offset(ref))
        contents, start, end = entries.get("Contents", (None, 0, 0))
        if not isinstance(contents, bytes):
            raise PdfUnreadable(reason="signature_contents")
        values = {key: value for key, (value, _, _) in entries.items()}
        byte_range = _byte_range(file, values.get("ByteRange"))
        return cls(file.data, signature_field.name, ref, values, byte_range, contents, (start, end))

    @property
    def is_canonical_form(self) -> bool:
        """Whether it says of itself, under its own signature, that it is written in our way."""
        build = self.entries.get("Prop_Build")
        application = build.get("App") if isinstance(build, dict) else None
        return isinstance(application, dict) and application.get("Name") == CANONICAL_FORM

    @property
    def is_document_timestamp(self) -> bool:
        """Whether its value is a timestamp token over the byte range."""
        return self.entries.get("SubFilter") == "ETSI.RFC3161"

    @property
    def is_detached_cms(self) -> bool:
        """Whether its value is a CMS over the byte range."""
        return self.entries.get("SubFilter") in {"ETSI.CAdES.detached", "adbe.pkcs7.detached"}

    @property
    def signing_time(self) -> datetime | None:
        """The claimed time of signing. Source: ISO 32000-1 section 7.9.4."""
        value = self.entries.get("M")
        match = _DATE.fullmatch(value) if isinstance(value, bytes) else None
        if match is None:
            return None
        try:
            moment = datetime.strptime(match[1].decode("ascii") + "+0000", "%Y%m%d%H%M%S%z")
            if match[2] is not None:
                offset = timedelta(hours=int(match[3]), minutes=int(match[4]))
                moment = moment.replace(tzinfo=timezone(offset if match[2] == b"+" else -offset))
            return moment.astimezone(UTC)
        except (ValueError, OverflowError):
            return None

    def certification(self, file: PdfFile) -> int | None:
        """Return the level at which this signature certifies the document, None if it does not.

        Source: ISO 32000-1 sections 12.8.2.2 and 12.8.4.
        """
        permissions = file.resolve(file.catalog.get("Perms"))
        if not isinstance(permissions, dict) or permissions.get("DocMDP") != self.ref:
            return None
        for reference in file.array(self.entries.get("Reference")):
            transform = file.dictionary(reference)
            parameters = file.resolve(transform.get("TransformParams"))
            if transform.get("TransformMethod") == "DocMDP" and isinstance(parameters, dict):
                level = parameters.get("P", 2)
                return level if type(level) is int and 1 <= level <= 3 else None
        return None

    def digest(self, algorithm: str = "sha256") -> bytes:
        """Return the digest of the bytes under the byte range."""
        first, length, second, rest = self.byte_range
        with memoryview(self.data) as view:
            hashed = new(algorithm, view[first : first + length], usedforsecurity=True)
            hashed.update(view[second : second + rest])
        return hashed.digest()

    def form_faults(self) -> list[Fault]:
        """Name what our writer would have written otherwise, the CMS apart.

        The byte range must leave out the hexadecimal string of /Contents, brackets included, and nothing else; that
        string must be spelt in one way only, so that none of its characters can change unnoticed.
        """
        faults: list[Fault] = []
        wanted = {"Type": "Sig", "Filter": "Adobe.PPKLite", "SubFilter": "ETSI.CAdES.detached"}
        faults += [
            Fault("signature.dictionary", key) for key, value in wanted.items() if self.entries.get(key) != value
        ]
        return faults + self._spelling_faults(_OURS)

    def spelling_faults(self) -> list[Fault]:
        """Name what lets bytes change unnoticed in a value that others may have written: its digits all of one case."""
        return self._spelling_faults(_ANY_MAKERS)

    def _spelling_faults(self, hexadecimal: re.Pattern[bytes]) -> list[Fault]:
        faults: list[Fault] = []
        first, length, second, _ = self.byte_range
        start, end = self.contents_at
        if first != 0 or (length, second) != (start, end):
            faults.append(Fault("byte_range.gap", f"leaves out {length} to {second}, /Contents is {start} to {end}"))
        text = self.data[start:end]
        if text[:1] != b"<" or text[-1:] != b">" or hexadecimal.fullmatch(text, 1, len(text) - 1) is None:
            faults.append(Fault("contents.hexadecimal"))
        return faults

    def read_cms(self) -> tuple[SealCms, list[Fault]]:
        """Read the signature value in our form, with its faults; raises PdfUnreadable if it cannot be taken apart.

        Raises PdfUnsupported where this machine lacks the algorithm of its certificates.
        """
        try:
            value, padding = split_padding(self.contents)
            cms = read_cms(value)
        except CmsUnreadable as error:
            raise PdfUnreadable(reason=f"signature_{error.reason}") from error
        except NationalUnavailable as error:  # a chain with SM2 in it, and no library that could follow it
            raise PdfUnsupported(reason="algorithm_unavailable") from error
        faults = [Fault(f"cms.{word}") for word in cms.faults]
        if padding.strip(b"\x00"):
            faults.append(Fault("contents.padding"))
        if cms.token is not None:
            faults += token_faults(cms.token, sha256(cms.signature).digest())
        return cms, faults


def _byte_range(file: PdfFile, value: PdfObject) -> tuple[int, int, int, int]:
    numbers = [number for number in file.array(value) if type(number) is int and number >= 0]
    if len(numbers) != 4 or len(file.array(value)) != 4:
        raise PdfUnreadable(reason="byte_range")
    first, length, second, rest = numbers
    if first + length > second or second + rest > len(file.data):
        raise PdfUnreadable(reason="byte_range")
    return first, length, second, rest


def token_faults(token: bytes, imprint: bytes) -> list[Fault]:
    """Name what is wrong with a timestamp token that is to be over the imprint."""
    try:
        stamp = read_token(token)
    except TokenInvalid as error:
        return [Fault("timestamp.unreadable", error.reason)]
    except NationalUnavailable:  # no fault of the file: whoever judges the time says that it could not be told
        return []
    faults = [] if stamp.imprint == imprint else [Fault("timestamp.imprint")]
    try:
        order_chain(stamp.signer_certificate, frozenset(stamp.certificates))
    except (CmsUnreadable, DerInvalid):
        faults.append(Fault("timestamp.certificates"))
    return faults
