"""Has it been asked for before? A repeat is told apart from a contradiction, and what failed may come again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias
from uuid import UUID, uuid4

from licences.issuing_errors import LicenceConflict
from licences.issuing_judgement import Candidate, Sealless
from licences.issuing_results import Existing, Refused
from licences.store.keys import Known


@dataclass(slots=True)
class Plan:
    """A licence to be; `again` when it takes the place of one that came to nothing, with its names."""

    candidate: Candidate
    licence_id: UUID
    version_id: UUID
    serial: str = ""
    identifier: str = ""
    status_index: int = -1
    again: bool = False


@dataclass(frozen=True, slots=True)
class Repeat:
    """The same request again within one batch."""

    plan: Plan


Step: TypeAlias = "Plan | Repeat | Existing | Refused"


class Memory:
    """What has been asked for before: earlier, or in this very batch."""

    def __init__(self, known: Sequence[Known]) -> None:
        self._by_number: dict[tuple[str, str, bytes], Known | Plan] = {found.natural: found for found in known}
        self._by_case: dict[tuple[str, str, bytes], Known | Plan] = {
            found.business: found for found in known if found.stage != "failed"
        }

    def answer(self, asked: Sealless) -> Existing | Refused:
        """Return what was issued to the same asker for the same request; anything else needs a seal."""
        before = self._by_number.get(asked.key.natural)
        if isinstance(before, Known) and before.stage != "failed":
            known = before.business, before.content_index
            if known == (asked.key.business, asked.content_index):
                return _existing(before)
        return Refused(asked.denial.error)

    def decide(self, candidate: Candidate) -> Step:
        """Return what becomes of a candidate, and remember it for the rest of the batch."""
        before = self._by_number.get(candidate.key.natural)
        failed = isinstance(before, Known) and before.stage == "failed"
        if before is not None and not failed:
            return _repeat(candidate, before)
        case = self._by_case.get(candidate.key.business)
        if case is not None:
            return Refused(LicenceConflict(taken="business_number", identifier=case.identifier))
        plan = Plan(candidate, uuid4(), uuid4())
        if failed:
            assert isinstance(before, Known)
            plan = Plan(
                candidate,
                before.licence_id,
                before.version_id,
                before.serial,
                before.identifier,
                before.status_index,
                again=True,
            )
        self._by_number[candidate.key.natural] = self._by_case[candidate.key.business] = plan
        return plan


def _repeat(candidate: Candidate, before: Known | Plan) -> Repeat | Existing | Refused:
    content_index = before.content_index if isinstance(before, Known) else before.candidate.content_index
    if content_index != candidate.content_index:
        # Handing back the old licence would hide that two different ones carry one number.
        return Refused(LicenceConflict(taken="number", identifier=before.identifier))
    if isinstance(before, Plan):
        return Repeat(before)
    return _existing(before)


def _existing(before: Known) -> Existing:
    stage: Literal["intent", "active"] = "active" if before.stage == "active" else "intent"
    return Existing(before.version_id, before.licence_id, before.identifier, before.serial, stage)
