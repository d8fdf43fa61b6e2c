"""Seals of a provincial system are examined, entered, and then used."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256

import pytest
from sqlalchemy.orm import Session

from ca.keys.software_signer import SoftwareSigner
from ca.outside.foreign_errors import AnchorMismatch, ChainUnusable, ForeignRefused, ForeignUnavailable
from ca.writing.certificates import DistinguishedName, issue
from ca.writing.profiles import SEAL
from ledger.errors import DomainError
from seals.errors import SealRefused
from seals.life.registry import register_organisation
from seals.pdf.errors import PdfUnreadable
from seals.pdf.evidence import read_pdf
from seals.pdf.pades import PdfSealer
from seals.picture.appearance import SealAppearance
from seals.providers.errors import ProviderUnknown
from seals.providers.importing import Examined, HandedOver, NationalSeal, examine
from seals.providers.providers import SealProviders
from seals.ses.errors import SesUnreadable
from seals.ses.reader import read_signature
from seals.ses.trust import TrustPaths
from seals.ses.writer import SesDesign, SesSealer, make_seal
from seals.store import national_form
from tests.seals import keys, national
from tests.seals.house import PLACEMENT, appearance, page
from tests.seals.keys import BUREAU_CODE, NOW
from tests.seals.provincial import Province, province
from tests.seals.register import CUSTODIAN, bureau, custodian

CODE = "99010100000001"
NAME = "测试市自然资源和规划局不动产登记专用章（测试）"


@dataclass(frozen=True)
class NoKeys:
    """A key ring that need not be asked."""

    def signer(self, name: str) -> SoftwareSigner:
        raise AssertionError(name)


@dataclass(frozen=True)
class Given:
    """The province, and what it hands over."""

    at: Province
    handed: HandedOver

    def providers(self) -> SealProviders:
        return SealProviders(NoKeys(), {"province": self.at.service()})

    def examine(self, handed: HandedOver, paths: TrustPaths | None = None) -> Examined:
        return examine(handed, self.providers(), paths or national.paths(), NOW)

    def national(self, esl: bytes) -> HandedOver:
        assert self.handed.national is not None
        return replace(self.handed, national=replace(self.handed.national, esl=esl))


def subject(code: str = CODE, unit: str = BUREAU_CODE) -> DistinguishedName:
    return DistinguishedName(code, f"{unit}测试市自然资源和规划局")


def design(certificate: bytes) -> SesDesign:
    return replace(national.design(), certificates=(certificate,), name=NAME, es_id=CODE)


def made(design: SesDesign) -> bytes:
    return make_seal(design, national.maker().signer, national.maker().certificate, national.MADE)


@pytest.fixture(scope="module")
def given() -> Iterator[Given]:
    with province() as at:
        leaf = issue(SEAL, subject(), at.public_keys["ES256"], keys.issuing(), keys.SINCE, keys.UNTIL)
        of_seal = issue(SEAL, subject(), at.public_keys["SM2"], national.issuing(), national.SINCE, national.UNTIL)
        at.certified(ES256=leaf, SM2=of_seal)
        yield Given(
            at,
            HandedOver(
                kind="special",
                name=NAME,
                provider="province",
                key_name="ES256",
                certificates=(keys.root().certificate, leaf, keys.issuing().certificate),
                fingerprint=sha256(keys.root().certificate).hexdigest(),
                public_key=at.public_keys["ES256"],
                appearance=appearance().to_bytes(),
                national=NationalSeal(made(design(of_seal)), of_seal, "SM2"),
            ),
        )


def test_an_imported_seal_is_used(given: Given, session: Session) -> None:
    examined = given.examine(given.handed)
    register_organisation(session, bureau())
    seal = custodian().import_seal(session, examined.seal, CUSTODIAN, NOW)
    assert (seal.code, seal.organisation, seal.provider) == (CODE, BUREAU_CODE, "province")
    chain = tuple(one.der for one in examined.chain.certificates)
    providers = given.providers()
    picture = SealAppearance.from_bytes(seal.appearance)
    sealer = PdfSealer(providers.signer(seal), chain, picture, None, seal.name, "测试")
    [found] = read_pdf(sealer.seal(page(), PLACEMENT, NOW).data).signatures
    assert found.signature_valid
    signer = providers.national_signer(seal)
    assert signer is not None
    esl = national_form(session, seal.id)
    assert esl is not None
    assert seal.esl_certificate is not None
    value = SesSealer(esl, signer, seal.esl_certificate).sign(bytes(32), national.PATH, NOW)
    assert read_signature(value).signature_valid()


def test_a_seal_without_a_national_one_asks_for_one_signature(given: Given) -> None:
    given.at.heard()
    examined = given.examine(replace(given.handed, national=None))
    assert examined.seal.esl is None
    assert given.at.heard().signed == 1


Change = Callable[[Given], HandedOver]


def _national(**changes: object) -> Change:
    def change(given: Given) -> HandedOver:
        assert given.handed.national is not None
        return given.national(made(replace(design(given.handed.national.certificate), **changes)))  # type: ignore[arg-type]

    return change


def _changed_byte(given: Given) -> HandedOver:
    assert given.handed.national is not None
    esl = bytearray(given.handed.national.esl)
    esl[-1] ^= 1
    return given.national(bytes(esl))


def _signer(code: str, unit: str) -> Change:
    def change(given: Given) -> HandedOver:
        certificate = issue(
            SEAL, subject(code, unit), given.at.public_keys["SM2"], national.issuing(), national.SINCE, national.UNTIL
        )
        return replace(given.handed, national=NationalSeal(made(design(certificate)), certificate, "SM2"))

    return change


def _handed(**changes: object) -> Change:
    return lambda given: replace(given.handed, **changes)  # type: ignore[arg-type]


REFUSED: dict[str, tuple[Change, type[DomainError], str]] = {
    "kind": (_handed(kind="square"), SealRefused, "kind"),
    "another root": (_handed(fingerprint="00" * 32), AnchorMismatch, "anchor_mismatch"),
    "another key": (_handed(public_key=SoftwareSigner.generate("ES256").public_key), ChainUnusable, "exactly one"),
    "no picture": (_handed(appearance=b"picture"), PdfUnreadable, "seals"),
    "unknown provider": (_handed(provider="city"), ProviderUnknown, "city"),
    "unknown key": (_handed(key_name="unknown"), ForeignRefused, "403"),
    "key of another certificate": (_handed(key_name="SM2"), ForeignRefused, "another certificate"),
    "other name": (_handed(name="测试章"), SealRefused, "national_seal: name"),
    "other kind": (_handed(kind="finance"), SealRefused, "national_seal: kind"),
    "no national seal": (lambda given: given.national(b"esl"), SesUnreadable, "ses_unreadable"),
    "national seal of another number": (_national(es_id="99010100000002"), SealRefused, "national_seal: code"),
    "national seal of others": (
        _national(certificates=(national.stranger().certificate,)),
        SealRefused,
        "signer_not_named",
    ),
    "national seal that ended": (
        _national(valid_until=national.MADE + national.DAY),
        SealRefused,
        "time.seal_expired",
    ),
    "certificate of another number": (_signer("99010100000002", BUREAU_CODE), SealRefused, "another_seal"),
    "certificate of another unit": (_signer(CODE, "11990100MB9T00038E"), SealRefused, "another_seal"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit_is_refused(given: Given, name: str) -> None:
    change, error, word = REFUSED[name]
    with pytest.raises(error, match=word):
        given.examine(change(given))


def test_a_national_seal_that_was_changed_is_refused(given: Given) -> None:
    with pytest.raises((SealRefused, SesUnreadable), match=r"integrity|unreadable"):
        given.examine(_changed_byte(given))


def test_a_maker_that_is_not_listed_is_refused(given: Given) -> None:
    with pytest.raises(SealRefused, match=r"trust\.not_listed"):
        given.examine(given.handed, TrustPaths(national.trust(makers=())))


def test_an_authority_that_does_not_answer_is_no_hindrance(given: Given) -> None:
    trust = national.trust(covered=False)
    assert given.examine(given.handed, TrustPaths(trust)).seal.esl


@pytest.mark.parametrize(("behaviour", "error"), [("500", ForeignUnavailable), ("wrong", ForeignRefused)])
def test_keys_that_do_not_answer_are_not_entered(given: Given, behaviour: str, error: type[DomainError]) -> None:
    given.at.behave(*[behaviour] * 3)
    try:
        with pytest.raises(error):
            given.examine(given.handed)
    finally:
        given.at.behave()


def test_a_key_of_ours_must_be_that_of_the_certificate(given: Given) -> None:
    ring = partial(SoftwareSigner.generate, "ES256")

    @dataclass(frozen=True)
    class Ring:
        def signer(self, name: str) -> SoftwareSigner:
            assert name == "ES256"
            return ring()

    handed = replace(given.handed, provider="local", national=None)
    with pytest.raises(SealRefused, match="key_of_another_certificate"):
        examine(handed, SealProviders(Ring(), {}), national.paths(), NOW)
