"""Keys on a hardware token, through PKCS#11. They are made there and never leave it.

The PKCS#11 library is loaded with the first use: a house without a token never pays for it.
"""

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ca.algorithms import signatures
from ca.errors import KeyExists
from ca.tokens.errors import TokenLacks, TokenRefused
from ledger.signing import SignatureAlgorithm, Signer

if TYPE_CHECKING:
    from ca.tokens.methods import Method
    from ca.tokens.sessions import OpenSession, TokenSessions

_SELF_TEST = b"elicence: a new key signs this once, to show that both halves belong together"


class TokenKeys:
    """The keys of one token, by name (CKA_LABEL).

    module: file of the maker's PKCS#11 module; token: label of the token; pin: gives the user's PIN, asked for at each
    log-in and not kept; marks: folder that remembers which PIN the token refused, so that no process tries it again.
    Nothing is touched before it is needed; any number of threads may sign; a token that was unplugged, a lost session
    and a fork cost one new log-in.
    """

    def __init__(self, module: Path, token: str, pin: Callable[[], str], marks: Path) -> None:
        self.module = module
        self.token = token
        self._pin = pin
        self._marks = marks

    @cached_property
    def _sessions(self) -> "TokenSessions":
        from ca.tokens.library import library
        from ca.tokens.pin import RefusedPin
        from ca.tokens.sessions import TokenSessions

        return TokenSessions(library(self.module), self.token, self._pin, RefusedPin(self._marks, self.token))

    def create(self, name: str, algorithm: SignatureAlgorithm) -> Signer:
        """Make a key inside the token; raises KeyExists, TokenLacks (SM2 always), TokenUnusable.

        A token keeps any number of keys of one name, so callers see to it that one at a time makes keys.
        """
        from ca.tokens import objects as token_objects
        from ca.tokens.methods import METHODS

        method = METHODS.get(algorithm)
        if method is None:
            raise TokenLacks(self.token, algorithm)
        if name in self.names():
            raise KeyExists(name)
        self._sessions.run(lambda open_: token_objects.generate(open_.session, name, method), write=True, again=False)
        signer = self.signer(name)
        signature = signer.sign(_SELF_TEST)
        if not signatures.verify(signer.public_key, signatures.identifier(algorithm), _SELF_TEST, signature):
            self.forget(name)
            raise TokenRefused(self.token, f"the new key {name} failed its first signature")
        return signer

    def signer(self, name: str) -> Signer:
        """Open a key; raises KeyMissing, TokenUnusable."""
        pair = self._sessions.run(lambda open_: open_.look_up(name))
        return TokenSigner(self._sessions, self.token, name, pair.method, pair.public_key)

    def names(self) -> frozenset[str]:
        """Return the names of the keys on the token; raises TokenUnusable."""
        from ca.tokens import objects as token_objects

        return self._sessions.run(lambda open_: token_objects.names(open_.session))

    def forget(self, name: str) -> None:
        """Destroy a key, for a ceremony cut off before anyone could use it; raises TokenUnusable."""
        from ca.tokens import objects as token_objects

        self._sessions.run(lambda open_: token_objects.destroy(open_.session, name), write=True)


class TokenSigner:
    """A `Signer` whose key is on a token; made by `TokenKeys`."""

    def __init__(self, sessions: "TokenSessions", token: str, name: str, method: "Method", public_key: bytes) -> None:
        self._sessions = sessions
        self._token = token
        self._name = name
        self._method = method
        self._public_key = public_key

    @property
    def algorithm(self) -> SignatureAlgorithm:
        """The key's algorithm."""
        return self._method.algorithm

    @property
    def public_key(self) -> bytes:
        """DER of SubjectPublicKeyInfo."""
        return self._public_key

    def sign(self, data: bytes) -> bytes:
        """Sign the data; raises KeyMissing, TokenUnusable."""
        from ca.tokens.methods import AnswerUnusable

        prepared = self._method.prepare(data)
        answer = self._sessions.run(lambda open_: self._sign(open_, prepared))
        try:
            return self._method.finish(answer)
        except AnswerUnusable as error:
            raise TokenRefused(self._token, str(error)) from error

    def _sign(self, open_: "OpenSession", prepared: bytes) -> bytes:
        pair = open_.pair(self._name, self._public_key)
        # Another token may bear the same label, and another key the same name.
        if pair.public_key != self._public_key:
            raise TokenRefused(self._token, f"the key {self._name} is another one than before")
        return pair.private.sign(prepared, mechanism=self._method.sign)
