"""The contract compiled: `python -m ledger.anchor.compilation` writes Anchors.json anew after a change to Anchors.vy.

Vyper is there for development only; a test compiles the contract again and compares every byte.
"""

import json
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).parent / "contract"
SOURCE: Final = FOLDER / "Anchors.vy"
COMPILED: Final = FOLDER / "Anchors.json"
VERSION: Final = "0.4.3"


def compiled() -> bytes:
    """Return the file that belongs to the source: ABI, creation code and what then stands on the chain."""
    # Without the metadata the bytes depend on the source's code alone, not on its comments or its place.
    parts = _vyper("-f", "abi,bytecode,bytecode_runtime", "--no-bytecode-metadata", str(SOURCE)).splitlines()
    abi, code, runtime = [part for part in parts if part]
    members: dict[str, Any] = {
        "compiler": f"vyper {VERSION}",
        "source_sha256": sha256(SOURCE.read_bytes()).hexdigest(),
        "bytecode": code,
        "runtime_bytecode": runtime,
        "abi": json.loads(abi),
    }
    return (json.dumps(members, indent=1) + "\n").encode()


def _vyper(*arguments: str) -> str:
    command = [sys.executable, "-m", "vyper.cli.vyper_compile", *arguments]
    return subprocess.run(command, capture_output=True, check=True, text=True, cwd=FOLDER).stdout  # noqa: S603 - our own words


if __name__ == "__main__":
    COMPILED.write_bytes(compiled())
