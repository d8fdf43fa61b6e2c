"""An OFD package: files by their paths inside it."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from ca.algorithms.digests import compute
from seals.ofd.container import pack, unpack
from seals.ofd.errors import OfdOverLimits, OfdUnreadable

ENTRANCE: Final = "/OFD.xml"


@dataclass(frozen=True, slots=True)
class OfdPackage:
    """The files of a package by absolute path (`/OFD.xml`).

    is_canonical: the container is, byte for byte, the one that we would have written.
    """

    files: Mapping[str, bytes] = field(repr=False)
    is_canonical: bool
    _digests: dict[tuple[str, str], bytes] = field(default_factory=dict, init=False, repr=False, compare=False)

    def file(self, path: str) -> bytes:
        """Return a file's bytes; raises OfdUnreadable if there is none."""
        content = self.files.get(path)
        if content is None:
            raise OfdUnreadable(reason="file_missing")
        return content

    def digest(self, path: str, name: str) -> bytes:
        """Return a file's digest by a hash of ca.digests, computed once however many signatures cover the file.

        Raises OfdUnreadable, NationalUnavailable.
        """
        found = self._digests.get((name, path))
        if found is None:
            found = self._digests[name, path] = compute(name, self.file(path))
        return found


def read_package(data: bytes) -> OfdPackage:
    """Read a package; raises OfdUnreadable, OfdOverLimits, OfdEncrypted."""
    files: dict[str, bytes] = {}
    taken: set[str] = set()
    for name, content in unpack(data):
        is_folder = name.endswith("/")
        path = "/" + name.rstrip("/") if is_folder else "/" + name
        _require_path(path)
        if is_folder and content:
            raise OfdUnreadable(reason="file_name")
        # To some readers these names are one
        key = unicodedata.normalize("NFC", path).casefold()
        if key in taken:
            raise OfdUnreadable(reason="file_twice")
        taken.add(key)
        if not is_folder:
            files[path] = content
    if ENTRANCE not in files:
        raise OfdUnreadable(reason="not_a_package")
    if any(folder in files for path in files for folder in _folders(path)):
        raise OfdUnreadable(reason="file_name")
    return OfdPackage(files, _is_canonical(files, data))


def _is_canonical(files: Mapping[str, bytes], data: bytes) -> bool:
    # What others deflated may be larger than all that we write
    if sum(map(len, files.values())) > len(data):
        return False
    try:
        return write_package(files) == data
    except OfdOverLimits:
        return False


def write_package(files: Mapping[str, bytes]) -> bytes:
    """Return the package of these files (by absolute path), in its one form: the entrance first, the others sorted."""
    order = sorted(files, key=lambda path: (path != ENTRANCE, path))
    return pack([(path.removeprefix("/"), files[path]) for path in order])


def folder_of(path: str) -> str:
    """Return the folder of a file, without a slash behind; the root is empty."""
    return path.rpartition("/")[0]


def locate(folder: str, location: str) -> str:
    """Return the absolute path that a location (ST_Loc) in a file of this folder means; raises OfdUnreadable.

    Source: GB/T 33190-2016 section 7.3
    """
    segments = [] if location.startswith("/") else [part for part in folder.split("/") if part]
    for part in location.removeprefix("/").split("/"):
        if part == "..":
            if not segments:
                raise OfdUnreadable(reason="location")
            segments.pop()
        elif part != ".":
            segments.append(part)
    path = "/" + "/".join(segments)
    _require_path(path)
    return path


def _require_path(path: str) -> None:
    """Refuse a path that leaves the package, or that two systems would understand differently."""
    segments = path.split("/")[1:]
    if any(part in {"", ".", ".."} for part in segments) or "\\" in path or not path.isprintable():
        raise OfdUnreadable(reason="file_name")


def _folders(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(2, len(parts))]
