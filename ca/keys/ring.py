"""The keys of a house, wherever they are: in the encrypted folder, or on a token. Every use is counted."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from ca.errors import KeyExists
from ca.keys.folder import KeyFolder
from ca.keys.uses import KeyPlace, KeyUses, UseCounter, UseRecords
from ca.keys.wrapper import LocalKeyWrapper
from ca.tokens.errors import TokenNotConfigured
from ledger.signing import SignatureAlgorithm, Signer, signing_after


class KeyStore(Protocol):
    """What a provider of keys must answer; `TokenKeys` answers for PKCS#11.

    An SDF device (GM/T 0018), an SKF token (GM/T 0016) and a remote signing service become providers by answering the
    same four calls: keys have names, are made inside, and only sign. Whatever a provider raises is a `KeyRefused` that
    says what to do; a provider reconnects by itself; its signers may be used by many threads, and after a fork.
    """

    def create(self, name: str, algorithm: SignatureAlgorithm) -> Signer:
        """Make a key that does not leave the store; raises KeyExists, and a clear refusal of an algorithm it lacks."""
        ...

    def signer(self, name: str) -> Signer:
        """Open a key; raises KeyMissing."""
        ...

    def names(self) -> frozenset[str]:
        """Return the names of its keys."""
        ...

    def forget(self, name: str) -> None:
        """Destroy a key that nobody has used yet."""
        ...


class CountedSigner:
    """A `Signer` that counts before it signs."""

    __slots__ = ("_signer", "_take")

    def __init__(self, signer: Signer, counter: UseCounter) -> None:
        self._signer = signer
        self._take = counter.take

    @property
    def algorithm(self) -> SignatureAlgorithm:
        """The key's algorithm."""
        return self._signer.algorithm

    @property
    def public_key(self) -> bytes:
        """DER of SubjectPublicKeyInfo."""
        return self._signer.public_key

    def sign(self, data: bytes) -> bytes:
        """Sign the data; raises KeyExhausted, KeyUsesDamaged, and what the key's store raises."""
        self._take()
        return self._signer.sign(data)

    def after(self, prefix: bytes) -> Callable[[bytes], bytes]:
        """Return what signs the prefix and the rest that it is given, and counts before it does; it raises as `sign`."""
        sign = signing_after(self._signer, prefix)

        def counted(rest: bytes) -> bytes:
            self._take()
            return sign(rest)

        return counted


@dataclass
class KeyRing:
    """A folder of encrypted keys and, where one is set up, a token beside it.

    A name stands for one key in the two together. folder: also keeps the wrapping keys and the counts.
    """

    folder: KeyFolder
    token: KeyStore | None = None
    _counters: dict[str, UseCounter] = field(init=False, repr=False, default_factory=dict)

    @property
    def path(self) -> Path:
        """The folder's path."""
        return self.folder.path

    def create(
        self, name: str, algorithm: SignatureAlgorithm, place: KeyPlace = "folder", limit: int | None = None
    ) -> Signer:
        """Make and keep a new key.

        limit: how many signatures it may make, at least 1. Raises KeyExists, KeyNameInvalid, TokenNotConfigured,
        TokenUnusable, PassphraseWrong, NationalUnavailable.
        """
        store = self._store(name, place)
        records = self._records
        with records.locked():
            if self._exists(name, place):
                raise KeyExists(name)
            # First the record: by it `forget` knows which of a token's keys are ours to destroy.
            records.write(name, KeyUses(0, limit, place, made_here=True))
            signer = store.create(name, algorithm)
        return CountedSigner(signer, self._counter(name, place))

    def signer(self, name: str) -> Signer:
        """Open a key; raises KeyMissing, KeyNameInvalid, TokenNotConfigured, and what its store raises."""
        place = self.place(name)
        return CountedSigner(self._store(name, place).signer(name), self._counter(name, place))

    def place(self, name: str) -> KeyPlace:
        """Say where a key is, without opening it: what is in neither place is looked for in the folder."""
        uses = self._records.read(name)
        if uses is not None:
            return uses.place
        return "folder" if self.token is None or name in self.folder.names() else "token"

    def uses(self, name: str) -> KeyUses:
        """Return how often a key was used at most, and how often it may be; raises KeyNameInvalid, KeyUsesDamaged."""
        return self._records.read(name) or KeyUses(0, None, self.place(name))

    def names(self) -> frozenset[str]:
        """Return the names of all keys; raises TokenUnusable when the token cannot be asked."""
        counted = (name for name, uses in self._records.all().items() if uses.place == "token")
        return self.folder.names() | (frozenset(counted) if self.token is None else self.token.names())

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder for a ceremony; raises CeremonyRunning."""
        with self.folder.locked():
            yield

    def create_wrapper(self, now: datetime) -> LocalKeyWrapper:
        """Make and keep the key-encryption and index keys; raises KeyExists, PassphraseWrong."""
        return self.folder.create_wrapper(now)

    def wrapper(self) -> LocalKeyWrapper:
        """Open the key-encryption and index keys; raises KeyMissing, KeyExposed, KeyUnreadable, PassphraseWrong."""
        return self.folder.wrapper()

    def forget(self) -> None:
        """Remove every key of this ring, for a ceremony cut off before anyone could use them.

        Of the token's keys only those that were made through this ring: a token may serve others too.
        """
        for name, uses in self._records.all().items():
            if uses.place == "folder" or not uses.made_here:
                continue
            if self.token is None:
                raise TokenNotConfigured(name)
            self.token.forget(name)
        self.folder.forget()
        self._records.forget()
        self._counters.clear()

    def _exists(self, name: str, place: KeyPlace) -> bool:
        recorded = self._records.read(name)
        if name in self.folder.names():
            return True
        if place == "folder" and (recorded is None or recorded.place == "folder"):
            return False  # the token need not be plugged in to make a key beside it
        return self.token is None or name in self.token.names()

    @property
    def _records(self) -> UseRecords:
        return UseRecords(self.folder.path)

    def _counter(self, name: str, place: KeyPlace) -> UseCounter:
        return self._counters.setdefault(name, UseCounter(self._records, name, place))

    def _store(self, name: str, place: KeyPlace) -> "KeyStore | KeyFolder":
        if place == "folder":
            return self.folder
        if self.token is None:
            raise TokenNotConfigured(name)
        return self.token
