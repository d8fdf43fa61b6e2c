"""For developers: `python -m api.migrations check` and `python -m api.migrations revise "why"`
(then HEAD in `api/database.py` is raised by hand, and a test says so).

Both work on a throw-away embedded server that is brought to the newest migration first.
"""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command

from api.database import MIGRATIONS, Database, alembic_config
from api.embedded_postgres import running
from api.schema import Role


@contextmanager
def _scratch_database() -> Iterator[Database]:
    with tempfile.TemporaryDirectory(prefix="elicence-") as scratch:
        Path(scratch).chmod(0o711)  # started by root, the server runs as another account
        with running(Path(scratch, "postgres")) as url:
            database = Database(url, own_logins=True)
            database.migrate()
            yield database
            database.close()


def revise(database: Database, message: str) -> None:
    """Write a new migration from what differs between the models and a database that is at the newest one."""
    number = len(list((MIGRATIONS / "versions").glob("*.py"))) + 1
    with database.engine(Role.OWNER).begin() as owner:
        command.revision(alembic_config(owner), message, autogenerate=True, rev_id=f"{number:04}")


def main(arguments: list[str]) -> int:
    """Return 0 when the migrations make what the models say, or the new one is written; 1 when they differ."""
    with _scratch_database() as database:
        if arguments[:1] == ["revise"]:
            revise(database, arguments[1])
            return 0
        found = database.check()
    for difference in found:
        sys.stderr.write(f"{difference}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
