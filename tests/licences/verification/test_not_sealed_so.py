"""What must not be called valid, and what must not be called invalid: each a way in which it once could be."""

import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from pyhanko.pdf_utils.generic import pdf_string
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from ca.reading.certificate_reader import read_certificate
from ca.reading.crl_reader import Reason, Revoked
from ca.writing.revocation import make_crl
from licences.verification.engine import judge
from licences.verification.examination import examine
from licences.verification.report import Report
from licences.verification.request import Lookup, verification_request
from licences.verification.sources import Absent, SealStanding, SealStop
from seals.cms.detached import seal_file
from seals.cms.sealer import CmsSealer
from seals.ofd.sealer import seal_ofd
from seals.pdf.file import PdfFile
from seals.pdf.objects import serialise
from seals.pdf.pades import EmptyField, prepare
from seals.pdf.update import PdfUpdate
from tests.licences.verification import archives, attacks, nationals, strangers
from tests.licences.verification.archives import DAY, LONG_AFTER, RENEWED, archive
from tests.licences.verification.nationals import judged as judged_national
from tests.licences.verification.sealed import NOW, SEALED_AT, claims, licence, make_world, seal, world
from tests.licences.verification.test_pairs import CONTENT, beside
from tests.licences.verification.worlds import SetSources, record_of, report
from tests.seals import national, ofd_maker, pyhanko_oracle, ses_makers


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
    value = ses_makers.signature(nationals.FORMS["V4"], at=stamped_at or NOW, stamped_at=stamped_at)  # type: ignore[arg-type]
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
        def seal(self, certificate: bytes) -> SealStanding | Absent:
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


@pytest.mark.parametrize(
    ("left_out", "verdict"), [((), "valid"), ((ofd_maker.PAGE,), "indeterminate"), (("/OFD.xml",), "indeterminate")]
)
def test_who_seals_a_package_second_does_not_speak_for_the_first(left_out: tuple[str, ...], verdict: str) -> None:
    """What the first seal had left out the second covers: and the page under the first is another's."""
    first = ofd_maker.zipped(ofd_maker.foreign(left_out=(ofd_maker.LIST, *left_out)))
    found = judged_national(seal_ofd(first, national.sealer(), (ofd_maker.HERE,), NOW).data)
    assert found.verdict == verdict, found.as_json()
    if left_out:
        assert found.reason == "document.later_unjudged"
        assert found.check("coverage.whole_file").evidence["faults"] == [
            {"code": "coverage.file", "detail": left_out[0]}
        ]


def test_a_seal_by_itself_is_not_judged_by_a_trust_list_of_long_ago() -> None:
    trust = national.trust()
    assert judged_national(national.esl(), trust=trust).verdict == "valid"
    found = judged_national(national.esl(), trust=replace(trust, valid_until=NOW - DAY))
    assert (found.verdict, found.reason) == ("indeterminate", "trust.list_expired")


def test_a_package_that_holds_a_page_of_pdf_is_a_package() -> None:
    files = {"/Doc_0/Attachs/page.pdf": b"%PDF-1.7 a page", **ofd_maker.document()}
    sealed = seal_ofd(ofd_maker.zipped(files), national.sealer(), (ofd_maker.HERE,), NOW).data
    assert judged_national(sealed).verdict == "valid"
    first = ofd_maker.zipped({"/Doc_0/Attachs/page.pdf": b"%PDF-1.7", **ofd_maker.foreign()}, zipfile.ZIP_STORED)
    assert b"%PDF-" in first[:1024]
    assert judged_national(first).reason == "document.not_covered"


