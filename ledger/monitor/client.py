"""A log that is followed from outside: a folder of tiles, or an address below which a log is served.

Nothing that comes from there is believed before a signature or a root has been compared.
"""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import urllib3
from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError

from ledger.log.served import CHECKPOINT
from ledger.objects.objects import ObjectMissing
from ledger.provenance.errors import LogUnreachable
from ledger.tree.tiles import WIDTH

_LARGEST: Final = WIDTH * (2 + 0xFFFF)
"""No object of a log is larger than a bundle of the longest entries."""
_TRIES: Final = 3
_PIECE: Final = 1 << 16
_LONGEST: Final = 120.0
"""Seconds that one object may take."""


class LogSource(Protocol):
    """Where a log is read."""

    def get(self, path: str) -> bytes:
        """Return an object of the log: `checkpoint`, `tile/…`; raises ObjectMissing, LogUnreachable."""
        ...


def log_source(place: str) -> LogSource:
    """Return the log at an address (http, https) or in a folder, which may hold it as `log/`."""
    if place.startswith(("http://", "https://")):
        return ServedLog(place.rstrip("/"))
    folder = Path(place)
    return LogFolder(folder if (folder / CHECKPOINT).is_file() else folder / "log")


@dataclass(frozen=True, slots=True)
class LogFolder:
    """A log whose tiles lie in a folder."""

    folder: Path

    def get(self, path: str) -> bytes:
        """Return an object of the log; raises ObjectMissing, LogUnreachable."""
        try:
            return (self.folder / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
            raise ObjectMissing(path) from error
        except OSError as error:
            raise LogUnreachable(self.folder.name, error.strerror or type(error).__name__) from error


class ServedLog:
    """A log that is served over HTTP (c2sp.org/tlog-tiles, "APIs"). Redirects are not followed, cookies not kept."""

    def __init__(self, address: str, patience: float = 10.0) -> None:
        self._address = address
        self._pool = urllib3.PoolManager(
            maxsize=4, timeout=urllib3.Timeout(connect=patience / 2, read=patience), retries=False
        )

    def get(self, path: str) -> bytes:
        """Return an object of the log; raises ObjectMissing, LogUnreachable."""
        for left in reversed(range(_TRIES)):
            try:
                return self._get(path)
            except HTTPError as error:
                if not left:
                    raise LogUnreachable(self._shown, type(error).__name__) from error
        raise AssertionError

    def _get(self, path: str) -> bytes:
        headers = {"User-Agent": "elicence", "Accept-Encoding": "identity"}
        response = self._pool.request(
            "GET", f"{self._address}/{path}", headers=headers, redirect=False, preload_content=False
        )
        try:
            if response.status in {404, 410}:
                raise ObjectMissing(path)
            if response.status != 200:
                raise LogUnreachable(self._shown, f"HTTP {response.status}")
            return self._read(response)
        finally:
            response.release_conn()
            response.close()

    def _read(self, response: BaseHTTPResponse) -> bytes:
        """Read a body within bounds of size and time: a server that trickles, or packs a bomb, is given up."""
        end, data = time.monotonic() + _LONGEST, bytearray()
        while piece := response.read1(_PIECE, decode_content=False):
            data += piece
            if len(data) > _LARGEST:
                raise LogUnreachable(self._shown, "an object larger than any of a log")
            if time.monotonic() > end:
                raise LogUnreachable(self._shown, "an object that takes too long")
        return bytes(data)

    @property
    def _shown(self) -> str:
        return self._address.partition("?")[0].rpartition("@")[2]
