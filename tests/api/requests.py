"""Requests as an approval system sends them."""

from typing import Any

from tests.licences import samples


def permit(number: int, **changes: Any) -> dict[str, Any]:
    """Return the body of a tobacco permit, the licence with the quickest page."""
    request = samples.request("tobacco-retail-permit", number=f"9901011{number:05}", business_number=f"API-{number}")
    body: dict[str, Any] = {
        "type": "tobacco-retail-permit",
        "issuer": request.issuer,
        "number": request.number,
        "holders": [
            {"name": holder.name, "code": holder.code, "code_type": holder.code_type} for holder in request.holders
        ],
        "fields": dict(request.fields),
        "issue_date": request.issue_date.isoformat(),
        "valid_until": None if request.valid_until is None else request.valid_until.isoformat(),
        "business_number": request.business_number,
        "decision": {
            "number": "测许决〔2026〕1号",
            "officer": "u-17",
            "case": f"case-{number}",
            "item": "烟草零售许可新办",
        },
    }
    return body | changes
