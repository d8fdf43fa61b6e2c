"""Scenes of ledger.witnesses: proofs whose checkpoint was cosigned by some, by enough, by none, or in their names."""

from datetime import timedelta

from ledger.formats.checkpoints import Checkpoint
from ledger.formats.cosignatures import Cosigner
from ledger.formats.notes import NoteSigner, SignedNote
from ledger.formats.tlog_proof import TlogProof
from licences.verification.report import Report
from tests.ledger.local_keys import Ed25519Signer
from tests.licences.verification.scenes import INVALID, VALID, scenes
from tests.licences.verification.sealed import NOW, licence, world
from tests.licences.verification.worlds import SetSources, report

WITNESSES = {name: Cosigner(f"{name}.test/witness", Ed25519Signer(name.encode() * 32)) for name in "abc"}
OTHER_LOG = f"log {NoteSigner('other.test/log', Ed25519Signer(bytes([9]) * 32)).vkey.text}\n"
POLICY = "\n".join(
    [*(f"witness {name} {one.key.text}" for name, one in WITNESSES.items()), "group two 2 a b c", "quorum two", ""]
)


def lines(by: str, *, at: timedelta = -timedelta(days=1), other: bool = False) -> str:
    """The cosignatures of some on the checkpoint of the licence's proof, or on another one."""
    checkpoint = Checkpoint.parse(SignedNote.parse(_proof().checkpoint).text)
    if other:
        checkpoint = Checkpoint(checkpoint.origin, checkpoint.size + 1, checkpoint.root)
    return "".join(WITNESSES[name].cosign(checkpoint, NOW + at) for name in by)


def witnessed(cosigned: str, policy: str = POLICY) -> Report:
    """Verify the licence with a proof that bears these lines, under a trust list with this policy."""
    trust = world().trust(witness_policy=policy)
    return report(sources=SetSources(trust=trust, a_proof=cosigned_proof(cosigned)))


def cosigned_proof(cosigned: str) -> bytes:
    """The licence's proof, with these lines on its checkpoint."""
    proof = _proof()
    return TlogProof(proof.index, proof.hashes, proof.checkpoint + cosigned, proof.extra).text.encode()


def _proof() -> TlogProof:
    return TlogProof.parse(world().proof(licence().pdf.digest).decode())


WITNESS_SCENES = [
    *scenes(
        "ledger.witnesses",
        VALID,
        ("NO_POLICY", "licence.valid", lambda: witnessed(lines("ab"), "")),
        ("NO_POLICY", "licence.valid", lambda: witnessed(lines("ab"), "quorum none\n")),
        ("NO_QUORUM", "licence.valid", lambda: witnessed("")),
        ("NO_QUORUM", "licence.valid", lambda: witnessed(lines("a"))),
        ("NO_QUORUM", "licence.valid", lambda: witnessed(lines("a") * 2)),
        ("NO_QUORUM", "licence.valid", lambda: witnessed(lines("a") + lines("b", at=timedelta(days=1)))),
        ("LOG_NOT_LISTED", "licence.valid", lambda: witnessed(lines("ab"), OTHER_LOG + POLICY)),
    ),
    *scenes(
        "ledger.witnesses",
        INVALID,
        ("COSIGNATURE_INVALID", "ledger.cosignature_invalid", lambda: witnessed(lines("ab") + lines("c", other=True))),
    ),
]