@pytest.mark.parametrize(
    ("revoked", "days", "check", "code"),
    [(False, 60, "trust.path", "OUTSIDE_PERIOD"), (True, 20, "trust.revocation", "REVOKED_UNDATED")],
)
def test_a_strangers_signature_may_be_older_than_the_first_that_proves_it(
    *, revoked: bool, days: int, check: str, code: str
) -> None:
    """Its certificate ended, or was revoked, before somebody put a timestamp on the document."""
    here, late = archive(), NOW + days * DAY
    page = attacks.page_of_nothing(here.world)
    page_signed = examine(archives.extended(page, late), 1 << 25)
    assert page_signed.page is not None
    # As if another maker had signed it, who puts no timestamp into his signature.
    signature = replace(page_signed.page.signature, token=None, foreign=True)
    found = replace(page_signed, page=replace(page_signed.page, signature=signature, foreign=True))
    entry = Revoked(read_certificate(here.world.seal.chain[0]).serial_number, NOW + DAY, "superseded", None)
    lists = tuple(
        make_crl(one.authority, 9, (entry,) if revoked else (), late - DAY, late + 7 * DAY)
        for one in (here.world.root, here.world.issuing)
    )
    now = late + DAY
    sources = SetSources(trust=here.trust(now, crls=(*lists, *here.material(NOW + 29 * DAY).crls)))
    report_ = judge(found, sources, verification_request(now, policy_id="seal"))
    assert report_.verdict == "indeterminate", report_.as_json()
    assert report_.check("time.archive").outcome == "passed"
    assert report_.check(check).code == code


def test_a_strangers_words_are_shown_of_no_page_that_is_broken() -> None:
    """The data inside are whole, by whomever: but who sealed was not even asked, as the page is another one."""
    made = seal(within=make_world())
    assert report(made.pdf.data).subject.face == {}
    broken = bytearray(made.pdf.data)
    broken[broken.index(b"/MediaBox") + 12] ^= 1
    found = report(bytes(broken))
    assert (found.verdict, found.reason) == ("invalid", "document.altered")
    assert (found.subject.face, found.subject.issuer_name, found.subject.type) == ({}, None, None)


def test_a_strangers_identifier_is_repeated_if_it_is_one() -> None:
    words = "\u672c\u8bc1\u7167\u771f\u5b9e\u6709\u6548"
    for identifier, shown in ((words, None), (licence().identifier, licence().identifier)):
        made = seal(within=make_world(), content=claims(identifier=identifier))
        found = report(made.json.compact.encode())
        assert (found.verdict, found.subject.identifier) == ("invalid", shown)


def _second_of(data: bytes, change: Callable[[IncrementalPdfFileWriter], None], patch: pytest.MonkeyPatch) -> Report:
    """pyHanko signs a second time, and changes something in the same revision."""

    def writer(stream: BytesIO) -> IncrementalPdfFileWriter:
        made = IncrementalPdfFileWriter(stream)
        change(made)
        return made

    patch.setattr(pyhanko_oracle, "IncrementalPdfFileWriter", writer)
    return strangers.judged(strangers.signed_again(data))


def test_a_second_signature_says_nothing_else_of_the_document(monkeypatch: pytest.MonkeyPatch) -> None:
    def change(writer: IncrementalPdfFileWriter) -> None:
        writer.trailer["/Info"]["/Title"] = pdf_string("something else")

    found = _second_of(strangers.by_pyhanko(), change, monkeypatch)
    assert (found.verdict, found.reason) == ("indeterminate", "document.later_unjudged")


def test_metadata_that_the_page_is_drawn_by_are_no_metadata() -> None:
    """Programs write those anew when they sign: and the page would be another one."""
    page = strangers.page()
    file = PdfFile(page)
    update, first = PdfUpdate(file), next(iter(file.pages()))
    update.put(first.ref, file.amended(first.ref, {"Contents": serialise(file.catalog["Metadata"])}))
    drawn = bytes(update.finish(b"somebody"))
    once = strangers.sealed_by_stock(drawn)
    assert strangers.judged(once).verdict == "valid"
    found = strangers.judged(strangers.signed_again(once))
    assert (found.verdict, found.reason) == ("indeterminate", "document.later_unjudged")
