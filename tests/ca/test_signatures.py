"""Every algorithm that is read, made by openssl; ours by their own keys; and the one form each has."""

import base64
from pathlib import Path
from typing import get_args

import pytest
from asn1crypto import x509 as asn1
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from ca.algorithms import signatures
from ca.algorithms.signatures import KeyKind
from ca.encoding import der, oids
from ca.keys.software_signer import SoftwareSigner
from ledger.signing import SignatureAlgorithm
from tests.ca import sm2_verifier
from tests.ca.house import openssl

WRITTEN: tuple[SignatureAlgorithm, ...] = get_args(SignatureAlgorithm)
SIGNERS = {algorithm: SoftwareSigner.generate(algorithm) for algorithm in WRITTEN}
SIGNATURES = {algorithm: signer.sign(b"data") for algorithm, signer in SIGNERS.items()}
PSS = ("-sigopt", "rsa_padding_mode:pss", "-sigopt")
RSA = ("rsa:2048",)

# scheme: the key and the signature, in the words of `openssl req`
FOREIGN: dict[str, tuple[str, ...]] = {
    "ES256": ("ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-sha256"),
    "ES384": ("ec", "-pkeyopt", "ec_paramgen_curve:P-384", "-sha384"),
    "ES512": ("ec", "-pkeyopt", "ec_paramgen_curve:P-521", "-sha512"),
    "RS256": (*RSA, "-sha256"),
    "RS384": (*RSA, "-sha384"),
    "RS512": (*RSA, "-sha512"),
    "PS256": (*RSA, "-sha256", *PSS, "rsa_pss_saltlen:32"),
    "PS384": (*RSA, "-sha384", *PSS, "rsa_pss_saltlen:48"),
    "PS512": (*RSA, "-sha512", *PSS, "rsa_pss_saltlen:64"),
    "Ed25519": ("ed25519",),
    "SM2": ("sm2", "-sm3", "-sigopt", "distid:1234567812345678"),
    "RS1": (*RSA, "-sha1"),
}


def _info(key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey | dsa.DSAPublicKey) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _compressed() -> bytes:
    """Return a P-256 key whose point is compressed: RFC 5480 lets a reader refuse it."""
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    point = key.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    algorithm = der.children(der.read(_info(key)))[0].raw
    return der.sequence(algorithm, der.tlv(der.BIT_STRING, b"\x00", point))


def _certificate(tmp_path: Path, *making: str) -> tuple[bytes, bytes, bytes, bytes]:
    """Return the key, the algorithm, the signed bytes and the signature of a certificate that openssl made."""
    new: tuple[str | Path, ...] = ("-newkey", *making, "-nodes", "-keyout", tmp_path / "key")
    made = openssl("req", "-x509", *new, "-subj", "/CN=test", "-outform", "DER")
    assert made.returncode == 0, made.stderr
    certificate = asn1.Certificate.load(made.stdout)
    key = certificate["tbs_certificate"]["subject_public_key_info"].dump()
    return (
        key,
        certificate["signature_algorithm"].dump(),
        certificate["tbs_certificate"].dump(),
        certificate["signature_value"].native,
    )


@pytest.mark.parametrize("name", FOREIGN)
def test_what_openssl_signs_is_read_and_believed(tmp_path: Path, name: str) -> None:
    key, identifier, tbs, signature = _certificate(tmp_path, *FOREIGN[name])
    scheme = signatures.SCHEMES[identifier]
    assert scheme == signatures.scheme(name)
    assert scheme.legacy == (name == "RS1")
    assert signatures.verify(key, identifier, tbs, signature)
    assert not signatures.verify(key, identifier, tbs + b"\x00", signature)
    if name == "SM2":
        assert sm2_verifier.verify(key, tbs, signature)
    kind = signatures.key_kind(key)
    assert kind is not None
    assert kind[0] == scheme.key
    for other, known in signatures.SCHEMES.items():
        if known != scheme:
            assert not signatures.verify(key, other, tbs, signature), known.id


@pytest.mark.parametrize("bits", [256, 384, 512])
@pytest.mark.parametrize("curve", ["P-256", "P-384", "P-521"])
def test_ecdsa_of_others_combines_any_curve_with_any_hash(tmp_path: Path, curve: KeyKind, bits: int) -> None:
    """RFC 5480 section 4: openssl signs with SHA-256 by default, whatever the curve."""
    making = ("ec", "-pkeyopt", f"ec_paramgen_curve:{curve}", f"-sha{bits}")
    key, identifier, tbs, signature = _certificate(tmp_path, *making)
    assert signatures.SCHEMES[identifier].id == f"ES{bits}"
    assert signatures.verify(key, identifier, tbs, signature)
    assert not signatures.verify(key, identifier, tbs + b"\x00", signature)
    for other in WRITTEN:
        if other != f"ES{bits}":
            assert not signatures.verify(key, signatures.identifier(other), tbs, signature)


