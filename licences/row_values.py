"""What a cell of a CSV file means, by the JSON Schema of its field. Text stays text, verbatim."""

import re
from collections.abc import Mapping
from typing import Any, Final

from licences.drafts import JSON
from licences.row_json import parse_json

NO_END: Final = "长期"

_DAY: Final = re.compile(r"([0-9]{4})(?:([0-9]{2})([0-9]{2})|年([0-9]{1,2})月([0-9]{1,2})日)")
_INTEGER: Final = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_BOOLEANS: Final = {"true": True, "false": False, "是": True, "否": False}


def field_value(rule: Mapping[str, Any], text: str) -> JSON:
    """Return the value of a cell that is not empty.

    rule: the JSON Schema of the field, references resolved.
    A text that is no number or date where one is wanted comes back as it is, for the schema to complain about.
    Raises ValueError where a list or an object is wanted and the cell holds no JSON.
    """
    match rule.get("type"):
        case "array" if rule["items"].get("type") == "string" and not text.lstrip().startswith("["):
            return list[JSON](text.split("|"))
        case "array" | "object":
            return parse_json(text)
        case "integer":
            return int(text) if _INTEGER.fullmatch(text) else text
        case "boolean":
            return _BOOLEANS.get(text, text)
    return day_value(text) if rule.get("format") == "date" else text


def day_value(text: str) -> str:
    """Return `20261122` or `2026年11月22日` as `2026-11-22`, whether that day exists or not; others as they are."""
    match = _DAY.fullmatch(text)
    if match is None:
        return text
    year, month, day = (part for part in match.groups() if part is not None)
    return f"{year}-{month:0>2}-{day:0>2}"


def end_value(text: str) -> str | None:
    """Return the last day of validity; `长期` is None."""
    return None if text == NO_END else day_value(text)
