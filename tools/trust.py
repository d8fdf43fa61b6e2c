"""`elicence trust export`: everything a verifier needs off line, as a file."""

from datetime import UTC, datetime
from pathlib import Path

import click


@click.group()
def trust() -> None:
    """The signed trust list: anchors, log and status keys, algorithms.

    签名的信任列表。
    """


@trust.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def export(file: Path) -> None:
    """Write the trust list into FILE, for counterparts to verify with.

    导出信任列表，供用证单位离线核验。
    """
    from tools.opening import opened_house
    from tools.whole_files import write_whole

    with opened_house() as house:
        write_whole(file, house.trust_lists.file(datetime.now(UTC)))
    click.echo(f"信任列表 trust list: {file}")
