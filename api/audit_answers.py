"""How a trace is told: the same members at the door and on the command line."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from api.auditing import Audited
from ledger.provenance.provenance import Chain, Finding, Link
from licences.recall import Reliance, units


def told(at: datetime) -> str:
    """Return a time as answers have it."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def trace_answer(audited: Audited) -> dict[str, Any]:
    """Return a trace: the question, the log it was proved against, and every chain with its events and findings."""
    order, log = audited.order, audited.trace.log
    return {
        "asked": {"kind": audited.scope.kind, "value": audited.scope.value},
        "order": None if order is None else order.number,
        "opened": audited.opened,
        "at": told(audited.at),
        "log": {"origin": log.checkpoint.origin, "size": log.size, "root": log.checkpoint.root.hex()},
        "sound": audited.trace.sound,
        "chains": [_chain(audited, chain) for chain in audited.trace.chains],
    }


def _chain(audited: Audited, chain: Chain) -> dict[str, Any]:
    return {
        "subject": str(chain.subject),
        "kind": chain.kind,
        "labels": list(audited.labels.get(chain.subject, ())),
        "whole": chain.whole,
        "erased": chain.erased,
        "completeness": {
            "state": chain.completeness.state,
            "entries": chain.completeness.entries,
            "size": chain.completeness.size,
        },
        "gaps": [{"seq": gap.seq, "code": gap.code, "index": gap.index} for gap in chain.gaps],
        "events": [_event(link, opened=audited.opened) for link in chain.links],
    }


def _event(link: Link, *, opened: bool) -> dict[str, Any]:
    item = link.recorded
    members: dict[str, Any] = {
        "id": item.id,
        "kind": item.kind,
        "at": told(item.recorded_at),
        "seq": None if item.place is None else item.place.seq,
        "index": None if item.place is None else item.place.index,
        "commitment": _finding(link.commitment),
        "inclusion": _finding(link.inclusion),
        "link": _finding(link.link),
    }
    if opened and link.event is not None:
        members["event"] = dict(link.event)
    return members


def _finding(finding: Finding) -> dict[str, Any]:
    return {"outcome": finding.outcome} | ({} if finding.code is None else {"code": finding.code})


def recall_answer(audited: Audited, since: datetime, found: Sequence[Reliance]) -> dict[str, Any]:
    """Return who relied on a licence, and the units that must be told."""
    answer = trace_answer(audited)
    del answer["chains"]
    return {
        **answer,
        "since": told(since),
        "completeness": [chain.completeness.state for chain in audited.trace.chains],
        "units": {unit or "anonymous": count for unit, count in units(found).items()},
        "uses": [
            {
                "event": one.event,
                "kind": one.kind,
                "at": told(one.at),
                "unit": one.unit,
                "proved": one.proved,
                **one.details,
            }
            for one in found
        ],
    }


_FINDING: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["outcome"],
    "properties": {
        "outcome": {"enum": ["passed", "failed", "not_run"]},
        "code": {"type": "string"},
    },
}
_NUMBER: Final[dict[str, Any]] = {"type": ["integer", "null"]}
_TIME: Final[dict[str, Any]] = {"type": "string", "format": "date-time"}
TRACE_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "description": "The chains of what the order covers; every event proved against the published log.",
    "required": ["asked", "order", "opened", "at", "log", "sound", "chains"],
    "properties": {
        "asked": {
            "type": "object",
            "required": ["kind", "value"],
            "properties": {
                "kind": {"enum": ["licence", "department", "case", "organisation", "seal"]},
                "value": {"type": "string"},
            },
        },
        "order": {"type": ["string", "null"]},
        "opened": {"type": "boolean"},
        "at": _TIME,
        "log": {
            "type": "object",
            "required": ["origin", "size", "root"],
            "properties": {
                "origin": {"type": "string"},
                "size": {"type": "integer"},
                "root": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
            },
        },
        "sound": {"type": "boolean"},
        "chains": {
            "type": "array",
            "items": {
                "type": "object",
                "required": [
                    "subject",
                    "kind",
                    "labels",
                    "whole",
                    "erased",
                    "completeness",
                    "gaps",
                    "events",
                ],
                "properties": {
                    "subject": {"type": "string", "format": "uuid"},
                    "kind": {"type": "string"},
                    "labels": {"type": "array", "items": {"type": "string"}},
                    "whole": {"type": "boolean"},
                    "erased": {"type": "boolean"},
                    "completeness": {
                        "type": "object",
                        "required": ["state", "entries", "size"],
                        "properties": {
                            "state": {"enum": ["proved", "claimed", "partial", "broken"]},
                            "entries": {"type": "integer"},
                            "size": {"type": "integer"},
                        },
                    },
                    "gaps": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["seq", "code", "index"],
                            "properties": {
                                "seq": {"type": "integer"},
                                "code": {"type": "string"},
                                "index": _NUMBER,
                            },
                        },
                    },
                    "events": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["id", "kind", "at", "seq", "index", "commitment", "inclusion", "link"],
                            "properties": {
                                "id": {"type": "string"},
                                "kind": {"type": "string"},
                                "at": _TIME,
                                "seq": _NUMBER,
                                "index": _NUMBER,
                                "commitment": _FINDING,
                                "inclusion": _FINDING,
                                "link": _FINDING,
                                "event": {"type": "object"},
                            },
                        },
                    },
                },
            },
        },
    },
}
