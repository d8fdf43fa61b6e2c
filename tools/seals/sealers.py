"""What seals a file of each kind with a seal of the house: PDF, OFD, and anything else by a value beside it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, Literal
from zipfile import BadZipFile, ZipFile

from licences.documents import digest_text, sha256_text
from seals.life.document_sealing import Made, Make

if TYPE_CHECKING:
    from api.house import House
    from seals.life.grants import Seal
    from seals.pdf.placement import Placement
    from seals.pdf.seam import Seam

FileKind = Literal["pdf", "ofd", "detached"]

_PDF: Final = b"%PDF-"
_ENTRANCE: Final = "OFD.xml"
_SUFFIXES: Final[dict[FileKind, str]] = {"pdf": ".pdf", "ofd": ".ofd"}


def kind_of(path: Path) -> FileKind:
    """Return how a file is sealed, by its content; a file of any other kind has its seal beside it.

    Of a file of any size only a little is read. Raises OSError.
    """
    with path.open("rb") as stream:
        if stream.read(len(_PDF)) == _PDF:
            return "pdf"
    try:
        with ZipFile(path) as package:
            return "ofd" if _ENTRANCE in package.namelist() else "detached"
    except (BadZipFile, ValueError, NotImplementedError):
        return "detached"


def place_beside(path: Path, kind: FileKind) -> Path:
    """Return where the sealed file goes unless it is said: `X-sealed.pdf`, or `X.doc.p7s` for a seal beside `X.doc`."""
    if kind == "detached":
        return path.with_name(f"{path.name}.p7s")
    return path.with_name(f"{path.stem}-sealed{_SUFFIXES[kind]}")


class _Hashing:
    """A file that is read once, to its end, whatever its size; it keeps the SHA-256 of what was read."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._hash = sha256()

    def read(self, size: int, /) -> bytes:
        """Return at most so many bytes, none at the end."""
        block = self._stream.read(size)
        self._hash.update(block)
        return block

    @property
    def text(self) -> str:
        """Return the digest as the register has it."""
        return digest_text(self._hash.digest())


@dataclass(frozen=True, slots=True)
class FileSealing:
    """A file and how it is sealed. data: of one that is sealed in itself; one with its seal beside it is read by and by.

    places: where the seal is shown; field_name: of an empty field instead.
    """

    path: Path
    data: bytes = field(repr=False)
    kind: FileKind
    reason: str
    places: "tuple[Placement, ...]" = ()
    field_name: str | None = None
    seam: "Seam | None" = None

    def maker(self, house: "House", keep: Callable[[bytes], None], seal: "Seal") -> Make:
        """Open the seal's key, and return what seals; raises what says that the key cannot be had.

        keep: puts the sealed file where it cannot be lost. A full disk shows there, before the use is closed as made.
        """
        makers: dict[FileKind, Callable[[House, Seal], Make]] = {
            "pdf": self._pdf,
            "ofd": self._ofd,
            "detached": self._detached,
        }
        make = makers[self.kind](house, seal)

        def kept(now: datetime) -> Made:
            made = make(now)
            keep(made.data)
            return made

        return kept

    def _pdf(self, house: "House", seal: "Seal") -> Make:
        from seals.pdf.pades import PdfSealer
        from seals.picture.appearance import SealAppearance

        signer, chain = house.seal_providers.signer(seal), house.chain_of(seal.certificate)
        picture = SealAppearance.from_bytes(seal.appearance)
        sealer = PdfSealer(signer, chain, picture, house.timestamps.stamp, seal.name, self.reason)

        def make(now: datetime) -> Made:
            sealed = sealer.seal(self.data, self.field_name or self.places[0], now, self.seam)
            return Made(sealed.data, digest_text(sealed.digest))

        return make

    def _ofd(self, house: "House", seal: "Seal") -> Make:
        from api.seal_providers import national_sealer
        from seals.ofd.sealer import seal_ofd

        sealer = national_sealer(house, seal)

        def make(now: datetime) -> Made:
            sealed = seal_ofd(self.data, sealer, self.places, now)
            # Closed by this seal, the package never changes again: it is known by its own digest.
            return Made(sealed.data, sha256_text(sealed.data))

        return make

    def _detached(self, house: "House", seal: "Seal") -> Make:
        from seals.cms.detached import seal_file
        from seals.cms.sealer import CmsSealer

        signer, chain = house.seal_providers.signer(seal), house.chain_of(seal.certificate)
        sealer = CmsSealer(signer, chain, house.timestamps.stamp, seal.name)

        def make(now: datetime) -> Made:
            with self.path.open("rb") as stream:
                heard = _Hashing(stream)
                value = seal_file(heard, sealer, now)
            return Made(value, heard.text)

        return make
