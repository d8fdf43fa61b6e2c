"""How makers of national seals spell the same things differently, and what is not spelled in DER at all."""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from ca.encoding import der
from ca.errors import CAError, DerInvalid
from ca.timestamping.token import read_token

_NATIONAL_SIGNED_DATA: Final = "1.2.156.10197.6.1.4.2.2"  # GB/T 35275
_MAX_DEPTH: Final = 12
_MAX_ELEMENTS: Final = 4096
_RAW_SIGNATURE: Final = 64
_TIME: Final = re.compile(r"(\d\d|\d{4})(\d{10})(?:\.(\d{1,6}))?(Z|[+-]\d{4})?", re.ASCII)
# X.680 section 46.3: without a zone it is local time; seals of this kind are made in one zone
_CHINA: Final = timezone(timedelta(hours=8))


def require_der(data: bytes) -> None:
    """Refuse what could also be encoded otherwise; raises DerInvalid.

    Without this a length could be spelled longer outside of all signatures, and the same seal have two files.
    """
    waiting = [(der.read(data), 0)]
    seen = 0
    while waiting:
        element, depth = waiting.pop()
        seen += 1
        if seen > _MAX_ELEMENTS or depth > _MAX_DEPTH:
            raise DerInvalid("too many or too deep elements")
        if element.tag & 0x20:
            if element.tag < 0x80 and element.tag not in {der.SEQUENCE, der.SET}:
                raise DerInvalid("a string in parts")
            waiting.extend((child, depth + 1) for child in der.children(element))
        else:
            _require_primitive(element)


def _require_primitive(element: der.Element) -> None:
    if element.tag == der.INTEGER:
        der.parse_integer(element)
    elif element.tag == der.OBJECT_IDENTIFIER:
        der.parse_oid(element)
    elif element.tag == der.BIT_STRING:
        der.parse_bits(element)
    elif element.tag == der.BOOLEAN and element.value not in {b"\x00", b"\xff"}:
        raise DerInvalid("a boolean in another spelling")


def parse_signature(value: bytes) -> tuple[bytes, bool]:
    """Return a signature as DER of r and s, and whether it stands so (GM/T 0009), not as their 64 bytes."""
    if len(value) != _RAW_SIGNATURE:
        return value, True
    half = _RAW_SIGNATURE // 2
    return encode_dss_signature(int.from_bytes(value[:half]), int.from_bytes(value[half:])), False


def parse_time(text: str) -> tuple[datetime, bool]:
    """Return a time in UTC, and whether it says its zone; raises DerInvalid.

    Three forms are met: UTCTime, GeneralizedTime in Z or with an offset, and either of them without a zone.
    """
    match = _TIME.fullmatch(text)
    if match is None:
        raise DerInvalid("a time in no known form")
    year, rest, fraction, zone = match.groups()
    if len(year) == 2:
        year = ("19" if year >= "50" else "20") + year
    try:
        moment = datetime.strptime(year + rest, "%Y%m%d%H%M%S")  # noqa: DTZ007 - the zone follows
        moment = moment.replace(microsecond=int((fraction or "0").ljust(6, "0")), tzinfo=_zone(zone))
        return moment.astimezone(UTC), zone is not None
    except (ValueError, OverflowError) as error:
        raise DerInvalid("a time that does not exist") from error


def _zone(text: str | None) -> timezone:
    if text is None:
        return _CHINA
    if text == "Z":
        return UTC
    offset = timedelta(hours=int(text[1:3]), minutes=int(text[3:5]))
    return timezone(-offset if text[0] == "-" else offset)


def parse_time_info(value: bytes) -> datetime | None:
    """Return the time in a V1 signature's BIT STRING, UTC: a DER time, its text, or a timestamp token.

    None where it is none of them. It lies under the signature, so it says what the signer claims, a token included.
    """
    try:
        if value[:1] == bytes((der.SEQUENCE,)):
            return read_token(value).gen_time
        if value[:1] in {bytes((der.UTC_TIME,)), bytes((der.GENERALIZED_TIME,))}:
            value = der.read(value).value
        return parse_time(value.decode("ascii"))[0]
    except (CAError, UnicodeDecodeError):
        return None


def is_national(token: bytes) -> bool:
    """Say whether a timestamp token is of the form of GB/T 35275, which is not read here."""
    try:
        return der.parse_oid(der.Fields(der.read(token)).take()) == _NATIONAL_SIGNED_DATA
    except DerInvalid:
        return False
