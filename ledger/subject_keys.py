"""The keys of one subject, all derived from the one key that erasure destroys."""

import hmac
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Self

_DOMAIN = b"elicence/subject/v1\n"


@dataclass(frozen=True, slots=True)
class SubjectKeys:
    """Four 32-byte keys: for the tags of its entries, its events at rest, its documents and rows, and the salts."""

    tag: bytes = field(repr=False)
    event: bytes = field(repr=False)
    document: bytes = field(repr=False)
    salt: bytes = field(repr=False)

    @classmethod
    def derive(cls, key: bytes) -> Self:
        """Derive the keys from the subject's 32-byte key.

        Source: RFC 5869 (HKDF-SHA256 without salt), section 2.
        """
        secret = hmac.digest(bytes(32), key, "sha256")
        tag, event, document, salt = (
            hmac.digest(secret, _DOMAIN + purpose + b"\x01", "sha256")
            for purpose in (b"tag", b"event", b"document", b"salt")
        )
        return cls(tag, event, document, salt)

    @property
    def tag_digest(self) -> bytes:
        """SHA-256 of the tag key: it stands in the issued event and in the signed JSON, so that a licence has one key."""
        return sha256(self.tag).digest()
