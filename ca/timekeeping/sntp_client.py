"""Ask an NTP server for the time: one UDP packet out, one in.

The packet says nothing about us: its transmit timestamp is random, which also makes a blind forger guess 64 bits.
"""

import secrets
import socket
import struct
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from ca.timekeeping.clock import Sight
from ca.timekeeping.clock_errors import TimeSourceSilent

PORT: Final = 123
_SIZE: Final = 48
_FORMAT: Final = struct.Struct("!BBbbIIIQQQQ")
_CLIENT: Final = 4 << 3 | 3  # version 4, mode 3
_EPOCH: Final = datetime(1900, 1, 1, tzinfo=UTC)
_ERA: Final = 2**32
_MAX_STRATUM: Final = 15
_MAX_ROOT_DISTANCE: Final = 1.0


@dataclass(frozen=True, slots=True)
class NtpWitness:
    """An NTP server as a witness of the clock.

    server: name or address, with `:port` if it is not 123 (an IPv6 address in brackets); timeout: seconds.
    """

    server: str
    timeout: float = 1.0
    interval: float = 64.0
    patience: float = 4 * 3600.0
    independent: bool = True

    @property
    def name(self) -> str:
        """The server, for messages."""
        return self.server

    def look(self, now: datetime) -> Sight:
        """Compare the server's clock with `now`; raises TimeSourceSilent.

        Source: RFC 5905 section 14 and figure 28 (SNTP), RFC 4330 section 5
        """
        cookie = secrets.randbits(64)
        started = time.monotonic()
        try:
            answer = self._exchange(_FORMAT.pack(_CLIENT, 0, 0, 0, 0, 0, 0, 0, 0, 0, cookie))
        except (OSError, UnicodeError, ValueError) as error:
            raise TimeSourceSilent(self.server, type(error).__name__) from error
        return _judge(self.server, answer, cookie, now, time.monotonic() - started)

    def _exchange(self, packet: bytes) -> bytes:
        host, port = _split(self.server)
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, kind, protocol) as connection:
            connection.settimeout(self.timeout)
            connection.connect(address)  # so that the kernel drops packets from anybody else
            connection.send(packet)
            return connection.recv(1024)


def _split(server: str) -> tuple[str, int]:
    host, colon, port = server.rpartition(":")
    if not colon or "]" in port or (":" in host and not host.startswith("[")):
        return server.strip("[]"), PORT
    return host.strip("[]"), int(port)


def _judge(server: str, answer: bytes, cookie: int, now: datetime, took: float) -> Sight:
    if len(answer) < _SIZE:
        raise TimeSourceSilent(server, "a short packet")
    first, stratum, _, _, delay, dispersion, _, _, origin, received, sent = _FORMAT.unpack(answer[:_SIZE])
    if first & 7 != 4 or origin != cookie:
        raise TimeSourceSilent(server, "not an answer to this question")
    # RFC 5905 section 7.3: leap indicator 3 is a server that is not synchronised, stratum 0 a "kiss of death"
    if first >> 6 == 3 or not 1 <= stratum <= _MAX_STRATUM or not sent or not received:
        raise TimeSourceSilent(server, "not synchronised")
    distance = (delay / 2 + dispersion) / 65536
    if distance > _MAX_ROOT_DISTANCE:
        raise TimeSourceSilent(server, "too far from its own source")
    middle = now + timedelta(seconds=took / 2)
    there = (_seconds(received, middle) + _seconds(sent, middle)) / 2
    return Sight(there - (middle - _EPOCH).total_seconds(), took / 2 + distance)


def _seconds(timestamp: int, near: datetime) -> float:
    """Return an NTP timestamp as seconds since 1900, in the era that is nearest to our own clock (RFC 5905 section 6)."""
    seconds = timestamp / _ERA
    return seconds + _ERA * round(((near - _EPOCH).total_seconds() - seconds) / _ERA)
