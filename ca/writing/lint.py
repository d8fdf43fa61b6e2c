"""Look at a certificate before it is signed, clause by clause, as a second person would.

The rules know nothing of the writer: they read the bytes that are about to be signed and hold them against the
standards and the profile. Each clause has a test that plants its fault.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ca.errors import DerInvalid
from ca.reading.certificate_reader import Certificate
from ca.writing.lint_draft import Draft, Rule, read_draft
from ca.writing.lint_extensions import EXTENSION_RULES
from ca.writing.lint_fields import FIELD_RULES
from ca.writing.lint_purposes import PURPOSE_RULES
from ca.writing.profiles import Profile

RULES: Final[tuple[Rule, ...]] = (*FIELD_RULES, *EXTENSION_RULES, *PURPOSE_RULES)
SHAPE: Final = "RFC 5280 4.1"


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault: the clause that it breaks, and what is wrong."""

    clause: str
    message: str


def lint(tbs: bytes, profile: Profile, issuer: Certificate | None) -> tuple[Finding, ...]:
    """Return every fault of a TBSCertificate (DER); empty if it may be signed.

    issuer: whose key is to sign, None for a root that signs itself.
    """
    try:
        draft = read_draft(tbs, profile, issuer)
    except DerInvalid as fault:
        return (Finding(SHAPE, fault.reason),)
    return tuple(Finding(rule.clause, message) for rule in RULES for message in _messages(rule, draft))


def _messages(rule: Rule, draft: Draft) -> Iterator[str]:
    try:
        yield from rule.check(draft)
    except DerInvalid as fault:
        yield fault.reason
