"""Validate paths: the one engine under the trust list's judgement, the command line and the conformance tests.

What no time changes is examined once (`path_structure`); validity, algorithms and revocation are judged for a moment.
Source: RFC 5280 sections 6.1 and 6.3
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import pairwise
from typing import Final, Literal

from ca.algorithms import signatures
from ca.errors import NationalUnavailable
from ca.judging.path_building import Bag, Path, paths
from ca.judging.path_reasons import REASONS
from ca.judging.path_structure import Fault, examine
from ca.judging.policy_tree import ANY_RULES, PolicyRules, ValidPolicy
from ca.judging.revocation_crls import designates
from ca.judging.revocation_status import RevocationStatus, revocation_status
from ca.reading import names
from ca.reading.certificate_reader import Certificate

_MAX_SIGNERS_DEEP: Final = 3
"""How far a list's signer may hang on a list of another signer, and so on."""
_MAX_LOOKS: Final = 128
"""Paths of such signers that are judged for one question: signers who vouch for each other lead to each other without end."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a path, and by which evidence it is judged.

    at: the moment in question, UTC; algorithm_allowed: whether a signature algorithm (by id) is believed at that moment;
    crls, ocsp: DER, of any issuers; proven: whether the moment is proved, else it is merely the present, and a
    certificate outside its period may have been used within it; dates_tokens: the leaf is a timestamp authority's.
    """

    at: datetime
    algorithm_allowed: Callable[[str], bool]
    rules: PolicyRules = ANY_RULES
    crls: tuple[bytes, ...] = ()
    ocsp: tuple[bytes, ...] = ()
    proven: bool = True
    dates_tokens: bool = False


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was found about a path.

    reason: a code of `path_reasons.REASONS`; position: of the certificate it is about, 0 for the leaf; policies: the
    user-constrained set, of a path without fault.
    """

    reason: str
    path: Path
    position: int = 0
    policies: tuple[ValidPolicy, ...] = ()
    revocation: Literal["good", "revoked", "unknown"] = "unknown"
    revoked_at: datetime | None = None


def validate(leaf: Certificate, bag: Bag, question: Question) -> Judgement:
    """Judge a certificate by the paths that the bag has: the first good one, else what is wrong with the first.

    Where one path is bad and another one cannot be judged, the certificate may be good; but once its own issuer has
    revoked it, no path makes it good.
    """
    first: Judgement | None = None
    search = _Search(bag)
    for path in paths(leaf, bag):
        found = _judge(path, question, search)
        if found.reason == "good" or (found.reason == "revoked" and found.position == 0):
            return found
        if first is None or (_is_open(found) and not _is_open(first)):
            first = found
    return first or Judgement("no_chain", ())


def _is_open(judgement: Judgement) -> bool:
    return REASONS[judgement.reason].outcome == "indeterminate"


def judge(path: Path, question: Question, bag: Bag) -> Judgement:
    """Judge one path, leaf first, anchor last. bag: where signers of revocation lists may be found."""
    return _judge(path, question, _Search(bag))


def _judge(path: Path, question: Question, search: "_Search") -> Judgement:
    try:
        structure = examine(tuple([one.der for one in path]), question.rules)
    except NationalUnavailable:
        return Judgement("algorithm_unavailable", path)
    path = structure.path
    fault = structure.fault or _validity_fault(path, question)
    if fault is not None:
        return Judgement(fault.reason, path, fault.position)
    return _judge_revocation(path, question, search, structure.policies)


def _validity_fault(path: Path, question: Question) -> Fault | None:
    """Find a certificate below the anchor that was not valid at the moment, or whose algorithm was not."""
    for position, certificate in enumerate(path[:-1] or path):
        if question.at < certificate.not_before:
            return Fault("not_yet_valid" if question.proven else "not_yet_valid_no_poe", position)
        if question.at > certificate.not_after:
            return Fault("expired" if question.proven else "expired_no_poe", position)
        scheme = signatures.SCHEMES.get(certificate.signature_algorithm)
        if scheme is None or not question.algorithm_allowed(scheme.id):
            return Fault("algorithm", position)
    return None


@dataclass(slots=True)
class _Search:
    """Where signers of lists are looked for, with what was found and how many paths of theirs may yet be judged."""

    bag: Bag
    left: int = _MAX_LOOKS
    found: dict[bytes, tuple[Path, ...]] = field(default_factory=dict)

    def paths(self, signer: Certificate) -> Iterator[Path]:
        """Yield the paths of a signer, as long as there are looks left."""
        if signer.der not in self.found:
            self.found[signer.der] = tuple(paths(signer, self.bag))
        for path in self.found[signer.der]:
            if self.left == 0:
                return
            self.left -= 1
            yield path


@dataclass(frozen=True, slots=True)
class _Signers:
    """Who may sign revocation lists beside a certificate's issuer: whoever has a good path to the same anchor (6.3.3 (f)).

    assumed: certificates (DER) that are being judged, and whose fall is the fall of what is asked; pending: signers on
    whose standing this look-up itself hangs.
    """

    question: Question
    search: _Search
    anchor: Certificate
    assumed: frozenset[bytes] = frozenset()
    pending: frozenset[bytes] = frozenset()

    def named(self, name: bytes) -> Iterator[Certificate]:
        """Yield the certificates in the bag with that subject."""
        return self.search.bag.named(name)

    def stands(self, signer: Certificate, about: Certificate, since: datetime) -> bool:
        """Say whether a signer is to be believed about a certificate, by a list that was made at that moment."""
        if signer.der in self.assumed:
            return True
        if signer.der in self.pending:
            # Nobody vouches for himself, unless his certificate's issuer says that his own lists speak of him, too.
            return signer.der == about.der and any(
                designates(one, signer.subject) for one in about.crl_distribution_points
            )
        if len(self.pending) == _MAX_SIGNERS_DEEP:
            return False
        # A list made later than the moment may be signed with a key that is younger than it.
        question = replace(self.question, at=max(self.question.at, since), rules=ANY_RULES, dates_tokens=False)
        return any(
            self._stands_by(path, question)
            for path in self.search.paths(signer)
            if names.same(path[-1].subject, self.anchor.subject)
        )

    def _stands_by(self, path: Path, question: Question) -> bool:
        try:
            structure = examine(tuple([one.der for one in path]), question.rules)
        except NationalUnavailable:
            return False
        path = structure.path
        if structure.fault is not None or _validity_fault(path, question) is not None:
            return False
        deeper = replace(self, question=question, pending=self.pending | {path[0].der})
        return all(status.verdict == "good" for status in _statuses(path, question, deeper))


@dataclass(slots=True)
class _SignersAbove:
    """The signers for one certificate of a path: those above it are assumed, while what hangs on it says nothing of it.

    Rarely asked for anything, so the set is made only then.
    """

    signers: _Signers
    path: Path
    position: int

    def named(self, name: bytes) -> Iterator[Certificate]:
        """Yield the certificates in the bag with that subject."""
        return self.signers.named(name)

    def stands(self, signer: Certificate, about: Certificate, since: datetime) -> bool:
        """Say whether a signer is to be believed about the certificate."""
        above = self.signers.assumed.union([one.der for one in self.path[self.position + 1 :]])
        return replace(self.signers, assumed=above).stands(signer, about, since)


def _statuses(path: Path, question: Question, signers: _Signers) -> Iterator[RevocationStatus]:
    """Yield the status of each certificate below the anchor, the leaf first; not of those that are judged elsewhere."""
    for position, (certificate, issuer) in enumerate(pairwise(path)):
        if certificate.der not in signers.assumed:
            yield revocation_status(
                certificate,
                issuer,
                question.crls,
                question.at,
                ocsp=question.ocsp,
                others=_SignersAbove(signers, path, position),
                algorithm_allowed=question.algorithm_allowed,
                dates_tokens=question.dates_tokens and position == 0,
            )


def _judge_revocation(path: Path, question: Question, search: _Search, policies: tuple[ValidPolicy, ...]) -> Judgement:
    signers = _Signers(question, search, path[-1])
    # What is final comes before what may pass, wherever on the path it stands
    worst: dict[str, Judgement] = {}
    for position, status in enumerate(_statuses(path, question, signers)):
        if status.verdict == "revoked":
            return Judgement("revoked", path, position, revocation="revoked", revoked_at=status.at)
        if status.verdict == "on_hold":
            worst.setdefault("on_hold", Judgement("on_hold", path, position, revoked_at=status.at))
        elif status.verdict == "unknown":
            worst.setdefault("unknown", Judgement("revocation_unknown", path, position))
    return worst.get("on_hold") or worst.get("unknown") or Judgement("good", path, 0, policies, "good")
