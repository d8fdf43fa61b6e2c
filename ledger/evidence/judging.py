"""Evidence judged by a third party: with the log's public key, and with a mirror of its entries if there is one. Pure."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from hashlib import sha256

from ledger import entries
from ledger.errors import LedgerError
from ledger.evidence.completeness import Said, claim_code, scan_faults
from ledger.evidence.evidence import Evidence, moment
from ledger.evidence.promises import is_promise_evidence, judge_promise_evidence
from ledger.evidence.reading import ClaimedChain, ClaimedEvent, ClaimedPlace, Members, Place, hash_of, read_chain
from ledger.evidence.report import CHAIN_CHECKS, Check, Report, gathered, unreadable
from ledger.evidence.signatures import judge_checkpoint, judge_signature
from ledger.evidence.tree import verify_joint
from ledger.formats import base64_text, canonical
from ledger.formats.checkpoints import Checkpoint
from ledger.formats.notes import NoteSignatureInvalid, NoteUnreadable, NoteUntrusted, Vkey
from ledger.provenance.errors import EvidenceUnreadable, LogForked
from ledger.provenance.reading import Scan
from ledger.tree.merkle import ProofInvalid, leaf_hash


def judge_evidence(data: bytes, vkeys: Mapping[str, Vkey] | None, scan: Scan | None = None) -> Report:
    """Judge a file; never raises for what is in it.

    `vkeys`: the key of each log that is trusted, None without a trust list; `scan`: over a mirror whose entries were
    hashed up to the very checkpoint of the file (`mirror_wanted` says which).
    """
    if is_promise_evidence(data):
        return judge_promise_evidence(data, vkeys)
    try:
        return _Judgement(Evidence.parse(data), vkeys, scan).report()
    except EvidenceUnreadable as error:
        return unreadable(error.reason)


def mirror_wanted(data: bytes, vkeys: Mapping[str, Vkey]) -> Checkpoint | None:
    """Return the checkpoint up to which a mirror must be read to prove completeness; None where none would help."""
    with suppress(EvidenceUnreadable, NoteUnreadable, NoteUntrusted, NoteSignatureInvalid):
        note = Evidence.parse(data).contents.get("checkpoint")
        if isinstance(note, str):
            return Checkpoint.open(note, vkeys)
    return None


class _Judgement:
    """One file of chains, taken apart."""

    def __init__(self, evidence: Evidence, vkeys: Mapping[str, Vkey] | None, scan: Scan | None) -> None:
        self._evidence = evidence
        self._vkeys = vkeys
        self._scan = scan
        members = Members(evidence.contents, "the evidence")
        for name in ("format", "kind", "origin"):
            members.text(name)
        self._made_at = members.moment("made_at")
        self._asked = members.object("asked")
        self._order = members.any("order")
        if self._order is not None and not isinstance(self._order, str):
            raise EvidenceUnreadable("the order is no text")
        self._note = members.text("checkpoint")
        self._proof = [hash_of(part, "a part of the proof") for part in members.list("proof")]
        self._chains = [read_chain(chain) for chain in members.list("chains")]
        members.end()
        self._said = Said(evidence.origin, self._order, moment(self._made_at))

    def report(self) -> Report:
        """Run every check."""
        checkpoint, found = judge_checkpoint(self._note, self._evidence.origin, self._vkeys)
        size = None if checkpoint is None else checkpoint.size
        checks = (
            Check("evidence.format", "passed"),
            judge_signature(self._evidence, self._vkeys),
            found,
            self._commitments(),
            self._inclusion(checkpoint),
            self._links(),
            self._key(),
            self._completeness(size),
            self._promises(),
        )
        assert tuple(check.id for check in checks) == CHAIN_CHECKS
        about = {
            "kind": "chains",
            "origin": self._evidence.origin,
            "asked": self._asked,
            "order": self._order,
            "made_at": moment(self._made_at),
            "size": size,
            "chains": len(self._chains),
            "events": sum(len(chain.events) for chain in self._chains),
        }
        return Report(checks, about)

    def _placed(self) -> Iterator[tuple[ClaimedChain, ClaimedEvent, ClaimedPlace]]:
        for chain in self._chains:
            for event in chain.events:
                if event.place is not None:
                    yield chain, event, event.place

    def _commitments(self) -> Check:
        failures: list[Place] = []
        erased: list[Place] = []
        for chain, event, place in self._placed():
            code = "NOT_ERASED" if _opens(chain, event, place) else _commitment_fault(chain, event, place)
            if code is not None:
                (erased if code == "ERASED" else failures).append(chain.at(event, code))
        return gathered("events.commitments", failures, erased)

    def _inclusion(self, checkpoint: Checkpoint | None) -> Check:
        if checkpoint is None:
            return Check("events.inclusion", "not_run", "CHECKPOINT_UNREADABLE")
        leaves: dict[int, bytes] = {}
        failures: list[Place] = []
        later: list[Place] = []
        for chain, event, place in self._placed():
            if place.index >= checkpoint.size:
                later.append(chain.at(event, "NOT_PUBLISHED"))
            elif leaves.setdefault(place.index, leaf := leaf_hash(chain.entry(place))) != leaf:
                failures.append(chain.at(event, "INDEX_TWICE"))
        if not failures:
            try:
                verify_joint(leaves, checkpoint.size, self._proof, checkpoint.root)
            except ProofInvalid as error:
                return Check("events.inclusion", "failed", "PROOF_INVALID", details=({"reason": error.reason},))
        return gathered("events.inclusion", failures, later)

    def _links(self) -> Check:
        failures = [failure for chain in self._chains for failure in _link_faults(chain)]
        failures += [chain.of("GAP", gap=gap) for chain in self._chains for gap in chain.gaps]
        return gathered("chain.links", failures)

    def _key(self) -> Check:
        """Check that the key by which a licence's chain was found is the one that its issuing names."""
        failures: list[Place] = []
        withheld: list[Place] = []
        licences = [chain for chain in self._chains if chain.whole and chain.kind == "licence"]
        for chain in licences:
            code = _key_fault(chain)
            if code is not None:
                (withheld if code == "WITHHELD" else failures).append(chain.of(code))
        return gathered("chain.key", failures, withheld) if licences else Check("chain.key", "not_applicable")

    def _completeness(self, size: int | None) -> Check:
        if size is None:
            return Check("chain.completeness", "not_run", "CHECKPOINT_UNREADABLE")
        whole = [chain for chain in self._chains if chain.whole]
        failures: list[Place] = []
        warnings = [chain.of("PARTIAL") for chain in self._chains if not chain.whole]
        if self._scan is None:
            for chain in whole:
                code = claim_code(chain, size, self._said, self._vkeys)
                (warnings if code == "CLAIMED" else failures).append(chain.of(code))
            return gathered("chain.completeness", failures, warnings)
        try:
            failures += scan_faults(whole, size, self._scan)
        except LogForked as error:
            return Check("chain.completeness", "failed", "MIRROR_DIFFERS", details=({"reason": error.reason},))
        except LedgerError as error:
            told = {"reason": error.message("en")}
            return Check("chain.completeness", "not_run", "MIRROR_UNREADABLE", details=(told,))
        return gathered("chain.completeness", failures, warnings)

    def _promises(self) -> Check:
        broken: list[Place] = []
        pending: list[Place] = []
        for chain in self._chains:
            for event in chain.events:
                if event.deadline is not None:
                    late = self._made_at > event.deadline
                    (broken if late else pending).append(chain.at(event, "PROMISE_BROKEN" if late else "PENDING"))
        return gathered("promises.kept", broken, pending)


