import pickle
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.formats.checkpoints import Checkpoint
from ledger.formats.notes import NoteSignatureInvalid, NoteSigner, NoteUnreadable, NoteUntrusted
from ledger.log.promises import Promiser, VerifiedPromise, read_promise
from tests.ledger.local_keys import ORIGIN, Ed25519Signer

AT = datetime(2026, 11, 22, 1, 2, 3, 456789, tzinfo=UTC)
VKEYS = {ORIGIN: NoteSigner(ORIGIN, Ed25519Signer()).vkey}
PROMISE = Promiser(ORIGIN, Ed25519Signer()).promise("evt_1", b"d" * 32, AT)


def test_a_promise_says_what_will_stand_in_the_log_and_by_when() -> None:
    assert PROMISE.deadline == AT + timedelta(seconds=60)
    assert PROMISE.text.startswith(
        "elicence/promise/v1\nelicence.test/log\nevt_1\nZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGQ=\n"
        "2026-11-22T01:03:03.456789Z\n\n— elicence.test/log "
    )
    assert read_promise(PROMISE.text, VKEYS) == VerifiedPromise(ORIGIN, "evt_1", b"d" * 32, PROMISE.deadline)


@pytest.mark.parametrize(
    ("late", "given"), [(timedelta(hours=1), timedelta(hours=1)), (-timedelta(hours=1), timedelta())]
)
def test_what_happened_long_ago_is_promised_from_now_on(late: timedelta, given: timedelta) -> None:
    """A promise whose deadline was over before anybody could keep it would convict an honest log."""
    promiser = Promiser(ORIGIN, Ed25519Signer(), clock=lambda: AT + late)
    assert promiser.promise("evt_1", b"d" * 32, AT).deadline == AT + given + timedelta(seconds=60)


def test_the_deadline_is_told_in_utc() -> None:
    local = AT.astimezone(timezone(timedelta(hours=8)))
    assert Promiser(ORIGIN, Ed25519Signer()).promise("evt_1", b"d" * 32, local).text == PROMISE.text


def test_a_promise_is_no_checkpoint_and_a_checkpoint_no_promise() -> None:
    with pytest.raises(NoteUnreadable):
        Checkpoint.open(PROMISE.text, VKEYS)
    checkpoint = NoteSigner(ORIGIN, Ed25519Signer()).sign(Checkpoint(ORIGIN, 3, bytes(32)).text)
    with pytest.raises(NoteUnreadable):
        read_promise(checkpoint, VKEYS)


def test_another_logs_promise_is_untrusted() -> None:
    with pytest.raises(NoteUntrusted):
        read_promise(PROMISE.text, {})


@settings(max_examples=100)
@given(st.integers(0, len(PROMISE.text) - 1), st.characters(codec="utf-8"))
def test_a_changed_character_is_found(at: int, character: str) -> None:
    changed = PROMISE.text[:at] + character + PROMISE.text[at + 1 :]
    if changed == PROMISE.text:
        return
    with pytest.raises((NoteUnreadable, NoteUntrusted, NoteSignatureInvalid)):
        read_promise(changed, VKEYS)


@pytest.mark.parametrize("digest", ["AAAA", "!"])
@pytest.mark.parametrize("deadline", ["2026-11-22T01:03:03.456789Z", "soon"])
def test_a_misshapen_promise_is_refused_even_when_signed(digest: str, deadline: str) -> None:
    signer = NoteSigner(ORIGIN, Ed25519Signer())
    note = signer.sign(f"elicence/promise/v1\n{ORIGIN}\nevt_1\n{digest}\n{deadline}\n")
    with pytest.raises(NoteUnreadable):
        read_promise(note, VKEYS)


def test_a_promise_is_signed_when_it_is_asked_for_and_once() -> None:
    signed: list[bytes] = []

    class Counting(Ed25519Signer):
        def sign(self, data: bytes) -> bytes:
            signed.append(data)
            return super().sign(data)

    promise = Promiser(ORIGIN, Counting()).promise("evt_1", b"d" * 32, AT)
    assert signed == []
    assert promise.text == promise.text == PROMISE.text
    assert len(signed) == 1


def test_a_promise_that_leaves_its_process_is_signed() -> None:
    promise = pickle.loads(pickle.dumps(Promiser(ORIGIN, Ed25519Signer()).promise("evt_1", b"d" * 32, AT)))
    assert (promise.event, promise.text, promise.deadline) == (PROMISE.event, PROMISE.text, PROMISE.deadline)
