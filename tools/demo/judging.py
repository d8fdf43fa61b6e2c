"""What the verifier says of the demonstration's files: the engine of `elicence verify`, in two processes, off line."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from licences.verification.report import Report
from licences.verification.request import new_verification_id
from licences.verification_process import Payload, VerificationPool


@dataclass(frozen=True, slots=True)
class Material:
    """What the verifier was handed beforehand."""

    trust: bytes
    status: bytes


@dataclass(frozen=True, slots=True)
class Judged:
    """A file and its report."""

    file: Path
    report: Report


def judge_files(files: Sequence[Path], material: Material, workers: int) -> Iterator[Judged]:
    """Yield the report of every file, in order. A ledger proof beside a file is read, as by `elicence verify`."""
    with VerificationPool(workers) as pool, ThreadPoolExecutor(workers) as threads:
        yield from threads.map(partial(_judge, pool, material), files)


def _judge(pool: VerificationPool, material: Material, file: Path) -> Judged:
    now = datetime.now(UTC)
    proof = file.with_suffix(".tlog-proof")
    payload = Payload(
        document=file.read_bytes(),
        now=now,
        request_id=new_verification_id(now),
        trust=material.trust,
        status=material.status,
        proof=proof.read_bytes() if proof.is_file() else None,
    )
    return Judged(file, pool.verify(payload))
