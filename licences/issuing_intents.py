"""Step 2 of issuing: the intent. All that is decided about a licence is written before anything is signed.

One transaction for a batch. What was asked for before is found under lock, by number and by case, and is not decided
again; what contradicts it is refused.
"""

import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, TypeAlias
from uuid import UUID

from sqlalchemy.orm import Session

from ledger.actor import Actor
from ledger.signing import KeyWrapper
from ledger.subjects import SubjectKeys, create_subjects, open_subjects
from licences import identifiers
from licences.catalogue import Catalogue
from licences.content import Content, new_code, seal_content
from licences.documents import sha256_text
from licences.drafts import LicenceRequest
from licences.issuing_judgement import Candidate, Judge, Sealless
from licences.issuing_plans import Memory, Plan, Repeat, Step
from licences.issuing_results import Existing, Intent, Refused
from licences.leases import Lease
from licences.signed_claims import BORN_HERE
from licences.store import intents, keys
from seals.errors import SealError
from seals.life.choosing import Denial
from seals.life.uses import Opening, Refusal, UseBook
from seals.local_time import local_date

LIST_SIZE: Final = 1 << 20
FIRST_VERSION: Final = 1

Decided: TypeAlias = "Intent | Existing | Refused"


class IntentBook:
    """Writes intents. list_size: how many licences share a status list; it never changes once one was issued."""

    def __init__(self, wrapper: KeyWrapper, catalogue: Catalogue, uses: UseBook, list_size: int = LIST_SIZE) -> None:
        self._wrapper = wrapper
        self._catalogue = catalogue
        self._uses = uses
        self._list_size = list_size

    def intend(
        self, session: Session, requests: Sequence[LicenceRequest], actor: Actor, now: datetime, lease: Lease
    ) -> list[Decided]:
        """Decide a batch in the caller's transaction, which he commits; one answer a request, in order.

        Nobody's fault stops anybody else.
        """
        judge = Judge(session, self._wrapper, self._catalogue, actor, now)
        candidates = [judge.judge(request) for request in requests]
        wanted = [found.key for found in candidates if not isinstance(found, Refused)]
        keys.lock_keys(session, wanted)
        memory = Memory(keys.known(session, wanted))
        steps = [_step(memory, found) for found in candidates]
        denied = [
            Refusal(found.denial, found.kind.code)
            for found, step in zip(candidates, steps, strict=True)
            if isinstance(found, Sealless) and isinstance(step, Refused)
        ]
        refused = self._admit(session, [step for step in steps if isinstance(step, Plan)], actor, now, denied)
        plans = [step for step in steps if isinstance(step, Plan) and step.version_id not in refused]
        writer = _Writer(session, self._wrapper, self._uses, self._list_size, actor, now, lease)
        written = writer.write(plans) if plans else {}
        return [_answer(step, written, refused) for step in steps]

    def _admit(
        self, session: Session, plans: Sequence[Plan], actor: Actor, now: datetime, before: Sequence[Refusal]
    ) -> dict[UUID, SealError]:
        """Look at the seals again, under lock, and count their uses; return what was denied now, by version.

        All that was denied, now and before, is recorded.
        """
        answers = self._uses.admit(session, [plan.candidate.use for plan in plans], now)
        denied = {plan.version_id: error for plan, error in zip(plans, answers, strict=True) if error is not None}
        late = [_refusal(plan, denied[plan.version_id]) for plan in plans if plan.version_id in denied]
        self._uses.refuse(session, [*before, *late], actor, now)
        return denied


def _step(memory: Memory, found: Candidate | Sealless | Refused) -> Step:
    match found:
        case Refused():
            return found
        case Sealless():
            return memory.answer(found)
        case Candidate():
            return memory.decide(found)


def _refusal(plan: Plan, error: SealError) -> Refusal:
    use = plan.candidate.use
    return Refusal(Denial(error, use.seal, use.grant, use.authorisation), plan.candidate.kind.code)


def _answer(step: Step, written: Mapping[UUID, Intent], denied: Mapping[UUID, SealError]) -> Decided:
    if isinstance(step, Plan):
        return Refused(denied[step.version_id]) if step.version_id in denied else written[step.version_id]
    if isinstance(step, Repeat):
        plan = step.plan
        if plan.version_id in denied:
            return Refused(denied[plan.version_id])
        return Existing(plan.version_id, plan.licence_id, plan.identifier, plan.serial, "intent")
    return step


