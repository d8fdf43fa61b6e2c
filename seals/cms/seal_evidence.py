"""What a seal's CMS says beside the bytes it is over: the same for a PDF and for a file with its seal beside it."""

from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Literal

from seals.pdf.signature import Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class SealEvidence:
    """A seal of ours and what it covers. Nothing is believed: whether the signer is trusted is judged elsewhere.

    digest: SHA-256 (32 bytes) of the covered bytes, by which records know the document; covered_digest: the same by the
    seal's own hash, and signed_digest: the one that was signed;
    certificates: DER, the signer's first, upwards; token: DER timestamp token or None; signing_time: as claimed;
    canonical_faults: bytes that our writer would have written otherwise.
    """

    digest: bytes
    covered_digest: bytes
    signed_digest: bytes
    signature: bytes = field(repr=False)
    signature_valid: bool
    algorithm: str
    certificates: tuple[bytes, ...] = field(repr=False)
    token: bytes | None = field(repr=False)
    signing_time: datetime | None
    canonical_faults: tuple[Fault, ...]

    @property
    def signer_certificate(self) -> bytes:
        """DER of the signer's certificate."""
        return self.certificates[0]

    @property
    def imprint(self) -> bytes:
        """What a timestamp of this signature must be over: SHA-256 of the signature value."""
        return sha256(self.signature).digest()

    @property
    def fault(self) -> Literal["certificate", "digest", "signature"] | None:
        """Why these are not the bytes that were sealed; None if they are."""
        if any(fault.code == "cms.signer_certificate" for fault in self.canonical_faults):
            return "certificate"
        if self.covered_digest != self.signed_digest:
            return "digest"
        return None if self.signature_valid else "signature"
