"""The ledger's queries, set-based: a batch is one statement, whatever its size. Nothing here commits."""

from ledger.store.entries import entries_between, insert_opaque
from ledger.store.events import (
    PlacedEvent,
    StoredEvent,
    deadline,
    has_pending,
    insert_events,
    pending,
    place,
    placed_events,
    tips,
)
from ledger.store.head import FenceLost, Head, create_head, head, lock_head, swap_head
from ledger.store.subjects import (
    StoredKey,
    Subject,
    erase_subject_key,
    insert_subjects,
    lock_subject,
    subject_keys,
)

__all__ = [
    "FenceLost",
    "Head",
    "PlacedEvent",
    "StoredEvent",
    "StoredKey",
    "Subject",
    "create_head",
    "deadline",
    "entries_between",
    "erase_subject_key",
    "has_pending",
    "head",
    "insert_events",
    "insert_opaque",
    "insert_subjects",
    "lock_head",
    "lock_subject",
    "pending",
    "place",
    "placed_events",
    "subject_keys",
    "swap_head",
    "tips",
]
