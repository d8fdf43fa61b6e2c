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

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ledger import base64_text
from ledger.merkle import HASH_SIZE
from ledger.notes import NoteSigner, NoteUnreadable, NoteUntrusted, SignedNote, Vkey
from ledger.signing import Signer

DOMAIN = "elicence/promise/v1"
MAX_DELAY = timedelta(seconds=60)
_TIME = "%Y-%m-%dT%H:%M:%S.%fZ"


@dataclass(frozen=True, slots=True)
class Promise:
    """What the caller takes away: the event's id, the signed note, and when it must be kept."""

    event: str
    text: str
    deadline: datetime


@dataclass(frozen=True, slots=True)
class VerifiedPromise:
    """A promise that its log has signed; `body_digest`: 32 bytes, as `entries.body_digest` makes it."""

    origin: str
    event: str
    body_digest: bytes
    deadline: datetime


class Promiser:
    """Gives promises in the name of a log; raises VkeyInvalid unless the signer is Ed25519."""

    def __init__(self, origin: str, signer: Signer, max_delay: timedelta = MAX_DELAY) -> None:
        self._signer = NoteSigner(origin, signer)
        self._origin = origin
        self._max_delay = max_delay

    def promise(self, event: str, body_digest: bytes, at: datetime) -> Promise:
        """Return the promise for an event that is recorded at this time."""
        deadline = (at + self._max_delay).astimezone(UTC)
        lines = [DOMAIN, self._origin, event, base64_text.encode(body_digest), deadline.strftime(_TIME)]
        return Promise(event, self._signer.sign("\n".join(lines) + "\n"), deadline)


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
            origin, event, base64_text.decode(digest), datetime.strptime(deadline, _TIME).replace(tzinfo=UTC)
        )
    except ValueError as error:
        raise NoteUnreadable(reason="a line of the promise is damaged") from error
    if len(promise.body_digest) != HASH_SIZE:
        raise NoteUnreadable(reason="the digest of the promise is no SHA-256 hash")
    return promise
