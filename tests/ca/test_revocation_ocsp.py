"""OCSP responses as evidence, judged for one seal: who may answer, and for which moment."""

from datetime import datetime

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st

from ca.judging.revocation_status import RevocationStatus, revocation_status
from ca.keys.software_signer import SoftwareSigner
from ca.ocsp.request import make_ocsp_request
from ca.ocsp.responder import CertificateStatus
from ca.reading.certificate_reader import read_certificate
from ca.writing.certificates import Authority
from tests.ca.answering import answering
from tests.ca.evidence import DAY, UNKNOWN, WHOLE, line, make_list, make_response, revoked
from tests.ca.evidence import GOOD as GOOD_STATUS
from tests.ca.house import CA_USAGE, NOW, STATUS_USAGE, Extra, certify, issuing, root, seal

ROOT = root()
CA = issuing(ROOT)
ISSUER = read_certificate(CA.certificate)
SEAL = read_certificate(seal(CA).certificate)
PURPOSE = Extra(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), critical=False)
NO_CHECK = Extra(x509.OCSPNoCheck(), critical=False)


def responder(above: Authority = CA, *extras: Extra, **changes: object) -> Authority:
    arguments: dict[str, object] = {"usage": STATUS_USAGE, "ca": False, "extras": extras or (PURPOSE, NO_CHECK)}
    return certify("测试应答", above, **(arguments | changes))  # type: ignore[arg-type]


RESPONDER = responder()


def status(*ocsp: bytes, at: datetime = WHOLE, crls: tuple[bytes, ...] = ()) -> RevocationStatus:
    return revocation_status(SEAL, ISSUER, crls, at, ocsp=ocsp)


def response(by: Authority = RESPONDER, *arguments: object, **options: object) -> bytes:
    return make_response(SEAL, ISSUER, by, *arguments, **options)  # type: ignore[arg-type]


def changed(answer: bytes) -> bytes:
    """Change the last byte, which belongs to the responder's certificate."""
    return answer[:-1] + bytes([answer[-1] ^ 1])


GOOD, NOTHING = RevocationStatus("good"), RevocationStatus("unknown")
SINCE = WHOLE - 3 * DAY


@pytest.mark.parametrize(
    ("answer", "at", "expected"),
    [
        (response(), WHOLE, GOOD),
        (response(), WHOLE + DAY, GOOD),
        (response(), WHOLE + 2 * DAY, NOTHING),
        (response(), WHOLE - 9 * DAY, GOOD),
        (response(end=None), WHOLE + DAY, NOTHING),
        (response(CA), WHOLE, GOOD),
        (response(CA, certificates=()), WHOLE, GOOD),
        (response(RESPONDER, UNKNOWN), WHOLE, NOTHING),
        (response(RESPONDER, revoked(SINCE, 1)), WHOLE, RevocationStatus("revoked", SINCE)),
        (response(RESPONDER, revoked(SINCE)), WHOLE, RevocationStatus("revoked", SINCE)),
        (response(RESPONDER, revoked(SINCE, 1)), SINCE - DAY, GOOD),
        (response(RESPONDER, revoked(SINCE, 6)), WHOLE, RevocationStatus("on_hold", SINCE)),
    ],
)
def test_a_response_speaks_for_its_time(answer: bytes, at: datetime, expected: RevocationStatus) -> None:
    assert status(answer, at=at) == expected


OTHER_CA = certify("测试签发", ROOT, usage=CA_USAGE, ca=True)
ALIAS = certify("测试别名", ROOT, usage=CA_USAGE, ca=True, signer=CA.signer)


@pytest.mark.parametrize(
    "answer",
    [
        response(responder(CA, NO_CHECK)),
        response(responder(CA, Extra(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=False))),
        response(responder(CA, PURPOSE, NO_CHECK, usage=CA_USAGE)),
        response(responder(CA, PURPOSE, NO_CHECK, end=WHOLE - DAY)),
        response(responder(CA, PURPOSE, NO_CHECK, Extra(x509.PrecertPoison(), critical=True))),
        response(responder(ROOT)),
        response(responder(OTHER_CA)),
        response(RESPONDER, certificates=()),
        response(RESPONDER, certificates=[SEAL.der]),
        response(RESPONDER, name=SEAL.subject),
        response(CA, name=SEAL.subject),
        response(responder(ALIAS)),
        changed(response(RESPONDER)),
        response(CA)[:40],
        make_response(read_certificate(seal(CA).certificate), ISSUER, RESPONDER),
        make_response(SEAL, read_certificate(OTHER_CA.certificate), RESPONDER),
        b"garbage",
    ],
    ids=[
        "no purpose",
        "another purpose",
        "no digital signature",
        "responder has run out",
        "responder holds what nobody knows",
        "the root's responder",
        "a responder of the same names",
        "certificate left out",
        "another certificate inside",
        "the name of another responder",
        "the name of another responder, by the authority",
        "under another name of the same key",
        "changed",
        "cut",
        "another serial number",
        "another issuer",
        "garbage",
    ],
)
def test_nobody_else_may_answer(answer: bytes) -> None:
    assert status(answer) == NOTHING


