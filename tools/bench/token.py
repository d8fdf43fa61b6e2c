"""A key in a token, SoftHSM2's, that the benchmark makes for itself and throws away."""

import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ledger.signing import SignatureAlgorithm, Signer
from tools.bench.row import Row, paired_rates

_MODULE: Final = Path("/usr/lib/softhsm/libsofthsm2.so")
_UTILITY: Final = "softhsm2-util"
_LABEL: Final = "elicence bench"
_VARIABLE: Final = "SOFTHSM2_CONF"


def available() -> bool:
    """Say whether SoftHSM2 is there."""
    return _MODULE.exists() and shutil.which(_UTILITY) is not None


@contextmanager
def signer(algorithm: SignatureAlgorithm) -> Iterator[Signer]:
    """Give a new key that never leaves its token; the token goes with the block."""
    from ca.tokens.keys import TokenKeys
    from ca.tokens.library import library

    pin = secrets.token_hex(8)
    with _softhsm(pin) as marks:
        module = library(_MODULE)
        module.restart(module.generation)  # it may have been started before, with another folder of tokens
        yield TokenKeys(_MODULE, _LABEL, lambda: pin, marks).create("bench", algorithm)


def row(message: bytes, seconds: float, rounds: int, reference_name: str, reference: Callable[[], object]) -> Row:
    """Measure signatures by a P-256 key in a token."""
    with signer("ES256") as key:
        ours, theirs = paired_rates(lambda: key.sign(message), reference, seconds=seconds, rounds=rounds)
    return Row("pkcs11-sign", ours, "signatures/s", reference_name, theirs)


@contextmanager
def _softhsm(pin: str) -> Iterator[Path]:
    """Point this process at a token of its own for the block; gives the folder of its marks."""
    before = os.environ.get(_VARIABLE)
    with tempfile.TemporaryDirectory(prefix="elicence-bench-") as folder:
        tokens, configuration = Path(folder, "tokens"), Path(folder, "softhsm2.conf")
        tokens.mkdir()
        configuration.write_text(f"directories.tokendir = {tokens}\nlog.level = ERROR\n")
        os.environ[_VARIABLE] = str(configuration)
        try:
            command = (_UTILITY, "--init-token", "--free", "--label", _LABEL, "--pin", pin, "--so-pin", pin)
            subprocess.run(command, check=True, capture_output=True)
            yield Path(folder, "marks")
        finally:
            if before is None:
                del os.environ[_VARIABLE]
            else:
                os.environ[_VARIABLE] = before
