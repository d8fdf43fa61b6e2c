"""The standard's order, each step failing alone, and every single byte."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from ca.algorithms.digests import compute
from ca.encoding import der
from ca.errors import NationalUnavailable
from ca.keys.software_signer import SoftwareSigner
from ca.writing import profiles
from ca.writing.certificates import Authority, DistinguishedName, issue_root
from seals.ses.checks import SesJudgement, check_seal, check_signature
from seals.ses.errors import SesUnreadable
from seals.ses.reader import read_seal, read_signature
from seals.ses.trust import Paths, TrustPaths
from tests.seals import national
from tests.seals.keys import NOW
from tests.seals.national import (
    BUREAU,
    DAY,
    DOCUMENT,
    ES_ID,
    MADE,
    PATH,
    SINCE,
    UNTIL,
    bureau,
    esl,
    maker,
    party,
    paths,
    paths_with_revoked,
    sealer,
    stranger,
)
from tests.seals.ses_makers import V1, V4, V5, Style, seal, signature, styled

DOCUMENTS = {PATH: DOCUMENT}
ORDER = (
    *("format", "signature", "timestamp", "signer_certificate", "time", "document"),
    *("seal.format", "seal.signature", "seal.timestamp", "seal.maker_certificate", "seal.period", "seal.signer"),
)


def judge(data: bytes, by: Paths | None = None, documents: Mapping[str, bytes] | None = DOCUMENTS) -> SesJudgement:
    return check_signature(read_signature(data), paths=by or paths(), documents=documents)


def judge_seal(data: bytes, by: Paths | None = None, at: datetime = NOW) -> SesJudgement:
    return check_seal(read_seal(data), paths=by or paths(), at=at)


def assert_stops(judgement: SesJudgement, step: str, code: str) -> None:
    """All before the step passed, it failed for this reason, none after it was looked at."""
    names = [one.id for one in judgement.steps]
    at = names.index(step)
    assert [one.outcome for one in judgement.steps[:at] if one.outcome not in {"passed", "not_applicable"}] == []
    assert (judgement.steps[at].outcome, judgement.steps[at].code) == ("failed", code)
    assert {(one.outcome, one.code) for one in judgement.steps[at + 1 :]} <= {("not_run", "stopped")}
    assert judgement.failure == judgement.steps[at]
    assert judgement.verdict == "invalid"


@pytest.mark.parametrize("stamped", [False, True])
def test_what_we_seal_is_valid(stamped: bool) -> None:  # noqa: FBT001
    judgement = judge(sealer(stamped=stamped).sign(compute("SM3", DOCUMENT), PATH, NOW))
    assert tuple(step.id for step in judgement.steps) == ORDER
    assert (judgement.verdict, judgement.moment, judgement.proven) == ("valid", NOW, stamped)
    assert judgement.step("timestamp").outcome == ("passed" if stamped else "not_applicable")
    assert judgement.failure is None
    with pytest.raises(KeyError):
        judgement.step("weather")


@pytest.mark.parametrize(
    "style",
    [
        V1,
        V4,
        V5,
        styled(V4, raw_signatures=True),
        styled(V1, raw_signatures=True),
        styled(V4, picture_type="ofd"),
        styled(V4, digests="SM3"),
        styled(V4, signers=(stranger(), bureau())),
    ],
)
def test_other_makers_are_valid(style: Style) -> None:
    assert judge_seal(seal(style)).verdict == "valid"
    assert judge(signature(style)).verdict == "valid"


def test_departures_are_told_and_pass() -> None:
    step = judge_seal(seal(styled(V4, raw_signatures=True, picture_type="GIF"))).step("format")
    assert (step.outcome, step.detail) == ("passed", "picture_type, signature_raw")


def broken(data: bytes, old: bytes, new: bytes) -> bytes:
    assert data.count(old) >= 1
    assert len(old) == len(new)
    return data.replace(old, new, 1)


NAME = "测试章".encode(), "测验章".encode()


def test_a_seals_steps_fail_one_by_one() -> None:
    good = seal(V4)
    for data, by, at, step, code in (
        (seal(styled(V4, picture=b"")), paths(), NOW, "format", "integrity.format"),
        (seal(styled(V4, algorithm="1.2.156.10197.1.401")), paths(), NOW, "format", "integrity.algorithm"),
        (seal(styled(V4, valid_from=UNTIL, valid_until=MADE)), paths(), NOW, "format", "integrity.format"),
        (broken(good, *NAME), paths(), NOW, "signature", "integrity.signature"),
        (seal(styled(V4, made_by=stranger())), paths(), NOW, "maker_certificate", "trust.not_listed"),
        (good, paths_with_revoked(maker(), MADE - timedelta(hours=1)), NOW, "maker_certificate", "trust.revoked"),
        (good, paths(), MADE - timedelta(seconds=1), "period", "time.seal_not_yet_valid"),
        (good, paths(), UNTIL + timedelta(seconds=1), "period", "time.seal_expired"),
    ):
        assert_stops(judge_seal(data, by, at), step, code)


def test_the_maker_is_judged_when_the_seal_was_made() -> None:
    assert judge_seal(seal(V4), paths_with_revoked(maker(), MADE + timedelta(hours=1))).verdict == "valid"
    brief = party(DistinguishedName("测试制章中心", "测试市"), profiles.PERSON, until=MADE + DAY)
    by = TrustPaths(national.trust(makers=(brief.certificate,)))
    assert judge_seal(seal(styled(V4, made_by=brief)), by).verdict == "valid"
    late = party(DistinguishedName("测试制章中心", "测试市"), profiles.PERSON, since=MADE + DAY)
    by = TrustPaths(national.trust(makers=(late.certificate,)))
    assert_stops(judge_seal(seal(styled(V4, made_by=late)), by), "maker_certificate", "time.not_yet_valid")


def test_a_signatures_steps_fail_one_by_one() -> None:
    good = signature(V4)
    outsider = party(DistinguishedName(ES_ID, BUREAU), above=national_of_nobody())
    client = party(DistinguishedName("测试客户端", "测试市"), profiles.CLIENT)
    brief = party(DistinguishedName(ES_ID, BUREAU), until=NOW - timedelta(seconds=1))
    future = party(DistinguishedName(ES_ID, BUREAU), since=NOW + timedelta(seconds=1))
    for data, by, step, code in (
        (signature(V4, data_hash=bytes(31)), paths(), "format", "integrity.format"),
        (broken(good, PATH.encode(), PATH.replace("0", "1").encode()), paths(), "signature", "integrity.signature"),
        (by_signer(outsider), paths(), "signer_certificate", "trust.no_chain"),
        (by_signer(client), paths(), "signer_certificate", "trust.key_usage"),
        (by_signer(brief), paths(), "time", "time.expired"),
        (by_signer(future), paths(), "time", "time.not_yet_valid"),
        (good, paths_with_revoked(bureau(), NOW - timedelta(seconds=1)), "time", "trust.revoked"),
        (signature(V4, data_hash=bytes(32)), paths(), "document", "integrity.document"),
        (signature(V4, property_info="/Doc_1"), paths(), "document", "integrity.document_other"),
        (signature(styled(V4, picture=b"")), paths(), "seal.format", "integrity.format"),
        (signature(styled(V4, made_by=stranger())), paths(), "seal.maker_certificate", "trust.not_listed"),
        (signature(styled(V4, valid_until=NOW - DAY)), paths(), "seal.period", "time.seal_expired"),
        (signature(styled(V4, valid_from=NOW + DAY)), paths(), "seal.period", "time.seal_not_yet_valid"),
        (signature(V4, by=stranger()), paths(), "seal.signer", "trust.signer_not_named"),
    ):
        assert_stops(judge(data, by), step, code)


def by_signer(who: national.Party) -> bytes:
    return signature(styled(V4, signers=(who,)), by=who)


def national_of_nobody() -> Authority:
    """An authority below a root that nobody trusts."""
    signer = SoftwareSigner.generate("SM2")
    certificate = issue_root(profiles.ROOT, DistinguishedName("测试他根", "测试市"), signer, SINCE, UNTIL)
    above = Authority(certificate, signer)
    below = party(DistinguishedName("测试他 CA", "测试市"), profiles.ISSUING, above)
    return Authority(below.certificate, below.signer)


def test_a_forged_seal_in_a_good_signature_is_found() -> None:
    """The signer can sign whatever he likes: the seal's own signature must hold."""
    found = read_signature(signature(V4))
    forged = replace(found.seal, signed=found.seal.signed.replace(*NAME))
    judgement = check_signature(replace(found, seal=forged), paths=paths(), documents=DOCUMENTS)
    assert_stops(judgement, "seal.signature", "integrity.signature")


