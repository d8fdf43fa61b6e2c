"""Registered systems: who may push decisions, told by a bearer token of 256 random bits.

The token is shown once and stored as its SHA-256: it has full entropy, so a slow hash would add nothing.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.models import System
from ledger.actor import Actor, Uscc
from ledger.errors import DomainError

TOKEN_PREFIX = "els_"  # noqa: S105 - a prefix by which scanners find leaked tokens, not a secret


class DoorError(DomainError):
    """Root of what the door itself refuses."""

    code = "door.error"


@dataclass(eq=False)
class NotAuthenticated(DoorError):
    """No usable token came with the request."""

    code = "door.not_authenticated"
    zh = "请求没有有效的访问令牌：请在 Authorization 头中用 Bearer 方式给出登记系统的令牌"
    en = "the request carries no valid token: send the registered system's token as 'Authorization: Bearer …'"


@dataclass(eq=False)
class NotAuthorised(DoorError):
    """The system is known but may not act for that unit."""

    code = "door.not_authorised"
    zh = "该系统未获授权代表单位 {unit} 制证：请由该单位登记授权"
    en = "this system may not issue on behalf of unit {unit}: have that unit register it"

    unit: str


@dataclass(eq=False)
class DecisionMissing(DoorError):
    """A system may issue only what was decided in a case."""

    code = "licences.decision_missing"
    zh = "缺少办件决定（decision）：业务系统推送须附决定文号、经办人、办件编号与事项"
    en = "the decision is missing: a system pushes a licence with the decision's number, officer, case and item"


@dataclass(frozen=True, slots=True)
class RegisteredSystem:
    """A system as the door knows it."""

    id: str
    operator_unit: Uscc
    issuers: frozenset[str]

    def actor_for(self, issuer: str) -> Actor:
        """Return the actor that acts on behalf of an issuing unit; raises NotAuthorised."""
        if issuer not in self.issuers:
            raise NotAuthorised(unit=issuer)
        return Actor(
            kind="system",
            id=self.id,
            operator_unit=self.operator_unit,
            on_behalf_of=Uscc(issuer),
            roles=frozenset({"issuing-system"}),
        )


def register_system(
    session: Session, *, system_id: str, name: str, operator_unit: Uscc, issuers: Sequence[str], now: datetime
) -> str:
    """Register a system, or give a registered one a new token; return the token, which is never shown again."""
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)
    row = session.get(System, system_id) or System(id=system_id, created_at=now)
    row.name, row.operator_unit, row.issuers = name, operator_unit, list(issuers)
    row.token_digest, row.active = _digest(token), True
    session.add(row)
    return token


def authenticate(session: Session, token: str | None) -> RegisteredSystem:
    """Return the system whose token this is; raises NotAuthenticated.

    The look-up is by digest: an index probe over SHA-256 values tells a caller nothing about a stored token.
    """
    if token is None or not token.startswith(TOKEN_PREFIX):
        raise NotAuthenticated
    row = session.scalar(select(System).where(System.token_digest == _digest(token), System.active))
    if row is None:
        raise NotAuthenticated
    return RegisteredSystem(id=row.id, operator_unit=Uscc(row.operator_unit), issuers=frozenset(row.issuers))


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
