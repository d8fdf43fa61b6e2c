from uuid import UUID, uuid4

import pytest
from cryptography.exceptions import InvalidTag
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ledger.events import record, record_many
from ledger.log.reading import inclusion
from ledger.objects.objects import ObjectStore
from ledger.subjects import (
    Subject,
    SubjectErased,
    SubjectPending,
    SubjectUnknown,
    create_subject,
    create_subjects,
    erase_subject,
    open_subject,
    open_subjects,
)
from tests.ledger.local_keys import MemoryWrapper
from tests.ledger.recording import NOW, PROMISER, event, nested, new_subjects, record_events, sequencer


def test_a_subject_has_keys_of_its_own(session: Session) -> None:
    wrapper = MemoryWrapper()
    first, first_keys = create_subject(session, wrapper, "licence")
    second, second_keys = create_subject(session, wrapper, "seal", UUID(int=7))
    assert (first.kind, second) == ("licence", Subject(UUID(int=7), "seal"))
    assert open_subject(session, wrapper, first.id) == first_keys
    assert open_subject(session, wrapper, second.id) == second_keys
    assert first_keys != second_keys


def test_many_subjects_are_made_and_opened_at_once(session: Session) -> None:
    wrapper, ids = MemoryWrapper(), [uuid4() for _ in range(50)]
    made = create_subjects(session, wrapper, "licence", ids)
    assert open_subjects(session, wrapper, ids) == made
    assert open_subjects(session, wrapper, []) == {}


def test_an_unknown_subject_is_refused(session: Session) -> None:
    with pytest.raises(SubjectUnknown):
        open_subject(session, MemoryWrapper(), uuid4())


def test_no_subject_of_another_kind(session: Session) -> None:
    with pytest.raises(IntegrityError, match="subjects_kind_check"):
        create_subject(session, MemoryWrapper(), "person")


def test_a_key_moved_to_another_subjects_row_does_not_open(session: Session) -> None:
    wrapper = MemoryWrapper()
    first, _ = create_subject(session, wrapper, "licence")
    second, _ = create_subject(session, wrapper, "licence")
    session.execute(
        text(
            "UPDATE ledger.subjects SET key_ciphertext = (SELECT key_ciphertext FROM ledger.subjects WHERE id = :a)"
            " WHERE id = :b"
        ),
        {"a": first.id, "b": second.id},
    )
    with pytest.raises(InvalidTag):
        open_subject(session, wrapper, second.id)


def test_erasure_destroys_the_key_and_keeps_the_count_provable(session: Session, objects: ObjectStore) -> None:
    wrapper = MemoryWrapper()
    subject, keys = create_subject(session, wrapper, "licence")
    (promise,) = record_events(session, wrapper, [subject.id])
    with pytest.raises(SubjectPending):
        erase_subject(session, wrapper, subject.id, NOW)
    sequencer(nested(session), objects, wrapper).run_once(NOW)
    erase_subject(session, wrapper, subject.id, NOW)
    with pytest.raises(SubjectErased):
        open_subject(session, wrapper, subject.id)
    with pytest.raises(SubjectErased):
        erase_subject(session, wrapper, subject.id, NOW)
    with pytest.raises(SubjectErased):
        inclusion(session, objects, wrapper, promise.event)
    row = session.execute(text("SELECT key_ciphertext, tag_key, erased_at FROM ledger.subjects")).one()
    assert tuple(row) == (None, keys.tag, NOW)


def test_keys_from_before_an_erasure_record_nothing(session: Session) -> None:
    wrapper = MemoryWrapper()
    living, erased = new_subjects(session, wrapper, 2)
    keys = open_subjects(session, wrapper, [living, erased])
    erase_subject(session, wrapper, erased, NOW)
    with pytest.raises(SubjectErased) as caught:
        record_many(session, [(event(subject), keys[subject]) for subject in (living, erased)], PROMISER)
    assert caught.value.subject == erased
    assert session.execute(text("SELECT count(*) FROM ledger.events")).scalar_one() == 0, "not half of it either"
    with pytest.raises(SubjectUnknown):
        record(session, event(uuid4()), keys[living], PROMISER)


def test_an_unknown_subject_cannot_be_erased(session: Session) -> None:
    with pytest.raises(SubjectUnknown):
        erase_subject(session, MemoryWrapper(), uuid4(), NOW)
