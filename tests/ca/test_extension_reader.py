from contextlib import suppress
from ipaddress import ip_network

import pytest
from cryptography import x509
from cryptography.x509 import ReasonFlags
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from ca.encoding import der, oids
from ca.errors import CertificateInvalid, DerInvalid
from ca.judging.path_building import Bag
from ca.judging.path_validation import Question, validate
from ca.reading.certificate_reader import Certificate, read_certificate
from ca.reading.distribution_points import parse_issuing_distribution_point
from ca.reading.extension_reader import PolicyConstraints, Qualifier
from tests.ca.evidence import scope, uri
from tests.ca.house import CA_USAGE, NOW, Extra, certify, root

ROOT = root(path_length=None)
NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "测试")])
RELATIVE = x509.RelativeDistinguishedName([x509.NameAttribute(NameOID.COMMON_NAME, "一号")])
NAMES = [
    x509.DNSName("a.example.test"),
    x509.RFC822Name("a@example.test"),
    x509.UniformResourceIdentifier("https://example.test/"),
    x509.DirectoryName(NAME),
    x509.IPAddress(ip_network("10.0.0.1/32").network_address),
    x509.RegisteredID(x509.ObjectIdentifier("2.999.1")),
    x509.OtherName(x509.ObjectIdentifier("2.999.2"), b"\x05\x00"),
]
NOTICE = x509.UserNotice(x509.NoticeReference("测试", [1, 2]), "仅供测试")
EVERYTHING: list[x509.ExtensionType] = [
    x509.SubjectAlternativeName(NAMES),
    x509.IssuerAlternativeName(NAMES[:2]),
    x509.CertificatePolicies(
        [
            x509.PolicyInformation(x509.ObjectIdentifier("2.999.1"), ["https://example.test/cps", NOTICE]),
            x509.PolicyInformation(x509.ObjectIdentifier(oids.ANY_POLICY), None),
        ]
    ),
    x509.PolicyConstraints(3, None),
    x509.InhibitAnyPolicy(2),
    x509.NameConstraints([x509.DNSName("example.test")], [x509.IPAddress(ip_network("11.0.0.0/8"))]),
    x509.CRLDistributionPoints(
        [
            x509.DistributionPoint([uri("a"), uri("b")], None, frozenset({ReasonFlags.key_compromise}), None),
            x509.DistributionPoint(None, RELATIVE, None, None),
            x509.DistributionPoint(None, None, None, [x509.DirectoryName(NAME)]),
        ]
    ),
    x509.AuthorityInformationAccess(
        [x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier("http://o.test"))]
    ),
]
MAPPINGS = x509.UnrecognizedExtension(
    x509.ObjectIdentifier(oids.POLICY_MAPPINGS),
    der.sequence(der.sequence(der.oid("2.999.1"), der.oid("2.999.3"))),
)
WHOLE = certify(
    "测试机构",
    ROOT,
    usage=CA_USAGE,
    ca=True,
    extras=[Extra(one, critical=False) for one in (*EVERYTHING, MAPPINGS)],
).certificate


def test_every_extension_is_read() -> None:
    read = read_certificate(WHOLE)
    assert [name.kind for name in read.subject_alternative_names] == [
        *("dns", "email", "uri", "directory", "ip", "registered_id", "other")
    ]
    assert [str(name) for name in read.subject_alternative_names[:5]] == [
        *("a.example.test", "a@example.test", "https://example.test/", "CN=测试", "10.0.0.1")
    ]
    assert [name.text for name in read.issuer_alternative_names] == ["a.example.test", "a@example.test"]
    assert read.policies is not None
    assert {policy: [one.text for one in said] for policy, said in read.policies.items()} == {
        "2.999.1": ["https://example.test/cps", "仅供测试"],
        oids.ANY_POLICY: [],
    }
    assert read.policy_mappings == (("2.999.1", "2.999.3"),)
    assert read.policy_constraints == PolicyConstraints(3, None)
    assert read.inhibit_any_policy == 2
    assert read.name_constraints is not None
    assert [str(name) for name in read.name_constraints.permitted] == ["example.test"]
    assert [name.value for name in read.name_constraints.excluded] == [bytes((11, 0, 0, 0, 255, 0, 0, 0))]
    first, second, third = read.crl_distribution_points
    assert [name.text for name in first.full_name] == [uri("a").value, uri("b").value]
    assert first.reasons == frozenset({1})
    assert second.relative_name is not None
    assert second.reasons is None
    assert [str(name) for name in third.crl_issuer] == ["CN=测试"]
    assert not third.is_named
    assert [(one.method, one.location.text) for one in read.authority_info_access] == [
        (oids.ACCESS_OCSP, "http://o.test")
    ]


def test_what_is_not_there_is_empty() -> None:
    read = read_certificate(certify("测试", ROOT, usage=None).certificate)
    assert (read.policies, read.policy_constraints, read.inhibit_any_policy, read.name_constraints) == (None,) * 4
    assert (read.policy_mappings, read.subject_alternative_names, read.issuer_alternative_names) == ((),) * 3
    assert (read.crl_distribution_points, read.authority_info_access) == ((),) * 2


def with_extension(kind: str, value: bytes) -> Certificate:
    extra = Extra(x509.UnrecognizedExtension(x509.ObjectIdentifier(kind), value), critical=False)
    return read_certificate(certify("测试", ROOT, usage=None, extras=[extra]).certificate)


def tagged(number: int, *contents: bytes, constructed: bool = True) -> bytes:
    return der.tlv(der.context(number, constructed=constructed), *contents)


