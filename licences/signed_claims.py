"""The claims of a licence's signed JSON, and which of them a copy may leave out."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Final

from ledger.subjects import SubjectKeys
from licences.blind_index import holder_members
from licences.content import Content
from licences.licence_type import LicenceType
from seals.jwt.jose import JSON, b64url_encode
from seals.jwt.sd_jwt import Path
from seals.local_time import CHINA

BORN_HERE: Final = "A"


def claims_of(
    content: Content, kind: LicenceType, *, identifier: str, serial: str, version: int, keys: SubjectKeys, base_url: str
) -> dict[str, JSON]:
    """Return all claims but `iat` and `status`."""
    request = content.request
    claims: dict[str, JSON] = {
        "iss": f"{base_url}/issuers/{request.issuer}",
        "vct": kind.vct,
        "nbf": _start_of(request.valid_from),
    }
    if request.valid_until is not None:
        # The last day counts in full.
        claims["exp"] = _start_of(request.valid_until + timedelta(days=1))
    claims["licence"] = {
        "identifier": identifier,
        "type": {"code": kind.code, "zh": kind.name.zh, "en": kind.name.en, "version": kind.version},
        "number": request.number,
        "version": version,
        "issuer": {"code": request.issuer, "name": content.issuer_name},
        "issue_date": request.issue_date.isoformat(),
        "valid_from": request.valid_from.isoformat(),
        "valid_until": None if request.valid_until is None else request.valid_until.isoformat(),
        "trust_level": BORN_HERE,
        "serial": serial,
        "tag_key_sha256": b64url_encode(keys.tag_digest),
    }
    claims["holders"] = [dict[str, JSON](holder_members(holder)) for holder in request.holders]
    claims["fields"] = dict(request.fields)
    return claims


def disclosable(content: Content) -> Sequence[Path]:
    """Return what a copy may leave out: each holder, and each field of the content."""
    holders: list[Path] = [("holders", position) for position in range(len(content.request.holders))]
    return [*holders, *(("fields", name) for name in content.request.fields)]


def status_claim(base_url: str, status_index: int, list_size: int) -> dict[str, JSON]:
    """Return where the licence stands in a Token Status List. Source: draft-ietf-oauth-status-list section 6.2."""
    number, index = divmod(status_index, list_size)
    return {"status_list": {"idx": index, "uri": status_list_uri(base_url, number + 1)}}


def status_list_uri(base_url: str, number: int) -> str:
    """Return the address of a status list, the first being 1."""
    return f"{base_url}/v1/status-lists/{number}"


def _start_of(day: date) -> int:
    return int(datetime.combine(day, time.min, CHINA).timestamp())
