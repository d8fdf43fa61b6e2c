"""Signature values of other makers: what their signed attributes say of the signer's certificate counts."""

from hashlib import new, sha1
from typing import Any

import pytest
from asn1crypto import algos, cms, tsp, x509

from ca.writing.certificates import DistinguishedName, issue
from ca.writing.profiles import SEAL
from seals.cms.foreign_cms import foreign_state, read_foreign
from tests.seals.keys import BUREAU_CODE, SINCE, UNTIL, issuing
from tests.seals.parties import party_of

CONTENT = b"what was signed"


def digest(name: str) -> bytes:
    return new(name, CONTENT, usedforsecurity=True).digest()


def issued(code: str) -> bytes:
    """Return a certificate of the one key that all of these have."""
    key = party_of("P-256").signer.public_key
    return issue(SEAL, DistinguishedName(code, f"{BUREAU_CODE} 测试"), key, issuing(), SINCE, UNTIL)


def value(signer: bytes, named: dict[str, Any]) -> bytes:
    """Sign as another maker. signer: the certificate beside the signature; named: further signed attributes."""
    attributes = cms.CMSAttributes(
        [
            cms.CMSAttribute({"type": "content_type", "values": ["data"]}),
            cms.CMSAttribute({"type": "message_digest", "values": [digest("sha256")]}),
            *(cms.CMSAttribute({"type": kind, "values": [one]}) for kind, one in named.items()),
        ]
    )
    certificate = x509.Certificate.load(signer)
    info = cms.SignerInfo(
        {
            "version": "v1",
            "sid": cms.SignerIdentifier(
                "issuer_and_serial_number",
                cms.IssuerAndSerialNumber({"issuer": certificate.issuer, "serial_number": certificate.serial_number}),
            ),
            "digest_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}),
            "signed_attrs": attributes,
            "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"}),
            "signature": party_of("P-256").signer.sign(attributes.untag().dump()),
        }
    )
    signed = cms.SignedData(
        {
            "version": "v1",
            "digest_algorithms": [algos.DigestAlgorithm({"algorithm": "sha256"})],
            "encap_content_info": {"content_type": "data"},
            "certificates": [cms.CertificateChoices("certificate", certificate)],
            "signer_infos": [info],
        }
    )
    made: bytes = cms.ContentInfo({"content_type": "signed_data", "content": signed}).dump()
    return made


def second(certificate: bytes, hash_name: str | None = None) -> dict[str, Any]:
    identifier: dict[str, Any] = {"cert_hash": new(hash_name or "sha256", certificate).digest()}
    if hash_name is not None:
        identifier["hash_algorithm"] = {"algorithm": hash_name}
    return {"signing_certificate_v2": tsp.SigningCertificateV2({"certs": [tsp.ESSCertIDv2(identifier)]})}


def first(certificate: bytes) -> dict[str, Any]:
    identifier = tsp.ESSCertID({"cert_hash": sha1(certificate, usedforsecurity=False).digest()})
    return {"signing_certificate": tsp.SigningCertificate({"certs": [identifier]})}


@pytest.mark.parametrize("named", [lambda _: {}, second, first, lambda one: second(one, "sha384")])
def test_the_named_certificate_holds(named: Any) -> None:
    one = issued("99010100000001")
    made = value(one, named(one))
    assert foreign_state(made, digest) == "holds"
    found = read_foreign(made)
    assert found is not None
    assert found.certificates == (one,)


@pytest.mark.parametrize("named", [second, first, lambda one: second(one, "sha384")])
def test_another_certificate_of_the_same_key_is_found(named: Any) -> None:
    """Which certificate stands beside a signature is not signed: one that was revoked could be exchanged for another."""
    signed_as, shown = issued("99010100000001"), issued("99010100000002")
    assert foreign_state(value(shown, named(signed_as)), digest) == "broken"


def test_a_certificate_by_an_unknown_hash_is_not_told() -> None:
    one = issued("99010100000001")
    assert foreign_state(value(one, second(one, "sha224")), digest) == "unknown"


def test_an_attribute_that_names_nothing_is_not_told() -> None:
    one = issued("99010100000001")
    nothing = {"signing_certificate_v2": tsp.SigningCertificateV2({"certs": []})}
    assert foreign_state(value(one, nothing), digest) == "unknown"
