"""Every clause has its fault: planted in a certificate that is good but for it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ca.algorithms.signatures import identifier
from ca.encoding import der, oids
from ca.keys.software_signer import SoftwareSigner
from ca.reading.certificate_reader import Certificate, read_certificate
from ca.reading.names import encode
from ca.writing import extensions, profiles
from ca.writing.certificate_errors import LintFailed
from ca.writing.certificate_request import CertificateRequest, validate
from ca.writing.certificates import (
    Authority,
    DistinguishedName,
    issue,
    issue_root,
    serial_number,
    sign_certificate,
    sign_root,
)
from ca.writing.lint import RULES, SHAPE, Finding, lint
from ca.writing.locations import Locations
from ca.writing.profiles import PROFILES, Profile, ProfileName
from ca.writing.to_be_signed import to_be_signed
from tests.ca.house import NOW, YEAR

PLAIN = DistinguishedName("测试", "测试市")
SEALED = DistinguishedName("99010000000003", "11990100MB9T00038E测试市市场监督管理局")
LOCATIONS = Locations.of("http://ca.example.test", "issuing-seals")
ROOT_KEY, KEY = SoftwareSigner.generate("ES256"), SoftwareSigner.generate("ES256")
ED25519_KEY, SM2_KEY = SoftwareSigner.generate("Ed25519"), SoftwareSigner.generate("SM2")
SHORT_RSA_KEY = (
    rsa.generate_private_key(65537, 2048).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
)
ROOT = Authority(issue_root(profiles.ROOT, PLAIN, ROOT_KEY, NOW, NOW + 35 * YEAR), ROOT_KEY)
ISSUER = read_certificate(ROOT.certificate)
ISSUING = read_certificate(issue(profiles.ISSUING, PLAIN, KEY.public_key, ROOT, NOW, NOW + YEAR))
SEAL = read_certificate(issue(profiles.SEAL, SEALED, KEY.public_key, ROOT, NOW, NOW + YEAR))


@dataclass(frozen=True)
class Parts:
    """The members of a TBSCertificate, each as its DER, so that any of them can be spoilt."""

    version: bytes
    serial: bytes
    algorithm: bytes
    issuer: bytes
    not_before: bytes
    not_after: bytes
    subject: bytes
    public_key: bytes
    unique: bytes
    extensions: Mapping[str, bytes]

    @property
    def der(self) -> bytes:
        validity = der.sequence(self.not_before, self.not_after)
        listed = extensions.extensions(self.extensions.values(), 3) if self.extensions else b""
        head = (self.version, self.serial, self.algorithm, self.issuer, validity, self.subject, self.public_key)
        return der.sequence(*head, self.unique, listed)

    def having(self, kind: str, value: bytes, *, critical: bool = False) -> "Parts":
        changed = extensions.extension(kind, value, critical=critical)
        return replace(self, extensions={**self.extensions, kind: changed})

    def without(self, *kinds: str) -> "Parts":
        return replace(self, extensions={kind: one for kind, one in self.extensions.items() if kind not in kinds})

    def switched(self, kind: str) -> "Parts":
        """With the extension critical where it was not, and the reverse."""
        _, *boolean, value = der.children(der.read(self.extensions[kind]))
        return self.having(kind, value.value, critical=not boolean)


def good(name: ProfileName, issuer: Certificate | None = ISSUER) -> Parts:
    subject = SEALED if PROFILES[name].seal_subject else PLAIN
    root = issuer is None
    key, end = (ROOT_KEY, NOW + 35 * YEAR) if root else (KEY, NOW + YEAR)
    request = CertificateRequest(name, subject, key.public_key, NOW, end)
    tbs = to_be_signed(validate(request, issuer, LOCATIONS), serial_number(), issuer, "ES256")
    version, serial, algorithm, above, validity, named, info, listed = der.children(der.read(tbs))
    members = der.children(der.read(listed.value))
    kinds = {der.parse_oid(der.children(member)[0]): member.raw for member in members}
    begin, until = (moment.raw for moment in der.children(validity))
    return Parts(version.raw, serial.raw, algorithm.raw, above.raw, begin, until, named.raw, info.raw, b"", kinds)


def uri(text: str) -> bytes:
    return der.tlv(der.context(6, constructed=False), text.encode())


def point(*names: bytes) -> bytes:
    full_name = der.tlv(der.context(0), der.tlv(der.context(0), *names))
    return der.sequence(full_name)


def access(method: str, name: bytes) -> bytes:
    return der.sequence(der.oid(method), name)


def attribute(kind: str, text: str, tag: int = der.UTF8_STRING) -> bytes:
    return der.sequence(der.tlv(der.SET, der.sequence(der.oid(kind), der.text(text, tag))))


def rsa_key(bits: int, exponent: int) -> bytes:
    """A key of that size and exponent; nobody has its private half."""
    modulus = (1 << bits - 1) + 1
    algorithm = der.sequence(der.oid(oids.RSA_ENCRYPTION), der.tlv(der.NULL))
    numbers = der.sequence(der.integer(modulus), der.integer(exponent))
    return der.sequence(algorithm, der.bits(numbers))


def spelled_default(extension: bytes) -> bytes:
    """The extension with its default FALSE written out, as BER allows and DER forbids."""
    kind, value = der.children(der.read(extension))
    return der.sequence(kind.raw, b"\x01\x01\x00", value.raw)


Change = Callable[[Parts], Parts]
URL = uri("http://ca.example.test/list.crl")
TWO_ACCESSES = (access(oids.ACCESS_OCSP, URL), access(oids.ACCESS_CA_ISSUERS, URL))
BKU, EKU, SKI, AKI = oids.KEY_USAGE, oids.EXTENDED_KEY_USAGE, oids.SUBJECT_KEY_IDENTIFIER, oids.AUTHORITY_KEY_IDENTIFIER
BC, CDP, AIA, NOCHECK = (
    oids.BASIC_CONSTRAINTS,
    oids.CRL_DISTRIBUTION_POINTS,
    oids.AUTHORITY_INFO_ACCESS,
    oids.OCSP_NOCHECK,
)
LATE = datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC)

# clause, profile, what is spoilt, and a word of the finding
FAULTS: list[tuple[str, ProfileName, Change, str]] = [
    ("RFC 5280 4.1.2.1", "seal", lambda p: replace(p, version=b""), "version"),
    ("RFC 5280 4.1.2.1", "seal", lambda p: replace(p, version=der.tlv(der.context(0), der.integer(1))), "version"),
    ("RFC 5280 4.1.2.2", "seal", lambda p: replace(p, serial=der.integer(-(1 << 158))), "positive"),
    ("RFC 5280 4.1.2.2", "seal", lambda p: replace(p, serial=der.integer(0)), "positive"),
    ("RFC 5280 4.1.2.2", "seal", lambda p: replace(p, serial=der.integer(1 << 159)), "20 octets"),
    ("profile: serial number", "seal", lambda p: replace(p, serial=der.integer(1 << 150)), "fewer"),
    ("RFC 5280 4.1.2.3", "seal", lambda p: replace(p, algorithm=identifier("ES384")), "algorithm"),
    (
        "RFC 5280 4.1.2.3",
        "seal",
        lambda p: replace(p, algorithm=der.sequence(der.oid(oids.ECDSA_WITH_SHA256), der.tlv(der.NULL))),
        "algorithm",
    ),
    ("RFC 5280 4.1.2.4", "seal", lambda p: replace(p, issuer=der.sequence()), "empty"),
    ("RFC 5280 4.1.2.4", "seal", lambda p: replace(p, issuer=PLAIN.encode()[:-1] + b"x"), "byte for byte"),
    ("RFC 5280 4.1.2.5", "seal", lambda p: replace(p, not_before=der.generalized_time(NOW)), "UTCTime"),
    ("RFC 5280 4.1.2.5", "root", lambda p: replace(p, not_after=der.generalized_time(LATE)), "UTCTime"),
    (
        "RFC 5280 4.1.2.5",
        "root",
        lambda p: replace(p, not_after=der.generalized_time(LATE + timedelta(seconds=2.5))),
        "fraction",
    ),
    ("RFC 5280 4.1.2.5", "seal", lambda p: replace(p, not_after=p.not_before), "before it begins"),
    ("RFC 5280 4.1.2.5", "seal", lambda p: replace(p, not_after=der.octets(b"20301122")), "tag"),
    ("profile: validity", "root", lambda p: replace(p, not_after=der.time(NOW + 41 * YEAR)), "longer than 40"),
    ("profile: validity", "seal", lambda p: replace(p, not_before=der.time(NOW - YEAR)), "beyond the issuer"),
    ("profile: validity", "timestamp", lambda p: replace(p, not_after=der.time(NOW + 36 * YEAR)), "beyond the issuer"),
    ("RFC 5280 4.1.2.6", "status", lambda p: replace(p, subject=der.sequence()), "empty"),
    ("RFC 5280 4.1.2.6", "status", lambda p: replace(p, subject=encode((oids.COMMON_NAME, "测" * 65))), "upper bound"),
    ("RFC 5280 4.1.2.6", "status", lambda p: replace(p, subject=encode((oids.COMMON_NAME, ""))), "empty"),
    ("RFC 5280 4.1.2.6", "status", lambda p: replace(p, subject=encode((oids.EMAIL_ADDRESS, "a"))), "unknown"),
    ("RFC 5280 4.1.2.6", "status", lambda p: replace(p, subject=attribute(oids.COUNTRY_NAME, "CN")), "country"),
    ("RFC 5280 4.1.2.6", "status", lambda p: replace(p, subject=encode((oids.COUNTRY_NAME, "C"))), "country"),
    (
        "RFC 5280 4.1.2.6",
        "status",
        lambda p: replace(p, subject=attribute(oids.COMMON_NAME, "a", der.TELETEX_STRING)),
        "UTF8String",
    ),
    (
        "RFC 5280 4.1.2.6",
        "status",
        lambda p: replace(p, subject=der.sequence(der.tlv(der.SET, der.sequence(der.oid(oids.COMMON_NAME))))),
        "missing",
    ),
    ("RFC 5280 4.1.2.6", "status", lambda p: replace(p, subject=encode((oids.COUNTRY_NAME, "C1"))), "country"),
    ("RFC 5280 4.1.2.6", "status", lambda p: replace(p, subject=encode((oids.COUNTRY_NAME, "cn"))), "country"),
    ("RFC 5280 4.1.2.6", "status", lambda p: replace(p, subject=encode((oids.SERIAL_NUMBER, "a@b"))), "has not"),
    ("RFC 5280 4.1.2.6", "status", lambda p: replace(p, subject=encode((oids.COMMON_NAME, "a\u202eb"))), "nobody sees"),
    ("RFC 5280 4.1.2.6", "status", lambda p: replace(p, subject=encode((oids.COMMON_NAME, "a "))), "nobody sees"),
    ("RFC 5280 4.1.2.6", "status", lambda p: replace(p, subject=encode(*[(oids.COMMON_NAME, "a")] * 2)), "twice"),
    ("RFC 5280 4.1.2.7", "seal", lambda p: replace(p, public_key=rsa_key(8256, 65537)), "longer"),
    ("RFC 5280 4.1.2.7", "seal", lambda p: replace(p, public_key=rsa_key(3072, 3)), "exponent"),
    ("RFC 5280 4.1.2.7", "seal", lambda p: replace(p, public_key=rsa_key(3072, 2**256 + 1)), "exponent"),
    ("RFC 5280 4.1.2.7", "seal", lambda p: replace(p, public_key=ED25519_KEY.public_key), "kind"),
    ("RFC 5280 4.1.2.7", "seal", lambda p: replace(p, public_key=der.sequence()), "kind"),
    ("RFC 5280 4.1.2.7", "seal", lambda p: replace(p, public_key=rsa_key(2040, 65537)), "shorter"),
    ("RFC 5280 4.1.2.7", "status", lambda p: replace(p, public_key=SHORT_RSA_KEY), "shorter"),
    ("RFC 5280 4.1.2.7", "issuing", lambda p: replace(p, public_key=SHORT_RSA_KEY), "shorter"),
    (
        "TS 119 312 8.4",
        "seal",
        lambda p: replace(p, public_key=SHORT_RSA_KEY, not_before=der.time(datetime(2027, 1, 1, tzinfo=UTC))),
        "new certificate",
    ),
    (
        "TS 119 312 8.4",
        "seal",
        lambda p: replace(p, public_key=SHORT_RSA_KEY, not_after=der.time(datetime(2029, 1, 1, tzinfo=UTC))),
        "outlives",
    ),
    ("profile: hierarchy", "seal", lambda p: replace(p, public_key=SM2_KEY.public_key), "mixed"),
    (
        "RFC 5280 4.1.2.8",
        "seal",
        lambda p: replace(p, unique=der.tlv(der.context(1, constructed=False), b"\0x")),
        "unique",
    ),
    (
        "RFC 5280 4.1.2.8",
        "seal",
        lambda p: replace(p, unique=der.tlv(der.context(2, constructed=False), b"\0x")),
        "unique",
    ),
    ("RFC 5280 4.2", "seal", lambda p: replace(p, extensions={**p.extensions, "again": p.extensions[BKU]}), "twice"),
    ("RFC 5280 4.2", "seal", lambda p: p.having("2.999.1", der.tlv(der.NULL)), "2.999.1"),
    ("RFC 5280 4.2.1.1", "seal", lambda p: p.without(AKI), "no authority"),
    ("RFC 5280 4.2.1.1", "seal", lambda p: p.switched(AKI), "critical"),
    ("RFC 5280 4.2.1.1", "seal", lambda p: p.having(AKI, extensions.authority_key_identifier(b"x" * 20)), "issuer's"),
    ("RFC 5280 4.2.1.1", "root", lambda p: p.having(AKI, extensions.authority_key_identifier(b"x" * 20)), "differ"),
    ("RFC 5280 4.2.1.1", "seal", lambda p: p.having(AKI, der.sequence()), "alone"),
    ("RFC 5280 4.2.1.1", "seal", lambda p: p.having(AKI, b"x"), "end inside"),
    ("RFC 5280 4.2.1.2", "seal", lambda p: p.without(SKI), "no subject key"),
    ("RFC 5280 4.2.1.2", "seal", lambda p: p.switched(SKI), "critical"),
    ("RFC 5280 4.2.1.2", "seal", lambda p: p.having(SKI, der.octets(b"")), "of the key"),
    ("RFC 5280 4.2.1.2", "seal", lambda p: replace(p, public_key=ROOT_KEY.public_key), "of the key"),
    ("RFC 5280 4.2.1.3", "seal", lambda p: p.without(BKU), "no key usage"),
    ("RFC 5280 4.2.1.3", "seal", lambda p: p.switched(BKU), "critical"),
    ("RFC 5280 4.2.1.3", "seal", lambda p: p.having(BKU, der.named_bits({0}), critical=True), "profile's"),
    ("RFC 5280 4.2.1.3", "seal", lambda p: p.having(BKU, der.named_bits({0, 1, 5}), critical=True), "profile's"),
    ("RFC 5280 4.2.1.3", "seal", lambda p: p.having(BKU, b"\x03\x02\x00\xc0", critical=True), "trailing"),
    ("RFC 5280 4.2.1.9", "seal", lambda p: p.without(BC), "no basic"),
    ("RFC 5280 4.2.1.9", "seal", lambda p: p.switched(BC), "critical"),
    ("RFC 5280 4.2.1.9", "seal", lambda p: p.having(BC, der.sequence(der.TRUE), critical=True), "authority"),
    ("RFC 5280 4.2.1.9", "issuing", lambda p: p.having(BC, der.sequence(), critical=True), "authority"),
    ("RFC 5280 4.2.1.9", "issuing", lambda p: p.having(BC, der.sequence(der.TRUE), critical=True), "path length"),
    (
        "RFC 5280 4.2.1.9",
        "issuing",
        lambda p: p.having(BC, extensions.basic_constraints(3), critical=True),
        "path length",
    ),
    ("RFC 5280 4.2.1.12", "client", lambda p: p.without(EKU), "profile's"),
    ("RFC 5280 4.2.1.12", "client", lambda p: p.switched(EKU), "critical"),
    ("RFC 5280 4.2.1.12", "client", lambda p: p.having(EKU, der.sequence()), "empty"),
    (
        "RFC 5280 4.2.1.12",
        "seal",
        lambda p: p.having(EKU, extensions.extended_key_usage([oids.CLIENT_AUTH])),
        "profile",
    ),
    ("RFC 3161 2.3", "timestamp", lambda p: p.switched(EKU), "not critical"),
    (
        "RFC 3161 2.3",
        "timestamp",
        lambda p: p.having(EKU, extensions.extended_key_usage([oids.TIME_STAMPING, oids.CLIENT_AUTH]), critical=True),
        "only purpose",
    ),
    ("RFC 6960 4.2.2.2", "issuing", lambda p: p.having(EKU, der.sequence(der.oid(oids.OCSP_SIGNING))), "authority"),
    ("RFC 6960 4.2.2.2.1", "ocsp", lambda p: p.without(NOCHECK), "missing"),
    ("RFC 6960 4.2.2.2.1", "ocsp", lambda p: p.switched(NOCHECK), "critical"),
    ("RFC 6960 4.2.2.2.1", "ocsp", lambda p: p.having(NOCHECK, der.sequence()), "not NULL"),
    ("RFC 6960 4.2.2.2.1", "ocsp", lambda p: p.without(EKU), "no responder's"),
    ("RFC 6960 4.2.2.2.1", "seal", lambda p: p.having(NOCHECK, der.tlv(der.NULL)), "profile has none"),
    ("ETSI TS 119 612 5.7.1", "issuing", lambda p: p.having(EKU, der.sequence(der.oid(oids.TSL_SIGNING))), "authority"),
    (
        "ETSI TS 119 612 5.7.1",
        "trust",
        lambda p: p.having(EKU, extensions.extended_key_usage([oids.TSL_SIGNING, oids.CLIENT_AUTH])),
        "other purposes",
    ),
    ("RFC 5280 4.2.1.13", "seal", lambda p: p.switched(CDP), "critical"),
    ("RFC 5280 4.2.1.13", "seal", lambda p: p.having(CDP, der.sequence(point(URL), point(URL))), "one full list"),
    ("RFC 5280 4.2.1.13", "seal", lambda p: p.having(CDP, der.sequence(point(URL, URL))), "one full list"),
    ("RFC 5280 4.2.1.13", "seal", lambda p: p.having(CDP, der.sequence(point(uri("ldap://x")))), "HTTP"),
    ("RFC 5280 4.2.1.13", "seal", lambda p: p.having(CDP, der.sequence(point(uri("http://a b")))), "HTTP"),
    (
        "RFC 5280 4.2.1.13",
        "seal",
        lambda p: p.having(
            CDP, der.sequence(der.sequence(point(URL)[2:], der.tlv(der.context(1, constructed=False), b"\x07\x80")))
        ),
        "one full list",
    ),
    ("RFC 5280 4.2.2.1", "seal", lambda p: p.switched(AIA), "critical"),
    ("RFC 5280 4.2.2.1", "seal", lambda p: p.having(AIA, der.sequence(TWO_ACCESSES[0])), "one responder"),
    (
        "RFC 5280 4.2.2.1",
        "seal",
        lambda p: p.having(AIA, der.sequence(*TWO_ACCESSES, TWO_ACCESSES[0])),
        "one responder",
    ),
    (
        "RFC 5280 4.2.2.1",
        "seal",
        lambda p: p.having(AIA, der.sequence(access(oids.ACCESS_OCSP, uri("file:///etc/hosts")), TWO_ACCESSES[1])),
        "HTTP",
    ),
    ("profile: revocation", "seal", lambda p: p.without(AIA), "together"),
    ("profile: revocation", "ocsp", lambda p: p.having(CDP, der.sequence(point(URL))), "no addresses"),
    ("profile: subject of a seal", "seal", lambda p: replace(p, subject=PLAIN.encode()), "seal code"),
    (
        "profile: subject of a seal",
        "seal",
        lambda p: replace(
            p, subject=DistinguishedName(SEALED.common_name, "这不是统一社会信用代码但是十八个字以上的名称").encode()
        ),
        "USCC",
    ),
    (SHAPE, "seal", lambda p: replace(p, serial=der.octets(b"x")), "tag"),
    (SHAPE, "seal", lambda p: replace(p, not_after=b""), "missing"),
    (SHAPE, "seal", lambda p: replace(p, unique=der.octets(b"x")), "unexpected"),
    (SHAPE, "seal", lambda p: replace(p, extensions={SKI: spelled_default(p.extensions[SKI])}), "boolean"),
]


def clauses(findings: tuple[Finding, ...]) -> set[str]:
    return {finding.clause for finding in findings}


@pytest.mark.parametrize(
    ("clause", "name", "spoil", "word"), FAULTS, ids=[f"{index} {fault[0]}" for index, fault in enumerate(FAULTS)]
)
def test_a_planted_fault_is_found_at_its_clause(clause: str, name: ProfileName, spoil: Change, word: str) -> None:
    issuer = None if name == "root" else ISSUER
    findings = lint(spoil(good(name, issuer)).der, PROFILES[name], issuer)
    assert any(finding.clause == clause and word in finding.message for finding in findings), findings


def test_every_clause_has_a_planted_fault() -> None:
    elsewhere = {"RFC 5280 6.1.4"}  # below, where the issuer is what is wrong
    assert {rule.clause for rule in RULES} | {SHAPE} == {fault[0] for fault in FAULTS} | elsewhere


@pytest.mark.parametrize("name", PROFILES)
def test_what_we_write_has_no_fault(name: ProfileName) -> None:
    issuer = None if name == "root" else ISSUER
    assert lint(good(name, issuer).der, PROFILES[name], issuer) == ()


@pytest.mark.parametrize(("above", "word"), [(SEAL, "no authority"), (ISSUING, "path length")])
def test_an_issuer_that_may_not_is_found(above: Certificate, word: str) -> None:
    parts = good("issuing")
    findings = lint(replace(parts, issuer=above.subject, subject=SEALED.encode()).der, PROFILES["issuing"], above)
    assert any(finding.clause == "RFC 5280 6.1.4" and word in finding.message for finding in findings), findings


def test_an_issuer_without_a_key_identifier_is_known_by_its_key() -> None:
    bare = replace(ISSUER, subject_key_identifier=None)
    assert lint(good("seal").der, PROFILES["seal"], bare) == ()
    other = good("seal").having(AKI, extensions.authority_key_identifier(b"x" * 20)).der
    assert clauses(lint(other, PROFILES["seal"], bare)) == {"RFC 5280 4.2.1.1"}


def test_a_certificate_is_held_against_its_own_profile_only() -> None:
    for name in PROFILES:
        for profile in PROFILES.values():
            issuer = None if name == "root" else ISSUER
            assert bool(lint(good(name, issuer).der, profile, issuer)) == (not alike(PROFILES[name], profile))


def alike(one: Profile, other: Profile) -> bool:
    """Whether nothing but the name, the keys and the length of the validity tells two profiles apart."""
    changes = {"name": other.name, "keys": other.keys, "max_years": other.max_years, "short_rsa": other.short_rsa}
    if one.seal_subject and not other.seal_subject:
        changes["seal_subject"] = False  # a seal's subject is nowhere forbidden
    return replace(one, **changes) == other  # type: ignore[arg-type]


def test_what_has_a_fault_is_not_signed() -> None:
    spoilt = replace(good("seal"), serial=der.integer(0)).der
    with pytest.raises(LintFailed, match=re.escape("4.1.2.2")) as refused:
        sign_certificate(spoilt, PROFILES["seal"], ROOT)
    assert refused.value.profile == "seal"
    with pytest.raises(LintFailed, match=re.escape("4.2.1.9")):
        sign_root(good("root", None).without(BC).der, PROFILES["root"], ROOT_KEY)
