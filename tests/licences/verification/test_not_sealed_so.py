"""What must not be called valid, and what must not be called invalid: each a way in which it once could be."""

import subprocess
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest

from ca.reading.certificate_reader import read_certificate
from ca.reading.crl_reader import Reason, Revoked
from ca.writing.revocation import make_crl
from licences.verification.report import Report
from licences.verification.request import Lookup
from licences.verification.sources import Absent, SealStanding, SealStop
from seals.cms.detached import seal_file
from seals.cms.sealer import CmsSealer
from seals.pdf.file import PdfFile
from seals.pdf.pades import EmptyField, prepare
from seals.pdf.update import PdfUpdate
from tests.licences.verification import archives, nationals, strangers
from tests.licences.verification.archives import DAY, LONG_AFTER, RENEWED, archive
from tests.licences.verification.nationals import judged as judged_national
from tests.licences.verification.sealed import NOW, SEALED_AT, licence, world
from tests.licences.verification.test_pairs import CONTENT, beside
from tests.licences.verification.worlds import SetSources, record_of, report
from tests.seals import national, ses_makers


def _page_changed(data: bytes) -> bytes:
    """The first page shows nothing of what was signed any more."""
    file = PdfFile(data)
    update, page = PdfUpdate(file), next(iter(file.pages()))
    update.put(page.ref, file.amended(page.ref, {"Contents": b"[]"}))
    return bytes(update.finish(b"somebody"))


@pytest.mark.parametrize("visible", [True, False])
def test_who_signs_second_does_not_change_what_the_first_had_signed(*, visible: bool) -> None:
    """The first signature holds over its bytes, the second over all of them: and the page is another one."""
    found = strangers.judged(strangers.signed_again(_page_changed(strangers.by_pyhanko()), visible=visible))
    assert (found.verdict, found.reason) == ("indeterminate", "document.later_unjudged"), found.as_json()


def test_our_seal_stands_over_no_changed_page_of_others() -> None:
    """In a field that others had made for it; theirs is not judged by us, unless it plainly fails."""
    fields = prepare(strangers.page(), (EmptyField("会签章", strangers.PLACE),))
    signed = strangers.signed_again(fields)
    changed = bytearray(signed)
    changed[3000] ^= 1
    for data, verdict in ((signed, "indeterminate"), (bytes(changed), "invalid")):
        sealed = world().pdf_sealer().seal(data, "会签章", strangers.SIGNED_AT).data
        assert strangers.judged(sealed).verdict == verdict


def test_a_seal_beside_a_changed_page_of_others_does_not_make_it_whole() -> None:
    changed = bytearray(strangers.by_pyhanko())
    changed[3000] ^= 1
    found = strangers.judged(bytes(changed), companion=beside(bytes(changed)))
    assert (found.verdict, found.reason) == ("invalid", "document.malformed")


@pytest.mark.parametrize("record", [Absent.NO_SOURCE, Absent.NOT_FOUND, record_of(licence())])
def test_a_question_about_seals_that_shows_none_is_not_answered(record: object) -> None:
    sources = SetSources(a_record=record)  # type: ignore[arg-type]
    found = report(Lookup(identifier="1.2.156.3005.2.x", digest=bytes(32)), sources=sources, policy_id="seal")
    assert (found.verdict, found.reason) == ("indeterminate", "document.not_shown")


def test_timestamps_inside_a_document_prove_nothing_of_a_seal_beside_it() -> None:
    """A stolen key seals today what was archived long before it was revoked."""
    here, document = archive(), archives.renewed()
    thief = here.world.other_seal
    sealer = CmsSealer(thief.signer, thief.chain, None, "测试章")
    value = seal_file(BytesIO(document), sealer, LONG_AFTER - DAY)
    entry = Revoked(read_certificate(thief.chain[0]).serial_number, RENEWED + 10 * DAY, "keyCompromise", None)
    lists = tuple(
        make_crl(one.authority, 9, (entry,), LONG_AFTER - DAY, LONG_AFTER + DAY)
        for one in (here.world.root, here.world.issuing)
    )
    sources = SetSources(trust=here.trust(LONG_AFTER, crls=lists), a_status=Absent.NO_SOURCE)
    found = report(document, companion=value, now=LONG_AFTER, sources=sources, policy_id="seal")
    assert (found.verdict, found.reason) == ("indeterminate", "seal.revoked_undated"), found.as_json()


