"""The usage chain of a subject, judged: every event against its commitment, its place in the log and its predecessor.

Pure. Three findings an event, apart from each other, because they convict different people: a body that does not fit
its commitment was changed in the database, an entry that is not in the tree was never published, and a link that does
not lead to the event before it hides something between them.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from ledger import entries
from ledger.chains import Place
from ledger.events import written
from ledger.formats import canonical
from ledger.subject_keys import SubjectKeys
from ledger.tree.merkle import leaf_hash

Outcome = Literal["passed", "failed", "warning", "not_run", "not_applicable"]
LOOKAHEAD: Final = 64
"""So many sequence numbers beyond the last are looked for: a log that hides events might skip some."""
_MOST_SEARCHED: Final = 20_000
"""So many sequence numbers are looked for, whatever a row says: no chain that is traced whole has more."""
_NOT_TOLD: Final = frozenset({"BODY_DIFFERS", "TAG_DIFFERS"})
"""What a body with these findings says is nobody's word."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one look has shown; `code` says why, where it did not simply pass."""

    outcome: Outcome
    code: str | None = None


PASSED: Final = Finding("passed")


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event as its row tells it.

    `body`: canonical JSON, None where the subject was erased; `body_digest`: 32 bytes, salted; `place`: None while it
    waits for the sequencer.
    """

    id: str
    kind: str
    subject: UUID
    recorded_at: datetime
    deadline: datetime
    body: bytes | None
    body_digest: bytes
    place: Place | None


@dataclass(frozen=True, slots=True)
class Link:
    """An event of a chain with what was found of it."""

    recorded: Recorded
    commitment: Finding
    inclusion: Finding
    link: Finding

    @property
    def findings(self) -> tuple[Finding, Finding, Finding]:
        """All three."""
        return self.commitment, self.inclusion, self.link

    @property
    def event(self) -> Mapping[str, Any] | None:
        """What the event tells; None where it was erased, or is not what was committed to."""
        if self.recorded.body is None or self.commitment.code in _NOT_TOLD:
            return None
        event: Mapping[str, Any] = canonical.loads(self.recorded.body)
        return event


@dataclass(frozen=True, slots=True)
class Gap:
    """Where a chain has a hole. `seq`: the number that is missing or wrong; `index`: where the log has it, if it has."""

    seq: int
    code: Literal["ROW_MISSING", "ENTRY_MISSING", "ENTRY_ELSEWHERE", "ENTRY_TWICE", "ENTRY_HIDDEN"]
    index: int | None = None


@dataclass(frozen=True, slots=True)
class Completeness:
    """Whether the chain is all there is, up to `size` entries of the log. `entries`: how many the chain has there.

    `proved`: a scan of all entries found these and no more; `claimed`: we say so; `partial`: only some events of the
    chain were asked for; `broken`: there is a gap.
    """

    state: Literal["proved", "claimed", "partial", "broken"]
    entries: int
    size: int


@dataclass(frozen=True, slots=True)
class Chain:
    """The events of one subject. `whole`: all of them, else those that a question chose; `tag_key`: 32 bytes."""

    subject: UUID
    kind: str
    erased: bool
    whole: bool
    tag_key: bytes
    links: tuple[Link, ...]
    gaps: tuple[Gap, ...]
    completeness: Completeness

    @property
    def sound(self) -> bool:
        """Whether nothing failed and nothing is missing."""
        failed = any(finding.outcome == "failed" for link in self.links for finding in link.findings)
        return not failed and not self.gaps


def judge_links(
    recorded: Sequence[Recorded],
    keys: SubjectKeys | None,
    tag_key: bytes,
    leaves: Mapping[int, bytes] | None,
    now: datetime,
    *,
    whole: bool,
) -> tuple[Link, ...]:
    """Judge the events of one subject, in the order of their places, those that wait last.

    `keys`: None after erasure; `leaves`: the proved leaf hash at each index of the published log, None where the log's
    own tree does not hold.
    """
    links = []
    before: Recorded | None = None
    for item in recorded:
        if item.place is None:
            waiting = _waiting(item, now)
            links.append(Link(item, _recorded(item, keys) or waiting, waiting, waiting))
            continue
        links.append(
            Link(
                item,
                _commitment(item, item.place, keys, tag_key),
                _inclusion(item.place, leaves),
                _link(item.place, before, whole=whole),
            )
        )
        before = item
    return tuple(links)


def _waiting(item: Recorded, now: datetime) -> Finding:
    # The promise said when it would be there at the latest.
    return Finding("failed", "PROMISE_BROKEN") if now > item.deadline else Finding("not_run", "PENDING")


def _commitment(item: Recorded, place: Place, keys: SubjectKeys | None, tag_key: bytes) -> Finding:
    if place.seq < 0 or place.tag != entries.tag(tag_key, place.seq):
        return Finding("failed", "TAG_DIFFERS")
    if keys is None or item.body is None:
        return Finding("not_run", "ERASED")
    fault = _recorded(item, keys)
    if fault is not None and fault.code == "BODY_DIFFERS":
        return fault
    link = entries.link_digest(entries.link_salt(keys.salt, item.id), item.subject, place.seq, place.previous)
    if place.commitment != entries.commitment(item.body_digest, link):
        return Finding("failed", "COMMITMENT_DIFFERS")
    return fault or PASSED


def _recorded(item: Recorded, keys: SubjectKeys | None) -> Finding | None:
    """Return what is wrong with a row in itself, before it has a place; None: nothing, or it was erased."""
    if keys is None or item.body is None:
        return None
    if item.body_digest != entries.body_digest(entries.body_salt(keys.salt, item.id), item.body):
        return Finding("failed", "BODY_DIFFERS")
    return None if _tells(item, item.body) else Finding("failed", "ROW_DIFFERS")


def _tells(item: Recorded, body: bytes) -> bool:
    """Tell whether the plain columns, by which questions choose, say what was committed to."""
    told = canonical.loads(body)
    columns = {"id": item.id, "kind": item.kind, "subject": str(item.subject), "at": written(item.recorded_at)}
    return isinstance(told, dict) and columns.items() <= told.items()


def _inclusion(place: Place, leaves: Mapping[int, bytes] | None) -> Finding:
    if leaves is None:
        return Finding("failed", "TREE_DIFFERS")
    leaf = leaves.get(place.index)
    if leaf is None and place.index >= 0:
        return Finding("not_run", "NOT_PUBLISHED")
    return PASSED if leaf == leaf_hash(place.entry) else Finding("failed", "ENTRY_DIFFERS")


def _link(place: Place, before: Recorded | None, *, whole: bool) -> Finding:
    if before is not None and before.place is not None and before.place.seq == place.seq - 1:
        expected = before.place.commitment
    elif place.seq == 0:
        expected = entries.FIRST
    elif whole:
        return Finding("failed", "PREDECESSOR_MISSING")
    else:
        return Finding("not_run", "PREDECESSOR_NOT_ASKED")
    return PASSED if place.previous == expected else Finding("failed", "LINK_DIFFERS")


def wanted_tags(recorded: Sequence[Recorded], tag_key: bytes) -> dict[bytes, int]:
    """Return the tags that a scan must look for, with their sequence numbers: those that are known, and beyond."""
    told = {item.place.seq for item in recorded if item.place is not None and item.place.seq >= 0}
    return {entries.tag(tag_key, seq): seq for seq in _numbers(told, LOOKAHEAD)}


def _numbers(told: Collection[int], beyond: int = 0) -> set[int]:
    """Return the numbers that a chain with these has or should have: a row that tells a huge one is not counted up to."""
    return set(told) | set(range(min(max(told, default=-1) + 1, _MOST_SEARCHED) + beyond))


def find_gaps(recorded: Sequence[Recorded], size: int, found: Mapping[int, Sequence[int]] | None) -> tuple[Gap, ...]:
    """Return the holes of a whole chain up to `size` entries of the log.

    `found`: where a scan of those entries met each sequence number; None where none was made.
    """
    return tuple(_gaps({item.place.seq: item.place for item in recorded if item.place is not None}, size, found))


def _gaps(places: Mapping[int, Place], size: int, found: Mapping[int, Sequence[int]] | None) -> Iterator[Gap]:
    last = max(places, default=-1)
    for seq in sorted(_numbers({*places, *(found or ())})):
        place, met = places.get(seq), (found or {}).get(seq, ())
        if len(met) > 1:
            yield Gap(seq, "ENTRY_TWICE", met[1])
        elif place is None:
            # Where the log has the entry its row was taken away; where it has not, the number itself was skipped.
            if met or seq < last:
                yield Gap(seq, "ENTRY_HIDDEN" if met else "ROW_MISSING", met[0] if met else None)
        elif met and met[0] != place.index:
            yield Gap(seq, "ENTRY_ELSEWHERE", met[0])
        elif found is not None and not met and place.index < size:
            yield Gap(seq, "ENTRY_MISSING", place.index)


def completeness_of(
    recorded: Sequence[Recorded], gaps: Sequence[Gap], size: int, *, whole: bool, scanned: bool
) -> Completeness:
    """Return what may be said of a chain's completeness."""
    published = sum(item.place is not None and item.place.index < size for item in recorded)
    if gaps:
        return Completeness("broken", published, size)
    if not whole:
        return Completeness("partial", published, size)
    return Completeness("proved" if scanned else "claimed", published, size)
