"""A SoftHSM2 token of a test's own: a real PKCS#11 module, whose token can be carried away and brought back."""

import os
import shutil
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from pkcs11.constants import TokenFlag

from ca.tokens.keys import TokenKeys
from ca.tokens.library import library

MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")
LABEL = "elicence 测试"
PIN = "4711-of-the-test"
_FLAGS_ATTRIBUTE = 0x8000534B  # where SoftHSM keeps a token's flags


@dataclass(frozen=True)
class SoftToken:
    folder: Path

    @classmethod
    def make(cls, folder: Path, monkeypatch: pytest.MonkeyPatch) -> "SoftToken":
        """Make a token and point this process, and those it starts, at it."""
        if not MODULE.exists() or shutil.which("softhsm2-util") is None:
            message = "no SoftHSM2 here: install the package softhsm2"
            if os.environ.get("CI") == "true":
                pytest.fail(message)
            pytest.skip(message)
        made = cls(folder)
        made.place.mkdir(parents=True)
        made.configuration.write_text(f"directories.tokendir = {made.place}\nlog.level = ERROR\n")
        monkeypatch.setenv("SOFTHSM2_CONF", str(made.configuration))
        made.initialise()
        forget_sessions()
        return made

    @property
    def place(self) -> Path:
        return self.folder / "tokens"

    @property
    def configuration(self) -> Path:
        return self.folder / "softhsm2.conf"

    @property
    def marks(self) -> Path:
        return self.folder / "marks"

    def initialise(self, label: str = LABEL, pin: str = PIN) -> None:
        command = ["softhsm2-util", "--init-token", "--free", "--label", label, "--pin", pin, "--so-pin", "12345678"]
        subprocess.run(command, check=True, capture_output=True)

    def keys(self, pin: str = PIN, label: str = LABEL) -> TokenKeys:
        return TokenKeys(MODULE, label, lambda: pin, self.marks)

    def log_in(self, new_pin: str | None = None) -> None:
        """Log in with the right PIN, not through our keys, and change it if told to."""
        forget_sessions()
        module = library(MODULE)
        with module.in_use(), module.token(LABEL).open(rw=True, user_pin=PIN) as session:
            if new_pin is not None:
                session.set_pin(PIN, new_pin)
        forget_sessions()

    @contextmanager
    def unplugged(self) -> Iterator[None]:
        """Carry the token away for the block."""
        (token,) = self.place.iterdir()
        away = self.folder / "away"
        token.rename(away)
        yield
        away.rename(token)

    def flags(self) -> TokenFlag:
        module = library(MODULE)
        with module.in_use():
            return module.token(LABEL).flags

    def set_flag(self, flag: TokenFlag) -> None:
        """Let the token say of itself what it says in a certain state."""
        (path,) = self.place.glob("*/token.object")
        data = bytearray(path.read_bytes())
        # The attribute's type and kind (2: a number), then its value, eight bytes each.
        at = data.index(struct.pack(">QQ", _FLAGS_ATTRIBUTE, 2)) + 16
        (flags,) = struct.unpack_from(">Q", data, at)
        struct.pack_into(">Q", data, at, flags | flag)
        path.write_bytes(data)
        forget_sessions()


def forget_sessions() -> None:
    """Let the module start anew, logged out, with what the environment says now."""
    module = library(MODULE)
    module.restart(module.generation)


class CountingPin:
    """A PIN that knows how often it was asked for."""

    def __init__(self, pin: str = PIN) -> None:
        self.pin = pin
        self.asked = 0

    def __call__(self) -> str:
        self.asked += 1
        return self.pin
