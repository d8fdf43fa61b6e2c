"""Signed notes (c2sp.org/signed-note): text with signatures below it, and the keys that verify them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol, Self, TypeVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from ledger.errors import LedgerError
from ledger.formats import base64_text
from ledger.signing import Signer

ED25519 = 0x01
MAX_NOTE = 1 << 20
MAX_SIGNATURES = 100
_KEY_ID = 4
_ED25519_KEY = 32
_FORBIDDEN = re.compile("[\x00-\x09\x0b-\x1f\ud800-\udfff]")
"""Control characters but the newline, and what has no form in UTF-8."""


@dataclass(eq=False)
class NoteUnreadable(LedgerError):
    """The bytes are not a signed note, or its text is not what it should be."""

    code = "ledger.note_unreadable"
    zh = "不是有效的签名文本（{reason}）"
    en = "that is not a signed note: {reason}"

    reason: str


@dataclass(eq=False)
class NoteUntrusted(LedgerError):
    """No key that is known has signed the note."""

    code = "ledger.note_untrusted"
    zh = "签名文本没有任何已知密钥的签名"
    en = "no known key has signed the note"


@dataclass(eq=False)
class NoteSignatureInvalid(LedgerError):
    """A known key's signature does not verify."""

    code = "ledger.note_signature_invalid"
    zh = "密钥 {name} 在签名文本上的签名无效"
    en = "the signature of {name} on the note does not verify"

    name: str


@dataclass(eq=False)
class VkeyInvalid(LedgerError):
    """That is not the verifier key of a note, or of a kind that is not supported."""

    code = "ledger.vkey_invalid"
    zh = "不是有效的账本公钥（vkey）"
    en = "that is not a verifier key (vkey) of a supported kind"


class NoteKey(Protocol):
    """What verifies a signature line: `Vkey` of a log, `CosignerKey` of a witness."""

    @property
    def name(self) -> str:
        """The name on its lines."""
        ...

    @property
    def id(self) -> bytes:
        """The key id on its lines: 4 bytes."""
        ...

    def verifies(self, text: bytes, signature: bytes) -> bool:
        """Tell whether the signature is this key's over the text."""
        ...


_Key = TypeVar("_Key", bound=NoteKey)


