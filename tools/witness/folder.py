"""The folder of a witness: `keys/`, `witness.vkey` (public), `memory.sqlite`, and `passphrase` unless it lies elsewhere."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, ParamSpec, TypeVar

import click

from api.founding import new_passphrase
from api.house import PASSPHRASE_MINIMUM, PassphraseUnusable
from ca.errors import KeyExists
from ca.keys.folder import KeyFolder
from ledger.formats.cosignatures import Cosigner, CosignerKey
from ledger.formats.notes import VkeyInvalid, is_name
from ledger.witness.errors import WitnessMisplaced
from ledger.witness.store import WitnessStore
from ledger.witness.witness import Witness
from tools.whole_files import write_whole

P = ParamSpec("P")
T = TypeVar("T")

KEY: Final = "witness"


@dataclass(frozen=True, slots=True)
class WitnessFolder:
    """Where a witness lies. passphrase: the file that opens its key."""

    path: Path
    passphrase: Path

    @property
    def memory(self) -> Path:
        """The file of its memory."""
        return self.path / "memory.sqlite"

    @property
    def vkey(self) -> str:
        """Its verifier key, as it was written when it was made; raises WitnessMisplaced."""
        try:
            return CosignerKey.parse((self.path / "witness.vkey").read_text("utf-8").strip()).text
        except (OSError, UnicodeDecodeError, VkeyInvalid) as error:
            raise WitnessMisplaced("读不到 witness.vkey", "its witness.vkey cannot be read") from error

    def create(self, name: str) -> WitnessStore:
        """Make a witness of that name; what was cut off is finished by running it again.

        Raises WitnessMisplaced where there is one, VkeyInvalid for a name that no key can have.
        """
        if not is_name(name):
            raise VkeyInvalid
        if self.memory.exists():
            raise WitnessMisplaced("该文件夹已有见证方", "there is a witness in that folder already")
        new_passphrase(self.passphrase)
        keys = self._keys()
        try:
            signer = keys.create(KEY, "Ed25519")
        except KeyExists:
            signer = keys.signer(KEY)
        vkey = Cosigner(name, signer).key.text
        write_whole(self.path / "witness.vkey", f"{vkey}\n".encode())
        return WitnessStore.create(self.memory, vkey)

    def store(self) -> WitnessStore:
        """Open its memory, for which no key is needed; raises WitnessMisplaced."""
        return WitnessStore(self.memory, self.vkey)

    def open(self) -> tuple[Witness, WitnessStore]:
        """Open the witness with its key; raises WitnessMisplaced, PassphraseUnusable, KeyRefused."""
        name = CosignerKey.parse(self.vkey).name
        cosigner = Cosigner(name, self._keys().signer(KEY))
        # By the key itself, not by what the file says: a memory under another key must not be used.
        store = WitnessStore(self.memory, cosigner.key.text)
        return Witness(store, cosigner), store

    def _keys(self) -> KeyFolder:
        try:
            text = self.passphrase.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise PassphraseUnusable(str(self.passphrase), "读不到", "it cannot be read") from error
        if len(text) < PASSPHRASE_MINIMUM:
            reason = f"it has fewer than {PASSPHRASE_MINIMUM} characters"
            raise PassphraseUnusable(str(self.passphrase), f"少于 {PASSPHRASE_MINIMUM} 个字符", reason)
        return KeyFolder(self.path / "keys", text.encode())


def in_folder(command: Callable[P, T]) -> Callable[P, T]:
    """Give a command the argument and the option that say which witness."""
    folder = click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
    passphrase = click.option(
        "--passphrase-file",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Opens the key; default: FOLDER/passphrase. 密钥口令文件",
    )
    return folder(passphrase(command))


def chosen(folder: Path, passphrase_file: Path | None) -> WitnessFolder:
    """Return the witness that the argument and the option name."""
    return WitnessFolder(folder, passphrase_file or folder / "passphrase")