def test_a_responder_that_may_be_revoked_must_be_shown_not_to_be() -> None:
    checked = responder(CA, PURPOSE)
    serial = read_certificate(checked.certificate).serial_number
    silent = make_list(CA, (), begin=WHOLE - 9 * DAY, end=WHOLE + DAY)
    lists_it = make_list(CA, [line(serial, WHOLE + DAY, 1)], begin=WHOLE + 2 * DAY)
    answer = response(checked, revoked(SINCE))
    assert status(answer) == NOTHING
    assert status(answer, crls=(silent,)).verdict == "revoked"
    # Whoever has its key can date an answer as he likes: a compromise takes all of them away.
    assert status(answer, crls=(lists_it,)) == GOOD, "by the list alone"


def test_no_check_does_not_help_a_responder_that_is_known_to_be_revoked() -> None:
    serial = read_certificate(RESPONDER.certificate).serial_number
    lists_it = make_list(CA, [line(serial, WHOLE - DAY, 1)])
    assert status(response(RESPONDER, revoked(SINCE)), crls=(lists_it,)) == GOOD
    assert status(response(RESPONDER, revoked(SINCE))).verdict == "revoked"


def test_the_newest_word_decides_about_a_hold_whoever_says_it() -> None:
    held = make_list(CA, [line(SEAL.serial_number, SINCE, 6)], begin=WHOLE - 2 * DAY)
    assert status(crls=(held,)).verdict == "on_hold"
    assert status(response(), crls=(held,)) == GOOD
    assert status(response(RESPONDER, revoked(SINCE, 6)), crls=(make_list(CA),)).verdict == "on_hold"


def test_our_own_responder_is_believed() -> None:
    city = answering("ES256")
    held, gone = CertificateStatus("on_hold", SINCE), CertificateStatus("revoked", SINCE, "keyCompromise")
    working = city.responder(_1=held, _2=gone)
    verdicts = []
    for person in city.people[:3]:
        certificate = read_certificate(person)
        request = make_ocsp_request(person, city.issuing.certificate)
        answer = working.respond(request, NOW).der
        verdicts.append(revocation_status(certificate, city.issuer(), (), NOW, ocsp=[answer]).verdict)
    assert verdicts == ["good", "on_hold", "revoked"]


def test_every_signature_of_an_answer_must_be_of_an_algorithm_that_is_believed() -> None:
    strong = certify("测试签发", ROOT, usage=CA_USAGE, ca=True, signer=SoftwareSigner.generate("ES384"))
    issuer = read_certificate(strong.certificate)
    certificate = read_certificate(seal(strong).certificate)
    answer = make_response(certificate, issuer, responder(strong))
    for believed, expected in (({"ES256", "ES384"}, GOOD), ({"ES256"}, NOTHING), ({"ES384"}, NOTHING)):
        found = revocation_status(
            certificate, issuer, (), WHOLE, ocsp=[answer], algorithm_allowed=believed.__contains__
        )
        assert found == expected


ANSWER = response(RESPONDER, revoked(SINCE))


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_changed_response_is_never_believed(data: st.DataObject) -> None:
    mutated = bytearray(ANSWER)
    position = data.draw(st.integers(0, len(mutated) - 1))
    mutated[position] ^= data.draw(st.integers(1, 255))
    found = status(bytes(mutated))
    # What lies under no signature may be spelt otherwise; what is said may not change.
    assert found in {NOTHING, RevocationStatus("revoked", SINCE)}


HELD_ANSWER = response(RESPONDER, revoked(SINCE, 6))


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(
    ("answers", "crls", "verdict"),
    [
        ([response(), response(RESPONDER, revoked(SINCE, 1))], [], "revoked"),
        # A later "good" takes no revocation back, and a later "unknown" says nothing
        ([response(begin=WHOLE + DAY / 2), response(RESPONDER, revoked(SINCE))], [], "revoked"),
        ([response(RESPONDER, UNKNOWN), response()], [], "good"),
        ([response()], [make_list(CA, [line(SEAL.serial_number, SINCE, 4)])], "revoked"),
        ([response(RESPONDER, revoked(SINCE, 4))], [make_list(CA)], "revoked"),
        ([HELD_ANSWER, response()], [], "on_hold"),
        ([HELD_ANSWER], [make_list(CA, begin=WHOLE)], "on_hold"),
        ([response()], [make_list(CA, [line(SEAL.serial_number, SINCE, 6)], begin=WHOLE)], "on_hold"),
        ([HELD_ANSWER, response(begin=WHOLE + DAY / 2)], [], "good"),
    ],
)
def test_where_the_evidence_contradicts_itself_the_worse_word_counts(
    answers: list[bytes], crls: list[bytes], verdict: str, *, turned: bool
) -> None:
    given = tuple(reversed(answers)) if turned else tuple(answers)
    assert status(*given, crls=tuple(crls), at=WHOLE + DAY / 2).verdict == verdict


@pytest.mark.parametrize("turned", [False, True])
def test_a_response_that_contradicts_itself_is_not_good(*, turned: bool) -> None:
    said = [GOOD_STATUS, revoked(SINCE, 1)]
    assert status(make_response(SEAL, ISSUER, RESPONDER, said[::-1] if turned else said)).verdict == "revoked"
