"""What an auditor asks about, as chains of the ledger: whole ones, and a term that leads to single events of others."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from ledger.provenance.errors import TraceTooLong
from ledger.provenance.orders import Scope
from ledger.provenance.terms import TermKind
from ledger.signing import KeyWrapper
from licences.blind_index import business_index, holder_index
from licences.codes import ORGANISATION_CODE_TYPES
from licences.issuing_errors import LicenceUnknown
from licences.store import auditing, reading
from licences.verification.errors import MomentUnclear
from seals import store as seals
from seals.errors import SealUnknown
from seals.local_time import CHINA
from seals.models import SealRow

_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
MOST_CHAINS: Final = 2_000
"""So many whole chains make one answer; beyond, a period or a single licence is asked for."""


@dataclass(frozen=True, slots=True)
class Covered:
    """What a question is about.

    `unit`: the department that the licence or seal belongs to, None for other questions; `whole`: the subjects whose
    whole chains are asked for; `term`: by what single events of others are found.
    """

    unit: str | None
    whole: tuple[UUID, ...]
    term: tuple[TermKind, str] | None = None


def covered(
    session: Session,
    wrapper: KeyWrapper,
    scope: Scope,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    issued: bool = False,
) -> Covered:
    """Return what a question is about; `issued`: of a department, the whole chains of the licences it issued too.

    Raises LicenceUnknown, SealUnknown, TraceTooLong.
    """
    # PostgreSQL takes no zero byte, and nothing that is asked for has one.
    if not scope.value.isprintable():
        raise LicenceUnknown(identifier="?")
    limit = MOST_CHAINS + 1
    match scope.kind:
        case "licence":
            version = reading.version_by_identifier(session, scope.value)
            if version is None or version.stage != "active":
                raise LicenceUnknown(identifier=scope.value)
            return Covered(version.issuer, (version.licence_id,))
        case "seal":
            rows = _generations(session, scope.value)
            return Covered(rows[0].organisation, tuple(row.id for row in rows))
        case "department":
            found = auditing.licences_issued(session, scope.value, since, until, limit) if issued else ()
            return Covered(None, _bounded(found), ("unit", scope.value))
        case "organisation":
            indexes = [holder_index(wrapper, kind, scope.value) for kind in sorted(ORGANISATION_CODE_TYPES)]
            held = auditing.licences_held(session, indexes, limit)
            return Covered(None, _bounded(held), ("unit", scope.value))
        case "case":
            decided = auditing.licences_of_case(session, business_index(wrapper, scope.value), limit)
            return Covered(None, _bounded(decided), ("case", scope.value))


def _bounded(found: Collection[UUID]) -> tuple[UUID, ...]:
    if len(found) > MOST_CHAINS:
        raise TraceTooLong(MOST_CHAINS)
    return tuple(dict.fromkeys(found))


def _generations(session: Session, name: str) -> list[SealRow]:
    """Return a seal and those that it replaced, the newest first, by its number or its id."""
    try:
        row = seals.seal_by_id(session, UUID(name))
    except ValueError:
        row = seals.newest_by_code(session, name)
    if row is None:
        raise SealUnknown(name)
    found = [row]
    while row.replaces is not None and (before := seals.seal_by_id(session, row.replaces)) is not None:
        found.append(before)
        row = before
    return found


def labels(session: Session, subjects: Collection[UUID]) -> Mapping[UUID, tuple[str, ...]]:
    """Return what people call these subjects: the identifiers of a licence, the number and name of a seal."""
    found = dict(auditing.identifiers(session, subjects))
    for row in seals.seals_by_id(session, set(subjects) - found.keys()):
        found[row.id] = (row.code, row.name)
    return found


def begin_of(text: str) -> datetime:
    """Read when a period begins: a moment with its zone, or a date: 00:00 of that day in China. Raises MomentUnclear."""
    return _moment(text, days=0)


def end_of(text: str) -> datetime:
    """Read when a period ends: a moment, itself not in it, or a date: that day is in it. Raises MomentUnclear."""
    return _moment(text, days=1)


def _moment(text: str, days: int) -> datetime:
    try:
        if _DATE.fullmatch(text):
            day = date.fromisoformat(text) + timedelta(days=days)
            return datetime.combine(day, time(), CHINA).astimezone(UTC)
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise MomentUnclear(value=text[:40])
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise MomentUnclear(value=text[:40]) from None
