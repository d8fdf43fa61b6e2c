"""Reading the seal beside a file (.p7s): ours strictly, other makers' as far as digest and signature can be told."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Final

from ca.encoding import pem
from ca.errors import DerInvalid
from licences.verification.documents import Examined, Oddity, Signature, Trouble
from seals.cms.detached import MAX_SIZE, read_detached
from seals.cms.detached_errors import DetachedOverLimits, DetachedUnreadable, DetachedUnsupported
from seals.cms.foreign_cms import is_another_form, read_foreign
from seals.cms.seal_evidence import SealEvidence

NAME: Final = "p7s"
_LABELS: Final = ("CMS", "PKCS7")
"""What stands in PEM around such a value, today (RFC 7468 section 8) and before."""
_MAX_ARMOURED: Final = 2 * MAX_SIZE
_BLOCK: Final = 1024 * 1024
_BROKEN: Final = "signature_broken"
_OVER_LIMITS: Final = frozenset({"too_large", "too_complex", "memory", "crashed", "time_out"})


@dataclass(frozen=True, slots=True)
class SealBeside:
    """A seal over a whole file. digest: 32 bytes, SHA-256 of that file; ours: whether it is of the form that we write."""

    signature: Signature
    digest: bytes
    oddities: tuple[Oddity, ...]


def with_seal_beside(examined: Examined, document: bytes, value: bytes) -> Examined:
    """Add the seal beside a document to what was read of it; a document of no form of ours is sealed by that alone."""
    trouble = examined.trouble
    # Whoever seals what is plainly a changed document has not made it whole.
    if trouble is not None and (trouble.kind in _OVER_LIMITS or trouble.detail == _BROKEN):
        return examined
    beside = read_beside(value, document)
    if trouble is None:
        if isinstance(beside, Trouble):
            return Examined(examined.form, examined.size, examined.file_digest, beside)
        seals, oddities = (*examined.seals, beside.signature), (*examined.oddities, *beside.oddities)
        return replace(examined, seals=seals, oddities=oddities)
    return _pair(beside, examined.size, examined.file_digest)


def examine_pair(value: bytes, content: bytes | Path) -> Examined:
    """Read a file and the seal beside it. content: a path where the file is too large to be held."""
    size, digest = _measured(content)
    return _pair(read_beside(value, content), size, digest)


def examine_alone(value: bytes) -> Examined:
    """Return the examination of a seal whose file is not at hand."""
    return Examined("detached", len(value), hashlib.sha256(value).digest(), Trouble("incomplete", "content"))


def read_beside(value: bytes, content: bytes | Path) -> SealBeside | Trouble:
    """Read the seal beside a file: DER, or that in PEM, which nobody but other programs makes of ours."""
    if not pem.is_pem(value):
        return _read(value, content)
    if len(value) > _MAX_ARMOURED:
        return Trouble("too_complex", "too_large")
    try:
        found = _read(pem.one(value, _LABELS), content)
    except DerInvalid:
        return Trouble("malformed", "armour")
    if isinstance(found, Trouble) or found.signature.foreign:
        return found
    return replace(found, oddities=(Oddity("cms.armour", ""), *found.oddities))


def _read(value: bytes, content: bytes | Path) -> SealBeside | Trouble:
    try:
        return _ours(read_detached(value, content if isinstance(content, Path) else BytesIO(content)))
    except DetachedOverLimits as fault:
        return Trouble("too_complex", fault.reason)
    except DetachedUnreadable as fault:
        # Many programs write the same otherwise (BER, other signers' ids): of a whole one nothing is said but that.
        others = fault.reason != _BROKEN and is_another_form(value)
        return Trouble("unsupported" if others else "malformed", fault.reason)
    except DetachedUnsupported as fault:
        found = _foreign(value, content) if fault.reason == "foreign_signature" else None
        return found or Trouble("unsupported", fault.reason)


def _ours(evidence: SealEvidence) -> SealBeside:
    signature = Signature(
        fault=evidence.fault,
        algorithm=evidence.algorithm,
        certificates=evidence.certificates,
        token=evidence.token,
        imprint=evidence.imprint,
        claimed_at=evidence.signing_time,
        name=NAME,
        beside=True,
        digest_algorithm="SHA-384" if len(evidence.signed_digest) == 48 else "SHA-256",
    )
    faults = tuple(Oddity(fault.code, fault.detail) for fault in evidence.canonical_faults)
    return SealBeside(signature, evidence.digest, faults)


def _foreign(value: bytes, content: bytes | Path) -> SealBeside | None:
    """Return another maker's seal that holds over the file, as the reader of ours has found."""
    cms = read_foreign(value)
    if cms is None or cms.state(lambda name: _digest(content, name)) != "holds":
        return None
    signature = Signature(
        fault=None,
        foreign=True,
        algorithm=cms.scheme,
        certificates=cms.certificates,
        token=cms.token,
        imprint=hashlib.sha256(cms.signature).digest(),
        claimed_at=cms.signing_time,
        name=NAME,
        beside=True,
        digest_algorithm=f"SHA-{cms.hash.removeprefix('sha')}",
    )
    return SealBeside(signature, _digest(content, "sha256"), ())


def _pair(beside: SealBeside | Trouble, size: int, digest: bytes) -> Examined:
    if isinstance(beside, Trouble):
        return Examined("detached", size, digest, beside)
    return Examined("detached", size, digest, seals=(beside.signature,), oddities=beside.oddities)


def _measured(content: bytes | Path) -> tuple[int, bytes]:
    size, hashing = 0, hashlib.sha256()

    def take(block: bytes) -> None:
        nonlocal size
        size += len(block)
        hashing.update(block)

    _through(content, take)
    return size, hashing.digest()


def _digest(content: bytes | Path, name: str) -> bytes:
    hashing = hashlib.new(name, usedforsecurity=True)
    _through(content, hashing.update)
    return hashing.digest()


def _through(content: bytes | Path, take: Callable[[bytes], object]) -> None:
    if isinstance(content, bytes):
        take(content)
        return
    with content.open("rb") as stream:
        for block in iter(lambda: stream.read(_BLOCK), b""):
            take(block)
