"""A group of commands that imports the one that runs, and no other: so that help and small commands start fast."""

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import click


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a command lives, `module:attribute`, and what it does in one line."""

    place: str
    help: str


class LazyGroup(click.Group):
    """A group that knows its commands by name.

    entries: the commands; story: titles with the commands in the order in which one meets them; rest: the title of
    those that are named nowhere else, which come last.
    """

    def __init__(
        self,
        *arguments: object,
        entries: Mapping[str, Entry],
        story: Sequence[tuple[str, Sequence[str]]],
        rest: str = "",
        **options: object,
    ) -> None:
        super().__init__(*arguments, **options)  # type: ignore[arg-type]  # click's own, handed through
        self._entries = entries
        self._story = story
        self._rest = rest

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in order."""
        del ctx
        return sorted(self._entries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; None if there is none of that name."""
        del ctx
        entry = self._entries.get(cmd_name)
        if entry is None:
            return None
        module, _, attribute = entry.place.partition(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands as a story, without importing any."""
        del ctx
        told = {name for _, names in self._story for name in names}
        rest = tuple(name for name in sorted(self._entries) if name not in told)
        width = max(map(len, self._entries))
        for title, names in (*self._story, (self._rest, rest)):
            if names:
                with formatter.section(title):
                    formatter.write_dl([(name.ljust(width), self._entries[name].help) for name in names])
