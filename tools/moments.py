"""Moments as people type them: with the offset from UTC, because nobody guesses which clock was meant."""

from datetime import UTC, datetime

import click

_EXAMPLE = "2026-11-22T10:00:00+08:00"


class Moment(click.ParamType[datetime]):
    """A parameter that is a time with its offset; the command gets it in UTC."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return the moment, or fail in the terminal's words."""
        if isinstance(value, datetime):
            return value
        found = _read(str(value))
        if found is None:
            self.fail(f"时间应带时区 / a time with its offset: {_EXAMPLE}", param, ctx)
        return found


def _read(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
        return None if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):  # the latter on the first and the last day that there is
        return None


MOMENT = Moment()
