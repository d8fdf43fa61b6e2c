"""The seal on any file: CAdES beside it (`.p7s`), at level B-B or, with a timestamper, B-T.

CMS and not JAdES with `sigD`: what stock programs verify is the former (OpenSSL, GnuTLS, pyHanko), and it is over nothing
but the bytes. `sigD` names the file; here name and size say nothing, so whoever renames a file has changed nothing.

The value states its signing time, the one in a PDF does not and must not: neither passes for the other.

Source: EN 319 122-1 section 6.3, RFC 5652 section 5
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import new, sha256
from pathlib import Path
from typing import Final, Protocol

from ca.algorithms import digests
from ca.errors import NationalUnavailable
from seals.cms.cms import SealCms, read_cms, split_padding
from seals.cms.detached_errors import DetachedOverLimits, DetachedUnreadable, DetachedUnsupported
from seals.cms.foreign_cms import foreign_state
from seals.cms.seal_evidence import SealEvidence
from seals.cms.sealer import CmsSealer
from seals.pdf.errors import CmsUnreadable
from seals.pdf.signature import Fault, token_faults

MAX_SIZE: Final = 256 * 1024
_BLOCK: Final = 1024 * 1024


class Stream(Protocol):
    """What can be read in binary, from where it stands."""

    def read(self, size: int, /) -> bytes | None:
        """Return at most so many bytes, none at the end."""


def seal_file(content: Path | Stream, sealer: CmsSealer, now: datetime) -> bytes:
    """Seal a file of any kind and size and return the DER CMS that belongs beside it.

    content: read once, to its end. Raises SealCertificateNotValid, OSError, and what signer and timestamper raise.
    """
    sealer.check(now)
    digest = _digests(content, [sealer.hash])[sealer.hash]
    return sealer.sign(digest, now, now.astimezone(UTC).replace(microsecond=0))


def read_detached(value: bytes, content: Path | Stream) -> SealEvidence:
    """Read the seal beside a file, over that file. What the evidence's `fault` and faults say is for others to judge.

    content: read once at most, to its end. Raises DetachedUnreadable (damaged, or another maker's that fails over this
    file), DetachedOverLimits, DetachedUnsupported, and OSError.
    """
    if len(value) > MAX_SIZE:
        raise DetachedOverLimits(reason="too_large")
    try:
        cms = read_cms(value, timed=True)
    except CmsUnreadable as error:
        raise _refusal(value, content, error.reason) from error
    except NationalUnavailable as error:  # a chain with SM2 in it, and no library that could follow it
        raise DetachedUnsupported(reason="algorithm_unavailable") from error
    own_hash = digests.HASHLIB[cms.scheme.hash]
    found = _digests(content, {"sha256", own_hash})
    return SealEvidence(
        digest=found["sha256"],
        covered_digest=found[own_hash],
        signed_digest=cms.message_digest,
        signature=cms.signature,
        signature_valid=cms.signature_valid(),
        algorithm=cms.scheme.algorithm,
        certificates=cms.certificates,
        token=cms.token,
        signing_time=cms.signing_time,
        canonical_faults=tuple(_faults(cms)),
    )


def _faults(cms: SealCms) -> Iterator[Fault]:
    yield from (Fault(f"cms.{word}") for word in cms.faults)
    if cms.token is not None:
        yield from token_faults(cms.token, sha256(cms.signature).digest())


def _refusal(value: bytes, content: Path | Stream, reason: str) -> DetachedUnreadable | DetachedUnsupported:
    """Tell another maker's signature from a damaged one: only what holds over this file is merely of another form."""
    try:
        _, after = split_padding(value)
    except CmsUnreadable as error:
        return DetachedUnreadable(reason=error.reason)
    if after:  # space is kept for a value inside a PDF, never in a file of its own
        return DetachedUnreadable(reason="bytes_after_the_end")

    def digest(name: str) -> bytes:
        return _digests(content, [name])[name]

    match foreign_state(value, digest):
        case "holds":
            return DetachedUnsupported(reason="foreign_signature")
        case "broken":
            return DetachedUnreadable(reason="signature_broken")
        case "unknown":
            return DetachedUnreadable(reason=reason)


def _digests(content: Path | Stream, names: Iterable[str]) -> Mapping[str, bytes]:
    """Return the digests by their names in hashlib, from one reading that holds no more than a block."""
    hashes = {name: new(name, usedforsecurity=True) for name in names}
    with _opened(content) as stream:
        while block := _block(stream):
            for one in hashes.values():
                one.update(block)
    return {name: one.digest() for name, one in hashes.items()}


def _block(stream: Stream) -> bytes:
    block = stream.read(_BLOCK)
    if block is None:
        # "Nothing yet" of a non-blocking stream taken for the end would seal the first part of a file.
        raise BlockingIOError
    return block


@contextmanager
def _opened(content: Path | Stream) -> Iterator[Stream]:
    if isinstance(content, Path):
        with content.open("rb", buffering=0) as stream:
            yield stream
    else:
        yield content