def test_revoked_after_signing_still_holds() -> None:
    for style in (V1, V4):
        assert judge(signature(style), paths_with_revoked(bureau(), NOW + timedelta(seconds=1))).verdict == "valid"


def test_what_cannot_be_told_is_not_called_invalid() -> None:
    nothing_known = TrustPaths(national.trust(covered=False))
    judgement = judge(signature(V4), nothing_known)
    assert (judgement.verdict, judgement.failure) == ("indeterminate", None)
    assert judgement.step("time").code == "trust.revocation_unknown"
    assert judgement.step("signer_certificate").outcome == "passed"
    judgement = judge(signature(V4), documents=None)
    assert (judgement.verdict, judgement.step("document").code) == ("indeterminate", "integrity.document_absent")
    judgement = judge(signature(V1, time_info=b"yesterday"))
    assert judgement.verdict == "indeterminate"
    assert {one.code for one in judgement.steps if one.outcome == "not_run"} == {"time.unreadable"}


def test_a_strangers_path_cannot_steer_a_terminal() -> None:
    for documents in (None, DOCUMENTS):
        step = judge(signature(V4, property_info="/a\x1b[2J"), documents=documents).step("document")
        assert step.detail == "/a\ufffd[2J"


def test_an_unknown_critical_extension_leaves_it_open() -> None:
    said = ({"extn_id": "1.2.3.4", "critical": True, "extn_value": b"x"},)
    judgement = judge_seal(seal(styled(V4, extensions=said)))
    assert (judgement.verdict, judgement.step("format").code) == ("indeterminate", "integrity.unknown_extension")
    assert judge_seal(seal(styled(V4, extensions=({**said[0], "critical": False},)))).verdict == "valid"


