"""Lints of a certificate's own fields (RFC 5280 section 4.1)."""

import re
from collections.abc import Iterator
from datetime import date
from types import MappingProxyType
from typing import Final

from ca.algorithms.signatures import identifier, key_kind
from ca.encoding import der, oids
from ca.writing.lint_draft import Draft, Rule
from ledger.signing import SignatureAlgorithm

_SERIAL_OCTETS: Final = 20
_RSA_BITS: Final = range(3072, 8193)
_SEAL_RSA_BITS: Final = range(2048, 8193)
_LAST_SHORT_KEY: Final = date(2026, 12, 31)
_LAST_DAY_OF_SHORT_KEYS: Final = date(2028, 12, 31)
_COUNTRY: Final = re.compile("[A-Z]{2}")
# X.680 section 41.4
_PRINTABLE: Final = re.compile("[A-Za-z0-9 '()+,./:=?-]*")
# RFC 5280 appendix A.1, in characters
_UPPER_BOUNDS: Final = MappingProxyType(
    {
        oids.COUNTRY_NAME: 2,
        oids.SERIAL_NUMBER: 64,
        oids.COMMON_NAME: 64,
        oids.ORGANIZATION_NAME: 64,
        oids.ORGANIZATIONAL_UNIT_NAME: 64,
        oids.LOCALITY_NAME: 128,
        oids.STATE_OR_PROVINCE_NAME: 128,
    }
)
_ALGORITHMS: Final[MappingProxyType[str, SignatureAlgorithm]] = MappingProxyType(
    {"P-256": "ES256", "P-384": "ES384", "RSA": "RS256", "Ed25519": "Ed25519", "SM2": "SM2"}
)


def _version(draft: Draft) -> Iterator[str]:
    if draft.version != 2:
        yield "not version 3"


def _serial(draft: Draft) -> Iterator[str]:
    if der.parse_integer(draft.serial) <= 0:
        yield "the serial number is not positive"
    if len(draft.serial.value) > _SERIAL_OCTETS:
        yield "the serial number has more than 20 octets"


def _serial_length(draft: Draft) -> Iterator[str]:
    # Ours are always as long as they may be: a short one was not made by our generator, so nobody knows its randomness
    if len(draft.serial.value) < _SERIAL_OCTETS:
        yield "the serial number has fewer than 20 octets"


def _algorithm(draft: Draft) -> Iterator[str]:
    kind = key_kind(draft.issuer_key)
    algorithm = None if kind is None else _ALGORITHMS.get(kind[0])
    if algorithm is None or draft.algorithm != identifier(algorithm):
        yield "the signature algorithm is not the one of the issuer's key"


def _issuer(draft: Draft) -> Iterator[str]:
    if draft.issuer == der.sequence():
        yield "the issuer is empty"
    if draft.issuer != (draft.subject if draft.above is None else draft.above.subject):
        yield "the issuer is not byte for byte the issuing certificate's subject"


def _times(draft: Draft) -> Iterator[str]:
    for element in (draft.not_before, draft.not_after):
        moment = der.parse_time(element)
        if (moment.year < 2050) != (element.tag == der.UTC_TIME):
            yield "a time through 2049 is not UTCTime, or a later one not GeneralizedTime"
        if moment.microsecond:
            yield "a time has a fraction of a second"
    if der.parse_time(draft.not_before) >= der.parse_time(draft.not_after):
        yield "the validity ends before it begins"


def _validity(draft: Draft) -> Iterator[str]:
    begin, end = der.parse_time(draft.not_before), der.parse_time(draft.not_after)
    if (end - begin).days > 366 * draft.profile.max_years:
        yield f"the validity is longer than {draft.profile.max_years} years"
    if draft.above is not None and not draft.above.not_before <= begin < end <= draft.above.not_after:
        yield "the validity goes beyond the issuer's"


