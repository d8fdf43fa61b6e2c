"""Ask for a timestamp and read the answer; put a token's chain in order.

Source: RFC 3161 section 2.4
"""

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from ca.algorithms import digests
from ca.encoding import der, oids
from ca.errors import DerInvalid, TokenInvalid
from ca.timestamping.request import Failure
from ca.timestamping.token import MAX_SIZE as MAX_TOKEN

MAX_SIZE: Final = MAX_TOKEN + 4096
_GRANTED: Final = frozenset({0, 1})
_TO_COME: Final = frozenset({Failure.TIME_NOT_AVAILABLE, Failure.SYSTEM_FAILURE})
_WORDS: Final = MappingProxyType({failure.value: failure.name.lower() for failure in Failure})


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why there is no token. later: asking again later may help; reason: the protocol's own words."""

    later: bool
    reason: str


def make_request(imprint: bytes, hash_algorithm: str, nonce: int) -> bytes:
    """Return the DER TimeStampReq for a digest that wants the certificates, too."""
    message_imprint = der.sequence(digests.identifier(hash_algorithm), der.octets(imprint))
    return der.sequence(der.integer(1), message_imprint, der.integer(nonce), der.TRUE)


def read_answer(data: bytes) -> bytes | Refusal:
    """Return the token (DER ContentInfo, not looked at) in a DER TimeStampResp, or why there is none; raises TokenInvalid."""
    if len(data) > MAX_SIZE:
        raise TokenInvalid("an answer larger than a token can be")
    with der.complaining_as(TokenInvalid):
        fields = der.Fields(der.read(data))
        info = der.Fields(fields.take(der.SEQUENCE))
        token = fields.optional(der.SEQUENCE)
        fields.end()
        status = der.parse_integer(info.take())
        if status in _GRANTED:
            if token is None:
                raise DerInvalid("granted, but without a token")
            return token.raw
        info.optional(der.SEQUENCE)  # free text of a stranger, which goes nowhere
        return _refusal(info.optional(der.BIT_STRING))


def _refusal(element: der.Element | None) -> Refusal:
    # Which bits are set decides nothing but our words: a sloppy spelling of them is no fault.
    value = b"" if element is None else element.value[1:]
    bits = [8 * octet + bit for octet, byte in enumerate(value) for bit in range(8) if byte & (0x80 >> bit)]
    words = ", ".join(_WORDS.get(bit, f"failure {bit}") for bit in bits[:4]) or "rejection"
    return Refusal(bool(bits) and all(bit in _TO_COME for bit in bits), words)


def with_chain(token: bytes, chain: Sequence[bytes]) -> bytes:
    """Return a token with these certificates (DER) in place of those it came with, in DER's order.

    They lie outside of what is signed: an authority may leave out its own superiors, archival validation needs them, up
    to the root, and nothing else. token: as `read_token` accepts it; raises DerInvalid.
    """
    info = der.Fields(der.read(token))
    info.take()
    data = der.children(der.expect(der.children(info.take(der.context(0)))[0], der.SEQUENCE))
    version, digest_algorithms, content, _, signers = (one.raw for one in data)
    signed = der.sequence(version, digest_algorithms, content, der.sorted_set(chain, der.context(0)), signers)
    return der.sequence(der.oid(oids.SIGNED_DATA), der.tlv(der.context(0), signed))
