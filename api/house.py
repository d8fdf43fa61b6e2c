"""The house put together: what every process needs, opened once and closed in order.

Heavy parts are made when they are first asked for, so that a command pays only for what it uses.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from api.database import Database, open_database
from api.schema import Role
from api.settings import Settings
from api.storage import open_objects
from ca.ceremony import Ceremony, open_ceremony
from ca.keys import KeyFolder, LocalKeyWrapper
from ca.trust import TrustList
from ledger.errors import DomainError
from ledger.objects import ObjectStore
from ledger.promises import Promiser
from ledger.sequencer import Sequencer
from licences.catalogue import Catalogue

if TYPE_CHECKING:
    from datetime import datetime

    from ca.timestamps import TimestampAuthority
    from licences.issuing import Issuer
    from licences.rendering import Renderer
    from seals.registry import SealCustodian

PASSPHRASE_MINIMUM = 16
LOG_KEY = "log"


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
    """Everything behind the door, over one database and one object store."""

    def __init__(self, settings: Settings, database: Database, objects: ObjectStore) -> None:
        self.settings = settings
        self.database = database
        self.objects = objects

    @cached_property
    def keys(self) -> KeyFolder:
        """The folder of encrypted keys."""
        return key_folder(self.settings)

    @cached_property
    def ceremony(self) -> Ceremony:
        """What the ceremony made; raises CeremonyMissing, CeremonyDamaged."""
        return open_ceremony(self.settings.home / "keys")

    @cached_property
    def trust(self) -> TrustList:
        """Our own trust list, as verifiers have it."""
        from ca.trust import read_trust

        return read_trust(self.ceremony.trust)

    @cached_property
    def wrapper(self) -> LocalKeyWrapper:
        """The key-encryption and index keys."""
        return self.keys.wrapper()

    @cached_property
    def promiser(self) -> Promiser:
        """Signs the promise that an event will be in the log."""
        return Promiser(self.ceremony.plan.log.origin, self.keys.signer(LOG_KEY))

    @cached_property
    def timestamps(self) -> "TimestampAuthority":
        """Our own timestamp authority."""
        return self.ceremony.timestamp_authority(self.keys)

    @cached_property
    def catalogue(self) -> Catalogue:
        """The licence types."""
        return Catalogue.load()

    @cached_property
    def fonts(self) -> tuple[Path, ...]:
        """The font folders, ours first."""
        return font_folders(self.settings)

    def custodian(self) -> "SealCustodian":
        """Return who enters seals and grants."""
        from seals.registry import SealCustodian

        return SealCustodian(self.wrapper, self.promiser)

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
        )

    def status_list(self, now: "datetime") -> str:
        """Return the signed status list as of now."""
        from licences.status_list import build

        status = self.ceremony.status
        signer, chain = self.keys.signer(status.key_name), self.ceremony.chain(status)[:-1]
        with self.database.session(Role.WORKER) as session:
            return build(session, signer, chain, self.settings.base_url, now)


@contextmanager
def open_house(settings: Settings) -> Iterator[House]:
    """Open database and object store; both are closed at the end."""
    with open_database(settings) as database:
        yield House(settings, database, open_objects(settings))


def require_house(settings: Settings) -> None:
    """Raise CeremonyMissing where no house has been founded yet, before anything is started."""
    open_ceremony(settings.home / "keys")


def key_folder(settings: Settings) -> KeyFolder:
    """Return the key folder of these settings; raises PassphraseUnusable."""
    path = settings.passphrase_file
    try:
        text = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise PassphraseUnusable(str(path), "读不到", "it cannot be read") from error
    if len(text) < PASSPHRASE_MINIMUM:
        raise PassphraseUnusable(
            str(path), f"少于 {PASSPHRASE_MINIMUM} 个字符", f"it has fewer than {PASSPHRASE_MINIMUM} characters"
        )
    return KeyFolder(settings.home / "keys", text.encode())


def font_folders(settings: Settings) -> tuple[Path, ...]:
    """Return the folders of the fonts that pages and seals need."""
    noto, rare = settings.fonts_dir, settings.rare_fonts_dir
    return (noto / "400Regular", noto / "700Bold", rare / "hanazono", rare / "babelstone")
