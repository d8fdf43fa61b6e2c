"""Two states of a document, one revision apart: nothing may differ but what an allowed act needs.

The acts: validation data, a document timestamp, a seal in a field that was made for it. Source: STANDARDS section 6, after
ISO 32000-1 section 12.8.2.2 and EN 319 142-1 section 5.5.
"""

from dataclasses import dataclass, field
from typing import Final

from ca.algorithms import digests
from ca.errors import TokenInvalid
from ca.timestamping.token import TimestampToken, read_token
from seals.cms.cms import split_padding
from seals.pdf.dss import read_store
from seals.pdf.errors import CmsUnreadable
from seals.pdf.fields import form_fields, signature_fields
from seals.pdf.file import PdfFile
from seals.pdf.objects import Name, PdfDict, PdfObject, Ref, Stream, alike, references
from seals.pdf.placement import read_rectangle
from seals.pdf.revisions import Revision, reachable
from seals.pdf.signature import SignatureDictionary, token_faults

_STAMP_FIELD: Final = frozenset({"Type", "Subtype", "FT", "T", "TU", "Rect", "F", "Ff", "P", "V"})
_OF_THE_PROGRAM: Final = frozenset({"ModDate", "Producer"})
_STAMP_VALUE: Final = frozenset({"Type", "Filter", "SubFilter", "Contents", "ByteRange", "V"})
# EN 319 142-1 section 5.6: the one thing to be said of a PDF 1.7 that holds a security store or document timestamps
_EXTENSION: Final[PdfDict] = {"BaseVersion": Name("1.7"), "ExtensionLevel": 1}
_EXTENSIONS: Final[tuple[PdfDict, ...]] = (
    {},
    {"ESIC": _EXTENSION},
    {"ESIC": {"Type": Name("DeveloperExtensions"), **_EXTENSION}},
)


@dataclass(frozen=True, slots=True)
class DocumentTimestamp:
    """A timestamp over the whole file up to where its own revision ends; whether to trust it is not judged here."""

    field_name: str
    end: int
    token: bytes = field(repr=False)
    stamp: TimestampToken = field(repr=False)


@dataclass(eq=False)
class Departure(Exception):
    """A difference that no allowed act makes: where, and the code under which it is told."""

    detail: str
    code: str = "coverage.later_revision"


