"""Judge a certificate's path to an anchor of the trust list, at a moment and for a use.

The path rules are RFC 5280 section 6.1 for what our profiles hold: names, signatures, validity, basic constraints, path
length, key usage, critical extensions, revocation. A certificate with a critical extension beyond those is refused.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import pairwise
from typing import Final, Literal

from ca import oids, signatures
from ca.certificate_reader import Certificate, read_certificate
from ca.errors import CertificateInvalid
from ca.path_reasons import REASONS, Indication, Outcome
from ca.revocation_status import revocation_status
from ca.trust import TrustList, algorithm_allowed
from ledger.errors import Language

Usage = Literal["seal", "timestamp", "status", "receipt"]

_MAX_DEPTH: Final = 8
_MAX_PATHS: Final = 32
_MAX_OFFERED: Final = 16
"""Certificates that a stranger offers and we look at: each may cost a signature check at each of the steps."""
_UNDERSTOOD: Final = frozenset({oids.BASIC_CONSTRAINTS, oids.KEY_USAGE, oids.EXTENDED_KEY_USAGE})
_KEY_USAGE: Final[dict[Usage, frozenset[str]]] = {
    "seal": frozenset({"digitalSignature", "nonRepudiation"}),
    "timestamp": frozenset({"digitalSignature"}),
    "status": frozenset({"digitalSignature"}),
    "receipt": frozenset({"digitalSignature"}),
}


@dataclass(frozen=True, slots=True)
class PathReport:
    """The judgement of one path.

    reason: a code of `path_reasons.REASONS`; certificate: the subject it is about; chain: DER, leaf first, anchor last,
    empty where none was found; revocation: of all certificates below the anchor.
    """

    outcome: Outcome
    indication: Indication
    sub_indication: str | None
    reason: str
    certificate: str | None
    chain: tuple[bytes, ...]
    revocation: Literal["good", "revoked", "unknown"]
    revoked_at: datetime | None = None

    def message(self, language: Language = "en") -> str:
        """Return the reason as a sentence."""
        reason = REASONS[self.reason]
        return reason.zh if language == "zh" else reason.en


Path = tuple[Certificate, ...]


@dataclass(frozen=True, slots=True)
class _Question:
    trust: TrustList
    at: datetime
    usage: Usage
    proven: bool


def validate_path(
    leaf: bytes,
    intermediates: Sequence[bytes],
    trust: TrustList,
    at: datetime,
    usage: Usage,
    *,
    proven: bool = False,
) -> PathReport:
    """Judge the path of a certificate; never raises on bad input.

    leaf, intermediates: DER, the latter in any order and not trusted, the first 16 counting; at: the moment in question, UTC; proven: whether
    something independent proves that the certificate was used at that moment. It only decides whether a certificate
    outside its period is wrong (`EXPIRED`, `NOT_YET_VALID`) or merely cannot be judged (`OUT_OF_BOUNDS_NO_POE`): it may
    have been used within it, and this machine's clock be slow.
    Source: RFC 5280 section 6.1; indications: ETSI EN 319 102-1 clause 5.2.6
    """
    try:
        end = read_certificate(leaf)
    except CertificateInvalid:
        return _report("unreadable", None, ())
    question = _Question(trust, at, usage, proven)
    best = _report("no_chain", end, ())  # else the first path's fault, unless another path is good
    for path in _paths(end, intermediates, trust):
        report = _judge(path, question)
        if report.outcome == "passed":
            return report
        if not best.chain:
            best = report
    return best


def has_stray(certificates: Sequence[bytes], report: PathReport, trust: TrustList) -> bool:
    """Say whether one of the certificates (DER) is neither on the judged path nor on the trust list, byte for byte.

    Certificates beside a signature lie under none, and an ECDSA signature has a second spelling: such a one could be
    changed by anybody. An authority's earlier certificate that the trust list still names is none.
    """
    return not set(certificates) <= {*report.chain, *trust.anchors, *trust.intermediates}


def _report(
    reason: str,
    about: Certificate | None,
    path: Path,
    revocation: Literal["good", "revoked", "unknown"] = "unknown",
    revoked_at: datetime | None = None,
) -> PathReport:
    verdict = REASONS[reason]
    return PathReport(
        outcome=verdict.outcome,
        indication=verdict.indication,
        sub_indication=verdict.sub_indication,
        reason=reason,
        certificate=None if about is None else about.subject_text,
        chain=tuple(certificate.der for certificate in path),
        revocation=revocation,
        revoked_at=revoked_at,
    )


@lru_cache(maxsize=4096)
def _signed_by(certificate: bytes, issuer_key: bytes) -> bool:
    found = read_certificate(certificate)
    return signatures.verify(issuer_key, found.signature_algorithm, found.tbs, found.signature)


def _readable(certificates: Sequence[bytes]) -> list[Certificate]:
    found = []
    for data in dict.fromkeys(certificates):
        try:
            found.append(read_certificate(data))
        except CertificateInvalid:
            continue  # a stranger's helper certificate: it only cannot help
    return found


def _paths(leaf: Certificate, intermediates: Sequence[bytes], trust: TrustList) -> Iterator[Path]:
    """Yield at most 32 paths of good names and signatures from the leaf to an anchor, the shortest kinds first."""
    anchors = _readable(trust.anchors)
    helpers = [*_readable(trust.intermediates), *_readable(intermediates[:_MAX_OFFERED])]
    waiting: list[Path] = [(leaf,)]
    yielded = 0
    steps = 0
    # Certificates of a stranger can be crossed so that the number of walks explodes: both are bounded.
    while waiting and yielded < _MAX_PATHS and steps < 8 * _MAX_PATHS:
        steps += 1
        path = waiting.pop(0)
        last = path[-1]
        for issuer in anchors:
            if issuer.subject == last.issuer and _signed_by(last.der, issuer.public_key):
                yielded += 1
                yield path if issuer.der == last.der else (*path, issuer)
        if len(path) < _MAX_DEPTH:
            waiting.extend((*path, issuer) for issuer in helpers if _extends(path, issuer))


def _extends(path: Path, issuer: Certificate) -> bool:
    last = path[-1]
    repeated = any(issuer.subject == one.subject and issuer.public_key == one.public_key for one in path)
    return issuer.subject == last.issuer and not repeated and _signed_by(last.der, issuer.public_key)


def _judge(path: Path, question: _Question) -> PathReport:
    fault = _usage_fault(path[0], question) or _authority_fault(path) or _validity_fault(path, question)
    if fault is not None:
        reason, certificate = fault
        return _report(reason, certificate, path)
    return _judge_revocation(path, question)


_Fault = tuple[str, Certificate]


def _usage_fault(leaf: Certificate, question: _Question) -> _Fault | None:
    """Find what forbids the leaf this use."""
    usage, trust = question.usage, question.trust
    listed = {"timestamp": trust.tsa, "status": trust.status_keys, "receipt": trust.receipt_keys}
    # Every end entity may sign: that a status list or a time is believed is for the trust list to say, by name.
    if usage in listed and leaf.der not in listed[usage]:
        return "not_listed", leaf
    if leaf.is_ca or leaf.key_usage is None or not _KEY_USAGE[usage] <= leaf.key_usage:
        return "key_usage", leaf
    purposes = leaf.extended_key_usage
    if usage == "timestamp":
        # RFC 3161 section 2.3: the one purpose, and critical
        extension = leaf.extensions.get(oids.EXTENDED_KEY_USAGE)
        alone = purposes == (oids.TIME_STAMPING,) and extension is not None and extension.critical
        return None if alone else ("key_usage", leaf)
    if purposes is not None and oids.DOCUMENT_SIGNING not in purposes:
        return "key_usage", leaf
    return None


def _authority_fault(path: Path) -> _Fault | None:
    """Find what forbids the authorities to have issued what stands below them; the anchor's limits count too."""
    for below, certificate in enumerate(path):
        unknown = any(
            extension.critical and kind not in _UNDERSTOOD for kind, extension in certificate.extensions.items()
        )
        if unknown:
            return "unknown_extension", certificate
        if below == 0:
            continue
        if not certificate.is_ca or certificate.key_usage is None or "keyCertSign" not in certificate.key_usage:
            return "not_an_authority", certificate
        # RFC 5280 section 6.1.4 (l): self-issued authorities are not counted
        counted = sum(one.subject != one.issuer for one in path[1:below])
        if certificate.path_length is not None and counted > certificate.path_length:
            return "path_too_long", certificate
    return None