@pytest.mark.parametrize(
    ("stop", "verdict"),
    [
        (SealStop("suspended", "inspection", SEALED_AT - DAY, None), "indeterminate"),
        (SealStop("suspended", "inspection", SEALED_AT + DAY, None), "indeterminate"),
        (SealStop("suspended", "inspection", SEALED_AT - DAY, SEALED_AT + DAY), "valid"),
        (SealStop("expired", "expiry", SEALED_AT + DAY, None), "valid"),
    ],
)
def test_a_stopped_seal_without_a_proven_time_cannot_be_judged(stop: SealStop, verdict: str) -> None:
    """The time that it states is its own word."""
    sources = SetSources(a_seal=SealStanding(stop.state, (stop,)), a_status=Absent.NO_SOURCE)
    found = report(CONTENT, companion=beside(stamped=False), policy_id="seal", sources=sources)
    assert found.verdict == verdict, found.as_json()
    if verdict == "indeterminate":
        assert found.reason == "seal.stopped_undated"


def _with_maker_revoked(reason: Reason) -> Callable[[bytes, bytes | None], Report]:
    entry = Revoked(read_certificate(national.maker().certificate).serial_number, NOW - DAY, reason, None)
    return lambda data, companion: judged_national(data, companion=companion, trust=national.trust((entry,)))


@pytest.mark.parametrize(
    ("reason", "stamped_at", "verdict"),
    [
        ("keyCompromise", None, "indeterminate"),
        ("keyCompromise", NOW - timedelta(hours=1), "indeterminate"),
        ("keyCompromise", NOW - 2 * DAY, "valid"),
        ("superseded", None, "valid"),
    ],
)
def test_a_seal_made_with_a_stolen_key_may_name_any_day(reason: Reason, stamped_at: object, verdict: str) -> None:
    """When a seal was made its maker alone says."""
    value = ses_makers.signature(nationals.V4, at=stamped_at or NOW, stamped_at=stamped_at)  # type: ignore[arg-type]
    found = _with_maker_revoked(reason)(value, national.DOCUMENT)
    assert found.verdict == verdict, found.as_json()
    if verdict == "indeterminate":
        assert found.reason == "seal.maker_undated"


def test_a_bare_seal_of_a_stolen_maker_cannot_be_judged() -> None:
    judge = _with_maker_revoked("keyCompromise")
    assert judge(national.esl(), None).reason == "seal.maker_undated"


def test_the_register_speaks_of_the_seal_beside_a_bare_seal_too() -> None:
    """A national seal that is itself sealed: both seals are asked about."""
    esl, asked = national.esl(), []

    class Register(SetSources):
        def seal(self, certificate: bytes) -> SealStanding | Absent:  # type: ignore[override]
            asked.append(certificate)
            return Absent.NOT_FOUND

    report(esl, companion=beside(esl), sources=Register(a_status=Absent.NO_SOURCE), policy_id="seal")
    assert world().seal.chain[0] in asked


@pytest.mark.parametrize("form", [["-stream"], ["-keyid"], ["-noattr"], ["-nocerts"]], ids=lambda one: one[0])
def test_a_whole_cms_of_another_form_is_not_called_damaged(form: list[str], tmp_path: Path) -> None:
    (tmp_path / "content").write_bytes(CONTENT)

    def run(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=tmp_path, check=True, capture_output=True)

    run("req", "-x509", "-newkey", "rsa:2048", "-keyout", "k", "-out", "c", "-subj", "/CN=x", "-days", "9", "-nodes")
    run(
        "cms",
        "-sign",
        "-binary",
        "-in",
        "content",
        "-signer",
        "c",
        "-inkey",
        "k",
        "-outform",
        "DER",
        "-out",
        "s",
        *form,
    )
    value = (tmp_path / "s").read_bytes()
    sources = SetSources(a_status=Absent.NO_SOURCE)
    found = report(CONTENT, companion=value, policy_id="seal", sources=sources)
    assert (found.verdict, found.reason) == ("indeterminate", "document.unsupported"), found.as_json()
    cut = report(CONTENT, companion=value[:-20], policy_id="seal", sources=sources)
    assert (cut.verdict, cut.reason) == ("invalid", "document.malformed")
