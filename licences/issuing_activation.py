"""Step 4 of issuing: in force, in one transaction.

The seal and its grant are looked at again under lock; then everything that makes a licence stand is written at once:
digests, status, holders, documents, the closed use of the seal, and the event. A crash before the commit leaves the
intent as it was.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias
from uuid import uuid4

from sqlalchemy.orm import Session

from ledger.events import Event, EventKind, new_event_id, record_many
from ledger.log.promises import Promiser
from ledger.signing import KeyWrapper
from licences import blind_index
from licences.documents import MEDIA, ORIGINAL
from licences.issuing_results import Document, Existing, Failed, Intent, Issued, Produced
from licences.store import intents
from licences.transitions import Status
from seals.errors import SealError
from seals.life.uses import Ending, UseBook

Ended: TypeAlias = "Issued | Failed | Existing"


class Activator:
    """Puts licences in force."""

    def __init__(self, wrapper: KeyWrapper, promiser: Promiser, uses: UseBook) -> None:
        self._wrapper = wrapper
        self._promiser = promiser
        self._uses = uses

    def activate(
        self, session: Session, produced: Sequence[Produced], failed: Sequence[Failed], now: datetime
    ) -> list[Ended]:
        """Put produced licences in force and mark failed ones, in the caller's transaction, which he commits.

        A licence whose lease had run out may be in another's hands, or in force already: it comes back as Existing.
        """
        refused = self._uses.look_again(session, {item.intent.use for item in produced}, now)
        stopped = [(item, refused[item.intent.use]) for item in produced if item.intent.use in refused]
        good = [item for item in produced if item.intent.use not in refused]
        ended = self._put_in_force(session, good, now)
        ended += _fail(session, [*failed, *(Failed(item.intent, error) for item, error in stopped)])
        # Sealed all the same: what for is known, and it is told with its digest. Were it another's by now, it is closed.
        self._uses.close(session, [_ending(item, error) for item, error in stopped], now)
        return ended

    def _put_in_force(self, session: Session, produced: Sequence[Produced], now: datetime) -> list[Ended]:
        digests = [
            (item.intent.version_id, item.intent.seal_use_id, item.json.digest, item.pdf.digest) for item in produced
        ]
        ours = intents.activate(session, digests, now) if digests else set()
        won = [item for item in produced if item.intent.version_id in ours]
        lost = [item.intent for item in produced if item.intent.version_id not in ours]
        return [*self._complete(session, won, now), *_existing(session, lost)]

    def _complete(self, session: Session, won: Sequence[Produced], now: datetime) -> list[Issued]:
        """Write all that a licence in force has."""
        if not won:
            return []
        events = [_event(item, now) for item in won]
        intents.insert_parts(
            session,
            holders=[row for item in won for row in self._holder_rows(item)],
            renditions=[_rendition_row(item, document, now) for item in won for document in (item.json, item.pdf)],
            statuses=[_status_row(item, event, now) for item, event in zip(won, events, strict=True)],
        )
        self._uses.close(session, [_ending(item) for item in won], now)
        keys = [item.intent.keys for item in won]
        promises = record_many(session, list(zip(events, keys, strict=True)), self._promiser)
        return [
            Issued(
                version_id=item.intent.version_id,
                licence_id=item.intent.licence_id,
                identifier=item.intent.identifier,
                serial=item.intent.serial,
                json=item.json,
                pdf=item.pdf,
                event=promise.event,
                promise=promise,
            )
            for item, promise in zip(won, promises, strict=True)
        ]

    def _holder_rows(self, item: Produced) -> list[dict[str, object]]:
        return [
            {
                "version_id": item.intent.version_id,
                "ordinal": ordinal,
                "role": holder.role,
                "code_type": holder.code_type,
                "code_index": blind_index.holder_index(self._wrapper, holder.code_type, holder.code),
                "share": holder.share,
            }
            for ordinal, holder in enumerate(item.intent.content.request.holders)
        ]


def _ending(item: Produced, error: SealError | None = None) -> Ending:
    intent = item.intent
    return Ending(intent.seal_use_id, intent.use, intent.actor, item.pdf.digest, intent.identifier, error)


def _fail(session: Session, failures: Sequence[Failed]) -> list[Ended]:
    """Mark licences as failed, but for those that another has ended meanwhile."""
    if not failures:
        return []
    # The seal may have signed for them: their uses stay open, as possible uses.
    rows = [(item.intent.version_id, item.intent.seal_use_id, item.reason) for item in failures]
    ours = intents.fail(session, rows)
    lost = [item.intent for item in failures if item.intent.version_id not in ours]
    return [*(item for item in failures if item.intent.version_id in ours), *_existing(session, lost)]


def _existing(session: Session, lost: Sequence[Intent]) -> list[Existing]:
    active = intents.active_among(session, [intent.version_id for intent in lost]) if lost else set()
    return [
        Existing(
            version_id=intent.version_id,
            licence_id=intent.licence_id,
            identifier=intent.identifier,
            serial=intent.serial,
            stage="active" if intent.version_id in active else "intent",
        )
        for intent in lost
    ]


def _event(item: Produced, now: datetime) -> Event:
    return Event(
        id=new_event_id(now),
        kind=EventKind.ISSUED,
        subject=item.intent.licence_id,
        actor=item.intent.actor,
        at=now,
        document=item.pdf.digest,
        # Nothing of the content: the opening of an entry is shown to whoever holds the licence's proof.
        detail={
            "identifier": item.intent.identifier,
            "json": item.json.digest,
            "pdf": item.pdf.digest,
            "status_index": item.intent.status_index,
        },
    )


def _rendition_row(item: Produced, document: Document, now: datetime) -> dict[str, object]:
    return {
        "version_id": item.intent.version_id,
        "kind": document.kind,
        "copy": ORIGINAL,
        "generation": 1,
        "digest": document.digest,
        "sha256": document.sha256,
        "object_key": document.object_key,
        "size": len(document.data),
        "media": MEDIA[document.kind],
        "created_at": now,
        "attempts": 0,
    }


def _status_row(item: Produced, event: Event, now: datetime) -> dict[str, object]:
    return {
        "id": uuid4(),
        "version_id": item.intent.version_id,
        "status": Status.ACTIVE.value,
        "kind": None,
        "effective_at": now,
        "recorded_at": now,
        "until": None,
        "grounds": None,
        "actor": item.intent.actor.as_json(),
        "event_id": event.id,
    }
