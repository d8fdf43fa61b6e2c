"""Scenes about seals of every kind: national ones, those beside a file, later ones, and the timestamps that carry them."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NoReturn

import pytest

from ca.algorithms import sm2
from ca.reading.certificate_reader import read_certificate
from ca.reading.crl_reader import Reason, Revoked
from ca.writing.revocation import make_crl
from licences.verification.documents import Examined
from licences.verification.engine import judge
from licences.verification.examination import examine
from licences.verification.report import Report
from licences.verification.request import Lookup, verification_request
from licences.verification.sources import SealStanding, SealStop, StatusToken, Unavailable
from seals.ses import schema
from tests.licences.verification import archives, attacks
from tests.licences.verification.archives import DAY, LONG_AFTER, RENEWED, archive
from tests.licences.verification.nationals import (
    CRITICAL,
    FORMS,
    ended_signer,
    foreign,
    judged,
    sealed,
    strange_maker,
    styled,
    value,
)
from tests.licences.verification.scenes import INVALID, UNDECIDED, VALID, scenes
from tests.licences.verification.sealed import NOW, SEALED_AT, licence
from tests.licences.verification.strangers import by_pyhanko, with_something_behind
from tests.licences.verification.strangers import judged as judged_of_stranger
from tests.licences.verification.worlds import SetSources, record_of, report
from tests.seals import national, ses_makers
from tests.seals.test_detached import made as beside

BEFORE, AFTER = SEALED_AT - DAY, SEALED_AT + DAY


def _standing(state: str, *stops: SealStop, invalid_from: datetime | None = None, **asked: Any) -> Report:
    return report(sources=SetSources(a_seal=SealStanding(state, stops, invalid_from)), **asked)


def _suspected(since: datetime) -> SealStop:
    return SealStop("suspended", "suspected_compromise", since, None, in_question=True)


def _undated(standing: SealStanding) -> Report:
    """The compact form has no timestamp, and nothing else proves when it was sealed."""
    return report(licence().json.compact.encode(), sources=SetSources(a_seal=standing))


def _archived(document: bytes) -> Examined:
    return examine(document, 1 << 25)


def _with_stamp(token: bytes) -> Report:
    """The reader's process is not believed: a token that it passes on is looked at again."""
    found = _archived(archives.archived())
    assert found.page is not None
    stamp = replace(found.page.stamps[0], token=token)
    page = replace(found.page, stamps=(stamp,))
    at = archives.ARCHIVED + DAY
    return judge(replace(found, page=page), _sources(at), verification_request(at))


def _sources(at: datetime, **changes: Any) -> SetSources:
    here = archive()
    status = StatusToken(here.world.status_list(issued_at=at - timedelta(hours=1)))
    return SetSources(trust=here.trust(at), a_status=status, **changes)


def _without_national_library() -> Report:
    def missing() -> NoReturn:
        raise OSError("not here")

    token = national.timestamper()(bytes(32), NOW)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sm2, "_provider", sm2.Provider(missing))
        return _with_stamp(token)


def _with_later_authority(reason: Reason) -> Report:
    """The authority that renewed the archive had been revoked, or was held, when it did."""
    here = archive()
    serial = read_certificate(here.later_tsa.chain[0]).serial_number
    entry = Revoked(serial, RENEWED - DAY, reason, None)
    lists = tuple(
        make_crl(one.authority, 1, (entry,), RENEWED, RENEWED + 7 * DAY)
        for one in (here.world.root, here.world.issuing)
    )
    return here.judge(archives.renewed(), RENEWED + DAY, here.trust(RENEWED + DAY, crls=lists))


def _of_stranger() -> Report:
    here = archive()
    page = attacks.page_of_nothing(here.world)
    at = archives.ARCHIVED + DAY
    return here.judge(archives.extended(page, archives.ARCHIVED, by=here.stray_tsa), at)


def _aged_but_recorded() -> Report:
    sources = _sources(LONG_AFTER, a_record=record_of(archives.made()))
    return report(archives.archived(), now=LONG_AFTER, sources=sources)


V4 = FORMS["V4"]
SWAPPED = ses_makers.seal(styled(valid_until=national.UNTIL - DAY))
FORGED = ses_makers.seal(V4).replace(b"other-maker", b"other-makes")

STAMPED = ses_makers.seal(FORMS["V5"])


def _with_seal_stamp(token: bytes) -> Report:
    """A seal of the newest form with another timestamp in it: its maker's signature does not cover that."""
    fields = schema.SealV4.load(STAMPED)
    fields["time_stamp"] = token
    return judged(fields.dump(force=True))


