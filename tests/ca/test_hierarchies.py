"""What we write, as others' tools read it: OpenSSL and GnuTLS on the international hierarchy, OpenSSL on the national."""

import hashlib
import subprocess
from pathlib import Path

import pytest

from ca.encoding import der
from ca.reading.certificate_reader import read_certificate, signed_parts
from ca.reading.crl_reader import read_crl
from ca.writing import extensions
from ledger.signing import SignatureAlgorithm
from tests.ca.hierarchy import BASE, INTERNATIONAL, PROFILES_BELOW, PROFILES_BELOW_ROOT, hierarchy, write
from tests.ca.house import NOW, openssl

ALL: tuple[SignatureAlgorithm, ...] = (*INTERNATIONAL, "SM2")
LEAVES = [profile.name for profile in (*PROFILES_BELOW, *PROFILES_BELOW_ROOT)]
AT = ("-attime", str(int(NOW.timestamp()) + 60))
SM2_ID = ("-vfyopt", "distid:1234567812345678")
PURPOSES = {"timestamp": "timestampsign", "ocsp": "ocsphelper", "client": "sslclient"}


def certtool(*arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["certtool", *map(str, arguments)], capture_output=True, check=False)


def text(path: Path, *arguments: str) -> str:
    shown = openssl(*arguments, "-in", path, "-noout", "-text", "-nameopt", "utf8,sep_comma_plus")
    assert shown.returncode == 0, shown.stderr
    return shown.stdout.decode()


@pytest.mark.parametrize("algorithm", INTERNATIONAL)
@pytest.mark.parametrize("name", LEAVES)
def test_openssl_verifies_every_profile(algorithm: SignatureAlgorithm, name: str, tmp_path: Path) -> None:
    leaf, *middle, anchor = hierarchy(algorithm).chain(name)
    verified = openssl(
        *("verify", "-x509_strict", *AT, "-purpose", PURPOSES.get(name, "any")),
        *("-CAfile", write(tmp_path / "root.pem", "CERTIFICATE", anchor)),
        *("-untrusted", write(tmp_path / "middle.pem", "CERTIFICATE", *middle, anchor)),
        write(tmp_path / "leaf.pem", "CERTIFICATE", leaf),
    )
    assert verified.returncode == 0, verified.stderr


@pytest.mark.parametrize("algorithm", INTERNATIONAL)
def test_openssl_believes_the_revocation_lists(algorithm: SignatureAlgorithm, tmp_path: Path) -> None:
    city = hierarchy(algorithm)
    crls = write(tmp_path / "crls.pem", "X509 CRL", city.root_crl, city.issuing_crl)
    common = (
        *("verify", "-x509_strict", *AT, "-crl_check_all", "-CRLfile", crls),
        *("-CAfile", write(tmp_path / "root.pem", "CERTIFICATE", city.root.certificate)),
        *("-untrusted", write(tmp_path / "middle.pem", "CERTIFICATE", city.issuing.certificate)),
    )
    good = openssl(*common, write(tmp_path / "good.pem", "CERTIFICATE", city.leaves["seal"]))
    assert good.returncode == 0, good.stderr
    revoked = openssl(*common, write(tmp_path / "revoked.pem", "CERTIFICATE", city.revoked))
    assert revoked.returncode != 0
    assert b"certificate revoked" in revoked.stderr


@pytest.mark.parametrize("algorithm", INTERNATIONAL)
def test_gnutls_verifies_the_chain(algorithm: SignatureAlgorithm, tmp_path: Path) -> None:
    city = hierarchy(algorithm)
    chain = write(tmp_path / "chain.pem", "CERTIFICATE", *city.chain("seal"))
    verified = certtool("--verify-chain", "--infile", chain)
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert b"Chain verification output: Verified. The certificate is trusted." in verified.stdout


@pytest.mark.parametrize("algorithm", INTERNATIONAL)
def test_gnutls_verifies_the_revocation_lists(algorithm: SignatureAlgorithm, tmp_path: Path) -> None:
    city = hierarchy(algorithm)
    for data, authority in ((city.root_crl, city.root), (city.issuing_crl, city.issuing)):
        crl = write(tmp_path / "crl.pem", "X509 CRL", data)
        issuer = write(tmp_path / "issuer.pem", "CERTIFICATE", authority.certificate)
        verified = certtool("--verify-crl", "--infile", crl, "--load-ca-certificate", issuer)
        assert verified.returncode == 0, verified.stderr
        assert b"Verified." in verified.stdout


@pytest.mark.parametrize("algorithm", INTERNATIONAL)
def test_gnutls_shows_what_we_wrote(algorithm: SignatureAlgorithm, tmp_path: Path) -> None:
    city = hierarchy(algorithm)
    shown = certtool("-i", "--infile", write(tmp_path / "leaf.pem", "CERTIFICATE", city.leaves["seal"]))
    assert shown.returncode == 0, shown.stderr
    lines = shown.stdout.decode()
    for line in (
        "Digital signature.",
        "Non repudiation.",
        f"URI: {BASE}/pki/issuing-seals.crl",
        f"Access Location URI: {BASE}/pki/issuing-seals.cer",
        f"Access Location URI: {BASE}/pki/ocsp",
        "Certificate Authority (CA): FALSE",
    ):
        assert line in lines
    crl = certtool("--crl-info", "--infile", write(tmp_path / "crl.pem", "X509 CRL", city.issuing_crl))
    assert crl.returncode == 0, crl.stderr
    assert "Revoked certificates (1)" in crl.stdout.decode()
    assert "CRL Number (not critical): 02" in crl.stdout.decode()


