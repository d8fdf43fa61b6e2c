"""Evidence of a broken promise, judged as other evidence is: promise and admission, both under the log's signature."""

import json
from collections.abc import Mapping
from typing import Any, Final

from ledger.evidence.report import Check, Report
from ledger.formats.canonical import NotCanonical, bound_text
from ledger.formats.notes import NoteSignatureInvalid, NoteUnreadable, NoteUntrusted, Vkey
from ledger.log.promise_keeping import EVIDENCE, BrokenPromise, verify_evidence
from ledger.log.promises import DOMAIN
from ledger.provenance.errors import PromiseMissing

_MOST: Final = 1 << 20


def promise_in(data: bytes) -> str:
    """Return the promise that a file holds: the note itself, or an answer with one; raises PromiseMissing.

    Answers are those of a verification (`usage.promise`) and of issuing (`promise`).
    """
    text = data[:_MOST].decode(errors="replace")
    if text.startswith(DOMAIN + "\n"):
        return text
    members = _object(text)
    usage = members.get("usage")
    found = usage.get("promise") if isinstance(usage, dict) else members.get("promise")
    if not isinstance(found, str):
        raise PromiseMissing
    return found


def is_promise_evidence(data: bytes) -> bool:
    """Tell whether a file says that it convicts a log of a broken promise."""
    return len(data) <= _MOST and _object(data.decode(errors="replace")).get("v") == EVIDENCE


def judge_promise_evidence(data: bytes, vkeys: Mapping[str, Vkey] | None) -> Report:
    """Judge such a file; never raises for what is in it. Valid: the log has broken its word, and admits it."""
    try:
        found = verify_evidence(data.decode(errors="replace"), vkeys or {})
    except NoteUntrusted:
        code = "NO_TRUST" if vkeys is None else "LOG_NOT_TRUSTED"
        return _report("not_run", Check("promise.broken", "not_run", code))
    except NoteUnreadable as error:
        return _report("failed", Check("promise.broken", "failed", "UNREADABLE", details=({"reason": error.reason},)))
    except NoteSignatureInvalid:
        return _report("passed", Check("promise.broken", "failed", "SIGNATURE_INVALID"))
    return _report("passed", Check("promise.broken", "passed", "ADMITTED"), _about(found))


def _report(form: str, found: Check, about: Mapping[str, Any] | None = None) -> Report:
    # What cannot be read has no other checks.
    read = Check("evidence.format", "failed", "UNREADABLE") if form == "failed" else Check("evidence.format", "passed")
    return Report((read, found), {"kind": "promise", **(about or {})})


def _about(found: BrokenPromise) -> dict[str, Any]:
    promise = found.promise
    return {
        "origin": promise.origin,
        "event": promise.event,
        "deadline": promise.deadline.isoformat(),
        "admitted_at": found.at.isoformat(),
        "size": found.size,
    }


def _object(text: str) -> dict[str, Any]:
    try:
        bound_text(text.encode(errors="replace"))
        found = json.loads(text)
    except (ValueError, RecursionError, NotCanonical):
        return {}
    return found if isinstance(found, dict) else {}
