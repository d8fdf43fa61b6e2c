"""A token maker's PKCS#11 module in this process: started for many threads, started again when it was lost.

`python-pkcs11` starts a module without locks (`C_Initialize(NULL)`: "never called from two threads at once") and yet
calls it from several; SoftHSM then crashes. So it is started here, with the system's locks.

A module keeps one state for the whole process, so there is one `Library` for each, and a *generation* that rises with
every start: handles of an older generation mean nothing any more.
"""

import ctypes
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pkcs11
from pkcs11.exceptions import PKCS11Error
from pkcs11.types import Token

from ca.tokens.errors import TokenModuleUnusable

_OK: Final = 0x00
_ALREADY_INITIALIZED: Final = 0x191
_OS_LOCKING_OK: Final = 0x02
_Act = ctypes.CFUNCTYPE(ctypes.c_ulong, ctypes.c_void_p)


class _InitializeArguments(ctypes.Structure):
    _fields_ = [("mutexes", ctypes.c_void_p * 4), ("flags", ctypes.c_ulong), ("reserved", ctypes.c_void_p)]


class _Functions(ctypes.Structure):
    """The head of CK_FUNCTION_LIST. Source: PKCS#11 v2.40 section 3.6."""

    _fields_ = [("version", ctypes.c_ubyte * 2), ("initialize", _Act), ("finalize", _Act)]


class _Gate:
    """Counts who is inside, and lets one who wants to be alone wait for them."""

    def __init__(self) -> None:
        self._changed = threading.Condition(threading.Lock())
        self._inside = 0
        self._closed = False

    def enter(self) -> None:
        with self._changed:
            while self._closed:
                self._changed.wait()
            self._inside += 1

    def leave(self) -> None:
        with self._changed:
            self._inside -= 1
            if not self._inside:
                self._changed.notify_all()

    def close(self) -> None:
        with self._changed:
            while self._closed:
                self._changed.wait()
            self._closed = True
            while self._inside:
                self._changed.wait()

    def open(self) -> None:
        with self._changed:
            self._closed = False
            self._changed.notify_all()


class Library:
    """One PKCS#11 module; made by `library`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.generation = 0
        self._module: pkcs11._pkcs11.lib | None = None
        self._functions: _Functions | None = None
        self._begin()

    def _begin(self) -> None:
        self._ready = False
        self._starting = threading.Lock()
        self._gate = _Gate()

    @contextmanager
    def in_use(self) -> Iterator[int]:
        """Keep the module running for the block; gives the generation; raises TokenModuleUnusable."""
        self._gate.enter()
        try:
            if not self._ready:
                self._start()
            yield self.generation
        finally:
            self._gate.leave()

    def token(self, label: str) -> Token:
        """Find a token, inside `in_use`; raises what PKCS#11 raises."""
        assert self._module is not None
        return self._module.get_token(token_label=label)

    def restart(self, generation: int) -> None:
        """Let the next user start the module anew, unless somebody saw to it since that generation.

        Not every module notices by itself that a token was plugged in again (SoftHSM does not).
        """
        self._gate.close()
        try:
            if self._ready and self.generation == generation:
                assert self._functions is not None
                self._ready = False
                self._functions.finalize(None)
        finally:
            self._gate.open()

    def _start(self) -> None:
        with self._starting:
            if self._ready:
                return
            functions = self._functions or self._load()
            code = _initialize(functions)
            if code == _ALREADY_INITIALIZED:
                # The child of a fork, and the module has not noticed: what it remembers is its parent's.
                functions.finalize(None)
                code = _initialize(functions)
            if code != _OK:
                raise TokenModuleUnusable(self.path.name, f"CKR {code:#x}")
            self.generation += 1
            self._ready = True

    def _load(self) -> _Functions:
        try:
            self._module = pkcs11.lib(str(self.path))
            functions = _functions(self.path)
        except (PKCS11Error, OSError, AttributeError) as error:
            raise TokenModuleUnusable(self.path.name, str(error) or type(error).__name__) from error
        functions.finalize(None)
        self._functions = functions
        return functions

    def before_fork(self) -> None:
        """Wait until no call is inside the module: its locks would stay taken in the child for ever."""
        self._gate.close()

    def after_fork_in_parent(self) -> None:
        """Go on."""
        self._gate.open()

    def after_fork_in_child(self) -> None:
        """Start anew: the sessions are the parent's (PKCS#11 v2.20 section 6.6.1)."""
        self._begin()


def _functions(path: Path) -> _Functions:
    found = ctypes.POINTER(_Functions)()
    code = ctypes.CDLL(str(path)).C_GetFunctionList(ctypes.byref(found))
    if code != _OK:
        raise OSError(f"CKR {code:#x}")
    return found.contents


def _initialize(functions: _Functions) -> int:
    arguments = _InitializeArguments(flags=_OS_LOCKING_OK)
    code: int = functions.initialize(ctypes.byref(arguments))
    return code


_libraries: Final[dict[Path, Library]] = {}


def library(path: Path) -> Library:
    """Return this process's one library of a module; nothing is loaded before it is used."""
    return _libraries.setdefault(path.resolve(), Library(path.resolve()))


def _before_fork() -> None:
    for one in tuple(_libraries.values()):
        one.before_fork()


def _after_fork_in_parent() -> None:
    for one in tuple(_libraries.values()):
        one.after_fork_in_parent()


def _after_fork_in_child() -> None:
    for one in tuple(_libraries.values()):
        one.after_fork_in_child()


os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child)
