"""What is said between a log and a witness (c2sp.org/tlog-witness), pure: bodies in and out.

old <size>                           of the latest checkpoint that this witness cosigned, 0 before the first
<base64 of a consistency hash>…      at most 63, from there to the checkpoint
                                     an empty line
<checkpoint>                         the signed note, verbatim
"""

from dataclasses import dataclass
from typing import Final, Self

from ledger.formats import base64_text
from ledger.formats.checkpoints import parse_number
from ledger.formats.notes import MAX_NOTE, NoteSignature, NoteUnreadable
from ledger.tree.merkle import HASH_SIZE
from ledger.witness.errors import WitnessConflict, WitnessRefusal, WitnessRequestUnreadable

PATH: Final = "add-checkpoint"
SIZE_TYPE: Final = "text/x.tlog.size"
TEXT_TYPE: Final = "text/plain; charset=utf-8"
MAX_PROOF: Final = 63
MAX_REQUEST: Final = MAX_NOTE + (1 << 12)
"""A checkpoint with post-quantum signatures of many keys, and the proof before it."""


@dataclass(frozen=True, slots=True)
class AddCheckpoint:
    """A request: the size to start from, the hashes of the consistency proof (32 bytes each), the signed note."""

    old: int
    proof: tuple[bytes, ...]
    note: str

    def to_bytes(self) -> bytes:
        """Return the body."""
        return continuation_text(self.old, self.proof, self.note).encode()

    @classmethod
    def parse(cls, body: bytes) -> Self:
        """Read a body; raises WitnessRequestUnreadable."""
        if len(body) > MAX_REQUEST:
            raise WitnessRequestUnreadable(reason="it is too long")
        try:
            return cls(*parse_continuation(body.decode()))
        except ValueError as error:
            raise WitnessRequestUnreadable(reason="a line of it is damaged") from error


@dataclass(frozen=True, slots=True)
class Answer:
    """What a witness answers: an HTTP status, a media type and a body."""

    status: int
    media_type: str
    body: bytes


def refusal(error: WitnessRefusal) -> Answer:
    """Return how a witness says no: a conflict tells the size to start from, all others a sentence for people."""
    if isinstance(error, WitnessConflict):
        return Answer(error.status, SIZE_TYPE, f"{error.size}\n".encode())
    return Answer(error.status, TEXT_TYPE, f"{error.message('en')} ({error.code})\n".encode())


def continuation_text(old: int, proof: tuple[bytes, ...], rest: str) -> str:
    """Return text that stands in front of a document: the size to start from and the proof from there."""
    return "\n".join([f"old {old}", *map(base64_text.encode, proof), "", rest])


def parse_continuation(text: str) -> tuple[int, tuple[bytes, ...], str]:
    """Take apart what `continuation_text` made; raises ValueError.

    Source: c2sp.org/tlog-witness, "add-checkpoint".
    """
    # The first empty line: the note below has one of its own.
    head, blank, rest = text.partition("\n\n")
    first, *lines = head.split("\n")
    word, _, number = first.partition(" ")
    if word != "old" or not blank or len(lines) > MAX_PROOF:
        raise ValueError("not an old size and a proof")
    proof = tuple(base64_text.decode(line) for line in lines)
    if any(len(part) != HASH_SIZE for part in proof):
        raise ValueError("not a hash")
    return parse_number(number), proof, rest


def answer_lines(body: bytes) -> tuple[NoteSignature, ...]:
    """Read the signature lines of a witness's answer; raises NoteUnreadable."""
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise NoteUnreadable(reason="it is not text") from error
    if not text.endswith("\n"):
        raise NoteUnreadable(reason="a signature line without its end")
    return tuple(NoteSignature.parse(line) for line in text[:-1].split("\n"))


def size_answer(body: bytes) -> int:
    """Read the size that a conflict answers with; raises ValueError."""
    text = body.decode("ascii")
    if not text.endswith("\n"):
        raise ValueError("a size without its newline")
    return parse_number(text[:-1])
