"""The evidence file: chains of events that a third party checks with a trust list, and with no access to us.

    {"evidence": {"format", "kind", "origin", "made_at", "asked": {"kind", …}, "order", "checkpoint", "proof", "chains"},
     "signature": a note under the log's key over the digest of the canonical form of "evidence"}

A chain carries what opens it and no more: the tag key, which finds its entries in a mirror of the log, and for each
event the body with its salt, the link's salt, the index and the commitment. One proof leads from all entries together
to the root of the checkpoint. A body that is withheld or erased leaves its digest, and everything else still holds.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

from ledger import entries
from ledger.formats import base64_text, canonical
from ledger.formats.canonical import JSON
from ledger.formats.notes import NoteSigner
from ledger.provenance.errors import EvidenceUnreadable
from ledger.provenance.looks import Look
from ledger.provenance.provenance import Chain, Link
from ledger.provenance.reading import Trace
from ledger.signing import Signer

FORMAT: Final = "elicence/evidence/v1"
MOST_BYTES: Final = 64 * 1024 * 1024
_TIME: Final = "%Y-%m-%dT%H:%M:%S.%fZ"


@dataclass(frozen=True, slots=True)
class Evidence:
    """A file as it was read, nothing verified: its contents, and the note that signs them."""

    contents: Mapping[str, Any]
    signature: str

    @property
    def origin(self) -> str:
        """The log that it speaks of."""
        return str(self.contents["origin"])

    @property
    def signed_text(self) -> str:
        """The text that the note must have."""
        return signed_text(self.contents)

    @classmethod
    def parse(cls, data: bytes) -> "Evidence":
        """Read a file; raises EvidenceUnreadable. What is inside is looked at when it is judged."""
        if len(data) > MOST_BYTES:
            raise EvidenceUnreadable("it is too large")
        try:
            canonical.bound_text(data)
            members = json.loads(data, object_pairs_hook=_once, parse_constant=_refused)
        except (ValueError, RecursionError, canonical.NotCanonical) as error:
            raise EvidenceUnreadable("it is not JSON") from error
        if not isinstance(members, dict) or set(members) != {"evidence", "signature"}:
            raise EvidenceUnreadable("it is no evidence of a log")
        contents, signature = members["evidence"], members["signature"]
        if not isinstance(contents, dict) or not isinstance(signature, str) or contents.get("format") != FORMAT:
            raise EvidenceUnreadable(f"its format is not {FORMAT}")
        if contents.get("kind") != "chains" or not isinstance(contents.get("origin"), str):
            raise EvidenceUnreadable("it says not what it is evidence of")
        return cls(contents, signature)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member stands twice")
    return members


def _refused(name: str) -> None:
    raise ValueError(name)


def signed_text(contents: Mapping[str, JSON]) -> str:
    """Return what the log signs of an evidence file; raises EvidenceUnreadable.

    Its first line keeps it apart from a checkpoint, whose first line is the origin, and from a promise.
    """
    try:
        digest = sha256(canonical.dumps(contents)).digest()
    except canonical.NotCanonical as error:
        raise EvidenceUnreadable("it holds what has no canonical form") from error
    return f"{FORMAT}\n{contents['origin']}\n{base64_text.encode(digest)}\n"


def sign_evidence(contents: Mapping[str, JSON], origin: str, signer: Signer) -> bytes:
    """Return the evidence as a file under the log's key; raises VkeyInvalid for another kind of key."""
    note = NoteSigner(origin, signer).sign(signed_text(contents))
    return json.dumps({"evidence": contents, "signature": note}, ensure_ascii=False, indent=1).encode() + b"\n"


def chains_evidence(
    trace: Trace,
    looks: Mapping[Any, Look],
    *,
    asked: Mapping[str, str],
    order: str | None,
    now: datetime,
    opened: bool,
) -> Mapping[str, JSON]:
    """Return the contents of an evidence file about a trace.

    `asked`: the question as it was put; `opened`: whether the bodies go with it, which takes an order.
    """
    return {
        "format": FORMAT,
        "kind": "chains",
        "origin": trace.log.checkpoint.origin,
        "made_at": moment(now),
        "asked": dict(asked),
        "order": order,
        "checkpoint": trace.log.note,
        "proof": [base64_text.encode(part) for part in trace.proof],
        "chains": [_chain(trace, chain, looks.get(chain.subject), opened=opened) for chain in trace.chains],
    }


def moment(at: datetime) -> str:
    """Return a time as evidence tells it."""
    return at.astimezone(UTC).strftime(_TIME)


def _chain(trace: Trace, chain: Chain, look: Look | None, *, opened: bool) -> JSON:
    members: dict[str, JSON] = {
        "subject": str(chain.subject),
        "kind": chain.kind,
        "erased": chain.erased,
        "whole": chain.whole,
        "events": [_event(trace, chain, link, opened=opened) for link in chain.links],
        "gaps": [
            {"seq": gap.seq, "code": gap.code, **({} if gap.index is None else {"index": gap.index})}
            for gap in chain.gaps
        ],
        "completeness": chain.completeness.state,
        "entries": chain.completeness.entries,
    }
    # The key of a part of a chain would tell when the rest happened: it goes with the whole alone.
    if chain.whole:
        members["tag_key"] = base64_text.encode(chain.tag_key)
    if look is not None:
        members["look"] = {
            "body": canonical.loads(look.body),
            "body_salt": base64_text.encode(look.body_salt),
            "promise": look.promise,
        }
    return members


def _event(trace: Trace, chain: Chain, link: Link, *, opened: bool) -> JSON:
    item, keys = link.recorded, trace.keys.get(chain.subject)
    members: dict[str, JSON] = {"id": item.id, "kind": item.kind, "recorded_at": moment(item.recorded_at)}
    shown = link.event if opened else None
    if keys is not None and shown is not None:
        members |= {"body": shown, "body_salt": base64_text.encode(entries.body_salt(keys.salt, item.id))}
    else:
        members["body_digest"] = base64_text.encode(item.body_digest)
    place = item.place
    if place is None:
        return {**members, "deadline": moment(item.deadline)}
    members |= {
        "index": place.index,
        "seq": place.seq,
        "previous": base64_text.encode(place.previous),
        "commitment": base64_text.encode(place.commitment),
    }
    if keys is not None:
        members["link_salt"] = base64_text.encode(entries.link_salt(keys.salt, item.id))
    if not chain.whole:
        members["tag"] = base64_text.encode(place.tag)
    return members
