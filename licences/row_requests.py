"""A licence request out of a row, with all its faults at once.

Where a part of a row has not even the right shape, the others are judged all the same: a stand-in takes its place, and
what is then said about that part, or rests on it, is dropped.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final

from licences.catalogue import Catalogue
from licences.drafts import JSON, LicenceRequest
from licences.faults import FieldFault, errors
from licences.licence_type import LicenceType
from licences.request_reader import read_request, request_schema
from licences.row_faults import NOT_JSON

_DAY: Final = "2000-01-01"

_RESTS_ON: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("number", "number.holder"): ("holders", "holders["),
    ("holders", "holders.share"): ("fields",),
    ("holders", "holders.shares"): ("holders[",),
    ("fields", "holders.name"): ("holders", "holders["),
    ("fields", "schema.any_of"): ("fields.",),
    ("valid_until", "dates.order"): ("issue_date", "valid_from"),
    ("valid_until", "dates.too_long"): ("issue_date", "valid_from"),
}
"""The part where a fault is and its code: the places that it may be owed to, with a mark at the end all below one."""


def judge(
    value: JSON,
    catalogue: Catalogue,
    default: LicenceType | None,
    *,
    given: Sequence[FieldFault] = (),
    today: date | None = None,
) -> tuple[LicenceRequest | None, tuple[FieldFault, ...]]:
    """Return the request, or None where a fault stops it, and every fault; warnings come with a request.

    value: the object of a row, as the body of `POST /v1/licences`. default: the type of an object that names none.
    given: faults of cells already found, all of them errors; their places are empty in `value`.
    today: as for `fields.check`.
    """
    if not isinstance(value, dict):
        return None, (NOT_JSON,)
    if default is not None:
        value = {"type": default.slug, **value}
    request, found = read_request(value, catalogue, today=today)
    faults = [*given, *_standing(found, given)]
    if request is None:
        _, rest = read_request(_mended(request_schema(), value), catalogue, today=today)
        faults += _standing(rest, faults)
    unique = tuple(dict.fromkeys(faults))
    return (None if errors(list(unique)) else request), unique


def _standing(faults: Iterable[FieldFault], known: Sequence[FieldFault]) -> Iterator[FieldFault]:
    """Yield the faults that are not about, and not owed to, a place that is known to be broken."""
    broken = {fault.field for fault in known}
    for fault in faults:
        place = fault.field
        about = any(_is_at(place, (other, f"{other}.", f"{other}[")) for other in broken)
        causes = _RESTS_ON.get((_root(place), fault.code), ())
        if not about and not any(_is_at(other, causes) for other in broken):
            yield fault


def _is_at(place: str, parts: Sequence[str]) -> bool:
    return any(place.startswith(part) if part[-1:] in {".", "["} else place == part for part in parts)


def _root(place: str) -> str:
    return re.split(r"[.\[]", place, maxsplit=1)[0]


def _mended(schema: Mapping[str, Any], value: JSON) -> JSON:
    """Return a value with the shape of the envelope: what fits as it is, stand-ins for the rest."""
    optional = "null" in schema["type"]
    match schema["type"][0] if isinstance(schema["type"], list) else schema["type"]:
        case "object" if isinstance(value, dict) or not optional:
            return _mended_members(schema, value if isinstance(value, dict) else {})
        case "array":
            entries = value[: schema["maxItems"]] if isinstance(value, list) else []
            return [_mended(schema["items"], entry) for entry in entries]
        case "string" if isinstance(value, str) and (_is_day(value) or "format" not in schema):
            return value[: schema.get("maxLength")]
        case "string" if not optional:
            return _DAY if "format" in schema else ""
    return None


def _mended_members(schema: Mapping[str, Any], members: dict[str, JSON]) -> JSON:
    rules, required = schema.get("properties"), schema.get("required", ())
    if rules is None:
        return members
    return {key: _mended(rule, members.get(key)) for key, rule in rules.items() if key in members or key in required}


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