def _subject(draft: Draft) -> Iterator[str]:
    if draft.subject == der.sequence():
        yield "the subject is empty"
    seen: set[str] = set()
    for relative in der.children(der.read(draft.subject, der.SEQUENCE)):
        for attribute in der.set_of(der.expect(relative, der.SET)):
            fields = der.Fields(attribute)
            kind = der.parse_oid(fields.take())
            yield from _attribute(kind, fields.take())
            fields.end()
            if kind in seen:
                yield f"attribute {kind} stands twice"
            seen.add(kind)


def _attribute(kind: str, value: der.Element) -> Iterator[str]:
    text = der.parse_text(value)
    if not 0 < len(text) <= _UPPER_BOUNDS.get(kind, 0):
        yield f"attribute {kind} is unknown, empty or longer than its upper bound"
    if kind == oids.COUNTRY_NAME and (value.tag != der.PRINTABLE_STRING or not _COUNTRY.fullmatch(text)):
        yield "the country is not two letters of PrintableString"
    if value.tag == der.PRINTABLE_STRING and not _PRINTABLE.fullmatch(text):
        yield f"attribute {kind} holds characters that PrintableString has not"
    if not text.isprintable() or text != text.strip():
        # A name that looks like another one: control and bidirectional characters, spaces at its ends
        yield f"attribute {kind} holds characters that nobody sees"
    if value.tag not in {der.UTF8_STRING, der.PRINTABLE_STRING}:
        yield f"attribute {kind} is neither UTF8String nor PrintableString"


def _public_key(draft: Draft) -> Iterator[str]:
    found = key_kind(draft.public_key)
    if found is None or found[0] not in draft.profile.keys:
        yield "the key is not of a kind that the profile allows"
    elif found[0] == "RSA":
        if found[1] not in (_SEAL_RSA_BITS if draft.profile.name == "seal" else _RSA_BITS):
            yield "the RSA key is shorter than 3072 bits (a seal's: 2048), or longer than 8192"
        if not 2**16 < _exponent(draft.public_key) < 2**256:
            # FIPS 186-5 section 5.1: careless verifiers are forgeable with a tiny one
            yield "the RSA key's exponent is not a usual one"


def _short_key(draft: Draft) -> Iterator[str]:
    found = key_kind(draft.public_key)
    if found is None or found[0] != "RSA" or found[1] >= _RSA_BITS.start:
        return
    if der.parse_time(draft.not_before).date() > _LAST_SHORT_KEY:
        yield "a new certificate for an RSA key shorter than 3000 bits"
    if der.parse_time(draft.not_after).date() > _LAST_DAY_OF_SHORT_KEYS:
        yield "it outlives RSA keys shorter than 3000 bits"


def _exponent(public_key: bytes) -> int:
    _, bits = der.children(der.read(public_key, der.SEQUENCE))
    _, exponent = der.children(der.read(der.parse_bits(bits), der.SEQUENCE))
    return der.parse_integer(exponent)


def _hierarchy(draft: Draft) -> Iterator[str]:
    own, above = key_kind(draft.public_key), key_kind(draft.issuer_key)
    if own is None or above is None or (own[0] == "SM2") != (above[0] == "SM2"):
        yield "national and international keys are mixed"


def _unique_identifiers(draft: Draft) -> Iterator[str]:
    if draft.unique_identifiers:
        yield "it has unique identifiers"


FIELD_RULES: Final = (
    Rule("RFC 5280 4.1.2.1", _version),
    Rule("RFC 5280 4.1.2.2", _serial),
    Rule("profile: serial number", _serial_length),
    Rule("RFC 5280 4.1.2.3", _algorithm),
    Rule("RFC 5280 4.1.2.4", _issuer),
    Rule("RFC 5280 4.1.2.5", _times),
    Rule("profile: validity", _validity),
    Rule("RFC 5280 4.1.2.6", _subject),
    Rule("RFC 5280 4.1.2.7", _public_key),
    Rule("TS 119 312 8.4", _short_key),
    Rule("profile: hierarchy", _hierarchy),
    Rule("RFC 5280 4.1.2.8", _unique_identifiers),
)