def test_an_algorithm_off_the_list_leaves_it_open() -> None:
    by = TrustPaths(replace(national.trust(), algorithms=()))
    judgement = judge(signature(V4), by)
    assert judgement.verdict == "indeterminate"
    assert judgement.step("signer_certificate").code == "trust.algorithm"
    assert judgement.step("time").code == "trust.path_undecided"


def test_without_the_library_nothing_is_called_invalid(monkeypatch: pytest.MonkeyPatch) -> None:
    found, by = read_signature(signature(V4)), paths()

    def gone(*_: object) -> bool:
        raise NationalUnavailable("no libcrypto")

    monkeypatch.setattr("ca.algorithms.sm2.verify", gone)
    judgement = check_signature(found, paths=by, documents=DOCUMENTS)
    assert judgement.verdict == "indeterminate"
    assert judgement.step("signature").code == "trust.algorithm_unavailable"


# --- timestamps ------------------------------------------------------------------------------------------------------


def test_the_timestamps_time_counts() -> None:
    """Who signs after the revocation and claims an earlier time is found by what the timestamp proves."""
    revoked = paths_with_revoked(bureau(), NOW)
    early, late = NOW - timedelta(hours=1), NOW + timedelta(hours=1)
    assert judge(signature(V4, at=early), revoked).verdict == "valid"
    assert_stops(judge(signature(V4, at=early, stamped_at=late), revoked), "time", "trust.revoked")
    judgement = judge(signature(V4, at=early, stamped_at=NOW - timedelta(seconds=1)), revoked)
    assert (judgement.verdict, judgement.proven) == ("valid", True)


def test_a_time_after_its_proof_is_refused() -> None:
    data = signature(V4, at=NOW, stamped_at=NOW - timedelta(minutes=6))
    assert_stops(judge(data), "timestamp", "time.claimed_time_differs")


def test_a_timestamp_over_something_else_is_refused() -> None:
    token = national.timestamper()(bytes(32), NOW)
    assert_stops(judge(signature(V4, stamp=token)), "timestamp", "time.timestamp_other")
    assert_stops(judge(signature(V4, stamp=b"0")), "timestamp", "time.timestamp_invalid")


