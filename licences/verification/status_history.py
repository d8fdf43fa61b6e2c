"""Which status a licence had at a moment, as far as was known at another: over rows that were handed in.

An act reaches as far back as its effective time says: an annulment back to the issue, a court's restoration over the
span that was wrong. Of two acts that reach a moment, that one counts which took over later: it was recorded, or
began, after the other.
"""

from collections.abc import Iterable
from datetime import datetime

from licences.verification.sources import StatusRow


def status_at(rows: Iterable[StatusRow], as_of: datetime, known_at: datetime) -> StatusRow | None:
    """Return the row that decides the status at `as_of` by what was recorded by `known_at`; None when none reaches it."""
    reaching = [
        row
        for row in rows
        if row.recorded_at <= known_at and row.effective_at <= as_of and (row.until is None or as_of < row.until)
    ]
    return max(reaching, key=_took_over, default=None)


def _took_over(row: StatusRow) -> tuple[datetime, datetime]:
    # An act for the future takes over when it begins: one recorded meanwhile does not lift it.
    return max(row.recorded_at, row.effective_at), row.effective_at
