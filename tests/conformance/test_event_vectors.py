"""The published vectors of events and evidence: made by our code, and checked by code of this file alone.

`python -m tests.conformance.test_event_vectors` writes them anew; a change of a byte is a change of the format.
"""

import base64
import hmac
import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from ledger import chains, entries
from ledger.actor import ANONYMOUS, Actor, Uscc
from ledger.event_kinds import EventKind
from ledger.events import Event
from ledger.evidence.evidence import chains_evidence, sign_evidence
from ledger.evidence.judging import judge_evidence
from ledger.evidence.tree import joint_proof
from ledger.formats.canonical import JSON
from ledger.formats.checkpoints import Checkpoint
from ledger.formats.notes import NoteSigner
from ledger.log.promises import Promiser
from ledger.log.reader import LogReader
from ledger.objects.objects import ObjectMissing
from ledger.provenance.looks import Look
from ledger.provenance.provenance import Chain, Completeness, Recorded, judge_links
from ledger.provenance.reading import Trace
from ledger.subject_keys import SubjectKeys
from ledger.tree.frontier import EMPTY
from ledger.tree.merkle import leaf_hash
from tests.ledger import reference_tree as reference
from tests.ledger.local_keys import Ed25519Signer

PUBLISHED = Path(__file__).parents[2] / "docs" / "vectors" / "ledger-events.json"
ORIGIN = "elicence.test/log"
SEED = bytes(range(32))
SUBJECT = UUID("00112233-4455-6677-8899-aabbccddeeff")
KEY = bytes(range(100, 132))
AT = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
BUREAU, BANK = Uscc("11990100MB9T000544"), Uscc("91990101MA9T00018G")


def events() -> list[Event]:
    """A licence that is issued, used, looked at by nobody known, and audited."""
    keys = SubjectKeys.derive(KEY)
    issued: dict[str, JSON] = {
        "tag_key_sha256": base64.b64encode(keys.tag_digest).decode(),
        "identifier": "1.2.156.3005.2.测试",
        "version": 1,
    }
    bank = Actor("system", "bank-1", BANK, BANK)
    return [
        Event(
            id="evt_06GJ3Y7E8HF51R3WZK0X2T4MBA",
            kind=EventKind.ISSUED,
            subject=SUBJECT,
            actor=Actor("system", "approval-1", BUREAU, BUREAU),
            at=AT,
            document="sha-256:" + "ab" * 32,
            detail=issued,
        ),
        Event(
            id="evt_06GJ3Y7E8HF51R3WZK0X2T4MBC",
            kind=EventKind.VERIFIED,
            subject=SUBJECT,
            actor=bank,
            at=AT + timedelta(microseconds=60_000_001),
            document="sha-256:" + "cd" * 32,
            purpose="贷款",
            item="测试事项\u2028",
            case='办件-测试-1 "引号" \\ \u0001',
            detail={"verdict": "valid", "checks": [1, True, None, {"z": "", "a": -5}]},
        ),
        Event(
            id="evt_06GJ3Y7E8HF51R3WZK0X2T4MBD",
            kind=EventKind.VERIFIED,
            subject=SUBJECT,
            actor=ANONYMOUS,
            at=AT + timedelta(minutes=2),
        ),
    ]


def made() -> dict[str, Any]:
    """Make the vectors by our code."""
    told = [
        {
            "id": event.id,
            "kind": event.kind.value,
            "body": event.body().decode(),
            "sha256": sha256(event.body()).hexdigest(),
        }
        for event in events()
    ]
    signer = Ed25519Signer(SEED)
    return {
        "kinds": [kind.value for kind in EventKind],
        "subject_key": KEY.hex(),
        "events": told,
        "vkey": NoteSigner(ORIGIN, signer).vkey.text,
        "evidence": evidence(signer).decode(),
    }


def evidence(signer: Ed25519Signer) -> bytes:
    """Make an evidence file: the whole chain, opened under an order, in a log that has an entry of somebody else's too."""
    keys = SubjectKeys.derive(KEY)
    bodies = {event.id: event.body() for event in events()}
    digests = {id_: entries.body_digest(entries.body_salt(keys.salt, id_), body) for id_, body in bodies.items()}
    pending = [chains.Pending(id_, SUBJECT, digest) for id_, digest in digests.items()]
    places = chains.place(pending, {SUBJECT: chains.NEW}, {SUBJECT: keys}, 1)
    leaves = [leaf_hash(b"another.test/log\n5\n"), *(leaf_hash(place.entry) for place in places)]
    checkpoint = Checkpoint(ORIGIN, len(leaves), EMPTY.extend(leaves).root())
    note = NoteSigner(ORIGIN, signer).sign(checkpoint.text)
    recorded = [
        Recorded(
            event.id,
            event.kind.value,
            SUBJECT,
            event.at,
            event.at + timedelta(minutes=1),
            bodies[event.id],
            digests[event.id],
            place,
        )
        for event, place in zip(events(), places, strict=True)
    ]
    links = judge_links(recorded, keys, keys.tag, dict(enumerate(leaves)), AT, whole=True)
    whole = Completeness("proved", len(links), checkpoint.size)
    chain = Chain(
        SUBJECT, "licence", erased=False, whole=True, tag_key=keys.tag, links=links, gaps=(), completeness=whole
    )
    assert chain.sound
    proof = joint_proof([place.index for place in places], len(leaves), lambda _, index: leaves[index])
    now = AT + timedelta(days=1)
    detail: dict[str, JSON] = {
        "scope": "licence",
        "shown": "events",
        "entries": 3,
        "size": 4,
        "order": "测审〔2026〕1号",
    }
    auditor = Actor("person", "auditor-1", None, None)
    opened = Event(
        id="evt_06GJ3Y7E8HF51R3WZK0X2T4MBE",
        kind=EventKind.AUDIT_OPENED,
        subject=SUBJECT,
        actor=auditor,
        at=now,
        purpose="audit",
        detail=detail,
    )
    salt = entries.body_salt(keys.salt, opened.id)
    promise = Promiser(ORIGIN, signer).promise(opened.id, entries.body_digest(salt, opened.body()), now)
    contents = chains_evidence(
        Trace(LogReader(note, checkpoint, _nothing), (chain,), proof, {SUBJECT: keys}),
        {SUBJECT: Look(SUBJECT, opened.body(), salt, promise.text)},
        asked={"kind": "licence", "value": "1.2.156.3005.2.测试"},
        order="测审〔2026〕1号",
        now=now,
        opened=True,
    )
    return sign_evidence(contents, ORIGIN, signer)


