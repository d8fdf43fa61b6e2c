"""A register with one organisation and one granted seal, for tests."""

from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from uuid import UUID

from sqlalchemy.orm import Session

from ca.keys.passphrase import Cost
from ca.keys.software_signer import SoftwareSigner
from ca.keys.wrapper import LocalKeyWrapper
from ledger.actor import Actor, Uscc
from ledger.log.promises import Promiser
from seals.life.authorisations import AuthorisationWanted
from seals.life.grants import ANY, Authorisation, Grant, Seal
from seals.life.office import SealOffice
from seals.life.organisations import Organisation
from seals.life.registry import NewSeal, SealCustodian, register_organisation
from seals.life.roles import SEAL_APPROVER, SEAL_AUDITOR, SEAL_CLERK, SEAL_CUSTODIAN, SEAL_FOUNDER
from tests.seals.keys import BUREAU_CODE, NOW, seal_keys

BUREAU = Uscc(BUREAU_CODE)
TYPE = "11100000MB03271699001"
CUSTODIAN = Actor(
    kind="person",
    id="custodian-1",
    operator_unit=BUREAU,
    on_behalf_of=BUREAU,
    roles=frozenset({SEAL_CUSTODIAN, SEAL_FOUNDER}),
)
CLERK = replace(CUSTODIAN, id="clerk-1", roles=frozenset({SEAL_CLERK}))
APPROVER = replace(CUSTODIAN, id="approver-1", roles=frozenset({SEAL_APPROVER}))
AUDITOR = replace(CUSTODIAN, id="auditor-1", roles=frozenset({SEAL_AUDITOR}))
SYSTEM = Actor(kind="system", id="approval-1", operator_unit=BUREAU, on_behalf_of=BUREAU)


@cache
def wrapper() -> LocalKeyWrapper:
    return LocalKeyWrapper.create(b"test passphrase", NOW, Cost(2, 1, 1))


@cache
def promiser() -> Promiser:
    return Promiser("elicence.test/log", SoftwareSigner.generate("Ed25519"))


@cache
def office() -> SealOffice:
    return SealOffice(wrapper(), promiser())


def custodian() -> SealCustodian:
    return office().custodian


def bureau() -> Organisation:
    return Organisation(BUREAU, "测试市自然资源和规划局", date(2020, 1, 1))


def new_seal(code: str = "99010100000001", kind: str = "special") -> NewSeal:
    return NewSeal(
        code=code,
        organisation=BUREAU,
        kind=kind,
        name="测试市自然资源和规划局不动产登记专用章（测试）",
        certificate=seal_keys(code).chain[0],
        key_name=f"seal-{code}",
        appearance=b"picture",
    )


def granted_seal(session: Session, seal: NewSeal | None = None, licence_type: str = TYPE) -> tuple[Seal, Grant]:
    register_organisation(session, bureau())
    made = custodian().make_seal(session, seal or new_seal(), CUSTODIAN, NOW)
    given = grant(session, made.id, licence_type=licence_type)
    authorise(session, made.id)
    return made, given


def authorise(
    session: Session,
    seal_id: UUID,
    *,
    system: str = ANY,
    licence_type: str = ANY,
    daily_cap: int = 1_000_000,
    actor: Actor = CUSTODIAN,
) -> Authorisation:
    wanted = AuthorisationWanted(
        seal_id, system, licence_type, daily_cap, NOW - timedelta(days=100), NOW + timedelta(days=266), "测试"
    )
    return office().authorisations.found(session, wanted, actor, NOW)


def grant(
    session: Session,
    seal_id: UUID,
    *,
    grantee: str = SYSTEM.id,
    licence_type: str = TYPE,
    daily_limit: int | None = None,
) -> Grant:
    return custodian().grant(
        session,
        seal_id,
        grantee=grantee,
        licence_type=licence_type,
        valid_from=NOW,
        valid_until=None,
        actor=CUSTODIAN,
        now=NOW,
        daily_limit=daily_limit,
    )
