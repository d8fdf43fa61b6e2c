"""Audit orders (审计任务书): number, scope and end. They open personal data to an auditor; nothing else does.

An order is a subject of the ledger with a chain of its own: that it was entered, every look under it, and its end are
events, so that whoever is audited can audit the auditors.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, get_args
from uuid import UUID, uuid4

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ledger import envelope
from ledger.actor import Actor
from ledger.event_kinds import EventKind, SubjectKind
from ledger.events import Event, new_event_id, record
from ledger.formats import canonical
from ledger.log.promises import Promise, Promiser
from ledger.models import AuditOrderRow
from ledger.provenance.errors import OrderExists, OrderMalformed, OrderRefused, OrderUnknown
from ledger.signing import KeyWrapper
from ledger.store import provenance as queries
from ledger.subjects import create_subject, open_subject

ScopeKind = Literal["licence", "department", "case", "organisation", "seal"]
SCOPE_KINDS: Final = get_args(ScopeKind)
AUDITOR: Final = "auditor"
"""The role of who opens events under an order."""
ORDER_KEEPER: Final = "audit-order-keeper"
"""The role of who enters and ends orders, and never opens by one that he entered."""
TOKEN_PREFIX: Final = "elo_"  # noqa: S105 - a prefix by which scanners find leaked tokens, not a secret
_CONTEXT: Final = b"elicence/audit-order/v1\n"
_LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class Scope:
    """What is asked or covered: one licence, seal or case, or all of one department or organisation."""

    kind: ScopeKind
    value: str


@dataclass(frozen=True, slots=True)
class AuditOrder:
    """An order as it stands. `entered_by`: as events name who acts."""

    id: UUID
    number: str
    scope: Scope
    valid_from: datetime
    valid_until: datetime
    entered_by: str
    entered_at: datetime
    ended_at: datetime | None

    def covers(self, asked: Scope, unit: str | None) -> bool:
        """Tell whether the order is about what is asked; `unit`: the department that the licence or seal belongs to."""
        return asked == self.scope or (self.scope.kind == "department" and unit == self.scope.value)

    def check(self, asked: Scope, unit: str | None, actor: Actor, now: datetime) -> None:
        """Let an auditor open what is asked; raises OrderRefused."""
        if now < self.valid_from:
            raise OrderRefused(self.number, "尚未生效", "it has not begun")
        self.check_auditor(actor, now)
        if not self.covers(asked, unit):
            raise OrderRefused(self.number, "查阅内容超出任务书范围", "it covers something else")

    def check_auditor(self, actor: Actor, now: datetime) -> None:
        """Let an auditor work under the order, now or when it begins; raises OrderRefused."""
        if self.ended_at is not None or now >= self.valid_until:
            raise OrderRefused(self.number, "已到期或已终止", "it has ended")
        if AUDITOR not in actor.roles:
            raise OrderRefused(self.number, "该账号不是审计人员", "this account is no auditor's")
        # Two people: who decides that there is an audit is not who looks.
        if actor.id == self.entered_by:
            raise OrderRefused(self.number, "登记任务书的人不能凭其查阅", "who entered it may not open by it")


def enter_order(
    session: Session,
    wrapper: KeyWrapper,
    promiser: Promiser,
    *,
    number: str,
    scope: Scope,
    valid_from: datetime,
    valid_until: datetime,
    actor: Actor,
    now: datetime,
) -> AuditOrder:
    """Enter an order, in the caller's transaction; raises OrderMalformed, OrderExists."""
    _check(session, number, scope, valid_from, valid_until, actor, now)
    subject, keys = create_subject(session, wrapper, SubjectKind.ADMINISTRATION.value, uuid4())
    plain = canonical.dumps({"kind": scope.kind, "value": scope.value})
    row = AuditOrderRow(
        id=subject.id,
        number=number,
        scope=envelope.encrypt(keys.document, plain, _CONTEXT + subject.id.bytes),
        valid_from=valid_from,
        valid_until=valid_until,
        entered_by=dict(actor.as_json()),
        entered_at=now,
        token_digest=None,
    )
    session.add(row)
    try:
        session.flush()
    except IntegrityError as error:
        raise OrderExists(number) from error  # another was quicker with the same number
    detail: dict[str, canonical.JSON] = {
        "order": number,
        "scope": scope.kind,
        "valid_from": valid_from.isoformat(),
        "valid_until": valid_until.isoformat(),
    }
    event = Event(new_event_id(now), EventKind.APPROVED, subject.id, actor, now, purpose="audit", detail=detail)
    record(session, event, keys, promiser)
    return _order(row, scope)


