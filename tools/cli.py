"""The command line: `elicence COMMAND`. A command's code is imported when it is used, so that the rest starts fast.

Exit codes, the same everywhere: 0 done, valid. 1 any document invalid. 2 could not tell, crash, time-out.
3 the request itself is wrong.
"""

import importlib
import io
import os
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import click

from ledger.errors import DomainError
from tools.languages import chosen_language

VALID: Final = 0
INVALID: Final = 1
UNDECIDED: Final = 2
WRONG_REQUEST: Final = 3
_INTERRUPTED: Final = 130  # 128 + SIGINT, as shells expect


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a command lives, `module:attribute`, and what it does in one line."""

    place: str
    help: str


COMMANDS: Final = {
    "checks": Entry("tools.checks:checks", "List every verification check with its codes."),
    "init": Entry("tools.init:init", "Hold the key ceremony and found the house."),
    "sequence": Entry("tools.serve:sequence", "Put waiting events into the log."),
    "serve": Entry("tools.serve:serve", "Serve the API and the pages."),
    "systems": Entry("tools.init:systems", "Enrol the systems that may call the API."),
    "verify": Entry("tools.verify:verify", "Verify licence files off line."),
}
"""One line a command; keep them sorted."""


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports the one that runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in order."""
        del ctx
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; None if there is none of that name."""
        del ctx
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        module, _, attribute = entry.place.partition(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing any."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in sorted(COMMANDS.items())])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="elicence")
def cli() -> None:
    """Electronic licences: issue, verify, and prove."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    output = sys.stdout
    for stream in (output, sys.stderr):
        # A terminal that has no Chinese shows question marks in its place, not a traceback.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        code = cli.main(args=given, prog_name="elicence", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return WRONG_REQUEST
    except DomainError as error:
        return _say(f"{error.message(chosen_language(given))} ({error.code})", WRONG_REQUEST)
    except (KeyboardInterrupt, click.Abort):
        return _INTERRUPTED
    except SystemExit:
        # The reader of our output has gone (`| head`): click then takes the stream away and ends with 1, which here
        # would mean "invalid".
        if sys.stdout is not output:
            return UNDECIDED
        raise
    except Exception as error:  # noqa: BLE001  the last line of defence: one clear line in the place of a traceback
        if os.environ.get("ELICENCE_DEBUG") == "1":
            traceback.print_exc()
        return _say(f"elicence failed: {type(error).__name__}: {error} (ELICENCE_DEBUG=1 shows where)", UNDECIDED)
    return code if isinstance(code, int) else VALID


def _say(text: str, code: int) -> int:
    click.echo(text, err=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
