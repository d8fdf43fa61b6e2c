"""How often each key was used, on disk: never less than the truth, whoever is killed and however many processes sign.

Uses are *reserved* on disk before they happen, in blocks, and a process uses up its block in memory. What is lost with
a killed process was reserved and not used; the count is then too high by less than a block for each.
"""

import json
import os
import re
import threading
import weakref
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final, Literal

from ca.encoding import strict_json
from ca.errors import JsonInvalid, KeyNameInvalid
from ca.keys import private_files
from ca.keys.use_errors import KeyExhausted, KeyUsesDamaged

KeyPlace = Literal["folder", "token"]

_FORMAT: Final = "elicence/key-uses/v1"
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
# An authority signs seldom, and each of its signatures counts; the others reserve so that a disk keeps up with them.
_AUTHORITY: Final = re.compile(r"(national-)?(root|issuing-(seals|persons|systems))(-[0-9]+)?|trust(-[0-9]+)?")
_BLOCK: Final = 1_000
_LIMIT_SHARE: Final = 1_000  # a block is at most a thousandth of the limit: so little is lost with a process


@dataclass(frozen=True, slots=True)
class KeyUses:
    """What is on disk of a key.

    reserved: uses that happened or may have; limit: of uses, None for any number; made_here: by this ring, not found.
    """

    reserved: int
    limit: int | None
    place: KeyPlace = "folder"
    made_here: bool = False


class UseRecords:
    """The counts of a folder of keys, one file for each: `<folder>/uses/<name>.json`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "uses"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Be the only one, of all threads and processes, that changes a count; the lock dies with its process.

        Raises KeyUsesDamaged.
        """
        with ExitStack() as stack:
            try:
                private_files.make_folder(self._folder.parent)
                stack.enter_context(private_files.locked(self._folder))
            except OSError as error:
                raise KeyUsesDamaged(self._folder.name, error.strerror or "the system refuses") from error
            yield

    def read(self, name: str) -> KeyUses | None:
        """Return what is on disk, None of a key that was never counted; raises KeyNameInvalid, KeyUsesDamaged."""
        path = self._file(name)
        try:
            return _parse(path.read_bytes())
        except FileNotFoundError:
            return None
        except JsonInvalid as error:
            raise KeyUsesDamaged(name, error.reason) from error
        except OSError as error:
            raise KeyUsesDamaged(name, error.strerror or "the system refuses") from error

    def write(self, name: str, uses: KeyUses) -> None:
        """Write what a key has, inside `locked`; raises KeyNameInvalid, KeyUsesDamaged."""
        members = {"format": _FORMAT, **asdict(uses)}
        try:
            private_files.write(self._file(name), json.dumps(members).encode() + b"\n")
        except OSError as error:
            raise KeyUsesDamaged(name, error.strerror or "the system refuses") from error

    def reserve(self, name: str, place: KeyPlace = "folder") -> int:
        """Reserve a block of uses, durably, and return its size; raises KeyNameInvalid, KeyExhausted, KeyUsesDamaged.

        place: of a key that was never counted.
        """
        with self.locked():
            uses = self.read(name) or KeyUses(0, None, place)
            block = _block(name, uses)
            if not block:
                raise KeyExhausted(name, uses.reserved if uses.limit is None else uses.limit)
            self.write(name, replace(uses, reserved=uses.reserved + block))
        return block

    def all(self) -> Mapping[str, KeyUses]:
        """Return what is on disk of every counted key, by name; raises KeyUsesDamaged."""
        names = sorted(path.stem for path in self._folder.glob("[a-z0-9]*.json"))
        return {name: uses for name in names if (uses := self.read(name)) is not None}

    def forget(self) -> None:
        """Remove every count."""
        if not self._folder.exists():
            return
        for path in self._folder.iterdir():  # and what a killed process was writing
            private_files.remove(path)
        self._folder.rmdir()

    def _file(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise KeyNameInvalid
        return self._folder / f"{name}.json"


class UseCounter:
    """The uses of one key that this process has reserved, for any number of threads."""

    def __init__(self, records: UseRecords, name: str, place: KeyPlace = "folder") -> None:
        self._records = records
        self._name = name
        self._place: KeyPlace = place
        self._begin()
        _counters.add(self)

    def _begin(self) -> None:
        self._filling = threading.Lock()
        self._block = iter(range(0))

    def take(self) -> None:
        """Count one use, before it happens; raises KeyExhausted, KeyUsesDamaged."""
        # `next` of a range is one step of the interpreter: no two threads are given the same use. The block is looked
        # at once a round: another thread may have filled it meanwhile, and a second filling would waste that one.
        while next(block := self._block, None) is None:
            self._fill(block)

    def _fill(self, used_up: Iterator[int]) -> None:
        with self._filling:
            if self._block is used_up:
                self._block = iter(range(self._records.reserve(self._name, self._place)))

    def after_fork_in_child(self) -> None:
        """Leave what was reserved to the parent, or both would use it."""
        self._begin()


_counters: Final[weakref.WeakSet[UseCounter]] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for counter in tuple(_counters):
        counter.after_fork_in_child()


os.register_at_fork(after_in_child=_after_fork_in_child)


def _block(name: str, uses: KeyUses) -> int:
    wanted = 1 if _AUTHORITY.fullmatch(name) else _BLOCK
    if uses.limit is None:
        return wanted
    return min(wanted, max(1, uses.limit // _LIMIT_SHARE), max(0, uses.limit - uses.reserved))


def _parse(data: bytes) -> KeyUses:
    members = strict_json.Members(strict_json.parse(data), "file")
    form = members.take("format", strict_json.text)
    limit = members.take("limit", _limit)
    place = members.take("place", strict_json.text)
    made_here = members.take("made_here", strict_json.anything)
    reserved = members.take("reserved", strict_json.number)
    members.end()
    if form != _FORMAT or place not in {"folder", "token"} or reserved < 0 or not isinstance(made_here, bool):
        raise JsonInvalid("an unknown form")
    return KeyUses(reserved, limit, "token" if place == "token" else "folder", made_here)


def _limit(value: object, where: str) -> int | None:
    if value is None:
        return None
    limit = strict_json.number(value, where)
    if limit < 1:
        raise JsonInvalid(f"{where} is not positive")
    return limit