@pytest.mark.parametrize("algorithm", ALL)
@pytest.mark.parametrize("name", ["issuing", *LEAVES])
def test_openssl_shows_what_we_wrote(algorithm: SignatureAlgorithm, name: str, tmp_path: Path) -> None:
    city = hierarchy(algorithm)
    data = city.issuing.certificate if name == "issuing" else city.leaves[name]
    shown = text(write(tmp_path / "one.pem", "CERTIFICATE", data), "x509")
    words = {
        "ES256": ["ecdsa-with-SHA256", "NIST CURVE: P-256"],
        "ES384": ["ecdsa-with-SHA384", "NIST CURVE: P-384"],
        "RS256": ["sha256WithRSAEncryption", "Public-Key: (3072 bit)"],
        "SM2": ["SM2-with-SM3", "ASN1 OID: SM2"],
    }[algorithm]
    words += {
        "issuing": ["CA:TRUE, pathlen:0", "Certificate Sign, CRL Sign"],
        "seal": ["CN=99010000000003", "Digital Signature, Non Repudiation"],
        "timestamp": ["X509v3 Extended Key Usage: critical", "Time Stamping"],
        "ocsp": ["OCSP Signing", "OCSP No Check"],
        "client": ["TLS Web Client Authentication"],
        "trust": ["0.4.0.2231.3.0"],
    }.get(name, ["Digital Signature"])
    if name != "ocsp":
        words += [f"OCSP - URI:{BASE}/pki/ocsp", "CA Issuers - URI:", "X509v3 CRL Distribution Points"]
    assert [word for word in words if word not in shown] == []


@pytest.mark.parametrize("name", ["issuing", *LEAVES])
def test_openssl_verifies_each_national_link(name: str, tmp_path: Path) -> None:
    city = hierarchy("SM2")
    chain = city.chain("seal")[1:] if name == "issuing" else city.chain(name)
    for one, above in zip(chain, (*chain[1:], chain[-1]), strict=True):
        verified = openssl(
            *("verify", "-partial_chain", *AT, *SM2_ID),
            *("-trusted", write(tmp_path / "above.pem", "CERTIFICATE", above)),
            write(tmp_path / "one.pem", "CERTIFICATE", one),
        )
        # A self-signed certificate is its own trust anchor, whose signature OpenSSL passes over: see the next test.
        assert verified.returncode == 0, verified.stderr


def test_openssl_refuses_a_national_link_without_our_user_id(tmp_path: Path) -> None:
    leaf, above, _ = hierarchy("SM2").chain("seal")
    trusted = write(tmp_path / "above.pem", "CERTIFICATE", above)
    one = write(tmp_path / "one.pem", "CERTIFICATE", leaf)
    verified = openssl("verify", "-partial_chain", *AT, "-vfyopt", "distid:another", "-trusted", trusted, one)
    assert verified.returncode != 0


@pytest.mark.parametrize("part", ["root", "root_crl", "issuing_crl"])
def test_the_national_signatures_hold_over_the_extracted_bytes(part: str, tmp_path: Path) -> None:
    city = hierarchy("SM2")
    data = {"root": city.root.certificate, "root_crl": city.root_crl, "issuing_crl": city.issuing_crl}[part]
    signer = city.issuing if part == "issuing_crl" else city.root
    tbs, _, signature = signed_parts(data)
    (tmp_path / "tbs").write_bytes(tbs.raw)
    (tmp_path / "signature").write_bytes(signature)
    (tmp_path / "key.der").write_bytes(signer.signer.public_key)
    verify = (
        *("pkeyutl", "-verify", "-rawin", "-digest", "sm3", "-pkeyopt", "distid:1234567812345678"),
        *("-pubin", "-keyform", "DER", "-inkey", tmp_path / "key.der", "-sigfile", tmp_path / "signature"),
    )
    assert openssl(*verify, "-in", tmp_path / "tbs").returncode == 0
    (tmp_path / "tbs").write_bytes(tbs.raw[:-1] + bytes((tbs.raw[-1] ^ 1,)))
    assert openssl(*verify, "-in", tmp_path / "tbs").returncode != 0


@pytest.mark.parametrize("algorithm", ALL)
def test_openssl_shows_the_lists(algorithm: SignatureAlgorithm, tmp_path: Path) -> None:
    city = hierarchy(algorithm)
    shown = text(write(tmp_path / "crl.pem", "X509 CRL", city.issuing_crl), "crl")
    serial = f"{read_certificate(city.revoked).serial_number:040X}"
    for words in (serial, "Key Compromise", "Invalidity Date", "X509v3 CRL Number", "Version 2", "2.5.29.60"):
        assert words in shown


@pytest.mark.parametrize("algorithm", ALL)
def test_keys_are_named_by_one_hash_and_found_by_it(algorithm: SignatureAlgorithm) -> None:
    city = hierarchy(algorithm)
    bits = der.parse_bits(der.children(der.read(city.root.signer.public_key))[1])
    expected = hashlib.new("sm3" if algorithm == "SM2" else "sha256", bits).digest()[:20]
    assert extensions.key_identifier(city.root.signer.public_key) == expected
    assert read_certificate(city.root.certificate).subject_key_identifier == expected
    named = read_certificate(city.issuing.certificate).extensions["2.5.29.35"].value
    assert named == extensions.authority_key_identifier(expected)


@pytest.mark.parametrize("algorithm", ALL)
def test_our_own_reader_agrees(algorithm: SignatureAlgorithm) -> None:
    city = hierarchy(algorithm)
    issuing = read_certificate(city.issuing.certificate)
    assert issuing.issuer == read_certificate(city.root.certificate).subject
    assert (issuing.is_ca, issuing.path_length) == (True, 0)
    crl = read_crl(city.issuing_crl)
    assert crl.issuer == issuing.subject
    assert list(crl.entries) == [read_certificate(city.revoked).serial_number]
