import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ca.timekeeping.clock import TrustedClock
from ca.timekeeping.clock_errors import ClockSuspect, TimeSourceSilent
from ca.timekeeping.sntp_client import NtpWitness
from tests.ca.house import NOW

Server = Callable[[bytes], bytes | None]
EPOCH = datetime(1900, 1, 1, tzinfo=UTC)


@contextmanager
def serving(answer: Server, timeout: float = 10.0) -> Iterator[NtpWitness]:
    """Run a UDP server that answers each packet as it is told; None: not at all."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(60)
        thread = threading.Thread(target=_serve, args=(server, answer))
        thread.start()
        host, port = server.getsockname()
        try:
            yield NtpWitness(f"{host}:{port}", timeout=timeout)
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
                last.sendto(b"stop", (host, port))
            thread.join()


def _serve(server: socket.socket, answer: Server) -> None:
    while True:
        packet, client = server.recvfrom(1024)
        if packet == b"stop":
            return
        reply = answer(packet)
        if reply is not None:
            server.sendto(reply, client)


def timestamp(moment: datetime) -> bytes:
    """Return the 64 bits of RFC 5905 section 6."""
    whole, rest = divmod(moment - EPOCH, timedelta(seconds=1))
    return struct.pack("!II", whole % 2**32, int(rest.microseconds * 2**32 / 10**6))


def reply(
    query: bytes,
    moment: datetime = NOW,
    *,
    leap: int = 0,
    mode: int = 4,
    stratum: int = 2,
    delay: int = 0,
    dispersion: int = 0,
    origin: bytes | None = None,
    sent: bytes | None = None,
) -> bytes:
    """Return a packet as RFC 5905 section 7.3 draws it."""
    first = leap << 6 | 4 << 3 | mode
    head = struct.pack("!BBbbII4s", first, stratum, 6, -20, delay, dispersion, b"GPS\0")
    stamp = timestamp(moment)
    return head + stamp + (query[40:48] if origin is None else origin) + stamp + (stamp if sent is None else sent)


@pytest.mark.parametrize("offset", [0.0, 0.25, -0.25, 3600.0, -86400.0])
def test_the_offset_is_measured(offset: float) -> None:
    with serving(lambda query: reply(query, NOW + timedelta(seconds=offset))) as witness:
        sight = witness.look(NOW)
    assert sight.offset == pytest.approx(offset, abs=sight.uncertainty + 1e-5)


@pytest.mark.parametrize("moment", [datetime(2036, 2, 7, 6, 28, 15, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)])
def test_the_next_era_is_understood(moment: datetime) -> None:
    with serving(lambda query: reply(query, moment + timedelta(seconds=2))) as witness:
        sight = witness.look(moment)
    assert sight.offset == pytest.approx(2.0, abs=sight.uncertainty + 1e-5)


def test_the_question_tells_nothing_and_is_never_the_same() -> None:
    seen: list[bytes] = []

    def answer(query: bytes) -> bytes:
        seen.append(query)
        return reply(query)

    with serving(answer) as witness:
        for _ in range(3):
            witness.look(NOW)
    assert {len(query) for query in seen} == {48}
    assert {query[:40] for query in seen} == {b"\x23" + bytes(39)}
    assert len({query[40:] for query in seen}) == 3


def test_the_servers_own_uncertainty_counts() -> None:
    with serving(lambda query: reply(query, delay=32768, dispersion=16384)) as witness:
        assert witness.look(NOW).uncertainty >= 0.5


REFUSED: dict[str, Server] = {
    "a short packet": lambda query: reply(query)[:47],
    "nothing": lambda query: b"",
    "an answer to another question": lambda query: reply(query, origin=bytes(8)),
    "a broadcast": lambda query: reply(query, mode=5),
    "our own packet": lambda query: query,
    "a clock that is not synchronised": lambda query: reply(query, leap=3),
    "a kiss of death": lambda query: reply(query, stratum=0),
    "stratum 16": lambda query: reply(query, stratum=16),
    "no time": lambda query: reply(query, sent=bytes(8)),
    "far from its source": lambda query: reply(query, dispersion=2 * 65536),
}


@pytest.mark.parametrize("server", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_answer(server: Server) -> None:
    with serving(server) as witness, pytest.raises(TimeSourceSilent):
        witness.look(NOW)


def test_silence_is_not_waited_for_long() -> None:
    with serving(lambda query: None, timeout=0.05) as witness, pytest.raises(TimeSourceSilent) as caught:
        witness.look(NOW)
    assert caught.value.reason == "TimeoutError"


@pytest.mark.parametrize(
    "server", ["127.0.0.1:1", "no.such.host.invalid", "127.0.0.1:99999999", "127.0.0.1:x", "", "a" * 300]
)
def test_a_server_that_is_not_there(server: str) -> None:
    with pytest.raises(TimeSourceSilent):
        NtpWitness(server, timeout=0.2).look(NOW)


@settings(max_examples=60, deadline=None)
@given(head=st.binary(min_size=0, max_size=24), tail=st.binary(max_size=40))
def test_any_packet_is_a_sight_or_silence(head: bytes, tail: bytes) -> None:
    with serving(lambda query: head + query[40:48] + tail) as witness, suppress(TimeSourceSilent):
        assert witness.look(NOW).uncertainty >= 0


def test_a_trusted_clock_believes_the_server() -> None:
    with serving(lambda query: reply(query, datetime.now(UTC))) as witness:
        TrustedClock([witness], tolerance=20, leeway=60).check(datetime.now(UTC))
    wrong = timedelta(hours=1)
    with (
        serving(lambda query: reply(query, datetime.now(UTC) + wrong)) as witness,
        pytest.raises(ClockSuspect) as caught,
    ):
        TrustedClock([witness], tolerance=20, leeway=60).check(datetime.now(UTC))
    assert (caught.value.fault, caught.value.source) == ("disagrees", witness.server)
