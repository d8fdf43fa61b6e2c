"""The form of a verification's report, for the OpenAPI document."""

from collections.abc import Mapping
from typing import Any, Final

_TEXT: Final = {"type": "string"}
_MAYBE: Final = {"type": ["string", "null"]}
_MOMENT: Final = {"type": "string", "format": "date-time"}
_WORDS: Final = {"type": "object", "required": ["zh", "en"], "properties": {"zh": _TEXT, "en": _TEXT}}
_MAYBE_WORDS: Final = {**_WORDS, "type": ["object", "null"]}


def _object(**properties: Any) -> dict[str, Any]:
    """Return the schema of an object all of whose members are always there."""
    return {"type": "object", "required": list(properties), "properties": properties}


_SUBJECT: Final = _object(
    identifier=_MAYBE,
    type=_MAYBE,
    type_name=_MAYBE_WORDS,
    issuer=_MAYBE,
    issuer_name=_MAYBE,
    trust_level=_MAYBE,
    document=_MAYBE,
    face={
        "type": "object",
        "description": "To compare with the paper or the screen: public fields, personal ones masked.",
        "additionalProperties": _object(zh=_TEXT, en=_TEXT, value=_TEXT),
    },
)
_CHECK: Final = {
    "type": "object",
    "required": ["id", "outcome"],
    "properties": {
        "id": _TEXT,
        "outcome": {"enum": ["passed", "failed", "warning", "not_run", "not_applicable"]},
        "code": _MAYBE,
        "at": _MOMENT,
        "evidence": {"type": "object"},
    },
}
_USAGE: Final = {
    **_object(event=_TEXT, promise=_TEXT, deadline=_MOMENT),
    "type": ["object", "null"],
    "description": "Our signed promise that this use will stand in the ledger; null where the register does not hold "
    "this very document, or could not be written to.",
}
REPORT_SCHEMA: Final[Mapping[str, Any]] = _object(
    id=_TEXT,
    verdict={"enum": ["valid", "invalid", "indeterminate"]},
    reason=_TEXT,
    sentence=_WORDS,
    advice=_MAYBE_WORDS,
    checked_at=_MOMENT,
    as_of=_MOMENT,
    known_at=_MOMENT,
    policy=_object(id=_TEXT, version=_TEXT, digest=_TEXT),
    subject=_SUBJECT,
    checks={"type": "array", "items": _CHECK},
    usage=_USAGE,
    receipt={"type": "string", "description": "A JWS over verdict, document, units, case and promise."},
)
