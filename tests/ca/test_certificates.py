from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from ca.algorithms.signatures import key_kind
from ca.errors import KeyMismatch, ProfileViolated
from ca.keys.software_signer import SoftwareSigner
from ca.reading.certificate_reader import read_certificate
from ca.writing import profiles
from ca.writing.certificates import Authority, DistinguishedName, issue, issue_root, serial_number
from tests.ca.conftest import City
from tests.ca.house import NOW, YEAR, openssl, pem

SUBJECT = DistinguishedName("测试", "测试市")
SEALED = DistinguishedName("99010000000003", "11990100MB9T00038E测试市市场监督管理局")


@pytest.fixture(scope="module")
def root() -> Authority:
    signer = SoftwareSigner.generate("ES256")
    return Authority(issue_root(profiles.ROOT, SUBJECT, signer, NOW, NOW + 10 * YEAR), signer)


def test_every_certificate_of_a_ceremony_says_what_its_profile_says(city: City) -> None:
    for credential in city.ceremony.credentials():
        profile = credential.profile
        certificate = x509.load_der_x509_certificate(credential.cert_der)
        extensions = {extension.oid: extension for extension in certificate.extensions}
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)
        assert (constraints.critical, constraints.value.ca) == (True, profile.is_ca)
        assert constraints.value.path_length == profile.path_length
        assert usage.critical
        assert usage.value.digital_signature == ("digitalSignature" in profile.key_usage)
        assert usage.value.content_commitment == ("nonRepudiation" in profile.key_usage)
        assert usage.value.key_cert_sign == usage.value.crl_sign == profile.is_ca
        purpose = x509.ExtendedKeyUsage.oid
        assert (purpose in extensions) == bool(profile.extended_key_usage)
        kind = key_kind(read_certificate(credential.cert_der).public_key)
        assert kind == ("SM2" if credential.hierarchy == "national" else "P-256", 256)
        assert len(certificate.serial_number.to_bytes(20, "big").lstrip(b"\0")) == 20


def test_the_timestamp_certificate_has_one_critical_purpose(city: City) -> None:
    certificate = x509.load_der_x509_certificate(city.ceremony.tsa.cert_der)
    purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    assert purposes.critical
    assert list(purposes.value) == [ExtendedKeyUsageOID.TIME_STAMPING]


def test_openssl_shows_the_government_seal_profile(city: City, tmp_path: Path) -> None:
    path = pem(tmp_path / "seal.pem", city.ceremony.seals["market"].cert_der)
    options = ("-nameopt", "utf8,sep_comma_plus", "-noout", "-text")
    text = openssl("x509", "-in", path, *options).stdout.decode()
    assert "Subject: C=CN,O=11990100MB9T00038E测试市市场监督管理局,CN=99010000000003" in text
    assert "Digital Signature, Non Repudiation" in text
    assert "NIST CURVE: P-256" in text


@pytest.mark.parametrize(
    ("usage", "name"), [("any", "seal-tobacco"), ("timestampsign", "timestamp"), ("any", "status")]
)
def test_openssl_verifies_the_chains(city: City, tmp_path: Path, usage: str, name: str) -> None:
    credential = next(one for one in city.ceremony.credentials() if one.key_name == name)
    leaf, *middle, anchor = city.ceremony.chain(credential)
    verified = openssl(
        *("verify", "-x509_strict", "-purpose", usage, "-attime", str(int(NOW.timestamp()) + 1)),
        *("-CAfile", pem(tmp_path / "root.pem", anchor), "-untrusted", pem(tmp_path / "all.pem", *middle, anchor)),
        pem(tmp_path / "leaf.pem", leaf),
    )
    assert verified.returncode == 0, verified.stderr


def test_the_timestamp_authority_stands_under_the_root_itself(city: City) -> None:
    assert city.ceremony.chain(city.ceremony.tsa) == (city.ceremony.tsa.cert_der, city.ceremony.root.cert_der)


def test_serial_numbers_are_random_and_always_20_octets() -> None:
    numbers = {serial_number() for _ in range(1000)}
    assert len(numbers) == 1000
    assert {number.bit_length() for number in numbers} == {159}


def test_what_a_profile_forbids_is_refused(root: Authority) -> None:
    key = SoftwareSigner.generate("ES256")
    seal = issue(profiles.SEAL, SEALED, key.public_key, root, NOW, NOW + YEAR)
    middle = issue(profiles.ISSUING, SUBJECT, key.public_key, root, NOW, NOW + YEAR)
    ed25519 = SoftwareSigner.generate("Ed25519").public_key
    good = (profiles.SEAL, SEALED, key.public_key, root, NOW, NOW + YEAR)
    changes: list[tuple[int, object]] = [
        (1, DistinguishedName("", "测试市")),
        (1, DistinguishedName("测" * 65, "测试市")),
        (1, DistinguishedName("测试", "测\n试")),
        (1, DistinguishedName("测试 ", "测试市")),
        (2, ed25519),
        (3, Authority(seal, key)),
        (4, NOW - timedelta(days=1)),
        (5, NOW),
        (5, NOW + 11 * YEAR),
    ]
    for position, value in changes:
        arguments = [*good]
        arguments[position] = value
        with pytest.raises(ProfileViolated):
            issue(*arguments)  # type: ignore[arg-type]
    with pytest.raises(ProfileViolated):  # below an authority of path length 0
        issue(profiles.ISSUING, SUBJECT, key.public_key, Authority(middle, key), NOW, NOW + YEAR)
    with pytest.raises(ProfileViolated):
        issue_root(profiles.ROOT, SUBJECT, key, NOW, NOW + 41 * YEAR)


def test_a_certificate_is_signed_only_with_its_issuers_key(root: Authority) -> None:
    stranger = SoftwareSigner.generate("ES256")
    with pytest.raises(KeyMismatch):
        issue(profiles.SEAL, SEALED, stranger.public_key, Authority(root.certificate, stranger), NOW, NOW + YEAR)


def test_times_are_cut_to_the_second(root: Authority) -> None:
    key = SoftwareSigner.generate("ES256").public_key
    certificate = read_certificate(issue(profiles.SEAL, SEALED, key, root, NOW, NOW + YEAR))
    assert certificate.not_before == NOW.replace(microsecond=0)
