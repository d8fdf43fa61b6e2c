"""Which language the command line speaks: the one asked for, else the terminal's, else English."""

import os
from collections.abc import Mapping, Sequence

from ledger.errors import Language


def chosen_language(arguments: Sequence[str] = (), environment: Mapping[str, str] = os.environ) -> Language:
    """Return the language of `--lang zh` or `--lang=zh` among the arguments, else of the locale."""
    for index, argument in enumerate(arguments):
        name, _, value = argument.partition("=")
        if name == "--lang":
            asked = value or "".join(arguments[index + 1 : index + 2])
            return "zh" if asked == "zh" else "en"
    locale = environment.get("LC_ALL") or environment.get("LC_MESSAGES") or environment.get("LANG") or ""
    return "zh" if locale.startswith("zh") else "en"
