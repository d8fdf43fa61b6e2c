"""Who acts: every use case takes an actor, and the door decides who that is."""

from dataclasses import dataclass
from typing import Literal, NewType

Uscc = NewType("Uscc", str)
"""A unified social credit code (GB 32100), 18 characters, already checked."""

ActorKind = Literal["person", "system", "anonymous"]


@dataclass(frozen=True, slots=True)
class Actor:
    """A person or system, the unit that operates and the unit on whose behalf it is done."""

    kind: ActorKind
    id: str
    operator_unit: Uscc | None
    on_behalf_of: Uscc | None
    roles: frozenset[str] = frozenset()

    def as_json(self) -> dict[str, str | None]:
        """Return what an event records: the units and the account, never a name."""
        return {
            "kind": self.kind,
            "id": self.id,
            "operator_unit": self.operator_unit,
            "on_behalf_of": self.on_behalf_of,
        }


ANONYMOUS = Actor(kind="anonymous", id="anonymous", operator_unit=None, on_behalf_of=None)
