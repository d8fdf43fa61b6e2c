"""A certificate office for tests: the city's authorities in a database of the test's own, a desk and a publisher."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.database import Database
from api.schema import Role
from ca.ceremonies.ceremony import open_ceremony
from ca.ceremonies.credentials import Ceremony
from ca.desk.asking import CERTIFICATE_OFFICER
from ca.desk.issuance import CertificateDesk, Checkpoint, nothing
from ca.desk.publishing import LIFETIME, CrlPublisher
from ca.keys.folder import KeyFolder
from ca.keys.ring import KeyRing
from ca.keys.software_signer import SoftwareSigner
from ca.models import CertificateRow, CrlRow, RevocationRow
from ca.reading.certificate_reader import read_certificate
from ca.reading.crl_reader import RevocationList, read_crl
from ca.store import crl_of, register_ceremony
from ca.writing.certificate_request import CertificateRequest
from ca.writing.certificates import DistinguishedName
from ca.writing.locations import Locations
from ledger.actor import Actor
from ledger.log.promises import Promiser
from ledger.models import EventRow
from ledger.signing import KeyWrapper
from tests.ca.house import CHEAP, NOW

PASSPHRASE = b"a passphrase for tests"
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
LATER = NOW + HOUR
OFFICER = Actor(
    kind="person", id="officer-1", operator_unit=None, on_behalf_of=None, roles=frozenset({CERTIFICATE_OFFICER})
)
BASE_URL = "http://pki.test"

T = TypeVar("T")


@dataclass(frozen=True)
class Office:
    """The office: its keys, what its ceremony made, and its database."""

    database: Database
    ring: KeyRing
    ceremony: Ceremony
    wrapper: KeyWrapper
    promiser: Promiser

    def desk(self, checkpoint: Checkpoint = nothing) -> CertificateDesk:
        return CertificateDesk(
            sessions=self.worker,
            signers=self.ring.signer,
            wrapper=self.wrapper,
            promiser=self.promiser,
            locations=lambda authority: Locations.of(BASE_URL, authority),
            checkpoint=checkpoint,
        )

    def publisher(self, checkpoint: Checkpoint = nothing, lifetime: timedelta = LIFETIME) -> CrlPublisher:
        return CrlPublisher(self.worker, self.ring.signer, lifetime, checkpoint=checkpoint)

    @contextmanager
    def worker(self) -> Iterator[Session]:
        with self.database.session(Role.WORKER) as session:
            yield session

    def row(self, serial: int) -> CertificateRow:
        with self.worker() as session:
            return session.get_one(CertificateRow, f"{serial:040x}")

    def count(self, kind: str) -> int:
        """Count events of a kind, of all certificates together."""
        with self.worker() as session:
            return session.scalar(select(func.count()).where(EventRow.kind == kind)) or 0

    def revocations(self) -> list[RevocationRow]:
        with self.worker() as session:
            return list(session.scalars(select(RevocationRow).order_by(RevocationRow.recorded_at)))

    def intended(self) -> list[CertificateRow]:
        with self.worker() as session:
            return list(session.scalars(select(CertificateRow).where(CertificateRow.state == "intended")))

    def lists(self, authority: str) -> list[CrlRow]:
        with self.worker() as session:
            query = select(CrlRow).where(CrlRow.authority == authority).order_by(CrlRow.number)
            return list(session.scalars(query))

    def crl(self, authority: str) -> RevocationList:
        """Return the newest list as the world has it."""
        with self.worker() as session:
            row = crl_of(session, authority)
            assert row is not None
            assert row.der is not None
            return read_crl(row.der)


def open_keys(folder: Path) -> KeyRing:
    return KeyRing(KeyFolder(folder, PASSPHRASE, CHEAP))


def open_office(database: Database, folder: Path) -> Office:
    """Open the office in any process: from the folder that the ceremony left."""
    ring = open_keys(folder)
    ceremony = open_ceremony(folder)
    promiser = Promiser(ceremony.plan.log.origin, ring.signer("log"))
    return Office(database, ring, ceremony, ring.wrapper(), promiser)


def register(office: Office, now: datetime = NOW, ceremony: Ceremony | None = None) -> int:
    with office.worker() as session:
        return register_ceremony(session, ceremony or office.ceremony, office.wrapper, office.promiser, now)


def client(
    name: str = "测试审批系统", public_key: bytes | None = None, begin: datetime = NOW, days: int = 365
) -> CertificateRequest:
    """Ask for a system's certificate, for a new key unless one is given."""
    return CertificateRequest(
        profile="client",
        subject=DistinguishedName(name, "测试市数据局"),
        public_key=public_key or new_key(),
        not_before=begin,
        not_after=begin + days * DAY,
    )


def person(name: str = "测试人员甲") -> CertificateRequest:
    return replace(client(name), profile="person")


def new_key() -> bytes:
    return SoftwareSigner.generate("ES256").public_key


def serial_of(certificate: bytes) -> int:
    return read_certificate(certificate).serial_number


def at_once(*acts: Callable[[], T]) -> list[T | BaseException]:
    """Do several things in threads at once; an exception is a result."""

    def result(act: Callable[[], T]) -> T | BaseException:
        try:
            return act()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            return error

    with ThreadPoolExecutor(len(acts)) as pool:
        return [done.result() for done in [pool.submit(result, act) for act in acts]]
