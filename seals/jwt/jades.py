"""The seal on JSON: one issuer JWT that is an SD-JWT VC and a JAdES baseline signature, in two serialisations.

Compact: `<jwt>~<disclosure>~…~`, what wallets and gateways speak (RFC 9901 section 4). Flattened: the same three parts
as a JSON object that also carries the signature timestamp (JAdES B-T). Neither has a second spelling: whatever in the
flattened form is not signed must be what we would have written. Spaces, escapes and the order of members, which programs
that pass JSON on do not keep, say nothing and are told apart.

Source: ETSI TS 119 182-1 sections 5.1, 5.3.4, 6.3; draft-ietf-oauth-sd-jwt-vc section 3.
"""

import hashlib
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal, TypeAlias

from ca.errors import CertificateInvalid
from ca.reading.certificate_reader import read_certificate
from ledger.signing import Signer
from seals.errors import JsonOverLimits, JsonUnreadable
from seals.jwt.jose import (
    JSON,
    Jws,
    b64_decode,
    b64url_encode,
    dump_json,
    es256_raw,
    load_object,
    read_compact,
    read_parts,
)
from seals.jwt.sd_jwt import DisclosureInvalid, Path, Restored, conceal, restore
from seals.pdf.errors import SealKeyUnusable

LICENCE_TYPE = "dc+sd-jwt"
MAX_BYTES = 4 * 1024 * 1024
RESPELT = "RESPELT"
"""The same JSON in other spaces, escapes or order of members: whoever parses and writes it again makes such."""
_HEADER = ("alg", "typ", "x5t#S256", "x5c", "iat")

Timestamper: TypeAlias = Callable[[bytes, datetime], bytes]
"""Gives a DER TimeStampToken over a 32-byte SHA-256 imprint."""


# --- sealing ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SealedJson:
    """One sealed document, twice serialised. digest: 32 bytes, SHA-256 of `protected.payload`."""

    compact: str = field(repr=False)
    flattened: bytes = field(repr=False)
    digest: bytes


class JwtSigner:
    """Signs JWTs of one type with the header of JAdES baseline B.

    chain: DER certificates, leaf first, without the anchor. Raises SealKeyUnusable for a key other than P-256: the header
    says ES256, and a signature by SM2 would even have the size of one.
    """

    def __init__(self, typ: str, signer: Signer, chain: Sequence[bytes]) -> None:
        if signer.algorithm != "ES256":
            raise SealKeyUnusable(reason="algorithm")
        self._sign = signer.sign
        header = {
            "alg": "ES256",
            "typ": typ,
            "x5t#S256": b64url_encode(hashlib.sha256(chain[0]).digest()),
            "x5c": [b64encode(certificate).decode("ascii") for certificate in chain],
        }
        # Only the time differs from one document to the next.
        self._header = dump_json(header)[:-1] + b',"iat":'

    def sign(self, payload: bytes, issued_at: int) -> tuple[str, str, str]:
        """Return the three parts. issued_at: seconds since 1970, also in the payload as `iat`."""
        protected = b64url_encode(b"%b%d}" % (self._header, issued_at))
        body = b64url_encode(payload)
        signature = es256_raw(self._sign(f"{protected}.{body}".encode("ascii")))
        return protected, body, b64url_encode(signature)


class JsonSealer:
    """Seals claims with one seal.

    chain: DER certificates, leaf first, without the anchor.
    timestamper: makes the flattened form B-T; None leaves it at B-B. Raises SealKeyUnusable for a key other than P-256.
    """

    def __init__(self, signer: Signer, chain: Sequence[bytes], timestamper: Timestamper | None) -> None:
        self._jwt = JwtSigner(LICENCE_TYPE, signer, chain)
        self._timestamper = timestamper

    def seal(self, claims: Mapping[str, JSON], disclosable: Iterable[Path], now: datetime) -> SealedJson:
        """Seal the claims; `iat` is set to `now`. Raises ClaimsNotSealable.

        disclosable: paths of member names and array indices that a copy may leave out.
        """
        issued_at = int(now.timestamp())
        concealed = conceal({**claims, "iat": issued_at}, disclosable)
        parts = self._jwt.sign(dump_json(concealed.payload), issued_at)
        disclosures = [disclosure.text for disclosure in concealed.disclosures]
        token = None
        if self._timestamper is not None:
            token = self._timestamper(_imprint(parts[2]), now)
        return SealedJson(
            compact="~".join([".".join(parts), *disclosures, ""]),
            flattened=_flatten(*parts, token, disclosures),
            digest=hashlib.sha256(f"{parts[0]}.{parts[1]}".encode("ascii")).digest(),
        )


