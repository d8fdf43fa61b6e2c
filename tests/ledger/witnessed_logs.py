"""What tests of witnesses share: a small log in memory, witnesses in files, and a second reader of their signatures.

The second reader shares nothing with ours but the format: it takes lines apart by hand and asks `openssl` for Ed25519.
"""

import base64
import hashlib
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ledger.formats.checkpoints import Checkpoint
from ledger.formats.cosignatures import Cosigner, CosigningKey
from ledger.formats.notes import NoteSigner
from ledger.tree.merkle import Nodes, consistency_proof, inclusion_proof, leaf_hash, tree_root
from ledger.witness.protocol import AddCheckpoint
from ledger.witness.store import WitnessStore
from ledger.witness.witness import Witness
from tests.ledger.local_keys import Ed25519Signer

NOW = datetime(2026, 11, 22, 3, 4, 5, tzinfo=UTC)
ORIGIN = "city.test/log"
WITNESS = "witness.test/w1"


class MlDsa44Signer:
    def __init__(self, seed: bytes = bytes(32)) -> None:
        self._key = MLDSA44PrivateKey.from_seed_bytes(seed)

    @property
    def public_key(self) -> bytes:
        return self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, data: bytes) -> bytes:
        return self._key.sign(data)


class SmallLog:
    """A log of any size, whose entries are their numbers and the name of a branch."""

    def __init__(self, origin: str = ORIGIN, branch: str = "", seed: bytes = bytes(32)) -> None:
        self.origin = origin
        self.signer = NoteSigner(origin, Ed25519Signer(seed))
        self._branch = branch

    @property
    def vkey_text(self) -> str:
        return self.signer.vkey.text

    def entry(self, index: int) -> bytes:
        return f"{self._branch}{index}".encode()

    def nodes(self, _size: int) -> Nodes:
        return self._node

    def _node(self, level: int, index: int) -> bytes:
        if level == 0:
            return leaf_hash(self.entry(index))
        left, right = (self._node(level - 1, 2 * index + side) for side in (0, 1))
        return hashlib.sha256(b"\x01" + left + right).digest()

    def root(self, size: int) -> bytes:
        return tree_root(size, self._node)

    def note(self, size: int, extensions: tuple[str, ...] = ()) -> str:
        return self.signer.sign(Checkpoint(self.origin, size, self.root(size), extensions).text)

    def proof(self, old: int, size: int) -> tuple[bytes, ...]:
        return consistency_proof(old, size, self._node) if 0 < old < size else ()

    def inclusion(self, index: int, size: int) -> tuple[bytes, ...]:
        return inclusion_proof(index, size, self._node)

    def request(self, old: int, size: int) -> bytes:
        return AddCheckpoint(old, self.proof(old, size), self.note(size)).to_bytes()


def witness_in(
    folder: Path, *logs: SmallLog, name: str = WITNESS, key: CosigningKey | None = None
) -> tuple[Witness, WitnessStore, Cosigner]:
    """Make a witness that watches these logs."""
    cosigner = Cosigner(name, key or Ed25519Signer(hashlib.sha256(name.encode()).digest()))
    store = WitnessStore.create(folder / f"{hashlib.sha256(name.encode()).hexdigest()[:8]}.sqlite", cosigner.key.text)
    with store.exclusive() as memory:
        for log in logs:
            memory.watch(log.signer.vkey, NOW)
    return Witness(store, cosigner), store, cosigner


def second_opinion(text: str, line: str, vkey: str, scratch: Path) -> int | None:
    """Return the time of an Ed25519 cosignature line over a checkpoint text, None if it does not verify."""
    name, key_id, key = vkey.split("+", 2)
    raw = base64.b64decode(key)
    assert raw[0] == 4
    assert hashlib.sha256(name.encode() + b"\n" + raw).hexdigest()[:8] == key_id
    dash, signer, blob = line.rstrip("\n").split(" ")
    data = base64.b64decode(blob)
    assert (dash, signer, data[:4].hex(), len(data)) == ("\u2014", name, key_id, 76)
    time = int.from_bytes(data[4:12], "big")
    spki = bytes.fromhex("302a300506032b6570032100") + raw[1:]
    (scratch / "key.der").write_bytes(spki)
    (scratch / "message").write_bytes(b"cosignature/v1\ntime %d\n" % time + text.encode())
    (scratch / "signature").write_bytes(data[12:])
    done = subprocess.run(
        ["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER", "-inkey", scratch / "key.der",
         "-in", scratch / "message", "-sigfile", scratch / "signature"],
        capture_output=True, check=False,
    )  # fmt: skip
    return time if done.returncode == 0 else None
