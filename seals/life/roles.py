"""Who may do what to seals. Deny by default: a role that is not named may nothing, and nobody acts on another unit's.

Roles are the door's: it puts them on the actor. Four eyes are two accounts, whatever roles one of them has gathered.
"""

import unicodedata
from collections.abc import Mapping
from typing import Any, Final

from ledger.actor import Actor
from seals.life.life_errors import FourEyesWanted, RoleWanted, UnitRefused

SEAL_CLERK: Final = "seal-clerk"
"""用章经办: applies for seals and for standing authorisations."""
SEAL_APPROVER: Final = "seal-approver"
"""用章审批: decides on applications, never on his own."""
SEAL_CUSTODIAN: Final = "seal-custodian"
"""印章管理员: makes, brings in, hands out, grants, suspends, resumes, cancels."""
SEAL_AUDITOR: Final = "seal-auditor"
"""用印审计: reads the register of uses."""

SEAL_FOUNDER: Final = "seal-founder"
"""A key ceremony: several people under minutes of their own, so that what it decides needs no second decision."""


def require(actor: Actor, organisation: str, *roles: str) -> None:
    """Let pass who has one of the roles and acts for the unit; raises RoleWanted, UnitRefused."""
    if not actor.roles & set(roles):
        raise RoleWanted(roles=", ".join(roles))
    if actor.on_behalf_of != organisation:
        raise UnitRefused(organisation=organisation)


def require_another(actor: Actor, *before: Mapping[str, Any] | None) -> None:
    """Let pass whoever is none of those who took the steps before, as events name them; raises FourEyesWanted."""
    # A system cannot look: the second pair of eyes is a person's.
    if actor.kind != "person" or any(one is not None and same_account(one["id"], actor.id) for one in before):
        raise FourEyesWanted


def same_account(one: str, other: str) -> bool:
    """Tell whether two spellings can be one account: directories know no case, and no full-width letters."""
    return _plain(one) == _plain(other)


def _plain(account: str) -> str:
    return "".join(unicodedata.normalize("NFKC", account).casefold().split())
