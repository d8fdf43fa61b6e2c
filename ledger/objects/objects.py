"""The object store, as the packages see it: documents and tiles by key, durable when `put` returns."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ledger.errors import LedgerError


@dataclass(eq=False)
class ObjectMissing(LedgerError):
    """The store has no object under that key."""

    code = "objects.missing"
    zh = "存储中没有对象 {key}"
    en = "the object store holds nothing under {key}"

    key: str


@dataclass(eq=False)
class ObjectStoreUnavailable(LedgerError):
    """The store did not answer."""

    code = "objects.unavailable"
    zh = "对象存储暂不可用，请稍后重试"
    en = "the object store does not answer; try again later"

    reason: str


@dataclass(eq=False)
class ObjectStoreUnfit(LedgerError):
    """The store replaces what it was told to compare first: two leaders could each publish over the other."""

    code = "objects.unfit"
    zh = "对象存储不支持条件写入（PUT 的 If-Match），不能存放账本；请改用支持的服务或本地目录"
    en = "the object store ignores If-Match on PUT and cannot hold the log; use a service that knows it, or a folder"


@dataclass(eq=False)
class ObjectChanged(LedgerError):
    """The object is not what the caller thought, and was not replaced."""

    code = "objects.changed"
    zh = "对象 {key} 已被其他进程更新，未予替换"
    en = "somebody else has changed the object {key}; it was not replaced"

    key: str


class ObjectStore(Protocol):
    """Keys are relative paths of `[a-z0-9._/-]`, never starting with a slash, no empty or dot segment."""

    def put(self, key: str, data: bytes) -> None:
        """Store the bytes, replacing what was there at once; durable when this returns."""
        ...

    def put_all(self, objects: Mapping[str, bytes]) -> None:
        """Store many objects side by side; all are durable when this returns, some may be when it raises."""
        ...

    def swap(self, key: str, expected: bytes | None, data: bytes) -> None:
        """Store the bytes if the object still is what the caller saw, None for none; nobody comes in between.

        Raises ObjectChanged, and ObjectStoreUnfit if this store cannot do so.
        """
        ...

    def get(self, key: str) -> bytes:
        """Return the bytes; raises ObjectMissing."""
        ...

    def delete(self, key: str) -> None:
        """Remove the object; it need not exist."""
        ...

    def keys(self, prefix: str) -> Iterator[str]:
        """Yield the keys below a prefix in lexical order."""
        ...


class DatedObjects(ObjectStore, Protocol):
    """A store that tells since when an object lies there."""

    def stored_before(self, prefix: str, moment: datetime) -> Iterator[str]:
        """Yield the keys below a prefix that were put, as the store's clock says, before a time."""
        ...
