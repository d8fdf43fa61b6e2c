from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import get_args

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st

from ca.judging.path_reasons import REASONS
from ca.judging.paths import PathReport, Usage, has_stray, validate_path
from ca.judging.trust import TrustList
from ca.reading.crl_reader import Revoked
from ca.writing.certificates import Authority
from tests.ca.conftest import City
from tests.ca.house import (
    CA_USAGE,
    NOW,
    STATUS_USAGE,
    YEAR,
    Extra,
    certify,
    crl,
    crl_pem,
    issuing,
    openssl,
    pem,
    root,
    seal,
    trust_list,
)

ROOT = root()
ISSUING = issuing(ROOT)
SEAL = seal(ISSUING)
TIME_STAMPING = Extra(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
UNKNOWN = Extra(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), critical=True)


def serial(authority: Authority) -> int:
    return x509.load_der_x509_certificate(authority.certificate).serial_number


@dataclass(frozen=True)
class Case:
    """A path, and what is said about it; `openssl`: whether openssl finds the same fault (it does not know our lists)."""

    reason: str
    leaf: Authority = SEAL
    middle: Sequence[Authority] = (ISSUING,)
    anchors: Sequence[Authority] = (ROOT,)
    crls: Sequence[bytes] | None = None
    at: datetime = NOW
    openssl: bool = True
    changes: dict[str, object] = field(default_factory=dict)

    def trust(self) -> TrustList:
        return replace(trust_list(self.anchors, self.middle, self.crls), **self.changes)  # type: ignore[arg-type]


LONG_ROOT = root("长路径根", path_length=1)
FIRST = issuing(LONG_ROOT, "第一级", path_length=1)
SECOND = issuing(FIRST, "第二级", path_length=None)
UNCAPPED = root("不限长根", path_length=None)
CHAIN = [UNCAPPED]
for number in range(9):
    CHAIN.append(issuing(CHAIN[-1], f"第 {number} 级", path_length=None))
BELOW = issuing(ISSUING, "下级")
MIDDLE_NOT_CA = certify("非机构", ROOT, usage=CA_USAGE, ca=False)
MIDDLE_NO_CONSTRAINTS = certify("无约束", ROOT, usage=CA_USAGE)
MIDDLE_NO_SIGN = certify("无签发用途", ROOT, usage={"crl_sign": True}, ca=True)
MIDDLE_ODD = certify("含未知扩展", ROOT, usage=CA_USAGE, ca=True, extras=[UNKNOWN])
MIDDLE_EXPIRED = certify("过期机构", ROOT, usage=CA_USAGE, ca=True, end=NOW - timedelta(days=1))
IMPOSTOR = issuing(root())
RENEWED = certify("测试签发", ROOT, usage=CA_USAGE, ca=True, path_length=0)

