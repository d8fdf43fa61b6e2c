"""Read TSTInfo, what a timestamp authority signs: the time, and the digest that was there by then."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ca.algorithms import digests
from ca.encoding import der
from ca.errors import DerInvalid
from ca.reading.extension_reader import read_extensions

_LONGEST: Final = 10**9  # seconds; what is longer says nothing, and may be larger than any float
# seconds, milliseconds, microseconds: tag, unit in seconds, how many at most (RFC 3161 section 2.4.2; zero is written, too)
_ACCURACY: Final = (
    (der.INTEGER, 1.0, _LONGEST),
    (der.context(0, constructed=False), 1e-3, 999),
    (der.context(1, constructed=False), 1e-6, 999),
)


@dataclass(frozen=True, slots=True)
class TstInfo:
    """The signed content of a token; accuracy: seconds; ordering: whether times of this authority order its tokens."""

    gen_time: datetime
    imprint: bytes
    hash_algorithm: str
    serial: int
    policy: str
    nonce: int | None
    accuracy: float | None
    ordering: bool


def read_tst_info(content: bytes) -> TstInfo:
    """Read a DER TSTInfo; raises DerInvalid.

    Source: RFC 3161 section 2.4.2
    """
    fields = der.Fields(der.read(content))
    if der.parse_integer(fields.take()) != 1:
        raise DerInvalid("an unknown version")
    policy = der.parse_oid(fields.take())
    hash_algorithm, imprint = parse_imprint(fields.take())
    serial = der.parse_integer(fields.take())
    gen_time = der.parse_time(fields.take(der.GENERALIZED_TIME))
    accuracy = fields.optional(der.SEQUENCE)
    ordering = fields.optional(der.BOOLEAN)
    nonce = fields.optional(der.INTEGER)
    fields.optional(der.context(0))  # the authority's name: a hint, and signed
    extensions = fields.optional(der.context(1))
    fields.end()
    if extensions is not None:
        _check_extensions(extensions)
    return TstInfo(
        gen_time=gen_time,
        imprint=imprint,
        hash_algorithm=hash_algorithm,
        serial=serial,
        policy=policy,
        nonce=None if nonce is None else der.parse_integer(nonce),
        accuracy=None if accuracy is None else _accuracy(accuracy),
        ordering=ordering is not None and der.parse_true(ordering),
    )


def parse_imprint(element: der.Element) -> tuple[str, bytes]:
    """Return the hash algorithm's id and the digest of a MessageImprint; raises DerInvalid."""
    fields = der.Fields(element)
    algorithm = digests.parse_algorithm(fields.take())
    imprint = der.parse_octets(fields.take())
    fields.end()
    if algorithm is None:
        raise DerInvalid("an unknown hash algorithm")
    if len(imprint) != digests.SIZES[algorithm]:
        raise DerInvalid("an imprint that is not as long as its hash")
    return algorithm, imprint


def _check_extensions(implicit: der.Element) -> None:
    # Qualified authorities state so in one (ETSI EN 319 422 section 9); what is critical and unknown may change everything.
    extensions = read_extensions(der.read(bytes((der.SEQUENCE,)) + implicit.raw[1:]))
    if any(extension.critical for extension in extensions.values()):
        raise DerInvalid("a critical extension that is not known")


def _accuracy(element: der.Element) -> float:
    fields = der.Fields(element)
    accuracy = 0.0
    for tag, unit, most in _ACCURACY:
        part = fields.optional(tag)
        if part is not None:
            amount = der.parse_integer(part, tag)
            if not 0 <= amount <= most:
                raise DerInvalid("an accuracy that is none")
            accuracy += amount * unit
    fields.end()
    return accuracy
