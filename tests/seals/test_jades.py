import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from joserfc import jws as joserfc_jws
from joserfc.jwk import ECKey
from joserfc.jws import FlattenedJSONSerialization
from joserfc.registry import HeaderParameter

from ca.algorithms.signatures import verify
from ca.errors import CAError
from ca.keys.software_signer import SoftwareSigner
from ca.reading.certificate_reader import read_certificate
from ca.timestamping.timestamps import read_token
from seals.errors import JsonOverLimits, JsonUnreadable
from seals.jwt.jades import (
    MAX_BYTES,
    JsonEvidence,
    JsonSealer,
    JwtSigner,
    SealedJson,
    read_json,
    read_jwt,
    sign_jwt,
    to_compact,
)
from seals.jwt.jose import JSON, b64url_decode, b64url_encode, dump_json, es256_raw
from seals.pdf.errors import SealKeyUnusable
from tests.seals.keys import NOW, SINCE, UNTIL, seal_keys, timestamper
from tests.seals.parties import signer_of

CLAIMS: dict[str, JSON] = {"iss": "https://example.test", "vct": "urn:elicence:test:1", "zl": "测试路1号", "yt": [1, 2]}
PATHS = (("zl",), ("yt", 1))


def seal(*, stamped: bool = True, disclosable: tuple[tuple[str | int, ...], ...] = PATHS) -> SealedJson:
    keys = seal_keys()
    return JsonSealer(keys.signer, keys.chain, timestamper() if stamped else None).seal(CLAIMS, disclosable, NOW)


def accepted(evidence: JsonEvidence) -> bool:
    """What a verifier without any trust settings concludes."""
    if not evidence.signature_valid or evidence.faults:
        return False
    if evidence.token is None:
        return evidence.form == "compact"
    token = read_token(evidence.token)
    return token.imprint == evidence.imprint and _chain_holds(token.certificates)


def _chain_holds(certificates: tuple[bytes, ...]) -> bool:
    """Every certificate in the token is signed by one that is there too, the root by itself."""
    chain = {found.subject: found for found in map(read_certificate, certificates)}
    issuers = [(found, chain.get(found.issuer)) for found in chain.values()]
    return len(chain) == len(certificates) and all(
        issuer is not None and verify(issuer.public_key, found.signature_algorithm, found.tbs, found.signature)
        for found, issuer in issuers
    )


@pytest.mark.parametrize("stamped", [True, False])
def test_both_forms_say_the_same(*, stamped: bool) -> None:
    sealed = seal(stamped=stamped)
    compact, flattened = read_json(sealed.compact.encode()), read_json(sealed.flattened)
    for evidence in (compact, flattened):
        assert evidence.signature_valid
        assert evidence.faults == ()
        assert evidence.claims == {**CLAIMS, "iat": int(NOW.timestamp())}
        assert evidence.certs == seal_keys().chain
        assert evidence.signing_time == NOW
        assert evidence.digest == sealed.digest == hashlib.sha256(evidence.signing_input).digest()
        assert evidence.closed == 0
    assert compact.token is None
    assert (flattened.token is not None) == stamped
    assert (compact.form, flattened.form) == ("compact", "flattened")


def test_header_is_exactly_jades_baseline_b() -> None:
    header = read_json(seal().flattened).header
    leaf = seal_keys().chain[0]
    assert list(header) == ["alg", "typ", "x5t#S256", "x5c", "iat"]
    assert header["alg"] == "ES256"
    assert header["typ"] == "dc+sd-jwt"
    assert header["x5t#S256"] == b64url_encode(hashlib.sha256(leaf).digest())
    assert header["x5c"] == [base64.b64encode(der).decode() for der in seal_keys().chain]


def test_flattened_form_holds_what_the_schema_allows() -> None:
    document = json.loads(seal().flattened)
    assert list(document) == ["payload", "protected", "signature", "header", "disclosures"]
    assert list(document["header"]) == ["etsiU"]
    assert list(document["header"]["etsiU"][0]) == ["sigTst"]


def test_timestamp_covers_the_text_of_the_signature() -> None:
    sealed = seal()
    token = read_json(sealed.flattened).token
    assert token is not None
    stamped = read_token(token)
    signature = json.loads(sealed.flattened)["signature"]
    assert stamped.imprint == hashlib.sha256(signature.encode()).digest()
    assert stamped.imprint != hashlib.sha256(b64url_decode(signature)).digest()
    assert stamped.gen_time == NOW


def test_joserfc_reads_it() -> None:
    registry = joserfc_jws.JWSRegistry(
        header_registry={
            "iat": HeaderParameter("issued at", "int"),
            "etsiU": HeaderParameter("unsigned attributes", lambda value: None),
        },
        algorithms=["ES256"],
    )
    registry.max_header_length = 8192
    key = ECKey.import_key(seal_keys().signer.public_key)
    sealed = seal()
    document: FlattenedJSONSerialization = json.loads(sealed.flattened)
    compact = joserfc_jws.deserialize_compact(sealed.compact.split("~")[0], key, registry=registry)
    flattened = joserfc_jws.deserialize_json(document, key, registry=registry)
    assert json.loads(compact.payload) == json.loads(flattened.payload) == read_json(sealed.flattened).payload