class _Writer:
    """Writes the intents of one batch, each kind of row in one statement."""

    def __init__(
        self,
        session: Session,
        wrapper: KeyWrapper,
        uses: UseBook,
        list_size: int,
        actor: Actor,
        now: datetime,
        lease: Lease,
    ) -> None:
        self._session = session
        self._wrapper = wrapper
        self._uses = uses
        self._list_size = list_size
        self._actor = actor
        self._now = now
        self._lease = lease

    def write(self, plans: Sequence[Plan]) -> dict[UUID, Intent]:
        """Return the intents by the ids of their versions."""
        fresh = [plan for plan in plans if not plan.again]
        numbers = keys.serial_numbers(self._session, len(fresh)) if fresh else []
        self._write_licences(fresh, numbers)
        opened = self._uses.open(self._session, [_opening(plan) for plan in plans], self._actor, self._now)
        subject_keys = self._subject_keys(plans)
        made = [self._intent(plan, subject_keys[plan.licence_id], use) for plan, use in zip(plans, opened, strict=True)]
        rows = {plan.version_id: self._row(plan, intent) for plan, intent in zip(plans, made, strict=True)}
        for plan in plans:
            if plan.again:
                intents.replace_failed(self._session, _replacement(rows[plan.version_id]))
        places = self._write_versions({plan.version_id: rows[plan.version_id] for plan in fresh}, numbers)
        return {intent.version_id: intent.at(places.get(intent.version_id, intent.status_index)) for intent in made}

    def _write_licences(self, fresh: Sequence[Plan], numbers: Sequence[int]) -> None:
        """Give serials and identifiers, and write the licences."""
        year = local_date(self._now).year
        rows: list[dict[str, object]] = []
        for plan, number in zip(fresh, numbers, strict=True):
            key = plan.candidate.key
            plan.serial = f"{year}{number:09}"
            plan.identifier = identifiers.compose(key.type_code, key.issuer, plan.serial, FIRST_VERSION)
            rows.append(
                {
                    "id": plan.licence_id,
                    "type_code": key.type_code,
                    "issuer": key.issuer,
                    "serial": plan.serial,
                    "number_index": key.number_index,
                    "created_at": self._now,
                }
            )
        intents.insert_licences(self._session, rows)

    def _subject_keys(self, plans: Sequence[Plan]) -> dict[UUID, SubjectKeys]:
        fresh = [plan.licence_id for plan in plans if not plan.again]
        again = [plan.licence_id for plan in plans if plan.again]
        made = create_subjects(self._session, self._wrapper, "licence", fresh) if fresh else {}
        return made | (open_subjects(self._session, self._wrapper, again) if again else {})

    def _intent(self, plan: Plan, subject_keys: SubjectKeys, use_id: UUID) -> Intent:
        return Intent(
            version_id=plan.version_id,
            licence_id=plan.licence_id,
            identifier=plan.identifier,
            serial=plan.serial,
            version=FIRST_VERSION,
            status_index=plan.status_index,
            content=Content(plan.candidate.request, plan.candidate.issuer_name, new_code()),
            keys=subject_keys,
            seal=plan.candidate.seal,
            use=plan.candidate.use,
            seal_use_id=use_id,
            actor=self._actor,
            attempts=1,
        )

    def _row(self, plan: Plan, intent: Intent) -> dict[str, object]:
        request, key = plan.candidate.request, plan.candidate.key
        return {
            "id": intent.version_id,
            "licence_id": intent.licence_id,
            "version": intent.version,
            "identifier": intent.identifier,
            "issuer": key.issuer,
            "type_version": plan.candidate.kind.version,
            "stage": "intent",
            "source_system": key.source_system,
            "business_index": key.business_index,
            "content_index": plan.candidate.content_index,
            "payload": seal_content(intent.content, intent.version_id, intent.keys),
            "trust_level": BORN_HERE,
            "issue_date": request.issue_date,
            "valid_from": request.valid_from,
            "valid_until": request.valid_until,
            "status_index": intent.status_index,
            "code_digest": sha256_text(intent.content.code.encode("ascii")),
            "seal_use_id": intent.seal_use_id,
            "attempts": intent.attempts,
            "lease_owner": self._lease.owner,
            "lease_until": self._lease.until,
            "actor": self._actor.as_json(),
            "created_at": self._now,
        }

    def _write_versions(self, rows: Mapping[UUID, dict[str, object]], numbers: Sequence[int]) -> dict[UUID, int]:
        """Write versions under random free status indices: where a licence stands tells nobody when it was issued."""
        places: dict[UUID, int] = {}
        waiting = dict(zip(rows, numbers, strict=True))
        while waiting:
            tried = {version: self._random_index(number) for version, number in waiting.items()}
            batch = [rows[version] | {"status_index": place} for version, place in tried.items()]
            inserted = intents.insert_versions(self._session, batch)
            places |= {version: place for version, place in tried.items() if version in inserted}
            waiting = {version: number for version, number in waiting.items() if version not in inserted}
        return places

    def _random_index(self, number: int) -> int:
        # A list is left a quarter empty, so that a free index is found in a few tries to the last.
        first = number // (self._list_size * 3 // 4) * self._list_size
        return first + secrets.randbelow(self._list_size)


def _opening(plan: Plan) -> Opening:
    return Opening(plan.candidate.use, plan.version_id, plan.candidate.kind.code, plan.identifier)


_KEPT: Final = frozenset(
    {"licence_id", "version", "identifier", "issuer", "stage", "trust_level", "status_index", "attempts"}
)


def _replacement(row: Mapping[str, object]) -> dict[str, object]:
    """Return what changes in the row of a licence that failed: all but its names and its place."""
    changed = {name: value for name, value in row.items() if name not in _KEPT}
    return changed | {"actor": json.dumps(row["actor"])}
