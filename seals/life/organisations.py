"""Organisations that own seals: known by their unified social credit code, named differently over time."""

import re
from dataclasses import dataclass
from datetime import date

from ledger.actor import Uscc
from seals.errors import OrganisationRefused

# The letters I, O, S, V and Z are not used. Source: GB 32100-2015 section 4.
_FORM = re.compile(r"[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}")
_LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class Organisation:
    """An organisation under one name, both days inclusive; `valid_to` None means until further notice."""

    uscc: Uscc
    name: str
    valid_from: date
    valid_to: date | None = None

    def __post_init__(self) -> None:
        check_uscc(self.uscc)
        if not (1 <= len(self.name.strip()) <= _LONGEST_NAME and self.name.isprintable()):
            raise OrganisationRefused(reason="name")
        if self.valid_to is not None and self.valid_to < self.valid_from:
            raise OrganisationRefused(reason="dates")


def check_uscc(text: str) -> Uscc:
    """Return the code if its form and check character are right; raises OrganisationRefused.

    Source: GB 32100-2015 section 4.
    """
    # The library's `validate` refuses good codes of the departments A, N and Y: only its arithmetic is used.
    from stdnum.cn import uscc

    if not _FORM.fullmatch(text) or uscc.calc_check_digit(text[:17]) != text[17]:
        raise OrganisationRefused(reason="uscc")
    return Uscc(text)
