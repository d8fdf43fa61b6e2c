"""The file a counterpart keeps (c2sp.org/tlog-proof): one entry, its place in the log, and the checkpoint above it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from ledger.entries import Opening, OpeningUnreadable
from ledger.errors import LedgerError
from ledger.formats import base64_text
from ledger.formats.checkpoints import Checkpoint, parse_number
from ledger.formats.notes import NoteSignatureInvalid, NoteUnreadable, NoteUntrusted, Vkey
from ledger.tree.merkle import HASH_SIZE, MAX_PROOF, ProofInvalid, leaf_hash, verify_inclusion

HEADER = "c2sp.org/tlog-proof@v1"
MAX_TEXT = 1 << 20

__all__ = ["ProofInvalid", "ProofUnreadable", "ProofUntrusted", "TlogProof", "VerifiedEntry", "verify_proof"]


@dataclass(eq=False)
class ProofUnreadable(LedgerError):
    """The file is not a proof of an entry of ours."""

    code = "ledger.proof_unreadable"
    zh = "账本证明文件无法读取：{reason}"
    en = "the ledger proof cannot be read: {reason}"

    reason: str


@dataclass(eq=False)
class ProofUntrusted(LedgerError):
    """The proof's checkpoint is not signed by a log that is known."""

    code = "ledger.proof_untrusted"
    zh = "账本证明不是由受信任的账本签署的"
    en = "the ledger proof is not signed by a log that is trusted"


@dataclass(frozen=True, slots=True)
class TlogProof:
    """A proof as it is kept.

    `hashes`: from the leaf's sibling up, 32 bytes each; `checkpoint`: the signed note, verbatim; `extra`: what opens
    the entry, which nothing authenticates but the proof itself.
    """

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: str
    extra: bytes | None

    @property
    def text(self) -> str:
        """The proof as a file.

        Source: c2sp.org/tlog-proof, "Format".
        """
        extra = [] if self.extra is None else [f"extra {base64_text.encode(self.extra)}"]
        hashes = [base64_text.encode(part) for part in self.hashes]
        return "\n".join([HEADER, *extra, f"index {self.index}", *hashes, "", self.checkpoint])

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a proof; raises ProofUnreadable."""
        if len(text) > MAX_TEXT:
            raise ProofUnreadable(reason="it is too long")
        head, blank, checkpoint = text.partition("\n\n")
        header, *lines = head.split("\n")
        if header != HEADER or not blank:
            raise ProofUnreadable(reason="it is not a tlog-proof")
        try:
            extra = base64_text.decode(lines.pop(0)[6:]) if lines and lines[0].startswith("extra ") else None
            if not lines or not lines[0].startswith("index "):
                raise ProofUnreadable(reason="it has no index")
            index = parse_number(lines[0][6:])
            hashes = tuple(base64_text.decode(line) for line in lines[1:])
        except ValueError as error:
            raise ProofUnreadable(reason="a line of it is damaged") from error
        if len(hashes) > MAX_PROOF or any(len(part) != HASH_SIZE for part in hashes):
            raise ProofUnreadable(reason="it is not made of SHA-256 hashes")
        return cls(index=index, hashes=hashes, checkpoint=checkpoint, extra=extra)


@dataclass(frozen=True, slots=True)
class VerifiedEntry:
    """An event that stands in a log: the event as it was recorded, its index, and the log's origin, size and root."""

    event: Mapping[str, Any]
    index: int
    size: int
    origin: str
    root: bytes


def verify_proof(proof: TlogProof, vkeys: Mapping[str, Vkey]) -> VerifiedEntry:
    """Check that a known log contains the entry that the proof opens; `vkeys`: the key of each origin.

    Raises ProofUnreadable (nothing can be said), ProofUntrusted (the log is not known) and ProofInvalid (it does not
    hold).
    """
    try:
        opening = Opening.parse(proof.extra or b"")
        checkpoint = Checkpoint.open(proof.checkpoint, vkeys)
    except OpeningUnreadable as error:
        raise ProofUnreadable(reason="it does not open its entry") from error
    except NoteUnreadable as error:
        raise ProofUnreadable(reason=error.reason) from error
    except NoteUntrusted as error:
        raise ProofUntrusted from error
    except NoteSignatureInvalid as error:
        raise ProofInvalid(reason="the signature of the checkpoint does not verify") from error
    verify_inclusion(proof.index, checkpoint.size, leaf_hash(opening.entry), proof.hashes, checkpoint.root)
    return VerifiedEntry(opening.event, proof.index, checkpoint.size, checkpoint.origin, checkpoint.root)
