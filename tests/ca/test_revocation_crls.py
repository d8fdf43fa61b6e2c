"""Lists of every form, judged for one seal: partitions, points, deltas, indirect ones, lists of another key."""

from dataclasses import replace
from datetime import datetime

import pytest
from cryptography import x509
from cryptography.x509 import ReasonFlags

from ca.encoding import oids
from ca.judging import path_validation
from ca.judging.path_building import Bag
from ca.judging.path_validation import Judgement, Question, validate
from ca.judging.revocation_status import revocation_status
from ca.reading.certificate_reader import Certificate, read_certificate
from ca.writing.certificates import Authority
from tests.ca.evidence import (
    DAY,
    WHOLE,
    continuing,
    directory,
    extension,
    line,
    make_list,
    of_issuer,
    scope,
    uri,
)
from tests.ca.house import CA_USAGE, SEAL_USAGE, Extra, certify, crl, issuing, root, seal

ROOT = root(path_length=None)
CA = issuing(ROOT, path_length=None)
CA_READ = read_certificate(CA.certificate)
SIGNER_USAGE = {"crl_sign": True}
COMPROMISE = {ReasonFlags.key_compromise, ReasonFlags.ca_compromise, ReasonFlags.aa_compromise}
OTHERS = {
    ReasonFlags.affiliation_changed,
    ReasonFlags.superseded,
    ReasonFlags.cessation_of_operation,
    ReasonFlags.privilege_withdrawn,
    ReasonFlags.certificate_hold,
}


def points(*found: x509.DistributionPoint) -> list[Extra]:
    return [Extra(x509.CRLDistributionPoints(found), critical=False)] if found else []


def point(
    *places: x509.GeneralName, reasons: set[ReasonFlags] | None = None, issuer: x509.GeneralName | None = None
) -> x509.DistributionPoint:
    return x509.DistributionPoint(
        full_name=list(places) or None,
        relative_name=None,
        reasons=None if reasons is None else frozenset(reasons),
        crl_issuer=None if issuer is None else [issuer],
    )


def leaf(*found: x509.DistributionPoint, above: Authority = CA) -> Certificate:
    return read_certificate(seal(above, extras=points(*found)).certificate)


def judge(
    certificate: Certificate,
    *crls: bytes,
    helpers: tuple[Authority, ...] = (CA,),
    at: datetime = WHOLE,
    root_list: bytes | None = None,
) -> Judgement:
    """Judge the path by these lists and one of the root."""
    bag = Bag.of([ROOT.certificate], [one.certificate for one in helpers])
    question = Question(at, lambda _: True, crls=(root_list or crl(ROOT), *crls))
    return validate(certificate, bag, question)


SEAL = leaf()
REVOKED = line(SEAL.serial_number, WHOLE - 2 * DAY, 4)


