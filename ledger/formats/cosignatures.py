"""Cosignatures (c2sp.org/tlog-cosignature): a witness's word that a checkpoint continues all it has seen of a log.

A cosignature is a signature line of the checkpoint's note, made by a key of its own kind:

    blob        = time (u64, big-endian, seconds) ‖ signature
    04 Ed25519    signs a line `cosignature/v1`, a line `time <t>` and the checkpoint's text, extension lines included
    06 ML-DSA-44  signs label ‖ name ‖ time ‖ origin ‖ start ‖ end ‖ root, which leaves extension lines out

So that a checkpoint with cosignatures remains a note whose log signature anybody can check, and what a witness says can
be moved from note to note.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final, Protocol, Self

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from ledger.errors import LedgerError
from ledger.formats.checkpoints import Checkpoint
from ledger.formats.notes import (
    NoteSignature,
    NoteSignatureInvalid,
    NoteUnreadable,
    SignedNote,
    Vkey,
    VkeyInvalid,
    is_name,
    key_id,
    split_vkey,
    vkey_text,
)
from ledger.tree.merkle import EMPTY_ROOT

ED25519_COSIGNATURE: Final = 0x04
MLDSA44_COSIGNATURE: Final = 0x06
_KEY_SIZES: Final[Mapping[int, int]] = MappingProxyType({ED25519_COSIGNATURE: 32, MLDSA44_COSIGNATURE: 1312})
_TIME: Final = 8
_LAST_SECOND: Final = 253_402_300_799
"""The end of the year 9999; the format allows 2^63 - 1, which nobody's clock shows."""
_LABEL: Final = b"subtree/v1\n\0"


@dataclass(eq=False)
class CosignatureRefused(LedgerError):
    """That cannot be cosigned."""

    code = "ledger.cosignature_refused"
    zh = "无法对该检查点作见证签名：{reason}"
    en = "that checkpoint cannot be cosigned: {reason}"

    reason: str


@dataclass(frozen=True, slots=True)
class CosignerKey:
    """The verifier key of a witness: its name, the signature type (04 or 06) and the public key (32 or 1,312 bytes)."""

    name: str
    type: int
    public_key: bytes

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `name+keyid+base64(type ‖ key)`; raises VkeyInvalid, also for a log's own kind of key.

        A plain Ed25519 key (01) signs texts of any form; taken for a witness's, any note of it would be a cosignature.
        """
        name, signature_type, public_key = split_vkey(text)
        if _KEY_SIZES.get(signature_type) != len(public_key):
            raise VkeyInvalid
        key = cls(name, signature_type, public_key)
        try:
            key.load()
        except UnsupportedAlgorithm as error:
            # Said where the key is set up: later it would look as if the witness had signed wrongly.
            raise VkeyInvalid from error
        return key

    @classmethod
    def of(cls, name: str, signer: "CosigningKey") -> Self:
        """Return the verifier key of a private key under a name; raises VkeyInvalid for a kind that cannot cosign."""
        public_key = load_der_public_key(signer.public_key)
        if not is_name(name):
            raise VkeyInvalid
        if isinstance(public_key, Ed25519PublicKey):
            return cls(name, ED25519_COSIGNATURE, public_key.public_bytes_raw())
        if isinstance(public_key, MLDSA44PublicKey):
            return cls(name, MLDSA44_COSIGNATURE, public_key.public_bytes_raw())
        raise VkeyInvalid

    @property
    def id(self) -> bytes:
        """The key id: 4 bytes."""
        return key_id(self.name, self.type, self.public_key)

    @property
    def text(self) -> str:
        """The form in which verifier keys are handed out."""
        return vkey_text(self.name, self.type, self.public_key)

    def load(self) -> Ed25519PublicKey | MLDSA44PublicKey:
        """Return the public key as the library knows it; raises UnsupportedAlgorithm where that lacks ML-DSA."""
        if self.type == ED25519_COSIGNATURE:
            return Ed25519PublicKey.from_public_bytes(self.public_key)
        return MLDSA44PublicKey.from_public_bytes(self.public_key)

    def verifies(self, text: bytes, signature: bytes) -> bool:
        """Tell whether the blob is this key's cosignature of the checkpoint text, at the time that it names."""
        try:
            checkpoint = Checkpoint.parse(text.decode())
            message = _MESSAGES[self.type](self.name, checkpoint, _seconds(signature))
            self.load().verify(signature[_TIME:], message)
        except (InvalidSignature, NoteUnreadable, CosignatureRefused, ValueError):
            return False
        return True


LogKey = Vkey | CosignerKey
"""The verifier key of a log: Ed25519 (01), or ML-DSA-44, which has no form but that of a cosignature (06)."""


class CosigningKey(Protocol):
    """A private key that never leaves its store; any `ledger.signing.Signer` of a kind that cosigns."""

    @property
    def public_key(self) -> bytes:
        """DER of SubjectPublicKeyInfo."""
        ...

    def sign(self, data: bytes) -> bytes:
        """Sign the data; returns the raw signature, 64 bytes (Ed25519) or 2,420 (ML-DSA-44, empty context)."""
        ...


