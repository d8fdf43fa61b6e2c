"""The time of the country that seals and licences belong to: validity, and uses a day, are counted in local days."""

from datetime import date, datetime, timedelta, timezone
from typing import Final

CHINA: Final = timezone(timedelta(hours=8))
"""Beijing time, in every province; there has been no summer time since 1991."""


def local_date(moment: datetime) -> date:
    """Return the calendar day in China of a moment, which must be aware."""
    return moment.astimezone(CHINA).date()
