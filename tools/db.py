"""`elicence db`: migrate the database, and check that models and migrations agree."""

import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
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
@click.option("--house", is_flag=True, help="Check the database of the settings, not a new one. 检查现有数据库")
@click.pass_context
def check(ctx: click.Context, *, house: bool) -> None:
    """Compare the models with what the migrations make, in a new database that is thrown away.

    检查数据库迁移与模型是否一致。Exit code 1 if they differ.
    """
    with _existing_database() if house else _new_database() as database:
        found = database.check()
    for line in found:
        click.echo(line, err=True)
    click.echo("不一致 models and database differ" if found else "一致 models and database agree")
    ctx.exit(1 if found else 0)


def _existing_database() -> AbstractContextManager["Database"]:
    from api.database import open_database
    from api.settings import settings

    return open_database(settings())


@contextmanager
def _new_database() -> Iterator["Database"]:
    from api.database import open_database
    from api.settings import Settings

    with tempfile.TemporaryDirectory(prefix="elicence-check-") as folder:
        Path(folder).chmod(0o711)  # started by root, the server runs as another account
        with open_database(Settings(home=Path(folder), database_url=None)) as database:
            yield database
