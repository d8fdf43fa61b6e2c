"""Read a certificate revocation list into a value."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Final, Literal

from ca import der, oids
from ca.certificate_reader import Extension, explicit_extensions, read_extensions, signed_parts
from ca.errors import CrlInvalid, DerInvalid

Reason = Literal[
    "unspecified",
    "keyCompromise",
    "cACompromise",
    "affiliationChanged",
    "superseded",
    "cessationOfOperation",
    "certificateHold",
    "privilegeWithdrawn",
    "aACompromise",
]
# RFC 5280 section 5.3.1; 7 is unused, and removeFromCRL (8) stands in delta lists only
REASONS: Final[MappingProxyType[int, Reason]] = MappingProxyType(
    {
        0: "unspecified",
        1: "keyCompromise",
        2: "cACompromise",
        3: "affiliationChanged",
        4: "superseded",
        5: "cessationOfOperation",
        6: "certificateHold",
        9: "privilegeWithdrawn",
        10: "aACompromise",
    }
)
_TIMES: Final = (der.UTC_TIME, der.GENERALIZED_TIME)


@dataclass(frozen=True, slots=True)
class Revoked:
    """One revoked certificate; `reason` is None where the list gives none."""

    serial_number: int
    at: datetime
    reason: Reason | None = None
    invalidity_date: datetime | None = None


@dataclass(frozen=True, slots=True)
class RevocationList:
    """A full revocation list; `understood` is False where it holds a critical extension that we do not know."""

    der: bytes
    tbs: bytes
    signature_algorithm: bytes
    signature: bytes
    issuer: bytes
    this_update: datetime
    next_update: datetime | None
    number: int | None
    understood: bool
    entries: MappingProxyType[int, Revoked]


def _reason(extension: Extension | None) -> Reason | None:
    if extension is None:
        return None
    code = der.parse_integer(der.read(extension.value), der.ENUMERATED)
    if code not in REASONS:
        raise DerInvalid("an unknown revocation reason")
    return REASONS[code]


def _entry(element: der.Element) -> tuple[Revoked, bool]:
    fields = der.Fields(element)
    serial_number = der.parse_integer(fields.take())
    at = der.parse_time(fields.take())
    listed = fields.optional(der.SEQUENCE)
    fields.end()
    extensions = read_extensions(listed) if listed is not None else MappingProxyType[str, Extension]({})
    invalidity = extensions.get(oids.INVALIDITY_DATE)
    entry = Revoked(
        serial_number=serial_number,
        at=at,
        reason=_reason(extensions.get(oids.CRL_REASON)),
        invalidity_date=None if invalidity is None else der.parse_time(der.read(invalidity.value)),
    )
    return entry, _understood(extensions, {oids.CRL_REASON, oids.INVALIDITY_DATE})


def _understood(extensions: MappingProxyType[str, Extension], known: set[str]) -> bool:
    return not any(extension.critical and kind not in known for kind, extension in extensions.items())


def _read(data: bytes) -> RevocationList:
    tbs, algorithm, signature = signed_parts(data)
    fields = der.Fields(tbs)
    if der.parse_integer(fields.take()) != 1:
        raise DerInvalid("not version 2")
    if fields.take(der.SEQUENCE).raw != algorithm.raw:
        raise DerInvalid("two different signature algorithms")
    issuer = fields.take(der.SEQUENCE)
    this_update = der.parse_time(fields.take())
    following = fields.optional(*_TIMES)
    listed = fields.optional(der.SEQUENCE)
    extensions = explicit_extensions(fields, der.context(0))
    fields.end()
    entries = [_entry(member) for member in der.children(listed)] if listed is not None else []
    if len({entry.serial_number for entry, _ in entries}) != len(entries):
        raise DerInvalid("a certificate is listed twice")
    number = extensions.get(oids.CRL_NUMBER)
    known = {oids.CRL_NUMBER, oids.AUTHORITY_KEY_IDENTIFIER}
    return RevocationList(
        der=data,
        tbs=tbs.raw,
        signature_algorithm=algorithm.raw,
        signature=signature,
        issuer=issuer.raw,
        this_update=this_update,
        next_update=None if following is None else der.parse_time(following),
        number=None if number is None else der.parse_integer(der.read(number.value)),
        understood=_understood(extensions, known) and all(understood for _, understood in entries),
        entries=MappingProxyType({entry.serial_number: entry for entry, _ in entries}),
    )


@lru_cache(maxsize=256)
def read_crl(data: bytes) -> RevocationList:
    """Read a revocation list; raises CrlInvalid.

    Source: RFC 5280 section 5.1
    """
    with der.complaining_as(CrlInvalid):
        return _read(data)
