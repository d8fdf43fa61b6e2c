"""Timestamp tokens as one verification judges them: whether they hold, by whom, and until when they are proof."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from ca.judging.paths import PathReport
    from ca.judging.trust import TrustList
    from ca.timestamping.token import TimestampToken
    from licences.verification.documents import DocumentStamp

COVERS_SOMETHING_ELSE: Final = "covers_something_else"
FORGED: Final = frozenset({COVERS_SOMETHING_ELSE, "a signature that is wrong"})
"""Why a token is bad whoever wrote it; all else may be another maker's way."""

StampState = Literal[
    "holds", "aged", "unknown", "refused", "undecided", "invalid", "future", "unjudged", "no_trust_list"
]
"""aged: its certificate or algorithm ran out, and nothing later proves that it is older; unknown: of an authority that the
trust list does not name; unjudged: by an algorithm that this machine lacks."""


@dataclass(frozen=True, slots=True)
class BadToken:
    """A timestamp token that does not hold. reason: a stable word."""

    reason: str


@dataclass(frozen=True, slots=True)
class UnjudgedToken(BadToken):
    """A timestamp token of which this machine cannot say whether it holds."""


@dataclass(frozen=True, slots=True)
class Clock:
    """What the present is: now, and how far two clocks may lie apart."""

    now: datetime
    tolerance: timedelta


def open_token(data: bytes, imprints: Mapping[str, bytes] | None) -> "TimestampToken | BadToken":
    """Return the token if its own signature holds and it covers what it should; else why not, or why untold.

    imprints: digests by algorithm id, of which it must be over one; None where that was compared before.
    """
    from ca.errors import NationalUnavailable, TokenInvalid
    from ca.timestamping.token import read_token

    try:
        token = read_token(data)
    except TokenInvalid as fault:
        return BadToken(fault.reason)
    except NationalUnavailable:
        return UnjudgedToken("algorithm_unavailable")
    # A good token of another document proves nothing about this one: the copied timestamp.
    covers = imprints is None or imprints.get(token.hash_algorithm) == token.imprint
    return token if covers else BadToken(COVERS_SOMETHING_ELSE)


def path_of(token: "TimestampToken", trust: "TrustList", existed_at: datetime | None) -> "PathReport":
    """Return the path of the timestamp authority at the time that it names.

    existed_at: when a later timestamp proves that this one was there; None where none does.
    """
    from ca.judging.paths import validate_path

    return validate_path(
        token.signer_certificate,
        token.certificates,
        trust,
        at=token.gen_time,
        usage="timestamp",
        proven=True,
        existed_at=existed_at,
    )


def outlives(token: "TimestampToken", trust: "TrustList", until: datetime) -> bool:
    """Say whether certificate and algorithm of a token stood until that moment.

    A key may be broken once its certificate has run out, and old times be stamped with it: only up to when something
    else proves that it was there already does a token count (EN 319 102-1 section 5.6).
    """
    from ca.judging.trust import algorithm_allowed
    from ca.reading.certificate_reader import read_certificate

    holds = read_certificate(token.signer_certificate).not_after >= until
    return holds and algorithm_allowed(trust, token.signature_algorithm, until)


@dataclass(frozen=True, slots=True)
class JudgedStamp:
    """A document timestamp. until: up to when it had to stand, the present or the time of a later one that holds."""

    name: str
    end: int
    token: "TimestampToken | BadToken"
    path: "PathReport | None"
    state: StampState
    until: datetime

    @property
    def at(self) -> datetime | None:
        """The time that it proves."""
        return None if self.state != "holds" or isinstance(self.token, BadToken) else self.token.gen_time


def judge_stamps(
    stamps: "tuple[DocumentStamp, ...]", trust: "TrustList | None", clock: Clock
) -> tuple[JudgedStamp, ...]:
    """Judge document timestamps, oldest first in and out.

    The newest must stand now; each one that holds proves that those before it, which it covers, were there at its time:
    they need to have stood only until then. Source: EN 319 102-1 section 5.6.3
    """
    judged: list[JudgedStamp] = []
    until = clock.now
    for stamp in reversed(stamps):
        found = _judge(stamp, trust, clock, until)
        judged.append(found)
        until = until if found.at is None else min(until, found.at)
    return tuple(reversed(judged))


def _judge(stamp: "DocumentStamp", trust: "TrustList | None", clock: Clock, until: datetime) -> JudgedStamp:
    token = open_token(stamp.token, None)
    path = None
    if trust is not None and not isinstance(token, BadToken):
        path = path_of(token, trust, until if until < clock.now else None)
    return JudgedStamp(stamp.name, stamp.end, token, path, _state(token, path, trust, clock, until), until)


def _state(
    token: "TimestampToken | BadToken",
    path: "PathReport | None",
    trust: "TrustList | None",
    clock: Clock,
    until: datetime,
) -> StampState:
    if isinstance(token, BadToken):
        return "unjudged" if isinstance(token, UnjudgedToken) else "invalid"
    if trust is None or path is None:
        return "no_trust_list"
    if token.gen_time > clock.now + clock.tolerance:
        return "future"
    if path.reason in {"no_chain", "not_listed"}:
        return "unknown"
    if path.outcome != "passed":
        return "refused" if path.outcome == "failed" else "undecided"
    return _standing(token, path, trust, until)


def _standing(token: "TimestampToken", path: "PathReport", trust: "TrustList", until: datetime) -> StampState:
    from ca.judging.paths import has_stray

    if has_stray(token.certificates, path, trust):
        return "invalid"
    return "holds" if outlives(token, trust, until) else "aged"
