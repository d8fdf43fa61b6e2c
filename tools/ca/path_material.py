"""What `elicence ca validate` is given: certificates, revocation lists, OCSP responses, in PEM or DER, several a file."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from ca.encoding import der, pem
from ca.errors import DerInvalid
from ca.ocsp.reader import read_ocsp_response
from ca.reading.certificate_reader import read_certificate
from ca.reading.crl_reader import read_crl

_MAX_FILE: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file: the labels of its PEM blocks, and the reader that must accept each item."""

    labels: frozenset[str]
    read: Callable[[bytes], object]


CERTIFICATES: Final = Kind(frozenset({"CERTIFICATE", "X509 CERTIFICATE"}), read_certificate)
LISTS: Final = Kind(frozenset({"X509 CRL"}), read_crl)
RESPONSES: Final = Kind(frozenset({"OCSP RESPONSE"}), read_ocsp_response)


def read_all(files: Iterable[Path], kind: Kind) -> tuple[bytes, ...]:
    """Return the DER of everything of that kind in the files; raises click.FileError, which ends the command with 3."""
    return tuple(item for file in files for item in _read(file, kind))


def _read(file: Path, kind: Kind) -> tuple[bytes, ...]:
    try:
        with file.open("rb") as stream:
            data = stream.read(_MAX_FILE + 1)
        items = _items(data, kind)
        for item in items:
            kind.read(item)
    except OSError as error:
        raise click.FileError(str(file), error.strerror or type(error).__name__) from error
    except DerInvalid as error:
        raise click.FileError(str(file), error.reason) from error
    if not items:
        raise click.FileError(str(file), f"nothing of this kind in it: {' / '.join(sorted(kind.labels))}")
    return items


def _items(data: bytes, kind: Kind) -> tuple[bytes, ...]:
    if len(data) > _MAX_FILE:
        raise DerInvalid("larger than 64 MiB")
    if pem.is_pem(data):
        return tuple(item for label, item in pem.blocks(data) if label in kind.labels)
    # DER items one after the other are what a SEQUENCE of them contains.
    return tuple(element.raw for element in der.children(der.Element(der.SEQUENCE, data, data)))
