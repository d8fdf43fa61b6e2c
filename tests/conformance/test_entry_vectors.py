"""The published vectors of our own formats: derived here from their inputs by code of this file alone, and by ours.

`python -m tests.conformance.test_entry_vectors` writes them anew; a change of a byte is a change of the format.
"""

import base64
import hmac
import json
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

from ledger import chains, entries
from ledger.entries import Opening
from ledger.formats.checkpoints import Checkpoint
from ledger.formats.notes import NoteSigner
from ledger.log.promises import Promiser
from ledger.subject_keys import SubjectKeys
from ledger.tree.frontier import EMPTY
from ledger.tree.merkle import leaf_hash
from tests.ledger import reference_tree as reference
from tests.ledger.local_keys import Ed25519Signer

PUBLISHED = Path(__file__).parents[2] / "docs" / "vectors" / "ledger-entries.json"
ORIGIN = "elicence.test/log"
SEED = bytes(range(32))
SUBJECT = UUID("00112233-4455-6677-8899-aabbccddeeff")
KEY = bytes(range(100, 132))
BODIES = {
    "evt_06GJ3Y7E8HF51R3WZK0X2T4MBA": '{"at":"2026-11-22T08:30:00.000000Z","id":"evt_06GJ3Y7E8HF51R3WZK0X2T4MBA","kind":"issued"}',
    "evt_06GJ3Y7E8HF51R3WZK0X2T4MBC": '{"at":"2026-11-22T08:31:00.000000Z","case":"测试-1","id":"evt_06GJ3Y7E8HF51R3WZK0X2T4MBC","kind":"verified"}',
}
AT = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)


def made() -> dict[str, Any]:
    """Make the vectors by our code."""
    keys = SubjectKeys.derive(KEY)
    digests = {
        event: entries.body_digest(entries.body_salt(keys.salt, event), body.encode()) for event, body in BODIES.items()
    }
    pending = [chains.Pending(event, SUBJECT, digest) for event, digest in digests.items()]
    places = chains.place(pending, {SUBJECT: chains.NEW}, {SUBJECT: keys}, 0)
    frontier = EMPTY.extend(leaf_hash(place.entry) for place in places)
    signer = Ed25519Signer(SEED)
    return {
        "subject": str(SUBJECT),
        "subject_key": KEY.hex(),
        "keys": {name: getattr(keys, name).hex() for name in ("tag", "event", "document", "salt")},
        "tag_key_sha256": keys.tag_digest.hex(),
        "entries": [
            {
                "event": place.event,
                "body": BODIES[place.event],
                "seq": place.seq,
                "previous": place.previous.hex(),
                "body_salt": entries.body_salt(keys.salt, place.event).hex(),
                "body_digest": digests[place.event].hex(),
                "link_salt": entries.link_salt(keys.salt, place.event).hex(),
                "link_digest": _link(keys, place).hex(),
                "tag": place.tag.hex(),
                "commitment": place.commitment.hex(),
                "entry": place.entry.hex(),
                "leaf_hash": leaf_hash(place.entry).hex(),
                "opening": _opening(keys, place).to_bytes().decode(),
            }
            for place in places
        ],
        "log": {
            "origin": ORIGIN,
            "ed25519_seed": SEED.hex(),
            "vkey": NoteSigner(ORIGIN, signer).vkey.text,
            "checkpoint": NoteSigner(ORIGIN, signer).sign(Checkpoint(ORIGIN, 2, frontier.root()).text),
            "promise": Promiser(ORIGIN, signer).promise(pending[0].event, pending[0].body_digest, AT).text,
        },
    }


def _link(keys: SubjectKeys, place: chains.Place) -> bytes:
    return entries.link_digest(entries.link_salt(keys.salt, place.event), SUBJECT, place.seq, place.previous)


def _opening(keys: SubjectKeys, place: chains.Place) -> Opening:
    salt = entries.body_salt(keys.salt, place.event)
    return Opening(place.tag, BODIES[place.event].encode(), salt, _link(keys, place))


def test_our_code_makes_what_is_published() -> None:
    assert made() == json.loads(PUBLISHED.read_text(encoding="utf-8"))


def test_what_is_published_follows_from_its_inputs() -> None:
    """Every value again, by the formulas of docs/ledger.md and nothing of ours."""
    told = json.loads(PUBLISHED.read_text(encoding="utf-8"))
    secret = hmac.digest(bytes(32), bytes.fromhex(told["subject_key"]), "sha256")
    key = {
        name: hmac.digest(secret, b"elicence/subject/v1\n" + name.encode() + b"\x01", "sha256")
        for name in ("tag", "event", "document", "salt")
    }
    assert {name: value.hex() for name, value in key.items()} == told["keys"]
    assert sha256(key["tag"]).hexdigest() == told["tag_key_sha256"]
    previous, leaves = bytes(32), []
    for seq, entry in enumerate(told["entries"]):
        salts = [hmac.digest(key["salt"], part + entry["event"].encode(), "sha256") for part in (b"b", b"l")]
        body = sha256(salts[0] + entry["body"].encode()).digest()
        link = sha256(salts[1] + UUID(told["subject"]).bytes + seq.to_bytes(8) + previous).digest()
        tag = hmac.digest(key["tag"], seq.to_bytes(8), "sha256")
        whole = b"elicence/entry/v1\n" + tag + sha256(body + link).digest()
        assert (entry["seq"], entry["previous"]) == (seq, previous.hex())
        assert [entry["body_salt"], entry["link_salt"]] == [salt.hex() for salt in salts]
        assert [entry["body_digest"], entry["link_digest"]] == [body.hex(), link.hex()]
        assert (entry["tag"], entry["entry"]) == (tag.hex(), whole.hex())
        assert len(whole) == 82
        previous = bytes.fromhex(entry["commitment"])
        leaves.append(sha256(b"\x00" + whole).digest())
        assert entry["leaf_hash"] == leaves[-1].hex()
    origin, size, root = told["log"]["checkpoint"].split("\n")[:3]
    assert (origin, size, base64.b64decode(root)) == (told["log"]["origin"], "2", reference.mth(leaves))


if __name__ == "__main__":
    PUBLISHED.write_text(json.dumps(made(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
