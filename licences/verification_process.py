"""Foreign bytes are read in processes of their own, with limits on memory and time.

Whatever a document does to its reader, the answer is a report: a reader that dies, hangs or runs out of memory is
replaced, and the document's verdict is indeterminate. One pool serves the command line (forked once, cheap) and the
HTTP service (workers started beforehand, by a fork server that has no threads).
"""

import errno
import io
import json
import multiprocessing
import os
import pickle
import queue
import resource
import signal
import time
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final, Literal, Self

from licences.verification.claims import LicenceClaims
from licences.verification.documents import (
    DocumentStamp,
    Examined,
    NationalSeal,
    Oddity,
    SealedPage,
    Signature,
    SignedData,
    Trouble,
    ValidationData,
)
from licences.verification.engine import judge, verify
from licences.verification.examination import examine, examine_file, unread
from licences.verification.offline import offline_sources
from licences.verification.policy import DEFAULT_POLICY
from licences.verification.report import Report
from licences.verification.request import VerificationRequest, verification_request
from seals.ses.steps import Step
from seals.ses.values import CertificateDigest, SesExtension, SesPicture, SesSeal, SesSignature

StartMethod = Literal["fork", "forkserver"]
_PRELOADED: Final = [
    "licences.verification_process",
    "licences.verification.examination_pdf",
    "licences.verification.examination_ofd",
    "licences.verification.examination_detached",
]
_UNREADABLE: Final = "unreadable"
_SAFE_CLASSES: Final = {
    (kind.__module__, kind.__qualname__): kind
    for kind in (
        *(Examined, SealedPage, SignedData, Signature, Oddity, Trouble, LicenceClaims, DocumentStamp, ValidationData),
        *(NationalSeal, SesSeal, SesSignature, SesPicture, SesExtension, CertificateDigest, Step),
        *(date, datetime, timedelta, timezone),
    )
}


@dataclass(frozen=True, slots=True)
class Payload:
    """Everything one off-line verification needs, as plain data.

    companion: what lay beside the document, a seal or what is sealed; file: a document too large to be held, whose
    companion is its seal.
    """

    document: bytes = field(repr=False)
    now: datetime
    request_id: str
    trust: bytes | None = field(default=None, repr=False)
    status: bytes | None = field(default=None, repr=False)
    proof: bytes | None = field(default=None, repr=False)
    as_of: datetime | None = None
    known_at: datetime | None = None
    policy_id: str = DEFAULT_POLICY
    companion: bytes | None = field(default=None, repr=False)
    file: Path | None = None

    def request(self) -> VerificationRequest:
        """Return the question; raises as `verification_request`."""
        return verification_request(
            self.now,
            as_of=self.as_of,
            known_at=self.known_at,
            policy_id=self.policy_id,
            request_id=self.request_id,
        )


def verify_bytes(payload: Payload) -> bytes:
    """Verify a document off line; return the report as JSON, or the errno of a file that cannot be read."""
    sources = offline_sources(payload.now, trust=payload.trust, status=payload.status, proof=payload.proof)
    request = payload.request()
    if payload.file is not None and payload.companion is not None:
        try:
            examined = examine_file(payload.file, payload.companion)
        except OSError as error:  # a file that has vanished is no fault of its reader
            return json.dumps({_UNREADABLE: error.errno or errno.EIO}).encode("ascii")
        report = judge(examined, sources, request)
    else:
        report = verify(payload.document, sources, request, payload.companion)
    return json.dumps(report.as_json(), ensure_ascii=False).encode("utf-8")


@dataclass(frozen=True, slots=True)
class ProcessLimits:
    """What one document may cost. memory: bytes beyond what the reader has at its start. seconds: of wall time."""

    memory: int = 384 * 1024 * 1024
    seconds: float = 10.0