def test_a_smaller_copy_has_the_same_digest() -> None:
    sealed = seal()
    jwt, first, _second, last = sealed.compact.split("~")
    evidence = read_json(f"{jwt}~{first}~{last}".encode())
    assert evidence.signature_valid
    assert evidence.faults == ()
    assert evidence.closed == 1
    assert evidence.digest == sealed.digest
    document = json.loads(sealed.flattened)
    document["disclosures"] = []
    smaller = read_json(dump_json(document))
    assert smaller.faults == ()
    assert "zl" not in smaller.claims


def _changes(document: bytes, replacements: bytes) -> Iterator[bytes]:
    for position, old in enumerate(document):
        for new in replacements:
            if new != old:
                yield document[:position] + bytes((new,)) + document[position + 1 :]


def _is_accepted(document: bytes) -> bool:
    try:
        return accepted(read_json(document))
    except (JsonUnreadable, CAError):
        return False


@pytest.mark.parametrize("form", ["compact", "flattened"])
def test_every_changed_character_is_found(form: str) -> None:
    sealed = seal()
    document = sealed.compact.encode() if form == "compact" else sealed.flattened
    assert _is_accepted(document)
    # Two neighbours in the alphabet (spare bits), the separators, and bytes of no alphabet.
    assert [changed for changed in _changes(document, b"AB~") if _is_accepted(changed)] == []
    assert [changed for changed in _changes(document[-900:], b'Aw.="{ \xff') if _is_accepted(changed)] == []


@pytest.mark.parametrize("form", ["compact", "flattened"])
def test_every_flipped_bit_in_spelling_is_found(form: str) -> None:
    sealed = seal()
    document = sealed.compact.encode() if form == "compact" else sealed.flattened
    flips = (
        document[:position] + bytes((document[position] ^ bit,)) + document[position + 1 :]
        for position in range(len(document))
        for bit in (1, 32)  # the last bit of a sextet; upper and lower case
    )
    assert [changed for changed in flips if _is_accepted(changed)] == []


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text + b"\n",
        lambda text: b" " + text,
        lambda text: text.replace(b'","', b'", "', 1),
        lambda text: text.replace(b'"disclosures":', b'"extra":1,"disclosures":'),
        lambda text: text.replace(b'{"payload"', b'{"kid":"x","payload"'),
        lambda text: text.replace(b'"header":{', b'"header":{"kid":"x",'),
        lambda text: text.replace(b'"tstTokens":[{', b'"tstTokens":[{"encoding":"","'[:-1]),
        lambda text: text.replace(b'"etsiU":[', b'"etsiU":[{"rVals":{}},'),
        lambda text: text.replace(b'"disclosures":["', b'"disclosures":["","'),
        lambda text: text.replace(b'"payload"', b'"pa\\u0079load"'),
        lambda text: text[:-1],
        lambda text: text[1:],
    ],
)
def test_every_addition_around_the_signature_is_found(change: Callable[[bytes], bytes]) -> None:
    document = seal().flattened
    assert change(document) != document
    assert not _is_accepted(change(document))


def test_the_compact_form_of_a_flattened_document() -> None:
    sealed = seal()
    assert to_compact(sealed.flattened) == sealed.compact
    for document in (b"{}", b"[]", b'{"payload":"e30","protected":"e30","signature":"e30","disclosures":[1]}'):
        with pytest.raises(JsonUnreadable):
            to_compact(document)


def test_a_dropped_timestamp_is_only_a_lower_level() -> None:
    document = json.loads(seal().flattened)
    del document["header"]
    evidence = read_json(dump_json(document))
    assert evidence.token is None
    assert evidence.faults == ()


def _sign(header: dict[str, object], payload: object = None) -> bytes:
    signer = seal_keys().signer
    text = f"{b64url_encode(dump_json(header))}.{b64url_encode(dump_json(payload or {'iat': header.get('iat')}))}"
    return f"{text}.{b64url_encode(es256_raw(signer.sign(text.encode())))}~".encode()


def _header(**change: object) -> dict[str, object]:
    return {**read_json(seal().flattened).header, **change}


