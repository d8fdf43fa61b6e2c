"""Recall: who relied on a licence that fell, since when it should not have been relied on.

A verdict of "invalid" is no reliance, and a department that fetches its own licence relies on nobody.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from ledger.event_kinds import EventKind
from ledger.provenance.provenance import Chain, Link

RELIED: Final = frozenset(
    {
        EventKind.ACCEPTED.value,
        EventKind.VERIFIED.value,
        EventKind.RETRIEVED.value,
        EventKind.COPIED.value,
        EventKind.PRINTED.value,
    }
)
"""What a counterpart does before it decides on the strength of a licence."""


@dataclass(frozen=True, slots=True)
class Reliance:
    """One use that relied on the licence.

    `unit`: on whose behalf, else who operated, None for an anonymous one; `proved`: whether the event itself and its
    place in the log hold; `details`: case, item, purpose and account, empty unless an order opens them.
    """

    event: str
    kind: str
    at: datetime
    unit: str | None
    proved: bool
    details: Mapping[str, Any]


def relied_on(chains: Iterable[Chain], since: datetime, issuer: str, *, opened: bool) -> list[Reliance]:
    """Return every use since that moment, itself included, that relied on the licence, the oldest first.

    What was committed to decides, not the row's columns, which could be changed to leave somebody out. An event that
    cannot be opened any more is listed with what its row tells, and one whose row was tampered with in any case.
    """
    found = [_reliance(link, opened=opened) for chain in chains for link in chain.links if _relied(link, since, issuer)]
    return sorted(found, key=lambda reliance: (reliance.at, reliance.event))


def _relied(link: Link, since: datetime, issuer: str) -> bool:
    event = link.event
    if event is None and link.commitment.outcome == "failed":
        return True
    if _kind(link) not in RELIED or _at(link) < since:
        return False
    return event is None or not _harmless(event, issuer)


def _harmless(event: Mapping[str, Any], issuer: str) -> bool:
    if event["kind"] == EventKind.VERIFIED.value:
        # Who was told "invalid" or "could not tell" was told not to rely on it.
        return bool(event.get("detail", {}).get("verdict", "valid") != "valid")
    return event["kind"] == EventKind.RETRIEVED.value and _unit(event) == issuer


def _kind(link: Link) -> str:
    return link.recorded.kind if link.event is None else str(link.event["kind"])


def _at(link: Link) -> datetime:
    at = link.recorded.recorded_at if link.event is None else datetime.fromisoformat(link.event["at"])
    return at.astimezone(UTC)


def _reliance(link: Link, *, opened: bool) -> Reliance:
    event = link.event
    proved = all(finding.outcome == "passed" for finding in (link.commitment, link.inclusion))
    return Reliance(
        event=link.recorded.id,
        kind=_kind(link),
        at=_at(link),
        unit=None if event is None else _unit(event),
        proved=proved,
        details={} if event is None or not opened else _details(event),
    )


def _unit(event: Mapping[str, Any]) -> str | None:
    actor = event["actor"]
    found: str | None = actor["on_behalf_of"] or actor["operator_unit"]
    return found


def _details(event: Mapping[str, Any]) -> dict[str, Any]:
    told = {name: event.get(name) for name in ("case", "item", "purpose")}
    told |= {"account": event["actor"]["id"], "operator_unit": event["actor"]["operator_unit"]}
    return {name: value for name, value in told.items() if value is not None}


def units(reliances: Sequence[Reliance]) -> Mapping[str, int]:
    """Return the units that must be told, with how often each relied on it; "" stands for those that gave no name."""
    counted: dict[str, int] = {}
    for reliance in reliances:
        counted[reliance.unit or ""] = counted.get(reliance.unit or "", 0) + 1
    return dict(sorted(counted.items()))
