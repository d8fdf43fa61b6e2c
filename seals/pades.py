"""Sealing a PDF: a certifying PAdES signature (B-B, or B-T with a timestamper) with a visible seal.

One incremental update; the old bytes are not touched, and what was PDF/A stays PDF/A. Everything that is the same for
every document is made once per seal.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from ca.certificate_reader import read_certificate
from ca.errors import DerInvalid
from ledger.signing import Signer
from seals.appearance import SealAppearance
from seals.cms import CmsWriter, order_chain
from seals.errors import SealCertificateNotValid
from seals.pdf_errors import CmsUnreadable, SealKeyUnusable
from seals.pdf_file import PdfFile
from seals.pdf_objects import Name, PdfDict, Ref, serialise, text_string
from seals.pdf_placement import Placement, SealField, show_seal
from seals.pdf_signature import CANONICAL_FORM
from seals.pdf_update import PdfUpdate

__all__ = ["PdfSealer", "Placement", "SealedPdf", "Timestamper"]

Timestamper = Callable[[bytes, datetime], bytes]
"""Gives the DER timestamp token for a SHA-256 imprint (32 bytes) at a time."""

_TOKEN_SLACK: Final = 64  # bytes by which tokens of one authority differ: serial number, ECDSA values, fraction of time
_RANGE_WIDTH: Final = 36  # characters kept for the three numbers of the byte range
_CERTIFYING: Final[PdfDict] = {
    "Type": Name("SigRef"),
    "TransformMethod": Name("DocMDP"),
    # P 2: forms may be filled and further seals added, nothing else (ISO 32000-1 table 254). PDF/A-3 forbids digests here.
    "TransformParams": {"Type": Name("TransformParams"), "P": 2, "V": Name("1.2")},
}


@dataclass(frozen=True, slots=True)
class SealedPdf:
    """A sealed document and its digest: SHA-256 (32 bytes) of all of it but the signature value."""

    data: bytes
    digest: bytes


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A document with a hole at `start`, a bracket and twice `space` digits, for a signature value of `space` bytes."""

    data: bytearray
    start: int
    space: int
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
        if signer.algorithm != "ES256":
            raise SealKeyUnusable(reason="algorithm")
        try:
            ordered = order_chain(chain[0], frozenset(chain))
        except (CmsUnreadable, DerInvalid, IndexError) as error:
            raise SealKeyUnusable(reason="chain") from error
        self._certificate = read_certificate(ordered[0])
        if self._certificate.public_key != signer.public_key:
            raise SealKeyUnusable(reason="certificate_of_another_key")
        self._signer = signer
        self._writer = CmsWriter(ordered)
        self._appearance = appearance
        self._timestamper = timestamper
        self._reserved: int | None = None
        self._name = name
        dictionary: PdfDict = {
            "Type": Name("Sig"),
            "Filter": Name("Adobe.PPKLite"),
            "SubFilter": Name("ETSI.CAdES.detached"),
            "Name": text_string(name),
            "Reason": text_string(reason),
            "Reference": [_CERTIFYING],
            "Prop_Build": {"App": {"Name": CANONICAL_FORM}},
        }
        self._dictionary = serialise(dictionary).removesuffix(b">>")

    def seal(self, pdf: bytes, placement: Placement, now: datetime) -> SealedPdf:
        """Certify the document and show the seal on the page.

        Raises PdfUnreadable, PdfEncrypted, PdfUnsupported, PdfAlreadySealed, PdfPageMissing, SealOffPage,
        SealCertificateNotValid, and what signer and timestamper raise. Source: EN 319 142-1 sections 5 and 6.
        """
        if not self._certificate.not_before <= now <= self._certificate.not_after:
            raise SealCertificateNotValid(seal=self._name)
        file = PdfFile(pdf)
        while True:
            prepared = self._prepare(file, placement, now, self._space(now))
            cms = self._sign(prepared.digest, now)
            if len(cms) <= prepared.space:
                break
            self._reserved = len(cms) + _TOKEN_SLACK
        value = cms.hex().encode("ascii")
        prepared.data[prepared.start + 1 : prepared.start + 1 + len(value)] = value
        return SealedPdf(bytes(prepared.data), prepared.digest)

    def _space(self, now: datetime) -> int:
        """Return how many bytes to keep for the CMS; asks for one token to learn how large they are."""
        if self._reserved is None:
            token = b"" if self._timestamper is None else self._timestamper(sha256(b"").digest(), now)
            self._reserved = self._writer.size(len(token) + _TOKEN_SLACK if token else 0)
        return self._reserved

    def _sign(self, digest: bytes, now: datetime) -> bytes:
        signature = self._signer.sign(self._writer.signed_attributes(digest))
        token = None if self._timestamper is None else self._timestamper(sha256(signature).digest(), now)
        return self._writer.assemble(digest, signature, token)

    def _prepare(self, file: PdfFile, placement: Placement, now: datetime, space: int) -> _Prepared:
        update = PdfUpdate(file)
        signature, widget, form = (Ref(update.allocate(), 0) for _ in range(3))
        update.allocate(len(self._appearance) - 1)
        head = b"%b/M%b/ByteRange[0 " % (self._dictionary, serialise(_date(now)))
        body = b"%b%b]/Contents<%b>>>" % (head, b" " * _RANGE_WIDTH, b"0" * (2 * space))
        start = update.put(signature, body)
        for number, picture in enumerate(self._appearance.objects(form.number), form.number):
            update.put(Ref(number, 0), picture)
        show_seal(file, update, SealField(signature, widget, form), placement, self._appearance)
        data = update.finish(head)
        hole_end = start + len(body) - len(b">>")
        hole = hole_end - 2 * space - len(b"<>")
        numbers = b"%d %d %d" % (hole, hole_end, len(data) - hole_end)
        data[start + len(head) : start + len(head) + len(numbers)] = numbers
        with memoryview(data) as view:
            digest = sha256(view[:hole])
            digest.update(view[hole_end:])
        return _Prepared(data, hole, space, digest.digest())


def _date(moment: datetime) -> bytes:
    return moment.astimezone(UTC).strftime("D:%Y%m%d%H%M%SZ").encode("ascii")
