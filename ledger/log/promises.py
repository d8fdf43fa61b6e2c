"""Promises: the log's signed word that an event will stand in it before a deadline.

A promise is a signed note under the log's own key and name. Its first line keeps it apart from a checkpoint, whose
first line is the origin; its body digest binds it to the event's content, so that a promise without an entry after its
deadline convicts the log.

    elicence/promise/v1
    <origin>
    <event id>
    <base64 of the salted body digest>
    <deadline, UTC>
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ledger.formats import base64_text
from ledger.formats.notes import NoteSigner, NoteUnreadable, NoteUntrusted, SignedNote, Vkey
from ledger.signing import Signer
from ledger.tree.merkle import HASH_SIZE

DOMAIN = "elicence/promise/v1"
MAX_DELAY = timedelta(seconds=60)
TIME_FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"


class Promise:
    """What the caller takes away: the event's id, the signed note as `text`, and when it must be kept.

    It is signed when its text is first asked for: outside the caller's transaction, and not at all in bulk work, whose
    promises nobody takes away.
    """

    __slots__ = ("_note", "deadline", "event")

    def __init__(self, event: str, deadline: datetime, note: str | Callable[[], str]) -> None:
        self.event = event
        self.deadline = deadline
        self._note = note

    @property
    def text(self) -> str:
        """The signed note; raises what the signer raises."""
        if not isinstance(self._note, str):
            self._note = self._note()
        return self._note

    def __reduce__(self) -> "tuple[type[Promise], tuple[str, datetime, str]]":
        # A key stays in its process: what leaves it is signed.
        return Promise, (self.event, self.deadline, self.text)


@dataclass(frozen=True, slots=True)
class VerifiedPromise:
    """A promise that its log has signed; `body_digest`: 32 bytes, as `entries.body_digest` makes it."""

    origin: str
    event: str
    body_digest: bytes
    deadline: datetime


class Promiser:
    """Gives promises in the name of a log; raises VkeyInvalid unless the signer is Ed25519.

    clock: tells when a promise is given. What happened before long work that is recorded now must not be promised for a
    time that is over already: that would convict a log that did nothing wrong.
    """

    def __init__(
        self,
        origin: str,
        signer: Signer,
        max_delay: timedelta = MAX_DELAY,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        self._signer = NoteSigner(origin, signer)
        self._origin = origin
        self._max_delay = max_delay
        self._clock = clock

    def promise(self, event: str, body_digest: bytes, at: datetime) -> Promise:
        """Return the promise for an event of this time, which is recorded now."""
        given = at if self._clock is None else max(at, self._clock())
        deadline = (given + self._max_delay).astimezone(UTC)
        return Promise(event, deadline, lambda: self._note(event, body_digest, deadline))

    def _note(self, event: str, body_digest: bytes, deadline: datetime) -> str:
        lines = [DOMAIN, self._origin, event, base64_text.encode(body_digest), deadline.strftime(TIME_FORMAT)]
        return self._signer.sign("\n".join(lines) + "\n")


def read_promise(note: str, vkeys: Mapping[str, Vkey]) -> VerifiedPromise:
    """Return what a known log has promised; `vkeys`: the key of each origin.

    Raises NoteUnreadable, NoteUntrusted and NoteSignatureInvalid.
    """
    signed = SignedNote.parse(note)
    lines = signed.text.split("\n")
    if len(lines) != 6 or lines[0] != DOMAIN or lines[5]:
        raise NoteUnreadable(reason="it is not a promise")
    _, origin, event, digest, deadline, _ = lines
    vkey = vkeys.get(origin)
    if vkey is None:
        raise NoteUntrusted
    signed.verify([vkey])
    try:
        promise = VerifiedPromise(
            origin, event, base64_text.decode(digest), datetime.strptime(deadline, TIME_FORMAT).replace(tzinfo=UTC)
        )
    except ValueError as error:
        raise NoteUnreadable(reason="a line of the promise is damaged") from error
    if len(promise.body_digest) != HASH_SIZE:
        raise NoteUnreadable(reason="the digest of the promise is no SHA-256 hash")
    return promise
