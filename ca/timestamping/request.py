"""Read a timestamp request, and say in the protocol's own words what is wrong with it."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from ca.algorithms import digests
from ca.encoding import der
from ca.errors import DerInvalid

MAX_SIZE: Final = 4096
STAMPED: Final = frozenset({"SHA-256", "SHA-384", "SHA-512", "SM3"})
"""The hashes that a token may be over: one that has broken (SHA-1) dates nothing."""


class Failure(IntEnum):
    """PKIFailureInfo, the number of the bit.

    Source: RFC 3161 section 2.4.2
    """

    BAD_ALG = 0
    BAD_REQUEST = 2
    BAD_DATA_FORMAT = 5
    TIME_NOT_AVAILABLE = 14
    UNACCEPTED_POLICY = 15
    UNACCEPTED_EXTENSION = 16
    ADD_INFO_NOT_AVAILABLE = 17
    SYSTEM_FAILURE = 25


@dataclass(frozen=True, slots=True)
class TimestampRequest:
    """What is asked: the MessageImprint as DER (it is repeated in the token), and the nonce as DER or empty."""

    imprint: bytes
    nonce: bytes
    with_certificates: bool


def read_request(data: bytes, policy: str) -> TimestampRequest | Failure:
    """Read a DER TimeStampReq for an authority of this policy; what is wrong is an answer, not an error.

    Source: RFC 3161 section 2.4.1
    """
    if len(data) > MAX_SIZE:
        return Failure.BAD_DATA_FORMAT
    try:
        return _read(data, policy)
    except DerInvalid:
        return Failure.BAD_DATA_FORMAT


def _read(data: bytes, policy: str) -> TimestampRequest | Failure:
    fields = der.Fields(der.read(data))
    version = der.parse_integer(fields.take())
    imprint = fields.take(der.SEQUENCE)
    wanted_policy = fields.optional(der.OBJECT_IDENTIFIER)
    nonce = fields.optional(der.INTEGER)
    certificates = fields.optional(der.BOOLEAN)
    extensions = fields.optional(der.context(0))
    fields.end()
    with_certificates = certificates is not None and der.parse_true(certificates)
    if nonce is not None:
        der.parse_integer(nonce)
    if version != 1:
        return Failure.BAD_REQUEST
    failure = _imprint_failure(imprint)
    if failure is not None:
        return failure
    if wanted_policy is not None and der.parse_oid(wanted_policy) != policy:
        return Failure.UNACCEPTED_POLICY
    if extensions is not None:
        return Failure.UNACCEPTED_EXTENSION
    return TimestampRequest(imprint.raw, b"" if nonce is None else nonce.raw, with_certificates)


def _imprint_failure(element: der.Element) -> Failure | None:
    fields = der.Fields(element)
    algorithm = digests.parse_algorithm(fields.take())
    imprint = der.parse_octets(fields.take())
    fields.end()
    if algorithm not in STAMPED:
        return Failure.BAD_ALG
    return None if len(imprint) == digests.SIZES[algorithm] else Failure.BAD_DATA_FORMAT
