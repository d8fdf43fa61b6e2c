"""The national form of the house's seals (GB/T 38540): made by the maker of the ceremonies, used by whoever holds the key.

A seal is used as any other: a use is opened and committed, `national_sealer` signs, the use is closed (`seals/life/uses.py`).
"""

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from api.schema import Role
from api.timestamping import CurrentTimestamps
from ca.ceremonies.names import SEAL_MAKER
from ca.reading.certificate_reader import read_certificate
from ca.store import serial_text, standing, statuses
from seals.pdf.errors import SealKeyUnusable
from seals.providers.errors import NationalSealMissing, SealMakerMissing
from seals.ses.writer import KINDS, SesDesign, SesSealer, Timestamper, make_seal
from seals.store import national_form

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from api.house import House
    from ca.ceremonies.credentials import Credential
    from seals.life.grants import Seal
    from seals.picture.design import SealDesign


def seal_maker(house: "House", now: datetime) -> "Credential | None":
    """Return what makes national seals now; None where there is none, or none that is still good.

    A successor waits until every trust list knows it, but not behind one that was revoked or has ended: who has heard
    of that has heard of the successor, too.
    """
    settled = house.ceremony.seal_maker(now)
    if settled is None:
        return None
    newest_first = reversed(house.ceremony.generations(SEAL_MAKER))
    with house.database.session(Role.WORKER) as session:
        return next((one for one in (settled, *newest_first) if _is_good(session, one, now)), None)


def _is_good(session: "Session", credential: "Credential", now: datetime) -> bool:
    certificate = read_certificate(credential.cert_der)
    known = statuses(session, credential.issuer, [certificate.serial_number]).get(certificate.serial_number)
    # Of a ceremony that is being entered nothing is known yet
    return now <= certificate.not_after and (known is None or known.verdict == "good")


def make_national_seal(
    house: "House", *, code: str, name: str, design: "SealDesign", certificate: bytes, now: datetime
) -> bytes:
    """Make the national seal (DER, an .esl file) that a certificate of ours signs under; it ends with the certificate.

    name: the seal's full one; certificate: DER, with an SM2 key. Raises SealMakerMissing, SesRefused,
    SealPictureRefused, and what the maker's key raises.
    """
    from seals.picture.appearance import draw_png

    maker = seal_maker(house, now)
    if maker is None:
        raise SealMakerMissing
    width, height = design.size_mm
    signing = read_certificate(certificate)
    wanted = SesDesign(
        es_id=code,
        kind=KINDS[design.kind],
        name=name,
        picture=draw_png(design, house.fonts),
        width_mm=width,
        height_mm=height,
        certificates=(certificate,),
        # Nobody can have sealed with it before it was made
        valid_from=max(signing.not_before, now.replace(microsecond=0)),
        valid_until=signing.not_after,
    )
    return make_seal(wanted, house.keys.signer(maker.key_name), maker.cert_der, now)


def national_sealer(house: "House", seal: "Seal") -> SesSealer:
    """Return what signs under a seal's national form, wherever its key is; signatures carry the national timestamp.

    Keep it for many documents. Raises NationalSealMissing, SealKeyUnusable for a certificate that we have revoked,
    ChainUnusable or CertificateInvalid for one that another authority has, or that nobody took in, SesRefused,
    ProviderUnknown, and what the key raises.
    """
    signer = house.seal_providers.national_signer(seal)
    with house.database.session(Role.WORKER) as session:
        esl = national_form(session, seal.id)
        if signer is None or esl is None or seal.esl_certificate is None:
            raise NationalSealMissing(seal=seal.code)
        serial = serial_text(read_certificate(seal.esl_certificate).serial_number)
        if standing(session, [serial]):
            raise SealKeyUnusable(reason="certificate_revoked")
    house.chain_of(seal.esl_certificate)  # and what another authority has revoked signs no more
    return SesSealer(esl, signer, seal.esl_certificate, _timestamper(house))


def _timestamper(house: "House") -> Timestamper | None:
    """Return the national timestamp authority; None where there is no such hierarchy: the seal came from outside."""
    if "national" not in house.ceremony.hierarchies:
        return None
    return partial(CurrentTimestamps(house.timestamp_authorities, "national").stamp, hash_algorithm="SM3")
