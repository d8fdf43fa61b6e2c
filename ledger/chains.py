"""The place of each event: its index in the log and its link in its subject's chain. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from ledger import entries
from ledger.subject_keys import SubjectKeys


@dataclass(frozen=True, slots=True)
class Tip:
    """The end of a subject's chain: how many entries it has, and the commitment of the last (32 zero bytes if none)."""

    length: int
    commitment: bytes


NEW = Tip(0, entries.FIRST)


@dataclass(frozen=True, slots=True)
class Pending:
    """A recorded event that waits for its place; `body_digest`: 32 bytes, salted."""

    event: str
    subject: UUID
    body_digest: bytes


@dataclass(frozen=True, slots=True)
class Place:
    """Where an event stands and what is published of it; `previous`, `tag` and `commitment` have 32 bytes."""

    event: str
    index: int
    seq: int
    previous: bytes
    tag: bytes
    commitment: bytes

    @property
    def entry(self) -> bytes:
        """The log's entry."""
        return entries.encode(self.tag, self.commitment)


def place(
    pending: Sequence[Pending], tips: Mapping[UUID, Tip], keys: Mapping[UUID, SubjectKeys], start: int
) -> list[Place]:
    """Give each event the next index, from `start`, and the next link of its subject's chain, in the order given.

    Several events of one subject follow one another within the batch.
    """
    ends = dict(tips)
    places = []
    for index, item in enumerate(pending, start):
        tip, subject_keys = ends[item.subject], keys[item.subject]
        salt = entries.link_salt(subject_keys.salt, item.event)
        link = entries.link_digest(salt, item.subject, tip.length, tip.commitment)
        made = Place(
            event=item.event,
            index=index,
            seq=tip.length,
            previous=tip.commitment,
            tag=entries.tag(subject_keys.tag, tip.length),
            commitment=entries.commitment(item.body_digest, link),
        )
        ends[item.subject] = Tip(made.seq + 1, made.commitment)
        places.append(made)
    return places
