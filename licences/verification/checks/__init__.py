"""Every check that exists, in the order of the report: a check stands after those it rests on."""

from typing import Final

from ledger.errors import Language
from licences.verification.check import Check
from licences.verification.checks import (
    content_embedded,
    content_record,
    coverage_whole_file,
    integrity_canonical,
    integrity_disclosures,
    integrity_document,
    integrity_format,
    integrity_limits,
    integrity_seal,
    integrity_signature,
    ledger_anchor,
    ledger_inclusion,
    ledger_witnesses,
    status_revocation,
    status_validity,
    time_archive,
    time_seal_period,
    time_signing,
    time_timestamp,
    trust_algorithm,
    trust_path,
    trust_revocation,
    trust_seal,
    trust_seal_maker,
    trust_seal_register,
)
from licences.verification.report import CheckResult

CHECKS: Final[tuple[Check, ...]] = (
    integrity_limits.CHECK,
    integrity_format.CHECK,
    integrity_signature.CHECK,
    integrity_document.CHECK,
    integrity_seal.CHECK,
    integrity_canonical.CHECK,
    integrity_disclosures.CHECK,
    coverage_whole_file.CHECK,
    content_embedded.CHECK,
    content_record.CHECK,
    trust_path.CHECK,
    trust_revocation.CHECK,
    trust_algorithm.CHECK,
    trust_seal.CHECK,
    trust_seal_maker.CHECK,
    trust_seal_register.CHECK,
    time_timestamp.CHECK,
    time_signing.CHECK,
    time_seal_period.CHECK,
    time_archive.CHECK,
    status_revocation.CHECK,
    status_validity.CHECK,
    ledger_inclusion.CHECK,
    ledger_witnesses.CHECK,
    ledger_anchor.CHECK,
)
BY_ID: Final = {check.id: check for check in CHECKS}


def message_of(row: CheckResult, language: Language) -> str:
    """Return what a row says, in words; a code of a newer version than ours is shown as it is."""
    check = BY_ID.get(row.id)
    if check is None:
        return row.code or row.outcome
    if row.code is None:
        return check.passed_zh if language == "zh" else check.passed_en
    try:
        return check.code(row.code).message(language)
    except KeyError:
        return row.code
