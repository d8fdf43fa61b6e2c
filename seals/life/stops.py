"""Stops: why a seal is taken out of use, and what that makes of everything it sealed before. Pure.

A department that is reorganised, a certificate that runs out: what was sealed in its day stays good. A key in strange
hands: only what is proved to have been sealed before that day.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Literal

from seals.life.life_errors import StopRefused

SEAL_STATES: Final = ("made", "active", "suspended", "cancelled", "expired", "replaced")
"""已制作待交付, 使用中, 暂停, 注销, 到期, 已更换."""

ENDED: Final = frozenset({"cancelled", "expired", "replaced"})
"""No seal comes back from these: nothing is granted on it, and no system let seal with it."""

StopState = Literal["suspended", "cancelled", "expired", "replaced"]


class Effect(StrEnum):
    """What becomes of what was sealed before the stop."""

    GOOD = "good"
    GOOD_BEFORE = "good_before"
    IN_QUESTION = "in_question"


@dataclass(frozen=True, slots=True)
class StopRule:
    """A reason: the states it may lead to, its effect, and how a revocation list calls it (RFC 5280 section 5.3.1).

    revocation: None where the certificate simply runs out.
    """

    states: frozenset[StopState]
    effect: Effect
    revocation: Literal["keyCompromise", "affiliationChanged", "superseded", "cessationOfOperation"] | None


def _rule(effect: Effect, revocation: str | None, *states: StopState) -> StopRule:
    return StopRule(frozenset(states), effect, revocation)  # type: ignore[arg-type]


RULES: Final[Mapping[str, StopRule]] = MappingProxyType(
    {
        "reorganisation": _rule(Effect.GOOD, "affiliationChanged", "suspended", "cancelled"),
        "renamed": _rule(Effect.GOOD, "affiliationChanged", "suspended", "cancelled"),
        "no_longer_needed": _rule(Effect.GOOD, "cessationOfOperation", "suspended", "cancelled"),
        "damaged": _rule(Effect.GOOD, "cessationOfOperation", "suspended", "cancelled"),
        "personnel": _rule(Effect.GOOD, None, "suspended"),
        "inspection": _rule(Effect.GOOD, None, "suspended"),
        "expiry": _rule(Effect.GOOD, None, "expired"),
        "renewal": _rule(Effect.GOOD, "superseded", "replaced"),
        "suspected_compromise": _rule(Effect.IN_QUESTION, None, "suspended"),
        # Lost is in strange hands until it is found, and nobody can tell what was sealed since.
        "lost": _rule(Effect.GOOD_BEFORE, "keyCompromise", "cancelled"),
        "compromise": _rule(Effect.GOOD_BEFORE, "keyCompromise", "cancelled"),
    }
)
REASONS: Final = tuple(RULES)


@dataclass(frozen=True, slots=True)
class Stop:
    """A stop that may be done: checked against the rule of its reason."""

    state: StopState
    reason: str
    effect: Effect
    invalid_from: datetime | None


def check_stop(seal: str, state: StopState, reason: str, invalid_from: datetime | None, now: datetime) -> Stop:
    """Return the stop; seal: its number, for the message. Raises StopRefused.

    invalid_from: since when nothing it sealed is good; demanded for a compromise, and given for nothing else.
    """
    rule = RULES.get(reason)
    if rule is None or state not in rule.states:
        raise StopRefused(seal=seal, reason="reason")
    if (invalid_from is not None) != (rule.effect is Effect.GOOD_BEFORE):
        raise StopRefused(seal=seal, reason="invalid_from")
    if invalid_from is not None and (invalid_from.utcoffset() is None or invalid_from > now):
        raise StopRefused(seal=seal, reason="invalid_from")
    return Stop(state, reason, rule.effect, invalid_from)