CASES = {
    "good": Case("good"),
    "good, directly under the anchor": Case("good", leaf=seal(ROOT)),
    "good, two authorities of one name": Case("good", middle=(RENEWED, ISSUING)),
    "stranger": Case("no_chain", leaf=seal(issuing(root("陌生根"), "陌生签发"))),
    "impostor of the same names": Case("no_chain", leaf=seal(IMPOSTOR)),
    "impostor who brings his own authority": Case("no_chain", leaf=seal(IMPOSTOR), middle=(IMPOSTOR,)),
    "no authority between": Case("no_chain", middle=()),
    "too deep": Case("no_chain", leaf=seal(CHAIN[-1]), middle=CHAIN[1:], anchors=CHAIN[:1], openssl=False),
    "path length of the issuer": Case("path_too_long", leaf=seal(BELOW), middle=(ISSUING, BELOW)),
    "path length of the anchor": Case(
        "path_too_long", leaf=seal(SECOND), middle=(FIRST, SECOND), anchors=(LONG_ROOT,), openssl=False
    ),
    "issuer is no authority": Case("not_an_authority", leaf=seal(MIDDLE_NOT_CA), middle=(MIDDLE_NOT_CA,)),
    "issuer without constraints": Case(
        "not_an_authority", leaf=seal(MIDDLE_NO_CONSTRAINTS), middle=(MIDDLE_NO_CONSTRAINTS,)
    ),
    "issuer that may not sign certificates": Case(
        "not_an_authority", leaf=seal(MIDDLE_NO_SIGN), middle=(MIDDLE_NO_SIGN,)
    ),
    "issuer is a seal": Case("not_an_authority", leaf=seal(SEAL), middle=(ISSUING, SEAL)),
    "unknown critical extension": Case("unknown_extension", leaf=seal(ISSUING, extras=[UNKNOWN])),
    "unknown critical extension above": Case("unknown_extension", leaf=seal(MIDDLE_ODD), middle=(MIDDLE_ODD,)),
    "unknown extension that is not critical": Case(
        "good", leaf=seal(ISSUING, extras=[replace(UNKNOWN, critical=False)])
    ),
    "not yet valid": Case("not_yet_valid_no_poe", at=NOW - 2 * YEAR),
    "expired": Case("expired_no_poe", at=NOW + 6 * YEAR),
    "expired above": Case("expired_no_poe", leaf=seal(MIDDLE_EXPIRED), middle=(MIDDLE_EXPIRED,)),
    "revoked": Case("revoked", crls=(crl(ROOT), crl(ISSUING, [Revoked(serial(SEAL), NOW, "keyCompromise")]))),
    "revoked above": Case("revoked", crls=(crl(ISSUING), crl(ROOT, [Revoked(serial(ISSUING), NOW, "cACompromise")]))),
    "on hold": Case("on_hold", crls=(crl(ROOT), crl(ISSUING, [Revoked(serial(SEAL), NOW, "certificateHold")]))),
    "no lists": Case("revocation_unknown", crls=()),
    "no list of the issuer": Case("revocation_unknown", crls=(crl(ROOT),)),
    "a list that has run out": Case("revocation_unknown", at=NOW + YEAR + timedelta(days=1)),
    "a seal that may not commit": Case(
        "key_usage", leaf=certify("测试", ISSUING, usage=STATUS_USAGE, ca=False), openssl=False
    ),
    "a seal without key usage": Case("key_usage", leaf=certify("测试", ISSUING, usage=None, ca=False), openssl=False),
    "a seal that is an authority": Case("key_usage", leaf=ISSUING, openssl=False),
    "a seal for another purpose": Case("key_usage", leaf=seal(ISSUING, extras=[TIME_STAMPING]), openssl=False),
    "a seal for documents": Case(
        "good",
        leaf=seal(
            ISSUING, extras=[Extra(x509.ExtendedKeyUsage([x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")]), critical=True)]
        ),
    ),
    "an algorithm past its end": Case("algorithm", changes={"algorithms": ()}, openssl=False),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_the_path_decides(case: Case) -> None:
    report = validate_path(case.leaf.certificate, (), case.trust(), case.at, "seal")
    assert report.reason == case.reason
    expected = REASONS[case.reason]
    assert (report.outcome, report.indication) == (expected.outcome, expected.indication)
    assert report.sub_indication == expected.sub_indication
    assert report.message("zh") == expected.zh
    assert report.message("en") == expected.en
    if report.outcome == "passed":
        assert report.chain[0] == case.leaf.certificate
        assert report.chain[-1] in case.trust().anchors
        assert report.revocation == "good"


@pytest.mark.parametrize(
    "case", [case for case in CASES.values() if case.openssl], ids=[key for key, case in CASES.items() if case.openssl]
)
def test_openssl_decides_the_same(case: Case, tmp_path: Path) -> None:
    trust = case.trust()
    options: list[str | Path] = [
        "-x509_strict",
        "-check_ss_sig",
        "-crl_check_all",
        "-attime",
        str(int(case.at.timestamp()) + 1),
    ]
    if trust.crls:
        options += ["-CRLfile", crl_pem(tmp_path / "crls.pem", *trust.crls)]
    if trust.intermediates:
        options += ["-untrusted", pem(tmp_path / "middle.pem", *trust.intermediates)]
    options += [
        "-CAfile",
        pem(tmp_path / "anchors.pem", *trust.anchors),
        pem(tmp_path / "leaf.pem", case.leaf.certificate),
    ]
    verified = openssl("verify", *options)
    assert (verified.returncode == 0) == (case.reason == "good"), verified.stderr


def test_intermediates_may_come_with_the_document() -> None:
    trust = trust_list([ROOT], crls=[crl(ROOT), crl(ISSUING)])
    assert judge(SEAL, trust).reason == "no_chain"
    helpers = [b"garbage", SEAL.certificate, ROOT.certificate, ISSUING.certificate, ISSUING.certificate]
    report = validate_path(SEAL.certificate, helpers, trust, NOW, "seal")
    assert report.reason == "good"
    assert report.chain == (SEAL.certificate, ISSUING.certificate, ROOT.certificate)


def judge(leaf: Authority, trust: TrustList, at: datetime = NOW, usage: Usage = "seal") -> PathReport:
    return validate_path(leaf.certificate, (), trust, at, usage)


def test_the_fault_names_its_certificate() -> None:
    case = CASES["revoked above"]
    report = judge(case.leaf, case.trust())
    assert (report.certificate, report.revocation) == ("CN=测试签发", "revoked")
    assert report.revoked_at == NOW.replace(microsecond=0)


def test_a_seal_that_is_revoked_later_was_good_before() -> None:
    entry = Revoked(serial(SEAL), NOW, "superseded")
    trust = trust_list([ROOT], [ISSUING], [crl(ROOT), crl(ISSUING, [entry])])
    moments = [judge(SEAL, trust, NOW + timedelta(seconds=seconds)).reason for seconds in (-3600, -1, 0, 3600)]
    assert moments == ["good", "good", "revoked", "revoked"]


@pytest.mark.parametrize(("at", "failure"), [(NOW + 6 * YEAR, "EXPIRED"), (NOW - 2 * YEAR, "NOT_YET_VALID")])
def test_only_proof_of_the_time_makes_a_failure_of_a_moment_outside_the_period(at: datetime, failure: str) -> None:
    trust = trust_list([ROOT], [ISSUING])
    open_question = judge(SEAL, trust, at)
    assert (open_question.outcome, open_question.sub_indication) == ("indeterminate", "OUT_OF_BOUNDS_NO_POE")
    proven = validate_path(SEAL.certificate, (), trust, at, "seal", proven=True)
    assert (proven.outcome, proven.sub_indication) == ("failed", failure)


def test_the_last_second_of_a_certificate_counts() -> None:
    trust = trust_list([ROOT], [ISSUING], [crl(one, next_update=NOW + 9 * YEAR) for one in (ROOT, ISSUING)])
    end = (NOW + 5 * YEAR).replace(microsecond=0)
    assert judge(SEAL, trust, end).reason == "good"
    assert judge(SEAL, trust, end + timedelta(seconds=1)).reason == "expired_no_poe"
    begin = (NOW - YEAR).replace(microsecond=0)
    assert judge(SEAL, trust, begin).reason == "good"
    assert judge(SEAL, trust, begin - timedelta(seconds=1)).reason == "not_yet_valid_no_poe"


def test_an_algorithm_is_good_until_its_last_day() -> None:
    trust = trust_list([ROOT], [ISSUING], algorithms_until=date(2026, 11, 22))
    assert judge(SEAL, trust).reason == "good"
    assert judge(SEAL, trust, NOW + timedelta(days=1)).reason == "algorithm"


def usages(leaf: Authority) -> dict[str, str]:
    """Judge a certificate that the trust list names for every use."""
    listed = (leaf.certificate,)
    trust = trust_list([ROOT], [ISSUING], tsa=listed, status_keys=listed, receipt_keys=listed)
    every: tuple[Usage, ...] = ("seal", "timestamp", "status", "receipt")
    return {usage: judge(leaf, trust, usage=usage).reason for usage in every}


def test_each_kind_of_certificate_has_its_uses() -> None:
    tsa = certify("时间戳", ROOT, usage=STATUS_USAGE, ca=False, extras=[TIME_STAMPING])
    not_critical = certify(
        "时间戳", ROOT, usage=STATUS_USAGE, ca=False, extras=[replace(TIME_STAMPING, critical=False)]
    )
    two = Extra(
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.CODE_SIGNING]), critical=True
    )
    broad = certify("时间戳", ROOT, usage=STATUS_USAGE, ca=False, extras=[two])
    status = certify("状态", ISSUING, usage=STATUS_USAGE, ca=False)
    bad = "key_usage"
    assert usages(tsa) == {"seal": bad, "timestamp": "good", "status": bad, "receipt": bad}
    assert usages(not_critical) == {"seal": bad, "timestamp": bad, "status": bad, "receipt": bad}
    assert usages(broad) == {"seal": bad, "timestamp": bad, "status": bad, "receipt": bad}
    assert usages(status) == {"seal": bad, "timestamp": bad, "status": "good", "receipt": "good"}
    assert usages(SEAL) == {"seal": "good", "timestamp": bad, "status": "good", "receipt": "good"}


def test_only_seals_need_no_place_on_the_list() -> None:
    trust = trust_list([ROOT], [ISSUING])
    judged = {usage: judge(SEAL, trust, usage=usage).reason for usage in ("timestamp", "status", "receipt")}
    assert set(judged.values()) == {"not_listed"}


def test_the_city_is_judged_as_it_was_made(city: City) -> None:
    usages = get_args(Usage)
    assert city.trust.is_current(NOW)
    credentials = tuple(city.ceremony.credentials())
    assert {one.hierarchy for one in credentials} == {"international", "national"}
    for credential in credentials:
        for usage in usages:
            report = validate_path(credential.cert_der, (), city.trust, NOW, usage)
            assert (report.outcome == "passed") == (credential.profile.name == usage), credential.key_name


def test_a_crossed_web_of_authorities_ends() -> None:
    keys = [issuing(ROOT, f"机构 {number}", path_length=None) for number in range(5)]
    web = [
        certify(f"机构 {number}", above, usage=CA_USAGE, ca=True, signer=one.signer)
        for number, one in enumerate(keys)
        for above in keys
        if above is not one
    ]
    stranger = root("陌生根")
    report = validate_path(
        seal(keys[0]).certificate, [one.certificate for one in web], trust_list([stranger]), NOW, "seal"
    )
    assert report.reason == "no_chain"


def test_a_certificate_beside_the_path_is_stray_unless_the_trust_list_names_it() -> None:
    trust = trust_list([ROOT], [ISSUING])
    report = judge(SEAL, trust)
    assert not has_stray([SEAL.certificate, ISSUING.certificate], report, trust)
    earlier = issuing(ROOT).certificate
    assert has_stray([SEAL.certificate, earlier], report, trust)
    assert not has_stray([SEAL.certificate, earlier], report, replace(trust, intermediates=(earlier,)))


def test_a_stranger_cannot_make_us_try_thousands_of_certificates() -> None:
    trust = trust_list([ROOT], crls=[crl(ROOT), crl(ISSUING)])
    spare = [seal(ISSUING).certificate for _ in range(16)]
    assert validate_path(SEAL.certificate, [*spare[:15], ISSUING.certificate], trust, NOW, "seal").reason == "good"
    assert validate_path(SEAL.certificate, [*spare, ISSUING.certificate], trust, NOW, "seal").reason == "no_chain"


@pytest.mark.parametrize("garbage", [b"", b"\x30", b"\x30\x00", b"garbage" * 20, b"\x30\x80" * 1000, bytes(70_000)])
def test_garbage_gives_a_report(garbage: bytes) -> None:
    report = validate_path(garbage, [garbage], trust_list([ROOT], [ISSUING]), NOW, "seal")
    assert (report.outcome, report.sub_indication, report.chain) == ("failed", "FORMAT_FAILURE", ())


def test_a_trust_list_of_garbage_gives_a_report() -> None:
    trust = replace(trust_list([ROOT]), anchors=(b"garbage",), crls=(b"garbage",), intermediates=(b"\x30\x00",))
    assert judge(SEAL, trust).reason == "no_chain"


def test_every_changed_byte_of_a_certificate_is_found() -> None:
    trust = trust_list([ROOT], [ISSUING])
    for position in range(len(SEAL.certificate)):
        for change in (0x01, 0x80, 0xFF):
            changed = bytearray(SEAL.certificate)
            changed[position] ^= change
            report = validate_path(bytes(changed), (), trust, NOW, "seal")
            assert report.outcome == "failed", (position, change, report)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_mutated_leaves_and_helpers_are_never_believed(data: st.DataObject) -> None:
    trust = trust_list([ROOT], crls=[crl(ROOT), crl(ISSUING)])
    parts = {"leaf": bytearray(SEAL.certificate), "helper": bytearray(ISSUING.certificate)}
    mutated = parts[data.draw(st.sampled_from(["leaf", "helper"]))]
    position = data.draw(st.integers(0, len(mutated) - 1))
    before = bytes(mutated)
    mutated[position : position + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    report = validate_path(bytes(parts["leaf"]), [bytes(parts["helper"])], trust, NOW, "seal")
    assert report.outcome == ("passed" if bytes(mutated) == before else "failed")
