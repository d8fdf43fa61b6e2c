"""What `POST /v1/licences` takes: strict shapes at the edge, domain dataclasses behind it."""

from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from ledger.actor import Uscc
from licences.drafts import Decision, Holder, LicenceRequest

Text = Annotated[str, Field(min_length=1, max_length=300)]
Code = Annotated[str, Field(min_length=1, max_length=40)]
# Dates come as text in JSON; strict mode would ask for a date object.
Day = Annotated[date, Field(strict=False)]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class HolderIn(_Strict):
    """One holder of the licence (持证主体)."""

    name: Text
    code: Code
    code_type: Annotated[str, Field(pattern=r"^[0-9]{3}$", description="GB/T 36903 annex A, for example 001 or 111")]
    role: Code = "holder"
    share: Annotated[str, Field(max_length=12)] | None = None


class DecisionIn(_Strict):
    """The case decision that releases the licence: it is the second pair of eyes."""

    number: Text
    officer: Code
    case: Text
    item: Text


class LicenceIn(_Strict):
    """A licence to be issued on a decision."""

    type: Annotated[Code, Field(description="type slug or 21-character type code")]
    issuer: Annotated[str, Field(pattern=r"^[0-9A-Z]{18}$")]
    number: Text
    holders: Annotated[list[HolderIn], Field(min_length=1, max_length=200)]
    fields: dict[str, Any]
    issue_date: Day
    valid_from: Day | None = Field(None, description="the issue date where it is not given")
    valid_until: Day | None = Field(None, description="last local day, inclusive; null means 长期")
    business_number: Annotated[str, Field(min_length=1, max_length=120)]
    decision: DecisionIn

    def request(self, type_code: str) -> LicenceRequest:
        """Return the domain request; `type_code` is what the catalogue made of `type`."""
        return LicenceRequest(
            type_code=type_code,
            issuer=Uscc(self.issuer),
            number=self.number,
            holders=tuple(Holder(h.name, h.code, h.code_type, h.role, h.share) for h in self.holders),
            fields=self.fields,
            issue_date=self.issue_date,
            valid_from=self.valid_from or self.issue_date,
            valid_until=self.valid_until,
            business_number=self.business_number,
            decision=Decision(self.decision.number, self.decision.officer, self.decision.case, self.decision.item),
        )


class DocumentOut(BaseModel):
    """One rendition: where it is, its document digest and its file digest."""

    href: str
    media_type: str
    digest: str
    sha256: str
    size: int


class LicenceOut(BaseModel):
    """A sealed licence."""

    identifier: str
    serial: str
    version: int
    type: str
    issuer: str
    issued_at: str
    valid_from: date
    valid_until: date | None
    repeated: bool = Field(description="true where this licence had been issued before and nothing was done")
    documents: dict[str, DocumentOut]
    proof: str = Field(description="where the .tlog-proof is, within a second of issuing")
    promise: str | None = Field(description="our signed promise of an entry in the ledger")
