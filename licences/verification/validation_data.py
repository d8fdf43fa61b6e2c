"""What a document keeps to prove that certificates were good, as far as it may be looked at beside a trust list.

A stranger can add as much of it as he likes, and what is read is kept in memory for the next document: so only what an
authority of the trust list has signed is read at all, and only so much of it.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ca.algorithms import signatures
from ca.encoding import der
from ca.errors import DerInvalid, NationalUnavailable
from ca.reading import names
from ca.reading.certificate_reader import Certificate, read_certificate
from licences.verification.documents import ValidationData

if TYPE_CHECKING:
    from ca.judging.trust import TrustList

_MOST_LISTS: Final = 256
_MOST_BYTES: Final = 32 * 1024 * 1024
_MOST_ANSWERS: Final = 64
_LONGEST_ANSWER: Final = 64 * 1024


def with_validation_data(trust: "TrustList", kept: ValidationData) -> "TrustList":
    """Return the trust list with a document's own revocation lists and answers beside those of the list.

    They name nobody to believe, and each counts only under its authority's signature and for its time: of a certificate
    that ended long ago only they still speak.
    """
    lists = tuple(_lists(trust, kept))
    answers = tuple(one for one in kept.ocsp if len(one) <= _LONGEST_ANSWER)[:_MOST_ANSWERS]
    if not lists and not answers:
        return trust
    return replace(trust, crls=(*trust.crls, *lists), ocsp=(*trust.ocsp, *answers))


def _lists(trust: "TrustList", kept: ValidationData) -> Iterator[bytes]:
    authorities = [read_certificate(one) for one in (*trust.anchors, *trust.foreign_anchors, *trust.intermediates)]
    known, left = set(trust.crls), _MOST_BYTES
    for one in kept.crls[:_MOST_LISTS]:
        left -= len(one)
        if left >= 0 and one not in known and _is_signed_by_one_of(authorities, one):
            yield one


def _is_signed_by_one_of(authorities: list[Certificate], crl: bytes) -> bool:
    try:
        fields = der.Fields(der.read(crl))
        tbs, algorithm, signature = fields.take(), fields.take(), der.parse_bits(fields.take())
        # Each attempt goes through the whole list, which a stranger may make as long as he likes.
        issuer = _issuer(tbs)
        authorities = [one for one in authorities if names.same(one.subject, issuer)]
        return any(signatures.verify(one.public_key, algorithm.raw, tbs.raw, signature) for one in authorities)
    except (DerInvalid, NationalUnavailable):
        return False


def _issuer(tbs: der.Element) -> bytes:
    """Return the name of who signed a list (RFC 5280 section 5.1.2.3); raises DerInvalid."""
    fields = der.Fields(tbs)
    fields.optional(der.INTEGER)
    fields.take()
    return fields.take().raw
