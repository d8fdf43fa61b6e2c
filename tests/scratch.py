"""Where the tests' own database servers keep their data."""

import os
import shutil
import tempfile
from pathlib import Path

_NEEDED = 3 * 1024**3


def make_scratch_folder(prefix: str) -> Path:
    """Make a folder that other accounts may pass through, in memory where there is enough of it.

    A test kills processes and never the machine, so what fsync costs on a disk buys nothing here.
    """
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > _NEEDED
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=memory if roomy else None))
    folder.chmod(0o711)  # started by root, a server runs as another account
    return folder
