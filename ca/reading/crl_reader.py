"""Read a certificate revocation list into a value: full or delta, whole or partitioned, direct or indirect."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Final, Literal

from ca.encoding import der, oids
from ca.errors import CrlInvalid, DerInvalid
from ca.reading import names
from ca.reading.certificate_reader import explicit_extensions, signed_parts
from ca.reading.distribution_points import IssuingDistributionPoint, parse_issuing_distribution_point
from ca.reading.extension_reader import Extension, Extensions, read_extensions
from ca.reading.general_names import directory_names, parse_general_names

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
_REMOVE_FROM_CRL: Final = 8
_MAX_ISSUERS: Final = 1024
"""Issuers in one indirect list: their names are compared one by one."""
_TIMES: Final = (der.UTC_TIME, der.GENERALIZED_TIME)
_KNOWN_OF_LIST: Final = frozenset(
    {oids.CRL_NUMBER, oids.AUTHORITY_KEY_IDENTIFIER, oids.ISSUING_DISTRIBUTION_POINT, oids.DELTA_CRL_INDICATOR}
)
_KNOWN_OF_ENTRY: Final = frozenset({oids.CRL_REASON, oids.INVALIDITY_DATE, oids.CERTIFICATE_ISSUER})


@dataclass(frozen=True, slots=True)
class Revoked:
    """One revoked certificate; `reason` is None where the list gives none."""

    serial_number: int
    at: datetime
    reason: Reason | None = None
    invalidity_date: datetime | None = None


@dataclass(frozen=True, slots=True)
class RevocationList:
    """A revocation list.

    understood: False where it holds a critical extension that we do not know; entries: of the list's own issuer's
    certificates; indirect: of other issuers', by the DER of their names; delta_base: the number of the full list that
    this one continues, None for a full list; removed: what a delta list takes off it, by issuer;
    expired_certificates_from: certificates that expired since then are still listed (ISO/IEC 9594-8 section 9.5.2.8).
    """

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
    indirect: MappingProxyType[bytes, Mapping[int, Revoked]]
    delta_base: int | None
    removed: MappingProxyType[bytes, frozenset[int]]
    authority_key_identifier: bytes | None
    issuing_distribution_point: IssuingDistributionPoint | None
    expired_certificates_from: datetime | None

    def find(self, issuer: bytes, serial_number: int) -> Revoked | None:
        """Return the entry of a certificate, by the DER of its issuer's name."""
        if names.same(issuer, self.issuer):
            return self.entries.get(serial_number)
        return next(
            (
                found[serial_number]
                for name, found in self.indirect.items()
                if serial_number in found and names.same(name, issuer)
            ),
            None,
        )

    def removes(self, issuer: bytes, serial_number: int) -> bool:
        """Say whether this delta list takes the certificate off the full list."""
        return any(serial_number in found and names.same(name, issuer) for name, found in self.removed.items())


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of a list: the entry, None where it removes; and the issuer, where the line names one."""

    serial_number: int
    entry: Revoked | None
    issuer: bytes | None
    understood: bool


def _line(element: der.Element) -> _Line:
    fields = der.Fields(element)
    serial_number = der.parse_integer(fields.take())
    at = der.parse_time(fields.take())
    listed = fields.optional(der.SEQUENCE)
    fields.end()
    if listed is None:
        # Most lines of a long list: nothing more to look for
        return _Line(serial_number=serial_number, entry=Revoked(serial_number, at), issuer=None, understood=True)
    extensions = read_extensions(listed)
    code = _number(extensions.get(oids.CRL_REASON), der.ENUMERATED)
    if code is not None and code != _REMOVE_FROM_CRL and code not in REASONS:
        raise DerInvalid("an unknown revocation reason")
    entry = Revoked(
        serial_number=serial_number,
        at=at,
        reason=None if code is None else REASONS.get(code),
        invalidity_date=_moment(extensions.get(oids.INVALIDITY_DATE)),
    )
    return _Line(
        serial_number=serial_number,
        entry=None if code == _REMOVE_FROM_CRL else entry,
        issuer=_certificate_issuer(extensions.get(oids.CERTIFICATE_ISSUER)),
        understood=_understood(extensions, _KNOWN_OF_ENTRY),
    )


def _certificate_issuer(extension: Extension | None) -> bytes | None:
    if extension is None:
        return None
    found = directory_names(parse_general_names(der.read(extension.value, der.SEQUENCE)))
    if len(found) != 1:
        raise DerInvalid("a certificate issuer that is not one distinguished name")
    return found[0]


def _number(extension: Extension | None, tag: int = der.INTEGER) -> int | None:
    return None if extension is None else der.parse_integer(der.read(extension.value), tag)


def _moment(extension: Extension | None) -> datetime | None:
    return None if extension is None else der.parse_time(der.read(extension.value))


def _understood(extensions: Extensions, known: frozenset[str]) -> bool:
    return not any(extension.critical and kind not in known for kind, extension in extensions.items())


@dataclass(frozen=True, slots=True)
class _Lines:
    """All lines of a list, sorted by the issuer whose certificates they are about."""

    entries: dict[bytes, dict[int, Revoked]]
    removed: dict[bytes, set[int]]
    understood: bool


def _sort(listed: der.Element | None, issuer: bytes, *, indirect: bool, delta: bool) -> _Lines:
    entries: dict[bytes, dict[int, Revoked]] = {issuer: {}}
    removed: dict[bytes, set[int]] = {}
    understood = True
    about = issuer
    for member in der.children(listed) if listed is not None else ():
        line = _line(member)
        if line.issuer is not None:
            if not indirect:
                raise DerInvalid("another issuer's certificate in a list that is not indirect")
            # RFC 5280 section 5.3.3: it holds for the lines that follow, too
            about = line.issuer
            if len(entries) > _MAX_ISSUERS:
                raise DerInvalid("certificates of unreasonably many issuers")
        mine, gone = entries.setdefault(about, {}), removed.setdefault(about, set())
        if line.serial_number in mine or line.serial_number in gone:
            raise DerInvalid("a certificate is listed twice")
        if line.entry is not None:
            mine[line.serial_number] = line.entry
        elif delta:
            gone.add(line.serial_number)
        else:
            raise DerInvalid("a full list from which something is removed")
        understood = understood and line.understood
    return _Lines(entries, removed, understood)


def _read(data: bytes) -> RevocationList:
    tbs, algorithm, signature = signed_parts(data)
    fields = der.Fields(tbs)
    if der.parse_integer(fields.take()) != 1:
        raise DerInvalid("not version 2")
    if fields.take(der.SEQUENCE).raw != algorithm.raw:
        raise DerInvalid("two different signature algorithms")
    issuer = fields.take(der.SEQUENCE).raw
    this_update = der.parse_time(fields.take())
    following = fields.optional(*_TIMES)
    listed = fields.optional(der.SEQUENCE)
    extensions = explicit_extensions(fields, der.context(0))
    fields.end()
    delta_base = _number(extensions.get(oids.DELTA_CRL_INDICATOR))
    point = extensions.get(oids.ISSUING_DISTRIBUTION_POINT)
    scope = None if point is None else parse_issuing_distribution_point(point.value)
    indirect = scope is not None and scope.indirect
    lines = _sort(listed, issuer, indirect=indirect, delta=delta_base is not None)
    key = extensions.get(oids.AUTHORITY_KEY_IDENTIFIER)
    return RevocationList(
        der=data,
        tbs=tbs.raw,
        signature_algorithm=algorithm.raw,
        signature=signature,
        issuer=issuer,
        this_update=this_update,
        next_update=None if following is None else der.parse_time(following),
        number=_number(extensions.get(oids.CRL_NUMBER)),
        understood=_understood(extensions, _KNOWN_OF_LIST) and lines.understood,
        entries=MappingProxyType(lines.entries.pop(issuer)),
        indirect=MappingProxyType(lines.entries),
        delta_base=delta_base,
        removed=MappingProxyType({name: frozenset(gone) for name, gone in lines.removed.items() if gone}),
        authority_key_identifier=None if key is None else key.value,
        issuing_distribution_point=scope,
        expired_certificates_from=_moment(extensions.get(oids.EXPIRED_CERTS_ON_CRL)),
    )


@lru_cache(maxsize=256)
def read_crl(data: bytes) -> RevocationList:
    """Read a revocation list; raises CrlInvalid.

    Source: RFC 5280 section 5.1
    """
    with der.complaining_as(CrlInvalid):
        return _read(data)