def _commitment_fault(chain: ClaimedChain, event: ClaimedEvent, place: ClaimedPlace) -> str | None:
    if place.link_salt is None:
        # Erased: the commitment stands in the log, and nothing opens it again.
        return "ERASED" if chain.erased and event.body is None else "LINK_SALT_MISSING"
    digest = event.body_digest
    if event.body is not None and event.body_salt is not None:
        try:
            digest = entries.body_digest(event.body_salt, canonical.dumps(event.body))
        except canonical.NotCanonical:
            return "BODY_DIFFERS"
        told = {"id": event.id, "kind": event.kind, "subject": str(chain.subject), "at": event.recorded_at}
        if any(event.body.get(name) != value for name, value in told.items()):
            return "ROW_DIFFERS"
    link = entries.link_digest(place.link_salt, chain.subject, place.seq, place.previous)
    return None if digest is not None and place.commitment == entries.commitment(digest, link) else "BODY_DIFFERS"


def _link_faults(chain: ClaimedChain) -> Iterator[Place]:
    before: ClaimedPlace | None = None
    for event in chain.events:
        place = event.place
        if place is None:
            continue
        follows = before is not None and place.seq == before.seq + 1
        if before is not None and place.seq <= before.seq:
            yield chain.at(event, "ORDER_DIFFERS")
        elif chain.whole and not follows and place.seq != 0:
            yield chain.at(event, "PREDECESSOR_MISSING")
        expected = before.commitment if before is not None and follows else entries.FIRST if place.seq == 0 else None
        if expected is not None and place.previous != expected:
            yield chain.at(event, "LINK_DIFFERS")
        before = place


def _opens(chain: ClaimedChain, event: ClaimedEvent, place: ClaimedPlace) -> bool:
    """Tell whether something opens what is said to be erased."""
    return chain.erased and (event.body is not None or place.link_salt is not None)


def _key_fault(chain: ClaimedChain) -> str | None:
    """Return what is wrong with the key of a licence's chain; without its issuing it may be any key at all."""
    assert chain.tag_key is not None
    first = next((event for event in chain.events if event.place is None or event.place.seq == 0), None)
    if first is None or first.kind != "issued":
        return "KEY_UNNAMED"
    if first.body is None:
        return "WITHHELD"
    detail = first.body.get("detail")
    named = detail.get("tag_key_sha256") if isinstance(detail, dict) else None
    return None if named == base64_text.encode(sha256(chain.tag_key).digest()) else "KEY_DIFFERS"