def _nothing(path: str) -> bytes:
    raise ObjectMissing(path)


def test_our_code_makes_what_is_published() -> None:
    assert made() == json.loads(PUBLISHED.read_text(encoding="utf-8"))


def test_our_code_believes_the_evidence() -> None:
    told = json.loads(PUBLISHED.read_text(encoding="utf-8"))
    vkey = NoteSigner(ORIGIN, Ed25519Signer(SEED)).vkey
    report = judge_evidence(told["evidence"].encode(), {ORIGIN: vkey})
    assert (report.verdict, vkey.text) == ("valid", told["vkey"])
    assert {check.code for check in report.checks} == {None, "CLAIMED"}


# --- by nothing of ours -----------------------------------------------------------------------------------------------


def canonical(value: object) -> bytes:
    """RFC 8785 for what has no fractions, and names of ASCII."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def signed(note: str, vkey: str) -> str:
    """The text of a signed note (c2sp.org/signed-note)."""
    text, line = note.split("\n\n")
    dash, name, encoded = line.removesuffix("\n").split(" ")
    assert (dash, name) == ("—", vkey.partition("+")[0])
    key = base64.b64decode(vkey.split("+", 2)[2])[1:]
    data = base64.b64decode(encoded)
    assert data[:4] == sha256(name.encode() + b"\n\x01" + key).digest()[:4]
    Ed25519PublicKey.from_public_bytes(key).verify(data[4:], (text + "\n").encode())
    return text + "\n"


def test_bodies_are_canonical_json() -> None:
    for event in json.loads(PUBLISHED.read_text(encoding="utf-8"))["events"]:
        body = json.loads(event["body"])
        assert canonical(body) == event["body"].encode()
        assert sha256(event["body"].encode()).hexdigest() == event["sha256"]
        assert (body["v"], body["id"], body["kind"]) == ("elicence/event/v1", event["id"], event["kind"])
        assert set(body["actor"]) == {"kind", "id", "operator_unit", "on_behalf_of"}
        assert None not in body.values(), "what is absent is left out"


def test_the_evidence_holds_by_the_formulas_of_the_documents() -> None:
    told = json.loads(PUBLISHED.read_text(encoding="utf-8"))
    file = json.loads(told["evidence"])
    inside = file["evidence"]
    digest = base64.b64encode(sha256(canonical(inside)).digest()).decode()
    assert signed(file["signature"], told["vkey"]) == f"elicence/evidence/v1\n{ORIGIN}\n{digest}\n"
    origin, size, root, _ = signed(inside["checkpoint"], told["vkey"]).split("\n")
    assert (origin, int(size)) == (ORIGIN, 4)
    (chain,) = inside["chains"]
    key = base64.b64decode(chain["tag_key"])
    assert sha256(key).digest() == base64.b64decode(chain["events"][0]["body"]["detail"]["tag_key_sha256"])
    previous, leaves = bytes(32), {}
    for seq, event in enumerate(chain["events"]):
        value = {name: base64.b64decode(event[name]) for name in ("body_salt", "link_salt", "previous", "commitment")}
        body = sha256(value["body_salt"] + canonical(event["body"])).digest()
        link = sha256(value["link_salt"] + UUID(chain["subject"]).bytes + seq.to_bytes(8) + previous).digest()
        assert (event["seq"], value["previous"]) == (seq, previous)
        assert value["commitment"] == sha256(body + link).digest()
        tag = hmac.digest(key, seq.to_bytes(8), "sha256")
        leaves[event["index"]] = sha256(b"\x00elicence/entry/v1\n" + tag + value["commitment"]).digest()
        previous = value["commitment"]
    # Of four leaves three are the file's: the proof is the one that is not.
    (other,) = (base64.b64decode(part) for part in inside["proof"])
    assert reference.mth([other, leaves[1], leaves[2], leaves[3]]) == base64.b64decode(root)
    look = chain["look"]
    promised = signed(look["promise"], told["vkey"]).split("\n")
    salted = sha256(base64.b64decode(look["body_salt"]) + canonical(look["body"])).digest()
    assert promised[:4] == ["elicence/promise/v1", ORIGIN, look["body"]["id"], base64.b64encode(salted).decode()]
    assert (look["body"]["detail"]["entries"], look["body"]["detail"]["size"]) == (3, 4)


if __name__ == "__main__":
    PUBLISHED.write_text(json.dumps(made(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