@pytest.mark.parametrize(
    ("crls", "expected"),
    [
        ([make_list(CA)], "good"),
        ([make_list(CA, [REVOKED])], "revoked"),
        ([make_list(CA, [], scope(users=True))], "good"),
        ([make_list(CA, [REVOKED], scope(users=True))], "revoked"),
        ([make_list(CA, [REVOKED], scope(authorities=True))], "revocation_unknown"),
        ([make_list(CA, [REVOKED], scope(attributes=True))], "revocation_unknown"),
        ([make_list(CA, [], scope(reasons=COMPROMISE))], "revocation_unknown"),
        ([make_list(CA, [], scope(reasons=COMPROMISE)), make_list(CA, [], scope(reasons=OTHERS))], "good"),
        ([make_list(CA, [], scope(reasons=COMPROMISE)), make_list(CA, [REVOKED], scope(reasons=OTHERS))], "revoked"),
        ([make_list(CA, [], scope(uri("elsewhere")))], "revocation_unknown"),
        ([make_list(CA, [], scope(directory(CA_READ)))], "good"),
        ([make_list(CA, [], extension("1.2.3.4", b"\x05\x00"))], "revocation_unknown"),
        ([make_list(CA, [], extension("1.2.3.4", b"\x05\x00", critical=False))], "good"),
        ([make_list(CA, [line(7, WHOLE, None, extension("1.2.3.4", b"\x05\x00"))])], "revocation_unknown"),
        ([make_list(CA, end=None)], "revocation_unknown"),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{len(value)} lists",
)
def test_a_list_speaks_of_what_is_in_its_scope(crls: list[bytes], expected: str) -> None:
    assert judge(SEAL, *crls).reason == expected


def test_a_list_of_a_place_counts_where_the_certificate_leads_to_it() -> None:
    led = leaf(point(uri("a")))
    assert judge(led, make_list(CA, [], scope(uri("a"), uri("mirror")))).reason == "good"
    assert judge(led, make_list(CA, [], scope(uri("b")))).reason == "revocation_unknown"
    assert judge(led, make_list(CA)).reason == "good", "a list without a place holds everything"
    two = leaf(point(uri("a"), reasons=COMPROMISE), point(uri("b"), reasons=OTHERS))
    first, second = make_list(CA, [], scope(uri("a"))), make_list(CA, [], scope(uri("b")))
    assert judge(two, first).reason == judge(two, second).reason == "revocation_unknown"
    assert judge(two, first, second).reason == "good"


def test_a_relative_place_lengthens_the_issuers_name() -> None:
    relative = x509.RelativeDistinguishedName([x509.NameAttribute(x509.NameOID.COMMON_NAME, "一号列表")])
    led = leaf(x509.DistributionPoint(None, relative, None, None))
    name = x509.load_der_x509_certificate(CA.certificate).subject
    whole = x509.DirectoryName(x509.Name([*name.rdns, relative]))
    assert judge(led, make_list(CA, [], scope(whole))).reason == "good"
    assert judge(led, make_list(CA, [], scope(directory(CA_READ)))).reason == "good", "the issuer's own list"
    other = x509.DirectoryName(x509.Name([*name.rdns, *name.rdns]))
    assert judge(led, make_list(CA, [], scope(other))).reason == "revocation_unknown"


FULL = make_list(CA, [line(9)], number=5)


@pytest.mark.parametrize(
    ("base", "delta", "expected"),
    [
        (FULL, make_list(CA, [], continuing(5), number=6), "good"),
        (FULL, make_list(CA, [REVOKED], continuing(5), number=6), "revoked"),
        (FULL, make_list(CA, [REVOKED], continuing(3), number=6), "revoked"),
        (FULL, make_list(CA, [REVOKED], continuing(6), number=7), "good"),  # continues a list that is not here
        (FULL, make_list(CA, [REVOKED], continuing(5), number=5), "good"),  # no newer than the full one
        (FULL, make_list(CA, [REVOKED], continuing(5), scope(users=True), number=6), "good"),  # another scope
        (make_list(CA, number=None), make_list(CA, [REVOKED], continuing(1), number=6), "good"),
        (b"", make_list(CA, [], continuing(5), number=6), "revocation_unknown"),
        (
            make_list(CA, [line(SEAL.serial_number, WHOLE - DAY, 6)], number=5),
            make_list(CA, [line(SEAL.serial_number, WHOLE, 8)], continuing(5), number=6),
            "good",
        ),
        (
            make_list(CA, [line(SEAL.serial_number, WHOLE - DAY, 6)], number=5),
            make_list(CA, [], continuing(5), number=6),
            "on_hold",
        ),
        (
            make_list(CA, [line(SEAL.serial_number, WHOLE - DAY, 6)], number=5),
            make_list(CA, [REVOKED], continuing(5), number=6),
            "revoked",
        ),
        # A full list that has run out lives on with a delta list on top of it.
        (
            make_list(CA, number=5, begin=WHOLE - 9 * DAY, end=WHOLE - DAY),
            make_list(CA, [], continuing(5), number=6),
            "good",
        ),
    ],
)
def test_a_delta_is_read_on_top_of_the_full_list_that_it_continues(base: bytes, delta: bytes, expected: str) -> None:
    assert judge(SEAL, *([base] if base else []), delta).reason == expected
    assert judge(SEAL, delta, *([base] if base else [])).reason == expected


def key_identifier(octet: int) -> bytes:
    value = x509.AuthorityKeyIdentifier(bytes((octet,)) * 20, None, None).public_bytes()
    return extension(oids.AUTHORITY_KEY_IDENTIFIER, value, critical=False)


def test_a_delta_is_of_the_same_key_as_the_full_list() -> None:
    base = make_list(CA, [], key_identifier(1), number=5)
    for octet, expected in ((1, "revoked"), (2, "good")):
        delta = make_list(CA, [REVOKED], continuing(5), key_identifier(octet), number=6)
        assert judge(SEAL, base, delta).reason == expected
    twin = certify("测试签发", ROOT, usage=CA_USAGE, ca=True)
    foreign_base = make_list(twin, [], number=5)
    assert judge(SEAL, foreign_base, make_list(CA, [], continuing(5), number=6)).reason == "revocation_unknown"


def test_a_list_of_some_reasons_lifts_no_hold_of_others() -> None:
    held = make_list(CA, [line(SEAL.serial_number, WHOLE - 3 * DAY, 6)], scope(reasons=OTHERS), begin=WHOLE - 2 * DAY)
    assert judge(SEAL, held, make_list(CA, [], scope(reasons=COMPROMISE))).reason == "on_hold"
    assert judge(SEAL, held, make_list(CA)).reason == "good"


OLD_KEY = certify("测试换钥", ROOT, usage=CA_USAGE, ca=True)
NEW_KEY = certify("测试换钥", ROOT, usage=CA_USAGE, ca=True, begin=WHOLE - DAY)
UNDER_OLD = leaf(above=OLD_KEY)


def test_the_next_key_of_an_authority_signs_for_the_last_one() -> None:
    by_new = make_list(NEW_KEY, [line(UNDER_OLD.serial_number, WHOLE)])
    both = (OLD_KEY, NEW_KEY)
    assert judge(UNDER_OLD, by_new, helpers=both).reason == "revoked"
    assert judge(UNDER_OLD, make_list(NEW_KEY), helpers=both).reason == "good"
    assert judge(UNDER_OLD, make_list(NEW_KEY), helpers=(OLD_KEY,)).reason == "revocation_unknown"
    # Before the new key was born, what it says later still tells.
    assert judge(UNDER_OLD, make_list(NEW_KEY), helpers=both, at=WHOLE - 30 * DAY).reason == "good"


def test_a_key_that_is_revoked_itself_signs_for_nobody() -> None:
    listed = line(read_certificate(NEW_KEY.certificate).serial_number, WHOLE - DAY, 1)
    gone = make_list(ROOT, [listed])
    found = judge(UNDER_OLD, make_list(NEW_KEY), helpers=(OLD_KEY, NEW_KEY), root_list=gone)
    assert found.reason == "revocation_unknown"


@pytest.mark.parametrize(
    "impostor",
    [
        certify("测试换钥", root("陌生根"), usage=CA_USAGE, ca=True),
        certify("测试换钥", ROOT, usage=SEAL_USAGE, ca=False),
        certify("测试换钥", ROOT, usage=CA_USAGE, ca=True, end=WHOLE - 2 * DAY),
        certify("测试换钥", ROOT, usage=CA_USAGE, ca=True, extras=[Extra(x509.OCSPNoCheck(), critical=True)]),
    ],
    ids=["another root's", "may not sign lists", "has run out", "holds what nobody knows"],
)
def test_a_signer_of_the_same_name_is_not_believed_for_its_name(impostor: Authority) -> None:
    found = judge(UNDER_OLD, make_list(impostor), helpers=(OLD_KEY, impostor))
    assert found.reason == "revocation_unknown"


def test_a_signer_under_another_anchor_is_none_of_this_hierarchy() -> None:
    other = root("另一个根", path_length=None)
    twin = certify("测试换钥", other, usage=CA_USAGE, ca=True)
    question = Question(WHOLE, lambda _: True, crls=(crl(ROOT), crl(other), make_list(twin)))
    bag = Bag.of([ROOT.certificate, other.certificate], [OLD_KEY.certificate, twin.certificate])
    assert validate(UNDER_OLD, bag, question).reason == "revocation_unknown"
    assert validate(leaf(above=twin), bag, question).reason == "good"


INDIRECT = certify("测试吊销机构", ROOT, usage=SIGNER_USAGE, ca=False)
INDIRECT_READ = read_certificate(INDIRECT.certificate)
DELEGATED = leaf(point(uri("all"), issuer=directory(INDIRECT_READ)))
SERIAL = DELEGATED.serial_number


@pytest.mark.parametrize(
    ("lines", "extensions", "expected"),
    [
        ([], [scope(uri("all"), indirect=True)], "good"),
        ([], [scope(indirect=True)], "good"),
        ([], [scope(uri("other"), indirect=True)], "revocation_unknown"),
        ([], [scope(uri("all"))], "revocation_unknown"),
        ([], [], "revocation_unknown"),
        ([line(SERIAL, WHOLE - DAY, 4, of_issuer(CA_READ))], [scope(uri("all"), indirect=True)], "revoked"),
        # The issuer of a line holds for those that follow; a serial number alone is another issuer's certificate.
        (
            [line(1, WHOLE, None, of_issuer(CA_READ)), line(SERIAL, WHOLE - DAY, 4)],
            [scope(uri("all"), indirect=True)],
            "revoked",
        ),
        ([line(SERIAL, WHOLE - DAY, 4)], [scope(uri("all"), indirect=True)], "good"),
        (
            [line(SERIAL, WHOLE - DAY, 4, of_issuer(INDIRECT_READ))],
            [scope(uri("all"), indirect=True)],
            "good",
        ),
        ([line(SERIAL, WHOLE - DAY, 4, of_issuer(CA_READ))], [scope(uri("all"))], "revocation_unknown"),
    ],
)
def test_an_indirect_list_speaks_for_the_issuer_that_names_it(
    lines: list[bytes], extensions: list[bytes], expected: str
) -> None:
    found = judge(DELEGATED, make_list(INDIRECT, lines, *extensions), helpers=(CA, INDIRECT))
    assert found.reason == expected


def test_an_indirect_list_needs_a_certificate_that_leads_to_it() -> None:
    answer = make_list(INDIRECT, [line(SEAL.serial_number, WHOLE, 4, of_issuer(CA_READ))], scope(indirect=True))
    assert judge(SEAL, answer, helpers=(CA, INDIRECT)).reason == "revocation_unknown"


def test_a_point_without_a_place_leads_to_lists_named_after_their_signer() -> None:
    led = leaf(point(issuer=directory(INDIRECT_READ)))
    for place, expected in ((directory(INDIRECT_READ), "good"), (directory(CA_READ), "revocation_unknown")):
        answer = make_list(INDIRECT, [], scope(place, indirect=True))
        assert judge(led, answer, helpers=(CA, INDIRECT)).reason == expected


def own_signer(*found: x509.DistributionPoint) -> Authority:
    return certify("测试吊销机构", CA, usage=SIGNER_USAGE, ca=False, extras=points(*found))


def test_nobody_vouches_for_himself_unless_his_issuer_says_so() -> None:
    circle = point(uri("all"), issuer=directory(INDIRECT_READ))
    charged, plain = own_signer(circle), own_signer()
    for signer, expected in ((charged, "good"), (plain, "revocation_unknown")):
        assert judge(DELEGATED, make_list(signer, [], scope(indirect=True)), helpers=(CA, signer)).reason == expected
    # Such a list may still say that its own signer is revoked.
    of_himself = line(read_certificate(charged.certificate).serial_number, WHOLE - DAY, 1, of_issuer(CA_READ))
    answer = make_list(charged, [of_himself], scope(indirect=True))
    assert judge(DELEGATED, answer, helpers=(CA, charged)).reason == "revocation_unknown"


def test_two_who_vouch_for_each_other_prove_nothing() -> None:
    names = {number: x509.DirectoryName(_name(f"测试互保 {number}")) for number in (1, 2)}
    pair = [
        certify(f"测试互保 {one}", CA, usage=SIGNER_USAGE, ca=False, extras=points(point(issuer=names[other])))
        for one, other in ((1, 2), (2, 1))
    ]
    led = leaf(point(issuer=names[1]))
    lists = [make_list(one, [], scope(indirect=True)) for one in pair]
    assert judge(led, *lists, helpers=(CA, *pair)).reason == "revocation_unknown"
    assert judge(led, *lists, make_list(CA), helpers=(CA, *pair)).reason == "good", "unless the authority speaks"


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def test_lists_signed_with_an_algorithm_that_is_no_longer_believed_do_not_count() -> None:
    bag = Bag.of([ROOT.certificate], [CA.certificate])
    lists = (crl(ROOT), make_list(CA, [REVOKED]))
    question = Question(WHOLE, lambda algorithm: algorithm == "ES256", crls=lists)
    assert validate(SEAL, bag, question).reason == "revoked"
    asked = {"ES256": iter([True, True])}  # the two certificates' own signatures are asked about first
    doubtful = replace(question, algorithm_allowed=lambda algorithm: next(asked[algorithm], False))
    assert validate(SEAL, bag, doubtful).reason == "revocation_unknown"


def test_a_list_that_keeps_the_expired_tells_of_them() -> None:
    short = read_certificate(seal(CA, end=WHOLE - 5 * DAY).certificate)
    at = WHOLE - 9 * DAY
    kept = crl(CA, this_update=WHOLE - DAY, keeps_expired=True)
    dropped = crl(CA, this_update=WHOLE - DAY)
    assert judge(short, kept, at=at).reason == "good"
    assert judge(short, dropped, at=at).reason == "revocation_unknown"


HELD, FREE = [line(SEAL.serial_number, WHOLE - 2 * DAY, 6)], list[bytes]()


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(
    ("crls", "expected"),
    [
        ([make_list(CA, HELD, number=6), make_list(CA, FREE, number=7)], "good"),
        ([make_list(CA, FREE, number=6), make_list(CA, HELD, number=7)], "on_hold"),
        ([make_list(CA, HELD, number=6), make_list(CA, FREE, number=7), make_list(CA, HELD, number=8)], "on_hold"),
        # A number without a later moment is not enough: after a restored backup they can run anew
        ([make_list(CA, HELD, number=9, begin=WHOLE - 2 * DAY), make_list(CA, FREE, number=7)], "good"),
        ([make_list(CA, HELD, number=None), make_list(CA, FREE, number=7)], "on_hold"),
        ([make_list(CA, FREE, number=None), make_list(CA, HELD, number=7)], "on_hold"),
        ([make_list(CA, FREE, number=7), make_list(CA, HELD, number=7)], "on_hold"),
    ],
)
def test_of_two_lists_of_one_second_the_number_tells_which_came_later(
    crls: list[bytes], expected: str, *, turned: bool
) -> None:
    assert judge(SEAL, *(reversed(crls) if turned else crls)).reason == expected


def test_a_forged_full_list_takes_no_ground_from_a_delta() -> None:
    """Its signature is false, its number the highest that the delta list could continue."""
    twin = certify("测试签发", None, usage=CA_USAGE, ca=True)
    forged = make_list(twin, [], number=6)
    delta = make_list(CA, [REVOKED], continuing(5), number=7)
    assert judge(SEAL, FULL, forged, delta).reason == "revoked"
    assert judge(SEAL, forged, delta, FULL).reason == "revoked"
    assert judge(SEAL, forged, delta).reason == "revocation_unknown"


ABOVE = certify("测试自签发", ROOT, usage=CA_USAGE, ca=True)
RENEWED = certify("测试自签发", ABOVE, usage=CA_USAGE, ca=True)
UNDER_RENEWED = leaf(above=RENEWED)


@pytest.mark.parametrize(
    ("by_old", "expected"),
    [
        (make_list(ABOVE), "good"),
        (make_list(ABOVE, begin=WHOLE - 2 * DAY, end=WHOLE - DAY), "revocation_unknown"),
        (make_list(ABOVE, [line(read_certificate(RENEWED.certificate).serial_number, WHOLE - DAY, 6)]), "on_hold"),
    ],
)
def test_an_authority_on_the_path_does_not_vouch_for_its_own_certificate(by_old: bytes, expected: str) -> None:
    """Old and new key have one name: the new one's list is no word about the certificate that makes it an authority."""
    by_new = make_list(RENEWED, number=9, begin=WHOLE)
    found = judge(UNDER_RENEWED, by_old, by_new, helpers=(ABOVE, RENEWED))
    assert found.reason == expected
    assert found.position == (0 if expected == "good" else 1)


def test_signers_that_vouch_for_each_other_are_looked_at_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of them has signed a list, and each is certified by each: every look would lead to all the others."""
    looks: list[bytes] = []

    def counted(certificate: Certificate, *arguments: object, **options: object) -> object:
        looks.append(certificate.der)
        return revocation_status(certificate, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(path_validation, "revocation_status", counted)
    crowd = [certify("测试群", ROOT, usage=CA_USAGE, ca=True) for _ in range(4)]
    web = [
        certify("测试群", above, usage=CA_USAGE, ca=True, signer=below.signer)
        for above in crowd
        for below in crowd
        if above is not below
    ]
    lists = [make_list(one, number=number) for number, one in enumerate(crowd)]
    one = leaf(above=crowd[0])
    stale = make_list(ROOT, begin=WHOLE - 2 * DAY, end=WHOLE - DAY)
    found = judge(one, *lists, helpers=(*crowd, *web), root_list=stale)
    assert found.reason == "revocation_unknown"
    assert len(looks) < 1_000, "18,708 without a bound, and twelve times as many with one signer more"
