"""Packages of other makers, and what is done to packages."""

import zipfile
from typing import Any

import pytest

from seals.ofd.errors import OfdOverLimits, OfdUnreadable
from seals.ofd.evidence import OfdSignature, judge_ofd, read_ofd
from seals.ofd.package import read_package, write_package
from seals.ses.steps import SesJudgement
from seals.ses.trust import TrustPaths
from tests.seals import ses_makers
from tests.seals.national import bureau, paths, stranger, trust
from tests.seals.ofd_maker import LIST, PAGE, foreign, plain, sealed, xml, zipped
from tests.seals.ses_makers import V1, V4, V5, styled

FOLDER = "/Doc_0/Signs/Sign_0"


def only(files: dict[str, bytes]) -> OfdSignature:
    (found,) = read_ofd(write_package(files)).signatures
    return found


def judged(files: dict[str, bytes]) -> SesJudgement:
    return judge_ofd(only(files), paths=paths())


def outcome(files: dict[str, bytes]) -> tuple[str, str, str | None]:
    judgement = judged(files)
    step = judgement.failure or next((one for one in judgement.steps if one.outcome == "not_run"), None)
    return (judgement.verdict, step.id, step.code) if step is not None else (judgement.verdict, "", None)


@pytest.mark.parametrize("style", [V1, V4, V5, styled(V4, raw_signatures=True)], ids=["V1", "V4", "V5", "raw"])
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_other_makers_packages_are_judged(style: ses_makers.Style, method: int) -> None:
    evidence = read_ofd(zipped(foreign(style), method, streamed=True))
    (found,) = evidence.signatures
    assert judge_ofd(found, paths=paths()).verdict == "valid"
    assert found.fault() is None
    assert found.uncovered == ()
    assert evidence.faults == ()  # our form is asked of nobody else
    assert found.description.stamps[0].boundary.written() == "10.5 20 42 42"
    assert found.description.provider == "other"


@pytest.mark.parametrize(
    "spelled",
    [
        {"space": ""},
        {"kind": ""},
        {"kind": ' Type="Sign"'},
        {"method": "SM3"},
        {"method": "sm3"},
        {"method": "SHA256", "digest": "SHA-256"},
        {"property_info": "Doc_0/Signs/Sign_0/Signature.xml"},
        {"property_info": "Signature.xml"},
    ],
)
def test_other_spellings_are_read(spelled: dict[str, Any]) -> None:
    assert outcome(foreign(**spelled)) == ("valid", "", None)


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        ({"method": "MD5"}, ("indeterminate", "references", "integrity.digest_algorithm")),
        ({"method": "SHA-1", "digest": "SHA-1"}, ("indeterminate", "references", "integrity.digest_algorithm")),
        ({"method": "SHA256"}, ("invalid", "references", "integrity.file")),
        ({"seal": b"other"}, ("invalid", "seal_file", "integrity.seal_file")),
        ({"value": b"0\x00"}, ("invalid", "value", "integrity.format")),
        ({"value": b"0\x00", "kind": ' Type="Sign"'}, ("indeterminate", "value", "integrity.signature_form")),
        ({"value": bytes(5 << 20)}, ("indeterminate", "value", "integrity.over_limits")),
        ({"property_info": "/OFD.xml"}, ("invalid", "document", "integrity.document_other")),
        ({"property_info": "../../../.."}, ("invalid", "document", "integrity.document_other")),
        ({"style": styled(V4, made_by=stranger())}, ("invalid", "seal.maker_certificate", "trust.not_listed")),
        ({"style": styled(V4, signers=(stranger(),))}, ("invalid", "seal.signer", "trust.signer_not_named")),
    ],
)
def test_the_step_that_failed_is_named(made: dict[str, Any], expected: tuple[str, str, str]) -> None:
    assert outcome(foreign(**made)) == expected


def test_a_changed_file_is_named_and_nothing_more_is_judged() -> None:
    found = only(foreign() | {PAGE: b"<changed/>"})
    assert found.changed() == (PAGE,)
    assert found.fault() == "references"
    judgement = judge_ofd(found, paths=paths())
    assert judgement.failure is not None
    assert judgement.failure.detail == PAGE
    assert [step.outcome for step in judgement.steps] == ["failed", "not_run", "not_run"]


def test_a_missing_file_is_named() -> None:
    files = foreign()
    del files[PAGE]
    assert only(files).changed() == (PAGE,)


def test_a_swapped_seal_is_found_without_trust() -> None:
    """Seal.esl is what some readers draw; another seal of the same unit in its place must not pass."""
    files = foreign(left_out=(LIST, f"{FOLDER}/Seal.esl"), seal=ses_makers.seal(V5))
    assert only(files).fault() == "seal_file"
    assert outcome(files) == ("invalid", "seal_file", "integrity.seal_file")


def test_files_that_nothing_covers_are_named() -> None:
    assert only(foreign(left_out=(LIST, PAGE, "/OFD.xml"))).uncovered == (PAGE, "/OFD.xml")
    assert only(foreign() | {"/Doc_0/more.xml": b""}).uncovered == ("/Doc_0/more.xml",)


