"""`elicence db`: migrate the database, and check that models and migrations agree."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from api.database import Database


@click.group()
def db() -> None:
    """The database: migrate it, check it.

    数据库迁移与检查。
    """


@db.command()
def migrate() -> None:
    """Bring the database to the newest schema; any number of processes may try at once.

    将数据库升级到最新结构。Every command does so when it opens the database.
    """
    from api.database import HEAD, open_database
    from api.settings import settings

    with open_database(settings()):
        click.echo(f"数据库已是最新版本 the database is up to date: {HEAD}")


@db.command()
@click.pass_context
def check(ctx: click.Context) -> None:
    """Compare tables and policies with the models; where there is no house yet, in a new database that is thrown away.

    检查数据库结构与模型是否一致。Exit code 1 if they differ.
    """
    with _database_to_check() as database:
        found = database.check()
    for line in found:
        click.echo(line, err=True)
    click.echo("不一致 the models and the migrations differ" if found else "一致 models and migrations agree")
    ctx.exit(1 if found else 0)


@contextmanager
def _database_to_check() -> Iterator["Database"]:
    from api.database import open_database
    from api.settings import Settings, settings

    chosen = settings()
    if chosen.database_url is not None or (chosen.home / "postgres" / "cluster").exists():
        with open_database(chosen) as database:
            yield database
        return
    with tempfile.TemporaryDirectory(prefix="elicence-check-") as folder:
        Path(folder).chmod(0o711)  # started by root, the server runs as another account
        with open_database(Settings(home=Path(folder))) as database:
            yield database
