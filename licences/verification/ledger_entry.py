"""What a `.tlog-proof` says about a document: whether the log holds the event of its issuing."""

from base64 import b64encode
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from licences.verification.sources import Absent, Pending, Record, Unavailable
from seals.errors import JsonUnreadable
from seals.jwt.jose import b64url_decode

if TYPE_CHECKING:
    from ca.judging.trust import TrustList
    from ledger.formats.notes import Vkey
    from ledger.formats.tlog_proof import VerifiedEntry
    from licences.verification.case import Case

EntryState = Literal[
    "no_proof",
    "not_asked",
    "pending",
    "overdue",
    "unavailable",
    "no_trust_list",
    "unreadable",
    "untrusted",
    "invalid",
    "other_document",
    "proved",
]


@dataclass(frozen=True, slots=True)
class EntryReading:
    """The state of the proof, and of a proved one where it stands.

    about_this_at: when the event was recorded; checkpoint: the signed note that the proof carries, with its cosignatures.
    """

    state: EntryState
    detail: str = ""
    origin: str | None = None
    index: int | None = None
    size: int | None = None
    about_this_at: datetime | None = None
    checkpoint: str | None = None


def read_entry(case: "Case") -> EntryReading:
    """Judge the ledger proof of a case; never raises for what is in it."""
    identifier = case.identifier
    if identifier is None:
        return EntryReading("not_asked")
    match case.sources.proof(identifier):
        case Pending(deadline):
            return EntryReading("overdue" if deadline < case.request.now else "pending")
        case Absent():
            return EntryReading("no_proof")
        case Unavailable(reason):
            return EntryReading("unavailable", reason)
        case bytes() as proof:
            return _judge(case, proof)


def _judge(case: "Case", data: bytes) -> EntryReading:
    if case.trust is None:
        return EntryReading("no_trust_list")
    verified = _verified(data, case.trust)
    if isinstance(verified, EntryReading):
        return verified
    entry, checkpoint = verified
    about = _is_about(case, entry.event)
    return EntryReading(
        "proved" if about else "other_document",
        origin=entry.origin,
        index=entry.index,
        size=entry.size,
        about_this_at=_moment(entry.event.get("at")) if about else None,
        checkpoint=checkpoint if about else None,
    )


def _verified(data: bytes, trust: "TrustList") -> "tuple[VerifiedEntry, str] | EntryReading":
    from ledger.formats.tlog_proof import ProofInvalid, ProofUnreadable, ProofUntrusted, TlogProof, verify_proof

    try:
        proof = TlogProof.parse(data.decode("utf-8"))
        return verify_proof(proof, _vkeys(trust)), proof.checkpoint
    except UnicodeDecodeError:
        return EntryReading("unreadable", "it is not text")
    except ProofUnreadable as fault:
        return EntryReading("unreadable", fault.reason)
    except ProofUntrusted:
        return EntryReading("untrusted")
    except ProofInvalid as fault:
        return EntryReading("invalid", fault.reason)


def _vkeys(trust: "TrustList") -> "Mapping[str, Vkey]":
    from ledger.formats.notes import Vkey, VkeyInvalid

    keys = {}
    for origin, text in trust.log_keys.items():
        # A key of a kind that we do not know yet makes its log unknown, not the proof wrong.
        with suppress(VkeyInvalid):
            keys[origin] = Vkey.parse(text)
    return keys


def _is_about(case: "Case", event: Mapping[str, Any]) -> bool:
    """Tell whether the event is the issuing of this very document, and of this licence if it names itself."""
    detail = event.get("detail")
    members = detail if isinstance(detail, dict) else {}
    named = {text for text in (event.get("document"), *members.values()) if isinstance(text, str)}
    digests = _digests(case)
    if event.get("kind") != "issued" or not any(f"sha-256:{digest.hex()}" in named for digest in digests):
        return False
    # A second licence with the same document would have a history of its own: the tag key is in both.
    return case.licence is None or _tag_key(case.licence.tag_key_sha256) == members.get("tag_key_sha256")


def _digests(case: "Case") -> frozenset[bytes]:
    """Return the digests by which the event may name the document; of a look-up, those of the record it found.

    A page is named by its own digest alone: another page may carry the same data.
    """
    if case.examined.lookup is not None:
        return case.record.digests if isinstance(case.record, Record) else frozenset()
    return frozenset({case.examined.digest})


def _tag_key(claim: str) -> str | None:
    """Return the claim's base64url in the ledger's base64; None when it is neither."""
    try:
        return b64encode(b64url_decode(claim)).decode("ascii")
    except JsonUnreadable:
        return None


def _moment(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
