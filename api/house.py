"""The house put together: what every process needs, opened once and closed in order.

Heavy parts are made when they are first asked for, so that a command pays only for what it uses.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from api.database import Database, open_database
from api.keys_in_use import KeysInUse
from api.schema import Role
from api.settings import Settings
from api.storage import open_objects
from api.timestamping import CurrentTimestamps, TimestampAuthorities
from api.trust_lists import NewestTrust
from ca.ceremonies.credentials import Ceremony
from ca.ceremonies.files import last_written, open_ceremony
from ca.ceremonies.names import LOG_KEY, RECEIPT, STATUS, Hierarchy, timestamp
from ca.judging.trust import TrustList
from ca.keys.folder import KeyFolder
from ca.keys.ring import KeyRing
from ca.keys.wrapper import LocalKeyWrapper
from ca.tokens.keys import TokenKeys
from ca.tokens.pin import pin_in
from ledger.errors import DomainError
from ledger.log.promises import Promiser
from ledger.log.sequencer import Sequencer
from ledger.objects.objects import ObjectStore
from licences.catalogue import Catalogue

if TYPE_CHECKING:
    from ca.outside.foreign import ForeignChains, ForeignDesk
    from ca.outside.foreign_chain import ForeignUse
    from ca.outside.foreign_evidence import ForeignEvidence
    from ca.outside.tsa_client import ForeignTimestamps
    from ca.timekeeping.clock import Clock
    from ca.timestamping.timestamps import TimestampAuthority
    from ledger.formats.tlog_policy import Policy
    from ledger.signing import Signer
    from ledger.witness.witnessing import Witnesses
    from licences.issuing import Issuer
    from licences.issuing_production import Checkpoint, SealingTools
    from licences.rendering import Renderer
    from seals.life.grants import Seal
    from seals.life.office import SealOffice
    from seals.providers.providers import SealProviders

PASSPHRASE_MINIMUM = 16
SEAL_REASON = "颁发证照"


@dataclass(eq=False)
class PassphraseUnusable(DomainError):
    """The file with the passphrase of the keys cannot be used."""

    code = "house.passphrase_unusable"
    zh = "口令文件 {path} 无法使用：{zh_reason}"
    en = "the passphrase file {path} cannot be used: {reason}"

    path: str
    zh_reason: str
    reason: str


class House:
    """Everything behind the door, over one database and one object store.

    clock: vouches for every time that is stamped; None where the caller answers for it.
    """

    def __init__(
        self, settings: Settings, database: Database, objects: ObjectStore, clock: "Clock | None" = None
    ) -> None:
        self.settings = settings
        self.database = database
        self.objects = objects
        self._clock = clock
        self._ceremony: tuple[int | None, Ceremony] | None = None
        self._signers: dict[str, tuple[Signer, tuple[bytes, ...]]] = {}
        self._stampers: dict[Hierarchy, tuple[tuple[bytes, ...], TimestampAuthority]] = {}

    @cached_property
    def keys(self) -> KeyRing:
        """The keys that stay on line: the folder of encrypted ones, and the token where there is one."""
        return key_ring(self.settings)

    @property
    def ceremony(self) -> Ceremony:
        """What the ceremonies made, read again after each; raises CeremonyMissing, CeremonyDamaged."""
        folder = _keys_path(self.settings)
        known, written = self._ceremony, last_written(folder)
        if known is None or known[0] != written:
            # The time first: what is written while we read is read again.
            known = self._ceremony = written, open_ceremony(folder)
        return known[1]

    @cached_property
    def wrapper(self) -> LocalKeyWrapper:
        """The key-encryption and index keys."""
        return self.keys.wrapper()

    @cached_property
    def promiser(self) -> Promiser:
        """Signs the promise that an event will be in the log."""
        return Promiser(self.ceremony.plan.log.origin, self.keys.signer(LOG_KEY), clock=lambda: datetime.now(UTC))

    @cached_property
    def timestamp_authorities(self) -> TimestampAuthorities:
        """Our own timestamp authorities, each with the key that is in use."""
        return TimestampAuthorities(self.timestamp_authority)

    @cached_property
    def timestamps(self) -> "CurrentTimestamps | ForeignTimestamps":
        """The timestamp authority for seals: the one that the settings name, else our own international one."""
        if self.settings.tsa_url is None:
            return CurrentTimestamps(self.timestamp_authorities, "international")
        from ca.outside.http_client import HttpClient
        from ca.outside.tsa_client import ForeignTimestamps

        return ForeignTimestamps(
            HttpClient(), self.settings.tsa_url, lambda certificate: self._foreign_chain(certificate, "timestamp")
        )

    @cached_property
    def foreign_evidence(self) -> "ForeignEvidence":
        """What other authorities say of the certificates they issued to us."""
        from ca.outside.foreign_evidence import ForeignEvidence
        from ca.outside.http_client import HttpClient

        return ForeignEvidence(lambda: self.database.session(Role.WORKER), HttpClient())

    @cached_property
    def _keys_in_use(self) -> KeysInUse:
        return KeysInUse(lambda: self.ceremony, lambda: self.database.session(Role.APP))

    @cached_property
    def trust_lists(self) -> NewestTrust:
        """Our own trust list, the newest one."""
        return NewestTrust(self)

    @cached_property
    def catalogue(self) -> Catalogue:
        """The licence types."""
        return Catalogue.load()

    @cached_property
    def fonts(self) -> tuple[Path, ...]:
        """The font folders, ours first."""
        return font_folders(self.settings)

    @cached_property
    def seal_providers(self) -> "SealProviders":
        """Who holds the keys of seals: our own key ring, and the services of the settings."""
        from seals.providers.providers import SealProviders
        from seals.providers.seal_services import read_services

        path = self.settings.seal_services_file
        return SealProviders(self.keys, {} if path is None else read_services(path))

    def seals(self) -> "SealOffice":
        """Return where everything is done about seals."""
        from seals.life.office import SealOffice

        return SealOffice(self.wrapper, self.promiser)

    def foreign_desk(self) -> "ForeignDesk":
        """Return where certificates of other authorities are taken in."""
        from ca.outside.foreign import ForeignDesk

        return ForeignDesk(lambda: self.database.session(Role.WORKER), self.foreign_evidence)

    def chain_of(self, certificate: bytes) -> tuple[bytes, ...]:
        """Return the chain of a certificate for a key of ours, whoever issued it, up to its root.

        Raises CertificateInvalid, SealCertificateRevoked where we have revoked it or put it on hold, and ChainUnusable
        where another authority has.
        """
        foreign = self._foreign_chain(certificate, "seal")
        return foreign if foreign is not None else self._unstopped(self.ceremony.chain_of(certificate))

    def _unstopped(self, chain: tuple[bytes, ...]) -> tuple[bytes, ...]:
        from ca.reading.certificate_reader import read_certificate
        from ca.store import stopped
        from seals.providers.errors import SealCertificateRevoked

        with self.database.session(Role.APP) as session:
            if stopped(session, [read_certificate(one).serial_number for one in chain]):
                raise SealCertificateRevoked
        return chain

    def _foreign_chain(self, certificate: bytes, use: "ForeignUse") -> tuple[bytes, ...] | None:
        return self._foreign_chains.of(certificate, use, datetime.now(UTC))

    @cached_property
    def _foreign_chains(self) -> "ForeignChains":
        from ca.outside.foreign import ForeignChains

        return ForeignChains(lambda: self.database.session(Role.APP))

    def renderer(self) -> "Renderer":
        """Return a new renderer: one per worker."""
        from licences.rendering import Renderer

        return Renderer(self.fonts)

    def sequencer(self) -> Sequencer:
        """Return a sequencer; any number may stand by, one leads."""
        return Sequencer(
            sessions=lambda: self.database.session(Role.WORKER),
            objects=self.objects,
            signer=self.keys.signer(LOG_KEY),
            origin=self.ceremony.plan.log.origin,
            wrapper=self.wrapper,
            cosign=None if self.witnesses is None else self.witnesses.cosign,
        )

    @cached_property
    def witness_policy(self) -> "Policy | None":
        """Which witnesses the log asks, and how many are enough; None where it asks none. Raises PolicyUnreadable."""
        from ledger.formats.tlog_policy import read_policy

        path = self.settings.witness_policy_file
        return None if path is None else read_policy(path)

    @cached_property
    def witnesses(self) -> "Witnesses | None":
        """The witnesses that the log asks; None where it asks none. Raises PolicyUnreadable, WitnessSilent."""
        policy = self.witness_policy
        if policy is None:
            return None
        from ledger.log.served import tile_fetch
        from ledger.tree.tiles import TileReader
        from ledger.witness.witnessing import Witnesses

        fetch = tile_fetch(self.objects)
        return Witnesses(policy, lambda size: TileReader(size, fetch).nodes)

    def timestamp_authority(self, hierarchy: Hierarchy) -> "TimestampAuthority":
        """Return a hierarchy's timestamp authority of the present.

        Raises KeyMissing where the hierarchy is not there, KeyStopped where no key of it is good any more. The key is opened only when it is another one than before.
        """
        ceremony, now = self.ceremony, datetime.now(UTC)
        credential = self._keys_in_use.credential(timestamp(hierarchy), now)
        chain = ceremony.chain(credential)
        opened = self._stampers.get(hierarchy)
        if opened is None or opened[0] != chain:
            authority = ceremony.timestamp_authority(self.keys, hierarchy, self._clock, credential)
            opened = self._stampers[hierarchy] = chain, authority
        return opened[1]

    def check_clock(self, now: datetime) -> None:
        """Hold the clock against its witnesses, if it is time to; raises ClockSuspect."""
        if self._clock is not None:
            self._clock.check(now)

    def trust(self, now: datetime) -> TrustList:
        """Return our own trust list, as verifiers have it."""
        return self.trust_lists.read(now)

    def issuer(self, role: Role, checkpoint: "Checkpoint | None" = None) -> "Issuer":
        """Return a new issuer that works in a role; close it."""
        from licences.issuing import build_issuer
        from licences.issuing_production import nothing

        return build_issuer(
            sessions=lambda actor: self.database.session(role, actor),
            connect=lambda: self.database.engine(role).connect().execution_options(isolation_level="AUTOCOMMIT"),
            objects=self.objects,
            wrapper=self.wrapper,
            promiser=self.promiser,
            catalogue=self.catalogue,
            renderer=self.renderer(),
            sealers=self.sealing_tools,
            base_url=self.settings.base_url,
            test=self.settings.test_marks,
            checkpoint=checkpoint or nothing,
        )

    def sealing_tools(self, seal: "Seal") -> "SealingTools":
        """Return the sealers of one seal, its key opened."""
        from licences.issuing_production import SealingTools
        from seals.jwt.jades import JsonSealer
        from seals.pdf.pades import PdfSealer
        from seals.picture.appearance import SealAppearance

        signer = self.seal_providers.signer(seal)
        chain = self.chain_of(seal.certificate)
        appearance = SealAppearance.from_bytes(seal.appearance)
        stamp = self.timestamps.stamp
        return SealingTools(
            # x5c carries no anchor (RFC 7515 section 4.1.6 leaves it out, verifiers bring their own).
            json=JsonSealer(signer, chain[:-1], stamp),
            pdf=PdfSealer(signer, chain, appearance, stamp, seal.name, SEAL_REASON),
        )

    def status_signer(self) -> "tuple[Signer, tuple[bytes, ...]]":
        """Return the key and the chain that sign status lists; raises KeyStopped."""
        return self._signer(STATUS)

    def receipt_signer(self) -> "tuple[Signer, tuple[bytes, ...]]":
        """Return the key and the chain that sign receipts; raises KeyStopped. Ask for each: the key may be stopped."""
        return self._signer(RECEIPT)

    def _signer(self, line: str) -> "tuple[Signer, tuple[bytes, ...]]":
        credential = self._keys_in_use.credential(line, datetime.now(UTC))
        chain = self.ceremony.chain(credential)[:-1]
        opened = self._signers.get(line)
        if opened is None or opened[1] != chain:
            opened = self._signers[line] = self.keys.signer(credential.key_name), chain
        return opened


@contextmanager
def open_house(settings: Settings, *, guarded: bool = False, marking: bool = True) -> Iterator[House]:
    """Open database and object store; both are closed at the end.

    guarded: stamp no time that this machine's clock cannot be trusted with. marking: and remember which was trusted,
    which is left to others by who has only the app's rights.
    """
    with open_database(settings) as database:
        clock = _trusted_clock(settings, database, marking=marking) if guarded else None
        yield House(settings, database, open_objects(settings), clock)


def _trusted_clock(settings: Settings, database: Database, *, marking: bool) -> "Clock":
    from ca.timekeeping.clock import TrustedClock, Witness
    from ca.timekeeping.database_clock import DatabaseMarks, DatabaseWitness
    from ca.timekeeping.sntp_client import NtpWitness

    witnesses: list[Witness] = [DatabaseWitness(lambda: database.session(Role.APP))]
    if settings.ntp_server is not None:
        witnesses.append(NtpWitness(settings.ntp_server))
    return TrustedClock(witnesses, marks=DatabaseMarks(lambda: database.session(Role.WORKER)) if marking else None)


def require_house(settings: Settings) -> None:
    """Raise CeremonyMissing where no house has been founded yet, before anything is started."""
    open_ceremony(_keys_path(settings))


def key_ring(settings: Settings) -> KeyRing:
    """Return the keys of these settings; raises PassphraseUnusable."""
    folder = KeyFolder(_keys_path(settings), passphrase_of(settings))
    module, token, pin_file = settings.pkcs11_module, settings.pkcs11_token, settings.pkcs11_pin_file
    if module is None or token is None or pin_file is None:
        return KeyRing(folder)
    return KeyRing(folder, TokenKeys(module, token, pin_in(pin_file), folder.path / "tokens"))


def root_keys(settings: Settings) -> KeyFolder:
    """Return the folder of the roots' keys, which is there in ceremonies only; raises PassphraseUnusable."""
    return KeyFolder(_keys_path(settings) / "root", passphrase_of(settings))


def _keys_path(settings: Settings) -> Path:
    return settings.home / "keys"


def passphrase_of(settings: Settings) -> bytes:
    """Return the passphrase of the keys; raises PassphraseUnusable."""
    path = settings.passphrase_file
    try:
        text = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise PassphraseUnusable(str(path), "读不到", "it cannot be read") from error
    if len(text) < PASSPHRASE_MINIMUM:
        raise PassphraseUnusable(
            str(path), f"少于 {PASSPHRASE_MINIMUM} 个字符", f"it has fewer than {PASSPHRASE_MINIMUM} characters"
        )
    return text.encode()


def font_folders(settings: Settings) -> tuple[Path, ...]:
    """Return the folders of the fonts that pages and seals need."""
    noto, rare = settings.fonts_dir, settings.rare_fonts_dir
    return (noto / "400Regular", noto / "700Bold", rare / "hanazono", rare / "babelstone")
