"""How a failure of our own is noted: where it happened and what kind it is. Its text may hold a name or a secret."""

import traceback


def described(error: BaseException) -> str:
    """Return the kind of an error and the places it came through, one to a line."""
    places = "".join(traceback.format_list(traceback.extract_tb(error.__traceback__)))
    return f"{type(error).__name__}\n{places}"
