"""Check national seals and signature values in the standard's order, ending where it ends.

Source: GB/T 38540-2020, the verification of seals and of signatures
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from ca.judging.paths import PathReport
from seals.ses.format import format_of_seal, format_of_signature
from seals.ses.reader import SesSeal, SesSignature
from seals.ses.steps import (
    PASSED,
    Check,
    Finding,
    SesJudgement,
    Step,
    failed,
    of_path,
    run,
    shown,
    undecided,
)
from seals.ses.timestamp import judge_timestamp
from seals.ses.trust import Paths

__all__ = ["SesJudgement", "Step", "check_seal", "check_signature"]

_OF_THE_TIME: Final = frozenset({"expired", "not_yet_valid", "revoked", "on_hold", "revocation_unknown"})
"""What the standard asks of the signer in a step of its own, after the chain and the usage."""


def check_seal(seal: SesSeal, *, paths: Paths, at: datetime) -> SesJudgement:
    """Check a seal: format, signature, the maker's certificate when the seal was made, and its period at a moment.

    at: UTC, the moment for which the seal is asked.
    """
    return SesJudgement(run(_seal_checks(seal, paths, lambda: at)), at)


def check_signature(signature: SesSignature, *, paths: Paths, documents: Mapping[str, bytes] | None) -> SesJudgement:
    """Check a signature value, then the seal in it at the signing time.

    documents: what may have been signed, by `property_info` as it stands there; None where it is not at hand, so that
    its digest cannot be compared.
    """
    examined = _Examination(signature, paths, documents)
    of_seal = _seal_checks(signature.seal, paths, lambda: examined.moment)
    steps = run(
        (
            ("format", lambda: format_of_signature(signature)),
            ("signature", lambda: _signature(signature)),
            ("timestamp", examined.timestamp),
            ("signer_certificate", examined.signer_certificate),
            ("time", examined.time),
            ("document", examined.document),
            *((f"seal.{name}", check) for name, check in of_seal),
            ("seal.signer", examined.signer),
        )
    )
    return SesJudgement(steps, examined.moment, examined.proven)


def _seal_checks(seal: SesSeal, paths: Paths, at: Callable[[], datetime | None]) -> tuple[Check, ...]:
    return (
        ("format", lambda: format_of_seal(seal)),
        ("signature", lambda: _signature(seal)),
        ("timestamp", lambda: judge_timestamp(seal, seal.created, paths).finding),
        ("maker_certificate", lambda: of_path(paths.judge(seal.maker_certificate, (), seal.created, "maker"))),
        ("period", lambda: _period(seal, at())),
    )


def _signature(signed: SesSeal | SesSignature) -> Finding:
    return PASSED if signed.signature_valid() else failed("integrity.signature")


def _period(seal: SesSeal, at: datetime | None) -> Finding:
    if at is None:
        return undecided("time.unreadable")
    if at < seal.valid_from:
        return failed("time.seal_not_yet_valid", f"{at:%Y-%m-%d %H:%M:%S} before {seal.valid_from:%Y-%m-%d %H:%M:%S}")
    if at > seal.valid_until:
        return failed("time.seal_expired", f"{at:%Y-%m-%d %H:%M:%S} after {seal.valid_until:%Y-%m-%d %H:%M:%S}")
    return PASSED


class _Examination:
    """The steps of a signature that rest on each other.

    moment: when it was signed, by the timestamp if there is one that holds, else as claimed; proven: which of the two.
    """

    def __init__(self, signature: SesSignature, paths: Paths, documents: Mapping[str, bytes] | None) -> None:
        self._signature = signature
        self._paths = paths
        self._documents = documents
        self._report: PathReport | None = None
        self.moment = signature.signed_at
        self.proven = False

    def timestamp(self) -> Finding:
        stamp = judge_timestamp(self._signature, self._signature.signed_at, self._paths)
        if stamp.moment is not None:
            self.moment, self.proven = stamp.moment, True
        return stamp.finding

    def signer_certificate(self) -> Finding:
        """Judge chain and usage; what depends on the time is the next step's."""
        if self.moment is None:
            return undecided("time.unreadable")
        self._report = self._paths.judge(self._signature.certificate, (), self.moment, "signer")
        return PASSED if self._leaf_and_time(self._report) else of_path(self._report)

    def time(self) -> Finding:
        """Judge the period, and the revocation before the signing, of the signer's certificate."""
        if self._report is None:
            return undecided("time.unreadable")
        # A path that could not be judged says nothing of the times of its leaf.
        if not self._leaf_and_time(self._report) and self._report.outcome != "passed":
            return undecided("trust.path_undecided")
        return of_path(self._report)

    @staticmethod
    def _leaf_and_time(report: PathReport) -> bool:
        return report.reason in _OF_THE_TIME and report.position == 0

    def document(self) -> Finding:
        if self._documents is None:
            return undecided("integrity.document_absent", shown(self._signature.property_info))
        document = self._documents.get(self._signature.property_info)
        if document is None:
            return failed("integrity.document_other", shown(self._signature.property_info))
        return PASSED if self._signature.covers(document) else failed("integrity.document")

    def signer(self) -> Finding:
        """Compare the signer's certificate with those that the seal names, bit for bit: the seal is nobody else's."""
        named = self._signature.seal.names_signer(self._signature.certificate)
        return PASSED if named else failed("trust.signer_not_named")