def _of_stolen_maker() -> Report:
    serial = read_certificate(national.maker().certificate).serial_number
    revoked = (Revoked(serial, NOW - DAY, "keyCompromise", None),)
    return judged(national.esl(), trust=national.trust(revoked))


def _lookup_of_a_seal() -> Report:
    return report(Lookup(identifier=licence().identifier, digest=licence().pdf.digest), policy_id="seal")


SEAL_SCENES = [
    *scenes(
        "integrity.format",
        UNDECIDED,
        ("CONTENT_ABSENT", "document.content_absent", lambda: judged(beside())),
        ("NO_DOCUMENT", "document.not_shown", _lookup_of_a_seal),
    ),
    *scenes(
        "integrity.signature",
        INVALID,
        ("OTHER_DOCUMENT", "document.seal_of_other", lambda: judged(foreign(property_info="/Doc_0/Document.xml"))),
        ("OTHER_DOCUMENT", "document.seal_of_other", lambda: judged(foreign(property_info="../../../x"))),
        ("SIGNATURE_FORMAT", "document.signature_format", lambda: judged(value(data_hash=b"x" * 31))),
        ("ALTERED", "document.altered", lambda: judged(value(), companion=b"another document")),
    ),
    *scenes(
        "integrity.signature",
        UNDECIDED,
        ("DIGEST_WEAK", "document.digest_weak", lambda: judged(foreign(method="MD5"))),
        (
            "EXTENSION_UNKNOWN",
            "document.extension_unknown",
            lambda: judged(value(extensions=CRITICAL), companion=national.DOCUMENT),
        ),
    ),
    *scenes("integrity.document", UNDECIDED, ("DOCUMENT_ABSENT", "document.absent", lambda: judged(value()))),
    *scenes(
        "integrity.seal",
        INVALID,
        ("SEAL_FORMAT", "seal.format", lambda: judged(ses_makers.seal(styled(picture=b"")))),
        ("SEAL_FORGED", "seal.forged", lambda: judged(FORGED)),
        ("SEAL_FORGED", "seal.forged", lambda: judged(value(embedded=FORGED), companion=national.DOCUMENT)),
        ("SEAL_SWAPPED", "seal.swapped", lambda: judged(foreign(seal=SWAPPED))),
        (
            "SIGNER_NOT_NAMED",
            "seal.signer_not_named",
            lambda: judged(value(by=national.stranger()), companion=national.DOCUMENT),
        ),
    ),
    *scenes(
        "integrity.seal",
        UNDECIDED,
        (
            "SEAL_EXTENSION_UNKNOWN",
            "seal.extension_unknown",
            lambda: judged(ses_makers.seal(styled(extensions=CRITICAL))),
        ),
    ),
    *scenes(
        "coverage.whole_file",
        UNDECIDED,
        ("LATER_UNJUDGED", "document.later_unjudged", lambda: judged_of_stranger(with_something_behind(by_pyhanko()))),
    ),
    *scenes(
        "trust.path",
        VALID,
        (
            "BY_ITS_OWN_WORD",
            "document.sealed",
            lambda: judged(
                value(styled(signers=(ended_signer(),)), by=ended_signer(), at=NOW - 10 * DAY),
                companion=national.DOCUMENT,
            ),
        ),
    ),
    *scenes(
        "trust.seal_maker",
        INVALID,
        (
            "MAKER_REFUSED",
            "seal.maker_refused",
            lambda: judged(national.esl(), trust=national.trust(makers=(strange_maker().certificate,))),
        ),
    ),
    *scenes(
        "trust.seal_maker",
        UNDECIDED,
        ("MAKER_UNDATED", "seal.maker_undated", _of_stolen_maker),
        (
            "TRUST_LIST_EXPIRED",
            "trust.list_expired",
            lambda: judged(national.esl(), trust=replace(national.trust(), valid_until=NOW - DAY)),
        ),
        ("NO_SEAL_MAKERS", "trust.no_seal_makers", lambda: judged(national.esl(), trust=national.trust(makers=()))),
        ("MAKER_UNKNOWN", None, lambda: judged(ses_makers.seal(styled(made_by=strange_maker())))),
        ("MAKER_UNDECIDED", None, lambda: judged(national.esl(), trust=national.trust(covered=False))),
        ("NO_TRUST_LIST", None, lambda: judged(sealed(), trusting=False)),
    ),
    *scenes(
        "trust.seal_register",
        INVALID,
        ("SEAL_COMPROMISED", "seal.compromised", lambda: _standing("cancelled", invalid_from=BEFORE)),
        ("SEAL_COMPROMISED", "seal.compromised", lambda: _standing("cancelled", invalid_from=SEALED_AT)),
        (
            "SEAL_STOPPED",
            "seal.stopped",
            lambda: _standing("cancelled", SealStop("cancelled", "reorganisation", BEFORE, None)),
        ),
        ("SEAL_STOPPED", "seal.stopped", lambda: _standing("active", SealStop("suspended", "lost", BEFORE, AFTER))),
    ),
    *scenes(
        "trust.seal_register",
        UNDECIDED,
        ("COMPROMISED_UNDATED", "seal.compromised_undated", lambda: _undated(SealStanding("cancelled", (), AFTER))),
        (
            "STOPPED_UNDATED",
            "seal.stopped_undated",
            lambda: _undated(SealStanding("suspended", (SealStop("suspended", "inspection", AFTER, None),))),
        ),
        ("SEAL_IN_QUESTION", "seal.in_question", lambda: _standing("suspended", _suspected(BEFORE))),
        ("SEAL_IN_QUESTION", "seal.in_question", lambda: _undated(SealStanding("suspended", (_suspected(AFTER),)))),
        (
            "SEALS_UNREACHABLE",
            "service.seals_unreachable",
            lambda: report(sources=SetSources(a_seal=Unavailable("database"))),
        ),
    ),
    *scenes(
        "trust.seal_register",
        VALID,
        ("COMPROMISED_LATER", "licence.valid", lambda: _standing("cancelled", invalid_from=AFTER)),
        ("IN_QUESTION_LATER", "licence.valid", lambda: _standing("suspended", _suspected(AFTER))),
    ),
    *scenes(
        "integrity.seal",
        INVALID,
        (
            "SEAL_STAMP_FORGED",
            "seal.stamp_forged",
            lambda: _with_seal_stamp(national.timestamper()(bytes(32), national.MADE)),
        ),
    ),
    *scenes(
        "integrity.seal",
        UNDECIDED,
        ("SEAL_STAMP_FORM", "seal.stamp_form", lambda: _with_seal_stamp(b"\x30\x03\x02\x01\x01")),
    ),
    *scenes(
        "time.timestamp",
        UNDECIDED,
        (
            "TIMESTAMP_FORM",
            "time.timestamp_form",
            lambda: judged(value(stamp=b"\x30\x03\x02\x01\x01"), companion=national.DOCUMENT),
        ),
    ),
    *scenes(
        "time.signing",
        VALID,
        ("CLAIMED_TIME_UNSURE", "document.sealed", lambda: judged_of_stranger(by_pyhanko(at=SEALED_AT))),
    ),
    *scenes(
        "time.seal_period",
        INVALID,
        (
            "SEAL_NOT_YET_VALID",
            "seal.not_yet_valid",
            lambda: judged(value(styled(valid_from=NOW + DAY)), companion=national.DOCUMENT),
        ),
        ("SEAL_PERIOD_OVER", "seal.period_over", lambda: judged(ses_makers.seal(styled(valid_until=NOW - DAY)))),
        ("SEAL_PERIOD_OVER", "seal.period_over", lambda: judged(foreign(styled(valid_until=NOW - DAY)))),
    ),
    *scenes(
        "time.seal_period",
        UNDECIDED,
        (
            "NO_SEALING_TIME",
            "time.no_sealing_time",
            lambda: judged(value(FORMS["V1"], time_info=b"noon"), companion=national.DOCUMENT),
        ),
    ),
    *scenes(
        "time.archive",
        INVALID,
        ("ARCHIVE_INVALID", "time.archive_invalid", lambda: _with_stamp(b"no token")),
        ("ARCHIVE_REFUSED", "time.archive_refused", lambda: _with_later_authority("keyCompromise")),
        (
            "ARCHIVE_UNTRUSTED",
            "time.archive_untrusted",
            lambda: archive().judge(archives.by_nobody(), archives.ARCHIVED + DAY),
        ),
    ),
    *scenes(
        "time.archive",
        UNDECIDED,
        ("ARCHIVE_UNKNOWN", None, _of_stranger),
        ("ARCHIVE_UNDECIDED", "time.archive_undecided", lambda: _with_later_authority("certificateHold")),
        ("ARCHIVE_ALGORITHM", "time.archive_algorithm", _without_national_library),
        (
            "ARCHIVE_FROM_FUTURE",
            "time.archive_from_future",
            lambda: archive().judge(archives.archived(), archives.ARCHIVED - timedelta(minutes=30)),
        ),
    ),
    *scenes("time.archive", VALID, ("ARCHIVE_AGED", "licence.valid", _aged_but_recorded)),
]
