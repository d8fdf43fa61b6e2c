import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.entries import Opening
from ledger.formats import base64_text, canonical
from ledger.formats.checkpoints import Checkpoint
from ledger.formats.notes import NoteSigner
from ledger.formats.tlog_proof import ProofInvalid, ProofUnreadable, ProofUntrusted, TlogProof, verify_proof
from ledger.tree import merkle
from tests.ledger import reference_tree as reference
from tests.ledger.local_keys import ORIGIN, Ed25519Signer
from tests.ledger.test_merkle import LEAVES

SIGNER = NoteSigner(ORIGIN, Ed25519Signer())
VKEYS = {ORIGIN: SIGNER.vkey}
OPENING = Opening(
    tag=b"t" * 32, body=canonical.dumps({"id": "evt_1", "测试": 1}), body_salt=b"s" * 32, link_digest=b"l" * 32
)
TREE = [*LEAVES[:5], merkle.leaf_hash(OPENING.entry), *LEAVES[6:11]]
ROOT = reference.mth(TREE)
PROOF = TlogProof(
    index=5,
    hashes=merkle.inclusion_proof(5, 11, reference.nodes_of(TREE)),
    checkpoint=SIGNER.sign(Checkpoint(ORIGIN, 11, ROOT).text),
    extra=OPENING.to_bytes(),
)
TEXT = PROOF.text


def test_the_file_has_the_form_of_the_standard() -> None:
    lines = TEXT.split("\n")
    assert lines[0] == "c2sp.org/tlog-proof@v1"
    assert lines[1] == "extra " + base64_text.encode(OPENING.to_bytes())
    assert lines[2] == "index 5"
    assert [base64_text.decode(line) for line in lines[3:7]] == list(PROOF.hashes)
    assert "\n".join(lines[7:]) == "\n" + PROOF.checkpoint
    assert TlogProof.parse(TEXT) == PROOF


def test_it_proves_the_event() -> None:
    verified = verify_proof(TlogProof.parse(TEXT), VKEYS)
    assert verified.event == {"id": "evt_1", "测试": 1}
    assert (verified.index, verified.size, verified.origin, verified.root) == (5, 11, ORIGIN, ROOT)


def test_a_proof_without_extra_is_read_and_opens_nothing() -> None:
    bare = TlogProof(PROOF.index, PROOF.hashes, PROOF.checkpoint, None)
    assert TlogProof.parse(bare.text) == bare
    with pytest.raises(ProofUnreadable):
        verify_proof(bare, VKEYS)


def test_a_log_that_is_not_known_is_untrusted() -> None:
    with pytest.raises(ProofUntrusted):
        verify_proof(PROOF, {})
    with pytest.raises(ProofUntrusted):
        verify_proof(PROOF, {"other.test/log": SIGNER.vkey})
    with pytest.raises(ProofUntrusted):
        verify_proof(PROOF, {ORIGIN: NoteSigner(ORIGIN, Ed25519Signer(bytes([1]) * 32)).vkey})


def test_what_does_not_hold_is_invalid() -> None:
    forged = Opening(OPENING.tag, canonical.dumps({"id": "evt_2"}), OPENING.body_salt, OPENING.link_digest)
    other_size = PROOF.checkpoint.replace("\n11\n", "\n12\n")
    for proof in (
        TlogProof(4, PROOF.hashes, PROOF.checkpoint, PROOF.extra),
        TlogProof(5, PROOF.hashes[:-1], PROOF.checkpoint, PROOF.extra),
        TlogProof(5, PROOF.hashes, PROOF.checkpoint, forged.to_bytes()),
        TlogProof(5, PROOF.hashes, other_size, PROOF.extra),
    ):
        with pytest.raises(ProofInvalid):
            verify_proof(proof, VKEYS)


@settings(max_examples=250)
@given(st.integers(0, len(TEXT) - 1), st.characters(codec="utf-8"))
def test_a_changed_character_is_found(at: int, character: str) -> None:
    changed = TEXT[:at] + character + TEXT[at + 1 :]
    if changed == TEXT:
        return
    with pytest.raises((ProofUnreadable, ProofUntrusted, ProofInvalid)):
        verify_proof(TlogProof.parse(changed), VKEYS)


@pytest.mark.parametrize("length", range(0, len(TEXT), 7))
def test_a_cut_file_is_found(length: int) -> None:
    with pytest.raises((ProofUnreadable, ProofUntrusted)):
        verify_proof(TlogProof.parse(TEXT[:length]), VKEYS)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "c2sp.org/tlog-proof@v1",
        "c2sp.org/tlog-proof@v1\n\n",
        "c2sp.org/tlog-proof@v2\nindex 0\n\n" + PROOF.checkpoint,
        "c2sp.org/tlog-proof@v1\nindex 00\n\n" + PROOF.checkpoint,
        "c2sp.org/tlog-proof@v1\nindex -1\n\n" + PROOF.checkpoint,
        "c2sp.org/tlog-proof@v1\nindex 0\nAAAA\n\n" + PROOF.checkpoint,
        "c2sp.org/tlog-proof@v1\nindex 0\nextra AAAA\n\n" + PROOF.checkpoint,
        "c2sp.org/tlog-proof@v1\nextra A\nindex 0\n\n" + PROOF.checkpoint,
        "c2sp.org/tlog-proof@v1\nindex 0\n" + ("A" * 43 + "=\n") * 65 + "\n" + PROOF.checkpoint,
        TEXT + " " * (1 << 20),
        TEXT.replace("\n", "\r\n"),
    ],
)
def test_another_shape_is_refused(text: str) -> None:
    with pytest.raises(ProofUnreadable):
        TlogProof.parse(text)


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        TlogProof.parse(text)
    except ProofUnreadable:
        return