@pytest.mark.parametrize("algorithm", WRITTEN)
def test_by_its_name_alone_an_algorithm_has_one_kind_of_key(algorithm: SignatureAlgorithm) -> None:
    signer = SIGNERS[algorithm]
    assert signatures.verify_as(algorithm, signer.public_key, b"data", SIGNATURES[algorithm])
    assert not signatures.verify_as(algorithm, signer.public_key, b"datum", SIGNATURES[algorithm])
    assert not signatures.verify_as(algorithm, b"not a key", b"data", SIGNATURES[algorithm])
    key = ec.generate_private_key(ec.SECP521R1())
    names: dict[SignatureAlgorithm, hashes.HashAlgorithm] = {"ES256": hashes.SHA256(), "ES384": hashes.SHA384()}
    for name, hashing in names.items():
        signature = key.sign(b"data", ec.ECDSA(hashing))
        assert signatures.verify(_info(key.public_key()), signatures.identifier(name), b"data", signature)
        assert not signatures.verify_as(name, _info(key.public_key()), b"data", signature)


@pytest.mark.parametrize("algorithm", WRITTEN)
def test_what_we_sign_is_good_under_its_own_name_only(algorithm: SignatureAlgorithm) -> None:
    signer = SIGNERS[algorithm]
    signature = signer.sign(b"data")
    for other in WRITTEN:
        identifier = signatures.identifier(other)
        assert signatures.verify(signer.public_key, identifier, b"data", signature) == (other == algorithm)
        if other != algorithm:
            assert not signatures.verify(SIGNERS[other].public_key, identifier, b"data", signature)
    identifier = signatures.identifier(algorithm)
    assert not signatures.verify(signer.public_key, identifier, b"datum", signature)
    assert not signatures.verify(signer.public_key, der.sequence(der.oid("1.2.3")), b"data", signature)
    assert not signatures.verify(b"not a key", identifier, b"data", signature)
    assert not signatures.verify(signer.public_key, b"", b"data", signature)


@pytest.mark.parametrize("algorithm", WRITTEN)
def test_a_signature_has_one_form(algorithm: SignatureAlgorithm) -> None:
    signer = SIGNERS[algorithm]
    signature, identifier = signer.sign(b"data"), signatures.identifier(algorithm)
    others = {b"", signature + b"\x00", b"\x00" + signature, signature[:-1]}
    if algorithm in {"ES256", "ES384", "SM2"}:
        r, s = (element.raw for element in der.children(der.read(signature)))
        others |= {
            b"\x30\x81" + signature[1:],
            b"\x30\x80" + signature[2:] + b"\x00\x00",
            der.sequence(r, s, s),
            der.sequence(der.tlv(der.INTEGER, b"\x00", der.read(r).value), s),
            der.sequence(r, der.tlv(der.INTEGER, b"\x00", der.read(s).value)),
            der.sequence(der.integer(0), s),
            der.sequence(r, der.integer(0)),
        }
    assert signatures.verify(signer.public_key, identifier, b"data", signature)
    for other in others:
        assert not signatures.verify(signer.public_key, identifier, b"data", other), other.hex()


def test_identifiers_are_those_of_the_standards() -> None:
    """RFC 5758, RFC 4055 (with the bytes that the CA/Browser Forum's requirements print), RFC 8410, GM/T 0006."""
    assert {algorithm: signatures.identifier(algorithm).hex() for algorithm in WRITTEN} == {
        "ES256": "300a06082a8648ce3d040302",
        "ES384": "300a06082a8648ce3d040303",
        "RS256": "300d06092a864886f70d01010b0500",
        "Ed25519": "300506032b6570",
        "SM2": "300a06082a811ccf55018375",
    }
    pss = base64.b64decode(
        "MEEGCSqGSIb3DQEBCjA0oA8wDQYJYIZIAWUDBAIBBQChHDAaBgkqhkiG9w0BAQgwDQYJYIZIAWUDBAIBBQCiAwIBIA=="
    )
    assert signatures.SCHEMES[pss].id == "PS256"


def test_parameters_are_read_in_the_forms_that_standards_allow() -> None:
    null = der.tlv(der.NULL)
    for oid, name in {oids.SHA256_WITH_RSA: "RS256", oids.SHA512_WITH_RSA: "RS512", oids.SM2_WITH_SM3: "SM2"}.items():
        assert signatures.SCHEMES[der.sequence(der.oid(oid))].id == name
        assert signatures.SCHEMES[der.sequence(der.oid(oid), null)].id == name
        assert der.sequence(der.oid(oid), der.sequence()) not in signatures.SCHEMES
    for oid in (oids.ECDSA_WITH_SHA256, oids.ED25519, oids.DSA_WITH_SHA256):
        assert der.sequence(der.oid(oid)) in signatures.SCHEMES
        assert der.sequence(der.oid(oid), null) not in signatures.SCHEMES
    assert {scheme.id for scheme in signatures.SCHEMES.values() if scheme.legacy} == {"RS1", "DS1", "DS256"}


def test_pss_with_another_salt_is_unknown(tmp_path: Path) -> None:
    _, identifier, _, _ = _certificate(tmp_path, *RSA, "-sha256", *PSS, "rsa_pss_saltlen:20")
    assert identifier not in signatures.SCHEMES


