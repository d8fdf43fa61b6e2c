"""The names of the keys that ceremonies make. A certificate is known by the name of its key, an authority likewise.

`issuing-seals` is the first authority for seals of the international hierarchy, `national-issuing-seals-2` the second
one of the national hierarchy.
"""

import re
from dataclasses import dataclass, replace
from typing import Final, Literal, Self, get_args

Hierarchy = Literal["international", "national"]
Role = Literal["root", "seals", "persons", "systems"]
"""What an authority issues: a root other authorities; the others seals, persons' and systems' certificates."""

HIERARCHIES: Final[tuple[Hierarchy, ...]] = get_args(Hierarchy)
ROLES: Final[tuple[Role, ...]] = get_args(Role)
ISSUING_ROLES: Final[tuple[Role, ...]] = ROLES[1:]

LOG_KEY: Final = "log"
TIMESTAMP: Final = "timestamp"
TRUST: Final = "trust"
STATUS: Final = "status"
RECEIPT: Final = "receipt"
SEAL_MAKER: Final = "national-seal-maker"
"""What signs national seals; the international hierarchy has no such thing."""

_NATIONAL: Final = "national-"
_FORM: Final = re.compile(
    r"(?P<national>national-)?"
    r"(?P<base>root|timestamp|trust|status|receipt|seal-maker"
    r"|issuing-(?:seals|persons|systems)|ocsp-(?:root|seals|persons|systems))"
    r"(?:-(?P<generation>[2-9]|[1-9][0-9]{1,3}))?"
)


@dataclass(frozen=True, slots=True)
class KeyName:
    """The name of an authority's or a service's key, taken apart; generation: 1 for the first, which is not written."""

    hierarchy: Hierarchy
    base: str
    generation: int = 1

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Return the parts of a name, None if it is another's: a seal's or the log's."""
        found = _FORM.fullmatch(text)
        if found is None:
            return None
        hierarchy: Hierarchy = "national" if found["national"] else "international"
        return cls(hierarchy, found["base"], int(found["generation"] or 1))

    @classmethod
    def of(cls, text: str) -> Self:
        """Return the parts of a name that is known to be such."""
        parsed = cls.parse(text)
        if parsed is None:
            raise ValueError("not the name of an authority's or a service's key")
        return parsed

    @property
    def text(self) -> str:
        """The name as it is written."""
        number = "" if self.generation == 1 else f"-{self.generation}"
        return f"{_prefix(self.hierarchy)}{self.base}{number}"

    @property
    def line(self) -> str:
        """The name of the first generation: what all generations have in common."""
        return f"{_prefix(self.hierarchy)}{self.base}"

    @property
    def role(self) -> Role | None:
        """What an authority issues; None for a key that issues nothing."""
        return next((role for role in ROLES if self.base == _authority(role)), None)

    def next(self) -> Self:
        """Return the name of the generation after this."""
        return replace(self, generation=self.generation + 1)


def authority(role: Role, hierarchy: Hierarchy = "international") -> str:
    """Return the name of an authority of the first generation."""
    return _prefix(hierarchy) + _authority(role)


def responder(of: str) -> str:
    """Return the name of the key that answers for an authority (OCSP), which has its generation.

    of: the authority's name.
    """
    return of.replace("issuing-", "ocsp-") if "issuing-" in of else of.replace("root", "ocsp-root")


def timestamp(hierarchy: Hierarchy = "international") -> str:
    """Return the name of a timestamp authority of the first generation."""
    return _prefix(hierarchy) + TIMESTAMP


def seal(seal_id: str, hierarchy: Hierarchy = "international") -> str:
    """Return the name of a seal's key."""
    return f"{_prefix(hierarchy)}seal-{seal_id}"


def _authority(role: Role) -> str:
    return "root" if role == "root" else f"issuing-{role}"


def _prefix(hierarchy: Hierarchy) -> str:
    return _NATIONAL if hierarchy == "national" else ""
