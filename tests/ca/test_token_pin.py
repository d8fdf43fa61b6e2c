import multiprocessing
import os
import stat
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from pkcs11.constants import TokenFlag

from ca.errors import CAError, KeyExposed, KeyMissing, KeyUnreadable
from ca.tokens.errors import TokenPinLocked, TokenPinWrong
from ca.tokens.keys import TokenKeys
from ca.tokens.pin import pin_in
from tests.ca.soft_token import LABEL, MODULE, PIN, CountingPin, SoftToken, forget_sessions

LOW = TokenFlag.USER_PIN_COUNT_LOW


@pytest.fixture
def token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SoftToken:
    return SoftToken.make(tmp_path / "token", monkeypatch)


def test_a_wrong_pin_is_tried_once(token: SoftToken) -> None:
    token.keys().create("root", "ES256")
    forget_sessions()
    pin = CountingPin("a guess")
    keys = TokenKeys(MODULE, LABEL, pin, token.marks)
    assert not token.flags() & LOW
    with pytest.raises(TokenPinWrong) as caught:
        keys.signer("root")
    assert token.flags() & LOW, "the token counted the try"
    assert "a guess" not in str(caught.value) + caught.value.message("zh")
    token.log_in()
    assert not token.flags() & LOW, "and a good log-in ended its count"

    for again in (keys.names, lambda: keys.signer("root"), token.keys("a guess").names):
        with pytest.raises(TokenPinWrong):
            again()
    assert not token.flags() & LOW, "no second try reached it"
    pin.pin = PIN
    assert keys.names() == {"root"}, "a corrected PIN is tried without a restart"


def _try_elsewhere(token: SoftToken, pin: str, answer: Connection) -> None:
    try:
        answer.send(sorted(token.keys(pin).names()))
    except CAError as error:
        answer.send(type(error))


def elsewhere(token: SoftToken, *pins: str) -> list[object]:
    """Return what processes of their own are told, all started at once: the names of the keys, or the refusal."""
    spawn = multiprocessing.get_context("spawn")
    pipes = [spawn.Pipe(duplex=False) for _ in pins]
    others = [
        spawn.Process(target=_try_elsewhere, args=(token, pin, theirs))
        for pin, (_, theirs) in zip(pins, pipes, strict=True)
    ]
    for one in others:
        one.start()
    answers = [ours.recv() for ours, _ in pipes]
    for one in others:
        one.join()
    return answers


def test_no_other_process_tries_what_one_was_refused(token: SoftToken) -> None:
    token.keys().create("root", "ES256")
    assert elsewhere(token, "a guess") == [TokenPinWrong]
    assert token.flags() & LOW
    token.log_in()
    assert not token.flags() & LOW
    assert elsewhere(token, "a guess", "a guess") == [TokenPinWrong] * 2
    forget_sessions()
    assert not token.flags() & LOW, "a supervised server, started again and again, never reached it"
    assert elsewhere(token, PIN) == [["root"]], "a corrected PIN is tried"
    assert not list(token.marks.iterdir()), "and ends the matter"


def test_what_is_kept_of_a_refused_pin_tells_nobody_the_pin(token: SoftToken) -> None:
    with pytest.raises(TokenPinWrong) as caught:
        token.keys("a guess").names()
    (mark,) = token.marks.iterdir()
    assert str(mark) in caught.value.message("zh") + caught.value.message("en")
    assert stat.S_IMODE(mark.stat().st_mode) == 0o600
    before = mark.read_bytes()
    assert b"a guess" not in before
    mark.unlink()
    with pytest.raises(TokenPinWrong):
        token.keys("a guess").names()
    assert mark.read_bytes() != before, "it is salted"


def test_whoever_changed_the_pin_of_the_token_removes_the_mark(token: SoftToken) -> None:
    keys = token.keys("a new PIN")
    with pytest.raises(TokenPinWrong):
        keys.names()
    token.log_in(new_pin="a new PIN")
    with pytest.raises(TokenPinWrong):
        keys.names()
    (mark,) = token.marks.iterdir()
    mark.unlink()
    assert keys.names() == frozenset()


def test_another_token_of_that_name_is_another_matter(token: SoftToken) -> None:
    keys = token.keys("a guess")
    with pytest.raises(TokenPinWrong):
        keys.names()
    with token.unplugged():
        token.initialise(pin="a guess")
        forget_sessions()
        assert keys.names() == frozenset()


def test_where_no_mark_could_be_kept_nothing_is_tried(token: SoftToken) -> None:
    token.marks.parent.mkdir(exist_ok=True)
    token.marks.write_bytes(b"")
    with pytest.raises(KeyUnreadable):
        token.keys("a guess").names()
    assert not token.flags() & LOW


@pytest.mark.parametrize("pin", ["1", "x" * 255, "四七一一"])
def test_odd_pins_are_wrong_pins(token: SoftToken, pin: str) -> None:
    with pytest.raises(TokenPinWrong):
        token.keys(pin).names()


@pytest.mark.parametrize("flag", [TokenFlag.USER_PIN_FINAL_TRY, TokenFlag.USER_PIN_LOCKED])
def test_the_last_try_is_left_to_a_person(token: SoftToken, flag: TokenFlag) -> None:
    token.set_flag(flag)
    pin = CountingPin()
    with pytest.raises(TokenPinLocked):
        TokenKeys(MODULE, LABEL, pin, token.marks).names()
    assert pin.asked == 0


@pytest.mark.parametrize(
    ("data", "read_as"),
    [
        (b"1234", "1234"),
        (b"1234\n", "1234"),
        (b"12 34\r\n", "12 34"),
        ("口令".encode(), "口令"),
        (b"x" * 255, "x" * 255),
    ],
)
def test_the_pin_is_the_files_one_line(tmp_path: Path, data: bytes, read_as: str) -> None:
    path = private(tmp_path / "pin", data)
    assert pin_in(path)() == read_as


@pytest.mark.parametrize("data", [b"", b"\n", b"1234\n\n", b"12\n34", b"12\x0034", b"\xff\xfe1234", b"x" * 256])
def test_other_files_hold_no_pin(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(KeyUnreadable) as caught:
        pin_in(private(tmp_path / "pin", data))()
    assert "1234" not in str(caught.value)


def test_a_pin_that_others_can_read_is_refused(token: SoftToken, tmp_path: Path) -> None:
    path = private(tmp_path / "pin", PIN.encode())
    keys = TokenKeys(MODULE, LABEL, pin_in(path), token.marks)
    path.chmod(0o640)
    with pytest.raises(KeyExposed):
        keys.names()
    path.chmod(0o600)
    assert keys.names() == frozenset()


def test_a_pin_file_that_cannot_be_read_is_told(token: SoftToken, tmp_path: Path) -> None:
    for path, expected in ((tmp_path / "missing", KeyMissing), (tmp_path / "folder", KeyUnreadable)):
        if expected is KeyUnreadable:
            path.mkdir(mode=0o700)
        with pytest.raises(expected):
            TokenKeys(MODULE, LABEL, pin_in(path), token.marks).names()


def test_the_file_is_read_at_each_log_in(token: SoftToken, tmp_path: Path) -> None:
    path = private(tmp_path / "pin", b"wrong")
    keys = TokenKeys(MODULE, LABEL, pin_in(path), token.marks)
    with pytest.raises(CAError):
        keys.names()
    path.write_bytes(PIN.encode() + b"\n")
    assert keys.names() == frozenset()


def private(path: Path, data: bytes) -> Path:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    return path
