"""Who acts when a command is run: a registered system, for one of the units that let it issue."""

from sqlalchemy import select

from api.house import House
from api.models import System
from api.schema import Role
from api.systems import RegisteredSystem
from ledger.actor import Actor, Uscc
from tools.errors import SystemsNone, SystemsSeveral, SystemUnknown


def acting_system(house: House, system_id: str | None) -> RegisteredSystem:
    """Return the system of that id, or the only one there is.

    Raises SystemsNone, SystemUnknown, SystemsSeveral.
    """
    with house.database.session(Role.APP) as session:
        rows = list(session.scalars(select(System).where(System.active).order_by(System.id)))
    if not rows:
        raise SystemsNone
    known = ", ".join(row.id for row in rows)
    if system_id is None and len(rows) > 1:
        raise SystemsSeveral(known=known)
    found = next((row for row in rows if system_id in {None, row.id}), None)
    if found is None:
        raise SystemUnknown(system=str(system_id), known=known)
    return RegisteredSystem(found.id, Uscc(found.operator_unit), frozenset(found.issuers))


def unit_operator(unit: Uscc) -> Actor:
    """Return the operator of this installation, acting for a unit: accounts of persons come with their log-in."""
    return Actor(kind="person", id="operator", operator_unit=unit, on_behalf_of=unit, roles=frozenset({"operator"}))
