"""What may be certified: the rules that a request meets before anything is written."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ca.errors import KeyMismatch, ProfileViolated
from ca.keys.software_signer import SoftwareSigner
from ca.reading.certificate_reader import Certificate, read_certificate
from ca.writing import profiles
from ca.writing.certificate_request import CertificateRequest, ValidatedRequest, validate
from ca.writing.certificates import Authority, DistinguishedName, issue, issue_root, serial_number
from ca.writing.locations import Locations
from ca.writing.profiles import ProfileName
from ca.writing.to_be_signed import to_be_signed
from tests.ca.house import CA_USAGE, NOW, YEAR, certify

PLAIN = DistinguishedName("测试", "测试市")
OTHER = DistinguishedName("测试二", "测试市")
SEALED = DistinguishedName("99010000000003", "11990100MB9T00038E测试市市场监督管理局")
LOCATIONS = Locations.of("http://ca.example.test", "issuing-seals")


def _root(signer: SoftwareSigner) -> Authority:
    return Authority(issue_root(profiles.ROOT, PLAIN, signer, NOW, NOW + 10 * YEAR), signer)


KEY = SoftwareSigner.generate("ES256").public_key
ROOT = _root(SoftwareSigner.generate("ES256"))
ISSUER = read_certificate(ROOT.certificate)
NATIONAL_KEY = SoftwareSigner.generate("SM2").public_key
NATIONAL = read_certificate(_root(SoftwareSigner.generate("SM2")).certificate)
GOOD = CertificateRequest("seal", SEALED, KEY, NOW, NOW + YEAR)


def info(key: rsa.RSAPublicKey | dsa.DSAPublicKey | ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def test_a_good_request_comes_out_as_it_will_be_written() -> None:
    validated = validate(GOOD, ISSUER, LOCATIONS)
    assert (validated.profile, validated.subject, validated.public_key) == (profiles.SEAL, SEALED.encode(), KEY)
    assert validated.not_before == NOW.replace(microsecond=0)
    assert validated.locations == LOCATIONS


def test_times_of_any_zone_are_the_same_moments() -> None:
    shanghai = timezone(timedelta(hours=8))
    local = replace(GOOD, not_before=NOW.astimezone(shanghai), not_after=(NOW + YEAR).astimezone(shanghai))
    assert validate(local, ISSUER) == validate(GOOD, ISSUER)


def test_a_profile_without_revocation_names_no_addresses() -> None:
    request = CertificateRequest("ocsp", PLAIN, KEY, NOW, NOW + YEAR)
    assert validate(request, ISSUER, LOCATIONS).locations is None


def test_nobody_else_makes_a_validated_request() -> None:
    with pytest.raises(TypeError):
        ValidatedRequest(profiles.SEAL, b"", b"", NOW, NOW, None, None, object())


def test_what_was_validated_for_one_issuer_is_not_written_for_another() -> None:
    validated = validate(GOOD, ISSUER)
    other = read_certificate(_root(SoftwareSigner.generate("ES256")).certificate)
    for issuer in (other, None):
        with pytest.raises(KeyMismatch):
            to_be_signed(validated, serial_number(), issuer, "ES256")


NAMES = [
    DistinguishedName("", "测试市"),
    DistinguishedName("测试", ""),
    DistinguishedName("测" * 65, "测试市"),
    DistinguishedName("测\n试", "测试市"),
    DistinguishedName("测试 ", "测试市"),
    DistinguishedName("测\u202e试", "测试市"),
    DistinguishedName("测试", "测试市", "C"),
    DistinguishedName("测试", "测试市", "cn"),
    DistinguishedName("测试", "测试市", "中国"),
]


@pytest.mark.parametrize("subject", NAMES, ids=repr)
def test_odd_names_are_refused(subject: DistinguishedName) -> None:
    with pytest.raises(ProfileViolated, match=r"name|country"):
        validate(replace(GOOD, profile="status", subject=subject), ISSUER)


@pytest.mark.parametrize(
    "subject",
    [
        PLAIN,
        replace(SEALED, common_name="9901000000003"),
        replace(SEALED, common_name="9901000000000A"),
        replace(SEALED, organisation="11990100MB9T00038E"),
        replace(SEALED, organisation="11990100MB9T00038测试市市场监督管理局"),
        replace(SEALED, organisation="I1990100MB9T00038E测试市市场监督管理局"),
    ],
    ids=repr,
)
def test_a_seal_is_named_by_its_code_and_its_unit(subject: DistinguishedName) -> None:
    with pytest.raises(ProfileViolated, match="seal code"):
        validate(replace(GOOD, subject=subject), ISSUER)


KEYS = {
    "P-521": info(ec.generate_private_key(ec.SECP521R1()).public_key()),
    "another curve": info(ec.generate_private_key(ec.SECP256K1()).public_key()),
    "RSA of 2040 bits": info(rsa.generate_private_key(65537, 2040).public_key()),
    "RSA with exponent 3": info(rsa.generate_private_key(3, 3072).public_key()),
    "DSA": info(dsa.generate_private_key(1024).public_key()),
    "Ed25519": SoftwareSigner.generate("Ed25519").public_key,
    "SM2 below an international authority": NATIONAL_KEY,
    "garbage": b"\x30\x00",
    "nothing": b"",
}


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS.keys())
def test_weak_and_foreign_keys_are_refused(key: bytes) -> None:
    with pytest.raises(ProfileViolated):
        validate(replace(GOOD, public_key=key), ISSUER)


def test_the_kinds_of_key_that_are_certified() -> None:
    keys = (
        KEY,
        SoftwareSigner.generate("ES384").public_key,
        info(rsa.generate_private_key(65537, 3072).public_key()),
    )
    for key in keys:
        assert validate(replace(GOOD, public_key=key), ISSUER).public_key == key
    assert validate(replace(GOOD, public_key=NATIONAL_KEY), NATIONAL).public_key == NATIONAL_KEY
    log = CertificateRequest("log", PLAIN, KEYS["Ed25519"], NOW, NOW + YEAR)
    assert validate(log, ISSUER).public_key == KEYS["Ed25519"]


SHORT_RSA = info(rsa.generate_private_key(65537, 2048).public_key())
LAST_CERTIFIED = datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)
LAST_VALID = datetime(2028, 12, 31, 23, 59, 59, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("begin", "end", "certified"),
    [
        (NOW, LAST_VALID, True),
        (LAST_CERTIFIED, LAST_VALID, True),
        (LAST_CERTIFIED + SECOND, LAST_VALID, False),
        (NOW, LAST_VALID + SECOND, False),
    ],
)
def test_a_seal_has_a_short_rsa_key_until_its_last_days(begin: datetime, end: datetime, *, certified: bool) -> None:
    wanted = replace(GOOD, public_key=SHORT_RSA, not_before=begin, not_after=end)
    if certified:
        assert validate(wanted, ISSUER).public_key == SHORT_RSA
    else:
        with pytest.raises(ProfileViolated, match="2028-12-31"):
            validate(wanted, ISSUER)


@pytest.mark.parametrize("profile", [name for name in profiles.PROFILES if name not in {"seal", "root"}])
def test_nobody_but_a_seal_has_a_short_rsa_key(profile: ProfileName) -> None:
    wanted = replace(GOOD, profile=profile, subject=PLAIN, public_key=SHORT_RSA, not_after=NOW + YEAR)
    with pytest.raises(ProfileViolated, match=r"3072|kind"):
        validate(wanted, ISSUER)


def test_a_root_has_no_short_rsa_key() -> None:
    wanted = CertificateRequest("root", PLAIN, SHORT_RSA, NOW, NOW + YEAR)
    with pytest.raises(ProfileViolated, match="3072"):
        validate(wanted, None)


def test_an_international_key_is_not_certified_by_a_national_authority() -> None:
    with pytest.raises(ProfileViolated, match="mixed"):
        validate(GOOD, NATIONAL)


def test_the_validity_lies_within_the_profile_and_the_issuer() -> None:
    for not_before, not_after in (
        (NOW, NOW),
        (NOW + YEAR, NOW),
        (NOW - timedelta(days=1), NOW + YEAR),
        (NOW, NOW + 11 * YEAR),
    ):
        with pytest.raises(ProfileViolated, match="validity"):
            validate(replace(GOOD, not_before=not_before, not_after=not_after), ISSUER)
    with pytest.raises(ProfileViolated, match="5 years"):
        validate(replace(GOOD, profile="person", not_after=NOW + 6 * YEAR), ISSUER)


def _issuer(usage: dict[str, bool] | None, *, ca: bool, path_length: int | None = None) -> Certificate:
    made = certify("测试", None, usage=usage, ca=ca, path_length=path_length)
    return read_certificate(made.certificate)


def test_only_an_authority_issues() -> None:
    for issuer in (_issuer(CA_USAGE, ca=False), _issuer({"crl_sign": True}, ca=True)):
        with pytest.raises(ProfileViolated, match="may not"):
            validate(GOOD, issuer)
    assert validate(GOOD, _issuer(None, ca=True))


def test_a_path_length_of_zero_allows_no_authority_below() -> None:
    lowest = _issuer(CA_USAGE, ca=True, path_length=0)
    assert validate(GOOD, lowest)
    with pytest.raises(ProfileViolated, match="may not"):
        validate(replace(GOOD, profile="issuing", subject=PLAIN), lowest)


def test_a_root_needs_no_issuer_and_all_else_does() -> None:
    root = replace(GOOD, profile="root", subject=PLAIN)
    assert validate(root, None).issuer is None
    with pytest.raises(ProfileViolated, match="needs an issuer"):
        validate(GOOD, None)
    with pytest.raises(ProfileViolated, match="needs an issuer"):
        issue_root(profiles.SEAL, SEALED, SoftwareSigner.generate("ES256"), NOW, NOW + YEAR)


def test_a_link_between_two_generations_of_a_root_bears_the_roots_name() -> None:
    link = read_certificate(issue(profiles.ROOT, PLAIN, KEY, ROOT, NOW, NOW + YEAR))
    assert link.issuer == link.subject == ISSUER.subject
    with pytest.raises(ProfileViolated, match="may not"):
        validate(replace(GOOD, profile="root", subject=OTHER), ISSUER)


@pytest.mark.parametrize(
    "url", ["", "ca.example.test", "ftp://x/y", "http://", "http://a b", "http://测试", "http://a\n"]
)
def test_addresses_that_cannot_stand_in_a_certificate(url: str) -> None:
    with pytest.raises(ProfileViolated, match="address"):
        validate(GOOD, ISSUER, replace(LOCATIONS, crl=url))


def test_addresses_follow_from_the_authoritys_name() -> None:
    assert Locations.of("https://ca.example.test/", "national-root") == Locations(
        "https://ca.example.test/pki/national-root.cer",
        "https://ca.example.test/pki/national-root.crl",
        "https://ca.example.test/pki/ocsp",
    )