@dataclass(frozen=True, slots=True)
class Vkey:
    """The verifier key of a log: its name, the signature type and the public key (32 bytes for Ed25519)."""

    name: str
    type: int
    public_key: bytes

    @classmethod
    def of(cls, name: str, signer: Signer) -> Self:
        """Return the verifier key of a signer under a name; raises VkeyInvalid unless it is Ed25519."""
        public_key = load_der_public_key(signer.public_key)
        if not isinstance(public_key, Ed25519PublicKey) or not is_name(name):
            raise VkeyInvalid
        return cls(name, ED25519, public_key.public_bytes_raw())

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `name+keyid+base64(type ‖ key)`; raises VkeyInvalid."""
        name, signature_type, public_key = split_vkey(text)
        if signature_type != ED25519 or len(public_key) != _ED25519_KEY:
            raise VkeyInvalid
        return cls(name, signature_type, public_key)

    @property
    def id(self) -> bytes:
        """The key id: 4 bytes."""
        return key_id(self.name, self.type, self.public_key)

    @property
    def text(self) -> str:
        """The form in which verifier keys are handed out."""
        return vkey_text(self.name, self.type, self.public_key)

    def verifies(self, text: bytes, signature: bytes) -> bool:
        """Tell whether the signature is this key's over the text."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature, text)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line: the key's name, its id (4 bytes) and the signature."""

    name: str
    key_id: bytes
    signature: bytes

    @property
    def line(self) -> str:
        """The line as it stands below the text, with its newline."""
        return f"— {self.name} {base64_text.encode(self.key_id + self.signature)}\n"

    @classmethod
    def parse(cls, line: str) -> Self:
        """Read a line, its newline taken off; raises NoteUnreadable."""
        dash, _, rest = line.partition(" ")
        name, _, encoded = rest.partition(" ")
        if dash != "—" or not is_name(name):
            raise NoteUnreadable(reason="a line of the signature block is none")
        try:
            data = base64_text.decode(encoded)
        except ValueError as error:
            raise NoteUnreadable(reason="a signature is not base64") from error
        if len(data) <= _KEY_ID:
            raise NoteUnreadable(reason="a signature is too short")
        return cls(name, data[:_KEY_ID], data[_KEY_ID:])


@dataclass(frozen=True, slots=True)
class SignedNote:
    """A note as it was read, nothing verified: the text with its last newline, and the signatures."""

    text: str
    signatures: tuple[NoteSignature, ...]

    @classmethod
    def parse(cls, data: str) -> Self:
        """Read a signed note; raises NoteUnreadable."""
        if len(data) > MAX_NOTE:
            raise NoteUnreadable(reason="too long")
        if _FORBIDDEN.search(data):
            raise NoteUnreadable(reason="control characters")
        # The text may hold empty lines itself: the last one parts it from the signatures.
        text, blank, lines = data.rpartition("\n\n")
        if not blank or not lines.endswith("\n"):
            raise NoteUnreadable(reason="no signature block")
        signatures = lines[:-1].split("\n")
        if len(signatures) > MAX_SIGNATURES:
            raise NoteUnreadable(reason="too many signatures")
        return cls(text + "\n", tuple(NoteSignature.parse(line) for line in signatures))

    def verify(self, vkeys: Iterable[_Key]) -> tuple[_Key, ...]:
        """Return those of the keys that have signed.

        Signatures of other keys are ignored, but a known key's bad signature rejects the whole note. Raises
        NoteSignatureInvalid, and NoteUntrusted if none of the keys has signed.
        Source: c2sp.org/signed-note, "Signatures".
        """
        known = {(vkey.name, vkey.id): vkey for vkey in vkeys}
        text = self.text.encode()
        verified: dict[_Key, None] = {}
        for line in self.signatures:
            vkey = known.get((line.name, line.key_id))
            if vkey is None:
                continue
            if not vkey.verifies(text, line.signature):
                raise NoteSignatureInvalid(name=line.name)
            verified[vkey] = None
        if not verified:
            raise NoteUntrusted
        return tuple(verified)


class NoteSigner:
    """Signs notes with an Ed25519 key under its name; raises VkeyInvalid for another kind of key."""

    def __init__(self, name: str, signer: Signer) -> None:
        self.vkey = Vkey.of(name, signer)
        self._signer = signer

    def sign(self, text: str) -> str:
        """Return the note; the text must end with a newline."""
        if not text.endswith("\n"):
            raise NoteUnreadable(reason="the text does not end with a newline")
        return f"{text}\n{NoteSignature(self.vkey.name, self.vkey.id, self._signer.sign(text.encode())).line}"


def key_id(name: str, signature_type: int, public_key: bytes) -> bytes:
    """Return a key's id: 4 bytes, a name for look-up and not a strong hash.

    Source: c2sp.org/signed-note, "Signatures".
    """
    return sha256(name.encode() + b"\n" + bytes([signature_type]) + public_key).digest()[:_KEY_ID]


def vkey_text(name: str, signature_type: int, public_key: bytes) -> str:
    """Return the form in which verifier keys are handed out.

    Source: c2sp.org/signed-note, "Verifier keys".
    """
    encoded = base64_text.encode(bytes([signature_type]) + public_key)
    return f"{name}+{key_id(name, signature_type, public_key).hex()}+{encoded}"


def split_vkey(text: str) -> tuple[str, int, bytes]:
    """Return the name, the signature type and the public key of a verifier key of any kind; raises VkeyInvalid."""
    name, _, rest = text.partition("+")
    _, _, encoded = rest.partition("+")
    try:
        data = base64_text.decode(encoded)
        if not is_name(name) or len(data) < 2 or vkey_text(name, data[0], data[1:]) != text:
            raise VkeyInvalid
    except ValueError as error:  # half a character has no form in UTF-8
        raise VkeyInvalid from error
    return name, data[0], data[1:]


def is_name(name: str) -> bool:
    """Tell whether a key may have that name.

    Source: c2sp.org/signed-note, "Format".
    """
    return bool(name) and "+" not in name and not any(character.isspace() for character in name)
