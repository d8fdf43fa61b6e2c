"""Whom to believe about national seals: makers of seals, signers, and authorities for time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final, Literal, Protocol

from ca.judging.paths import PathReport, Usage, has_stray, validate_path
from ca.judging.trust import TrustList

Role = Literal["maker", "signer", "timestamp"]

_USAGES: Final[Mapping[Role, Usage]] = MappingProxyType(
    {"maker": "seal-maker", "signer": "seal", "timestamp": "timestamp"}
)


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
    """Judges by a trust list, which names the makers of seals and the authorities for time that are believed."""

    trust: TrustList

    def judge(self, certificate: bytes, others: Sequence[bytes], at: datetime, role: Role) -> PathReport:
        """Judge a certificate at the moment that is claimed for it, which here is a statement under a signature."""
        return validate_path(certificate, others, self.trust, at, _USAGES[role], proven=True)

    def has_stray(self, certificates: Sequence[bytes], report: PathReport) -> bool:
        """Say whether one of the certificates is neither on the path nor on the trust list, byte for byte."""
        return has_stray(certificates, report, self.trust)
