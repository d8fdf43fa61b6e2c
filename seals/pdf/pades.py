"""Sealing a PDF: a PAdES signature (B-B, or B-T with a timestamper) with a visible seal, the first one certifying.

One incremental update; the old bytes are not touched, and what was PDF/A stays PDF/A. Everything that is the same for
every document is made once per seal.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from ledger.signing import Signer
from seals.cms.sealer import TOKEN_SLACK, CmsSealer, Timestamper
from seals.pdf.errors import PdfAlreadySealed
from seals.pdf.fields import signature_fields
from seals.pdf.file import PdfFile
from seals.pdf.objects import Name, PdfDict, Ref, serialise, text_string
from seals.pdf.placement import Placement, add_annotations
from seals.pdf.seam import Seam, add_strips
from seals.pdf.signature import CANONICAL_FORM
from seals.pdf.stencil import Stencil, Stencils, cut
from seals.pdf.update import PdfUpdate
from seals.pdf.widgets import EmptyField, Mark, add_field, certify, fill_field, prepare, seals_first
from seals.picture.appearance import SealAppearance

__all__ = ["EmptyField", "PdfSealer", "Placement", "SealedPdf", "Seam", "Timestamper", "prepare"]

_CERTIFYING: Final[PdfDict] = {
    "Type": Name("SigRef"),
    "TransformMethod": Name("DocMDP"),
    # P 2: forms may be filled and further seals added, nothing else (ISO 32000-1 table 254). PDF/A-3 forbids digests here.
    "TransformParams": {"Type": Name("TransformParams"), "P": 2, "V": Name("1.2")},
}


@dataclass(frozen=True, slots=True)
class SealedPdf:
    """A sealed document and its digest: SHA-256 (32 bytes) of all of it but the signature value, whatever the seal's hash."""

    data: bytes
    digest: bytes


class PdfSealer:
    """Seals documents with one seal.

    signer: the seal's key; chain: DER certificates, leaf first, up to and including the root; timestamper: None gives
    B-B; name: the seal's name; reason: why it is set. Raises SealKeyUnusable if key and chain do not fit together.
    """

    def __init__(
        self,
        signer: Signer,
        chain: Sequence[bytes],
        appearance: SealAppearance,
        timestamper: Timestamper | None,
        name: str,
        reason: str,
    ) -> None:
        self._cms = CmsSealer(signer, chain, timestamper, name)
        self._hash = self._cms.hash
        self._appearance = appearance
        self._reserved: int | None = None
        self._stencils = Stencils()
        dictionary: PdfDict = {
            "Type": Name("Sig"),
            "Filter": Name("Adobe.PPKLite"),
            "SubFilter": Name("ETSI.CAdES.detached"),
            "Name": text_string(name),
            "Reason": text_string(reason),
            "Prop_Build": {"App": {"Name": CANONICAL_FORM}},
        }
        self._later = serialise(dictionary).removesuffix(b">>")
        self._first = serialise({**dictionary, "Reference": [_CERTIFYING]}).removesuffix(b">>")

    def seal(self, pdf: bytes, place: Placement | str, now: datetime, seam: Seam | None = None) -> SealedPdf:
        """Seal the document and show the seal on the page.

        place: where a first seal goes, or the name of an empty field that `prepare` made. The first seal of a document
        certifies it; later ones only fill fields. seam: strips of a first seal on the pages' edges.
        Raises PdfUnreadable, PdfEncrypted, PdfUnsupported, PdfAlreadySealed, PdfPageMissing, PdfFieldMissing,
        PdfFieldTaken, SealFieldSize, SealOffPage, SealCertificateNotValid, and what signer and timestamper raise.
        Source: EN 319 142-1 sections 5 and 6
        """
        self._cms.check(now)
        file = PdfFile(pdf)
        while True:
            unsigned = self._stencil(file, place, seam, self._space(now)).lay(file, _date(now))
            digest = unsigned.digest("sha256")
            cms = self._cms.sign(digest if self._hash == "sha256" else unsigned.digest(self._hash), now)
            if len(cms) <= unsigned.space:
                return SealedPdf(unsigned.signed(cms), digest)
            self._reserved = len(cms) + TOKEN_SLACK

    def _space(self, now: datetime) -> int:
        """Return how many bytes to keep for the CMS."""
        if self._reserved is None:
            self._reserved = self._cms.size(now)
        return self._reserved

    def _stencil(self, file: PdfFile, place: Placement | str, seam: Seam | None, space: int) -> Stencil:
        return self._stencils.find(file, (place, seam, space), lambda: self._draw(file, place, seam, space))

    def _draw(self, file: PdfFile, place: Placement | str, seam: Seam | None, space: int) -> Stencil:
        fields = tuple(signature_fields(file))
        first = seals_first(file, fields)
        if not first and (seam is not None or isinstance(place, Placement)):
            raise PdfAlreadySealed
        update = PdfUpdate(file)
        mark = Mark(Ref(update.allocate(), 0), Ref(update.allocate(len(self._appearance)), 0), self._appearance)
        stencil = cut(update, mark.signature, self._first if first else self._later, space)
        for number, picture in enumerate(self._appearance.objects(mark.picture.number), mark.picture.number):
            update.put(Ref(number, 0), picture)
        added = []
        if isinstance(place, Placement):
            added.append(add_field(file, update, place, mark))
        else:
            fill_field(file, update, fields, place, mark)
        if first:
            certify(file, update, mark.signature, [widget for _, widget in added])
        if seam is not None:
            added.extend(add_strips(file, update, seam, mark))
        add_annotations(file, update, added)
        return stencil()


def _date(moment: datetime) -> bytes:
    return moment.astimezone(UTC).strftime("%Y%m%d%H%M%SZ").encode("ascii")
