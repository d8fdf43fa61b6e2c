"""Whether the chains of an evidence file are all there is: by the log's word, or by a scan of its entries. Pure."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ledger import entries
from ledger.evidence.reading import ClaimedChain, ClaimedLook, Place
from ledger.formats import canonical
from ledger.formats.notes import NoteSignatureInvalid, NoteUnreadable, NoteUntrusted, Vkey
from ledger.log.promises import read_promise
from ledger.provenance.provenance import LOOKAHEAD
from ledger.provenance.reading import Scan


@dataclass(frozen=True, slots=True)
class Said:
    """What a file says of itself, to which every look in it must agree; `made_at`: as events tell a time."""

    origin: str
    order: str | None
    made_at: str


def claim_code(chain: ClaimedChain, size: int, said: Said, vkeys: Mapping[str, Vkey] | None) -> str:
    """Return CLAIMED where the log has signed this very count, or where nobody could claim it any more."""
    known = sum(event.place is not None and event.place.index < size for event in chain.events)
    if chain.entries != known:
        return "CLAIM_DIFFERS"
    if chain.look is None:
        # An erased chain takes no more events; of any other the log has given its word, or it has not.
        return "CLAIMED" if chain.erased else "CLAIM_UNSIGNED"
    if not _agrees(chain, chain.look, (known, size), said):
        return "CLAIM_DIFFERS"
    if vkeys is None or said.origin not in vkeys:
        return "CLAIMED"  # the checks of the signatures say that nobody was trusted
    return "CLAIMED" if _promised(chain.look, said, vkeys) else "CLAIM_UNSIGNED"


def _agrees(chain: ClaimedChain, look: ClaimedLook, counted: tuple[int, int], said: Said) -> bool:
    about = {"kind": "audit-opened", "subject": str(chain.subject), "at": said.made_at}
    detail = look.body.get("detail")
    told = detail if isinstance(detail, dict) else {}
    order = told.get("order")
    return about.items() <= look.body.items() and ((told.get("entries"), told.get("size")), order) == (
        counted,
        said.order,
    )


def _promised(look: ClaimedLook, said: Said, vkeys: Mapping[str, Vkey]) -> bool:
    try:
        promise = read_promise(look.promise, vkeys)
        digest = entries.body_digest(look.body_salt, canonical.dumps(look.body))
    except (NoteUnreadable, NoteUntrusted, NoteSignatureInvalid, canonical.NotCanonical):
        return False
    return (promise.event, promise.body_digest, promise.origin) == (look.body.get("id"), digest, said.origin)


def scan_faults(chains: Sequence[ClaimedChain], size: int, scan: Scan) -> Sequence[Place]:
    """Compare chains with what one scan of all entries finds under their keys: 0 to n are there, n + 1 is not."""
    wanted = [(chain, _wanted(chain)) for chain in chains]
    met = _below(scan([tag for _, tags in wanted for tag in tags]), size)
    return [
        fault
        for chain, tags in wanted
        for fault in _faults(chain, size, {seq: met[tag] for tag, seq in tags.items() if tag in met})
    ]


def _wanted(chain: ClaimedChain) -> Mapping[bytes, int]:
    """Return the tags to look for, with their numbers: no more than there are events, whatever numbers the file tells."""
    assert chain.tag_key is not None
    told = {event.place.seq for event in chain.events if event.place is not None}
    return {entries.tag(chain.tag_key, seq): seq for seq in told | set(range(len(told) + LOOKAHEAD))}


def _faults(chain: ClaimedChain, size: int, met: Mapping[int, Sequence[int]]) -> Iterator[Place]:
    places = {event.place.seq: event.place.index for event in chain.events if event.place is not None}
    known = {seq: index for seq, index in places.items() if index < size}
    for seq in sorted(met.keys() | known.keys()):
        if seq not in known:
            yield chain.of("ENTRY_HIDDEN", seq=seq)
        elif seq not in met:
            yield chain.of("ENTRY_MISSING", seq=seq)
        elif list(met[seq]) != [known[seq]]:
            yield chain.of("ENTRY_TWICE" if len(met[seq]) > 1 else "ENTRY_ELSEWHERE", seq=seq)


def _below(found: Mapping[bytes, Collection[int]], size: int) -> dict[bytes, list[int]]:
    cut = {tag: [index for index in indices if index < size] for tag, indices in found.items()}
    return {tag: indices for tag, indices in cut.items() if indices}
