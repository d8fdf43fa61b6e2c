"""content.record: whether the issuer's register holds exactly this document."""

from typing import Final

from licences.verification.case import Case
from licences.verification.check import Check, Finding
from licences.verification.codes import NOT_APPLICABLE, Advice, Code
from licences.verification.report import JSON
from licences.verification.sources import Absent, Record, Unavailable

NOT_IN_RECORD: Final = Code(
    "NOT_IN_RECORD",
    "failed",
    "licence.not_in_record",
    "签发机关登记的是另一份文件，与此文件不一致",
    "the issuer's register holds another document under this identifier",
)
NOT_ISSUED: Final = Code(
    "NOT_ISSUED",
    "failed",
    "licence.not_issued",
    "该证照没有签发成功，不能使用",
    "this licence was never issued",
)
RECORD_DIFFERS: Final = Code(
    "RECORD_DIFFERS",
    "failed",
    "licence.record_differs",
    "证照内容与签发机关的登记不一致",
    "the contents differ from the issuer's record",
)
BEING_ISSUED: Final = Code(
    "BEING_ISSUED",
    "not_run",
    "licence.being_issued",
    "该证照正在签发，尚未完成",
    "this licence is still being issued",
    Advice.RETRY,
)
NOT_FOUND: Final = Code(
    "NOT_FOUND",
    "not_run",
    "licence.not_found",
    "本平台没有这份证照的登记：可能由其他平台签发、尚未电子化，或标识有误",
    "this register does not hold it: another platform may have issued it, it may not be digitised, or the identifier is wrong",
    Advice.ASK_ISSUER,
)
REGISTER_UNREACHABLE: Final = Code(
    "REGISTER_UNREACHABLE",
    "not_run",
    "service.register_unreachable",
    "暂时查不到签发机关的登记",
    "the issuer's register cannot be reached at present",
    Advice.RETRY,
)


_NEVER_LICENCES: Final = frozenset({"ses-seal", "ses-signature"})


def _run(case: Case) -> Finding:
    if case.examined.form in _NEVER_LICENCES:
        return Finding(NOT_APPLICABLE)
    match case.record:
        case Absent.NO_SOURCE:
            return Finding(NOT_APPLICABLE)
        case Unavailable(reason):
            return Finding(REGISTER_UNREACHABLE, {"reason": reason})
        case Record() as record:
            return _compare(case, record)
        case _:
            return Finding(NOT_FOUND)


def _compare(case: Case, record: Record) -> Finding:
    evidence: dict[str, JSON] = {"identifier": record.identifier}
    if record.stage != "active":
        return Finding(BEING_ISSUED if record.stage == "intent" else NOT_ISSUED, evidence)
    lookup = case.examined.lookup
    by_code = lookup is not None and lookup.digest is None
    if not by_code and not case.recorded:
        return Finding(NOT_IN_RECORD, evidence)
    differing = _differences(case, record)
    return Finding(RECORD_DIFFERS, {**evidence, "fields": differing}) if differing else Finding(evidence=evidence)


def _differences(case: Case, record: Record) -> list[JSON]:
    """Name what the document says otherwise than the register. The digest covers it all: this is the second lock."""
    licence, lookup = case.licence, case.examined.lookup
    if lookup is not None and lookup.identifier not in {None, record.identifier}:
        return ["identifier"]
    if licence is None:
        return []
    names = ("identifier", "type_code", "issuer_code", "issue_date", "valid_from", "valid_until")
    return [name for name in names if getattr(licence, name) != getattr(record, name)]


CHECK: Final = Check(
    id="content.record",
    zh="签发机关登记的是否就是这份文件",
    en="Does the issuer's register hold exactly this document?",
    passed_zh="与签发机关的登记一致",
    passed_en="it agrees with the issuer's record",
    depends_on=("integrity.format",),
    codes=(NOT_IN_RECORD, NOT_ISSUED, RECORD_DIFFERS, BEING_ISSUED, NOT_FOUND, REGISTER_UNREACHABLE),
    run=_run,
)
