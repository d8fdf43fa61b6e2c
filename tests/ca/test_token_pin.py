import os
from pathlib import Path

import pytest
from pkcs11.constants import TokenFlag

from ca.errors import CAError, KeyExposed, KeyMissing, KeyUnreadable
from ca.keys import TokenKeys, pin_in
from ca.token_errors import TokenPinLocked, TokenPinWrong
from tests.ca.soft_token import LABEL, MODULE, PIN, CountingPin, SoftToken, forget_sessions

LOW = TokenFlag.USER_PIN_COUNT_LOW


@pytest.fixture
def token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SoftToken:
    return SoftToken.make(tmp_path / "token", monkeypatch)


def test_a_wrong_pin_is_tried_once(token: SoftToken) -> None:
    token.keys().create("root", "ES256")
    forget_sessions()
    pin = CountingPin("a guess")
    keys = TokenKeys(MODULE, LABEL, pin)
    assert not token.flags() & LOW
    with pytest.raises(TokenPinWrong) as caught:
        keys.signer("root")
    assert token.flags() & LOW, "the token counted the try"
    assert "a guess" not in str(caught.value) + caught.value.message("zh")
    token.keys().names()
    forget_sessions()
    assert not token.flags() & LOW, "and a good log-in ended its count"

    for again in (keys.names, lambda: keys.signer("root"), token.keys("a guess").names):
        with pytest.raises(TokenPinWrong):
            again()
    assert not token.flags() & LOW, "no second try reached it"
    pin.pin = PIN
    assert keys.names() == {"root"}, "a corrected PIN is tried without a restart"


@pytest.mark.parametrize("pin", ["1", "x" * 255, "四七一一"])
def test_odd_pins_are_wrong_pins(token: SoftToken, pin: str) -> None:
    with pytest.raises(TokenPinWrong):
        token.keys(pin).names()


@pytest.mark.parametrize("flag", [TokenFlag.USER_PIN_FINAL_TRY, TokenFlag.USER_PIN_LOCKED])
def test_the_last_try_is_left_to_a_person(token: SoftToken, flag: TokenFlag) -> None:
    token.set_flag(flag)
    pin = CountingPin()
    with pytest.raises(TokenPinLocked):
        TokenKeys(MODULE, LABEL, pin).names()
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
    keys = TokenKeys(MODULE, LABEL, pin_in(path))
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
            TokenKeys(MODULE, LABEL, pin_in(path)).names()


def test_the_file_is_read_at_each_log_in(token: SoftToken, tmp_path: Path) -> None:
    path = private(tmp_path / "pin", b"wrong")
    keys = TokenKeys(MODULE, LABEL, pin_in(path))
    with pytest.raises(CAError):
        keys.names()
    path.write_bytes(PIN.encode() + b"\n")
    assert keys.names() == frozenset()


def private(path: Path, data: bytes) -> Path:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    return path
