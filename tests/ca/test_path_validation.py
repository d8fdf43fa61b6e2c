"""The engine beyond what NIST's cases ask: anchors' own limits, policies in certificates, SM2, DSA, hostile bags."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from ca.algorithms import sm2
from ca.encoding import der, oids
from ca.errors import NationalUnavailable
from ca.judging import name_constraints, path_building
from ca.judging.path_building import MAX_PATHS, MAX_STEPS, Bag, paths
from ca.judging.path_structure import examine
from ca.judging.path_validation import Question, judge, validate
from ca.judging.paths import validate_path
from ca.judging.policy_tree import ANY_RULES, PolicyRules
from ca.keys.software_signer import SoftwareSigner
from ca.reading.certificate_reader import Certificate, read_certificate
from ca.reading.crl_reader import Reason, Revoked
from ca.reading.extension_reader import NameConstraints
from ca.writing.certificates import Authority
from ledger.signing import SignatureAlgorithm
from tests.ca.hierarchy import hierarchy
from tests.ca.house import CA_USAGE, NOW, Extra, certify, crl, issuing, root, seal, trust_list

ROOT = root(path_length=None)
CA = issuing(ROOT, path_length=None)


def question(*authorities: Authority, rules: PolicyRules = ANY_RULES) -> Question:
    return Question(NOW, lambda _: True, rules, tuple(map(crl, authorities)))


def reason(
    leaf: Authority, helpers: Sequence[Authority] = (), anchors: Sequence[Authority] = (ROOT,), **options: object
) -> str:
    """Judge with an empty list of every authority."""
    bag = Bag.of([one.certificate for one in anchors], [one.certificate for one in helpers])
    asked = question(*anchors, *helpers, **options)  # type: ignore[arg-type]
    return validate(read_certificate(leaf.certificate), bag, asked).reason


def within(*names: str) -> Extra:
    trees = [x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])) for name in names]
    return Extra(x509.NameConstraints(trees, None), critical=True)


def policies(*found: str) -> Extra:
    return Extra(
        x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier(one), None) for one in found]),
        critical=False,
    )


def test_the_anchors_own_name_constraints_bind() -> None:
    strict = certify("测试严根", None, usage=CA_USAGE, ca=True, extras=[within("测试印章", "测试签发")])
    good, other = issuing(strict), certify("别的机构", strict, usage=CA_USAGE, ca=True)
    assert reason(seal(good), [good], [strict]) == "good"
    assert reason(seal(other), [other], [strict]) == "name_constraints"


def test_self_issued_certificates_are_bound_only_at_the_end_of_a_path() -> None:
    first = certify("测试机构", ROOT, usage=CA_USAGE, ca=True, extras=[within("测试印章")])
    renewed = certify("测试机构", first, usage=CA_USAGE, ca=True)
    assert reason(seal(renewed), [first, renewed]) == "good"
    assert reason(certify("测试机构", first, usage=None), [first]) == "name_constraints"


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (PolicyRules(), "good"),
        (PolicyRules(explicit=True), "good"),
        (PolicyRules(frozenset({"2.999.1"}), explicit=True), "good"),
        (PolicyRules(frozenset({"2.999.2"}), explicit=True), "policy"),
        (PolicyRules(frozenset({"2.999.2"})), "good"),
    ],
)
def test_the_policies_asked_for_must_hold(asked: PolicyRules, expected: str) -> None:
    above = certify("测试策略机构", ROOT, usage=CA_USAGE, ca=True, extras=[policies("2.999.1", "2.999.3")])
    below = seal(above, extras=[policies("2.999.1", "2.999.2")])
    assert reason(below, [above], rules=asked) == expected


def test_a_mapping_to_any_policy_is_named() -> None:
    value = der.sequence(der.sequence(der.oid("1.2.3.4"), der.oid(oids.ANY_POLICY)))
    mapping = x509.UnrecognizedExtension(x509.ObjectIdentifier(oids.POLICY_MAPPINGS), value)
    above = certify(
        "测试映射机构", ROOT, usage=CA_USAGE, ca=True, extras=[policies("1.2.3.4"), Extra(mapping, critical=True)]
    )
    assert reason(seal(above), [above]) == "policy_mapping"


def test_the_judgement_says_which_certificate_and_why() -> None:
    expired = certify("过期机构", ROOT, usage=CA_USAGE, ca=True, end=NOW - timedelta(days=1))
    below = seal(expired)
    report = validate_path(below.certificate, (), trust_list([ROOT], [expired]), NOW, "seal", proven=True)
    about = read_certificate(expired.certificate)
    assert (report.reason, report.position, report.certificate) == ("expired", 1, "CN=过期机构")
    assert report.serial_number == about.serial_number
    assert report.chain[1] == expired.certificate


def test_a_path_whose_links_do_not_fit_is_refused_by_the_engine_itself() -> None:
    other = issuing(root("另一个根"), "另一个签发")
    leaf = read_certificate(seal(CA).certificate)
    bag = Bag.of([], [])
    faults = {
        "name_chaining": (leaf, read_certificate(other.certificate)),
        "signature": (leaf, read_certificate(certify("测试签发", ROOT, usage=CA_USAGE, ca=True).certificate)),
    }
    for expected, path in faults.items():
        found = judge(path, question(), bag)
        assert (found.reason, found.position) == (expected, 0)


def test_both_hierarchies_are_judged_by_the_same_rules() -> None:
    algorithms: tuple[SignatureAlgorithm, ...] = ("ES256", "ES384", "RS256", "SM2")
    for algorithm in algorithms:
        made = hierarchy(algorithm)
        for name, data in made.leaves.items():
            bag = Bag.of([made.root.certificate], [made.issuing.certificate])
            asked = Question(NOW, lambda _: True, crls=(made.root_crl, made.issuing_crl))
            found = validate(read_certificate(data), bag, asked)
            assert found.reason == "good", (algorithm, name)
            assert tuple(one.der for one in found.path) == made.chain(name)
        assert validate(read_certificate(made.revoked), bag, asked).reason == "revoked"


def test_without_sm2_the_national_hierarchy_cannot_be_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    made = hierarchy("SM2")

    def lacking(*_: object) -> bool:
        raise NationalUnavailable("none here")

    path_building.signed_by.cache_clear()
    examine.cache_clear()
    monkeypatch.setattr(sm2, "verify", lacking)
    bag = Bag.of([made.root.certificate], [made.issuing.certificate])
    asked = Question(NOW, lambda _: True, crls=(made.root_crl, made.issuing_crl))
    assert validate(read_certificate(made.leaves["seal"]), bag, asked).reason == "algorithm_unavailable"
    trust = replace(
        trust_list([], []), anchors=(made.root.certificate,), intermediates=(made.issuing.certificate,), crls=asked.crls
    )
    report = validate_path(made.leaves["seal"], (), trust, NOW, "seal")
    assert (report.outcome, report.reason) == ("indeterminate", "algorithm_unavailable")
    assert "本机" in report.message("zh")


def crossed(names: Sequence[str], top: Authority) -> list[bytes]:
    """Certify every authority's key under every other one."""
    first = [certify(name, top, usage=CA_USAGE, ca=True) for name in names]
    return [one.certificate for one in first] + [
        certify(name, above, usage=CA_USAGE, ca=True, signer=one.signer).certificate
        for name, one in zip(names, first, strict=True)
        for above in first
        if above is not one
    ]