@pytest.mark.parametrize(
    ("header", "payload", "code"),
    [
        ({"kid": "x"}, None, "HEADER_NOT_EXACT"),
        ({"sigT": "2026-11-22T08:30:00Z"}, None, "HEADER_NOT_EXACT"),
        ({"x5t#S256": "AAAA"}, None, "CERTIFICATE_DIGEST"),
        ({}, {"iat": 1}, "TIME_CONTRADICTS"),
        ({}, {"iss": "x"}, "TIME_CONTRADICTS"),
        ({}, {"iat": int(NOW.timestamp()), "_sd": [1]}, "DISCLOSURE_INVALID"),
    ],
)
def test_signed_but_not_our_form(header: dict[str, object], payload: object, code: str) -> None:
    evidence = read_json(_sign(_header(**header), payload))
    assert evidence.signature_valid
    assert [fault.code for fault in evidence.faults] == [code]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"typ": "JWT"}, "type_not_supported"),
        ({"alg": "none"}, "algorithm_not_supported"),
        ({"crit": ["iat"]}, "critical_header"),
        ({"x5c": []}, "header_incomplete"),
        ({"x5c": "text"}, "header_incomplete"),
        ({"x5c": [1]}, "header_incomplete"),
        ({"x5c": ["A"]}, "not_base64"),
        ({"x5c": ["AAAA"]}, "certificate_unreadable"),
        ({"iat": True}, "header_incomplete"),
        ({"iat": -1}, "header_incomplete"),
        ({"iat": 1 << 40}, "header_incomplete"),
        ({"iat": "2026"}, "header_incomplete"),
    ],
)
def test_headers_refused(change: dict[str, object], reason: str) -> None:
    with pytest.raises(JsonUnreadable) as refused:
        read_json(_sign(_header(**change)))
    assert refused.value.reason == reason


def test_another_key_kind_signs_nothing() -> None:
    for key in (generate_private_key(SECP384R1()), generate_rsa_key(65537, 2048)):
        name = x509.load_der_x509_certificate(seal_keys().chain[0]).subject
        builder = x509.CertificateBuilder(name, name, key.public_key(), 1, SINCE, UNTIL)
        leaf = builder.sign(key, SHA256()).public_bytes(Encoding.DER)
        header = _header(x5c=[base64.b64encode(leaf).decode()], **{"x5t#S256": ""})
        assert not read_json(_sign(header)).signature_valid


@pytest.mark.parametrize("kind", ["P-384", "RSA-2048", "SM2"])
def test_what_says_es256_is_es256(kind: str) -> None:
    """A signature by SM2 even has the size of one by P-256."""
    signer = SoftwareSigner.generate("SM2") if kind == "SM2" else signer_of(kind)
    with pytest.raises(SealKeyUnusable, match="algorithm"):
        JsonSealer(signer, seal_keys().chain, None)


def test_anothers_certificate_does_not_verify() -> None:
    stranger = SoftwareSigner.generate("ES256")
    sealed = JsonSealer(stranger, seal_keys().chain, None).seal(CLAIMS, (), NOW)
    evidence = read_json(sealed.compact.encode())
    assert not evidence.signature_valid
    assert evidence.faults == ()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"{",
        b"%PDF-1.7",
        b"~",
        b"a.b.c",
        "中文".encode(),
        b'{"payload":"e30","protected":"e30","signature":1}',
        b'{"payload":"e30","protected":"e30","signature":"e30","disclosures":"x"}',
        b'{"payload":"e30","protected":"e30","signature":"e30","disclosures":[1]}',
        b'{"payload":"e30","payload":"e30","protected":"e30","signature":"e30"}',
    ],
)
def test_not_ours(data: bytes) -> None:
    with pytest.raises(JsonUnreadable):
        read_json(data)


def test_key_binding_and_bare_jwt_are_refused() -> None:
    compact = seal(stamped=False).compact
    for text in (compact + "e30.e30.e30", compact.split("~")[0]):
        with pytest.raises(JsonUnreadable):
            read_json(text.encode())


def test_too_large() -> None:
    with pytest.raises(JsonOverLimits):
        read_json(b"a" * (MAX_BYTES + 1))
    with pytest.raises(JsonOverLimits):
        read_jwt("a" * (MAX_BYTES + 1), "statuslist+jwt")


def test_plain_jwts() -> None:
    keys = seal_keys()
    later = NOW + timedelta(hours=1)
    text = sign_jwt({"sub": "https://example.test/1", "iat": 5}, "statuslist+jwt", keys.signer, keys.chain, later)
    evidence = read_jwt(text, "statuslist+jwt")
    assert evidence.signature_valid
    assert evidence.faults == ()
    assert evidence.payload == {"sub": "https://example.test/1", "iat": int(later.timestamp())}
    assert evidence.signing_time == later
    with pytest.raises(JsonUnreadable):
        read_jwt(text, "dc+sd-jwt")


def test_signer_is_asked_once_a_document() -> None:
    calls = []

    class Counting(SoftwareSigner):
        def sign(self, data: bytes) -> bytes:
            calls.append(data)
            return super().sign(data)

    parts = JwtSigner("dc+sd-jwt", Counting.generate("ES256"), seal_keys().chain).sign(b"{}", 1)
    assert calls == [f"{parts[0]}.{parts[1]}".encode()]
