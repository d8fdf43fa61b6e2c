"""The content of one licence version: what was asked for, by whom it is issued, and the secret of its QR code.

It is kept encrypted in the version's row until documents are made of it, and afterwards for the issuer's own look.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from ledger.actor import Uscc
from ledger.envelope import decrypt, encrypt
from ledger.subjects import SubjectKeys
from licences.blind_index import holder_members
from licences.drafts import Decision, Holder, LicenceRequest
from seals.jwt.jose import dump_json, load_object

_CONTEXT = b"elicence/licence-version/v1\n"
_CODE_BYTES = 16


@dataclass(frozen=True, slots=True)
class Content:
    """issuer_name: the issuer's name on the day of issue. code: 22 characters, 128 random bits."""

    request: LicenceRequest
    issuer_name: str
    code: str = field(repr=False)


def new_code() -> str:
    """Return a fresh secret for a QR code."""
    return secrets.token_urlsafe(_CODE_BYTES)


def seal_content(content: Content, version_id: UUID, keys: SubjectKeys) -> bytes:
    """Return the content encrypted, bound to its version."""
    request, decision = content.request, content.request.decision
    members: dict[str, object] = {
        "type_code": request.type_code,
        "issuer": request.issuer,
        "issuer_name": content.issuer_name,
        "number": request.number,
        "holders": [holder_members(holder) for holder in request.holders],
        "fields": dict(request.fields),
        "issue_date": request.issue_date.isoformat(),
        "valid_from": request.valid_from.isoformat(),
        "valid_until": None if request.valid_until is None else request.valid_until.isoformat(),
        "business_number": request.business_number,
        "decision": None
        if decision is None
        else {
            "number": decision.number,
            "officer": decision.officer,
            "case": decision.case,
            "item": decision.item,
        },
        "code": content.code,
    }
    return encrypt(keys.document, dump_json(members), _CONTEXT + version_id.bytes)


def open_content(payload: bytes, version_id: UUID, keys: SubjectKeys) -> Content:
    """Return the content of a version's row; raises EnvelopeInvalid."""
    members: Mapping[str, Any] = load_object(decrypt(keys.document, payload, _CONTEXT + version_id.bytes))
    decision, until = members["decision"], members["valid_until"]
    request = LicenceRequest(
        type_code=members["type_code"],
        issuer=Uscc(members["issuer"]),
        number=members["number"],
        holders=tuple(Holder(**holder) for holder in members["holders"]),
        fields=members["fields"],
        issue_date=date.fromisoformat(members["issue_date"]),
        valid_from=date.fromisoformat(members["valid_from"]),
        valid_until=None if until is None else date.fromisoformat(until),
        business_number=members["business_number"],
        decision=None if decision is None else Decision(**decision),
    )
    return Content(request, members["issuer_name"], members["code"])
