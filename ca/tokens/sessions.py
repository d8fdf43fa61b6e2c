"""Sessions with one token: logged in once, kept open, used again, and made anew when the token was lost."""

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, TypeVar

from pkcs11 import exceptions as p11
from pkcs11.constants import TokenFlag
from pkcs11.types import Session, Token

from ca.tokens import objects as token_objects
from ca.tokens.errors import TokenMissing, TokenPinLocked, TokenPinWrong, TokenRefused
from ca.tokens.library import Library
from ca.tokens.objects import KeyPair
from ca.tokens.pin import RefusedPin

_T = TypeVar("_T")

# Threads beyond this wait for a session: tokens have room for some dozens.
_MOST_SESSIONS: Final = 16
_AWAY: Final = (p11.NoSuchToken, p11.TokenNotPresent, p11.TokenNotRecognised, p11.SlotIDInvalid, p11.DeviceRemoved)
_LOST: Final = (
    *_AWAY,
    p11.DeviceError,
    p11.GeneralError,
    p11.KeyHandleInvalid,
    p11.ObjectHandleInvalid,
    p11.SessionClosed,
    p11.SessionHandleInvalid,
    p11.UserNotLoggedIn,
)
_PIN_REFUSED: Final = (p11.PinIncorrect, p11.PinInvalid, p11.PinLenRange)
_ON_LAST_TRY: Final = TokenFlag.USER_PIN_LOCKED | TokenFlag.USER_PIN_FINAL_TRY


class _Lost(Exception):
    """The token, or what the module knew of it, is gone; from a generation of the library."""

    def __init__(self, generation: int, error: p11.PKCS11Error) -> None:
        super().__init__(generation)
        self.generation = generation
        self.error = error


@dataclass(slots=True)
class OpenSession:
    """One session and the keys that were used in it. For one thread at a time."""

    session: Session
    _pairs: dict[str, KeyPair] = field(default_factory=dict)

    def pair(self, name: str, public_key: bytes) -> KeyPair:
        """Return the key of that name, preferably the one with that public half; raises what `look_up` raises."""
        found = self._pairs.get(name)
        return found if found is not None and found.public_key == public_key else self.look_up(name)

    def look_up(self, name: str) -> KeyPair:
        """Return a key as it is now; raises KeyMissing, TokenKeyExposed, TokenRefused, PKCS11Error."""
        found = self._pairs[name] = token_objects.find(self.session, name)
        return found

    def close(self) -> None:
        """Close the session, if it still can be."""
        with suppress(p11.PKCS11Error):
            self.session.close()


class TokenSessions:
    """The sessions of this process with one token.

    library: the module; label: the token's; pin: asked for at every log-in, and never kept; refused: what the token
    refused, for every process.
    """

    def __init__(self, library: Library, label: str, pin: Callable[[], str], refused: RefusedPin) -> None:
        self._library = library
        self._label = label
        self._pin = pin
        self._refused = refused
        self._lock = threading.Lock()
        self._room = threading.BoundedSemaphore(_MOST_SESSIONS)
        self._generation = 0
        self._token: Token | None = None
        self._login: Session | None = None  # never closed: closing it logs the whole process out
        self._idle: list[OpenSession] = []

    def run(self, act: Callable[[OpenSession], _T], *, write: bool = False, again: bool = True) -> _T:
        """Do something in a session, logged in; once more, anew, when the token was lost.

        write: in a session that may make and destroy keys; again: False for what must not be done twice.
        Raises TokenUnusable and what `act` raises; never a PKCS11Error.
        """
        try:
            return self._once(act, write=write)
        except _Lost as lost:
            self._library.restart(lost.generation)
            if not again:
                raise self._refusal(lost.error) from lost.error
        try:
            return self._once(act, write=write)
        except _Lost as lost:
            raise self._refusal(lost.error) from lost.error

    def _once(self, act: Callable[[OpenSession], _T], *, write: bool) -> _T:
        with self._library.in_use() as generation, self._room:
            try:
                return self._in_session(act, generation, write=write)
            except p11.PKCS11Error as error:
                # "Not initialised" has no class of its own.
                if isinstance(error, _LOST) or type(error) is p11.PKCS11Error:
                    raise _Lost(generation, error) from error
                raise self._refusal(error) from error

    def _in_session(self, act: Callable[[OpenSession], _T], generation: int, *, write: bool) -> _T:
        session = self._take(generation, write=write)
        try:
            result = act(session)
        except BaseException:
            session.close()
            raise
        if write:
            session.close()
        else:
            with self._lock:
                self._idle.append(session)
        return result

    def _take(self, generation: int, *, write: bool) -> OpenSession:
        with self._lock:
            if self._generation != generation:
                self._connect(generation)
            if self._idle and not write:
                return self._idle.pop()
            token = self._token
        assert token is not None
        return OpenSession(token.open(rw=write))

    def _connect(self, generation: int) -> None:
        self._idle.clear()
        self._token = self._library.token(self._label)
        self._login = self._log_in(self._token)
        self._generation = generation

    def _log_in(self, token: Token) -> Session:
        if token.flags & _ON_LAST_TRY:
            raise TokenPinLocked(self._label)
        pin = self._pin()
        with self._refused.locked():
            if self._refused.is_refused(pin, token.serial):
                raise self._pin_wrong()
            try:
                session = token.open(user_pin=pin)
            except p11.UserAlreadyLoggedIn:
                return token.open()  # by another user of the module in this process: a log-in is the whole process's
            except _PIN_REFUSED as error:
                self._refused.note(pin, token.serial)
                raise self._pin_wrong() from error
            except p11.PinLocked as error:
                raise TokenPinLocked(self._label) from error
            self._refused.forget()
            return session

    def _pin_wrong(self) -> TokenPinWrong:
        return TokenPinWrong(self._label, str(self._refused.path))

    def _refusal(self, error: p11.PKCS11Error) -> TokenMissing | TokenRefused:
        if isinstance(error, _AWAY):
            return TokenMissing(self._label)
        return TokenRefused(self._label, type(error).__name__)
