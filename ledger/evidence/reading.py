"""What stands in an evidence file, read strictly into types; nothing is judged here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, TypeVar
from uuid import UUID

from ledger import entries
from ledger.formats import base64_text
from ledger.provenance.errors import EvidenceUnreadable
from ledger.tree.merkle import HASH_SIZE

_TIME: Final = "%Y-%m-%dT%H:%M:%S.%fZ"
_LARGEST: Final = (1 << 63) - 1
_T = TypeVar("_T")
Place = dict[str, Any]
"""Where in a file something was found, with its `code`."""


@dataclass(frozen=True, slots=True)
class ClaimedPlace:
    """Where an event is said to stand; `link_salt`: None where it was erased; `tag`: None where the chain's key gives it."""

    index: int
    seq: int
    previous: bytes
    commitment: bytes
    link_salt: bytes | None
    tag: bytes | None


@dataclass(frozen=True, slots=True)
class ClaimedEvent:
    """An event as the file tells it: with its body and salt, or with its digest alone."""

    id: str
    kind: str
    recorded_at: str
    body: Mapping[str, Any] | None
    body_salt: bytes | None
    body_digest: bytes | None
    place: ClaimedPlace | None
    deadline: datetime | None


@dataclass(frozen=True, slots=True)
class ClaimedLook:
    """The auditor's own look, as it was recorded and promised."""

    body: Mapping[str, Any]
    body_salt: bytes
    promise: str


@dataclass(frozen=True, slots=True)
class ClaimedChain:
    """A chain as the file tells it."""

    subject: UUID
    kind: str
    erased: bool
    whole: bool
    tag_key: bytes | None
    events: tuple[ClaimedEvent, ...]
    gaps: tuple[str, ...]
    entries: int
    look: ClaimedLook | None

    def entry(self, place: ClaimedPlace) -> bytes:
        """Return the entry as it must stand in the log."""
        return entries.encode(self.tag(place), place.commitment)

    def tag(self, place: ClaimedPlace) -> bytes:
        """Return the tag of a place: by the chain's key, or as the file has it."""
        return entries.tag(self.tag_key, place.seq) if self.tag_key is not None else place.tag or b""

    def of(self, code: str, **more: object) -> Place:
        """Say that something is so of this chain."""
        return {"code": code, "subject": str(self.subject), **more}

    def at(self, event: ClaimedEvent, code: str) -> Place:
        """Say that something is so of an event of this chain."""
        seq = {} if event.place is None else {"seq": event.place.seq}
        return self.of(code, event=event.id, **seq)


class Members:
    """The members of an object of the file; every one of them is taken, and none twice. Raises EvidenceUnreadable."""

    def __init__(self, value: object, where: str) -> None:
        if not isinstance(value, dict):
            raise EvidenceUnreadable(f"{where} is no object")
        self._left = dict(value)
        self._where = where

    def has(self, name: str) -> bool:
        """Tell whether a member is there."""
        return name in self._left

    def any(self, name: str) -> Any:
        """Take a member of any type."""
        if name not in self._left:
            raise EvidenceUnreadable(f"{self._where} lacks {name}")
        return self._left.pop(name)

    def text(self, name: str) -> str:
        """Take a text."""
        return self._typed(name, str)

    def flag(self, name: str) -> bool:
        """Take true or false."""
        return self._typed(name, bool)

    def list(self, name: str) -> Sequence[Any]:
        """Take a list."""
        return self._typed(name, list)

    def object(self, name: str) -> dict[str, Any]:
        """Take an object."""
        return self._typed(name, dict)

    def number(self, name: str) -> int:
        """Take a whole number that is not negative."""
        value = self.any(name)
        # true is an integer to Python
        if type(value) is not int or not 0 <= value <= _LARGEST:
            raise EvidenceUnreadable(f"{name} of {self._where} is no number")
        return value

    def hash(self, name: str) -> bytes:
        """Take 32 bytes."""
        return hash_of(self.text(name), f"{name} of {self._where}")

    def moment(self, name: str) -> datetime:
        """Take a time."""
        try:
            return datetime.strptime(self.text(name), _TIME).replace(tzinfo=UTC)
        except ValueError as error:
            raise EvidenceUnreadable(f"{name} of {self._where} is no time") from error

    def end(self) -> None:
        """Refuse what was not taken: nobody is to read something into a file that we passed over."""
        if self._left:
            raise EvidenceUnreadable(f"{self._where} has members that are not known")

    def _typed(self, name: str, wanted: type[_T]) -> _T:
        value = self.any(name)
        if not isinstance(value, wanted):
            raise EvidenceUnreadable(f"{name} of {self._where} is of another type")
        found: _T = value
        return found


def hash_of(value: object, where: str) -> bytes:
    """Return 32 bytes out of their base64; raises EvidenceUnreadable."""
    try:
        data = base64_text.decode(value) if isinstance(value, str) else b""
    except ValueError as error:
        raise EvidenceUnreadable(f"{where} is not base64") from error
    if len(data) != HASH_SIZE:
        raise EvidenceUnreadable(f"{where} has not 32 bytes")
    return data


def read_chain(value: object) -> ClaimedChain:
    """Read one chain; raises EvidenceUnreadable."""
    members = Members(value, "a chain")
    whole = members.flag("whole")
    chain = ClaimedChain(
        subject=_uuid(members.text("subject")),
        kind=members.text("kind"),
        erased=members.flag("erased"),
        whole=whole,
        tag_key=members.hash("tag_key") if whole else None,
        events=tuple(_event(item, whole=whole) for item in members.list("events")),
        gaps=tuple(_gap(item) for item in members.list("gaps")),
        entries=members.number("entries"),
        look=_look(members.any("look")) if members.has("look") else None,
    )
    if members.text("completeness") not in {"proved", "claimed", "partial", "broken"}:
        raise EvidenceUnreadable("completeness of a chain is no word that is known")
    members.end()
    return chain


def _event(value: object, *, whole: bool) -> ClaimedEvent:
    members = Members(value, "an event")
    shown = members.has("body")
    placed = members.has("index")
    event = ClaimedEvent(
        id=members.text("id"),
        kind=members.text("kind"),
        recorded_at=members.text("recorded_at"),
        body=members.object("body") if shown else None,
        body_salt=members.hash("body_salt") if shown else None,
        body_digest=None if shown else members.hash("body_digest"),
        place=_place(members, whole=whole) if placed else None,
        deadline=None if placed else members.moment("deadline"),
    )
    members.end()
    return event


def _place(members: Members, *, whole: bool) -> ClaimedPlace:
    return ClaimedPlace(
        index=members.number("index"),
        seq=members.number("seq"),
        previous=members.hash("previous"),
        commitment=members.hash("commitment"),
        link_salt=members.hash("link_salt") if members.has("link_salt") else None,
        tag=None if whole else members.hash("tag"),
    )


def _gap(value: object) -> str:
    members = Members(value, "a gap")
    gap = f"{members.number('seq')} {members.text('code')}"
    if members.has("index"):
        members.number("index")
    members.end()
    return gap


def _look(value: object) -> ClaimedLook:
    members = Members(value, "a look")
    look = ClaimedLook(members.object("body"), members.hash("body_salt"), members.text("promise"))
    members.end()
    return look


def _uuid(text: str) -> UUID:
    try:
        found = UUID(text)
    except ValueError as error:
        raise EvidenceUnreadable("a subject is no UUID") from error
    if str(found) != text:
        raise EvidenceUnreadable("a subject is not spelled as it should be")
    return found
