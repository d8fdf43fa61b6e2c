"""What a caller asks of a verification, out of the members of a JSON object, a form or a query."""

from collections.abc import Mapping
from typing import Any, Final

from api.json_bodies import MemberUnusable
from api.verifying import Question
from licences.verification.policy import DEFAULT_POLICY
from licences.verification.request import Lookup, lookup

NAMES_A_LICENCE: Final = frozenset({"identifier", "digest", "code"})
"""The members by which a look-up is told from a document."""

_ASKED: Final = ("as_of", "known_at", "policy", "purpose", "case")
_KNOWN: Final = NAMES_A_LICENCE | set(_ASKED)
_LONGEST: Final = 200


def lookup_of(members: Mapping[str, Any]) -> Lookup:
    """Return the look-up; raises MemberUnusable, LookupIncomplete."""
    for member in members:
        if member not in _KNOWN:
            raise MemberUnusable(member=member[:40])
    texts = {name: _text(members, name) for name in NAMES_A_LICENCE}
    if texts["code"] is not None:
        return Lookup(code=texts["code"])
    return lookup(texts["identifier"] or "", texts["digest"] or "")


def question_of(members: Mapping[str, Any]) -> Question:
    """Return the moments, the policy and what it is for; raises MemberUnusable."""
    asked = {name: _text(members, name) for name in _ASKED}
    return Question(
        as_of=asked["as_of"],
        known_at=asked["known_at"],
        policy=asked["policy"] or DEFAULT_POLICY,
        purpose=asked["purpose"],
        case=asked["case"],
    )


def _text(members: Mapping[str, Any], name: str) -> str | None:
    value = members.get(name)
    if value is None:
        return None
    # What is not printable (a zero byte, half of a character) no register holds, and PostgreSQL would not take.
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST or not value.isprintable():
        raise MemberUnusable(member=name)
    return value
