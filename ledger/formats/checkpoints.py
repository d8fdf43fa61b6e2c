"""Checkpoints (c2sp.org/tlog-checkpoint): what a log signs about its tree."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from ledger.formats import base64_text
from ledger.formats.notes import NoteUnreadable, NoteUntrusted, SignedNote, Vkey
from ledger.tree.merkle import HASH_SIZE

_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
MAX_SIZE = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree head: the log's origin, the number of entries and the root (32 bytes)."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The text that is signed."""
        return "\n".join([self.origin, str(self.size), base64_text.encode(self.root), *self.extensions]) + "\n"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text of a checkpoint, its signatures taken off; raises NoteUnreadable."""
        origin, *rest = text.removesuffix("\n").split("\n")
        if len(rest) < 2 or not all([origin, *rest]) or not text.endswith("\n"):
            raise NoteUnreadable(reason="a checkpoint has at least three lines and none empty")
        try:
            checkpoint = cls(origin, parse_number(rest[0]), base64_text.decode(rest[1]), tuple(rest[2:]))
        except ValueError as error:
            raise NoteUnreadable(reason="the size or the root of the checkpoint") from error
        if len(checkpoint.root) != HASH_SIZE:
            raise NoteUnreadable(reason="the root of the checkpoint is no SHA-256 hash")
        return checkpoint

    @classmethod
    def open(cls, note: str, vkeys: Mapping[str, Vkey]) -> Self:
        """Read a checkpoint that the log itself has signed; `vkeys`: the key of each known origin.

        Raises NoteUnreadable, NoteUntrusted (an origin nobody knows, or no signature of its key) and
        NoteSignatureInvalid.
        """
        signed = SignedNote.parse(note)
        checkpoint = cls.parse(signed.text)
        # The key must be the one of this very origin: another log's key must not vouch for it.
        vkey = vkeys.get(checkpoint.origin)
        if vkey is None:
            raise NoteUntrusted
        signed.verify([vkey])
        return checkpoint


def parse_number(text: str) -> int:
    """Return a decimal number without leading zeroes, below 2^63; raises ValueError."""
    if _DECIMAL.fullmatch(text) is None or int(text) > MAX_SIZE:
        raise ValueError("not a decimal number")
    return int(text)
