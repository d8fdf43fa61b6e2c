"""Every check, and every code that it can say, by really sealed documents: the table is complete by its own test."""

import json
from datetime import date, timedelta
from typing import Any, NoReturn

import pytest

from ca.algorithms import sm2
from ca.judging.trust import AllowedAlgorithm
from ca.reading.crl_reader import Reason
from ledger.errors import Language
from licences.identifiers import compose
from licences.verification.checks import CHECKS
from licences.verification.documents import BYTE_ORDER_MARK, Examined
from licences.verification.engine import judge
from licences.verification.examination import over_limit, unread
from licences.verification.report import Report
from licences.verification.request import verification_request
from licences.verification.sources import Absent, Pending, StatusRow, StatusToken, Unavailable
from seals.cms.cms import order_chain
from tests.licences.verification import attacks, sealed
from tests.licences.verification.anchor_scenes import ANCHOR_SCENES
from tests.licences.verification.scenes import INVALID, UNDECIDED, VALID, Scene, scenes
from tests.licences.verification.seal_scenes import SEAL_SCENES
from tests.licences.verification.sealed import NOW, SEALED_AT, claims, licence, make_world, proof_of, seal, world
from tests.licences.verification.witness_scenes import WITNESS_SCENES
from tests.licences.verification.worlds import SetSources, act, history, record_of, report

DOWN = Unavailable("timeout")
LANGUAGES: tuple[Language, ...] = ("zh", "en")
SHA_ONLY = (AllowedAlgorithm("SHA-256", date(2045, 12, 31)),)
GENUINE_PROOF = world().proof(licence().pdf.digest)
MISCHECKED = f"{licence().identifier[:-1]}{'0' if licence().identifier[-1] != '0' else '1'}"
OF_ANOTHER_TYPE = compose("11100000MB0143028R001", sealed.BUREAU, "20260000001", 1)


def _judged(examined: Examined) -> Report:
    return judge(examined, SetSources(), verification_request(NOW))


def _recorded(**changes: Any) -> Report:
    return report(sources=SetSources(a_record=record_of(licence(), **changes)))


def _trusting(proof: bytes | Absent = Absent.NOT_FOUND, **changes: Any) -> Report:
    return report(sources=SetSources(trust=world().trust(**changes), a_proof=proof))


def _aged(document: bytes) -> Report:
    return report(document, sources=SetSources(trust=AGED.trust(), a_status=StatusToken(AGED.status_list())))


def _without_national(document: bytes) -> Report:
    """Judge where the system's libcrypto is missing."""

    def missing() -> NoReturn:
        raise OSError("not here")

    order_chain.cache_clear()  # it remembers the chains that this process has sealed with
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sm2, "_provider", sm2.Provider(missing))
        return report(document)


def _seal_revoked(days_ago: int, document: bytes | None = None, reason: Reason | None = None) -> Report:
    trust = world().trust(revoked=[(world().seal, NOW - timedelta(days=days_ago))], reason=reason)
    return report(document, sources=SetSources(trust=trust))


def _identified(identifier: str) -> Report:
    return report(seal(content=claims(identifier=identifier)).pdf.data)


def _dated(**dates: str) -> Report:
    return report(seal(content=claims(**dates)).pdf.data)


def _listed(value: int, **changes: Any) -> Report:
    text = world().status_list({sealed.STATUS_INDEX: value}, **changes)
    return report(sources=SetSources(a_status=StatusToken(text)))


def _acted(*rows: StatusRow, **asked: Any) -> Report:
    return report(sources=SetSources(a_record=record_of(licence()), a_status=history(*rows)), **asked)


def _proved(proof: bytes | Pending | Absent | Unavailable, document: bytes | None = None) -> Report:
    return report(document, sources=SetSources(a_proof=proof))


def _proof_of(**changes: Any) -> bytes:
    return world().proof(licence().pdf.digest, **changes)


PDF = licence().pdf.data
JSON = licence().json.flattened
COMPACT = licence().json.compact
OTHER_JSON = seal(content=claims("20260000002")).json.flattened
AGED = make_world(seal_until=NOW - timedelta(days=1), tsa_until=NOW - timedelta(days=1))
STRANGER = make_world()
NATIONAL = attacks.national_timestamps()
REVOKED_TSA = [(world().tsa, SEALED_AT - timedelta(days=1))]


