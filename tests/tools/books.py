"""The books of a house after issuing, looked at from all sides: register, seal uses, documents and ledger agree."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import text

from api.house import House
from api.schema import Role
from ledger.entries import DOMAIN
from ledger.formats.checkpoints import Checkpoint
from ledger.formats.notes import SignedNote, Vkey
from ledger.formats.tlog_proof import verify_proof
from ledger.log.reading import inclusions
from ledger.log.served import read_checkpoint
from licences.documents import load_document, sha256_text
from tools.sequencing import drain

_VERSIONS = text("""
    SELECT v.id, v.licence_id, v.identifier, v.stage, v.pdf_digest,
           (SELECT count(*) FROM licences.versions w WHERE w.licence_id = v.licence_id) AS versions,
           ARRAY(SELECT outcome || ' ' || document FROM seals.uses u WHERE u.purpose_id = v.id) AS uses,
           ARRAY(SELECT status FROM licences.statuses s WHERE s.version_id = v.id) AS statuses,
           ARRAY(SELECT id FROM ledger.events e WHERE e.subject_id = v.licence_id AND kind = 'issued') AS events,
           ARRAY(SELECT kind || ' ' || sha256 FROM licences.renditions r WHERE r.version_id = v.id) AS files
      FROM licences.versions v WHERE v.identifier = ANY(:identifiers)
""")
_INTENTS = text("SELECT count(*) FROM licences.versions WHERE stage = 'intent'")
_ENTRIES = text("SELECT tag, commitment FROM ledger.events WHERE entry_index IS NOT NULL ORDER BY entry_index")


def assert_issued_once(house: House, identifiers: Sequence[str]) -> None:
    """Assert that each licence is whole: in force, sealed once, its documents readable, one event proved by the log."""
    drain(house.sequencer())
    assert len(set(identifiers)) == len(identifiers)
    with house.database.session(Role.WORKER) as session:
        assert session.scalar(_INTENTS) == 0
        rows = session.execute(_VERSIONS, {"identifiers": list(identifiers)}).all()
        assert {row.identifier for row in rows} == set(identifiers)
        for row in rows:
            assert (row.stage, row.versions, row.statuses) == ("active", 1, ["active"])
            assert len(row.events) == 1
            assert row.uses == [f"used {row.pdf_digest}"]
            for kind in ("pdf", "json"):
                data = load_document(session, house.objects, house.wrapper, row.identifier, kind)
                assert f"{kind} {sha256_text(data)}" in row.files
        events = {row.events[0]: row for row in rows}
        proofs = inclusions(session, house.objects, house.wrapper, list(events))
    vkeys = {origin: Vkey.parse(key) for origin, key in house.trust(datetime.now(UTC)).log_keys.items()}
    assert set(proofs) == set(events)
    for event, proof in proofs.items():
        found = verify_proof(proof, vkeys).event
        assert (found["id"], found["kind"], found["subject"]) == (event, "issued", str(events[event].licence_id))


def assert_log_sound(house: House) -> None:
    """Assert that the published root is the one of the committed entries, by a computation of our own."""
    with house.database.session(Role.WORKER) as session:
        rows = session.execute(_ENTRIES).all()
    leaves = [hashlib.sha256(b"\0" + DOMAIN + row.tag + row.commitment).digest() for row in rows]
    published = Checkpoint.parse(SignedNote.parse(read_checkpoint(house.objects)).text)
    assert (published.size, published.root) == (len(leaves), _root(leaves))


def _root(leaves: Sequence[bytes]) -> bytes:
    """RFC 6962 section 2.1, as it stands there."""
    if len(leaves) == 1:
        return leaves[0]
    left = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + _root(leaves[:left]) + _root(leaves[left:])).digest()
