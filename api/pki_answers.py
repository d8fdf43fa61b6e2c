"""How bytes that others may keep are answered: with their age, their end, and a name by which nothing is sent twice."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Final

from fastapi import Request
from fastapi.responses import Response

_NOTHING: Final = timedelta()


@dataclass(frozen=True, slots=True)
class Keepable:
    """Bytes that are good for a while. changed: since when they are so; ends: when they are no more; longest: kept at most."""

    data: bytes
    media_type: str
    changed: datetime
    ends: datetime
    longest: timedelta


def keepable_response(request: Request, found: Keepable, now: datetime) -> Response:
    """Answer with the bytes, or with 304 if the caller has them.

    What has ended is given as well, for it says when it ended, but nobody is to keep it.
    Source: RFC 5019 section 6.2, RFC 9110 sections 8.8 and 13.1.2
    """
    etag = f'"{hashlib.sha256(found.data).hexdigest()[:32]}"'
    keep = max(min(found.ends - now, found.longest), _NOTHING)
    seconds = int(keep.total_seconds())
    headers = {
        "ETag": etag,
        # A server whose clock runs behind must not name a time that has not come (RFC 9110 section 8.8.2.1).
        "Last-Modified": http_date(min(found.changed, now)),
        "Expires": http_date(now + timedelta(seconds=seconds)),
        "Cache-Control": f"max-age={seconds}, public, no-transform, must-revalidate" if seconds else "no-cache",
    }
    if _has(request, etag):
        return Response(status_code=304, headers=headers)
    return Response(found.data, media_type=found.media_type, headers=headers)


def http_date(moment: datetime) -> str:
    """Return a moment as HTTP writes it, to the second."""
    return format_datetime(moment.astimezone(UTC).replace(microsecond=0), usegmt=True)


def _has(request: Request, etag: str) -> bool:
    known = [part.strip().removeprefix("W/") for part in request.headers.get("if-none-match", "").split(",")]
    return etag in known or known == ["*"]
