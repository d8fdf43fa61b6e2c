"""The signatures in an evidence file, by the keys of a trust list. What nobody trusted signed is not run, never failed."""

from collections.abc import Mapping

from ledger.evidence.evidence import Evidence
from ledger.evidence.report import Check
from ledger.formats.checkpoints import Checkpoint
from ledger.formats.notes import NoteSignatureInvalid, NoteUnreadable, NoteUntrusted, SignedNote, Vkey


def judge_signature(evidence: Evidence, vkeys: Mapping[str, Vkey] | None) -> Check:
    """Judge the log's signature over the file."""
    return _signed("evidence.signature", evidence.signature, evidence.origin, vkeys, evidence.signed_text)


def judge_checkpoint(note: str, origin: str, vkeys: Mapping[str, Vkey] | None) -> tuple[Checkpoint | None, Check]:
    """Return the checkpoint, as far as it can be read, and what is to be thought of it."""
    try:
        checkpoint = Checkpoint.parse(SignedNote.parse(note).text)
    except NoteUnreadable as error:
        unread = Check("log.checkpoint", "failed", "UNREADABLE", details=({"reason": error.reason},))
        return None, unread
    if checkpoint.origin != origin:
        return checkpoint, Check("log.checkpoint", "failed", "ANOTHER_LOG")
    return checkpoint, _signed("log.checkpoint", note, origin, vkeys)


def _signed(
    id: str,  # noqa: A002 - as in the file
    note: str,
    origin: str,
    vkeys: Mapping[str, Vkey] | None,
    text: str | None = None,
) -> Check:
    if vkeys is None or origin not in vkeys:
        return Check(id, "not_run", "NO_TRUST" if vkeys is None else "LOG_NOT_TRUSTED")
    try:
        signed = SignedNote.parse(note)
        signed.verify([vkeys[origin]])
    except NoteUnreadable as error:
        return Check(id, "failed", "UNREADABLE", details=({"reason": error.reason},))
    except (NoteUntrusted, NoteSignatureInvalid) as error:
        return Check(id, "failed", "UNSIGNED" if isinstance(error, NoteUntrusted) else "SIGNATURE_INVALID")
    if text is not None and signed.text != text:
        return Check(id, "failed", "CONTENTS_CHANGED")
    return Check(id, "passed")