def sign_jwt(payload: Mapping[str, JSON], typ: str, signer: Signer, chain: Sequence[bytes], now: datetime) -> str:
    """Return a compact JWT with the same header form; `iat` is set to `now`. For status lists and receipts."""
    issued_at = int(now.timestamp())
    return ".".join(JwtSigner(typ, signer, chain).sign(dump_json({**payload, "iat": issued_at}), issued_at))


def to_compact(flattened: bytes) -> str:
    """Return the compact form of a flattened document, without its timestamp; raises JsonUnreadable."""
    (protected, payload, signature), disclosures = _texts(load_object(flattened))
    return "~".join([f"{protected}.{payload}.{signature}", *disclosures, ""])


def _imprint(signature: str) -> bytes:
    # Of the base64url text, not of the signature's bytes. Source: ETSI TS 119 182-1 section 5.3.4.
    return hashlib.sha256(signature.encode("ascii")).digest()


def _flatten(protected: str, payload: str, signature: str, token: bytes | None, disclosures: Sequence[str]) -> bytes:
    document: dict[str, object] = {"payload": payload, "protected": protected, "signature": signature}
    if token is not None:
        value = b64encode(token).decode("ascii")
        document["header"] = {"etsiU": [{"sigTst": {"tstTokens": [{"val": value}]}}]}
    # Beside the header, not in it: the ETSI schema allows nothing next to `etsiU`.
    document["disclosures"] = list(disclosures)
    return dump_json(document)


# --- reading ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class JsonFault:
    """One thing about a document that is not as it was sealed; `family` says which check it belongs to."""

    code: str
    detail: str
    family: Literal["canonical", "disclosures"] = "canonical"


@dataclass(frozen=True, slots=True)
class JwtEvidence:
    """What a JWT with our header says of itself; nothing of it is trusted yet.

    certs: DER, leaf first, verbatim from `x5c`. iat: seconds since 1970, from the protected header.
    digest: 32 bytes, SHA-256 of `protected.payload`. imprint: 32 bytes, what a signature timestamp must cover.
    """

    payload: Mapping[str, JSON] = field(repr=False)
    header: Mapping[str, JSON] = field(repr=False)
    signing_input: bytes = field(repr=False)
    signature_valid: bool
    certs: tuple[bytes, ...] = field(repr=False)
    digest: bytes
    imprint: bytes
    iat: int
    faults: tuple[JsonFault, ...]

    @property
    def signing_time(self) -> datetime:
        """The claimed time of signing."""
        return datetime.fromtimestamp(self.iat, UTC)


@dataclass(frozen=True, slots=True)
class JsonEvidence(JwtEvidence):
    """What a sealed JSON document says of itself.

    claims: with every disclosure put back; the bare payload when a disclosure does not fit.
    closed: how many digests came without a disclosure (left out of this copy, or decoys).
    token: DER TimeStampToken, not yet looked at; only the flattened form has one.
    """

    form: Literal["compact", "flattened"]
    claims: Mapping[str, JSON] = field(repr=False)
    closed: int
    token: bytes | None = field(repr=False)


def read_json(data: bytes) -> JsonEvidence:
    """Read a sealed JSON document in either serialisation; raises JsonUnreadable."""
    if len(data) > MAX_BYTES:
        raise JsonOverLimits(reason="too_large")
    if data[:1] == b"{":
        return _read_flattened(data)
    try:
        jwt, *disclosures = data.decode("ascii").split("~")
    except UnicodeDecodeError:
        raise JsonUnreadable(reason="not_sd_jwt") from None
    # The last part is empty, or a key-binding JWT: licences are not bound to a holder's key yet.
    if not disclosures or disclosures.pop():
        raise JsonUnreadable(reason="not_sd_jwt")
    return _evidence("compact", read_compact(jwt), disclosures, None, ())


def read_jwt(text: str, typ: str) -> JwtEvidence:
    """Read a compact JWT of that type; raises JsonUnreadable."""
    if len(text) > MAX_BYTES:
        raise JsonOverLimits(reason="too_large")
    return _read_jws(read_compact(text), typ, ())