def test_a_crossed_bag_is_walked_within_bounds() -> None:
    web = crossed([f"测试交叉 {number}" for number in range(7)], ROOT)
    bag = Bag.of([ROOT.certificate], web)
    leaf = read_certificate(web[-1])
    assert len(list(paths(leaf, bag))) <= MAX_PATHS
    asked = []

    class Counting(dict[object, object]):
        def get(self, key: object, default: object = None) -> object:
            asked.append(key)
            return super().get(key, default)

    nobody = Bag(Counting(), bag.helpers, bag.known)  # type: ignore[arg-type]
    assert list(paths(leaf, nobody)) == []
    assert len(asked) == MAX_STEPS


def test_the_order_of_a_bag_does_not_matter() -> None:
    chain = [ROOT]
    for number in range(6):
        chain.append(certify(f"测试层 {number}", chain[-1], usage=CA_USAGE, ca=True))
    leaf = seal(chain[-1])
    for helpers in (chain[1:], chain[:0:-1], [chain[3], *chain[1:3], *chain[4:], chain[3]]):
        assert reason(leaf, helpers) == "good"
    assert reason(leaf, chain[2:]) == "no_chain"


def test_names_that_differ_in_spelling_chain() -> None:
    above = certify("Test  City CA", ROOT, usage=CA_USAGE, ca=True)
    spelt = replace(
        above, certificate=certify("test city ca", ROOT, usage=CA_USAGE, ca=True, signer=above.signer).certificate
    )
    leaf = seal(above)
    bag = Bag.of([ROOT.certificate], [spelt.certificate])
    assert validate(read_certificate(leaf.certificate), bag, question(ROOT, above)).reason == "good"


