"""The 518 proofs, good and bad, of transparency-dev/merkle."""

import json
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.tree import merkle
from ledger.tree.merkle import EMPTY_ROOT, ProofInvalid

Case = dict[str, Any]


def inclusion(case: Case) -> None:
    merkle.verify_inclusion(case["leafIdx"], case["treeSize"], case["leafHash"], case["proof"], case["root"])


def consistency(case: Case) -> None:
    merkle.verify_consistency(case["size1"], case["size2"], case["proof"], case["root1"], case["root2"])


def subtree_inclusion(case: Case) -> None:
    # A subtree is a tree of its own: the leaf's place in it is told from its start.
    start, end = case["start"], case["end"]
    if not merkle.is_subtree(start, end):
        raise ProofInvalid(reason="no subtree")
    merkle.verify_inclusion(case["leafIdx"] - start, end - start, case["leafHash"], case["proof"], case["root"])


def subtree_consistency(case: Case) -> None:
    start, end, size = case["start"], case["end"], case["size"]
    if start == end:
        # The empty subtree is part of every tree. Ours has no use for it and `verify_subtree` refuses it: so the
        # trivial rule stands here.
        if case["proof"] or case["root1"] != EMPTY_ROOT or not start <= size:
            raise ProofInvalid(reason="not the empty subtree")
        return
    merkle.verify_subtree(start, end, size, case["root1"], case["proof"], case["root2"])


@pytest.mark.parametrize(
    ("folder", "verify", "good", "bad"),
    [
        ("inclusion", inclusion, 6, 92),
        ("consistency", consistency, 6, 92),
        ("subtreeinclusion", subtree_inclusion, 12, 192),
        ("subtreeconsistency", subtree_consistency, 12, 106),
    ],
)
def test_each_case_ends_as_it_should(
    vectors: Path, folder: str, verify: Callable[[Case], None], good: int, bad: int
) -> None:
    counts = {False: 0, True: 0}
    for file in sorted((vectors / "rfc6962" / folder).rglob("*.json")):
        case = json.loads(file.read_text())
        for name in ("leafHash", "root", "root1", "root2"):
            case[name] = b64decode(case.get(name) or "")
        case["proof"] = [b64decode(part) for part in case["proof"] or ()]
        try:
            verify(case)
            refused = False
        except ProofInvalid:
            refused = True
        assert refused == case["wantErr"], f"{file}: {case['desc']}"
        counts[refused] += 1
    assert counts == {False: good, True: bad}
