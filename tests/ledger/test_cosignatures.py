from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.formats.checkpoints import Checkpoint
from ledger.formats.cosignatures import (
    CosignatureRefused,
    Cosigner,
    CosignerKey,
    CosigningKey,
    cosignatures,
    parse_log_key,
)
from ledger.formats.notes import NoteSignature, NoteSignatureInvalid, SignedNote, Vkey, VkeyInvalid
from tests.ledger.local_keys import Ed25519Signer, P256Signer
from tests.ledger.witnessed_logs import NOW, MlDsa44Signer, SmallLog, second_opinion

LOG = SmallLog()
CHECKPOINT = Checkpoint(LOG.origin, 5, LOG.root(5))
NOTE = LOG.note(5)
KEYS: dict[str, Callable[[bytes], CosigningKey]] = {"Ed25519": Ed25519Signer, "ML-DSA-44": MlDsa44Signer}
both_kinds = pytest.mark.parametrize("kind", list(KEYS))


def cosigner(kind: str, name: str = "witness.test/w1", seed: bytes = bytes([7]) * 32) -> Cosigner:
    return Cosigner(name, KEYS[kind](seed))


def cosigned(*lines: str, note: str = NOTE) -> SignedNote:
    return SignedNote.parse(note + "".join(lines))


@both_kinds
def test_a_cosignature_is_one_more_line_and_says_when(kind: str) -> None:
    one = cosigner(kind)
    line = one.cosign(CHECKPOINT, NOW)
    note = cosigned(line)
    (found,) = cosignatures(note, [one.key])
    assert (found.key, found.at, found.line) == (one.key, NOW, line)
    assert note.verify([LOG.signer.vkey]) == (LOG.signer.vkey,), "the log's own signature is as good as before"
    assert note.verify([one.key]) == (one.key,)


def test_openssl_agrees(tmp_path: Path) -> None:
    one = cosigner("Ed25519")
    line = one.cosign(CHECKPOINT, NOW)
    assert second_opinion(CHECKPOINT.text, line, one.key.text, tmp_path) == int(NOW.timestamp())
    other = Checkpoint(LOG.origin, 6, LOG.root(6))
    assert second_opinion(other.text, line, one.key.text, tmp_path) is None


@both_kinds
def test_a_verifier_key_has_one_form(kind: str) -> None:
    key = cosigner(kind).key
    assert CosignerKey.parse(key.text) == key
    name, key_id, data = key.text.split("+", 2)
    for text in ("", name, f"{name}+{key_id}", f"{name}+00000000+{data}", f"{name}x+{key_id}+{data}",
                 f"{name}+{key_id}+{data[:-4]}", f"\ud800+{key_id}+{data}"):  # fmt: skip
        with pytest.raises(VkeyInvalid):
            CosignerKey.parse(text)


def test_keys_of_logs_and_of_witnesses_are_not_mixed_up() -> None:
    log, ed25519, mldsa = LOG.vkey_text, cosigner("Ed25519").key.text, cosigner("ML-DSA-44").key.text
    with pytest.raises(VkeyInvalid):
        CosignerKey.parse(log)
    for text in (ed25519, mldsa):
        with pytest.raises(VkeyInvalid):
            Vkey.parse(text)
    assert parse_log_key(log) == LOG.signer.vkey
    assert parse_log_key(mldsa) == cosigner("ML-DSA-44").key, "the only form that a log's ML-DSA key has"
    with pytest.raises(VkeyInvalid):
        parse_log_key(ed25519)
    with pytest.raises(VkeyInvalid):
        Cosigner("witness.test/w1", P256Signer())
    for name in ("", "a b", "a+b"):
        with pytest.raises(VkeyInvalid):
            Cosigner(name, Ed25519Signer())


@both_kinds
def test_it_covers_origin_size_root_name_and_time(kind: str) -> None:
    one = cosigner(kind)
    line = NoteSignature.parse(one.cosign(CHECKPOINT, NOW).rstrip("\n"))
    assert one.key.verifies(CHECKPOINT.text.encode(), line.signature)
    for other in (
        Checkpoint("other.test/log", 5, CHECKPOINT.root),
        Checkpoint(LOG.origin, 6, CHECKPOINT.root),
        Checkpoint(LOG.origin, 5, LOG.root(6)),
        Checkpoint(LOG.origin, 5, CHECKPOINT.root, ("extension",)),
    ):
        assert not one.key.verifies(other.text.encode(), line.signature)
    later = (int.from_bytes(line.signature[:8]) + 1).to_bytes(8) + line.signature[8:]
    assert not one.key.verifies(CHECKPOINT.text.encode(), later)
    for broken in (b"", line.signature[:8], line.signature[:-1], line.signature + b"\0", b"\xff" * 8):
        assert not one.key.verifies(CHECKPOINT.text.encode(), broken)
    assert not one.key.verifies(b"no checkpoint\n", line.signature)
    assert not one.key.verifies(b"\xff\n", line.signature)


