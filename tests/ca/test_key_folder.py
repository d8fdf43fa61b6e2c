import multiprocessing
import os
import stat
from pathlib import Path

import pytest

from ca.errors import (
    CeremonyRunning,
    KeyExists,
    KeyExposed,
    KeyMissing,
    KeyNameInvalid,
    KeyUnreadable,
    PassphraseWrong,
)
from ca.keys import private_files
from ca.keys.folder import KeyFolder
from tests.ca.house import CHEAP, NOW

SECRET = b"a secret that must not be told"


@pytest.fixture
def folder(tmp_path: Path) -> KeyFolder:
    return KeyFolder(tmp_path / "deep" / "keys", SECRET, CHEAP)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_keys_come_back_to_the_next_process(folder: KeyFolder) -> None:
    made = folder.create("seal-market", "ES256")
    wrapper = folder.create_wrapper(NOW)
    again = KeyFolder(folder.path, SECRET)
    assert again.signer("seal-market").public_key == made.public_key
    assert again.wrapper().unwrap(wrapper.wrap(bytes(32), b"x"), b"x") == bytes(32)
    assert again.names() == {"seal-market"}


def test_only_the_owner_may_read(folder: KeyFolder) -> None:
    before = os.umask(0)
    try:
        folder.create("a", "ES256")
        folder.create_wrapper(NOW)
    finally:
        os.umask(before)
    assert mode(folder.path) == 0o700
    files = list(folder.path.iterdir())
    assert {path.name for path in files} == {"a.key.pem", "folder.json", "wrapper.json"}
    assert {mode(path) for path in files} == {0o600}


def test_a_folder_that_was_open_to_others_is_closed(folder: KeyFolder) -> None:
    folder.path.mkdir(parents=True, mode=0o755)
    folder.create("a", "ES256")
    assert mode(folder.path) == 0o700


def test_the_passphrase_stands_in_no_file(folder: KeyFolder) -> None:
    folder.create("a", "ES256")
    folder.create_wrapper(NOW)
    assert not any(
        SECRET in path.read_bytes() or SECRET.hex().encode() in path.read_bytes() for path in folder.path.iterdir()
    )


def test_a_key_is_never_overwritten(folder: KeyFolder) -> None:
    first = folder.create("a", "ES256")
    folder.create_wrapper(NOW)
    with pytest.raises(KeyExists):
        folder.create("a", "ES256")
    with pytest.raises(KeyExists):
        folder.create_wrapper(NOW)
    assert folder.signer("a").public_key == first.public_key
    assert not list(folder.path.glob(".*")), "a temporary file was left"


def test_a_wrong_passphrase_neither_opens_nor_creates(folder: KeyFolder) -> None:
    folder.create("a", "ES256")
    folder.create_wrapper(NOW)
    wrong = KeyFolder(folder.path, b"guessed", CHEAP)
    for act in (lambda: wrong.signer("a"), lambda: wrong.create("b", "ES256"), wrong.wrapper):
        with pytest.raises(PassphraseWrong) as caught:
            act()
        assert "guessed" not in str(caught.value)
    assert folder.names() == {"a"}


def test_a_key_opens_only_under_its_own_name_and_in_its_own_folder(folder: KeyFolder, tmp_path: Path) -> None:
    folder.create("a", "ES256")
    folder.create("b", "ES256")
    (folder.path / "b.key.pem").write_bytes((folder.path / "a.key.pem").read_bytes())
    with pytest.raises(KeyUnreadable):
        folder.signer("b")
    other = KeyFolder(tmp_path / "other", SECRET, CHEAP)
    other.create("a", "ES256")
    other.create_wrapper(NOW)
    private_files.write(folder.path / "wrapper.json", (other.path / "wrapper.json").read_bytes())
    with pytest.raises(KeyUnreadable):
        folder.wrapper()


@pytest.mark.parametrize("name", ["", "-a", "A", "a/b", "..", "a.b", "a" * 65, "密钥", "a\n"])
def test_odd_names_are_refused(folder: KeyFolder, name: str) -> None:
    for act in (folder.signer, lambda odd: folder.create(odd, "ES256")):
        with pytest.raises(KeyNameInvalid):
            act(name)


def test_missing_exposed_and_damaged_files_are_told_apart(folder: KeyFolder) -> None:
    with pytest.raises(KeyMissing):
        folder.signer("a")
    folder.create("a", "ES256")
    with pytest.raises(KeyMissing):
        folder.wrapper()
    path = folder.path / "a.key.pem"
    path.chmod(0o640)
    with pytest.raises(KeyExposed):
        folder.signer("a")
    path.chmod(0o600)
    path.write_bytes(b"-----BEGIN NOTHING-----\n")
    with pytest.raises(KeyUnreadable):
        folder.signer("a")
    path.unlink()
    path.mkdir(mode=0o700)
    with pytest.raises(KeyUnreadable):
        folder.signer("a")


@pytest.mark.parametrize("damage", [b"", b"{}", b"not JSON", b'{"format": "other"}'])
def test_a_damaged_folder_file_is_told(folder: KeyFolder, damage: bytes) -> None:
    folder.create("a", "ES256")
    (folder.path / "folder.json").write_bytes(damage)
    with pytest.raises(KeyUnreadable):
        KeyFolder(folder.path, SECRET).signer("a")


def test_forgetting_lets_another_passphrase_begin(folder: KeyFolder) -> None:
    folder.create("a", "ES256")
    folder.create_wrapper(NOW)
    folder.forget()
    assert not list(folder.path.iterdir())
    another = KeyFolder(folder.path, b"another", CHEAP)
    another.create("a", "ES256")
    assert another.signer("a").algorithm == "ES256"


def _hold(path: Path, held: "multiprocessing.synchronize.Event") -> None:
    with KeyFolder(path, SECRET, CHEAP).locked():
        held.set()
        multiprocessing.Event().wait()


def test_the_lock_is_one_processs_and_dies_with_it(folder: KeyFolder) -> None:
    spawn = multiprocessing.get_context("spawn")
    held = spawn.Event()
    holder = spawn.Process(target=_hold, args=(folder.path, held))
    holder.start()
    assert held.wait(60)
    with pytest.raises(CeremonyRunning), folder.locked():
        pytest.fail("two held the lock")
    holder.kill()
    holder.join()
    with folder.locked():
        pass


def test_new_files_never_replace_and_others_do_at_once(tmp_path: Path) -> None:
    path = tmp_path / "file"
    private_files.write_new(path, b"one")
    with pytest.raises(FileExistsError):
        private_files.write_new(path, b"two")
    assert path.read_bytes() == b"one"
    private_files.write(path, b"three")
    assert path.read_bytes() == b"three"
    assert [file.name for file in tmp_path.iterdir()] == ["file"]
    private_files.remove(path)
    assert not list(tmp_path.iterdir())
