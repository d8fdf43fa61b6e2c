"""SM2 as we use it, beside what the same library does by itself: `openssl speed sm2`, round by round."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from statistics import median
from typing import Final

from ca.algorithms import signatures
from ca.keys.software_signer import SoftwareSigner
from tools.bench.row import Row, rate

_SPEED: Final = ("openssl", "speed", "-mr", "-seconds", "1", "sm2")
_RESULT: Final = "+F7:"
"""How the line of SM2's figures begins: signatures and verifications a second stand at its end."""


def rows(
    message: bytes, seconds: float, rounds: int, raw_sign: Callable[[], object], raw_verify: Callable[[], object]
) -> Iterator[Row]:
    """Measure signing and verifying; where there is no openssl command, beside a raw P-256 key."""
    signer = SoftwareSigner.generate("SM2")
    signature, identifier = signer.sign(message), signatures.identifier("SM2")
    assert signatures.verify(signer.public_key, identifier, message, signature)
    works: tuple[Callable[[], object], ...] = (
        lambda: signer.sign(message),
        lambda: signatures.verify(signer.public_key, identifier, message, signature),
    )
    each = seconds / rounds
    there = shutil.which("openssl") is not None
    measured = []
    for _ in range(rounds):
        ours = [rate(work, seconds=each, rounds=1) for work in works]
        measured.append(
            (ours, _speed() if there else [rate(one, seconds=each, rounds=1) for one in (raw_sign, raw_verify)])
        )
    for index, (name, unit) in enumerate((("sm2-sign", "signatures/s"), ("sm2-verify", "verifications/s"))):
        reference = (
            f"openssl speed -seconds 1 sm2 ({name[4:]})" if there else f"raw P-256 ({name[4:]}): no openssl here"
        )
        mine, theirs = (median(pair[side][index] for pair in measured) for side in (0, 1))
        yield Row(name, mine, unit, reference, theirs)


def _speed() -> list[float]:
    told = subprocess.run(_SPEED, check=True, capture_output=True, text=True).stdout
    (line,) = (line for line in told.splitlines() if line.startswith(_RESULT))
    return [float(figure) for figure in line.split(":")[-2:]]
