"""The licences of the demonstration as files: page, data and ledger proof of each."""

from collections.abc import Callable, Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session

from api.house import House
from api.schema import Role
from ledger.reading import inclusions
from licences.documents import load_document
from tools.demo.cases import Licence
from tools.demo.folder import DemoFolder

_BATCH = 100
_EVENTS = text("""
    SELECT v.identifier, s.event_id FROM licences.statuses s JOIN licences.versions v ON v.id = s.version_id
     WHERE v.identifier = ANY(:identifiers) AND s.status = 'active'
""")


def export(house: House, licences: Sequence[Licence], folder: DemoFolder, done: Callable[[int], None]) -> None:
    """Write the files of every licence; `done` is told how many are written."""
    for start in range(0, len(licences), _BATCH):
        batch = licences[start : start + _BATCH]
        with house.database.session(Role.WORKER) as session:
            _export(session, house, batch, folder)
        done(start + len(batch))


def _export(session: Session, house: House, licences: Sequence[Licence], folder: DemoFolder) -> None:
    events = dict(session.execute(_EVENTS, {"identifiers": [one.identifier for one in licences]}).tuples().all())
    proofs = inclusions(session, house.objects, house.wrapper, list(events.values()))
    for one in licences:
        for kind in ("pdf", "json"):
            data = load_document(session, house.objects, house.wrapper, one.identifier, kind)
            one.file(folder, f".{kind}").write_bytes(data)
        one.file(folder, ".tlog-proof").write_text(proofs[events[one.identifier]].text)