def test_what_a_stranger_offers_twice_costs_once() -> None:
    bag = Bag.of([ROOT.certificate], [CA.certificate])
    assert bag.with_helpers([CA.certificate, CA.certificate]) is bag
    more = bag.with_helpers([b"garbage", seal(CA).certificate])
    assert len(list(more.named(read_certificate(CA.certificate).subject))) == 1


def entry(certificate: Authority, reason: Reason) -> list[Revoked]:
    return [Revoked(read_certificate(certificate.certificate).serial_number, NOW - timedelta(days=1), reason)]


def test_what_is_final_comes_before_what_may_pass() -> None:
    """The seal is on hold, its authority revoked: nobody has to wait for the hold to end."""
    leaf = seal(CA)
    bag = Bag.of([ROOT.certificate], [CA.certificate])
    held = crl(CA, entry(leaf, "certificateHold"))
    asked = Question(NOW, lambda _: True, crls=(held, crl(ROOT, entry(CA, "superseded"))))
    found = validate(read_certificate(leaf.certificate), bag, asked)
    assert (found.reason, found.position, found.revocation) == ("revoked", 1, "revoked")
    for root_lists, expected in ((), "on_hold"), ((crl(ROOT),), "on_hold"):
        waiting = validate(read_certificate(leaf.certificate), bag, replace(asked, crls=(held, *root_lists)))
        assert (waiting.reason, waiting.position) == (expected, 0)


@pytest.mark.parametrize("turned", [False, True])
def test_one_bad_path_beside_one_that_cannot_be_judged_is_no_verdict(*, turned: bool) -> None:
    """An authority is cross-certified: one of its certificates is revoked, of the other's revocation nothing is known."""
    first, second = root("测试根甲", None), root("测试根乙", None)
    under_first = issuing(first, "测试共同机构")
    under_second = certify("测试共同机构", second, usage=CA_USAGE, ca=True, signer=under_first.signer)
    leaf = seal(under_first)
    helpers = [under_first.certificate, under_second.certificate]
    bag = Bag.of([first.certificate, second.certificate], helpers[::-1] if turned else helpers)
    revoked = crl(first, entry(under_first, "superseded"))

    def judged(*lists: bytes) -> str:
        asked = Question(NOW, lambda _: True, crls=(revoked, *lists))
        return validate(read_certificate(leaf.certificate), bag, asked).reason

    assert judged(crl(under_first)) == "revocation_unknown"
    assert judged(crl(under_first), crl(second)) == "good"
    assert judged(crl(under_first), crl(second, entry(under_second, "superseded"))) == "revoked"
    assert judged(crl(under_first, entry(leaf, "superseded"))) == "revoked"


def test_the_names_of_crossed_certificates_are_compared_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two certificates of each of five authorities make 32 paths; the seal's names are held against each of ten."""
    compared: list[str] = []
    permits = name_constraints.permits

    def counted(constraints: NameConstraints, certificate: Certificate) -> bool:
        compared.append(certificate.subject_text)
        return permits(constraints, certificate)

    monkeypatch.setattr(name_constraints, "permits", counted)
    bound = [within(*(f"测试{number}" for number in range(5)), "测试印章")]
    above, web = [ROOT], list[Authority]()
    for number in range(5):
        signer = SoftwareSigner.generate("ES256")
        subject = f"测试{number}"
        above = [certify(subject, above[0], usage=CA_USAGE, ca=True, extras=bound, signer=signer) for _ in range(2)]
        web += above
    leaf = seal(above[0])
    bag = Bag.of([ROOT.certificate], [one.certificate for one in web])
    assert len(list(paths(read_certificate(leaf.certificate), bag))) == 32
    asked = Question(NOW, lambda _: True)
    assert validate(read_certificate(leaf.certificate), bag, asked).reason == "revocation_unknown"
    assert compared.count("CN=测试印章") == len(web)
