"""`elicence trust export`: everything a verifier needs off line, as a file."""

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
    from api.settings import settings
    from ca.ceremony import open_ceremony
    from tools.whole_files import write_whole

    write_whole(file, open_ceremony(settings().home / "keys").trust)
    click.echo(f"信任列表 trust list: {file}")