def _validity_fault(path: Path, question: _Question) -> _Fault | None:
    """Find a certificate below the anchor that was not valid at the moment, or whose algorithm was not."""
    for certificate in path[:-1] or path:
        if question.at < certificate.not_before:
            return "not_yet_valid" if question.proven else "not_yet_valid_no_poe", certificate
        if question.at > certificate.not_after:
            return "expired" if question.proven else "expired_no_poe", certificate
        scheme = signatures.SCHEMES[certificate.signature_algorithm]
        if not algorithm_allowed(question.trust, scheme.id, question.at):
            return "algorithm", certificate
    return None


def _judge_revocation(path: Path, question: _Question) -> PathReport:
    unknown: Certificate | None = None
    for position, (certificate, issuer) in enumerate(pairwise(path)):
        dates_tokens = question.usage == "timestamp" and position == 0
        status = revocation_status(certificate, issuer, question.trust.crls, question.at, dates_tokens=dates_tokens)
        if status.verdict == "revoked":
            return _report("revoked", certificate, path, "revoked", status.at)
        if status.verdict == "on_hold":
            return _report("on_hold", certificate, path, "unknown", status.at)
        if status.verdict == "unknown":
            unknown = unknown or certificate
    if unknown is not None:
        return _report("revocation_unknown", unknown, path)
    return _report("good", path[0], path, "good")