DNS = tagged(2, b"a.test", constructed=False)
POLICY = der.sequence(der.oid("2.999.1"))
PAIR = der.sequence(der.oid("2.999.1"), der.oid("2.999.2"))
BAD = {
    "names, none": (oids.SUBJECT_ALTERNATIVE_NAME, der.sequence()),
    "a name of no kind": (oids.SUBJECT_ALTERNATIVE_NAME, der.sequence(tagged(9, b""))),
    "a name that is not ASCII": (
        oids.ISSUER_ALTERNATIVE_NAME,
        der.sequence(tagged(2, "测".encode(), constructed=False)),
    ),
    "a directory name cut short": (oids.SUBJECT_ALTERNATIVE_NAME, der.sequence(tagged(4, b"\x30\x05"))),
    "policies, none": (oids.CERTIFICATE_POLICIES, der.sequence()),
    "a policy twice": (oids.CERTIFICATE_POLICIES, der.sequence(POLICY, POLICY)),
    "a policy with three members": (
        oids.CERTIFICATE_POLICIES,
        der.sequence(der.sequence(der.oid("2.999.1"), der.sequence(), der.sequence())),
    ),
    "policies by the hundred": (
        oids.CERTIFICATE_POLICIES,
        der.sequence(*(der.sequence(der.oid(f"2.999.{number}")) for number in range(257))),
    ),
    "mappings, none": (oids.POLICY_MAPPINGS, der.sequence()),
    "mappings by the hundred": (oids.POLICY_MAPPINGS, der.sequence(*257 * [PAIR])),
    "half a mapping": (oids.POLICY_MAPPINGS, der.sequence(POLICY)),
    "policy constraints, none": (oids.POLICY_CONSTRAINTS, der.sequence()),
    "negative policy constraints": (oids.POLICY_CONSTRAINTS, der.sequence(tagged(0, b"\xff", constructed=False))),
    "policy constraints in the wrong order": (
        oids.POLICY_CONSTRAINTS,
        der.sequence(tagged(1, b"\x01", constructed=False), tagged(0, b"\x01", constructed=False)),
    ),
    "a negative limit of anyPolicy": (oids.INHIBIT_ANY_POLICY, der.integer(-1)),
    "name constraints, none": (oids.NAME_CONSTRAINTS, der.sequence()),
    "subtrees, none": (oids.NAME_CONSTRAINTS, der.sequence(tagged(0))),
    "a subtree with a minimum": (
        oids.NAME_CONSTRAINTS,
        der.sequence(tagged(0, der.sequence(DNS, tagged(0, b"\x01", constructed=False)))),
    ),
    "points, none": (oids.CRL_DISTRIBUTION_POINTS, der.sequence()),
    "points by the hundred": (
        oids.CRL_DISTRIBUTION_POINTS,
        der.sequence(*65 * [der.sequence(tagged(0, tagged(0, DNS)))]),
    ),
    "a point without place and issuer": (oids.CRL_DISTRIBUTION_POINTS, der.sequence(der.sequence())),
    "a place of no kind": (oids.CRL_DISTRIBUTION_POINTS, der.sequence(der.sequence(tagged(0, tagged(2, DNS))))),
    "an access without place": (oids.AUTHORITY_INFO_ACCESS, der.sequence(POLICY)),
}


@pytest.mark.parametrize(("kind", "value"), BAD.values(), ids=BAD.keys())
def test_other_forms_are_refused(kind: str, value: bytes) -> None:
    with pytest.raises(CertificateInvalid):
        with_extension(kind, value)


@pytest.mark.parametrize(
    "qualifier",
    [
        Qualifier(oids.QUALIFIER_CPS, b"\x30\x00"),
        Qualifier(oids.QUALIFIER_CPS, b"\x16\x05"),
        Qualifier(oids.QUALIFIER_USER_NOTICE, der.sequence()),
        Qualifier(oids.QUALIFIER_USER_NOTICE, der.sequence(der.sequence())),
        Qualifier(oids.QUALIFIER_USER_NOTICE, b"\x05\x00"),
        Qualifier("2.999.1", b"\x16\x01a"),
    ],
)
def test_a_qualifier_without_readable_words_has_none(qualifier: Qualifier) -> None:
    assert qualifier.text is None


def test_a_list_is_for_one_kind_of_certificates_only() -> None:
    value = der.children(der.read(scope(users=True)))[-1].value
    assert parse_issuing_distribution_point(value).only_user_certificates
    flags = (tagged(number, b"\xff", constructed=False) for number in (1, 2))
    with pytest.raises(DerInvalid):
        parse_issuing_distribution_point(der.sequence(*flags))
    with pytest.raises(DerInvalid):
        parse_issuing_distribution_point(der.sequence(tagged(1, b"\x00", constructed=False)))


@settings(max_examples=500, deadline=None)
@given(st.data())
def test_mutated_extensions_are_read_or_refused_and_never_believed(data: st.DataObject) -> None:
    mutated = bytearray(WHOLE)
    for _ in range(data.draw(st.integers(1, 4))):
        position = data.draw(st.integers(0, len(mutated) - 1))
        mutated[position : position + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    with suppress(CertificateInvalid):
        read = read_certificate(bytes(mutated))
        found = validate(read, Bag.of([ROOT.certificate], [bytes(mutated)]), Question(NOW, lambda _: True))
        assert found.reason in {"no_chain", "revocation_unknown"}
        assert (found.reason == "no_chain") == (bytes(mutated) != WHOLE)