SCENES = [
    *scenes(
        "integrity.limits",
        UNDECIDED,
        ("TOO_LARGE", "document.too_large", lambda: _judged(over_limit(200_000_000, bytes(32)))),
        ("TOO_COMPLEX", "document.too_complex", lambda: report(b'{"a":' * 5000)),
        ("OUT_OF_MEMORY", "document.out_of_memory", lambda: _judged(unread(b"x", "memory"))),
        ("TIME_OUT", "document.time_out", lambda: _judged(unread(b"x", "time_out"))),
        ("CRASHED", "document.crashed", lambda: _judged(unread(b"x", "crashed"))),
    ),
    *scenes(
        "integrity.format",
        INVALID,
        ("EMPTY", "document.empty", lambda: report(b"")),
        ("EMPTY", "document.empty", lambda: report(b" \r\n")),
        ("UNKNOWN_FORMAT", "document.unknown_format", lambda: report(b"GIF89a...")),
        ("MALFORMED", "document.malformed", lambda: report(PDF[:5000])),
        ("MALFORMED", "document.malformed", lambda: report(JSON[:-1])),
        ("MALFORMED", "document.malformed", lambda: report(attacks.with_header(COMPACT, alg="none"))),
        ("MALFORMED", "document.malformed", lambda: report(attacks.with_header(COMPACT, crit=["exp"]))),
        ("MALFORMED", "document.malformed", lambda: report(attacks.qpdf(PDF))),
        ("NOT_SIGNED", "document.not_signed", lambda: report(attacks.unsealed())),
        ("NOT_SIGNED", "document.not_signed", lambda: report(b"{}")),
    ),
    *scenes(
        "integrity.format",
        UNDECIDED,
        ("ENCRYPTED", "document.encrypted", lambda: report(attacks.encrypted())),
        ("UNSUPPORTED", "document.unsupported", lambda: report(attacks.with_header(COMPACT, alg="EdDSA"))),
    ),
    *scenes(
        "integrity.signature",
        INVALID,
        ("ALTERED", "document.altered", lambda: report(attacks.one_bit_of_metadata())),
        ("SIGNATURE_INVALID", "document.signature_invalid", lambda: report(attacks.one_digit_of_signature())),
        ("SIGNATURE_INVALID", "document.signature_invalid", lambda: report(attacks.with_payload_changed(JSON))),
        (
            "CERTIFICATE_MISMATCH",
            "document.certificate_mismatch",
            lambda: report(attacks.one_digit_of_certificate_digest()),
        ),
    ),
    *scenes(
        "integrity.canonical",
        INVALID,
        ("NOT_CANONICAL", "document.not_canonical", lambda: report(attacks.one_digit_of_padding())),
        ("NOT_CANONICAL", "document.not_canonical", lambda: report(JSON.replace(b"{", b'{"note":"",', 1))),
    ),
    *scenes(
        "integrity.canonical",
        VALID,
        ("RESPELT", "licence.valid", lambda: report(JSON.replace(b'","', b'" ,"', 1))),
        ("RESPELT", "licence.valid", lambda: report(BYTE_ORDER_MARK + JSON)),
        ("RESPELT", "licence.valid", lambda: report(json.dumps(json.loads(JSON), indent=1, sort_keys=True).encode())),
    ),
    *scenes(
        "integrity.disclosures",
        INVALID,
        ("DISCLOSURE_INVALID", "document.disclosure_invalid", lambda: report(attacks.with_disclosure_changed(COMPACT))),
    ),
    *scenes(
        "coverage.whole_file",
        INVALID,
        ("NOT_COVERED", "document.not_covered", lambda: report(PDF + b"\n% a remark\n%%EOF\n")),
        ("NOT_COVERED", "document.not_covered", lambda: report(attacks.replaced_by_update(JSON))),
    ),
    *scenes(
        "content.embedded",
        INVALID,
        ("DATA_MISSING", "document.data_missing", lambda: report(attacks.page_without_data())),
        ("DATA_UNREADABLE", "document.data_unreadable", lambda: report(seal(embed=b"{}").pdf.data)),
        (
            "DATA_FORGED",
            "document.data_forged",
            lambda: report(seal(embed=attacks.with_payload_changed(JSON)).pdf.data),
        ),
        ("DATA_SWAPPED", "document.data_swapped", lambda: report(seal(embed=OTHER_JSON).pdf.data)),
        ("DATA_SWAPPED", "document.data_swapped", lambda: report(seal(named_digest=bytes(32)).pdf.data)),
        # Named although the seal itself fails to cover it.
        ("DATA_SWAPPED", "document.not_covered", lambda: report(attacks.replaced_by_update(OTHER_JSON))),
    ),
    *scenes(
        "content.embedded",
        UNDECIDED,
        ("NOT_A_LICENCE", "document.not_a_licence", lambda: report(attacks.page_of_nothing())),
        ("NOT_A_LICENCE", "document.not_a_licence", lambda: report(attacks.of_no_licence())),
    ),
    *scenes(
        "content.record",
        INVALID,
        ("NOT_IN_RECORD", "licence.not_in_record", lambda: _recorded(digests=frozenset({bytes(32)}))),
        ("NOT_ISSUED", "licence.not_issued", lambda: _recorded(stage="failed")),
        ("RECORD_DIFFERS", "licence.record_differs", lambda: _recorded(valid_until=date(2026, 12, 31))),
    ),
    *scenes(
        "content.record",
        UNDECIDED,
        ("BEING_ISSUED", "licence.being_issued", lambda: _recorded(stage="intent")),
        ("NOT_FOUND", "licence.not_found", lambda: report(sources=SetSources(a_record=Absent.NOT_FOUND))),
        ("REGISTER_UNREACHABLE", "service.register_unreachable", lambda: report(sources=SetSources(a_record=DOWN))),
    ),
    *scenes(
        "trust.path",
        INVALID,
        ("PATH_INVALID", "seal.path_invalid", lambda: report(seal(by=world().status).pdf.data)),
        ("SEALER_NOT_TRUSTED", "seal.not_trusted", lambda: report(seal(within=STRANGER).pdf.data)),
    ),
    *scenes(
        "trust.path",
        UNDECIDED,
        ("SEALER_UNKNOWN", None, lambda: report(attacks.page_of_nothing(STRANGER))),
        ("OUTSIDE_PERIOD", "seal.outside_period", lambda: _aged(seal(within=AGED).json.compact.encode())),
        ("PATH_UNDECIDED", "seal.path_undecided", lambda: _trusting(algorithms=SHA_ONLY)),
        ("PATH_UNDECIDED", "seal.path_undecided", lambda: report(attacks.authority_certificate_respelt())),
        ("TRUST_LIST_EXPIRED", "trust.list_expired", lambda: _trusting(days=299)),
        ("NO_TRUST_LIST", "trust.no_trust_list", lambda: report(sources=SetSources(trust=None))),
    ),
    *scenes(
        "trust.revocation",
        INVALID,
        ("SEAL_REVOKED", "seal.revoked", lambda: _seal_revoked(11)),
    ),
    *scenes(
        "trust.revocation",
        UNDECIDED,
        # The compact form has no timestamp: it may have been sealed after the revocation.
        ("REVOKED_UNDATED", "seal.revoked_undated", lambda: _seal_revoked(9, COMPACT.encode())),
        ("REVOCATION_UNKNOWN", "seal.revocation_unknown", lambda: _trusting(crl_days=1)),
        ("ON_HOLD", "seal.on_hold", lambda: _seal_revoked(11, reason="certificateHold")),
    ),
    *scenes("trust.revocation", VALID, ("REVOKED_LATER", "licence.valid", lambda: _seal_revoked(9))),
    *scenes("trust.algorithm", UNDECIDED, ("ALGORITHM_NOT_ALLOWED", None, lambda: _trusting(algorithms=SHA_ONLY))),
    *scenes(
        "trust.seal",
        INVALID,
        ("NOT_A_SEAL", None, lambda: report(seal(by=world().status).pdf.data)),
        ("OTHER_AUTHORITY", "seal.other_authority", lambda: report(seal(by=world().other_seal).pdf.data)),
        ("IDENTIFIER_DIFFERS", "licence.identifier_differs", lambda: _identified(OF_ANOTHER_TYPE)),
        ("IDENTIFIER_DIFFERS", "licence.identifier_differs", lambda: _identified("1.2.3")),
    ),
    *scenes(
        "trust.seal",
        UNDECIDED,
        ("ISSUER_NAME_DIFFERS", "seal.issuer_name_differs", lambda: report(attacks.under_anothers_name().pdf.data)),
    ),
    *scenes("trust.seal", VALID, ("CHECK_CHARACTER", "licence.valid", lambda: _identified(MISCHECKED))),
    *scenes(
        "time.timestamp",
        INVALID,
        ("NO_TIMESTAMP", "time.no_timestamp", lambda: report(attacks.without_timestamp())),
        ("TIMESTAMP_INVALID", "time.timestamp_invalid", lambda: report(attacks.with_timestamp_of(JSON, OTHER_JSON))),
        ("TIMESTAMP_REFUSED", "time.timestamp_refused", lambda: _trusting(revoked=REVOKED_TSA)),
        ("TIMESTAMP_UNTRUSTED", "time.timestamp_untrusted", lambda: report(attacks.foreign_timestamp(STRANGER))),
    ),
    *scenes(
        "time.timestamp",
        UNDECIDED,
        ("TIMESTAMP_UNKNOWN", None, lambda: report(attacks.page_of_nothing(timestamp_of=STRANGER))),
        ("TIMESTAMP_UNDECIDED", None, lambda: _trusting(crl_days=1)),
        ("TIMESTAMP_ALGORITHM", "time.timestamp_algorithm", lambda: _without_national(NATIONAL[0])),
        ("TIMESTAMP_ALGORITHM", "time.timestamp_algorithm", lambda: _without_national(NATIONAL[1])),
        ("TIMESTAMP_AGED", None, lambda: _aged(seal(within=AGED).pdf.data)),
        ("TIMESTAMP_FROM_FUTURE", None, lambda: report(seal(at=NOW + timedelta(days=1)).pdf.data)),
    ),
    *scenes(
        "time.signing",
        INVALID,
        ("CLAIMED_TIME_DIFFERS", "time.claimed_time_differs", lambda: report(attacks.stamped_later(1))),
    ),
    *scenes(
        "time.signing",
        UNDECIDED,
        ("CLAIMED_TIME_FROM_FUTURE", None, lambda: report(seal(at=NOW + timedelta(days=1)).pdf.data)),
    ),
    *scenes(
        "time.signing", VALID, ("NO_CLAIMED_TIME", "licence.valid", lambda: _judged(attacks.without_claimed_time()))
    ),
    *scenes(
        "status.revocation",
        INVALID,
        ("SUSPENDED", "licence.suspended", lambda: _listed(2)),
        ("SUSPENDED", "licence.suspended", lambda: _acted(act("suspended", "2026-11-15"))),
        ("REVOKED", "licence.revoked", lambda: _listed(1)),
        ("REVOKED", "licence.revoked", lambda: _acted(act("revoked", "2026-11-15"))),
        ("ANNULLED", "licence.annulled", lambda: _acted(act("annulled", "2026-11-12", "2026-11-20"))),
        ("WITHDRAWN", "licence.withdrawn", lambda: _acted(act("withdrawn", "2026-11-15"))),
        ("CANCELLED", "licence.cancelled", lambda: _acted(act("cancelled", "2026-11-15"))),
        ("LAPSED", "licence.expired", lambda: _acted(act("expired", "2026-11-15"))),
        ("VOID", "licence.void", lambda: _acted(act("void", "2026-11-15"))),
        ("REPLACED", "licence.replaced", lambda: _acted(act("replaced", "2026-11-15"))),
        ("NOT_YET_ISSUED", "licence.not_yet_issued", lambda: _acted(as_of=NOW - timedelta(days=30))),
    ),
    *scenes(
        "status.revocation",
        UNDECIDED,
        ("NO_STATUS_SOURCE", "status.no_source", lambda: report(sources=SetSources(a_status=Absent.NO_SOURCE))),
        ("STATUS_UNREACHABLE", "service.status_unreachable", lambda: report(sources=SetSources(a_status=DOWN))),
        ("STALE", "status.stale", lambda: _listed(0, issued_at=NOW - timedelta(days=2))),
        ("HISTORY_UNAVAILABLE", "status.history_unavailable", lambda: report(as_of=NOW - timedelta(days=1))),
        ("HISTORY_UNAVAILABLE", "status.history_unavailable", lambda: _acted(known_at=NOW - timedelta(days=30))),
        ("STATUS_UNUSABLE", "status.unusable", lambda: _listed(0, sub="http://other.test/v1/status-lists/1")),
        ("STATUS_UNCLEAR", "status.unclear", lambda: _listed(3)),
        ("STATUS_UNCLEAR", "status.unclear", lambda: _acted(act("of a later version", "2026-11-15"))),
    ),
    *scenes("status.revocation", VALID, ("AGEING", "licence.valid", lambda: _listed(0, ttl=60))),
    *scenes(
        "status.validity",
        INVALID,
        ("NOT_YET_VALID", "licence.not_yet_valid", lambda: _dated(valid_from="2026-11-23")),
        ("EXPIRED", "licence.expired", lambda: _dated(valid_until="2026-11-21")),
    ),
    *scenes(
        "ledger.inclusion",
        VALID,
        ("NO_PROOF", "licence.valid", report),
        ("PENDING", "licence.valid", lambda: _proved(Pending(NOW))),
        ("OVERDUE", "licence.valid", lambda: _proved(Pending(NOW - timedelta.resolution))),
    ),
    *scenes(
        "ledger.inclusion",
        UNDECIDED,
        ("LOG_UNREACHABLE", "service.log_unreachable", lambda: _proved(DOWN)),
        ("PROOF_UNREADABLE", "ledger.proof_unreadable", lambda: _proved(b"\xff")),
        ("PROOF_UNREADABLE", "ledger.proof_unreadable", lambda: _proved(b"c2sp.org/tlog-proof@v1\n")),
        ("LOG_UNKNOWN", "ledger.log_unknown", lambda: _trusting(log_keys={}, proof=GENUINE_PROOF)),
    ),
    *scenes(
        "ledger.inclusion",
        INVALID,
        ("PROOF_INVALID", "ledger.proof_invalid", lambda: _proved(GENUINE_PROOF.replace(b"index 7", b"index 6"))),
        ("PROOF_OF_OTHER", "ledger.proof_of_other", lambda: _proved(world().proof(bytes(32)))),
        ("PROOF_OF_OTHER", "ledger.proof_of_other", lambda: _proved(_proof_of(kind="downloaded"))),
        (
            "PROOF_OF_OTHER",
            "ledger.proof_of_other",
            lambda: _proved(proof_of(licence()), attacks.another_page_of_same_data()),
        ),
        ("PROOF_OF_OTHER", "ledger.proof_of_other", lambda: _proved(_proof_of(tag_key=bytes(32)))),
    ),
    *SEAL_SCENES,
    *WITNESS_SCENES,
    *ANCHOR_SCENES,
]


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: f"{scene.check}-{scene.code}")
def test_a_code_is_said_where_it_belongs(scene: Scene) -> None:
    found = scene.play()
    assert (found.check(scene.check).code, found.verdict) == (scene.code, scene.verdict)
    if scene.reason is not None:
        assert found.reason == scene.reason


def test_a_seal_whose_authority_signs_with_sm2_is_not_called_forged_where_sm2_is_lacking() -> None:
    document = attacks.sealed_under_national_authority()
    there = _without_national(document)
    assert (there.verdict, there.reason) == ("indeterminate", "document.unsupported")
    assert report(document).verdict == "invalid"  # it has no timestamp, and nobody trusts that authority


def test_every_code_has_its_scene() -> None:
    played = {(scene.check, scene.code) for scene in SCENES}
    assert {(check.id, code.code) for check in CHECKS for code in check.codes} <= played


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: f"{scene.check}-{scene.code}")
def test_a_report_is_whole_whatever_it_says(scene: Scene) -> None:
    found = scene.play()
    assert [row.id for row in found.checks] == [check.id for check in CHECKS]
    assert "BROKEN_CHECK" not in {row.code for row in found.checks}
    assert Report.from_json(json.loads(json.dumps(found.as_json()))) == found
    for language in LANGUAGES:
        assert found.sentence(language)
        assert (found.advice(language) is not None) == (found.verdict == "indeterminate")
