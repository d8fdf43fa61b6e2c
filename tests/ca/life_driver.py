"""A process that does one act of the office and dies at a step: `python -m tests.ca.life_driver URL KEYS ACT STEP …`.

What it was able to finish it prints: the certificate in hexadecimal, or the word `done`.
"""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from api.database import Database
from tests.ca.house import NOW
from tests.ca.office import LATER, OFFICER, Office, client, open_office

AUTHORITY = "issuing-systems"


def kill_at(step: str) -> Callable[[str], None]:
    def checkpoint(told: str) -> None:
        if told == step:
            os.kill(os.getpid(), signal.SIGKILL)

    return checkpoint


def main(url: str, keys: str, act: str, step: str, *arguments: str) -> None:
    database = Database(url, own_logins=True)
    office = open_office(database, Path(keys))
    sys.stdout.write(_act(office, act, kill_at(step), *arguments))
    sys.stdout.flush()
    database.close()


def _act(office: Office, act: str, checkpoint: Callable[[str], None], *arguments: str) -> str:
    desk = office.desk(checkpoint)
    if act == "issue":
        request = client(public_key=bytes.fromhex(arguments[0]))
        return desk.issue(request, AUTHORITY, "r-killed", OFFICER, NOW).hex()
    if act == "revoke":
        desk.revoke(int(arguments[0]), "keyCompromise", LATER, OFFICER, LATER)
    elif act == "release":
        desk.release(int(arguments[0]), OFFICER, LATER)
    else:
        office.publisher(checkpoint).publish_due(LATER)
    return "done"


if __name__ == "__main__":
    main(*sys.argv[1:])
