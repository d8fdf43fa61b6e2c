"""C2SP/CCTV: edge cases on which Ed25519 verifiers differ. Ours is the rule of `cryptography`, pinned here.

The rule: the equation without the cofactor, compared byte by byte with R. So a signature is refused whose R is not
canonical or which holds only up to a component of low order; a key that is of low order or not canonical is the
business of whoever trusts it. Two verifiers of one release must never differ: an upgrade that does fails this test.
"""

import json
from pathlib import Path

from ledger.formats.notes import ED25519, Vkey

REFUSED = {"low_order_residue", "non_canonical_R"}


def test_every_edge_case_is_judged_by_the_one_rule(vectors: Path) -> None:
    cases = json.loads((vectors / "ed25519" / "ed25519vectors.json").read_text())
    accepted = 0
    for case in cases:
        vkey = Vkey("log.example", ED25519, bytes.fromhex(case["key"]))
        verdict = vkey.verifies(case["msg"].encode(), bytes.fromhex(case["sig"]))
        assert verdict == REFUSED.isdisjoint(case["flags"] or ()), case
        accepted += verdict
    assert (len(cases), accepted) == (914, 208)