def test_a_timestamp_of_the_national_form_proves_nothing() -> None:
    token = der.sequence(der.oid("1.2.156.10197.6.1.4.2.2"), der.tlv(der.context(0), der.octets(b"")))
    judgement = judge(signature(V4, stamp=token))
    assert (judgement.verdict, judgement.proven) == ("valid", False)
    assert judgement.step("timestamp").code == "time.timestamp_form"
    assert judgement.step("format").detail == "timestamp_form"


def test_an_unlisted_timestamp_authority_leaves_it_open() -> None:
    by = TrustPaths(replace(national.trust(), tsa=()))
    judgement = judge(signature(V4, stamped_at=NOW), by)
    assert (judgement.verdict, judgement.proven) == ("indeterminate", False)
    assert judgement.step("timestamp").code == "time.timestamp_untrusted"


# --- every byte ------------------------------------------------------------------------------------------------------


def verdict(data: bytes, *, is_seal: bool) -> str:
    try:
        judgement = judge_seal(data) if is_seal else judge(data)
    except SesUnreadable:
        return "unreadable"
    return judgement.verdict


def one_byte_changed(data: bytes) -> Iterator[bytes]:
    """Every byte in turn, by a bit that goes round so that tags, lengths and digits are all hit in different ways."""
    for at in range(len(data)):
        yield bytes((*data[:at], data[at] ^ 1 << at % 8, *data[at + 1 :]))


def test_every_changed_byte_of_a_seal_is_found() -> None:
    assert verdict(esl(), is_seal=True) == "valid"
    assert [at for at, data in enumerate(one_byte_changed(esl())) if verdict(data, is_seal=True) == "valid"] == []


def test_every_changed_byte_of_a_signature_is_found() -> None:
    whole = sealer(stamped=True).sign(compute("SM3", DOCUMENT), PATH, NOW)
    assert verdict(whole, is_seal=False) == "valid"
    assert [at for at, data in enumerate(one_byte_changed(whole)) if verdict(data, is_seal=False) == "valid"] == []


def test_every_value_of_the_frame_is_tried() -> None:
    """What stands outside of both signatures, and is no value that a key gave: tags, lengths, the algorithm."""
    data, found = esl(), read_seal(esl())
    info, certificate = data.index(found.signed), data.index(found.maker_certificate)
    value = data.index(found.signature_value)
    frame = (
        *range(info),
        *range(info + len(found.signed), certificate),
        *range(certificate + len(found.maker_certificate), value + 5),
    )
    for at in frame:
        changed = [bytes((*data[:at], other, *data[at + 1 :])) for other in range(256) if other != data[at]]
        assert [one[at] for one in changed if verdict(one, is_seal=True) == "valid"] == [], at


def test_nothing_can_be_added_or_cut() -> None:
    for data, is_seal in ((esl(), True), (sealer().sign(compute("SM3", DOCUMENT), PATH, NOW), False)):
        for changed in (data + b"\x00", data[:-1], data[1:], b"\x00" + data, data * 2):
            assert verdict(changed, is_seal=is_seal) == "unreadable"


def larger(data: bytes) -> Iterator[bytes]:
    """One element more, in each place there is: in every structure, the values, tokens and certificates inside too."""
    element = der.read(data)
    if element.tag & 0x20:
        members = [one.raw for one in der.children(element)]
        for extra in (der.tlv(der.NULL), der.octets(b"hidden"), *members[-1:]):
            for at in range(len(members) + 1):
                yield der.tlv(element.tag, *members[:at], extra, *members[at:])
        for at, member in enumerate(members):
            yield from (der.tlv(element.tag, *members[:at], one, *members[at + 1 :]) for one in larger(member))
    elif element.tag == der.BIT_STRING and element.value[:2] == b"\x00\x30":
        yield from (der.bits(one) for one in larger(element.value[1:]))


def test_nothing_can_be_hidden_in_any_place() -> None:
    for whole in (sealer(stamped=True).sign(compute("SM3", DOCUMENT), PATH, NOW), signature(V1), signature(V5)):
        tried = list(larger(whole))
        assert len(tried) > 100
        assert [len(one) - len(whole) for one in tried if verdict(one, is_seal=False) == "valid"] == []
    for whole in (esl(), seal(V1), seal(V5)):
        assert [len(one) - len(whole) for one in larger(whole) if verdict(one, is_seal=True) == "valid"] == []
