"""The claims of a licence's signed JSON, read strictly."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from licences.verification.report import JSON

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class LicenceClaims:
    """What a licence says of itself.

    valid_until: last local day, inclusive; None is 长期. tag_key_sha256: base64url, names the licence in the ledger.
    status_index, status_uri: its place in a Token Status List.
    """

    issuer_uri: str
    identifier: str
    type_code: str
    type_zh: str
    type_en: str
    type_version: str
    issuer_code: str
    issuer_name: str
    number: str = field(repr=False)
    issue_date: date
    valid_from: date
    valid_until: date | None
    trust_level: str
    tag_key_sha256: str
    status_index: int
    status_uri: str


class _Missing(Exception):
    """A claim is not there, or of another type."""


def read_claims(claims: Mapping[str, JSON]) -> LicenceClaims | None:
    """Return the licence's claims; None when these are not the claims of a licence."""
    try:
        licence, status = _object(claims, "licence"), _object(_object(claims, "status"), "status_list")
        kind, issuer = _object(licence, "type"), _object(licence, "issuer")
        return LicenceClaims(
            issuer_uri=_text(claims, "iss"),
            identifier=_text(licence, "identifier"),
            type_code=_text(kind, "code"),
            type_zh=_text(kind, "zh"),
            type_en=_text(kind, "en"),
            type_version=str(kind.get("version", "")),
            issuer_code=_text(issuer, "code"),
            issuer_name=_text(issuer, "name"),
            number=_text(licence, "number"),
            issue_date=_date(licence, "issue_date"),
            valid_from=_date(licence, "valid_from"),
            valid_until=_optional_date(licence, "valid_until"),
            trust_level=_text(licence, "trust_level"),
            tag_key_sha256=_text(licence, "tag_key_sha256"),
            status_index=_index(status, "idx"),
            status_uri=_text(status, "uri"),
        )
    except _Missing:
        return None


def _object(parent: Mapping[str, JSON], name: str) -> Mapping[str, JSON]:
    value = parent.get(name)
    if not isinstance(value, dict):
        raise _Missing
    return value


def _text(parent: Mapping[str, JSON], name: str) -> str:
    value = parent.get(name)
    if not isinstance(value, str) or not value:
        raise _Missing
    return value


def _index(parent: Mapping[str, JSON], name: str) -> int:
    value = parent.get(name)
    # bool is an int, and `true` is no index.
    if type(value) is not int or value < 0:
        raise _Missing
    return value


def _optional_date(parent: Mapping[str, JSON], name: str) -> date | None:
    # null says 长期; a date that is not there, or was withheld from this copy, does not.
    if name not in parent:
        raise _Missing
    return None if parent[name] is None else _date(parent, name)


def _date(parent: Mapping[str, JSON], name: str) -> date:
    text = _text(parent, name)
    # fromisoformat also takes 20261122 and week dates: one spelling only.
    if not _DATE.fullmatch(text):
        raise _Missing
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise _Missing from None