def _read_flattened(data: bytes) -> JsonEvidence:
    document = load_object(data)
    (protected, payload, signature), texts = _texts(document)
    token = _token(document)
    faults = []
    # Nothing signs the header: only the one that we write is accepted.
    written = _flatten(protected, payload, signature, token, texts)
    if document != load_object(written):
        faults.append(JsonFault("NOT_CANONICAL", "the document is not in the one form it is written in"))
    elif data != written:
        faults.append(JsonFault(RESPELT, "spaces, escapes or the order of members are not as they were written"))
    return _evidence("flattened", read_parts(protected, payload, signature), texts, token, faults)


def _texts(document: Mapping[str, JSON]) -> tuple[list[str], list[str]]:
    """Return the three parts (protected, payload, signature) and the disclosures of a flattened document."""
    parts = [document.get(name) for name in ("protected", "payload", "signature")]
    disclosures = document.get("disclosures", [])
    if not isinstance(disclosures, list) or not all(isinstance(text, str) for text in (*parts, *disclosures)):
        raise JsonUnreadable(reason="not_flattened_jws")
    return [str(part) for part in parts], [str(text) for text in disclosures]


def _token(document: Mapping[str, JSON]) -> bytes | None:
    """Return the one timestamp token; a header of any other shape has none, and is then not canonical."""
    match document.get("header"):
        case {"etsiU": [{"sigTst": {"tstTokens": [{"val": str(value)}]}}]}:
            return b64_decode(value)
    return None


def _evidence(
    form: Literal["compact", "flattened"],
    jws: Jws,
    disclosures: Sequence[str],
    token: bytes | None,
    faults: Iterable[JsonFault],
) -> JsonEvidence:
    jwt = _read_jws(jws, LICENCE_TYPE, faults)
    found = list(jwt.faults)
    try:
        restored = restore(jwt.payload, disclosures)
    except DisclosureInvalid as fault:
        found.append(JsonFault("DISCLOSURE_INVALID", fault.reason, "disclosures"))
        restored = Restored(dict(jwt.payload), 0)
    return JsonEvidence(
        payload=jwt.payload,
        header=jwt.header,
        signing_input=jwt.signing_input,
        signature_valid=jwt.signature_valid,
        certs=jwt.certs,
        digest=jwt.digest,
        imprint=jwt.imprint,
        iat=jwt.iat,
        faults=tuple(found),
        form=form,
        claims=restored.claims,
        closed=restored.closed,
        token=token,
    )


def _read_jws(jws: Jws, typ: str, faults: Iterable[JsonFault]) -> JwtEvidence:
    if jws.header.get("typ") != typ:
        raise JsonUnreadable(reason="type_not_supported")
    payload = load_object(jws.payload_bytes())
    certificates, issued_at = _certificates(jws.header), jws.header.get("iat")
    if type(issued_at) is not int or not 0 <= issued_at < 1 << 37:  # bool is an int; later years have no datetime
        raise JsonUnreadable(reason="header_incomplete")
    return JwtEvidence(
        payload=payload,
        header=jws.header,
        signing_input=jws.signing_input,
        signature_valid=_verified(jws, certificates[0]),
        certs=certificates,
        digest=hashlib.sha256(jws.signing_input).digest(),
        imprint=_imprint(jws.signature),
        iat=issued_at,
        faults=(*faults, *_header_faults(jws.header, payload, certificates[0])),
    )


def _certificates(header: Mapping[str, JSON]) -> tuple[bytes, ...]:
    chain = header.get("x5c")
    if not isinstance(chain, list) or not chain or not all(isinstance(item, str) for item in chain):
        raise JsonUnreadable(reason="header_incomplete")
    return tuple(b64_decode(str(item)) for item in chain)


def _header_faults(header: Mapping[str, JSON], payload: Mapping[str, JSON], leaf: bytes) -> Iterable[JsonFault]:
    if tuple(header) != _HEADER:
        yield JsonFault("HEADER_NOT_EXACT", "the protected header has other members than JAdES baseline B asks for")
    # Without this another certificate for the same key could be put in the leaf's place.
    if header.get("x5t#S256") != b64url_encode(hashlib.sha256(leaf).digest()):
        yield JsonFault("CERTIFICATE_DIGEST", "x5t#S256 is not the digest of the first certificate")
    if payload.get("iat") != header.get("iat"):
        yield JsonFault("TIME_CONTRADICTS", "iat differs between header and payload")


def _verified(jws: Jws, leaf: bytes) -> bool:
    try:
        return jws.verified_by(read_certificate(leaf).public_key)
    except CertificateInvalid:
        raise JsonUnreadable(reason="certificate_unreadable") from None
