"""The way from a licence's entry to the province's log: licence → city checkpoint → provincial checkpoint.

A province's log is another log, with an origin of its own, that holds checkpoints of city logs as entries:

    entry  = the line `elicence/city-checkpoint/v1` ‖ the city's checkpoint, a signed note with no signatures but its own

A city that shows different histories to different people must then have one of them standing in the province's log, under
its own signature. A provincial proof goes with a licence's `.tlog-proof` and is a file of two parts:

    old <size>              of the city checkpoint in the licence's proof
    <base64 hash>…          that the city checkpoint in the province's log continues it
                            an empty line
    <c2sp.org/tlog-proof>   that the province's log holds that city checkpoint; its extra is the entry
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from ledger.errors import LedgerError
from ledger.formats.bundles import MAX_ENTRY
from ledger.formats.checkpoints import Checkpoint
from ledger.formats.notes import NoteSignatureInvalid, NoteUnreadable, NoteUntrusted, Vkey
from ledger.formats.tlog_proof import MAX_TEXT, ProofUnreadable, ProofUntrusted, TlogProof, VerifiedEntry, verify_proof
from ledger.tree.merkle import ProofInvalid, leaf_hash, verify_consistency, verify_inclusion
from ledger.witness.protocol import continuation_text, parse_continuation

DOMAIN: Final = b"elicence/city-checkpoint/v1\n"


@dataclass(eq=False)
class CityCheckpointUnusable(LedgerError):
    """A city's checkpoint that cannot become an entry."""

    code = "ledger.city_checkpoint_unusable"
    zh = "市级检查点无法写入省级账本：{reason}"
    en = "the city's checkpoint cannot become an entry of the province's log: {reason}"

    reason: str


def city_entry(note: str) -> bytes:
    """Return the entry of a city's checkpoint, a note with no signatures but its log's own.

    Raises CityCheckpointUnusable for one longer than an entry may be.
    """
    entry = DOMAIN + note.encode()
    if len(entry) > MAX_ENTRY:
        raise CityCheckpointUnusable(reason="it is too long")
    return entry


@dataclass(frozen=True, slots=True)
class ProvincialProof:
    """What leads from a city checkpoint of size `old` to the province's log. consistency: 32 bytes each."""

    old: int
    consistency: tuple[bytes, ...]
    inclusion: TlogProof

    @property
    def text(self) -> str:
        """The proof as a file."""
        return continuation_text(self.old, self.consistency, self.inclusion.text)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a proof; raises ProofUnreadable."""
        if len(text) > MAX_TEXT:
            raise ProofUnreadable(reason="it is too long")
        try:
            old, consistency, rest = parse_continuation(text)
        except ValueError as error:
            raise ProofUnreadable(reason="it does not begin with an old size and a proof") from error
        return cls(old, consistency, TlogProof.parse(rest))

    @property
    def city_note(self) -> str:
        """The city's checkpoint that stands in the province's log, a signed note; raises ProofUnreadable."""
        return city_note(self.inclusion)


def city_note(inclusion: TlogProof) -> str:
    """Return the city's checkpoint, a signed note, that a proof of the province's log is about; raises ProofUnreadable."""
    entry = inclusion.extra or b""
    try:
        if not entry.startswith(DOMAIN):
            raise ProofUnreadable(reason="it is about no city checkpoint")
        return entry.removeprefix(DOMAIN).decode()
    except UnicodeDecodeError as error:
        raise ProofUnreadable(reason="its city checkpoint is not text") from error


@dataclass(frozen=True, slots=True)
class ProvincialChain:
    """A way that was walked: the entry in the city's log, the city checkpoint in the province's log, and where there."""

    entry: VerifiedEntry
    city: Checkpoint
    index: int
    province: Checkpoint


def verify_chain(
    licence: TlogProof, proof: ProvincialProof, cities: Mapping[str, Vkey], provinces: Mapping[str, Vkey]
) -> ProvincialChain:
    """Walk from a licence's entry to the province's checkpoint, trusting nothing but the keys of each origin.

    Raises ProofUnreadable (nothing can be said), ProofUntrusted (a log that is not known) and ProofInvalid.
    """
    # 1. The city's log holds the entry, at the checkpoint that the licence's proof carries.
    entry = verify_proof(licence, cities)
    # 2. The city has signed the checkpoint that the province's log is said to hold, and it is the same city.
    city = _open(proof.city_note, cities)
    if city.origin != entry.origin:
        raise ProofInvalid(reason="the city checkpoint is of another log")
    # 3. That checkpoint continues the licence's.
    if proof.old != entry.size:
        raise ProofInvalid(reason="it starts from another size than the licence's proof")
    if entry.size > city.size:
        raise ProofInvalid(reason="the city checkpoint is older than the licence's proof")
    verify_consistency(entry.size, city.size, proof.consistency, entry.root, city.root)
    # 4. The province's log holds it. Another log than the city's own, or the city would vouch for itself.
    province = _open(proof.inclusion.checkpoint, provinces)
    if province.origin == city.origin:
        raise ProofInvalid(reason="the province's log is the city's own")
    leaf = leaf_hash(proof.inclusion.extra or b"")
    verify_inclusion(proof.inclusion.index, province.size, leaf, proof.inclusion.hashes, province.root)
    return ProvincialChain(entry, city, proof.inclusion.index, province)


def _open(note: str, vkeys: Mapping[str, Vkey]) -> Checkpoint:
    try:
        return Checkpoint.open(note, vkeys)
    except NoteUnreadable as error:
        raise ProofUnreadable(reason=error.reason) from error
    except NoteUntrusted as error:
        raise ProofUntrusted from error
    except NoteSignatureInvalid as error:
        raise ProofInvalid(reason="the signature of a checkpoint does not verify") from error
