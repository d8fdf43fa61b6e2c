"""A folder of keys, encrypted at rest under one passphrase."""

import fcntl
import hmac
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Final

from ca.encoding import strict_json
from ca.errors import (
    CeremonyRunning,
    JsonInvalid,
    KeyExists,
    KeyExposed,
    KeyMissing,
    KeyNameInvalid,
    KeyUnreadable,
    PassphraseWrong,
)
from ca.keys import private_files
from ca.keys.passphrase import Cost, Derivation, derive, read_derivation
from ca.keys.software_signer import SoftwareSigner
from ca.keys.wrapper import LocalKeyWrapper
from ledger.signing import SignatureAlgorithm

_FORMAT: Final = "elicence/key-folder/v1"
_FOLDER_FILE: Final = "folder.json"
_WRAPPER_FILE: Final = "wrapper.json"
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
# Each file's own passphrase is 32 random-looking bytes: guessing is paid for once, at the folder.
_NO_COST: Final = Cost(log_n=1, r=1, p=1)


class KeyFolder:
    """Keys by name, in files of mode 0600 in a folder of mode 0700.

    One costly scrypt turns the passphrase into the folder's key; from it every file gets a passphrase of its own
    (HKDF by the key's name, so a file under another name does not open). Nothing touches the disk before it is needed.

    path: of the folder, made with the first key; passphrase: bytes, as the caller got them; cost: for a new folder.
    """

    def __init__(self, path: Path, passphrase: bytes, cost: Cost = Cost()) -> None:  # noqa: B008 - frozen
        self.path = path
        self._passphrase = passphrase
        self._cost = cost
        self._key: bytes | None = None

    def create(self, name: str, algorithm: SignatureAlgorithm) -> SoftwareSigner:
        """Make and keep a new key; raises KeyExists, KeyNameInvalid, PassphraseWrong, NationalUnavailable."""
        path = self._file(name)
        signer = SoftwareSigner.generate(algorithm)
        data = signer.to_pkcs8(self._passphrase_of(name, new=True), _NO_COST)
        self._write_new(path, name, data)
        return signer

    def signer(self, name: str) -> SoftwareSigner:
        """Open a key.

        Raises KeyMissing, KeyNameInvalid, KeyExposed, KeyUnreadable, PassphraseWrong, NationalUnavailable.
        """
        data = self._read(self._file(name), name)
        passphrase = self._passphrase_of(name)
        try:
            return SoftwareSigner.from_pkcs8(data, passphrase)
        except PassphraseWrong as error:
            # The folder's key is right by now, so it is the file that is not.
            raise KeyUnreadable(name, "the file was changed, or belongs to another name or folder") from error

    def create_wrapper(self, now: datetime) -> LocalKeyWrapper:
        """Make and keep the key-encryption and index keys; raises KeyExists, PassphraseWrong."""
        wrapper = LocalKeyWrapper.create(self._passphrase_of(_WRAPPER_FILE, new=True), now, _NO_COST)
        self._write_new(self.path / _WRAPPER_FILE, _WRAPPER_FILE, wrapper.data)
        return wrapper

    def wrapper(self) -> LocalKeyWrapper:
        """Open the key-encryption and index keys; raises KeyMissing, KeyExposed, KeyUnreadable, PassphraseWrong."""
        data = self._read(self.path / _WRAPPER_FILE, _WRAPPER_FILE)
        passphrase = self._passphrase_of(_WRAPPER_FILE)
        try:
            return LocalKeyWrapper.open(data, passphrase)
        except PassphraseWrong as error:
            raise KeyUnreadable(_WRAPPER_FILE, "the file was changed, or belongs to another folder") from error

    def passphrase_for(self, name: str, *, new: bool = False) -> bytes:
        """Return the passphrase of a file of another form than ours, which its own library encrypts: 64 hex digits.

        new: the file is about to be made; the folder is founded if it is not there. Raises as `signer`.
        """
        self._file(name)  # a name that a key of ours could have
        return self._passphrase_of(name, new=new)

    def names(self) -> frozenset[str]:
        """Return the names of the keys in the folder."""
        return frozenset(path.name.removesuffix(".key.pem") for path in self.path.glob("*.key.pem"))

    def forget(self) -> None:
        """Remove every key and the passphrase's trace, for a ceremony cut off before anyone could use them."""
        for path in (*self.path.glob("*.key.pem"), self.path / _WRAPPER_FILE, self.path / _FOLDER_FILE):
            if path.exists():
                private_files.remove(path)
        self._key = None

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder for a ceremony; raises CeremonyRunning. The lock dies with its process."""
        private_files.make_folder(self.path)
        descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise CeremonyRunning(str(self.path)) from error
            yield
        finally:
            os.close(descriptor)

    def _file(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise KeyNameInvalid
        return self.path / f"{name}.key.pem"

    def _write_new(self, path: Path, name: str, data: bytes) -> None:
        try:
            private_files.write_new(path, data)
        except FileExistsError as error:
            raise KeyExists(name) from error

    def _read(self, path: Path, name: str) -> bytes:
        try:
            if private_files.is_exposed(path):
                raise KeyExposed(path.name)
            return path.read_bytes()
        except FileNotFoundError as error:
            raise KeyMissing(name) from error
        except OSError as error:
            raise KeyUnreadable(name, error.strerror or "the system refuses") from error

    def _passphrase_of(self, name: str, *, new: bool = False) -> bytes:
        if self._key is None:
            if new and not (self.path / _FOLDER_FILE).exists():
                self._found()
            self._key = self._open()
        return derive(self._key, f"elicence/key-folder/v1/{name}").hex().encode()

    def _found(self) -> None:
        private_files.make_folder(self.path)
        derivation = Derivation.fresh(self._cost)
        check = _check(derivation.key(self._passphrase))
        file = {"format": _FORMAT, "derivation": derivation.as_json(), "check": check.hex()}
        # If another process was first, its derivation counts.
        with suppress(FileExistsError):
            private_files.write_new(self.path / _FOLDER_FILE, json.dumps(file, indent=1).encode() + b"\n")

    def _open(self) -> bytes:
        try:
            derivation, check = _read_folder_file(self._read(self.path / _FOLDER_FILE, _FOLDER_FILE))
        except JsonInvalid as error:
            raise KeyUnreadable(_FOLDER_FILE, error.reason) from error
        key = derivation.key(self._passphrase)
        if not hmac.compare_digest(_check(key).hex().encode(), check.encode()):
            raise PassphraseWrong
        return key


def _check(key: bytes) -> bytes:
    return derive(key, "elicence/key-folder/v1 check")


def _read_folder_file(data: bytes) -> tuple[Derivation, str]:
    members = strict_json.Members(strict_json.parse(data), "file")
    if members.take("format", strict_json.text) != _FORMAT:
        raise JsonInvalid("an unknown form")
    derivation = members.take("derivation", read_derivation)
    check = members.take("check", strict_json.text)
    members.end()
    return derivation, check
