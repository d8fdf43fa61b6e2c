"""How often one client may ask: a bucket of tokens for each address, kept in the web process.

Signing costs us more than asking costs a stranger. The buckets are a process's own, so a server of several processes
allows as many times the rate. Behind a reverse proxy the address is the one that the proxy forwards; uvicorn believes
a proxy on this machine, and those named in FORWARDED_ALLOW_IPS.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Final

from fastapi import Request

from api.systems import DoorError

CLIENTS: Final = 20_000
"""Addresses remembered; whoever commands more of them has as many times the rate in any case."""

_BURST_SECONDS: Final = 4
_IPV6_SITE: Final = 64


@dataclass(eq=False)
class TooManyRequests(DoorError):
    """A client asks too often. seconds: until it may ask again."""

    code = "request.too_many"
    zh = "请求过于频繁，请在 {seconds} 秒后重试"
    en = "too many requests: try again in {seconds} s"

    seconds: int


class Rates:
    """Lets each client ask `per_second` times a second, and four seconds' worth of that at once.

    Used from the event loop alone, so without a lock. tick: the monotonic clock, in seconds.
    """

    def __init__(self, per_second: float, clients: int = CLIENTS, tick: Callable[[], float] = time.monotonic) -> None:
        self._token = 1 / per_second
        self._burst = max(_BURST_SECONDS, self._token)
        self._clients = clients
        self._tick = tick
        # Of a bucket nothing need be known but when it will be full; one that is full is like one never used.
        self._full_at: dict[str, float] = {}

    def require(self, request: Request) -> None:
        """Take a token of the client's; raises TooManyRequests."""
        host = "" if request.client is None else request.client.host
        if (wait := self.take(site(host))) > 0:
            raise TooManyRequests(seconds=math.ceil(wait))

    def take(self, client: str) -> float:
        """Take a token; return 0, or the seconds until there is one, and then none was taken."""
        now = self._tick()
        full_at = max(self._full_at.pop(client, now), now)
        wait = full_at + self._token - now - self._burst
        # A float's rounding must not cost the last token.
        taken = wait <= self._token * 1e-6
        # Put in again at the end: the first ones are those that have asked for nothing the longest.
        self._full_at[client] = full_at + self._token if taken else full_at
        if len(self._full_at) > self._clients:
            del self._full_at[next(iter(self._full_at))]
        return 0.0 if taken else wait


def site(host: str) -> str:
    """Return whom an address counts as: an IPv6 network of 64 bits is one customer's, and all its addresses are one.

    What is no address all counts as one: a proxy that forwards whatever it is told must not give everybody any number
    of names, each of them kilobytes long.
    """
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return ""
    if not isinstance(address, IPv6Address):
        return host
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return f"{int(address) >> _IPV6_SITE:x}/64"
