"""JSON Web Signatures, strictly: one algorithm, one spelling of every byte.

What a lenient reader forgives, a forger uses: second spellings of the same bytes, duplicate members, `crit` that
nobody looked at, `alg: none`. Here each of them is a reason to refuse.
"""

import binascii
import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicNumbers
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ca.algorithms import signatures
from seals.errors import JsonOverLimits, JsonUnreadable

JSON: TypeAlias = "bool | int | float | str | list[JSON] | dict[str, JSON] | None"

MAX_DEPTH = 32
_MAX_NUMBER = 64  # characters; a longer number is an attack on the parser, not a licence
_COORDINATE = 32
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_ALPHABET = re.compile(r"[A-Za-z0-9_-]*", re.ASCII)
# A string, ended or not, is eaten whole: the scan stays linear on any input.
_BRACKETS = re.compile(rb'"(?:[^"\\]++|\\(?:.|\Z))*+(?:"|\Z)|[\[\]{}]', re.DOTALL)
_OPENING = frozenset((b"[", b"{"))
_CLOSING = frozenset((b"]", b"}"))


def b64url_encode(data: bytes) -> str:
    """Return unpadded base64url. Source: RFC 7515 section 2."""
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def b64url_decode(text: str) -> bytes:
    """Return the bytes of unpadded base64url; raises JsonUnreadable for any second spelling of them.

    Source: RFC 7515 section 2, RFC 4648 section 3.5.
    """
    if not _ALPHABET.fullmatch(text) or len(text) % 4 == 1:
        raise JsonUnreadable(reason="not_base64url")
    data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    # The last character may carry bits that decode to nothing: 16 texts for one value, and one of them is signed.
    if b64url_encode(data) != text:
        raise JsonUnreadable(reason="base64url_not_canonical")
    return data


def b64_decode(text: str) -> bytes:
    """Return the bytes of padded base64 (`x5c`, `tstTokens`), strictly. Source: RFC 4648 section 4."""
    try:
        data = binascii.a2b_base64(text.encode("ascii"), strict_mode=True)
    except (binascii.Error, UnicodeEncodeError):
        raise JsonUnreadable(reason="not_base64") from None
    if binascii.b2a_base64(data, newline=False).decode("ascii") != text:
        raise JsonUnreadable(reason="base64_not_canonical")
    return data


