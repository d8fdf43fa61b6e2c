"""The object store in a local folder, durable: every object is on the disk when `put` returns.

A temporary file in the same folder, fsync, rename, fsync of the folder: a crash leaves the old object, the new one or
none, never a part of one, and concurrent writers of one key leave the object of one of them.
"""

import os
import re
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from ledger.errors import LedgerError
from ledger.objects import ObjectMissing, ObjectStoreUnavailable

_KEY = re.compile(r"[a-z0-9_-][a-z0-9._-]*(/[a-z0-9_-][a-z0-9._-]*)*")
_PREFIX = re.compile(r"([a-z0-9_-][a-z0-9._-]*(/[a-z0-9_-][a-z0-9._-]*)*/?)?")
_LEFTOVER = ".put-"  # a dot begins no key, so a leftover is never taken for an object


@dataclass(eq=False)
class KeyInvalid(LedgerError):
    """Not a key of the object store."""

    code: ClassVar[str] = "objects.key_invalid"
    zh: ClassVar[str] = "对象键 {key!r} 不合规"
    en: ClassVar[str] = "{key!r} is not an object key"

    key: str


class LocalObjects:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def put(self, key: str, data: bytes) -> None:
        place = self._place(key)
        self._make_folder(place.parent)
        scratch = place.parent / f"{_LEFTOVER}{uuid.uuid4().hex}"
        with scratch.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        scratch.rename(place)
        _sync(place.parent)

    def get(self, key: str) -> bytes:
        try:
            return self._place(key).read_bytes()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
            raise ObjectMissing(key) from error

    def delete(self, key: str) -> None:
        with suppress(FileNotFoundError):
            self._place(key).unlink()

    def keys(self, prefix: str) -> Iterator[str]:
        found = (
            p.relative_to(self._folder).as_posix()
            for p in self._folder.rglob("*")
            if p.is_file() and not p.name.startswith(".")
        )
        yield from sorted(k for k in found if k.startswith(prefix))

    def _place(self, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise KeyInvalid(key)
        return self._folder / key

    def _make_folder(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
