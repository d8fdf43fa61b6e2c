"""Scenes of ledger.anchor: a chain that holds the log of the proof, less of it, another one, or does not answer."""

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from ledger.entries import Opening
from ledger.formats.tlog_proof import TlogProof
from ledger.tree import merkle
from licences.verification.report import Report
from licences.verification.sources import Absent, AnchorStanding, Unavailable
from tests.ledger import reference_tree
from tests.licences.verification.scenes import INVALID, VALID, scenes
from tests.licences.verification.sealed import NOW, licence, world
from tests.licences.verification.worlds import SetSources, report

CHAIN = "eip155:31337:0x" + 40 * "1"
SEEN = NOW - timedelta(days=3)
LONG_AGO = NOW - timedelta(minutes=11)


def standing(size: int, **changes: Any) -> AnchorStanding:
    """What the chain says when it holds `size` entries of the log that the licence's proof is from."""
    leaves = _leaves()
    leaves += [merkle.leaf_hash(b"later %d" % number) for number in range(size - len(leaves))]
    nodes = reference_tree.nodes_of(leaves)
    old, new = sorted([8, size])
    proof = merkle.consistency_proof(old, new, nodes) if old and old != new else ()
    root = reference_tree.mth(leaves[:size]) if size else bytes(32)
    return replace(AnchorStanding(CHAIN, size, root, NOW - timedelta(seconds=5), proof, SEEN), **changes)


def _leaves() -> list[bytes]:
    """The eight leaves of the log in `sealed.World.proof`; the last is the licence's own entry."""
    proof = TlogProof.parse(world().proof(licence().pdf.digest).decode())
    assert proof.extra is not None
    own = merkle.leaf_hash(Opening.parse(proof.extra).entry)
    return [merkle.leaf_hash(b"%d" % number) for number in range(7)] + [own]


def anchored(an_anchor: AnchorStanding | Absent | Unavailable, **asked: Any) -> Report:
    """Verify the licence with its proof and what a chain says."""
    return report(sources=SetSources(a_proof=world().proof(licence().pdf.digest), an_anchor=an_anchor), **asked)


ANCHOR_SCENES = scenes(
    "ledger.anchor",
    VALID,
    ("NO_CHAIN", "licence.valid", lambda: anchored(Absent.NO_SOURCE)),
    ("NOT_ANCHORED_YET", "licence.valid", lambda: anchored(standing(0))),
    ("NOT_ANCHORED_YET", "licence.valid", lambda: anchored(standing(7))),
    ("CHAIN_UNREACHABLE", "licence.valid", lambda: anchored(Unavailable("database"))),
    ("CHAIN_UNREACHABLE", "licence.valid", lambda: anchored(standing(9, looked_at=LONG_AGO))),
    ("CHAIN_UNREACHABLE", "licence.valid", lambda: anchored(standing(0, looked_at=LONG_AGO))),
    # A look of tomorrow is that of a wrong clock.
    ("CHAIN_UNREACHABLE", "licence.valid", lambda: anchored(standing(9, looked_at=NOW + timedelta(minutes=11)))),
    ("NOT_COMPARABLE", "licence.valid", lambda: anchored(standing(9, proof=None))),
    ("NOT_COMPARABLE", "licence.valid", lambda: anchored(standing(5, proof=None, root=b"\x01" * 32))),
) + scenes(
    "ledger.anchor",
    INVALID,
    *(
        ("ROOT_DIFFERS", "ledger.root_differs", partial(anchored, standing(size, root=b"\x01" * 32, **changes)))
        for size in (1, 7, 8, 9)
        # What a chain was once seen to hold it never loses: the age of the look does not matter.
        for changes in ({}, {"looked_at": LONG_AGO})
    ),
    ("ROOT_DIFFERS", "ledger.root_differs", lambda: anchored(standing(9, proof=()))),
    ("ROOT_DIFFERS", "ledger.root_differs", lambda: anchored(standing(8, root=b"\x01" * 32, proof=None))),
)
