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
        try:
            found = datetime.fromisoformat(str(value))
            if found.tzinfo is not None:
                return found.astimezone(UTC)
        except (ValueError, OverflowError):  # the latter on the first and the last day that there is
            pass
        self.fail(f"时间应带时区 / a time with its offset: {_EXAMPLE}", param, ctx)


MOMENT = Moment()
