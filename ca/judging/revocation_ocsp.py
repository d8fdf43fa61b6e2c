"""What OCSP responses say of a certificate, once it is clear that the responder may speak for its issuer.

Source: RFC 6960 sections 3.2 and 4.2.2.2
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from ca.algorithms import signatures
from ca.encoding import oids
from ca.errors import DerInvalid, NationalUnavailable
from ca.judging.path_building import readable, signed_by
from ca.judging.path_structure import has_unknown_extension
from ca.judging.revocation_statement import ALL_REASONS, Statement
from ca.ocsp.reader import OcspResponse, SingleResponse, read_ocsp_response
from ca.reading import names
from ca.reading.certificate_reader import Certificate
from ca.reading.crl_reader import Revoked


@dataclass(frozen=True, slots=True)
class Answer:
    """A statement, and the delegated responder that made it; None where the issuer answered itself."""

    statement: Statement
    responder: Certificate | None
    response: OcspResponse


@lru_cache(maxsize=1024)
def _response_signed_by(response: bytes, key: bytes) -> bool:
    found = read_ocsp_response(response)
    return signatures.verify(key, found.signature_algorithm, found.tbs, found.signature)


def answers(certificate: Certificate, issuer: Certificate, responses: Iterable[bytes]) -> list[Answer]:
    """Return what responses (DER) say of the certificate that the issuer, or one whom it has charged, has signed."""
    found: list[Answer] = []
    for data in responses:
        try:
            response = read_ocsp_response(data)
            # A response may contradict itself: everything it says of the certificate is weighed
            singles = response.all_about(certificate.serial_number, issuer)
            made = [_answer(response, single, issuer) for single in singles]
        except (DerInvalid, NationalUnavailable):
            continue
        found.extend(answer for answer in made if answer is not None)
    return found


def _answer(response: OcspResponse, single: SingleResponse, issuer: Certificate) -> Answer | None:
    if single.verdict == "unknown":
        return None
    algorithms = {response.signature_algorithm}
    responder: Certificate | None = None
    if not (response.names(issuer) and _response_signed_by(response.der, issuer.public_key)):
        responder = _delegate(response, issuer)
        if responder is None:
            return None
        algorithms.add(responder.signature_algorithm)
    entry = None
    if single.verdict == "revoked" and single.at is not None:
        entry = Revoked(single.id.serial, single.at, single.reason)
    statement = Statement(
        this_update=single.this_update,
        next_update=single.next_update,
        entry=entry,
        reasons=ALL_REASONS,
        algorithms=frozenset(signatures.SCHEMES[one].id for one in algorithms),
        expired_from=single.archive_cutoff,
    )
    return Answer(statement, responder, response)


def _delegate(response: OcspResponse, issuer: Certificate) -> Certificate | None:
    """Return the responder whom the issuer itself has certified for that, and nobody else."""
    produced_at = response.produced_at
    for candidate in readable(response.certificates):
        charged = candidate.extended_key_usage is not None and oids.OCSP_SIGNING in candidate.extended_key_usage
        may_sign = candidate.key_usage is None or "digitalSignature" in candidate.key_usage
        if (
            charged
            and may_sign
            and produced_at is not None
            and candidate.not_before <= produced_at <= candidate.not_after
            and not has_unknown_extension(candidate)
            and response.names(candidate)
            and names.same(candidate.issuer, issuer.subject)
            and signed_by(candidate.der, issuer.public_key)
            and _response_signed_by(response.der, candidate.public_key)
        ):
            return candidate
    return None
