"""Readers that die, hang or swallow memory: the answer stays a report, and the next document is read as ever."""

import json
import os
import pickle
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from licences.verification import examination
from licences.verification.documents import Examined
from licences.verification.errors import MaterialUnreadable
from licences.verification_process import Payload, ProcessLimits, VerificationPool, _load_examined, verify_bytes
from tests.licences.verification import nationals
from tests.licences.verification.archives import renewed
from tests.licences.verification.sealed import NOW, licence, proof_of, world
from tests.licences.verification.strangers import by_pyhanko
from tests.licences.verification.test_pairs import CONTENT, beside
from tests.seals import national

REAL = examination._examine
LIMITS = ProcessLimits(memory=256 * 1024 * 1024, seconds=3.0)


def payload(document: bytes, now: datetime = NOW) -> Payload:
    return Payload(
        document=document,
        now=now,
        request_id="vrf_" + "0" * 26,
        trust=world().trust_file(),
        status=world().status_list().encode(),
        proof=proof_of(licence()),
    )


def _die(_: bytes) -> Examined:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def _hang(_: bytes) -> Examined:
    time.sleep(60)
    raise AssertionError


def _spin(_: bytes) -> Examined:
    while True:
        pass


def _swallow(_: bytes) -> Examined:
    held = [bytes(16 * 1024 * 1024) for _ in range(1024)]
    raise AssertionError(len(held))


def _leave(_: bytes) -> Examined:
    raise SystemExit(0)


@pytest.fixture
def misbehaving(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Callable[[bytes], Examined]], VerificationPool]]:
    """A pool whose readers meet their match in one document, `b"evil"`."""
    pools = []

    def start(fault: Callable[[bytes], Examined]) -> VerificationPool:
        monkeypatch.setattr(
            examination, "_examine", lambda document: (fault if document == b"evil" else REAL)(document)
        )
        pools.append(VerificationPool(1, LIMITS, start_method="fork"))
        return pools[-1]

    yield start
    for pool in pools:
        pool.close()


@pytest.mark.parametrize(
    ("fault", "code"),
    [(_die, "CRASHED"), (_leave, "CRASHED"), (_hang, "TIME_OUT"), (_spin, "TIME_OUT"), (_swallow, "OUT_OF_MEMORY")],
)
def test_a_reader_that_fails_gives_a_report_and_is_replaced(
    misbehaving: Callable[[Callable[[bytes], Examined]], VerificationPool],
    fault: Callable[[bytes], Examined],
    code: str,
) -> None:
    pool = misbehaving(fault)
    for _ in range(2):
        found = pool.verify(payload(b"evil"))
        assert (found.verdict, found.check("integrity.limits").code) == ("indeterminate", code)
        assert found.advice("zh")
        assert pool.verify(payload(licence().pdf.data)).verdict == "valid"


def test_examining_alone_is_limited_in_the_same_way(
    misbehaving: Callable[[Callable[[bytes], Examined]], VerificationPool],
) -> None:
    pool = misbehaving(_die)
    found = pool.examine(b"evil", 1 << 20)
    assert found.trouble is not None
    assert found.trouble.kind == "crashed"
    for document in (licence().pdf.data, licence().json.flattened, b"", b"junk"):
        assert pool.examine(document, 1 << 20) == examination.examine(document, 1 << 20)


@pytest.mark.parametrize(
    ("document", "companion"),
    [
        pytest.param(nationals.sealed_by_two, None, id="package"),
        pytest.param(nationals.foreign, None, id="their package"),
        pytest.param(national.esl, None, id="seal"),
        pytest.param(nationals.value, lambda: national.DOCUMENT, id="value"),
        pytest.param(lambda: CONTENT, beside, id="pair"),
        pytest.param(renewed, None, id="archived"),
        pytest.param(by_pyhanko, None, id="stranger"),
    ],
)
def test_every_form_crosses_the_border_whole(
    document: Callable[[], bytes], companion: Callable[[], bytes] | None
) -> None:
    data, other = document(), None if companion is None else companion()
    with VerificationPool(1, start_method="fork") as pool:
        found = pool.examine(data, 1 << 24, other)
        assert found.trouble is None
        assert found == examination.examine(data, 1 << 24, other)


def test_a_file_too_large_to_be_held_is_read_by_the_readers_process(tmp_path: Path) -> None:
    file = tmp_path / "large.bin"
    file.write_bytes(CONTENT)
    asked = replace(payload(b""), file=file, companion=beside(), policy_id="seal")
    with VerificationPool(1, start_method="fork") as pool:
        assert pool.verify(asked).verdict == "valid"
        file.write_bytes(CONTENT + b"x")
        assert pool.verify(asked).reason == "document.altered"
        file.unlink()
        with pytest.raises(FileNotFoundError):
            pool.verify(asked)
        file.mkdir()
        with pytest.raises(IsADirectoryError):
            pool.verify(asked)
        file.rmdir()
        file.write_bytes(CONTENT)
        assert pool.verify(asked).verdict == "valid"


def test_what_a_reader_sends_back_can_be_nothing_but_an_examination() -> None:
    with pytest.raises(pickle.UnpicklingError):
        _load_examined(pickle.dumps(signal.Signals.SIGTERM))
    with pytest.raises(pickle.UnpicklingError):
        _load_examined(pickle.dumps(os.system))


@pytest.mark.parametrize("answer", [b"", b"no pickle", pickle.dumps(os.system), pickle.dumps(b"nothing examined")])
def test_a_reader_that_sends_something_else_has_crashed(answer: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    with VerificationPool(workers=1, start_method="fork") as pool:
        monkeypatch.setattr(pool, "_ask", lambda *_: answer)
        found = pool.examine(licence().pdf.data, 1 << 25)
    assert found.trouble is not None
    assert found.trouble.kind == "crashed"


def test_a_server_asks_from_many_threads() -> None:
    with VerificationPool(2) as pool, ThreadPoolExecutor(6) as threads:
        documents = [licence().pdf.data, b"junk", licence().json.flattened] * 4
        verdicts = [found.verdict for found in threads.map(pool.verify, map(payload, documents))]
    assert verdicts == ["valid", "invalid", "valid"] * 4


def test_the_report_is_the_same_in_a_process_of_its_own() -> None:
    asked = payload(licence().pdf.data)
    with VerificationPool(1, start_method="fork") as pool:
        found = pool.verify(asked)
    assert verify_bytes(asked).decode() == json.dumps(found.as_json(), ensure_ascii=False)


def test_a_trust_list_that_cannot_be_used_is_the_callers_mistake() -> None:
    wrong = Payload(document=b"", now=NOW, request_id="vrf_", trust=b"{}")
    with VerificationPool(1, start_method="fork") as pool, pytest.raises(MaterialUnreadable):
        pool.verify(wrong)
