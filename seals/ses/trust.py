"""Whom to believe about national seals: makers of seals, signers, and authorities for time."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, Literal, Protocol

from ca.judging.path_reasons import REASONS
from ca.judging.paths import PathReport, has_stray, validate_path
from ca.judging.trust import TrustList

Role = Literal["maker", "signer", "timestamp"]

_NOT_LISTED: Final = "not_listed"


class Paths(Protocol):
    """Judges certificates for the checks of seals."""

    def judge(self, certificate: bytes, others: Sequence[bytes], at: datetime, role: Role) -> PathReport:
        """Judge a certificate (DER) in a role at a moment; others: DER, in any order and not trusted."""
        ...

    def has_stray(self, certificates: Sequence[bytes], report: PathReport) -> bool:
        """Say whether one of the certificates beside a timestamp is protected by nothing, and could be changed."""
        ...


@dataclass(frozen=True, slots=True)
class TrustPaths:
    """Judges by a trust list.

    makers: certificates (DER) of those who may make seals. They must be named: whoever has a seal could otherwise make
    himself another in anybody's name, and his certificate lead to the same root.
    """

    trust: TrustList
    makers: frozenset[bytes] = field(repr=False)

    def judge(self, certificate: bytes, others: Sequence[bytes], at: datetime, role: Role) -> PathReport:
        """Judge a certificate at the moment that is claimed for it, which here is a statement under a signature."""
        usage: Literal["timestamp", "seal"] = "timestamp" if role == "timestamp" else "seal"
        report = validate_path(certificate, others, self.trust, at, usage, proven=True)
        if role == "maker" and report.outcome != "failed" and certificate not in self.makers:
            reason = REASONS[_NOT_LISTED]
            return replace(
                report,
                outcome=reason.outcome,
                indication=reason.indication,
                sub_indication=reason.sub_indication,
                reason=_NOT_LISTED,
            )
        return report

    def has_stray(self, certificates: Sequence[bytes], report: PathReport) -> bool:
        """Say whether one of the certificates is neither on the path nor on the trust list, byte for byte."""
        return has_stray(certificates, report, self.trust)
