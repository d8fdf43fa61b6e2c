"""A token that goes away, sessions that are lost, processes that fork: a clear error, and then it works again."""

import ctypes
import os
import shutil
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from ca.algorithms import signatures
from ca.errors import CAError
from ca.tokens.errors import TokenMissing, TokenModuleUnusable, TokenRefused, TokenUnusable
from ca.tokens.keys import TokenKeys
from ca.tokens.library import library
from ledger.signing import Signer
from tests.ca.soft_token import LABEL, MODULE, CountingPin, SoftToken, forget_sessions

DATA = b"data"

# Newer Pythons warn of what these tests show to be safe here.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")


@pytest.fixture
def token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SoftToken:
    return SoftToken.make(tmp_path, monkeypatch)


@pytest.fixture
def pin() -> CountingPin:
    return CountingPin()


@pytest.fixture
def keys(token: SoftToken, pin: CountingPin) -> TokenKeys:
    return TokenKeys(MODULE, LABEL, pin, token.marks)


@pytest.fixture
def signer(keys: TokenKeys) -> Signer:
    return keys.create("timestamp", "ES256")


def signs(signer: Signer) -> bool:
    identifier = signatures.identifier(signer.algorithm)
    return signatures.verify(signer.public_key, identifier, DATA, signer.sign(DATA))


def test_one_log_in_and_one_session_serve_thousands_of_signatures(
    keys: TokenKeys, signer: Signer, pin: CountingPin
) -> None:
    (session,) = keys._sessions._idle
    for _ in range(1000):
        signer.sign(DATA)
    assert keys._sessions._idle == [session]
    assert keys.signer("timestamp").public_key == signer.public_key
    assert keys._sessions._idle == [session]
    assert pin.asked == 1


def test_many_threads_sign_at_once_with_a_session_each(keys: TokenKeys, signer: Signer, pin: CountingPin) -> None:
    forget_sessions()
    results: list[bool] = []

    def work() -> None:
        results.extend(signs(signer) for _ in range(100))

    together([work] * 24)
    assert results == [True] * 2400
    assert 1 <= len(keys._sessions._idle) <= 16
    assert pin.asked == 2, "one log-in before, one after"


def together(acts: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=act) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_an_unplugged_token_is_told_and_found_again(token: SoftToken, keys: TokenKeys, signer: Signer) -> None:
    acts: tuple[Callable[[], object], ...] = (
        lambda: signer.sign(DATA),
        keys.names,
        lambda: keys.signer("timestamp"),
        lambda: keys.create("another", "ES256"),
        lambda: keys.forget("timestamp"),
    )
    for first in acts:
        assert signs(signer)
        with token.unplugged():
            for act in (first, *acts):
                with pytest.raises(TokenMissing):
                    act()
        assert signs(signer)
    assert keys.names() == {"timestamp"}


def test_a_token_that_was_away_between_two_uses_is_not_missed(token: SoftToken, signer: Signer) -> None:
    with token.unplugged():
        forget_sessions()
    assert signs(signer)


def test_a_module_that_cannot_start_is_told_and_started_later(
    token: SoftToken, keys: TokenKeys, signer: Signer
) -> None:
    away = token.place.rename(token.folder / "disk-away")
    for _ in range(2):
        with pytest.raises(TokenModuleUnusable):
            signer.sign(DATA)
        with pytest.raises(TokenModuleUnusable):
            keys.names()
    away.rename(token.place)
    assert signs(signer)


def test_a_token_plugged_in_late_is_found(token: SoftToken, keys: TokenKeys) -> None:
    with token.unplugged(), pytest.raises(TokenMissing):
        keys.create("timestamp", "ES256")
    assert signs(keys.create("timestamp", "ES256"))


def test_lost_sessions_are_opened_again(token: SoftToken, keys: TokenKeys, signer: Signer, pin: CountingPin) -> None:
    module = library(MODULE)
    with module.in_use():
        slot = module.token(LABEL).slot.slot_id
    functions = ctypes.CDLL(str(MODULE))
    losses: tuple[Callable[[], int], ...] = (
        lambda: functions.C_CloseAllSessions(ctypes.c_ulong(slot)),
        lambda: functions.C_Finalize(None),
    )
    asked = pin.asked
    for lose in losses:
        for act in (lambda: signs(signer), keys.names, lambda: keys.signer("timestamp")):
            assert lose() == 0
            assert act()
            asked += 1
            assert pin.asked == asked, "one log-in for each loss"


def test_another_token_of_that_label_does_not_sign_for_it(
    token: SoftToken, keys: TokenKeys, signer: Signer, tmp_path: Path
) -> None:
    (first,) = token.place.iterdir()
    kept = first.rename(tmp_path / "first")
    token.initialise()
    forget_sessions()
    other = keys.create("timestamp", "ES256")
    assert other.public_key != signer.public_key
    with pytest.raises(TokenRefused, match="another one than before"):
        signer.sign(DATA)
    assert signs(other)
    (second,) = token.place.iterdir()
    shutil.rmtree(second)
    kept.rename(first)
    forget_sessions()
    assert signs(signer)
    with pytest.raises(TokenRefused):
        other.sign(DATA)


def test_threads_live_through_a_token_that_comes_and_goes(token: SoftToken, signer: Signer) -> None:
    over = threading.Event()
    made: list[bytes] = []
    refused: list[TokenUnusable] = []
    wrong: list[Exception] = []

    def work() -> None:
        while not over.is_set():
            try:
                made.append(signer.sign(DATA))
            except TokenUnusable as error:
                refused.append(error)
            except Exception as error:  # noqa: BLE001 - whatever else it was is the finding
                wrong.append(error)

    def carry() -> None:
        try:
            for _ in range(10):
                with token.unplugged():
                    wait_for_more(refused)
                wait_for_more(made)
        finally:
            over.set()

    together([work, work, work, work, carry])
    assert not wrong
    assert len(refused) >= 10
    identifier = signatures.identifier("ES256")
    assert all(signatures.verify(signer.public_key, identifier, DATA, signature) for signature in made)
    assert signs(signer)


def wait_for_more(events: Sequence[object]) -> None:
    tick = threading.Event()
    before = len(events)
    for _ in range(6000):
        if len(events) > before:
            return
        tick.wait(0.01)
    pytest.fail("waited a minute")


def in_child(act: Callable[[], object]) -> int:
    """Fork, do it there, and return the exit status: 0 when it gave something true."""
    child = os.fork()
    if child == 0:
        signal.alarm(60)  # a deadlock ends the child, not the test run
        status = 1
        try:
            status = 0 if act() else 2
        except CAError:
            status = 3
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_forked_child_has_sessions_of_its_own(keys: TokenKeys, signer: Signer, pin: CountingPin) -> None:
    assert in_child(lambda: signs(signer) and pin.asked == 2 and keys.names()) == 0
    assert in_child(lambda: in_child(lambda: signs(signer)) == 0) == 0
    assert in_child(lambda: True) == 0
    assert signs(signer)
    assert pin.asked == 1, "the parent stayed logged in"


def test_a_fork_amid_signing_threads_blocks_nobody(signer: Signer) -> None:
    over = threading.Event()

    def work() -> None:
        while not over.is_set():
            signer.sign(DATA)

    def fork() -> None:
        try:
            statuses.extend(in_child(lambda: signs(signer)) for _ in range(10))
        finally:
            over.set()

    statuses: list[int] = []
    together([work, work, work, fork])
    assert statuses == [0] * 10
    assert signs(signer)


@pytest.fixture(autouse=True)
def _no_token_is_left_behind() -> Iterator[None]:
    yield
    forget_sessions()
