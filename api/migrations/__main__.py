"""For developers: `python -m api.migrations check` and `python -m api.migrations revise "why"`.

Both work on a throw-away embedded server that is brought to the newest migration first.
"""

import sys
import tempfile
from pathlib import Path

from api.database import Database
from api.embedded_postgres import running


def main(arguments: list[str]) -> int:
    """Return 0 when the migrations make what the models say, or the new one is written; else 1."""
    with tempfile.TemporaryDirectory(prefix="elicence-") as scratch, _server(scratch) as url:
        database = Database(url, own_logins=True)
        try:
            database.migrate()
            if arguments[:1] == ["revise"]:
                database.revise(arguments[1])
                return 0
            found = database.check()
        finally:
            database.close()
    for difference in found:
        sys.stderr.write(f"{difference}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
