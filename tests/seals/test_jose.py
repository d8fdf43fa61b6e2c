import json
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws as joserfc_jws
from joserfc.jwk import ECKey

from ca.algorithms import signatures
from seals.errors import JsonOverLimits, JsonUnreadable
from seals.jwt import jose
from tests.seals.keys import seal_keys


@given(st.binary(max_size=80))
def test_base64url_round_trip(data: bytes) -> None:
    assert jose.b64url_decode(jose.b64url_encode(data)) == data


@given(st.text(alphabet="ABCDwxyz0189-_", max_size=12))
def test_base64url_has_one_spelling(text: str) -> None:
    try:
        data = jose.b64url_decode(text)
    except JsonUnreadable:
        return
    assert jose.b64url_encode(data) == text


@pytest.mark.parametrize("text", ["A", "AA=", "AA==", "AB", "AAB", "A A", "AA\n", "A+", "A/", "é"])
def test_base64url_refused(text: str) -> None:
    with pytest.raises(JsonUnreadable):
        jose.b64url_decode(text)


@pytest.mark.parametrize("text", ["A", "AA", "AA=", "AB==", "AAB=", "AA==\n", " AA==", "A-==", "é===", "AA==AA=="])
def test_base64_refused(text: str) -> None:
    with pytest.raises(JsonUnreadable):
        jose.b64_decode(text)


def test_base64_reads_what_x5c_holds() -> None:
    assert jose.b64_decode("/+8=") == b"\xff\xef"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b'{"a":1,"a":2}', "duplicate_member"),
        (b'[{"b":{"a":1,"a":1}}]', "duplicate_member"),
        (b"NaN", "not_json"),
        (b"[-Infinity]", "not_json"),
        (b'"\\ud800"', "not_json"),
        (b"\xff", "not_json"),
        (b'\xef\xbb\xbf{"a":1}', "not_json"),
        (b"", "not_json"),
        (b"{} {}", "not_json"),
        (b"{'a':1}", "not_json"),
    ],
)
def test_json_refused(data: bytes, reason: str) -> None:
    with pytest.raises(JsonUnreadable) as refused:
        jose.load_json(data)
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"[" * 33 + b"]" * 33, "too_deep"),
        (b"[" * 100_000, "too_deep"),
        (b"1" * 65, "long_number"),
        (b"1e999", "long_number"),
        (b"0." + b"1" * 80, "long_number"),
    ],
)
def test_json_over_limits(data: bytes, reason: str) -> None:
    with pytest.raises(JsonOverLimits) as refused:
        jose.load_json(data)
    assert refused.value.reason == reason


def test_json_depth_ignores_brackets_in_strings() -> None:
    assert jose.load_json(json.dumps("[{" * 200 + '"\\').encode()) == "[{" * 200 + '"\\'
    assert jose.load_json(b"[" * 32 + b"]" * 32) is not None
    assert jose.load_json(b"[" + b",".join([b"[[]]"] * 50) + b"]") == [[[]]] * 50


@pytest.mark.parametrize("data", [b'"' + b'\\"' * 300_000, b'"' + b'\\"' * 300_000 + b"\\", b"\\" * 300_000])
def test_json_scan_is_linear(data: bytes) -> None:
    # Quadratic, this would take many minutes.
    with pytest.raises(JsonUnreadable):
        jose.load_json(data)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
        max_leaves=8,
    )
)
def test_json_round_trip(value: jose.JSON) -> None:
    assert jose.load_json(jose.dump_json(value)) == value


def test_load_object_wants_an_object() -> None:
    with pytest.raises(JsonUnreadable):
        jose.load_object(b"[]")


def test_signature_forms_round_trip() -> None:
    der = seal_keys().signer.sign(b"data")
    raw = jose.es256_raw(der)
    assert len(raw) == 64
    assert jose.es256_der(raw) == der


@pytest.mark.parametrize("length", [0, 63, 65, 128])
def test_signature_of_wrong_length(length: int) -> None:
    with pytest.raises(JsonUnreadable):
        jose.es256_der(b"\x01" * length)


def _compact(header: dict[str, object], payload: bytes = b"{}") -> str:
    signer = seal_keys().signer
    signed = f"{jose.b64url_encode(jose.dump_json(header))}.{jose.b64url_encode(payload)}"
    return f"{signed}.{jose.b64url_encode(jose.es256_raw(signer.sign(signed.encode())))}"


def test_joserfc_and_we_agree() -> None:
    key = seal_keys().signer.public_key
    text = _compact({"alg": "ES256"}, b'{"a":1}')
    assert joserfc_jws.deserialize_compact(text, ECKey.import_key(key)).payload == b'{"a":1}'
    theirs = joserfc_jws.serialize_compact({"alg": "ES256"}, b"payload", ECKey.generate_key("P-256"))
    assert not jose.read_compact(theirs).verified_by(key)
    assert jose.read_compact(text).verified_by(key)


