"""Log entries: commitments of a fixed size that say that something happened, and neither to whom nor what.

    entry       = DOMAIN ‖ tag ‖ commitment                                              82 bytes
    tag         = HMAC-SHA256(k_tag, seq)                                                seq: u64, big-endian
    commitment  = SHA-256(body_digest ‖ link_digest)
    body_digest = SHA-256(salt_b ‖ body)
    link_digest = SHA-256(salt_l ‖ subject ‖ seq ‖ previous)           subject: the 16 bytes of the UUID;
                                                                       previous: commitment of the subject's entry
                                                                       before this one, 32 zero bytes at seq 0
    salt_b, salt_l = HMAC-SHA256(k_salt, "b" ‖ event id), HMAC-SHA256(k_salt, "l" ‖ event id)

A counterpart opens the body alone, an auditor the link too. The salts come out of the subject's key, so that erasing
the key erases them: what was published then opens to nothing, and every proof about it still holds.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Self
from uuid import UUID

from ledger.errors import LedgerError
from ledger.formats import base64_text, canonical

DOMAIN = b"elicence/entry/v1\n"
HASH_SIZE = 32
ENTRY_SIZE = len(DOMAIN) + 2 * HASH_SIZE
FIRST = bytes(HASH_SIZE)
"""Stands for the previous commitment where there is none."""
_MEMBERS = {"tag", "body", "body_salt", "link_digest"}


@dataclass(eq=False)
class OpeningUnreadable(LedgerError):
    """The opening of an entry is not of the form that it should have."""

    code = "ledger.opening_unreadable"
    zh = "账本条目的开启信息无法读取"
    en = "the opening of the ledger entry cannot be read"


def tag(tag_key: bytes, seq: int) -> bytes:
    """Return the tag of a subject's entry number `seq`: 32 bytes."""
    return hmac.digest(tag_key, seq.to_bytes(8), "sha256")


def body_salt(salt_key: bytes, event_id: str) -> bytes:
    """Return the salt of an event's body: 32 bytes."""
    return hmac.digest(salt_key, b"b" + event_id.encode(), "sha256")


def link_salt(salt_key: bytes, event_id: str) -> bytes:
    """Return the salt of an event's link to its predecessor: 32 bytes."""
    return hmac.digest(salt_key, b"l" + event_id.encode(), "sha256")


def body_digest(salt: bytes, body: bytes) -> bytes:
    """Return the salted digest of an event's body."""
    return sha256(salt + body).digest()


def link_digest(salt: bytes, subject: UUID, seq: int, previous: bytes) -> bytes:
    """Return the salted digest of an event's place in its subject's chain."""
    return sha256(salt + subject.bytes + seq.to_bytes(8) + previous).digest()


def commitment(body: bytes, link: bytes) -> bytes:
    """Return the commitment to both digests."""
    return sha256(body + link).digest()


def encode(entry_tag: bytes, entry_commitment: bytes) -> bytes:
    """Return the entry: 82 bytes."""
    return DOMAIN + entry_tag + entry_commitment


@dataclass(frozen=True, slots=True)
class Opening:
    """What opens the body of an entry and nothing else.

    `body` is canonical JSON; `tag`, `body_salt` and `link_digest` have 32 bytes.
    """

    tag: bytes
    body: bytes
    body_salt: bytes
    link_digest: bytes

    @property
    def entry(self) -> bytes:
        """The entry as it must stand in the log."""
        return encode(self.tag, commitment(body_digest(self.body_salt, self.body), self.link_digest))

    @property
    def event(self) -> Mapping[str, Any]:
        """The event that the body tells."""
        event: Mapping[str, Any] = canonical.loads(self.body)
        return event

    def to_bytes(self) -> bytes:
        """Return the opening as canonical JSON, the body inside it as a value."""
        return canonical.dumps(
            {
                "tag": base64_text.encode(self.tag),
                "body": self.event,
                "body_salt": base64_text.encode(self.body_salt),
                "link_digest": base64_text.encode(self.link_digest),
            }
        )

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read an opening; raises OpeningUnreadable."""
        try:
            members = canonical.loads(data)
            if not isinstance(members, dict) or set(members) != _MEMBERS or not isinstance(members["body"], dict):
                raise OpeningUnreadable
            opening = cls(
                tag=base64_text.decode(members["tag"]),
                body=canonical.dumps(members["body"]),
                body_salt=base64_text.decode(members["body_salt"]),
                link_digest=base64_text.decode(members["link_digest"]),
            )
        except (canonical.NotCanonical, ValueError, TypeError) as error:
            raise OpeningUnreadable from error
        # Fixed sizes: a longer salt and a shorter body would give the same digest.
        if {len(opening.tag), len(opening.body_salt), len(opening.link_digest)} != {HASH_SIZE}:
            raise OpeningUnreadable
        return opening