def dump_json(value: object) -> bytes:
    """Return compact UTF-8 JSON, members in the order given."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8")


def load_json(data: bytes) -> JSON:
    """Return the value of UTF-8 JSON; refuses duplicate members, lone surrogates, NaN and deep nesting.

    Source: RFC 8259, RFC 7493 section 2.
    """
    _check_depth(data)
    try:
        text = data.decode("utf-8")
        value = json.loads(
            text,
            object_pairs_hook=_members,
            parse_constant=_refuse_constant,
            parse_int=_integer,
            parse_float=_decimal,
        )
        if "\\u" in text:
            # "\ud800" parses, and then breaks whoever writes it again as UTF-8.
            dump_json(value)
    except (UnicodeError, json.JSONDecodeError):
        raise JsonUnreadable(reason="not_json") from None
    return value  # type: ignore[no-any-return]


def load_object(data: bytes) -> dict[str, JSON]:
    """Return a JSON object; raises JsonUnreadable for anything else."""
    value = load_json(data)
    if not isinstance(value, dict):
        raise JsonUnreadable(reason="not_an_object")
    return value


def _check_depth(data: bytes) -> None:
    """Refuse nesting that would exhaust the stack of a recursive reader."""
    depth = 0
    for match in _BRACKETS.finditer(data):
        token = match.group()
        if token in _OPENING:
            depth += 1
            if depth > MAX_DEPTH:
                raise JsonOverLimits(reason="too_deep")
        elif token in _CLOSING:
            depth -= 1


def _members(pairs: list[tuple[str, JSON]]) -> dict[str, JSON]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise JsonUnreadable(reason="duplicate_member")
    return members


def _refuse_constant(_name: str) -> None:
    raise JsonUnreadable(reason="not_json")


def _integer(text: str) -> int:
    if len(text) > _MAX_NUMBER:
        raise JsonOverLimits(reason="long_number")
    return int(text)


def _decimal(text: str) -> float:
    number = float(text)
    if len(text) > _MAX_NUMBER or number in {float("inf"), float("-inf")}:
        raise JsonOverLimits(reason="long_number")
    return number


def es256_raw(der: bytes) -> bytes:
    """Turn a DER Ecdsa-Sig-Value into the 64 bytes r ‖ s of JOSE. Source: RFC 7518 section 3.4."""
    r, s = decode_dss_signature(der)
    return r.to_bytes(_COORDINATE, "big") + s.to_bytes(_COORDINATE, "big")


def es256_der(raw: bytes) -> bytes:
    """Turn the 64 bytes r ‖ s into a DER Ecdsa-Sig-Value; raises JsonUnreadable. Source: RFC 7518 section 3.4."""
    r, s = int.from_bytes(raw[:_COORDINATE], "big"), int.from_bytes(raw[_COORDINATE:], "big")
    if len(raw) != 2 * _COORDINATE or not (0 < r < _ORDER and 0 < s < _ORDER):
        raise JsonUnreadable(reason="not_a_signature")
    return encode_dss_signature(r, s)


@dataclass(frozen=True, slots=True)
class Jws:
    """One JSON Web Signature, its three parts as text beside what they say."""

    protected: str
    payload: str
    signature: str
    header: Mapping[str, JSON]

    @property
    def signing_input(self) -> bytes:
        """The ASCII bytes that are signed. Source: RFC 7515 section 5.1."""
        return f"{self.protected}.{self.payload}".encode("ascii")

    def payload_bytes(self) -> bytes:
        """Return the payload."""
        return b64url_decode(self.payload)

    def verified_by(self, public_key: bytes) -> bool:
        """Tell whether the signature is by this key (DER of SubjectPublicKeyInfo); a malformed signature is not."""
        try:
            signature = es256_der(b64url_decode(self.signature))
        except JsonUnreadable:
            return False
        return signatures.verify_as("ES256", public_key, self.signing_input, signature)


def read_parts(protected: str, payload: str, signature: str) -> Jws:
    """Read the parts of a JWS; raises JsonUnreadable.

    Every part must be canonical base64url, the header a JSON object that says ES256 and nothing that would change
    how the rest is read. Source: RFC 7515 sections 4.1.11, 5.2.
    """
    header = load_object(b64url_decode(protected))
    if header.get("alg") != "ES256":
        raise JsonUnreadable(reason="algorithm_not_supported")
    # `crit` promises that its members were understood, `b64` changes what is signed: we implement neither.
    if "crit" in header or "b64" in header:
        raise JsonUnreadable(reason="critical_header")
    b64url_decode(payload)
    b64url_decode(signature)
    return Jws(protected, payload, signature, header)


def read_compact(text: str) -> Jws:
    """Read a compact JWS; raises JsonUnreadable. Source: RFC 7515 section 7.1."""
    parts = text.split(".")
    if len(parts) != 3:
        raise JsonUnreadable(reason="not_compact_jws")
    return read_parts(*parts)


def public_key_from_jwk(jwk: Mapping[str, JSON]) -> bytes:
    """Return the P-256 key of a JWK meant for ES256 signatures, as SubjectPublicKeyInfo; raises JsonUnreadable.

    Source: RFC 7517 sections 4.2, 4.3; RFC 7518 section 6.2.
    """
    x, y, operations = jwk.get("x"), jwk.get("y"), jwk.get("key_ops", ["verify"])
    if jwk.get("kty") != "EC" or jwk.get("crv") != "P-256" or not isinstance(x, str) or not isinstance(y, str):
        raise JsonUnreadable(reason="not_a_p256_key")
    if jwk.get("use", "sig") != "sig" or not isinstance(operations, list) or "verify" not in operations:
        raise JsonUnreadable(reason="key_not_for_signatures")
    if jwk.get("alg", "ES256") != "ES256":
        raise JsonUnreadable(reason="key_for_another_algorithm")
    try:
        numbers = EllipticCurvePublicNumbers(
            int.from_bytes(b64url_decode(x), "big"), int.from_bytes(b64url_decode(y), "big"), SECP256R1()
        )
        return numbers.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except ValueError:
        raise JsonUnreadable(reason="not_a_p256_key") from None