def _chosen_key(digest: int, r: int, s: int) -> bytes:
    """Return a P-384 key made so that r and s are its signature of the digest, as a forger finds it: (sR - eG) / r."""
    prime = 2**384 - 2**128 - 2**96 + 2**32 - 1
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973
    base = ec.derive_private_key(1, ec.SECP384R1()).public_key().public_numbers()
    b = (base.y**2 - base.x**3 + 3 * base.x) % prime

    def add(one: tuple[int, int] | None, other: tuple[int, int] | None) -> tuple[int, int] | None:
        if one is None or other is None:
            return one or other
        (x, y), (u, v) = one, other
        if x == u and (y + v) % prime == 0:
            return None
        slope = (3 * x * x - 3) * pow(2 * y, -1, prime) if one == other else (v - y) * pow(u - x, -1, prime)
        w = (slope * slope - x - u) % prime
        return w, (slope * (x - w) - y) % prime

    def times(factor: int, point: tuple[int, int] | None) -> tuple[int, int] | None:
        found = None
        for bit in f"{factor % order:b}":
            found = add(found, found)
            found = add(found, point) if bit == "1" else found
        return found

    y = pow(r**3 - 3 * r + b, (prime + 1) // 4, prime)
    assert y * y % prime == (r**3 - 3 * r + b) % prime
    key = times(pow(r, -1, order), add(times(s, (r, y)), times(-digest, (base.x, base.y))))
    assert key is not None
    numbers = ec.EllipticCurvePublicNumbers(*key, ec.SECP384R1())
    return numbers.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def test_es256_is_p_256_and_no_other_curve() -> None:
    """Source: RFC 7518 section 3.4"""
    protected, payload = jose.b64url_encode(b'{"alg":"ES256"}'), jose.b64url_encode(b"{}")
    digest = sha256(f"{protected}.{payload}".encode()).digest()
    for r in range(2, 60):
        try:
            key = _chosen_key(int.from_bytes(digest), r, 7)
            break
        except AssertionError:  # no point of the curve has that x
            continue
    signature = encode_dss_signature(r, 7)
    assert signatures.verify(key, signatures.ES256_IDENTIFIER, f"{protected}.{payload}".encode(), signature)
    compact = f"{protected}.{payload}.{jose.b64url_encode(jose.es256_raw(signature))}"
    assert not jose.read_compact(compact).verified_by(key)


@pytest.mark.parametrize(
    "header",
    [
        {},
        {"alg": "none"},
        {"alg": "ES384"},
        {"alg": "es256"},
        {"alg": ["ES256"]},
        {"alg": "ES256", "crit": ["exp"], "exp": 1},
        {"alg": "ES256", "crit": []},
        {"alg": "ES256", "b64": True},
        {"alg": "ES256", "b64": False},
    ],
)
def test_headers_refused(header: dict[str, object]) -> None:
    with pytest.raises(JsonUnreadable):
        jose.read_compact(_compact(header))


@pytest.mark.parametrize("text", ["", ".", "..", "a.b", "a.b.c.d", "e30..", "bnVsbA.e30.e30"])
def test_forms_refused(text: str) -> None:
    with pytest.raises(JsonUnreadable):
        jose.read_compact(text)


def test_every_changed_character_is_found() -> None:
    text = _compact({"alg": "ES256"}, b'{"a":1}')
    key = seal_keys().signer.public_key
    accepted = []
    for position in range(len(text)):
        for replacement in "Aaz09-_.=~ \n":
            if replacement == text[position]:
                continue
            changed = text[:position] + replacement + text[position + 1 :]
            try:
                accepted += [changed] if jose.read_compact(changed).verified_by(key) else []
            except JsonUnreadable:
                continue
    assert accepted == []


_X = "04N0xi21hshyvBp7I167sbE_bXqyqkAPfefdklMO7wY"
_Y = "UI8exy-C06a7DUnjIdENkxeFtHM4-l_41LqEw9nVgmw"
_JWK: dict[str, jose.JSON] = {"kty": "EC", "crv": "P-256", "x": _X, "y": _Y}


@pytest.mark.parametrize(
    "change",
    [
        {"kty": "OKP"},
        {"crv": "P-384"},
        {"x": 1},
        {"y": "AA"},
        {"y": None},
        {"use": "enc"},
        {"alg": "ES384"},
        {"key_ops": "verify"},
        {"key_ops": ["sign"]},
    ],
)
def test_jwks_refused(change: dict[str, jose.JSON]) -> None:
    assert jose.public_key_from_jwk(_JWK)[-65:-64] == b"\x04"
    with pytest.raises(JsonUnreadable):
        jose.public_key_from_jwk({**_JWK, **change})
