"""JSON as an import file may hold it: one meaning only, and nothing that costs its reader more than it is worth."""

import json
import math
from collections.abc import Sequence
from typing import Final

from licences.drafts import JSON

MAX_DEPTH: Final = 32
MAX_MEMBERS: Final = 1000
"""Of one list or object. Comparing the entries of a longer list would take minutes."""


def parse_json(text: str) -> JSON:
    """Return the value of a JSON text.

    Raises ValueError also for a repeated key (two readers would see different values), NaN and infinity, and a value
    nested deeper than MAX_DEPTH or with more than MAX_MEMBERS in one list or object.
    """
    try:
        value: JSON = json.loads(
            text, object_pairs_hook=_unique, parse_constant=_refuse, parse_float=_finite, parse_int=_integer
        )
    except RecursionError as error:
        raise ValueError from error
    if not _within_limits(value):
        raise ValueError
    return value


def _unique(pairs: Sequence[tuple[str, JSON]]) -> dict[str, JSON]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError
    return members


def _refuse(constant: str) -> float:
    raise ValueError(constant)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError
    return number


def _integer(text: str) -> int:
    if len(text) > 20:
        raise ValueError
    return int(text)


def _within_limits(value: JSON) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        containers = [entry for entry in level if isinstance(entry, list | dict)]
        if not containers:
            return True
        if any(len(container) > MAX_MEMBERS for container in containers):
            return False
        level = [
            member
            for container in containers
            for member in (container.values() if isinstance(container, dict) else container)
        ]
    return False
