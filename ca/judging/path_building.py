"""Find paths from a certificate to an anchor, in a bag of certificates that nobody has sorted.

A path's names chain and its signatures are good, as far as that can be said from below: a DSA key may take its
parameters from above, and SM2 may be lacking here. Such links are kept, for the validation to decide.
"""

from collections import deque
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from ca.algorithms import signatures
from ca.errors import CertificateInvalid, DerInvalid, NationalUnavailable
from ca.reading import names
from ca.reading.certificate_reader import Certificate, read_certificate

MAX_DEPTH: Final = 8
MAX_PATHS: Final = 32
MAX_STEPS: Final = 8 * MAX_PATHS

Path = tuple[Certificate, ...]
"""The end entity first, the anchor last; one certificate that is both stands once."""
_ByName = Mapping[Hashable, tuple[Certificate, ...]]


def readable(certificates: Iterable[bytes]) -> tuple[Certificate, ...]:
    """Read those that can be read, each once: the others only cannot help."""
    found = []
    for data in dict.fromkeys(certificates):
        try:
            found.append(read_certificate(data))
        except CertificateInvalid:
            continue
    return tuple(found)


def _key(name: bytes) -> Hashable:
    try:
        return names.canonical(name)
    except DerInvalid:
        return name


def _by_name(certificates: Iterable[Certificate]) -> _ByName:
    found: dict[Hashable, tuple[Certificate, ...]] = {}
    for certificate in certificates:
        key = _key(certificate.subject)
        found[key] = (*found.get(key, ()), certificate)
    return MappingProxyType(found)


@dataclass(frozen=True, slots=True)
class Bag:
    """Certificates by their subject: the anchors, which are believed, and helpers, which are not. known: the latter's DER."""

    anchors: _ByName
    helpers: _ByName
    known: frozenset[bytes]

    @classmethod
    def of(cls, anchors: Iterable[bytes], helpers: Iterable[bytes]) -> "Bag":
        """Make a bag of DER certificates."""
        found = readable(helpers)
        return cls(_by_name(readable(anchors)), _by_name(found), frozenset(one.der for one in found))

    def with_helpers(self, helpers: Iterable[bytes]) -> "Bag":
        """Return a bag with more helpers, which come after those that are there."""
        fresh = [one for one in helpers if one not in self.known]
        if not fresh:
            return self
        ours = (one for named in self.helpers.values() for one in named)
        return Bag(self.anchors, _by_name((*ours, *readable(fresh))), self.known.union(fresh))

    def named(self, name: bytes) -> Iterator[Certificate]:
        """Yield the certificates with that subject (DER Name), anchors first."""
        key = _key(name)
        yield from self.anchors.get(key, ())
        yield from self.helpers.get(key, ())


@lru_cache(maxsize=4096)
def signed_by(certificate: bytes, issuer_key: bytes) -> bool:
    """Say whether the key (DER of SubjectPublicKeyInfo) signed the certificate (DER); raises NationalUnavailable."""
    found = read_certificate(certificate)
    return signatures.verify(issuer_key, found.signature_algorithm, found.tbs, found.signature)


def _may_be_signed_by(certificate: Certificate, issuer: Certificate) -> bool:
    try:
        # A key of no known kind may be one of DSA whose parameters stand further up.
        return signed_by(certificate.der, issuer.public_key) or signatures.key_kind(issuer.public_key) is None
    except NationalUnavailable:
        return True


def paths(leaf: Certificate, bag: Bag) -> Iterator[Path]:
    """Yield at most 32 paths from the leaf to an anchor, the shortest first.

    Certificates of a stranger can be crossed so that the number of walks explodes: the steps are bounded, too.
    """
    waiting: deque[Path] = deque([(leaf,)])
    yielded = steps = 0
    while waiting and yielded < MAX_PATHS and steps < MAX_STEPS:
        steps += 1
        path = waiting.popleft()
        last = path[-1]
        key = _key(last.issuer)
        for anchor in bag.anchors.get(key, ()):
            if _may_be_signed_by(last, anchor):
                yielded += 1
                yield path if anchor.der == last.der else (*path, anchor)
        if len(path) < MAX_DEPTH:
            waiting.extend((*path, issuer) for issuer in bag.helpers.get(key, ()) if _extends(path, issuer))


def _extends(path: Path, issuer: Certificate) -> bool:
    if any(issuer.public_key == one.public_key and names.same(issuer.subject, one.subject) for one in path):
        return False
    return _may_be_signed_by(path[-1], issuer)