class Comparison:
    """Two states of a document, the later of which adds one revision."""

    def __init__(self, before: PdfFile, after: PdfFile, revision: Revision, *, of_others: bool) -> None:
        newest = before.sections[0].start, after.sections[0].start
        if newest != (revision.section.trailer.get("Prev"), revision.section.start):
            raise Departure(f"cross-references of the revision at {revision.start}")
        self.before, self.after, self.revision = before, after, revision
        self._of_others = of_others
        self._listed = frozenset(revision.objects)
        self._compared: set[Ref] = set()
        """Objects that were there and are there again, compared entry by entry."""
        self._added: set[Ref] = set()

    def judge(self) -> tuple[DocumentTimestamp | None, str | None]:
        """Return the timestamp that the revision adds, or the name of the field that it seals; raises Departure."""
        changed = self._catalog()
        field_ref = self._form()
        self._pages(field_ref)
        seal = self._filled_field(alone=not changed and field_ref is None)
        stamp = None
        if field_ref is not None:
            added = self._unseen_field(field_ref)
            if self._of_others and added.is_detached_cms:
                seal = self._signature(added)
                self._descriptions()
            else:
                stamp = self._timestamp(added)
        more = self._store()
        for ref in sorted(self._listed - self._compared - self._added):
            raise Departure(f"object {ref.number}: no part of what may be added")
        self._check_unknown_before()
        if not more and stamp is None and seal is None:
            raise Departure(f"objects of the revision at {self.revision.start}: written again")
        return stamp, seal

    def _changed(self, ref: Ref | None, old: PdfDict, new: PdfDict, allowed: frozenset[str]) -> frozenset[str]:
        """Return the keys in which two dictionaries differ; raises Departure for one that may not."""
        keys = frozenset(key for key in old.keys() | new.keys() if not alike(old.get(key), new.get(key)))
        for key in sorted(keys - allowed):
            raise Departure(f"object {(ref or self.after.root).number}: /{key}")
        if ref is not None:
            self._compared.add(ref)
        return keys

    def _holds(self, old: PdfObject, new: PdfObject) -> None:
        """Note in which object something stands that was compared: the one that held it before, or one that is new.

        Any other that the document had would be taken away from where it was used.
        """
        if isinstance(new, Ref) and new in self._listed:
            (self._compared if new == old else self._added).add(new)

    def _catalog(self) -> frozenset[str]:
        old, new = self.before.catalog, self.after.catalog
        changed = self._changed(self.before.root, old, new, frozenset({"DSS", "Extensions", "AcroForm"}))
        if "DSS" in old and "DSS" not in new:
            raise Departure(f"object {self.before.root.number}: /DSS")
        self._holds(old.get("Extensions"), new.get("Extensions"))
        if not self._extended(self.before.resolve(old.get("Extensions")), self.after.resolve(new.get("Extensions"))):
            raise Departure(f"object {self.before.root.number}: /Extensions")
        return changed

    def _extended(self, old: PdfObject, new: PdfObject) -> bool:
        """Say whether nothing is new but the name of the extension that validation data are."""
        was = old if isinstance(old, dict) else {}
        now = new if isinstance(new, dict) else {}
        added: PdfDict = {key: now[key] for key in now if key not in was or not alike(now[key], was[key])}
        return was.keys() <= now.keys() and any(alike(added, one) for one in _EXTENSIONS)

    def _form(self) -> Ref | None:
        """Compare the form; return the one field that it may have more."""
        values = [file.catalog.get("AcroForm") for file in (self.before, self.after)]
        old, new = (file.dictionary(value) for file, value in zip((self.before, self.after), values, strict=True))
        self._changed(None, old, new, frozenset({"Fields"}))
        self._holds(*values)
        self._holds(old.get("Fields"), new.get("Fields"))
        return self._one_more(self.before.array(old.get("Fields")), self.after.array(new.get("Fields")), "/Fields")

    def _one_more(self, old: list[PdfObject], new: list[PdfObject], where: str) -> Ref | None:
        if alike(new, old):
            return None
        added = new[-1] if new else None
        if not alike(new[:-1], old) or not isinstance(added, Ref):
            raise Departure(where)
        return added

    def _pages(self, field_ref: Ref | None) -> None:
        pages = list(zip(self.before.pages(), self.after.pages(), strict=False))
        if len(pages) != sum(1 for _ in self.before.pages()) or len(pages) != sum(1 for _ in self.after.pages()):
            raise Departure("page tree")
        shown = 0
        for old, new in pages:
            if old.ref != new.ref:
                raise Departure("page tree")
            self._changed(new.ref, old.dictionary, new.dictionary, frozenset({"Annots"}))
            annotations = old.dictionary.get("Annots"), new.dictionary.get("Annots")
            self._holds(*annotations)
            where = f"object {new.ref.number}: /Annots"
            added = self._one_more(self.before.array(annotations[0]), self.after.array(annotations[1]), where)
            shown += added is not None
            if shown > 1 or added not in {None, field_ref}:
                raise Departure(where)

    def _filled_field(self, *, alone: bool) -> str | None:
        """Look for an empty field that has a seal now: that it is there alone, and shows itself where the field is."""
        waiting = {
            one.ref: one for one in signature_fields(self.before) if one.signature is None and one.ref is not None
        }
        filled = [one for one in signature_fields(self.after) if one.ref in waiting and one.ref in self._listed]
        if not filled:
            return None
        found = filled[0]
        where = f"field {found.name}"
        if len(filled) > 1 or not alone or found.signature is None or found.ref is None:
            raise Departure(where)
        self._changed(found.ref, waiting[found.ref].dictionary, found.dictionary, frozenset({"V", "AP"}))
        signature = SignatureDictionary.read(self.after, found)
        # A seal that certifies would speak for the document, which the first one does.
        form = signature.is_detached_cms if self._of_others else signature.is_canonical_form
        if not form or "Reference" in signature.entries:
            raise Departure(where)
        if signature.byte_range[2] + signature.byte_range[3] != self.revision.end:
            raise Departure(f"{where}: /ByteRange")
        appearance = found.dictionary.get("AP")
        if not isinstance(appearance, dict) or appearance.keys() != {"N"}:
            raise Departure(f"{where}: /AP")
        self._added |= {found.signature, *self._hanging_on(appearance)}
        return found.name

    def _hanging_on(self, value: PdfObject) -> set[Ref]:
        """Return the objects of this revision that the value refers to, and they to, and so on."""
        found: set[Ref] = set()
        waiting = [ref for ref in references(value) if ref in self._listed]
        while waiting:
            ref = waiting.pop()
            if ref not in found:
                found.add(ref)
                waiting.extend(one for one in references(self.after.get(ref)) if one in self._listed)
        return found

    def _unseen_field(self, ref: Ref) -> SignatureDictionary:
        """Check the new field: unseen, without actions, with a value; return that."""
        fields = [one for one in signature_fields(self.after) if one.ref == ref]
        where = f"object {ref.number}"
        if ref not in self._listed or len(fields) != 1 or fields[0].signature is None:
            raise Departure(f"{where}: no document timestamp")
        dictionary = fields[0].dictionary
        for key in sorted(dictionary.keys() - _STAMP_FIELD):
            raise Departure(f"{where}: /{key}")
        if read_rectangle(self.after, dictionary.get("Rect")) != (0, 0, 0, 0):
            raise Departure(f"{where}: /Rect")
        # Viewers take fields of one name for one field, and may show the value of either.
        if any(one.name == fields[0].name for one in form_fields(self.before)):
            raise Departure(f"field {fields[0].name}")
        self._added |= {ref, fields[0].signature}
        return SignatureDictionary.read(self.after, fields[0])

    def _signature(self, value: SignatureDictionary) -> str:
        """Check another maker's signature in a field that shows nothing: over all of the file, and no more than that."""
        where = f"object {value.ref.number}"
        if "Reference" in value.entries:
            raise Departure(f"{where}: /Reference")
        if value.byte_range[2] + value.byte_range[3] != self.revision.end:
            raise Departure(f"{where}: /ByteRange")
        return value.field_name

    def _timestamp(self, value: SignatureDictionary) -> DocumentTimestamp:
        """Check that the value is a timestamp over all of the file."""
        where = f"object {value.ref.number}"
        if value.entries.get("Type") != "DocTimeStamp" or value.entries.get("SubFilter") != "ETSI.RFC3161":
            raise Departure(f"{where}: no document timestamp")
        for key in sorted(value.entries.keys() - _STAMP_VALUE):
            raise Departure(f"{where}: /{key}")
        if value.byte_range[2] + value.byte_range[3] != self.revision.end:
            raise Departure(f"{where}: /ByteRange")
        try:
            token, padding = split_padding(value.contents)
            stamp = read_token(token)
        except (CmsUnreadable, TokenInvalid) as error:
            raise Departure(f"{where}: /Contents, {error.reason}") from error
        digest = value.digest(digests.HASHLIB[stamp.hash_algorithm])
        faults = [*value.spelling_faults(), *token_faults(token, digest)]
        if faults or padding.strip(b"\x00"):
            raise Departure(f"{where}: {faults[0].code if faults else 'contents.padding'}")
        return DocumentTimestamp(value.field_name, self.revision.end, token, stamp)

    def _descriptions(self) -> None:
        """Pass over what other programs note of themselves when they sign: no reader shows it as the document.

        What else is said of the document stays, and the metadata are nothing else besides: a page could be drawn by them.
        """
        metadata, information = self.before.catalog.get("Metadata"), self.before.trailer.get("Info")
        if isinstance(metadata, Ref) and metadata in self._listed:
            streams = [file.get(metadata) for file in (self.before, self.after)]
            of_its_kind = all(isinstance(one, Stream) and one.dictionary.get("Type") == "Metadata" for one in streams)
            if of_its_kind and metadata not in reachable(self.before, without="Metadata"):
                self._compared.add(metadata)
        if isinstance(information, Ref) and information in self._listed:
            old, new = (file.dictionary(information) for file in (self.before, self.after))
            self._changed(information, old, new, _OF_THE_PROGRAM)

    def _store(self) -> bool:
        """Check the validation data; say whether there are more than before."""
        old, new = read_store(self.before), read_store(self.after)
        if not old.items <= new.items:
            raise Departure(f"object {self.after.root.number}: /DSS has lost validation data")
        self._added |= new.objects & self._listed
        return new.items > old.items

    def _check_unknown_before(self) -> None:
        """Refuse objects that the document before referred to in other places: adding them would change those.

        Numbers count: an object of another generation takes the place of the one before all the same.
        """
        known = {ref.number for ref in reachable(self.before, without="DSS") - (self._compared & self._listed)}
        index = self.revision.index
        for ref in sorted(self._added if index is None else self._added | {index}):
            if ref.number in known:
                raise Departure(f"object {ref.number}: was part of the document")
