"""`elicence init` and `elicence systems add`: the first hour of an installation."""

from datetime import UTC, datetime
from pathlib import Path

import click


@click.command()
@click.argument("plan", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def init(plan: Path) -> None:
    """Hold the key ceremony of PLAN (YAML): roots, issuing CAs, timestamp authorities, seals, transcript, trust.json.

    按 PLAN 举行密钥仪式。An interrupted run is finished by running it again; a finished house is never changed.
    tools/demo/ceremony.yaml is an example.
    """
    from api.founding import hold_ceremony, register
    from api.house import open_house
    from api.settings import settings
    from ca.ceremonies.ceremony import open_ceremony
    from ca.ceremonies.plan import load_plan
    from ca.errors import CeremonyDone
    from tools.sequencing import Sequencing

    chosen = settings()
    now = datetime.now(UTC)
    wanted = load_plan(plan.read_text(encoding="utf-8", errors="replace"))
    folder = chosen.home / "keys"
    try:
        ceremony = hold_ceremony(chosen, wanted, now)
        click.echo(f"密钥仪式完成 ceremony held: {folder}")
    except CeremonyDone:
        ceremony = open_ceremony(folder)
        if ceremony.plan != wanted:
            raise
        click.echo(f"密钥已存在，继续登记 keys exist, going on with the register: {folder}")
    with open_house(chosen) as house, Sequencing(house.sequencer()):
        new = register(house, now)
    click.echo(f"印章登记 seals registered: {new} 新 new / {len(ceremony.seals)}")
    click.echo(f"信任列表 trust list: {folder / 'trust.json'}")
    click.echo(f"仪式记录 transcript: {folder / 'transcript.txt'}")
    click.echo(
        f"根密钥 root keys: {folder / 'root'} （请移至离线介质保管 carry this folder away: only ceremonies need it）"
    )
    click.echo(f"口令文件 passphrase: {chosen.passphrase_file} （请与密钥分开保管 keep it apart from the keys）")


@click.group()
def systems() -> None:
    """Systems that may push decisions.

    可推送决定的业务系统。
    """


@systems.command("add")
@click.argument("system_id")
@click.option("--name", required=True, help="What people call it. 名称")
@click.option("--unit", required=True, help="USCC of the unit that runs it. 运行单位代码")
@click.option(
    "--issuer", "issuers", multiple=True, required=True, help="USCC it may issue for; repeatable. 可代表的发证单位"
)
def add(system_id: str, name: str, unit: str, issuers: tuple[str, ...]) -> None:
    """Register SYSTEM_ID, let it use its issuers' seals, and print its token, which is shown only once.

    登记业务系统并授权用章；令牌只显示一次。Run again to give it a new token.
    """
    from api.founding import enrol
    from tools.opening import opened_house
    from tools.sequencing import Sequencing

    with opened_house() as house, Sequencing(house.sequencer()):
        token = enrol(house, system_id=system_id, name=name, unit=unit, issuers=list(issuers), now=datetime.now(UTC))
    click.echo(token)
