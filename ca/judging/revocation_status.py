"""Judge from revocation lists and OCSP responses whether a certificate was revoked at a moment."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Protocol

from ca.encoding import oids
from ca.judging.revocation_crls import Listing, is_signed_by, listings
from ca.judging.revocation_ocsp import Answer, answers
from ca.judging.revocation_statement import RevocationStatus, Statement, Verdict, weigh
from ca.reading.certificate_reader import Certificate

__all__ = ["OtherSigners", "RevocationStatus", "Verdict", "revocation_status"]


class OtherSigners(Protocol):
    """Who else may sign lists; asked only about lists that the certificate's own issuer did not sign."""

    def named(self, name: bytes) -> Iterable[Certificate]:
        """Return the certificates at hand with that subject (DER Name), believed or not."""
        ...

    def stands(self, signer: Certificate, about: Certificate, since: datetime) -> bool:
        """Say whether a signer is to be believed about a certificate, by a list that was made at that moment."""
        ...


def _everything(algorithm: str) -> bool:
    del algorithm
    return True


def revocation_status(
    certificate: Certificate,
    issuer: Certificate,
    crls: Iterable[bytes],
    at: datetime,
    *,
    ocsp: Iterable[bytes] = (),
    others: OtherSigners | None = None,
    algorithm_allowed: Callable[[str], bool] = _everything,
    dates_tokens: bool = False,
) -> RevocationStatus:
    """Judge one certificate by its issuer's lists and responses (DER), and by those of whom it names for that.

    others: who signs lists beside the issuer itself, nobody if not given; algorithm_allowed: by id, for the signatures
    on the evidence; dates_tokens: the certificate dates what it signs, so that none of it counts once it is compromised.
    Source: RFC 5280 section 6.3.3, RFC 6960 section 3.2
    """
    lists = crls if isinstance(crls, tuple) else tuple(crls)
    said = [
        listing.statement
        for listing in listings(certificate.der, lists)
        if is_signed_by(listing, issuer) or (others is not None and _vouched(listing, certificate, others))
    ]
    if ocsp:
        said.extend(_answered(certificate, issuer, lists, ocsp))
    usable = (one for one in said if all(map(algorithm_allowed, one.algorithms)))
    return weigh(usable, certificate, at, dates_itself=dates_tokens)


def _vouched(listing: Listing, certificate: Certificate, others: OtherSigners) -> bool:
    return any(
        is_signed_by(listing, signer) and others.stands(signer, certificate, listing.list.this_update)
        for signer in others.named(listing.list.issuer)
    )


def _answered(
    certificate: Certificate, issuer: Certificate, crls: tuple[bytes, ...], ocsp: Iterable[bytes]
) -> Iterator[Statement]:
    for answer in answers(certificate, issuer, ocsp):
        if answer.responder is None or _is_good(answer, answer.responder, issuer, crls):
            yield answer.statement


def _is_good(answer: Answer, responder: Certificate, issuer: Certificate, crls: tuple[bytes, ...]) -> bool:
    """Say whether a delegated responder was not revoked itself (RFC 6960 section 4.2.2.2.1)."""
    produced_at = answer.response.produced_at
    assert produced_at is not None  # of a response that says something
    status = revocation_status(responder, issuer, crls, produced_at, dates_tokens=True)
    # With ocsp-nocheck its issuer answers for its short life: only what is known against it counts.
    nocheck = oids.OCSP_NOCHECK in responder.extensions
    return status.verdict == "good" or (nocheck and status.verdict == "unknown")
