"""The keeper: the parent process of an embedded PostgreSQL, alive exactly as long as somebody uses the server.

Run as a script by `api/embedded_postgres.py`, with standard library only, so that it starts in a few hundredths of a
second. Two lock files in the data folder say everything, and the kernel drops both when a process dies, however it dies:

- `server.lock` is held exclusively by the keeper and, by inheritance, by PostgreSQL and each of its children. Free means:
  no process of this cluster is alive. A pid in a file proves nothing (it may be stale, reused or a zombie's).
- `users.lock` is held shared by every user. The keeper waits for it exclusively; once it has it nobody uses the server,
  and nobody can begin to until the server has stopped.

What dies, and what follows: a user (also by kill -9) lets go of `users.lock`; the postmaster is started again by the
keeper; the keeper takes the postmaster with it, because the kernel sends it SIGINT (prctl PR_SET_PDEATHSIG), and the
next starter begins anew.
"""

import ctypes
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

STOPPED, FAILED, LOST = 0, 1, 3
"""Exit codes: stopped for want of users; could not start the server; another keeper is at it."""

RETRY_SECONDS = 5.0
SHUTDOWN_SECONDS = 60.0
SOCKET_PATH_BYTES = 107  # sun_path of unix(7), less the closing zero
PORT = 5432  # names the socket only
SOCKET_NAME = f".s.PGSQL.{PORT}"
SUPERUSER = "postgres"
_PR_SET_PDEATHSIG = 1

SERVER_SETTINGS = {
    "port": str(PORT),
    "listen_addresses": "",  # no TCP: the 0700 socket folder is the fence
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "on",
    "log_filename": "postgresql-%a.log",  # a week, each day written over its namesake
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_truncate_on_rotation": "on",
    # Nothing personal may reach PostgreSQL's own log. A statement's error goes to its client and not here, because its
    # text quotes what was typed; DETAIL and CONTEXT (row values), statements and parameters are left out as well.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_statement": "none",
    "log_duration": "off",
    "log_min_duration_statement": "-1",
    "log_min_duration_sample": "-1",
    "log_transaction_sample_rate": "0",
    "log_lock_waits": "off",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}


@dataclass(frozen=True, slots=True)
class Plan:
    """What a starter asks of the keeper: absolute paths, and the account to become when started by root."""

    folder: str
    binaries: str
    uid: int
    gid: int

    def to_json(self) -> str:
        """Return the one command line argument of the keeper."""
        return json.dumps(asdict(self))


def open_lock(path: Path, uid: int, gid: int) -> int:
    """Open a lock file, creating it for the account; never follows a link the account may have laid for root."""
    flags = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW
    with suppress(FileExistsError):
        descriptor = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o600)
        if os.geteuid() == 0:
            os.fchown(descriptor, uid, gid)
        return descriptor
    return os.open(path, flags)


