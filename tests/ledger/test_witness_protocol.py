import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.formats import base64_text
from ledger.formats.notes import NoteUnreadable
from ledger.witness.errors import WitnessRequestUnreadable
from ledger.witness.protocol import MAX_REQUEST, AddCheckpoint, answer_lines, size_answer
from tests.ledger.witnessed_logs import SmallLog

LOG = SmallLog()
HASH = base64_text.encode(bytes(32))
hashes = st.lists(st.binary(min_size=32, max_size=32), max_size=63).map(tuple)


def test_the_form_of_the_specification() -> None:
    note = LOG.note(7)
    request = AddCheckpoint(3, LOG.proof(3, 7), note)
    body = request.to_bytes().decode()
    assert body.startswith("old 3\n")
    assert body.split("\n\n", 1)[1] == note, "the checkpoint is the rest, verbatim"
    assert [base64_text.decode(line) for line in body.split("\n\n")[0].split("\n")[1:]] == list(LOG.proof(3, 7))
    assert AddCheckpoint(0, (), note).to_bytes().decode() == f"old 0\n\n{note}"


@given(st.integers(0, (1 << 63) - 1), hashes, st.text(max_size=50))
def test_what_is_written_is_read(old: int, proof: tuple[bytes, ...], note: str) -> None:
    request = AddCheckpoint(old, proof, note)
    assert AddCheckpoint.parse(request.to_bytes()) == request


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"old 0\n",
        b"old 0\n\xff\n\nnote",
        b"old\n\nnote",
        b"old \n\nnote",
        b"old -1\n\nnote",
        b"old 01\n\nnote",
        b"old +1\n\nnote",
        b"old 1 \n\nnote",
        b"old  1\n\nnote",
        b"old \xd9\xa1\n\nnote",
        b"old 9223372036854775808\n\nnote",
        b"new 1\n\nnote",
        b"OLD 1\n\nnote",
        b"old 1\r\n\r\nnote",
        f"old 1\n{HASH[:-1]}\n\nnote".encode(),
        f"old 1\n{HASH[:-2]}B=\n\nnote".encode(),
        f"old 1\n{HASH} \n\nnote".encode(),
        b"old 1\nAAAA\n\nnote",
        ("old 1\n" + f"{HASH}\n" * 64 + "\nnote").encode(),
        b"old 0\n\n" + b"x" * MAX_REQUEST,
    ],
)
def test_a_misshapen_request_is_refused(body: bytes) -> None:
    with pytest.raises(WitnessRequestUnreadable):
        AddCheckpoint.parse(body)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for body in (data, b"old 0\n\n" + data, b"old 1\n" + data):
        try:
            AddCheckpoint.parse(body)
        except WitnessRequestUnreadable:
            continue
    for read in (answer_lines, size_answer):
        try:
            read(data)
        except (NoteUnreadable, ValueError):
            continue


def test_answers() -> None:
    note = LOG.note(2)
    lines = note.split("\n\n")[1]
    (line,) = answer_lines(lines.encode())
    assert line.line == lines
    assert size_answer(b"20852163\n") == 20852163
    for body in (b"", b"\n", lines.encode()[:-1], lines.encode() + b"\n", b"\xff\n"):
        with pytest.raises(NoteUnreadable):
            answer_lines(body)
    for body in (b"", b"7", b"07\n", b" 7\n", b"7\n\n", b"-7\n", "\u0667\n".encode()):
        with pytest.raises(ValueError, match=r"."):
            size_answer(body)
