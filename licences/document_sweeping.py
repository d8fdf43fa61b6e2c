"""Objects that belong to no document: what crashes left between the store and the register.

A document is stored before its row is committed, so that work in hand has such objects too: only what has lain there for
days is garbage. After a restore of an older database documents would look like garbage: then nothing is touched.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Final

from ledger import store
from ledger.errors import FatalLedgerError
from ledger.log.inclusion_waiting import published_size
from ledger.log.log import Sessions
from ledger.objects.objects import DatedObjects
from licences.store import checking

_CHUNK: Final = 500
FOLDER: Final = "documents/"


def unreferenced(sessions: Sessions, objects: DatedObjects, before: datetime) -> Iterator[str]:
    """Yield the keys of objects, stored before a time, under which no document lies.

    Raises FatalLedgerError if the database is behind the published log, and what database and store raise.
    """
    size = published_size(objects)
    with sessions() as session:
        head = store.head(session)
    if (0 if head is None else head.size) < size:
        raise FatalLedgerError(reason=f"{size} entries are published and the database knows fewer: it was set back")
    for keys in in_chunks(objects.stored_before(FOLDER, before)):
        with sessions() as session:
            known = checking.known_objects(session, keys)
        yield from (key for key in keys if key not in known)


def in_chunks(keys: Iterable[str]) -> Iterator[list[str]]:
    """Yield keys by the hundred, as one query takes them."""
    rest = iter(keys)
    while chunk := list(islice(rest, _CHUNK)):
        yield chunk