class Keeper:
    """Starts the server, starts it again when it dies, stops it when nobody holds `users.lock` any more."""

    def __init__(self, plan: Plan, users: int, server: int) -> None:
        self._folder = Path(plan.folder)
        self._cluster = self._folder / "cluster"
        self._binaries = Path(plan.binaries)
        self._users = users
        self._server = server
        self._change = threading.RLock()
        self._stopping = False
        self._process: subprocess.Popen[bytes] | None = None

    def run(self) -> int:
        """Serve until nobody is left; raises OSError or CalledProcessError when the cluster cannot be made."""
        signal.signal(signal.SIGTERM, lambda *_: self._stop())
        threading.Thread(target=self._stop_when_unused, daemon=True).start()
        if not self._cluster.exists():
            self._initialise()
        socket = self._socket_folder()
        give_up = time.monotonic() + RETRY_SECONDS
        while True:
            begun = time.monotonic()
            self._clear_stale(socket)
            self._serve(socket)
            if self._stopping:
                self._tidy(socket)
                return STOPPED
            if time.monotonic() > begun + RETRY_SECONDS:
                give_up = time.monotonic() + RETRY_SECONDS
            elif time.monotonic() > give_up:
                return FAILED
            # The children of a killed postmaster hold its memory for a moment longer, and PostgreSQL rightly refuses.
            time.sleep(0.1)

    def _initialise(self) -> None:
        """Make the cluster beside its place and rename it, so that a half-made one is never taken for a whole one."""
        for leftover in self._folder.glob("initdb-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        with tempfile.TemporaryDirectory(dir=self._folder, prefix="initdb-", ignore_cleanup_errors=True) as scratch:
            made = Path(scratch, "cluster")
            keeper = os.getpid()
            subprocess.run(  # noqa: S603 - our own binary, our own arguments
                [
                    self._binaries / "initdb",
                    f"--pgdata={made}",
                    f"--username={SUPERUSER}",
                    "--auth=trust",  # whoever reaches the socket in its 0700 folder is the account itself or root
                    "--encoding=UTF8",
                    "--locale=C",
                    "--locale-provider=builtin",
                    "--builtin-locale=C.UTF-8",
                    "--data-checksums",
                ],
                check=True,
                pass_fds=(self._server,),
                preexec_fn=lambda: _die_with(keeper, signal.SIGKILL),
            )
            made.rename(self._cluster)
            folder = os.open(self._folder, os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)

    def _socket_folder(self) -> Path:
        """Return our own 0700 folder for the socket; `socket` in the data folder leads to it when that is too deep."""
        place = self._folder / "socket"
        if fits_socket(place):
            place.mkdir(mode=0o700, exist_ok=True)
            return place
        if place.is_symlink() and _is_private(place.readlink()):
            return place.readlink()
        roots = [Path(root) for root in (os.environ.get("XDG_RUNTIME_DIR"), tempfile.gettempdir(), "/tmp") if root]  # noqa: S108 - mkdtemp makes an own 0700 folder
        root = next(root for root in roots if os.access(root, os.W_OK) and fits_socket(root / "elicence-12345678"))
        short = Path(tempfile.mkdtemp(prefix="elicence-", dir=root))
        place.unlink(missing_ok=True)
        place.symlink_to(short)
        return short

    def _tidy(self, socket: Path) -> None:
        """Remove the socket folder that lies in a place open to all."""
        place = self._folder / "socket"
        if place != socket:
            place.unlink(missing_ok=True)
            shutil.rmtree(socket, ignore_errors=True)

    def _clear_stale(self, socket: Path) -> None:
        """Remove the pid files of a server that is gone: `server.lock` is ours, so no process of ours is alive.

        PostgreSQL itself would take any process that has the old number for its predecessor and refuse to start. What is
        left to fear is a server started by hand, outside our lock: it shows by its working directory.
        """
        pid_file = self._cluster / "postmaster.pid"
        with suppress(OSError, ValueError, IndexError):
            pid = int(pid_file.read_text().splitlines()[0])
            if Path(f"/proc/{pid}/cwd").resolve(strict=True) == self._cluster:
                message = f"another PostgreSQL, process {pid}, already runs on {self._cluster}"
                raise RuntimeError(message)
        pid_file.unlink(missing_ok=True)
        (socket / f"{SOCKET_NAME}.lock").unlink(missing_ok=True)

    def _serve(self, socket: Path) -> None:
        settings = SERVER_SETTINGS | {
            "unix_socket_directories": str(socket),
            "log_directory": str(self._folder / "log"),
        }
        command = [str(self._binaries / "postgres"), "-D", str(self._cluster)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        with self._change:
            if self._stopping:
                return
            keeper = os.getpid()
            self._process = subprocess.Popen(  # noqa: S603 - our own binary, our own arguments
                command,
                pass_fds=(self._server,),
                preexec_fn=lambda: _die_with(keeper, signal.SIGINT),  # noqa: PLW1509 - the other thread only sleeps in flock
            )
        self._process.wait()

    def _stop_when_unused(self) -> None:
        fcntl.flock(self._users, fcntl.LOCK_EX)
        self._stop()
        # New users wait for us. Without the checkpoint the next start replays the log, and loses nothing either.
        time.sleep(SHUTDOWN_SECONDS)
        self._stop(signal.SIGQUIT)

    def _stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Ask for a shutdown; SIGINT is the fast one: open transactions roll back, a checkpoint is written."""
        with self._change:
            self._stopping = True
            if self._process is not None:
                self._process.send_signal(how)


def fits_socket(folder: Path) -> bool:
    """Tell whether a socket in the folder has a name that the kernel can hold and that every client reads alike.

    To libpq a comma separates two hosts, and a space in a URL is a plus sign to some and not to others.
    """
    path = os.fsencode(folder / SOCKET_NAME)
    return len(path) <= SOCKET_PATH_BYTES and not set(path) & set(b", ")


def _is_private(folder: Path) -> bool:
    """Tell whether a folder in a place open to all is still the one we made there."""
    try:
        found = folder.lstat()
    except OSError:
        return False
    return found.st_uid == os.geteuid() and found.st_mode == 0o040700


_LIBC = ctypes.CDLL(None, use_errno=True)


def _die_with(keeper: int, how: signal.Signals) -> None:
    """Ask the kernel to signal this process when the keeper dies; called between fork and exec."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, how)
    if os.getppid() != keeper:  # it died before the call
        os._exit(1)


def main(argument: str) -> int:
    """Take `server.lock` or leave; become the account; serve."""
    plan = Plan(**json.loads(argument))
    folder = Path(plan.folder)
    server = open_lock(folder / "server.lock", plan.uid, plan.gid)
    try:
        fcntl.flock(server, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return LOST
    users = open_lock(folder / "users.lock", plan.uid, plan.gid)
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(plan.gid)
        os.setuid(plan.uid)
    os.umask(0o077)
    os.chdir(folder)
    (folder / "log").mkdir(exist_ok=True)
    # From here on nothing may hold the starter's terminal or pipe open.
    log = os.open(folder / "log" / "start.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(log, sys.stdout.fileno())
    os.dup2(log, sys.stderr.fileno())
    try:
        return Keeper(plan, users, server).run()
    except (OSError, RuntimeError, subprocess.CalledProcessError) as error:
        sys.stderr.write(f"{error}\n")
        return FAILED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
