"""Re-derives a whole log from its rows and tiles, with code of its own where it can, and compares everything."""

from hashlib import sha256

from sqlalchemy import text
from sqlalchemy.orm import Session

from ledger import entries, envelope
from ledger.formats.checkpoints import Checkpoint
from ledger.formats.notes import NoteSigner
from ledger.log.served import read_checkpoint, tile_fetch
from ledger.objects.objects import ObjectStore
from ledger.signing import KeyWrapper
from ledger.subjects import open_subjects
from ledger.tree.merkle import leaf_hash
from ledger.tree.tiles import TileReader
from tests.ledger import reference_tree as reference
from tests.ledger.local_keys import ORIGIN
from tests.ledger.recording import SIGNER

VKEYS = {ORIGIN: NoteSigner(ORIGIN, SIGNER).vkey}


def published(objects: ObjectStore) -> Checkpoint:
    return Checkpoint.open(read_checkpoint(objects), VKEYS)


def audit(session: Session, objects: ObjectStore, wrapper: KeyWrapper) -> list[str]:
    """Check that rows, chains, tiles, head and checkpoint are one log; return the events in its order."""
    rows = session.execute(text("SELECT * FROM ledger.events WHERE entry_index IS NOT NULL ORDER BY entry_index")).all()
    assert [row.entry_index for row in rows] == list(range(len(rows))), "indices have no gap"
    keys = open_subjects(session, wrapper, {row.subject_id for row in rows})
    chains: dict[object, list[bytes]] = {}
    leaves = []
    for row in rows:
        chain, own = chains.setdefault(row.subject_id, []), keys[row.subject_id]
        assert row.seq == len(chain)
        assert row.previous == (chain[-1] if chain else bytes(32))
        assert row.tag == entries.tag(own.tag, row.seq)
        body = envelope.decrypt(own.event, row.body, row.id.encode())
        left = sha256(entries.body_salt(own.salt, row.id) + body).digest()
        link = row.subject_id.bytes + row.seq.to_bytes(8) + row.previous
        right = sha256(entries.link_salt(own.salt, row.id) + link).digest()
        assert row.commitment == sha256(left + right).digest()
        chain.append(row.commitment)
        leaves.append(leaf_hash(b"elicence/entry/v1\n" + row.tag + row.commitment))
    checkpoint = published(objects)
    size, root = session.execute(text("SELECT size, root FROM ledger.log_head")).one()
    assert (checkpoint.size, checkpoint.root) == (size, root) == (len(rows), reference.mth(leaves))
    reader = TileReader(size, tile_fetch(objects))
    assert reader.root() == root
    assert [leaf_hash(reader.entry(index)) for index in range(size)] == leaves
    assert [reader.nodes(0, index) for index in range(size)] == leaves
    return [row.id for row in rows]
