"""The index of terms: by it the events of a case or a unit are found, although their bodies are ciphertext.

It is made out of the log, behind it, entry by entry: a number that the log gave is never followed by a lower one, so
that the place reached is a true mark, and nothing that records an event has to wait for it. A term is a keyed index
whose key lies outside the database: a copy of the table names no case and no unit.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any, Final, Literal

from sqlalchemy.orm import Session

from ledger import envelope, subjects
from ledger.envelope import EnvelopeInvalid
from ledger.formats import canonical
from ledger.signing import KeyWrapper
from ledger.store import provenance as queries
from ledger.store.provenance import Unread
from ledger.subject_keys import SubjectKeys
from ledger.subjects import SubjectErased, SubjectUnknown

TermKind = Literal["case", "unit"]
BATCH: Final = 1000
_HMAC_SHA256: Final = b"\x01"
"""Every stored index names its algorithm, so that another can stand beside it."""
EVER: Final = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)


def term(wrapper: KeyWrapper, kind: TermKind, value: str) -> bytes:
    """Return the keyed index of a case number or of a unit's code."""
    return _HMAC_SHA256 + wrapper.index(f"ledger.term.{kind}", value)


def events_of(
    session: Session,
    wrapper: KeyWrapper,
    kind: TermKind,
    value: str,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int,
) -> list[str]:
    """Return the events of a case, or those that a unit did or that were done on its behalf; the oldest first.

    `since` is in the period, `until` is not.
    """
    wanted = term(wrapper, kind, value)
    return queries.events_of_term(session, wanted, since or EVER[0], until or EVER[1], limit)


def catch_up(sessions: Callable[[], AbstractContextManager[Session]], wrapper: KeyWrapper, size: int) -> Iterator[int]:
    """Make the index up to `size` entries, a batch a transaction; yield up to which entry it is made, now and then."""
    while True:
        with sessions() as session:
            start = queries.lock_term_progress(session)
            unread = queries.unread_events(session, start, BATCH)
            if not unread:
                return
            reached = unread[-1].index + 1
            queries.insert_terms(session, list(_terms(session, wrapper, unread)), reached)
        yield reached
        if reached >= size:
            return


def _terms(session: Session, wrapper: KeyWrapper, unread: list[Unread]) -> Iterator[tuple[bytes, str]]:
    keys = _keys(session, wrapper, unread)
    known: dict[tuple[TermKind, str], bytes] = {}
    for event in unread:
        for kind, value in sorted(_told(event, keys)):
            if (kind, value) not in known:
                known[kind, value] = term(wrapper, kind, value)
            yield known[kind, value], event.id


def _keys(session: Session, wrapper: KeyWrapper, unread: list[Unread]) -> dict[Any, SubjectKeys]:
    wanted = {event.subject for event in unread}
    while True:
        try:
            return subjects.open_subjects(session, wrapper, wanted)
        except (SubjectErased, SubjectUnknown) as error:
            wanted.remove(error.subject)


def _told(event: Unread, keys: Mapping[Any, SubjectKeys]) -> set[tuple[TermKind, str]]:
    found = keys.get(event.subject)
    if found is None:
        return set()
    try:
        body = canonical.loads(envelope.decrypt(found.event, event.body, event.id.encode()))
    except (EnvelopeInvalid, canonical.NotCanonical):
        # Tracing names what cannot be opened; the index only leads there.
        return set()
    terms: set[tuple[TermKind, str]] = set()
    if "case" in body:
        terms.add(("case", body["case"]))
    for role in ("operator_unit", "on_behalf_of"):
        if body["actor"][role] is not None:
            terms.add(("unit", body["actor"][role]))
    return terms


def forget_erased(session: Session) -> None:
    """Take out of the index what leads to erased subjects: their entries stay, and nothing leads to them. A worker's."""
    queries.forget_erased_terms(session)
