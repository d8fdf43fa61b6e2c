"""Keeping a sealed PDF judgeable for decades: validation data (B-LT) and a timestamp over all of it (B-LTA).

pyHanko finds the validation data and writes both revisions, in a process of its own with limits on memory, time and
files, for it reads documents that came from anywhere. Keys stay here: the process asks for its tokens over the pipe. What
comes back counts only once our own reader finds nothing in it but what may be added.
Source: ETSI EN 319 142-1 sections 5.4, 5.5 and 6.3
"""

import json
import subprocess
import sys
import threading
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Final, Literal, Self

from ca.judging.trust import TrustList
from seals.pdf.evidence import PdfEvidence, PdfSignature, read_pdf
from seals.pdf.extension_errors import ExtensionFailed, ExtensionRefused
from seals.pdf.pades import Timestamper

Level = Literal["B-LT", "B-LTA"]

_COMMAND: Final = (sys.executable, "-P", "-m", "seals.pdf.extension_worker")
_SECONDS: Final = 60.0
_MAX_STAMPS: Final = 4
_MAX_LINE: Final = 256 << 20


@dataclass(frozen=True, slots=True)
class ValidationMaterial:
    """What proves that certificates were good: DER of anchors, authorities' certificates, revocation lists and answers."""

    anchors: tuple[bytes, ...]
    certificates: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()
    ocsp: tuple[bytes, ...] = ()

    @classmethod
    def of(cls, trust: TrustList) -> Self:
        """Take what a trust list carries."""
        certificates = (*trust.intermediates, *trust.tsa)
        return cls(trust.anchors + trust.foreign_anchors, certificates, trust.crls, trust.ocsp)


def extend(
    data: bytes, material: ValidationMaterial, timestamper: Timestamper, now: datetime, level: Level = "B-LTA"
) -> bytes:
    """Return the document with validation data, and a document timestamp at B-LTA; again, to renew one.

    Raises as `Extender.extend`.
    """
    with Extender() as extender:
        return extender.extend(data, material, timestamper, now, level)


class Extender:
    """One working process for many documents; closed at the end of its `with`, started again after one that ended it.

    seconds: how long a document may take.
    """

    def __init__(self, seconds: float = _SECONDS) -> None:
        self._seconds = seconds
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @staticmethod
    def starts() -> bool:
        """Tell whether such a process comes up at all: where none does, no document is to blame."""
        nothing = subprocess.DEVNULL
        code = subprocess.call(  # noqa: S603 - a constant of this file
            _COMMAND, env=_environment(), stdin=nothing, stdout=nothing, stderr=nothing
        )
        return code == 0

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def extend(
        self,
        data: bytes,
        material: ValidationMaterial,
        timestamper: Timestamper,
        now: datetime,
        level: Level = "B-LTA",
    ) -> bytes:
        """Return the document with validation data and, at B-LTA, a document timestamp over everything.

        material: must prove of every certificate below an anchor that it was good; timestamper: stamps the document at
        `now`, by a certificate that the material proves. A document that was extended before is renewed, which must be
        done before the last timestamp's certificate ends. Raises ExtensionRefused, ExtensionFailed, what read_pdf
        raises and what the timestamper raises.
        """
        evidence = _sound(data)
        request = {
            "data": _text(data),
            "level": level,
            "now": now.timestamp(),
            **{
                key: [_text(one) for one in getattr(material, key)]
                for key in ("anchors", "certificates", "crls", "ocsp")
            },
        }
        try:
            with self._limited() as process:
                extended = _converse(process, request, timestamper, now)
        except BaseException:
            self.close()  # what stands in the pipe would answer for the next document
            raise
        return _checked(data, extended, evidence, level)

    @contextmanager
    def _limited(self) -> Iterator[subprocess.Popen[bytes]]:
        """Yield the process; it is killed when the time is over."""
        if self._process is None or self._process.poll() is not None:
            self.close()
            self._process = subprocess.Popen(  # noqa: S603 - a constant of this file
                _COMMAND,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=_environment(),
            )
        process = self._process
        watch = threading.Timer(self._seconds, process.kill)
        watch.start()
        try:
            yield process
        finally:
            watch.cancel()


def _environment() -> dict[str, str]:
    return {"PYTHONPATH": str(Path(__file__).parents[2])}


def _sound(data: bytes) -> PdfEvidence:
    evidence = read_pdf(data)
    if not evidence.signatures:
        raise ExtensionRefused(reason="no_seal")
    if evidence.foreign_signatures:
        raise ExtensionRefused(reason="foreign_signature")
    for seal in evidence.signatures:
        if seal.token is None:
            raise ExtensionRefused(reason="seal_without_timestamp")
        if (fault := _fault(seal)) is not None:
            raise ExtensionRefused(reason=fault)
    return evidence


def _fault(seal: PdfSignature) -> str | None:
    faults = (*seal.canonical_faults, *seal.coverage_faults)
    return seal.fault or next((f"{one.code} {one.detail}".strip() for one in faults), None)


def _checked(data: bytes, extended: bytes, before: PdfEvidence, level: Level) -> bytes:
    """Return what came back if it is the document with what was asked for and nothing else."""
    if not extended.startswith(data):
        raise ExtensionFailed(reason="not_an_incremental_update")
    after = read_pdf(extended)
    for seal in after.signatures:
        if (fault := _fault(seal)) is not None:
            raise ExtensionFailed(reason=fault)
    stamps = len(after.document_timestamps) - len(before.document_timestamps)
    if len(after.signatures) != len(before.signatures) or stamps != (level == "B-LTA"):
        raise ExtensionFailed(reason="other_signatures")
    return extended


def _converse(
    process: subprocess.Popen[bytes], request: dict[str, object], timestamper: Timestamper, now: datetime
) -> bytes:
    assert process.stdin is not None
    assert process.stdout is not None
    _say(process.stdin, request)
    for _ in range(_MAX_STAMPS):
        answer = _hear(process.stdout)
        if "stamp" in answer:
            _say(process.stdin, {"token": _text(timestamper(b64decode(answer["stamp"], validate=True), now))})
        elif "refused" in answer:
            raise ExtensionRefused(reason=answer["refused"])
        else:
            return b64decode(answer.get("data", ""), validate=True)
    raise ExtensionFailed(reason="too_many_timestamps")


def _say(pipe: IO[bytes], message: dict[str, object]) -> None:
    try:
        pipe.write(json.dumps(message).encode() + b"\n")
        pipe.flush()
    except OSError as error:
        raise ExtensionFailed(reason="process_ended") from error


def _hear(pipe: IO[bytes]) -> dict[str, str]:
    line = pipe.readline(_MAX_LINE)
    if not line.endswith(b"\n"):
        raise ExtensionFailed(reason="process_ended")
    try:
        answer = json.loads(line)
    except ValueError as error:
        raise ExtensionFailed(reason="process_answer") from error
    if not isinstance(answer, dict) or not all(isinstance(value, str) for value in answer.values()):
        raise ExtensionFailed(reason="process_answer")
    return answer


def _text(data: bytes) -> str:
    return b64encode(data).decode("ascii")
