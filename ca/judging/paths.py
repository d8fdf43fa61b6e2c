"""Judge a certificate's path to an anchor of the trust list, at a moment and for a use.

The rules of paths are the engine's (`path_validation`); here stand those of the trust list: who may do what, which
algorithms are believed until when, and how much of a stranger's certificates is looked at.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache, partial
from typing import Final, Literal

from ca.encoding import oids
from ca.errors import CertificateInvalid
from ca.judging.path_building import Bag, paths
from ca.judging.path_reasons import REASONS, Indication, Outcome
from ca.judging.path_validation import Judgement, Question, validate
from ca.judging.trust import TrustList, algorithm_allowed
from ca.reading.certificate_reader import Certificate, read_certificate
from ledger.errors import Language

Usage = Literal["seal", "timestamp", "status", "receipt", "seal-maker"]

_MAX_OFFERED: Final = 16
"""Certificates that a stranger offers and we look at: each may cost a signature check at each of the steps."""
_KEY_USAGE: Final[dict[Usage, frozenset[str]]] = {
    "seal": frozenset({"digitalSignature", "nonRepudiation"}),
    "timestamp": frozenset({"digitalSignature"}),
    "status": frozenset({"digitalSignature"}),
    "receipt": frozenset({"digitalSignature"}),
    "seal-maker": frozenset({"digitalSignature"}),
}


@dataclass(frozen=True, slots=True)
class PathReport:
    """The judgement of one path.

    reason: a code of `path_reasons.REASONS`; certificate, serial_number, position: the subject and the number of the one
    it is about, and its place in the chain, None where no certificate could be read; chain: DER, leaf first, anchor
    last, empty where none was found; revocation: of all certificates below the anchor; policies: dotted ids of those
    that hold along a good path.
    """

    outcome: Outcome
    indication: Indication
    sub_indication: str | None
    reason: str
    certificate: str | None
    chain: tuple[bytes, ...]
    revocation: Literal["good", "revoked", "unknown"]
    revoked_at: datetime | None = None
    serial_number: int | None = None
    position: int | None = None
    policies: tuple[str, ...] = ()

    def message(self, language: Language = "en") -> str:
        """Return the reason as a sentence."""
        reason = REASONS[self.reason]
        return reason.zh if language == "zh" else reason.en


def validate_path(
    leaf: bytes,
    intermediates: Sequence[bytes],
    trust: TrustList,
    at: datetime,
    usage: Usage,
    *,
    proven: bool = False,
    existed_at: datetime | None = None,
    self_dated: bool = False,
) -> PathReport:
    """Judge the path of a certificate; never raises on bad input.

    leaf, intermediates: DER, the latter in any order and not trusted, the first 16 counting; at: the moment in question,
    UTC; proven: whether something independent proves that the certificate was used at that moment. It only decides
    whether a certificate outside its period is wrong (`EXPIRED`, `NOT_YET_VALID`) or merely cannot be judged
    (`OUT_OF_BOUNDS_NO_POE`): it may have been used within it, and this machine's clock be slow.
    existed_at: of a timestamp, when another one proves that it was there. A key that was taken can name any time, so a
    compromise ends all that it ever stamped; but not what was there before the day since when it was not to be trusted.
    self_dated: whether the moment is the certificate's own word, as a timestamp's is: a compromise then ends it all.
    Source: RFC 5280 section 6.1; indications: ETSI EN 319 102-1 clause 5.2.6
    """
    try:
        end = read_certificate(leaf)
    except CertificateInvalid:
        return report(Judgement("unreadable", ()), None)
    bag = _bag(_anchors(end, trust, usage), trust.intermediates).with_helpers(intermediates[:_MAX_OFFERED])
    fault = _usage_fault(end, trust, usage)
    if fault is not None:
        path = next(paths(end, bag), None)
        return report(Judgement("no_chain" if path is None else fault, path or ()), end)
    question = Question(
        at=at,
        algorithm_allowed=partial(algorithm_allowed, trust, at=at),
        crls=trust.crls,
        ocsp=trust.ocsp,
        proven=proven,
        dates_tokens=self_dated or (usage == "timestamp" and existed_at is None),
    )
    found = validate(end, bag, question)
    if existed_at is not None and found.reason == "good":
        then = validate(end, bag, replace(question, at=existed_at))
        found = then if then.reason == "revoked" else found
    return report(found, end)


def _anchors(leaf: Certificate, trust: TrustList, usage: Usage) -> tuple[bytes, ...]:
    """Return under whom the leaf may stand: of all that a licensed authority certifies only the seals named are seals."""
    if not trust.foreign_anchors or (usage == "seal" and leaf.der not in trust.foreign_seals):
        return trust.anchors
    return trust.anchors + trust.foreign_anchors


@lru_cache(maxsize=16)
def _bag(anchors: tuple[bytes, ...], intermediates: tuple[bytes, ...]) -> Bag:
    return Bag.of(anchors, intermediates)


def has_stray(certificates: Sequence[bytes], report: PathReport, trust: TrustList) -> bool:
    """Say whether one of the certificates (DER) is neither on the judged path nor on the trust list, byte for byte.

    Certificates beside a signature lie under none, and an ECDSA signature has a second spelling: such a one could be
    changed by anybody. An authority's earlier certificate that the trust list still names is none.
    """
    return not set(certificates) <= {*report.chain, *trust.anchors, *trust.intermediates}


def report(judgement: Judgement, leaf: Certificate | None) -> PathReport:
    """Return the engine's judgement as a report; leaf: whom it is about where there is no path."""
    verdict = REASONS[judgement.reason]
    about = judgement.path[judgement.position] if judgement.path else leaf
    return PathReport(
        outcome=verdict.outcome,
        indication=verdict.indication,
        sub_indication=verdict.sub_indication,
        reason=judgement.reason,
        certificate=None if about is None else about.subject_text,
        chain=tuple([certificate.der for certificate in judgement.path]),
        revocation=judgement.revocation,
        revoked_at=judgement.revoked_at,
        serial_number=None if about is None else about.serial_number,
        position=judgement.position if judgement.path else None,
        policies=tuple([policy.id for policy in judgement.policies]),
    )


def _usage_fault(leaf: Certificate, trust: TrustList, usage: Usage) -> str | None:
    """Find what forbids the leaf this use; a code of `path_reasons.REASONS`."""
    listed = {
        "timestamp": trust.tsa,
        "status": trust.status_keys,
        "receipt": trust.receipt_keys,
        "seal-maker": [maker.certificate for maker in trust.seal_makers],
    }
    # Every end entity may sign: that a status list, a time or another's seal is believed is for the trust list to say,
    # by name. Whoever has a seal could otherwise make himself another in anybody's name.
    if usage in listed and leaf.der not in listed[usage]:
        return "not_listed"
    # Who makes seals signs no documents, not under a seal of his own either
    if usage == "seal" and leaf.der in listed["seal-maker"]:
        return "key_usage"
    if leaf.is_ca or leaf.key_usage is None or not _KEY_USAGE[usage] <= leaf.key_usage:
        return "key_usage"
    purposes = leaf.extended_key_usage
    if usage == "timestamp":
        # RFC 3161 section 2.3: the one purpose, and critical
        extension = leaf.extensions.get(oids.EXTENDED_KEY_USAGE)
        alone = purposes == (oids.TIME_STAMPING,) and extension is not None and extension.critical
        return None if alone else "key_usage"
    return "key_usage" if purposes is not None and oids.DOCUMENT_SIGNING not in purposes else None