def test_no_file_hides_as_the_seal_or_value_of_a_later_signature() -> None:
    """A bare signature is not judged, so that whoever adds one could call any file its own."""
    hidden = "/Doc_0/Res/picture.png"
    value = ses_makers.signature(V4)
    for kind, content, uncovered in (
        ("Sign", b"picture", (hidden,)),
        ("Seal", b"picture", (hidden,)),
        ("Sign", value, ()),
    ):
        files = foreign() | {hidden: content}
        added = b'<ofd:Signature ID="2" Type="%s" BaseLoc="Sign_9/Signature.xml"/></ofd:Signatures>' % kind.encode()
        files[LIST] = files[LIST].replace(b"</ofd:Signatures>", added)
        references = "".join(
            f'<Reference FileRef="{FOLDER}/{name}"><CheckValue>AAAA</CheckValue></Reference>'
            for name in ("Signature.xml", "SignedValue.dat")
        )
        files["/Doc_0/Signs/Sign_9/Signature.xml"] = xml(
            f'<Signature><SignedInfo><Provider ProviderName="other"/><References CheckMethod="SM3">{references}'
            f"</References></SignedInfo><SignedValue>{hidden}</SignedValue></Signature>"
        )
        assert read_ofd(write_package(files)).signatures[0].uncovered == uncovered


def test_a_list_that_is_covered_closes_the_package() -> None:
    assert not read_ofd(write_package(foreign())).is_closed
    assert read_ofd(write_package(foreign(left_out=()))).is_closed


def test_nobody_is_believed_without_trust() -> None:
    found = only(foreign())
    assert found.fault() is None
    assert judge_ofd(found, paths=TrustPaths(trust(covered=False, makers=()))).verdict != "valid"


def test_an_unsealed_package_has_no_signatures() -> None:
    assert read_ofd(plain()).signatures == ()
    assert read_ofd(plain()).faults == ()


def test_a_seal_beside_ours_that_does_not_cover_it_is_no_later_one() -> None:
    files = dict(read_package(sealed(closing=False)).files)
    theirs = foreign()
    listed = files[LIST].replace(
        b"</ofd:Signatures>",
        b'<ofd:Signature ID="9" Type="Seal" BaseLoc="/Doc_0/Signs/Sign_0/Signature.xml"/></ofd:Signatures>',
    )
    added = {path: content for path, content in theirs.items() if path.startswith(FOLDER)}
    evidence = read_ofd(write_package(files | {LIST: listed} | added))
    ours, other = evidence.signatures
    assert set(ours.uncovered) == set(added)
    assert not other.is_ours
    assert evidence.faults == ("coverage",)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'ID="s001"', b'ID="s009"'),
        (b'Type="Seal"', b'Type="Sign"'),
        (b"s002</ofd:Max", b"s003</ofd:Max"),
        (b"/><", b"/> <"),
        (b"UTF-8", b"utf-8"),
        (b"<ofd:MaxSignId>s002</ofd:MaxSignId>", b""),
    ],
)
def test_the_open_list_has_one_form(old: bytes, new: bytes) -> None:
    files = dict(read_package(sealed(closing=False)).files)
    assert old in files[LIST]
    assert read_ofd(write_package(files | {LIST: files[LIST].replace(old, new, 1)})).faults == ("list",)


def test_another_container_of_the_same_files_is_told() -> None:
    files = dict(read_package(sealed()).files)
    evidence = read_ofd(zipped(files))
    assert evidence.faults == ("container",)
    assert judge_ofd(evidence.signatures[0], paths=paths()).verdict == "valid"


def test_a_file_that_nobody_covers_is_told() -> None:
    files = dict(read_package(sealed()).files) | {"/Doc_0/more.xml": b""}
    evidence = read_ofd(write_package(files))
    assert evidence.faults == ("coverage",)
    assert evidence.signatures[0].uncovered == ("/Doc_0/more.xml",)


@pytest.mark.parametrize("gone", [f"{FOLDER}/Signature.xml", f"{FOLDER}/SignedValue.dat", f"{FOLDER}/Seal.esl", LIST])
def test_signatures_without_their_files_are_refused(gone: str) -> None:
    files = foreign()
    del files[gone]
    with pytest.raises(OfdUnreadable, match="file_missing"):
        read_ofd(write_package(files))


def test_signatures_listed_twice_are_refused() -> None:
    files = foreign()
    line = b'<ofd:Signature ID="1" Type="Seal" \nBaseLoc="Sign_0/Signature.xml"/>'.replace(b"\n", b"")
    for second in (line, line.replace(b'"1"', b'"2"')):
        twice = files[LIST].replace(line, line + second)
        assert twice != files[LIST]
        with pytest.raises(OfdUnreadable, match="signature_twice"):
            read_ofd(write_package(files | {LIST: twice}))


def test_too_many_signatures_are_refused() -> None:
    many = "".join(f'<Signature ID="{n}" BaseLoc="{n}.xml"/>' for n in range(33))
    with pytest.raises(OfdOverLimits, match="signatures"):
        read_ofd(write_package(foreign() | {LIST: xml(f"<Signatures>{many}</Signatures>")}))


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b"</ofd:References>", b"</ofd:References><ofd:References/>", "element_twice"),
        (b"<ofd:SignedValue>", b"<ofd:SignedValue>x</ofd:SignedValue><ofd:SignedValue>", "element_twice"),
        (b'FileRef="/OFD.xml"', b'FileRef="/Doc_0/Document.xml"', "reference_twice"),
        (b'FileRef="/OFD.xml"', b'FileRef="../../../../OFD.xml"', "location"),
        (b"<ofd:CheckValue>", b"<ofd:CheckValue>*", "digest"),
        (b"10.5 20 42 42", b"10.5 20 42", "box"),
    ],
)
def test_descriptions_that_say_two_things_are_refused(old: bytes, new: bytes, reason: str) -> None:
    path = f"{FOLDER}/Signature.xml"
    files = foreign()
    assert old in files[path]
    with pytest.raises(OfdUnreadable, match=reason):
        read_ofd(write_package(files | {path: files[path].replace(old, new, 1)}))


def test_the_signer_is_the_seals() -> None:
    found = only(foreign())
    assert found.value is not None
    assert found.value.certificate == bureau().certificate
