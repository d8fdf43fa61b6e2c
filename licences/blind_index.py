"""Keyed indexes: by them a number or code is found, and a copy of the database names nobody.

A plain hash would not do: a county's id numbers are tried out in a minute. The key lies outside the database.
"""

import json
import unicodedata

from ledger.signing import KeyWrapper
from licences.drafts import Holder, LicenceRequest

_HMAC_SHA256 = b"\x01"  # every stored index names its algorithm, so that another can stand beside it


def number_index(wrapper: KeyWrapper, number: str) -> bytes:
    """Return the index of a licence number."""
    return _index(wrapper, "licences.number", match_key(number))


def business_index(wrapper: KeyWrapper, business_number: str) -> bytes:
    """Return the index of a source system's business number."""
    return _index(wrapper, "licences.business_number", business_number)


def holder_index(wrapper: KeyWrapper, code_type: str, code: str) -> bytes:
    """Return the index of a holder's code."""
    return _index(wrapper, "licences.holder", f"{code_type}:{code.upper()}")


def content_index(wrapper: KeyWrapper, request: LicenceRequest) -> bytes:
    """Return the index of a licence's content: what a repeat has in common, whatever case it comes from."""
    content = {
        "type": request.type_code,
        "issuer": request.issuer,
        "number": request.number,
        "holders": [holder_members(holder) for holder in request.holders],
        "fields": dict(request.fields),
        "dates": [str(day) for day in (request.issue_date, request.valid_from, request.valid_until)],
    }
    # Sorted: two pushes may name the members of one content in different orders.
    return _index(wrapper, "licences.content", json.dumps(content, ensure_ascii=False, sort_keys=True, allow_nan=False))


def match_key(number: str) -> str:
    """Return a number as it is compared: half width, no spaces. `测（2026）` and `测 (2026)` are one number."""
    return "".join(unicodedata.normalize("NFKC", number).split())


def holder_members(holder: Holder) -> dict[str, str | None]:
    """Return a holder by the names that payload and signed JSON give to its parts."""
    return {
        "name": holder.name,
        "code": holder.code,
        "code_type": holder.code_type,
        "role": holder.role,
        "share": holder.share,
    }


def _index(wrapper: KeyWrapper, purpose: str, value: str) -> bytes:
    return _HMAC_SHA256 + wrapper.index(purpose, value)
