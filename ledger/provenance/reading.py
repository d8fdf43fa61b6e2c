"""Chains out of the register and the published log, opened and proved."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from ledger import envelope, subjects
from ledger.envelope import EnvelopeInvalid
from ledger.evidence.tree import joint_proof, verify_joint
from ledger.log.reader import LogReader
from ledger.objects.objects import ObjectMissing
from ledger.provenance.errors import TraceTooLong
from ledger.provenance.provenance import Chain, Recorded, completeness_of, find_gaps, judge_links, wanted_tags
from ledger.signing import KeyWrapper
from ledger.store import provenance as queries
from ledger.store.provenance import StoredLink, TracedSubject
from ledger.subject_keys import SubjectKeys
from ledger.tree.merkle import ProofInvalid
from ledger.tree.tiles import TileInvalid

MOST_EVENTS: Final = 20_000
"""So many events make an answer that people still read and a file that still fits into memory."""

Scan = Callable[[Collection[bytes]], Mapping[bytes, Sequence[int]]]
"""Finds tags among all entries of the published log: the indices at which each stands."""


@dataclass(frozen=True, slots=True)
class Trace:
    """What was traced: the chains, and the log they were proved against; `proof`: of all published entries together.

    `keys`: of the subjects that were not erased.
    """

    log: LogReader
    chains: tuple[Chain, ...]
    proof: tuple[bytes, ...]
    keys: Mapping[UUID, SubjectKeys]

    @property
    def sound(self) -> bool:
        """Whether nothing failed and nothing is missing."""
        return all(chain.sound for chain in self.chains)

    @property
    def events(self) -> int:
        """How many events there are in all chains."""
        return sum(len(chain.links) for chain in self.chains)


def trace(
    session: Session,
    wrapper: KeyWrapper,
    log: LogReader,
    whole: Collection[UUID],
    now: datetime,
    *,
    events: Collection[str] = (),
    scan: Scan | None = None,
) -> Trace:
    """Trace the whole chains of some subjects, and single events of any others.

    `scan`: proves that the whole chains are complete; without one that is only claimed. Raises TraceTooLong, and
    EnvelopeInvalid where a row was moved or damaged so that it cannot even be opened.
    """
    stored = queries.chain_links(session, whole, MOST_EVENTS + 1)
    known = {link.id for link in stored}
    stored += [link for link in queries.links_of_events(session, events, MOST_EVENTS + 1) if link.id not in known]
    if len(stored) > MOST_EVENTS:
        raise TraceTooLong(MOST_EVENTS)
    concerned = queries.traced_subjects(session, {*whole, *(link.subject for link in stored)})
    keys = subjects.open_subjects(
        session, wrapper, {subject.id for subject in concerned.values() if subject.erased_tag_key is None}
    )
    leaves, proof = _proved_leaves(log, stored)
    by_subject: dict[UUID, list[StoredLink]] = defaultdict(list)
    for link in stored:
        by_subject[link.subject].append(link)
    read = [
        _read(subject, by_subject[subject.id], keys.get(subject.id), whole=subject.id in whole)
        for subject in sorted(concerned.values(), key=lambda one: _first(by_subject[one.id]))
    ]
    met = None if scan is None else scan([tag for chain in read for tag in chain.wanted])
    return Trace(log, tuple(_judged(chain, leaves, log.size, now, met) for chain in read), proof, keys)


@dataclass(frozen=True, slots=True)
class _Read:
    """A chain as it was read and opened, nothing judged; `wanted`: the tags of a whole one, with their numbers."""

    subject: TracedSubject
    keys: SubjectKeys | None
    tag_key: bytes
    whole: bool
    recorded: Sequence[Recorded]
    wanted: Mapping[bytes, int]


def _first(links: Sequence[StoredLink]) -> tuple[float, str]:
    """Order chains by their first event, so that two traces of the same thing look the same."""
    return min(((link.recorded_at.timestamp(), link.id) for link in links), default=(float("inf"), ""))


def _proved_leaves(
    log: LogReader, stored: Sequence[StoredLink]
) -> tuple[Mapping[int, bytes] | None, tuple[bytes, ...]]:
    """Return the leaf hashes that the tiles have at the events' indices, proved, with the proof; None if it fails."""
    indices = {link.place.index for link in stored if link.place is not None and 0 <= link.place.index < log.size}
    tiles = log.tiles()
    try:
        leaves = {index: tiles.nodes(0, index) for index in indices}
        proof = joint_proof(indices, log.size, tiles.nodes)
        verify_joint(leaves, log.size, proof, log.checkpoint.root)
    except (ProofInvalid, TileInvalid, ObjectMissing):
        return None, ()
    return leaves, proof


def _read(subject: TracedSubject, stored: Sequence[StoredLink], keys: SubjectKeys | None, *, whole: bool) -> _Read:
    tag_key = keys.tag if keys is not None else subject.erased_tag_key or b""
    recorded = [_opened(link, keys) for link in stored]
    return _Read(subject, keys, tag_key, whole, recorded, wanted_tags(recorded, tag_key) if whole else {})


def _judged(
    chain: _Read,
    leaves: Mapping[int, bytes] | None,
    size: int,
    now: datetime,
    met: Mapping[bytes, Sequence[int]] | None,
) -> Chain:
    """Judge a chain; `met`: where a scan found the tags of all chains, None where none was made."""
    found = None if met is None else {seq: met[tag] for tag, seq in chain.wanted.items() if tag in met}
    gaps = find_gaps(chain.recorded, size, found) if chain.whole else ()
    return Chain(
        subject=chain.subject.id,
        kind=chain.subject.kind,
        erased=chain.keys is None,
        whole=chain.whole,
        tag_key=chain.tag_key,
        links=judge_links(chain.recorded, chain.keys, chain.tag_key, leaves, now, whole=chain.whole),
        gaps=gaps,
        completeness=completeness_of(chain.recorded, gaps, size, whole=chain.whole, scanned=found is not None),
    )


def _opened(link: StoredLink, keys: SubjectKeys | None) -> Recorded:
    body = None
    if keys is not None:
        try:
            body = envelope.decrypt(keys.event, link.body, link.id.encode())
        except EnvelopeInvalid:
            # Damaged or moved: the empty body fits no commitment, and the event is named as failed.
            body = b""
    return Recorded(
        link.id, link.kind, link.subject, link.recorded_at, link.deadline, body, link.body_digest, link.place
    )
