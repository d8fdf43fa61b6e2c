"""May this request become a licence? Its content, its issuer, and a seal that is granted for it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from sqlalchemy.orm import Session

from ledger.actor import Actor
from ledger.errors import DomainError
from ledger.signing import KeyWrapper
from licences import blind_index
from licences.catalogue import Catalogue
from licences.drafts import LicenceRequest
from licences.faults import FieldFault, errors
from licences.fields import check
from licences.issuing_errors import RequestFaulty
from licences.issuing_results import Refused
from licences.licence_type import LicenceType
from licences.store.keys import Key
from seals import store as seal_store
from seals.errors import OrganisationUnknown
from seals.life.choosing import Choice, Denial, choose_seal
from seals.life.grants import Seal, Use
from seals.local_time import local_date
from seals.models import OrganisationRow

_NOT_JSON: Final = FieldFault(
    "fields", "fields.not_json", "内容无法表示为 JSON", "the content cannot be written as JSON"
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A request without faults, and what it will be sealed with."""

    request: LicenceRequest
    kind: LicenceType
    key: Key
    content_index: bytes
    seal: Seal
    use: Use
    issuer_name: str


@dataclass(frozen=True, slots=True)
class Sealless:
    """A request without faults for which no seal may be used now: all it can be is the repeat of an earlier one."""

    kind: LicenceType
    key: Key
    content_index: bytes
    denial: Denial


class Judge:
    """Looks at one request after the other; what is common to a batch is looked up once."""

    def __init__(
        self, session: Session, wrapper: KeyWrapper, catalogue: Catalogue, actor: Actor, now: datetime
    ) -> None:
        self._session = session
        self._wrapper = wrapper
        self._catalogue = catalogue
        self._actor = actor
        self._now = now
        self._today = local_date(now)
        self._names: dict[str, Sequence[OrganisationRow]] = {}
        self._seals: dict[tuple[str, str], Choice | Denial] = {}

    def judge(self, request: LicenceRequest) -> Candidate | Sealless | Refused:
        """Return the request ready to be written, or why it is turned down."""
        try:
            return self._candidate(request)
        except DomainError as error:
            return Refused(error)

    def _candidate(self, request: LicenceRequest) -> Candidate | Sealless:
        kind = self._catalogue.type(request.type_code)
        faults = errors(check(kind, request, today=self._today))
        if faults:
            raise RequestFaulty(faults=tuple(faults))
        request = replace(request, type_code=kind.code)
        try:
            content_index = blind_index.content_index(self._wrapper, request)
            key = self._key(kind, request)
        except (TypeError, ValueError):
            raise RequestFaulty(faults=(_NOT_JSON,)) from None
        issuer_name = self._issuer_name(request.issuer, request.issue_date)
        chosen = self._seal(request.issuer, kind)
        if isinstance(chosen, Denial):
            return Sealless(kind, key, content_index, chosen)
        return Candidate(request, kind, key, content_index, chosen.seal, chosen.use, issuer_name)

    def _key(self, kind: LicenceType, request: LicenceRequest) -> Key:
        return Key(
            type_code=kind.code,
            issuer=request.issuer,
            number_index=blind_index.number_index(self._wrapper, request.number),
            source_system=self._actor.id,
            business_index=blind_index.business_index(self._wrapper, request.business_number),
        )

    def _issuer_name(self, issuer: str, day: date) -> str:
        """Return the issuer's name on a day; its few names are fetched once, and rows bear any number of days."""
        if issuer not in self._names:
            self._names[issuer] = seal_store.organisation_names(self._session, issuer)
        for row in reversed(self._names[issuer]):
            if row.valid_from <= day and (row.valid_to is None or day <= row.valid_to):
                return row.name
        raise OrganisationUnknown(uscc=issuer)

    def _seal(self, issuer: str, kind: LicenceType) -> Choice | Denial:
        place = (issuer, kind.code)
        if place not in self._seals:
            self._seals[place] = choose_seal(
                self._session,
                organisation=issuer,
                licence_type=kind.code,
                kind=kind.seal.kind,
                actor=self._actor,
                now=self._now,
            )
        return self._seals[place]
