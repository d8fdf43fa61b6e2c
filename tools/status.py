"""`elicence status export`: the signed status list as a file, for verifying off line."""

from datetime import UTC, datetime
from pathlib import Path

import click


@click.group()
def status() -> None:
    """Signed status lists, by which anybody can verify off line.

    签名的状态清单。
    """


@status.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--list", "number", default=1, show_default=True, type=click.IntRange(1), help="Which list. 清单序号")
def export(file: Path, number: int) -> None:
    """Write a status list as of now, signed, into FILE; valid for a day.

    导出签名的状态清单；有效期一天。A licence says in its signed JSON which list it stands in.
    """
    from api.schema import Role
    from licences.status_list import build, list_count
    from tools.opening import opened_house
    from tools.whole_files import write_whole

    with opened_house() as house:
        signer, chain = house.status_signer()
        with house.database.session(Role.WORKER) as session:
            count = list_count(session)
            if number > count:
                hint = f"共有 {count} 份 / there are {count}"
                raise click.BadParameter(hint, param_hint="--list")
            text = build(session, signer, chain, house.settings.base_url, datetime.now(UTC), number=number)
    write_whole(file, text.encode("ascii"))
    click.echo(f"状态清单 status list {number}/{count}: {file}")
