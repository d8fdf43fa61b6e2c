"""What can happen to a subject."""

from enum import StrEnum


class EventKind(StrEnum):
    """Every kind of event; a new one needs a migration, for the database checks them too."""

    # A licence's life, by acts of law.
    ISSUED = "issued"
    DELIVERED = "delivered"
    AMENDED = "amended"
    RENEWED = "renewed"
    REPLACED = "replaced"
    SUSPENDED = "suspended"
    RESUMED = "resumed"
    WITHDRAWN = "withdrawn"
    ANNULLED = "annulled"
    REVOKED = "revoked"
    CANCELLED = "cancelled"
    VOIDED = "voided"
    EXPIRED = "expired"
    REINSTATED = "reinstated"
    EXTENDED = "extended"
    ERASED = "erased"
    # Its use, by the holder and by those who rely on it.
    DOWNLOADED = "downloaded"
    SHOWN = "shown"
    SHARED = "shared"
    SHARE_ENDED = "share-ended"
    CONSENTED = "consented"
    CONSENT_ENDED = "consent-ended"
    RETRIEVED = "retrieved"
    VERIFIED = "verified"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    COPIED = "copied"
    PRINTED = "printed"
    OBJECTED = "objected"
    COMPLAINED = "complained"
    ANSWERED = "answered"
    RECALLED = "recalled"
    # A seal's life and use.
    APPLIED = "applied"
    APPROVED = "approved"
    REJECTED = "rejected"
    MADE = "made"
    IMPORTED = "imported"
    GRANTED = "granted"
    USED = "used"
    STOPPED = "stopped"
    # The auditor's own look.
    AUDIT_OPENED = "audit-opened"


class SubjectKind(StrEnum):
    """Whatever has a chain of events."""

    LICENCE = "licence"
    SEAL = "seal"
    CERTIFICATE = "certificate"
    ADMINISTRATION = "administration"
