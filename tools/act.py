"""`elicence act`: change the status of a licence by an act of law."""

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from licences.transitions import CANCELLATIONS, SUSPENSIONS, Act
from tools.moments import MOMENT

if TYPE_CHECKING:
    from api.house import House
    from ledger.actor import Actor
    from licences.acts import StatusChange


@click.command()
@click.argument("identifier")
@click.option(
    "--act", "act_name", required=True, type=click.Choice([act.value for act in Act]), help="What is done. 操作"
)
@click.option("--reason", required=True, help="Why; kept encrypted. 理由")
@click.option("--legal-basis", required=True, help="Article of law. 法律依据")
@click.option("--decision", metavar="NUMBER", help="Number of the decision; needed to reinstate. 决定文号")
@click.option("--kind", type=click.Choice([*SUSPENSIONS, *CANCELLATIONS]), help="Of a suspension or cancellation. 种类")
@click.option("--effective-at", type=MOMENT, help="From when, if not from now: 2026-11-22T10:00:00+08:00. 生效时间")
@click.option("--until", type=MOMENT, help="When a suspension ends by itself. 暂扣截止时间")
@click.option("--as", "system_id", metavar="SYSTEM", help="Registered system that acts, if several. 业务系统")
@click.option("--unit", metavar="USCC", help="Act as the operator for this unit, not as a system. 操作单位")
@click.option("--json", "as_json", is_flag=True, help="The answer as one line of JSON. 以 JSON 输出")
def act(
    identifier: str,
    act_name: str,
    reason: str,
    legal_basis: str,
    decision: str | None,
    kind: str | None,
    effective_at: datetime | None,
    until: datetime | None,
    system_id: str | None,
    unit: str | None,
    *,
    as_json: bool,
) -> None:
    """Do an act on the licence of IDENTIFIER: suspend, revoke, annul and others.

    对证照执行吊销、撤销、暂扣等操作。Only the unit that issued it can; what may follow on what is the law's, and the
    answer says what is possible.
    """
    from api.schema import Role
    from licences.acts import Grounds, Registrar
    from tools.opening import opened_house
    from tools.sequencing import Sequencing

    if system_id is not None and unit is not None:
        raise click.UsageError("--as 与 --unit 只能选一个 / give either --as or --unit, not both")
    now = datetime.now(UTC)
    with opened_house() as house, Sequencing(house.sequencer()):
        actor = _actor(house, identifier, system_id, unit)
        with house.database.session(Role.APP, actor) as session:
            change = Registrar(house.wrapper, house.promiser).change_status(
                session,
                identifier,
                Act(act_name),
                Grounds(reason, legal_basis, decision),
                actor,
                now,
                effective_at=effective_at,
                until=until,
                kind=kind,
            )
    click.echo(_json(change) if as_json else _text(change))


def _actor(house: "House", identifier: str, system_id: str | None, unit: str | None) -> "Actor":
    """Return who acts: the unit that is named, or a system for the unit that the identifier names."""
    from licences import identifiers
    from seals.life.organisations import check_uscc
    from tools.acting import acting_system, unit_operator

    issuer = identifiers.parse(identifier).issuer
    return unit_operator(check_uscc(unit)) if unit is not None else acting_system(house, system_id).actor_for(issuer)


def _json(change: "StatusChange") -> str:
    return json.dumps(
        {
            "identifier": change.identifier,
            "status": change.status.value,
            "effective_at": change.effective_at.isoformat(),
            "recorded_at": change.recorded_at.isoformat(),
            "event": change.event,
            "promise": change.promise.text,
        },
        ensure_ascii=False,
    )


def _text(change: "StatusChange") -> str:
    return (
        f"证照 licence {change.identifier}: {change.status.value}\n"
        f"生效 effective {change.effective_at.isoformat()} · 存证 event {change.event}"
    )
