"""Machines whose libcrypto cannot do SM2: each refuses clearly, and says why."""

import ctypes
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ca.algorithms import digests, signatures, sm2
from ca.algorithms.libcrypto import Libcrypto, Loader, load_system
from ca.errors import NationalFailed, NationalUnavailable
from ca.keys.folder import KeyFolder
from ca.keys.software_signer import SoftwareSigner
from tests.ca.house import CHEAP

KEY = sm2.PrivateKey.generate()


class Function:
    """A C function of which one answer is changed."""

    restype: Any = None
    argtypes: Any = None

    def __init__(self, function: Any, change: Callable[..., Any]) -> None:
        self._function = function
        self._change = change

    def __call__(self, *arguments: Any) -> Any:
        self._function.restype, self._function.argtypes = self.restype, self.argtypes
        return self._change(self._function, *arguments)


def changed(**functions: Callable[..., Any]) -> Loader:
    """Return a loader of the system's library with some of its functions changed."""

    def load() -> ctypes.CDLL:
        library = load_system()
        for name, change in functions.items():
            setattr(library, name, Function(getattr(library, name), change))
        return library

    return load


def missing() -> ctypes.CDLL:
    return ctypes.CDLL("libcrypto-that-is-not-there.so.0")


def another() -> ctypes.CDLL:
    return ctypes.CDLL(None)  # this process: the C library, and no SM2


def _null(function: Any, *arguments: Any) -> None:
    return None


def _yes(function: Any, *arguments: Any) -> int:
    return 1


def _no(function: Any, *arguments: Any) -> int:
    function(*arguments)
    return 0


FAULTS: dict[str, tuple[Loader, str]] = {
    "missing": (missing, "not installed"),
    "another library": (another, "has no "),
    "old": (changed(OPENSSL_version_major=lambda _: 1), "too old"),
    "without SM3": (changed(EVP_MD_fetch=_null), "no SM3"),
    "without SM2": (changed(d2i_PUBKEY=_null), "no SM2"),
    "without SM2 keys": (changed(EVP_PKEY_CTX_new_from_name=_null), "no reason given"),
    "SM3 wrong": (changed(EVP_Digest=_yes), "SM3 is wrong"),
    "says yes to everything": (changed(EVP_DigestVerify=_yes), "SM2 is wrong"),
    "says no to everything": (changed(EVP_DigestVerify=_no), "SM2 is wrong"),
    "without ids": (changed(EVP_PKEY_CTX_set1_id=_yes), "SM2 is wrong"),
    "signs rubbish": (changed(EVP_DigestSign=_yes), "its own signature"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_library_that_cannot_is_refused_with_the_reason(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    loader, reason = FAULTS[fault]
    monkeypatch.setattr(sm2, "_provider", sm2.Provider(loader))
    assert not sm2.available()
    for _ in range(2):
        with pytest.raises(NationalUnavailable) as caught:
            sm2.require()
        assert caught.value.code == "ca.national_unavailable"
        assert reason in caught.value.message("en")
        assert "libssl3" in caught.value.message("en")
        assert "libssl3" in caught.value.message("zh")


def test_this_machine_can() -> None:
    sm2.require()
    assert sm2.available()
    assert sm2.version().startswith("OpenSSL ")


def test_the_library_is_loaded_once() -> None:
    loads = []

    def load() -> ctypes.CDLL:
        loads.append(1)
        return load_system()

    provider = sm2.Provider(load)
    assert not loads
    provider.library()
    provider.library()
    assert len(loads) == 1


def test_without_the_library_nothing_is_judged_and_nothing_made(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    signer = SoftwareSigner.generate("SM2")
    folder = KeyFolder(tmp_path / "keys", b"a passphrase for tests", CHEAP)
    folder.create("national-root", "SM2")
    signature, identifier = signer.sign(b"data"), signatures.identifier("SM2")
    monkeypatch.setattr(sm2, "_provider", sm2.Provider(missing))
    for act in (
        lambda: signatures.verify(signer.public_key, identifier, b"data", signature),
        lambda: SoftwareSigner.generate("SM2"),
        lambda: folder.create("national-timestamp", "SM2"),
        lambda: folder.signer("national-root"),
    ):
        with pytest.raises(NationalUnavailable):
            act()
    assert folder.names() == {"national-root"}
    # what an SM2 key is can still be told, and what it surely did not sign
    assert signatures.key_kind(signer.public_key) == ("SM2", 256)
    assert not signatures.verify(signer.public_key, signatures.ES256_IDENTIFIER, b"data", signature)
    assert not signatures.verify(SoftwareSigner.generate("ES256").public_key, identifier, b"data", signature)


def test_an_operation_that_fails_is_no_verdict() -> None:
    library = Libcrypto(changed(EVP_DigestVerifyInit=_no, EVP_DigestSignInit=_no, EVP_MD_CTX_new=lambda _: None))
    key = library.generate()
    with pytest.raises(NationalFailed):
        library.verify(key, sm2.USER_ID, b"data", b"signature")
    with pytest.raises(NationalFailed):
        library.sign(key, sm2.USER_ID, b"data")


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_digest_of_another_size_is_not_signed(size: int) -> None:
    library = Libcrypto()
    with pytest.raises(NationalFailed):
        library.sign_digest(library.generate(), bytes(size))


@pytest.mark.parametrize("function", ["EVP_PKEY_CTX_new_from_pkey", "EVP_PKEY_sign_init", "EVP_PKEY_sign"])
def test_a_digest_is_signed_or_nothing_is(function: str) -> None:
    key = Libcrypto().generate()
    library = Libcrypto(changed(**{function: _null if function.endswith("pkey") else _no}))
    with pytest.raises(NationalFailed):
        library.sign_digest(key, bytes(32))


SCRIPT = """
from ca.algorithms import sm2
from ca.errors import NationalUnavailable
from ca.keys.software_signer import SoftwareSigner
assert not sm2.available()
try:
    SoftwareSigner.generate("SM2")
except NationalUnavailable as error:
    print(error.message("en"))
signer = SoftwareSigner.generate("ES256")
print(len(signer.sign(b"data")) > 60)
"""


def test_a_library_whose_configuration_switches_sm2_off_is_refused(tmp_path: Path) -> None:
    """A real libcrypto, as an operator might set it up: nothing but the provider of encodings is on."""
    configuration = tmp_path / "openssl.cnf"
    configuration.write_text(
        "openssl_conf = main\n[main]\nproviders = providers\n[providers]\nbase = base\n[base]\nactivate = 1\n"
    )
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT],
        env=os.environ | {"OPENSSL_CONF": str(configuration)},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        check=False,
    )
    refusal, works = ran.stdout.decode().splitlines()
    assert ran.returncode == 0, ran.stderr
    assert "no SM3" in refusal
    assert works == "True"


def test_a_python_without_sm3_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digests, "HASHLIB", {"SM3": "a hash that is not there"})
    with pytest.raises(NationalUnavailable):
        digests.compute("SM3", b"data")
    monkeypatch.setattr("hashlib.algorithms_available", {"sha256"})
    monkeypatch.setattr(sm2, "_provider", sm2.Provider())
    assert not sm2.available()
