"""What lists and responders say of one certificate, and what follows from all of it for a moment."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from ca.reading.certificate_reader import Certificate
from ca.reading.crl_reader import Revoked

Verdict = Literal["good", "revoked", "on_hold", "unknown"]

ALL_REASONS: Final = frozenset(range(1, 9))
"""The bits of ReasonFlags (RFC 5280 section 4.2.1.13), of which a list may cover some only."""
_HOLD: Final = 6
_COMPROMISE: Final = frozenset({"keyCompromise", "cACompromise", "aACompromise"})


@dataclass(frozen=True, slots=True)
class RevocationStatus:
    """What is known; `at` is when a revocation took effect."""

    verdict: Verdict
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """What one list or answer says of one certificate: an entry, or silence, which means good for what it covers.

    reasons: bits of ReasonFlags that it covers; algorithms: ids of the signatures that it stands on; number: of a list;
    expired_from: it still speaks of certificates that expired since then.
    """

    this_update: datetime
    next_update: datetime | None
    entry: Revoked | None
    reasons: frozenset[int]
    algorithms: frozenset[str]
    expired_from: datetime | None = None
    number: int | None = None

    def covers(self, certificate: Certificate, at: datetime) -> bool:
        """Say whether silence means that the certificate was good at that moment."""
        if at >= self.this_update:
            return self.next_update is not None and at <= self.next_update
        # Made later, it tells of the past, too; but an authority may drop entries once the certificate has expired.
        if certificate.not_after >= self.this_update:
            return True
        return self.expired_from is not None and certificate.not_after >= self.expired_from


def _order(said: Statement) -> tuple[datetime, bool, int, bool]:
    """Return what sorts statements, the last of which decides about a hold.

    Of two lists of the same second the number tells which came later (RFC 5280 section 5.2.3). Where nothing tells, the
    hold stands: an OCSP response has no number.
    """
    held = said.entry is not None and said.entry.reason == "certificateHold"
    return said.this_update, held and said.number is None, -1 if said.number is None else said.number, held


def _effective(entry: Revoked) -> datetime:
    # A compromise reaches back to the day the key was lost; any other reason leaves what was signed before alone.
    if entry.reason in _COMPROMISE and entry.invalidity_date is not None:
        return min(entry.at, entry.invalidity_date)
    return entry.at


def weigh(
    statements: Iterable[Statement], certificate: Certificate, at: datetime, *, dates_itself: bool = False
) -> RevocationStatus:
    """Judge a certificate by everything that is said of it.

    dates_itself: the key dates what it signs (a timestamp authority, an OCSP responder). A compromised one can name any
    time, so nothing of it counts, whatever time it names (RFC 3161 section 4, which treats a missing reason as the worst).
    Source: RFC 5280 section 6.3.3, for a moment instead of the present
    """
    covered: frozenset[int] = frozenset()
    held: datetime | None = None
    for said in sorted(statements, key=_order):
        entry = said.entry
        if _HOLD in said.reasons:
            held = None  # the newest word decides about a hold, which may be lifted again
        if entry is None:
            covered |= said.reasons if said.covers(certificate, at) else frozenset()
        elif entry.reason == "certificateHold":
            held, covered = (entry.at, covered) if at >= entry.at else (held, covered | said.reasons)
        elif at >= _effective(entry) or (dates_itself and (entry.reason is None or entry.reason in _COMPROMISE)):
            return RevocationStatus("revoked", _effective(entry))
        else:
            covered |= said.reasons
    if held is not None:
        return RevocationStatus("on_hold", held)
    return RevocationStatus("good" if covered == ALL_REASONS else "unknown")