@pytest.mark.parametrize(("name", "oid"), [("DS1", oids.DSA_WITH_SHA1), ("DS256", oids.DSA_WITH_SHA256)])
def test_dsa_is_read(name: str, oid: str) -> None:
    key = dsa.generate_private_key(1024)
    identifier = der.sequence(der.oid(oid))
    assert signatures.SCHEMES[identifier].id == name
    hashing = hashes.SHA1() if name == "DS1" else hashes.SHA256()
    signature = key.sign(b"data", hashing)
    public = _info(key.public_key())
    assert signatures.key_kind(public) == ("DSA", 1024)
    assert signatures.verify(public, identifier, b"data", signature)
    assert not signatures.verify(public, identifier, b"datum", signature)
    assert not signatures.verify(public, identifier, b"data", signature + b"\x00")


def test_dsa_parameters_are_inherited() -> None:
    """RFC 5280 section 6.1.4: left out or NULL, they are the issuer's; given, they are the key's own."""
    parameters = dsa.generate_parameters(1024)
    issuer, key = parameters.generate_private_key(), parameters.generate_private_key()
    other = dsa.generate_private_key(1024)
    whole = _info(key.public_key())
    bits = der.children(der.read(whole))[1].raw
    identifier = der.sequence(der.oid(oids.DSA_WITH_SHA1))
    signature = key.sign(b"data", hashes.SHA1())
    for parts in ((), (der.tlv(der.NULL),)):
        bare = der.sequence(der.sequence(der.oid(oids.DSA), *parts), bits)
        assert signatures.key_kind(bare) is None
        assert not signatures.verify(bare, identifier, b"data", signature)
        inherited = signatures.inherit_parameters(bare, _info(issuer.public_key()))
        assert inherited == whole
        assert signatures.verify(inherited, identifier, b"data", signature)
        elsewhere = signatures.inherit_parameters(bare, _info(other.public_key()))
        assert not signatures.verify(elsewhere, identifier, b"data", signature)
        for odd in (SIGNERS["ES256"].public_key, bare, b"", b"not a key"):
            assert signatures.inherit_parameters(bare, odd) == bare
    for same in (whole, SIGNERS["RS256"].public_key, SIGNERS["SM2"].public_key, b"", b"not a key"):
        assert signatures.inherit_parameters(same, _info(other.public_key())) == same


def test_keys_have_a_kind_and_a_size_or_are_none() -> None:
    for size in (1024, 2048):
        public = rsa.generate_private_key(65537, size).public_key()
        assert signatures.key_kind(_info(public)) == ("RSA", size)
    assert signatures.key_kind(_info(ec.generate_private_key(ec.SECP521R1()).public_key())) == ("P-521", 521)
    rsa_key = SIGNERS["RS256"].public_key
    bits = der.children(der.read(rsa_key))[1].raw
    p256 = SIGNERS["ES256"].public_key
    unknown = {
        "another curve": _info(ec.generate_private_key(ec.SECP256K1()).public_key()),
        "RSA without NULL": der.sequence(der.sequence(der.oid(oids.RSA_ENCRYPTION)), bits),
        "RSA for PSS": der.sequence(der.sequence(der.oid(oids.RSASSA_PSS)), bits),
        "not on the curve": p256[:-1] + bytes((p256[-1] ^ 1,)),
        "hybrid": p256[:26] + bytes((6 + p256[-1] % 2,)) + p256[27:],
        "compressed": _compressed(),
        "more": p256 + b"\x00",
        "huge": rsa_key + bytes(10_000),
        "nothing": b"",
        "not DER": b"\x30\x80\x00\x00",
        "an empty algorithm": der.sequence(der.sequence(), bits),
        "an algorithm that is cut": der.sequence(der.tlv(der.SEQUENCE, b"\x06\x09"), bits),
    }
    for what, key in unknown.items():
        assert signatures.key_kind(key) is None, what
        assert signatures.inherit_parameters(key, rsa_key) == key
        assert signatures.inherit_parameters(rsa_key, key) == rsa_key


@settings(max_examples=150, deadline=None)
@given(algorithm=st.sampled_from(WRITTEN), data=st.data())
def test_no_changed_key_or_signature_raises_or_verifies(algorithm: SignatureAlgorithm, data: st.DataObject) -> None:
    signer = SIGNERS[algorithm]
    parts = [signer.public_key, signatures.identifier(algorithm), b"data", SIGNATURES[algorithm]]
    part = data.draw(st.sampled_from(range(4)))
    position = data.draw(st.integers(0, len(parts[part]) - 1))
    octet = data.draw(st.integers(0, 255).filter(lambda octet: octet != parts[part][position]))
    parts[part] = parts[part][:position] + bytes((octet,)) + parts[part][position + 1 :]
    assert not signatures.verify(*parts)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_garbage_is_no_key(data: bytes) -> None:
    assert signatures.key_kind(data) is None
    assert signatures.inherit_parameters(data, data) == data
