"""What a monitor remembers, in a folder of its own: how far it has read, and every alarm with its proof.

`tags` grows first and `state.json` is replaced afterwards, each made durable: a crash leaves the state before, and what
lies beyond its size in `tags` is cut off by the next run.
"""

import json
import os
from base64 import b64decode, b64encode
from datetime import datetime
from pathlib import Path
from typing import Final

from ledger.errors import FatalLedgerError
from ledger.formats.canonical import NotCanonical, bound_text
from ledger.monitor.monitor import Observation
from ledger.provenance.errors import MirrorDamaged
from ledger.provenance.mirror import PREFIX, Mirror, stored_tags
from ledger.tree.frontier import Frontier

FORMAT: Final = "elicence/monitor/v1"
_STATE: Final = "state.json"
_TAGS: Final = "tags"


class MonitorFolder:
    """The state of a monitor of one log; one process at a time. Raises MirrorDamaged where no folder can be."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise MirrorDamaged(f"{folder.name}: {error.strerror}") from error

    def load(self, origin: str) -> tuple[Mirror, str, datetime | None]:
        """Return what was read, the last checkpoint's note, and since when older ones were shown.

        At first the mirror is empty. Raises MirrorDamaged.
        """
        try:
            data = (self._folder / _STATE).read_bytes()
            bound_text(data)
            state = json.loads(data)
        except FileNotFoundError:
            return Mirror(origin), "", None
        except OSError as error:
            raise MirrorDamaged(f"{_STATE}: {error.strerror}") from error
        except (ValueError, RecursionError, NotCanonical) as error:
            raise MirrorDamaged(f"{_STATE} is not JSON") from error
        try:
            if (state["format"], state["origin"]) != (FORMAT, origin):
                raise MirrorDamaged("it belongs to another log")
            frontier = Frontier.of(state["size"], b64decode(state["frontier"], validate=True))
            note = str(state["note"])
            behind = None if state["behind"] is None else _moment(state["behind"])
        except (KeyError, TypeError, AttributeError, ValueError, FatalLedgerError) as error:
            raise MirrorDamaged(f"{_STATE} is not one of ours") from error
        return Mirror(origin, frontier, stored_tags(self._read_tags(frontier.size))), note, behind

    def _read_tags(self, size: int) -> bytes:
        path = self._folder / _TAGS
        try:
            data = path.read_bytes()[: size * PREFIX] if path.exists() else b""
        except OSError as error:
            raise MirrorDamaged(f"{_TAGS}: {error.strerror}") from error
        if len(data) != size * PREFIX:
            raise MirrorDamaged(f"{_TAGS} is shorter than {_STATE} says")
        return data

    def save(self, mirror: Mirror, note: str, before: int, behind: datetime | None = None) -> None:
        """Keep what was read, durably; `before`: how much of it is kept already."""
        with os.fdopen(os.open(self._folder / _TAGS, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
            file.seek(before * PREFIX)
            file.write(mirror.tags_bytes(before))
            file.truncate()
            file.flush()
            os.fsync(file.fileno())
        state = {
            "format": FORMAT,
            "origin": mirror.origin,
            "size": mirror.size,
            "frontier": b64encode(mirror.frontier.to_bytes()).decode(),
            "note": note,
            "behind": None if behind is None else behind.isoformat(),
        }
        self._write(_STATE, json.dumps(state, ensure_ascii=False, indent=1).encode() + b"\n")

    def alarm(self, observation: Observation) -> Path:
        """Keep an alarm with the notes that prove it, and return the file; raises OSError."""
        stamp = observation.at.strftime("%Y%m%dT%H%M%S.%fZ")
        name = f"alarm-{stamp}-{observation.kind}.json"
        self._write(name, json.dumps(observation.as_json(), ensure_ascii=False, indent=1).encode() + b"\n")
        return self._folder / name

    def _write(self, name: str, data: bytes) -> None:
        written = self._folder / f".{name}"
        with written.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        written.replace(self._folder / name)
        handle = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time of nowhere")
    return moment
