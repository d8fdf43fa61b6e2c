"""The national form of the house's seals (GB/T 38540): made by the maker of the ceremonies, used by whoever holds the key.

A seal is used as any other: a use is opened and committed, `national_sealer` signs, the use is closed (`seals/life/uses.py`).
"""

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from api.keys_in_use import choose, stopped_of
from api.schema import Role
from api.timestamping import CurrentTimestamps
from ca.ceremonies.names import SEAL_MAKER
from ca.reading.certificate_reader import read_certificate
from seals.providers.errors import NationalSealMissing, SealMakerMissing
from seals.ses.writer import KINDS, SesDesign, SesSealer, Timestamper, make_seal
from seals.store import national_form

if TYPE_CHECKING:
    from api.house import House
    from ca.ceremonies.credentials import Credential
    from seals.life.grants import Seal
    from seals.picture.design import SealDesign


def seal_maker(house: "House", now: datetime) -> "Credential | None":
    """Return what makes national seals now; None where there is none, or none that is still good."""
    ceremony = house.ceremony
    if not ceremony.generations(SEAL_MAKER):
        return None
    with house.database.session(Role.WORKER) as session:
        # Of a ceremony that is being entered nothing is known yet
        stopped = stopped_of(session, ceremony)
    return choose(ceremony, SEAL_MAKER, stopped, now)


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

    Keep it for many documents. Raises NationalSealMissing, SealCertificateRevoked for one that we have revoked,
    ChainUnusable or CertificateInvalid for one that another authority has, or that nobody took in, SesRefused,
    ProviderUnknown, and what the key raises.
    """
    signer = house.seal_providers.national_signer(seal)
    with house.database.session(Role.WORKER) as session:
        esl = national_form(session, seal.id)
        if signer is None or esl is None or seal.esl_certificate is None:
            raise NationalSealMissing(seal=seal.code)
    house.chain_of(seal.esl_certificate)  # what was revoked signs no more
    return SesSealer(esl, signer, seal.esl_certificate, _timestamper(house))


def _timestamper(house: "House") -> Timestamper | None:
    """Return the national timestamp authority; None where there is no such hierarchy: the seal came from outside."""
    if "national" not in house.ceremony.hierarchies:
        return None
    return partial(CurrentTimestamps(house.timestamp_authorities, "national").stamp, hash_algorithm="SM3")