def test_extension_lines_are_covered_or_refused() -> None:
    extended = Checkpoint(LOG.origin, 5, LOG.root(5), ("one", "two"))
    one = cosigner("Ed25519")
    note = cosigned(one.cosign(extended, NOW), note=LOG.note(5, ("one", "two")))
    assert len(cosignatures(note, [one.key])) == 1
    with pytest.raises(CosignatureRefused):
        cosigner("ML-DSA-44").cosign(extended, NOW)


def test_what_has_no_form_is_refused() -> None:
    one = cosigner("ML-DSA-44")
    for checkpoint in (Checkpoint("x" * 256, 5, CHECKPOINT.root), Checkpoint(LOG.origin, 0, CHECKPOINT.root)):
        with pytest.raises(CosignatureRefused):
            one.cosign(checkpoint, NOW)
    with pytest.raises(CosignatureRefused):
        cosigner("ML-DSA-44", name="x" * 256).cosign(CHECKPOINT, NOW)
    for moment in (datetime(1970, 1, 1, tzinfo=UTC), datetime(1960, 1, 1, tzinfo=UTC)):
        with pytest.raises(CosignatureRefused):
            one.cosign(CHECKPOINT, moment)


def test_unknown_lines_are_ignored_and_known_ones_must_hold() -> None:
    one, other = cosigner("Ed25519"), cosigner("Ed25519", seed=bytes([8]) * 32)
    assert cosignatures(cosigned(other.cosign(CHECKPOINT, NOW)), [one.key]) == (), "same name, another key"
    elsewhere = one.cosign(Checkpoint(LOG.origin, 6, LOG.root(6)), NOW)
    with pytest.raises(NoteSignatureInvalid, match=r"witness\.test/w1"):
        cosignatures(cosigned(elsewhere), [one.key])
    with pytest.raises(NoteSignatureInvalid):
        cosignatures(cosigned(one.cosign(CHECKPOINT, NOW), elsewhere), [one.key])


@both_kinds
def test_of_two_by_one_key_the_later_counts(kind: str) -> None:
    one = cosigner(kind)
    later = NOW + timedelta(seconds=9)
    lines = [one.cosign(CHECKPOINT, NOW), one.cosign(CHECKPOINT, later), one.cosign(CHECKPOINT, NOW)]
    assert [found.at for found in cosignatures(cosigned(*lines), [one.key])] == [later]


def test_a_cosignature_without_a_time_is_no_witness() -> None:
    """The format allows time 0, "I do not say that this was the largest"; counted, it would let a fork be witnessed."""
    key = MlDsa44Signer()
    one = Cosigner("witness.test/w1", key)
    name, origin = b"witness.test/w1", LOG.origin.encode()
    message = (
        b"subtree/v1\n\0" + bytes([len(name)]) + name + bytes(8) + bytes([len(origin)]) + origin
        + bytes(8) + (5).to_bytes(8) + CHECKPOINT.root
    )  # fmt: skip
    line = NoteSignature(one.key.name, one.key.id, bytes(8) + key.sign(message)).line
    assert cosigned(line).verify([one.key]) == (one.key,), "well made, by a writer that shares no line with ours"
    assert cosignatures(cosigned(line), [one.key]) == ()


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(list(KEYS)), st.data())
def test_a_changed_byte_is_found(kind: str, data: st.DataObject) -> None:
    one = cosigner(kind)
    line = NoteSignature.parse(one.cosign(CHECKPOINT, NOW).rstrip("\n"))
    at = data.draw(st.integers(0, len(line.signature) - 1))
    change = data.draw(st.integers(1, 255))
    blob = bytearray(line.signature)
    blob[at] ^= change
    assert not one.key.verifies(CHECKPOINT.text.encode(), bytes(blob))
