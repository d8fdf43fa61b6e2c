"""What people write into the register of seals: short, and nothing that cannot be seen."""

from typing import Final

LONGEST: Final = 200
"""Characters of a name, of grounds, of words said with a decision."""


def fits(text: str) -> bool:
    """Tell whether a text can stand in the register."""
    return len(text.strip()) > 0 and len(text) <= LONGEST and text.isprintable()