def give_token(
    session: Session, wrapper: KeyWrapper, promiser: Promiser, number: str, actor: Actor, now: datetime
) -> str:
    """Return the token by which an auditor's system reads under an order, in the caller's transaction.

    It is shown this once, to an auditor and never to who entered the order, and the one before it opens nothing any more.
    Raises OrderUnknown, OrderRefused.
    """
    row = _held(session, number)
    _opened(session, wrapper, row).check_auditor(actor, now)
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)
    row.token_digest = _digest(token)
    session.flush()
    event = Event(new_event_id(now), EventKind.GRANTED, row.id, actor, now, purpose="audit", detail={"order": number})
    record(session, event, open_subject(session, wrapper, row.id), promiser)
    return token


def end_order(
    session: Session, wrapper: KeyWrapper, promiser: Promiser, number: str, actor: Actor, now: datetime
) -> Promise:
    """End an order before its time, in the caller's transaction; raises OrderUnknown, OrderRefused."""
    row = _held(session, number)
    if row.ended_at is not None:
        raise OrderRefused(number, "已经终止", "it has ended already")
    row.ended_at, row.ended_by = now, dict(actor.as_json())
    session.flush()
    event = Event(new_event_id(now), EventKind.STOPPED, row.id, actor, now, purpose="audit", detail={"order": number})
    return record(session, event, open_subject(session, wrapper, row.id), promiser)


def order_by_number(session: Session, wrapper: KeyWrapper, number: str) -> AuditOrder:
    """Return an order; raises OrderUnknown."""
    # Half a character or a zero byte is no text for the database.
    row = queries.order_by_number(session, number) if number.isprintable() else None
    if row is None:
        raise OrderUnknown(number if number.isprintable() else "?")
    return _opened(session, wrapper, row)


def order_by_token(session: Session, wrapper: KeyWrapper, token: str | None) -> AuditOrder | None:
    """Return the order whose token this is; the look-up is by digest, so an index probe tells nothing of a token."""
    if token is None or not token.startswith(TOKEN_PREFIX):
        return None
    row = queries.order_by_token(session, _digest(token))
    return None if row is None else _opened(session, wrapper, row)


def orders(session: Session, wrapper: KeyWrapper) -> Sequence[AuditOrder]:
    """Return all orders, the newest first."""
    return [_opened(session, wrapper, row) for row in queries.orders(session)]


def _check(
    session: Session, number: str, scope: Scope, begin: datetime, end: datetime, actor: Actor, now: datetime
) -> None:
    if not (number.strip() == number and 0 < len(number) <= _LONGEST and number.isprintable()):
        raise OrderMalformed("number")
    if not (scope.value.strip() == scope.value and 0 < len(scope.value) <= _LONGEST and scope.value.isprintable()):
        raise OrderMalformed("scope")
    if begin.utcoffset() is None or end.utcoffset() is None or not begin < end or end <= now:
        raise OrderMalformed("end")
    if actor.kind != "person" or ORDER_KEEPER not in actor.roles:
        raise OrderMalformed("actor")
    if queries.order_by_number(session, number) is not None:
        raise OrderExists(number)


def _held(session: Session, number: str) -> AuditOrderRow:
    row = queries.order_for_update(session, number) if number.isprintable() else None
    if row is None:
        raise OrderUnknown(number if number.isprintable() else "?")
    return row


def _opened(session: Session, wrapper: KeyWrapper, row: AuditOrderRow) -> AuditOrder:
    keys = open_subject(session, wrapper, row.id)
    scope: dict[str, Any] = canonical.loads(envelope.decrypt(keys.document, row.scope, _CONTEXT + row.id.bytes))
    return _order(row, Scope(scope["kind"], scope["value"]))


def _order(row: AuditOrderRow, scope: Scope) -> AuditOrder:
    return AuditOrder(
        id=row.id,
        number=row.number,
        scope=scope,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        entered_by=row.entered_by["id"],
        entered_at=row.entered_at,
        ended_at=row.ended_at,
    )


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
