"""status.validity: whether the day asked about lies in the licence's own period, inclusive, counted in China."""

from typing import Final

from licences.verification.case import Case
from licences.verification.check import Check, Finding
from licences.verification.codes import NOT_APPLICABLE, Code
from licences.verification.report import JSON
from seals.local_time import local_date

NOT_YET_VALID: Final = Code(
    "NOT_YET_VALID",
    "failed",
    "licence.not_yet_valid",
    "该证照在所问的日期尚未生效",
    "this licence was not yet valid on the day asked about",
)
EXPIRED: Final = Code("EXPIRED", "failed", "licence.expired", "该证照已过有效期", "this licence has expired")


def _run(case: Case) -> Finding:
    validity = case.validity
    if validity is None:
        return Finding(NOT_APPLICABLE)
    day = local_date(case.request.as_of)
    evidence: dict[str, JSON] = {
        "day": day.isoformat(),
        "valid_from": validity.valid_from.isoformat(),
        "valid_until": None if validity.valid_until is None else validity.valid_until.isoformat(),
    }
    if day < validity.valid_from:
        return Finding(NOT_YET_VALID, evidence)
    # Valid to the end of the last day; without one for good (长期). A right's own term is content, not validity.
    if validity.valid_until is not None and day > validity.valid_until:
        return Finding(EXPIRED, evidence)
    return Finding(evidence=evidence)


CHECK: Final = Check(
    id="status.validity",
    zh="所问的日期是否在证照有效期内",
    en="Does the day asked about lie in the licence's period?",
    passed_zh="在有效期内",
    passed_en="it lies in the licence's period",
    # A document from the future says that this machine's clock is wrong, and with it the day asked about.
    depends_on=("integrity.signature", "content.embedded", "time.signing"),
    codes=(NOT_YET_VALID, EXPIRED),
    run=_run,
)
