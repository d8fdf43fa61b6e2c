"""A licence as it is asked for: what a row, a form or an approval system hands to the issuing use case.

Everything here is verbatim: nothing is trimmed, folded to half width or repaired on the way in.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TypeAlias

from ledger.actor import Uscc

JSON: TypeAlias = "bool | int | float | str | list[JSON] | dict[str, JSON] | None"


@dataclass(frozen=True, slots=True)
class Holder:
    """One holder of a licence (持证主体), in the order of the licence.

    code_type: three digits of GB/T 36903 annex A, `001` a USCC, `111` a citizen id number.
    role: `holder`, or what the type names beside it.
    share: per cent of the right as a decimal string (`"50"`, `"33.33"`), or None where the type has no shares.
    """

    name: str = field(repr=False)
    code: str = field(repr=False)
    code_type: str
    role: str = "holder"
    share: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """The case decision that releases a licence (行政许可决定): its number, officer, case and item."""

    number: str
    officer: str = field(repr=False)
    case: str
    item: str


@dataclass(frozen=True, slots=True)
class LicenceRequest:
    """A licence to be issued.

    type_code: 21 characters, the type of GB/T 36904.
    number: the licence number (ZZBH), verbatim.
    fields: the type's own content, as its JSON Schema says.
    valid_until: the last local day of validity, inclusive; None is 长期.
    business_number: the source system's own number of the case.
    """

    type_code: str
    issuer: Uscc
    number: str = field(repr=False)
    holders: tuple[Holder, ...]
    fields: Mapping[str, JSON] = field(repr=False)
    issue_date: date
    valid_from: date
    valid_until: date | None
    business_number: str
    decision: Decision | None = None

    def __post_init__(self) -> None:
        # A copy: a request does not change under its reader when the caller reuses the dict.
        object.__setattr__(self, "fields", dict(self.fields))
