"""What an approved seal is made of: picture, key, certificate, and the national seal."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from api.schema import Role
from api.seal_providers import make_national_seal
from ca.reading.certificate_reader import read_certificate
from ca.reading.names import DistinguishedName
from ca.store import certificate_by_key_name
from ca.writing.certificate_request import CertificateRequest
from ledger.actor import Uscc
from ledger.signing import SignatureAlgorithm
from seals import store
from seals.errors import OrganisationUnknown
from seals.life.registry import NewSeal
from seals.local_time import local_date
from seals.models import ApplicationRow
from seals.picture.appearance import SealAppearance, SealDesign, draw_pdf
from tools.ca.office import OFFICER, active_authority, desk
from tools.ca.own_keys import own_key, require_purpose
from tools.seals.errors import KeyNotCertified

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from api.house import House


@dataclass(frozen=True, slots=True)
class Wanted:
    """A seal to be made. organisation: its owner's name; key: one that is certified already, None for a new one.

    algorithm: of a new key, ES256 where nothing is said; on_token: make it there; ring: along the ring, None for the
    owner's name; diameter: of a round seal, in mm; until: when a new certificate ends; national: with a national seal,
    where the house has that hierarchy.
    """

    application: ApplicationRow
    organisation: str
    generation: int
    key: str | None
    algorithm: SignatureAlgorithm | None
    on_token: bool
    ring: str | None
    diameter: int | None
    until: datetime
    national: bool

    @property
    def owner(self) -> Uscc:
        """Whose seal it will be."""
        return Uscc(self.application.organisation)

    @property
    def holder(self) -> DistinguishedName:
        """The name in its certificates. Source: GB/T 38540, government signer certificates."""
        return DistinguishedName(self.application.code, f"{self.owner}{self.organisation}")

    @property
    def key_name(self) -> str:
        """What a new key is called: each generation has its own."""
        number = "" if self.generation == 1 else f"-{self.generation}"
        return f"seal-{self.application.code}{number}"

    def design(self, *, test: bool) -> SealDesign:
        """Say what it shows; raises SealPictureRefused."""
        row = self.application
        usual = row.name if row.kind == "personal" else self.organisation
        tax_code = self.owner if row.kind == "invoice" else None
        return SealDesign(row.kind, self.ring or usual, row.bottom_text, self.diameter, test=test, tax_code=tax_code)


def owner_name(session: "Session", row: ApplicationRow, now: datetime) -> str:
    """Return the name that the owner has today; raises OrganisationUnknown."""
    owner = store.organisation_on(session, row.organisation, local_date(now))
    if owner is None:
        raise OrganisationUnknown(uscc=row.organisation)
    return owner.name


def next_generation(session: "Session", row: ApplicationRow) -> int:
    """Return which seal of its number it will be."""
    newest = store.newest_by_code(session, row.code)
    return 1 if newest is None else newest.generation + 1


def material(house: "House", wanted: Wanted, now: datetime) -> NewSeal:
    """Make what a seal needs; again, it finds what an interrupted run has made.

    Raises SealPictureRefused before any key is made, SealMakerMissing, KeyNotCertified, KeyRefused, DeskRefused,
    ProfileViolated, SesRefused.
    """
    design = wanted.design(test=house.settings.test_marks)
    picture = SealAppearance(draw_pdf(design, house.fonts))
    key_name = wanted.key or wanted.key_name
    certificate = _certified(house, key_name, now) if wanted.key else _issued(house, wanted, key_name, now)
    seal = NewSeal(
        code=wanted.application.code,
        organisation=wanted.owner,
        kind=wanted.application.kind,
        name=wanted.application.name,
        certificate=certificate,
        key_name=key_name,
        appearance=picture.to_bytes(),
    )
    if not wanted.national or "national" not in house.ceremony.hierarchies:
        return seal
    national_key = f"national-{wanted.key_name}"
    signing = _issued(house, replace(wanted, algorithm="SM2", on_token=False), national_key, now)
    esl = make_national_seal(house, code=seal.code, name=seal.name, design=design, certificate=signing, now=now)
    return replace(seal, esl=esl, esl_certificate=signing, esl_key_name=national_key)


def _issued(house: "House", wanted: Wanted, key_name: str, now: datetime) -> bytes:
    """Return a certificate by our own authority for a key, which is made if there is none."""
    with house.database.session(Role.WORKER) as session:
        require_purpose(session, key_name, "seal")
    signer = own_key(house.keys, key_name, wanted.algorithm, on_token=wanted.on_token)
    authority = active_authority(house, "seals", signer.public_key)
    request = CertificateRequest("seal", wanted.holder, signer.public_key, now, wanted.until)
    request_id = f"{wanted.application.id.hex}-{signer.algorithm}"
    return desk(house).issue(request, authority, request_id, OFFICER, now, key_name=key_name)


def _certified(house: "House", key_name: str, now: datetime) -> bytes:
    """Return the newest seal certificate for a key of ours, whoever issued it; raises KeyNotCertified."""
    found = [one.chain[0] for one in house.foreign_desk().listed(now) if (one.use, one.key_name) == ("seal", key_name)]
    with house.database.session(Role.WORKER) as session:
        own = certificate_by_key_name(session, key_name)
    if own is not None and own.profile == "seal" and own.der is not None:
        found.append(own.der)
    if not found:
        raise KeyNotCertified(key_name)
    return max(found, key=lambda der: read_certificate(der).not_before)
