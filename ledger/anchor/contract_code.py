"""The compiled contract, as it lies beside its source."""

import json
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True)
class ContractCode:
    """abi: as JSON; creation: the code that deploys; runtime: what then stands on the chain, byte for byte."""

    abi: tuple[dict[str, Any], ...]
    creation: bytes
    runtime: bytes


@cache
def contract_code() -> ContractCode:
    """Return the compiled contract."""
    data = json.loads((files("ledger.anchor") / "contract" / "Anchors.json").read_bytes())
    return ContractCode(tuple(data["abi"]), _bytes(data["bytecode"]), _bytes(data["runtime_bytecode"]))


def log_id(origin: str) -> bytes:
    """Return the 32 bytes by which the contract knows a log: SHA-256 of its origin."""
    return sha256(origin.encode()).digest()


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))
