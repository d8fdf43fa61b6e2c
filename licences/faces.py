"""The face of a licence: what someone who verifies sees, to compare it with the paper or the screen in his hand.

Without it a genuine QR code could be pasted on a forgery. Public lines are shown, masked ones masked, hidden ones
left out; which is which, the type says.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TypedDict

from licences.drafts import JSON, Holder
from licences.licence_type import LicenceType
from licences.wording import LicenceContent, label_of, value_of


class FaceLine(TypedDict):
    """One line of a face."""

    key: str
    zh: str
    en: str
    value: str


def face(
    kind: LicenceType,
    holders: Sequence[Holder],
    fields: Mapping[str, JSON],
    number: str,
    *,
    identifier: str = "",
    issuer_code: str = "",
    issuer_name: str = "",
    issue_date: date | None = None,
    valid_from: date | None = None,
    valid_until: date | None = None,
) -> list[FaceLine]:
    """Return the lines of a face in the type's order; lines with nothing to say are left out."""
    content = LicenceContent(
        number, holders, fields, identifier, issuer_code, issuer_name, issue_date, valid_from, valid_until
    )
    return face_of(kind, content)


def face_of(kind: LicenceType, content: LicenceContent) -> list[FaceLine]:
    """Return the lines of a face of content that is already together."""
    lines: list[FaceLine] = []
    for item in kind.items:
        if item.face == "H":
            continue
        hidden = item.mask if item.face == "M" else item.page_mask
        value = value_of(kind, item, content, hidden)
        if value is not None:
            label = label_of(item, content)
            lines.append(FaceLine(key=item.key, zh=label.zh, en=label.en, value=value))
    return lines


def face_of_claims(kind: LicenceType, claims: Mapping[str, JSON]) -> list[FaceLine]:
    """Return the face of a signed JSON licence; what its bearer did not disclose is left out.

    claims: `licence`, `holders` and `fields` as the issuer signed them, strangely shaped ones included: members that
    are not what they should be count as absent.
    """
    licence = _mapping(claims.get("licence"))
    issuer = _mapping(licence.get("issuer"))
    return face(
        kind,
        _holders(claims.get("holders")),
        _mapping(claims.get("fields")),
        _string(licence.get("number")),
        identifier=_string(licence.get("identifier")),
        issuer_code=_string(issuer.get("code")),
        issuer_name=_string(issuer.get("name")),
        issue_date=_date(licence.get("issue_date")),
        valid_from=_date(licence.get("valid_from")),
        valid_until=_date(licence.get("valid_until")),
    )


def _holders(value: JSON) -> list[Holder]:
    if not isinstance(value, list):
        return []
    return [
        Holder(
            name=_string(entry.get("name")),
            code=_string(entry.get("code")),
            code_type=_string(entry.get("code_type")),
            role=_string(entry.get("role")) or "holder",
            share=_string(entry.get("share")) or None,
        )
        for entry in value
        if isinstance(entry, dict)
    ]


def _mapping(value: JSON) -> Mapping[str, JSON]:
    return value if isinstance(value, dict) else {}


def _string(value: JSON) -> str:
    return value if isinstance(value, str) else ""


def _date(value: JSON) -> date | None:
    try:
        return date.fromisoformat(_string(value))
    except ValueError:
        return None