class VerificationPool:
    """A few readers, each doing one document at a time; calls may come from several threads.

    start_method: `fork` for a program of one thread, `forkserver` for a server.
    """

    def __init__(
        self, workers: int = 1, limits: ProcessLimits | None = None, start_method: StartMethod = "forkserver"
    ) -> None:
        self._limits = limits or ProcessLimits()
        self._context = multiprocessing.get_context(start_method)
        if start_method == "forkserver":
            self._context.set_forkserver_preload(_PRELOADED)
        self._idle: queue.Queue[_Worker] = queue.Queue()
        for _ in range(workers):
            self._idle.put(self._start())
        self._size = workers

    def verify(self, payload: Payload) -> Report:
        """Verify a document off line, all of it in a reader's process; raises OSError if its file cannot be read."""
        answer = self._ask("verify", payload)
        if isinstance(answer, bytes):
            told = json.loads(answer)
            if _UNREADABLE in told:
                raise OSError(told[_UNREADABLE], os.strerror(told[_UNREADABLE]))
            return Report.from_json(told)
        sources = offline_sources(payload.now, trust=payload.trust, status=payload.status, proof=payload.proof)
        return judge(unread(payload.document, answer), sources, payload.request())

    def examine(self, document: bytes, max_bytes: int, companion: bytes | None = None) -> Examined:
        """Read a document, and what lay beside it, in a reader's process, to be judged here."""
        answer = self._ask("examine", (document, max_bytes, companion))
        if not isinstance(answer, bytes):
            return unread(document, answer)
        try:
            return _load_examined(answer)
        except Exception:  # noqa: BLE001  whatever a reader that has seen foreign bytes sends, it is an answer
            return unread(document, "crashed")

    def close(self) -> None:
        """End the readers; waits for those at work."""
        for _ in range(self._size):
            self._idle.get().end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self) -> "_Worker":
        return _Worker(self._context, self._limits)

    def _ask(self, task: str, argument: object) -> bytes | Literal["crashed", "time_out"]:
        worker = self._idle.get()
        try:
            answer = worker.ask(task, argument, self._limits.seconds)
        finally:
            if not worker.is_usable:
                worker.end()
                worker = self._start()
            self._idle.put(worker)
        return answer


class _Worker:
    """One reader and the pipe to it."""

    def __init__(self, context: Any, limits: ProcessLimits) -> None:
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, limits), daemon=True)
        self._process.start()
        theirs.close()
        self.is_usable = True

    def ask(self, task: str, argument: object, seconds: float) -> bytes | Literal["crashed", "time_out"]:
        # Until the answer is here the reader is in an unknown state, whatever interrupts us.
        self.is_usable = False
        try:
            self._pipe.send((task, argument))
            if not self._pipe.poll(seconds):
                return "time_out"
            answer: bytes = self._pipe.recv_bytes()
        except (EOFError, OSError):
            return "crashed"
        self.is_usable = True
        return answer

    def end(self) -> None:
        self._pipe.close()
        self._process.kill()
        self._process.join()


def _serve(pipe: Connection, limits: ProcessLimits) -> None:
    """Answer tasks until the pipe closes. What escapes ends this process, and the other side sees a crash."""
    # Ctrl-C reaches every process of the terminal: the parent decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _limit_memory(limits.memory)
    while True:
        try:
            task, argument = pipe.recv()
        except EOFError:
            return
        _limit_processor_time(limits.seconds)
        pipe.send_bytes(verify_bytes(argument) if task == "verify" else pickle.dumps(examine(*argument)))


def _limit_memory(extra: int) -> None:
    with open("/proc/self/statm", encoding="ascii") as statm:  # noqa: PTH123  a kernel file, not a path of ours
        in_use = int(statm.read().split()[0]) * resource.getpagesize()
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (in_use + extra, hard))
    # A crash is an answer here, not an accident to be kept on disk with somebody's document in it.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _limit_processor_time(seconds: float) -> None:
    """Let the kernel end a reader whose parent is gone or stuck."""
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time() + seconds) + 2, hard))


class _Unpickler(pickle.Unpickler):
    """Reads nothing but what `examine` returns: the reader's process has seen foreign bytes and is not believed."""

    def find_class(self, module: str, name: str) -> Any:
        try:
            return _SAFE_CLASSES[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"{module}.{name}") from None


def _load_examined(data: bytes) -> Examined:
    examined = _Unpickler(io.BytesIO(data)).load()
    assert isinstance(examined, Examined)
    return examined
