"""Which log a command looks at: our own, or any other by its address or folder and its public key."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import click

from ledger.formats.notes import Vkey
from tools.errors import ToolError

if TYPE_CHECKING:
    from api.house import House
    from ledger.tree.tiles import Fetch

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(eq=False)
class LogKeyMissing(ToolError):
    """Nothing says which key the log signs with."""

    code = "tools.log_key_missing"
    zh = "请用 --vkey 或 --trust 指明账本的公钥"
    en = "say with --vkey or --trust which key the log signs with"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a log is read and which key it signs with; house: ours, None for another's log."""

    fetch: "Fetch"
    vkey: Vkey
    house: "House | None" = None


def placed(command: Callable[P, T]) -> Callable[P, T]:
    """Give a command the options that say which log: `at`, `vkey` and `trust`."""
    at = click.option("--at", metavar="URL|FOLDER", help="Another log than ours. 其他账本的地址或文件夹")
    vkey = click.option("--vkey", metavar="VKEY", help="Its public key, name+id+key. 账本公钥")
    path = click.Path(path_type=Path, exists=True, dir_okay=False)
    trust = click.option("--trust", type=path, help="A trust list that has its key. 含账本公钥的信任列表")
    return at(vkey(trust(command)))


@contextmanager
def open_place(at: str | None, vkey: str | None, trust: Path | None) -> Iterator[Place]:
    """Open the log that the options name; raises LogKeyMissing, VkeyInvalid, TrustInvalid and what opening ours does."""
    if at is None:
        from tools.opening import opened_house

        with opened_house() as house:
            yield _ours(house)
        return
    from ledger.monitor.client import log_source

    source = log_source(at)
    yield Place(source.get, _vkey(source.get, vkey, trust))


def _ours(house: "House") -> Place:
    from ledger.fsck.fsck import ObjectFetch

    origin = house.ceremony.plan.log.origin
    key = house.trust(datetime.now(UTC)).log_keys[origin]
    return Place(ObjectFetch(house.objects), Vkey.parse(key), house)


def _vkey(fetch: "Fetch", vkey: str | None, trust: Path | None) -> Vkey:
    if vkey is not None:
        return Vkey.parse(vkey)
    if trust is None:
        raise LogKeyMissing
    from ca.judging.trust import load_trust
    from ledger.formats.checkpoints import Checkpoint
    from ledger.formats.notes import SignedNote
    from ledger.log.served import CHECKPOINT

    # The list may know several logs: the checkpoint says whose it claims to be, its signature shows whether it is.
    origin = Checkpoint.parse(SignedNote.parse(fetch(CHECKPOINT).decode(errors="replace")).text).origin
    key = load_trust(trust.read_bytes(), datetime.now(UTC)).log_keys.get(origin)
    if key is None:
        raise LogKeyMissing
    return Vkey.parse(key)
