"""A small house that issues: a register with a granted seal for every issuer of the samples, and an issuer over it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cache

from sqlalchemy import Connection, func, select

from api.database import Database
from api.schema import Role
from ledger.actor import Actor, Uscc
from ledger.models import EventRow
from ledger.objects.objects import ObjectStore
from licences.catalogue import Catalogue
from licences.drafts import LicenceRequest
from licences.issuing import Issuer, build_issuer
from licences.issuing_production import SealingTools, nothing
from licences.issuing_results import Issued, Outcome
from licences.models import LicenceRow, StatusRow, VersionRow
from licences.rendering import Renderer
from seals.jwt.jades import JsonSealer
from seals.life.grants import Grant, Seal
from seals.life.organisations import Organisation
from seals.life.registry import NewSeal, register_organisation
from seals.models import UseRow
from seals.pdf.pades import PdfSealer
from tests.licences import samples
from tests.seals.house import FONTS, appearance
from tests.seals.keys import NOW, root, seal_keys, timestamper
from tests.seals.register import CUSTODIAN, authorise, custodian, promiser, wrapper

BASE_URL = "https://elicence.test"
SYSTEM = "approval-1"
ISSUERS = {
    "11990100MB9T00011N": "测试市自然资源和规划局",
    "11990100MB9T0002XE": "测试市住房和城乡建设局",
    "11990100MB9T00038E": "测试市市场监督管理局",
    "11990100MB9T000544": "测试市烟草专卖局",
}
LATER = NOW + timedelta(seconds=2)


def actor(issuer: str = "11990100MB9T00038E", system: str = SYSTEM) -> Actor:
    return Actor(kind="system", id=system, operator_unit=Uscc(issuer), on_behalf_of=Uscc(issuer))


def shop(number: int, **changes: object) -> LicenceRequest:
    """One of many tobacco permits: the shortest content, the quickest page."""
    sound = samples.request("tobacco-retail-permit", number=f"9901011{number:05}", business_number=f"YW-{number}")
    return replace(sound, **changes)  # type: ignore[arg-type]


TOBACCO = "11990100MB9T000544"


KEEPER = replace(CUSTODIAN, on_behalf_of=Uscc(TOBACCO))
"""The custodian of the tobacco administration's seal."""


def clock() -> datetime:
    return NOW


def register_seals(database: Database) -> dict[str, tuple[Seal, Grant]]:
    """Enter every issuer with one seal that any system may use for any type."""
    entered = {}
    with database.session(Role.WORKER) as session:
        for position, (uscc, name) in enumerate(ISSUERS.items(), 1):
            code = f"990101000000{position:02}"
            register_organisation(session, Organisation(Uscc(uscc), name, date(2000, 1, 1)))
            new = NewSeal(
                code=code,
                organisation=Uscc(uscc),
                kind="special",
                name=f"{name}（测试）",
                certificate=seal_keys(code, uscc).chain[0],
                key_name=code,
                appearance=appearance().to_bytes(),
            )
            keeper = replace(CUSTODIAN, on_behalf_of=Uscc(uscc))
            seal = custodian().make_seal(session, new, keeper, NOW)
            granted = custodian().grant(
                session,
                seal.id,
                grantee="*",
                licence_type="*",
                valid_from=NOW,
                valid_until=None,
                actor=keeper,
                now=NOW,
            )
            authorise(session, seal.id, actor=keeper)
            entered[uscc] = (seal, granted)
    return entered


def tools(seal: Seal) -> SealingTools:
    keys = seal_keys(seal.code, seal.organisation)
    pdf = PdfSealer(keys.signer, (*keys.chain, root().certificate), appearance(), timestamper(), seal.name, "颁发证照")
    return SealingTools(JsonSealer(keys.signer, keys.chain, timestamper()), pdf)


@cache
def renderer() -> Renderer:
    return Renderer(FONTS)


def connecting(database: Database, role: Role) -> Callable[[], Connection]:
    return lambda: database.engine(role).connect().execution_options(isolation_level="AUTOCOMMIT")


def issuer_over(
    database: Database,
    objects: ObjectStore,
    *,
    role: Role = Role.WORKER,
    checkpoint: Callable[[str], None] = nothing,
    pages: Renderer | None = None,
) -> Issuer:
    return build_issuer(
        sessions=lambda actor: database.session(role, actor),
        connect=connecting(database, role),
        objects=objects,
        wrapper=wrapper(),
        promiser=promiser(),
        catalogue=Catalogue.load(),
        renderer=pages or renderer(),
        sealers=tools,
        base_url=BASE_URL,
        checkpoint=checkpoint,
    )


@contextmanager
def open_issuer(
    database: Database, objects: ObjectStore, *, role: Role = Role.WORKER, checkpoint: Callable[[str], None] = nothing
) -> Iterator[Issuer]:
    with issuer_over(database, objects, role=role, checkpoint=checkpoint) as issuer:
        yield issuer


def issue(issuer: Issuer, request: LicenceRequest, system: str = "approval-1") -> Outcome:
    return issuer.issue_one(request, actor(request.issuer, system), NOW)


def issued(issuer: Issuer, request: LicenceRequest) -> Issued:
    outcome = issue(issuer, request)
    assert isinstance(outcome, Issued), outcome
    return outcome


def counted(database: Database) -> dict[str, int]:
    tables = (LicenceRow, VersionRow, StatusRow, UseRow)
    with database.session(Role.WORKER) as session:
        found = {table.__tablename__: session.scalar(select(func.count()).select_from(table)) or 0 for table in tables}
        found["events"] = session.scalar(select(func.count()).where(EventRow.kind == "issued")) or 0
        return found


def unprintable(number: int, **changes: object) -> LicenceRequest:
    fields = {**shop(number).fields, "responsible_person": "王测试\U000323b0"}  # 𲎰, newer than our fonts
    return shop(number, fields=fields, **changes)
