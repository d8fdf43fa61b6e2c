"""Founding the house: one ceremony, then its certificates, organisations and seals in the register.

Each step finds what an interrupted run left and goes on from there; a finished house is never changed.
"""

import os
import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy.orm import Session

from api.house import House, key_ring, root_keys
from api.schema import Role
from api.seal_providers import make_national_seal, seal_maker
from api.settings import Settings
from api.systems import register_system
from api.trust_lists import publish_lists
from ca.ceremonies.ceremony import Ceremony, SealCertificate, open_ceremony, perform
from ca.ceremonies.plan import CeremonyPlan, SealPlan
from ca.reading.certificate_reader import read_certificate
from ca.store import register_ceremony
from ledger.actor import Actor, Uscc
from seals.life.authorisations import AuthorisationWanted
from seals.life.organisations import Organisation, check_uscc
from seals.life.registry import NewSeal, SealCustodian, register_organisation
from seals.life.roles import SEAL_CUSTODIAN, SEAL_FOUNDER
from seals.picture.appearance import SealAppearance, SealDesign, draw_pdf
from seals.providers.importing import NationalSeal
from seals.store import grants_of, seal_by_code

FOUNDER: Final = Actor(
    kind="system", id="ceremony", operator_unit=None, on_behalf_of=None, roles=frozenset({SEAL_CUSTODIAN, SEAL_FOUNDER})
)

FIRST_YEAR: Final = timedelta(days=366)
"""How long systems that are enrolled may seal by themselves before somebody decides about it anew."""
DAILY_CAP: Final = 100_000
"""How many seals a day each of them may set, for each licence type."""

BEFORE_ALL_RECORDS: Final = date(1949, 10, 1)
"""A unit's first name holds from here: licences brought in may bear any earlier day."""

# STANDARDS: the numbers of the national seal types, and the words of our register.
SEAL_KINDS: Final = {
    1: "statutory",
    2: "finance",
    3: "invoice",
    4: "contract",
    5: "personal",
    6: "special",
    99: "other",
}


def new_passphrase(path: Path) -> None:
    """Write a passphrase of 256 random bits, readable by us alone, unless the file is there already."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(32) + "\n")
        file.flush()
        os.fsync(file.fileno())


def hold_ceremony(settings: Settings, plan: CeremonyPlan, now: datetime) -> Ceremony:
    """Make keys, certificates and trust list.

    Raises CeremonyDone where they exist, NationalUnavailable, SealPictureRefused (before any key is made).
    """
    for seal in plan.seals:
        _design(seal, test=settings.test_marks)
    new_passphrase(settings.passphrase_file)
    return perform(plan, key_ring(settings), root_keys(settings), now)


def register(house: House, now: datetime) -> int:
    """Enter the ceremony's certificates, organisations and seals; return how many seals are new.

    Each seal has its national form as well, once the national hierarchy can make it.
    """
    ceremony = open_ceremony(house.keys.path)
    with house.database.session(Role.WORKER) as session:
        register_ceremony(session, ceremony, house.wrapper, house.promiser, now)
        custodian = house.seals().custodian
        new = sum(_enter(session, house, custodian, seal, now) for seal in ceremony.seals.values())
    publish_lists(house, now)
    return new


def _enter(session: Session, house: House, custodian: SealCustodian, seal: SealCertificate, now: datetime) -> bool:
    plan = seal.plan
    owner, design = check_uscc(plan.uscc), _design(plan, test=house.settings.test_marks)
    known = seal_by_code(session, plan.code)
    if known is not None:
        # Founded by an earlier release, which made no national seals; a seal that was renewed since is its makers' affair.
        missing = known.esl is None and known.certificate == seal.cert_der
        if missing and (national := _national(house, plan, design, now)):
            custodian.add_national(
                session, known.id, national.esl, national.certificate, national.key_name, _founder(owner), now
            )
        return False
    register_organisation(session, Organisation(owner, plan.organisation, BEFORE_ALL_RECORDS))
    made = NewSeal(
        code=plan.code,
        organisation=owner,
        kind=SEAL_KINDS[plan.kind],
        name=plan.seal_name,
        certificate=seal.cert_der,
        key_name=seal.key_name,
        appearance=SealAppearance(draw_pdf(design, house.fonts)).to_bytes(),
    )
    if (national := _national(house, plan, design, now)) is not None:
        made = replace(made, esl=national.esl, esl_certificate=national.certificate, esl_key_name=national.key_name)
    custodian.make_seal(session, made, _founder(owner), now)
    return True


def _national(house: House, plan: SealPlan, design: SealDesign, now: datetime) -> NationalSeal | None:
    """Make a seal's national form; None where no ceremony made a certificate and a maker for it, or one is good no more."""
    signing, maker = house.ceremony.national_seals.get(plan.id), seal_maker(house, now)
    if signing is None or maker is None or now > read_certificate(signing.cert_der).not_after:
        return None
    esl = make_national_seal(
        house, code=plan.code, name=plan.seal_name, design=design, certificate=signing.cert_der, now=now
    )
    return NationalSeal(esl, signing.cert_der, signing.key_name)


def _design(plan: SealPlan, *, test: bool) -> SealDesign:
    """Say what the seal shows; raises SealPictureRefused."""
    kind = SEAL_KINDS[plan.kind]
    return SealDesign(
        kind,
        plan.ring_text or plan.organisation,
        plan.bottom_text,
        plan.diameter_mm,
        test=test,
        tax_code=plan.uscc if kind == "invoice" else None,
    )


def _founder(unit: Uscc) -> Actor:
    return replace(FOUNDER, on_behalf_of=unit)


def enrol(house: House, *, system_id: str, name: str, unit: str, issuers: Sequence[str], now: datetime) -> str:
    """Register a system, let it seal by itself for the units it issues for, and return its token.

    Grants and standing authorisations, which end after a year, are made once: enrolling again gives a new token and what is missing. Raises OrganisationRefused.
    """
    units = [check_uscc(issuer) for issuer in issuers]
    with house.database.session(Role.WORKER) as session:
        token = register_system(
            session, system_id=system_id, name=name, operator_unit=check_uscc(unit), issuers=units, now=now
        )
        for seal in house.ceremony.seals.values():
            if seal.plan.uscc in units:
                _grant(session, house, seal, system_id, now)
    return token


def _grant(session: Session, house: House, seal: SealCertificate, system_id: str, now: datetime) -> None:
    row = seal_by_code(session, seal.plan.code)
    if row is None:
        return
    founder = _founder(check_uscc(seal.plan.uscc))
    granted = {grant.licence_type for grant in grants_of(session, row.id, system_id)}
    for slug in seal.plan.licence_types:
        code = house.catalogue.type(slug).code
        if code not in granted:
            wanted = AuthorisationWanted(row.id, system_id, code, DAILY_CAP, now, now + FIRST_YEAR, "系统接入")
            house.seals().authorisations.found(session, wanted, founder, now)
            house.seals().custodian.grant(
                session,
                row.id,
                grantee=system_id,
                licence_type=code,
                valid_from=now,
                valid_until=None,
                actor=founder,
                now=now,
            )
