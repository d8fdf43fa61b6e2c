"""A ledger of its own for measuring: an embedded database and an object store in a folder that goes with it."""

import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

from api.database import Database, open_database
from api.schema import Role
from api.settings import Settings
from ca.keys.software_signer import SoftwareSigner
from ca.keys.wrapper import LocalKeyWrapper
from ledger.log.log import Sessions
from ledger.log.promises import Promiser
from ledger.log.sequencer import Sequencer
from ledger.objects.local_objects import LocalObjects
from ledger.signing import Signer
from ledger.subjects import SubjectKeys, create_subjects

ORIGIN: Final = "bench.elicence.test/log"


@dataclass(frozen=True, slots=True)
class LedgerRoom:
    """Everything that a log needs, and nothing else of a house."""

    database: Database
    objects: LocalObjects
    signer: Signer
    wrapper: LocalKeyWrapper

    @property
    def sessions(self) -> Sessions:
        """Sessions of the worker."""
        return lambda: self.database.session(Role.WORKER)

    @property
    def promiser(self) -> Promiser:
        """Gives this log's promises."""
        return Promiser(ORIGIN, self.signer)

    def sequencer(self, batch: int = 1000) -> Sequencer:
        """Return a sequencer of this log."""
        return Sequencer(
            sessions=self.sessions,
            objects=self.objects,
            signer=self.signer,
            origin=ORIGIN,
            wrapper=self.wrapper,
            batch=batch,
        )

    def subjects(self, count: int) -> dict[UUID, SubjectKeys]:
        """Add so many licences and return their keys."""
        with self.sessions() as session:
            return create_subjects(session, self.wrapper, "licence", [uuid4() for _ in range(count)])


@contextmanager
def throwaway_ledger() -> Iterator[LedgerRoom]:
    """Open a ledger in a temporary folder, which goes with it."""
    with tempfile.TemporaryDirectory(prefix="elicence-bench-") as folder:
        # Started by root, the database runs as another account, which must be able to pass through.
        Path(folder).chmod(0o711)
        home = Path(folder, "home")
        with open_database(Settings(home=home, database_url=None)) as database:
            wrapper = LocalKeyWrapper(b"", {"bench": secrets.token_bytes(32)}, secrets.token_bytes(32))
            yield LedgerRoom(database, LocalObjects(home / "objects"), SoftwareSigner.generate("Ed25519"), wrapper)