@dataclass(frozen=True, slots=True)
class Cosignature:
    """A cosignature that holds: whose it is, when it was made, and the line that can be put below another copy."""

    key: CosignerKey
    at: datetime
    line: str


class Cosigner:
    """Cosigns checkpoints with one key under its name; raises VkeyInvalid for a kind of key that cannot.

    The Ed25519 form does not say the witness's name: one key must never serve two witnesses, nor sign notes of a log.
    """

    def __init__(self, name: str, signer: CosigningKey) -> None:
        self.key = CosignerKey.of(name, signer)
        self._signer = signer

    def cosign(self, checkpoint: Checkpoint, at: datetime) -> str:
        """Return the signature line for a checkpoint that was checked; raises CosignatureRefused."""
        seconds = int(at.timestamp())
        # Zero means "I do not say that this is the largest": a witness never means that.
        if not 0 < seconds <= _LAST_SECOND:
            raise CosignatureRefused(reason="the clock shows no time that can be written")
        message = _MESSAGES[self.key.type](self.key.name, checkpoint, seconds)
        blob = seconds.to_bytes(_TIME) + self._signer.sign(message)
        return NoteSignature(self.key.name, self.key.id, blob).line


def parse_log_key(text: str) -> LogKey:
    """Read the verifier key of a log; raises VkeyInvalid, also for a kind that only witnesses have."""
    try:
        return Vkey.parse(text)
    except VkeyInvalid:
        key = CosignerKey.parse(text)
        if key.type != MLDSA44_COSIGNATURE:
            raise
        return key


def cosignatures(
    note: SignedNote, keys: Iterable[CosignerKey], not_after: datetime | None = None
) -> tuple[Cosignature, ...]:
    """Return the cosignatures of the keys that have cosigned a checkpoint, in the order of the keys.

    not_after: those of a later time are not believed. Of two by one key the later counts. Lines of unknown keys are
    ignored; a known key's line that does not hold rejects the note: raises NoteSignatureInvalid.
    Source: c2sp.org/tlog-cosignature, "Format"; c2sp.org/signed-note, "Signatures".
    """
    known = tuple(keys)
    by_line = {(key.name, key.id): key for key in known}
    text = note.text.encode()
    found: dict[CosignerKey, Cosignature] = {}
    for line in note.signatures:
        key = by_line.get((line.name, line.key_id))
        if key is None:
            continue
        if not key.verifies(text, line.signature):
            raise NoteSignatureInvalid(name=line.name)
        seconds = _seconds(line.signature)
        if seconds == 0:
            continue  # it does not say that this was the largest tree at any time
        at = datetime.fromtimestamp(seconds, UTC)
        if not_after is not None and at > not_after:
            continue
        if key not in found or found[key].at < at:
            found[key] = Cosignature(key, at, line.line)
    return tuple(found[key] for key in known if key in found)


def _seconds(blob: bytes) -> int:
    if len(blob) <= _TIME:
        raise NoteUnreadable(reason="a cosignature is too short")
    seconds = int.from_bytes(blob[:_TIME])
    if seconds > _LAST_SECOND:
        raise NoteUnreadable(reason="the time of a cosignature")
    return seconds


def _ed25519_message(_name: str, checkpoint: Checkpoint, seconds: int) -> bytes:
    """Return what an Ed25519 cosignature signs.

    Source: c2sp.org/tlog-cosignature, "Ed25519 signed message".
    """
    return f"cosignature/v1\ntime {seconds}\n{checkpoint.text}".encode()


def _mldsa44_message(name: str, checkpoint: Checkpoint, seconds: int) -> bytes:
    """Return what an ML-DSA-44 cosignature signs.

    Source: c2sp.org/tlog-cosignature, "ML-DSA-44 signed message".
    """
    # What this form does not cover must not seem covered.
    if checkpoint.extensions:
        raise CosignatureRefused(reason="its extension lines would not be covered")
    if checkpoint.size == 0 and checkpoint.root != EMPTY_ROOT:
        raise CosignatureRefused(reason="the root of an empty tree is another")
    head = _LABEL + _short(name) + seconds.to_bytes(8)
    return head + _short(checkpoint.origin) + bytes(8) + checkpoint.size.to_bytes(8) + checkpoint.root


def _short(text: str) -> bytes:
    data = text.encode()
    if not 0 < len(data) < 256:
        raise CosignatureRefused(reason="a name or an origin of more than 255 bytes")
    return bytes([len(data)]) + data


_MESSAGES: Final[Mapping[int, Callable[[str, Checkpoint, int], bytes]]] = MappingProxyType(
    {ED25519_COSIGNATURE: _ed25519_message, MLDSA44_COSIGNATURE: _mldsa44_message}
)
