"""A register with one organisation and one granted seal, for tests."""

from datetime import date
from functools import cache
from uuid import UUID

from sqlalchemy.orm import Session

from ca.keys import Cost, LocalKeyWrapper, SoftwareSigner
from ledger.actor import Actor, Uscc
from ledger.promises import Promiser
from seals.grants import Grant, Seal
from seals.organisations import Organisation
from seals.registry import NewSeal, SealCustodian, register_organisation
from tests.seals.keys import BUREAU_CODE, NOW, seal_keys

BUREAU = Uscc(BUREAU_CODE)
TYPE = "11100000MB03271699001"
CUSTODIAN = Actor(kind="person", id="custodian-1", operator_unit=BUREAU, on_behalf_of=BUREAU)
SYSTEM = Actor(kind="system", id="approval-1", operator_unit=BUREAU, on_behalf_of=BUREAU)


@cache
def wrapper() -> LocalKeyWrapper:
    return LocalKeyWrapper.create(b"test passphrase", NOW, Cost(2, 1, 1))


@cache
def promiser() -> Promiser:
    return Promiser("elicence.test/log", SoftwareSigner.generate("Ed25519"))


@cache
def custodian() -> SealCustodian:
    return SealCustodian(wrapper(), promiser())


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
    return made, grant(session, made.id, licence_type=licence_type)


def grant(session: Session, seal_id: UUID, *, grantee: str = SYSTEM.id, licence_type: str = TYPE) -> Grant:
    return custodian().grant(
        session,
        seal_id,
        grantee=grantee,
        licence_type=licence_type,
        valid_from=NOW,
        valid_until=None,
        actor=CUSTODIAN,
        now=NOW,
    )
