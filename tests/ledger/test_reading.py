import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from ledger.envelope import EnvelopeInvalid
from ledger.errors import FatalLedgerError
from ledger.events import EventKind, record
from ledger.formats.checkpoints import Checkpoint
from ledger.log.reading import TlogProof, inclusion, inclusions, verify_proof
from ledger.log.served import LogPathUnknown, log_object, read_checkpoint
from ledger.objects.objects import ObjectMissing, ObjectStore
from ledger.subjects import create_subject
from tests.ledger.audit import VKEYS
from tests.ledger.local_keys import MemoryWrapper
from tests.ledger.recording import NOW, PROMISER, event, nested, new_subjects, record_events, sequencer

WRAPPER = MemoryWrapper()


@pytest.fixture
def logged(session: Session, objects: ObjectStore) -> list[str]:
    """Three hundred events in the log, of thirty subjects."""
    subjects = new_subjects(session, WRAPPER, 30)
    promises = record_events(session, WRAPPER, subjects * 10)
    sequencer(nested(session), objects, WRAPPER).run_once(NOW)
    return [promise.event for promise in promises]


def test_an_event_is_proved_once_it_is_published(session: Session, objects: ObjectStore) -> None:
    subject, keys = create_subject(session, WRAPPER, "licence")
    issued = event(subject.id, EventKind.ISSUED, document="sha-256:" + "ab" * 32)
    leader = sequencer(nested(session), objects, WRAPPER)
    record(session, issued, keys, PROMISER)
    assert inclusion(session, objects, WRAPPER, issued.id) is None, "nothing is published"
    leader.log.finish(NOW)
    assert inclusion(session, objects, WRAPPER, issued.id) is None, "it is pending"
    leader.assign(NOW)
    assert inclusion(session, objects, WRAPPER, issued.id) is None, "it has its place and no checkpoint yet"
    leader.log.finish(NOW)
    proof = inclusion(session, objects, WRAPPER, issued.id)
    assert proof is not None
    verified = verify_proof(TlogProof.parse(proof.text), VKEYS)
    assert verified.event["document"] == issued.document
    assert (verified.event["id"], verified.event["kind"], verified.index) == (issued.id, "issued", 0)


def test_many_events_are_proved_at_once(session: Session, objects: ObjectStore, logged: list[str]) -> None:
    proofs = inclusions(session, objects, WRAPPER, [*logged, "evt_00000000000000000000000000"])
    assert set(proofs) == set(logged)
    for index, name in enumerate(logged):
        verified = verify_proof(proofs[name], VKEYS)
        assert (verified.event["id"], verified.index, verified.size) == (name, index, 300)
    assert inclusions(session, objects, WRAPPER, []) == {}


def test_a_proof_does_not_tell_who_the_subject_is_to_whoever_lacks_it(logged: list[str], objects: ObjectStore) -> None:
    published = b"".join(objects.get(key) for key in objects.keys("log/"))
    assert all(name.encode() not in published for name in logged)


def test_tiles_that_do_not_prove_what_the_rows_say_are_an_alarm(
    session: Session, objects: ObjectStore, logged: list[str]
) -> None:
    objects.put("log/tile/0/000", bytes(8192))
    with pytest.raises(FatalLedgerError, match="do not prove entry 7"):
        inclusion(session, objects, WRAPPER, logged[7])


def test_a_link_that_was_rewritten_is_an_alarm(session: Session, objects: ObjectStore, logged: list[str]) -> None:
    session.execute(text("UPDATE ledger.events SET previous = sha256('x') WHERE entry_index = 7"))
    with pytest.raises(FatalLedgerError, match="event of entry 7"):
        inclusion(session, objects, WRAPPER, logged[7])


def test_a_body_moved_from_another_event_does_not_open(
    session: Session, objects: ObjectStore, logged: list[str]
) -> None:
    session.execute(
        text(
            "UPDATE ledger.events SET body = (SELECT body FROM ledger.events WHERE entry_index = 37)"
            " WHERE entry_index = 7"
        )
    )
    with pytest.raises(EnvelopeInvalid):
        inclusion(session, objects, WRAPPER, logged[7])


def test_the_log_is_served_as_it_lies(objects: ObjectStore, logged: list[str]) -> None:
    checkpoint = log_object(objects, "checkpoint")
    assert checkpoint.data.decode() == read_checkpoint(objects)
    assert (checkpoint.media_type, checkpoint.cache) == ("text/plain; charset=utf-8", "brief")
    assert Checkpoint.open(read_checkpoint(objects), VKEYS).size == 300
    for path, size in (("tile/0/000", 8192), ("tile/0/001.p/44", 44 * 32), ("tile/entries/001.p/44", 44 * 84)):
        tile = log_object(objects, path)
        assert (len(tile.data), tile.media_type, tile.cache) == (size, "application/octet-stream", "immutable")


def test_what_is_not_there_is_missing_and_what_cannot_be_is_unknown(objects: ObjectStore, logged: list[str]) -> None:
    for path in ("tile/0/002", "tile/0/001.p/43", "tile/2/000.p/1"):
        with pytest.raises(ObjectMissing):
            log_object(objects, path)
    for path in (
        "",
        "tile",
        "../documents/x",
        "tile/0/../../checkpoint",
        "tile/0/000.p/300",
        "checkpoint/",
        "tile/0/0",
    ):
        with pytest.raises(LogPathUnknown):
            log_object(objects, path)


def test_a_damaged_checkpoint_is_read_as_text_that_nothing_signs(objects: ObjectStore) -> None:
    objects.put("log/checkpoint", b"\xff\n\n")
    assert read_checkpoint(objects) == "\ufffd\n\n"
