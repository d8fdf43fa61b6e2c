"""The document security store: certificates, revocation lists and answers kept beside the signatures.

Source: ETSI EN 319 142-1 section 5.4.2, ISO 32000-2 section 12.8.4.3.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from ca.algorithms import signatures
from ca.errors import CAError
from ca.ocsp.reader import read_ocsp_response
from ca.reading.certificate_reader import Certificate, read_certificate
from ca.reading.crl_reader import read_crl
from seals.pdf.errors import PdfOverLimits, PdfUnreadable
from seals.pdf.file import PdfFile
from seals.pdf.filters import decode
from seals.pdf.objects import PdfDict, PdfObject, Ref, Stream

Kind: TypeAlias = Literal["certificate", "crl", "ocsp"]

MAX_ITEM: Final = 8 << 20  # bytes; revocation lists of large authorities have some
_MAX_ITEMS: Final = 1_000
_MAX_ENTRIES: Final = 64
_STORE: Final[MappingProxyType[str, Kind]] = MappingProxyType({"Certs": "certificate", "CRLs": "crl", "OCSPs": "ocsp"})
_ENTRY: Final[MappingProxyType[str, Kind]] = MappingProxyType({"Cert": "certificate", "CRL": "crl", "OCSP": "ocsp"})
_ENTRY_NAME: Final = re.compile(r"[0-9A-Fa-f]{40}")
_STREAM_KEYS: Final = frozenset({"Length", "Filter"})
_READERS: Final[MappingProxyType[Kind, Callable[[bytes], object]]] = MappingProxyType(
    {"certificate": read_certificate, "crl": read_crl, "ocsp": read_ocsp_response}
)


@dataclass(frozen=True, slots=True)
class SecurityStore:
    """What a store holds, each DER once, and every object that it is made of."""

    items: frozenset[tuple[Kind, bytes]]
    objects: frozenset[Ref]

    def of(self, kind: Kind) -> tuple[bytes, ...]:
        """Return the DER of all items of a kind, in a fixed order."""
        return tuple(sorted(der for one, der in self.items if one == kind))


EMPTY: Final = SecurityStore(frozenset(), frozenset())


def read_store(file: PdfFile) -> SecurityStore:
    """Read the store; each of its streams must be exactly one item of its kind, and nothing else may hang on it.

    Raises PdfUnreadable (the reason says what), PdfOverLimits, PdfUnsupported.
    """
    value = file.catalog.get("DSS")
    return EMPTY if value is None else _Reading(file).store(value)


class _Reading:
    def __init__(self, file: PdfFile) -> None:
        self._file = file
        self._objects: set[Ref] = set()
        self._items: set[tuple[Kind, bytes]] = set()
        self._read: dict[Ref, Kind] = {}

    def store(self, value: PdfObject) -> SecurityStore:
        entries = self._dictionary(value, "DSS", {*_STORE, "VRI"})
        for key, kind in _STORE.items():
            self._array(entries.get(key), kind)
        if "VRI" in entries:
            self._entries(entries["VRI"])
        return SecurityStore(frozenset(self._items), frozenset(self._objects))

    def _entries(self, value: PdfObject) -> None:
        entries = self._file.dictionary(self._follow(value))
        if len(entries) > _MAX_ENTRIES:
            raise PdfOverLimits(reason="dss")
        for name, entry in entries.items():
            if name == "Type" and entry == "VRI":
                continue
            if _ENTRY_NAME.fullmatch(name) is None:
                raise PdfUnreadable(reason="dss_entry")
            known = self._dictionary(entry, "VRI", {*_ENTRY})
            for key, kind in _ENTRY.items():
                self._array(known.get(key), kind)

    def _dictionary(self, value: PdfObject, kind: str, keys: set[str]) -> PdfDict:
        found = self._file.dictionary(self._follow(value))
        if not found.keys() <= {*keys, "Type"} or found.get("Type", kind) != kind:
            raise PdfUnreadable(reason="dss_entry")
        return found

    def _array(self, value: PdfObject, kind: Kind) -> None:
        for item in self._file.array(self._follow(value)):
            if not isinstance(item, Ref):
                raise PdfUnreadable(reason="dss_item")
            if self._read.setdefault(item, kind) != kind:
                raise PdfUnreadable(reason="dss_item")
            if item not in self._objects:
                self._item(item, kind)

    def _item(self, ref: Ref, kind: Kind) -> None:
        self._objects.add(ref)
        if len(self._objects) > _MAX_ITEMS:
            raise PdfOverLimits(reason="dss")
        stream = self._file.get(ref)
        if not isinstance(stream, Stream) or not stream.dictionary.keys() <= _STREAM_KEYS:
            raise PdfUnreadable(reason="dss_item")
        der = decode(stream, MAX_ITEM)
        try:
            _READERS[kind](der)
        except CAError as fault:
            raise PdfUnreadable(reason="dss_item") from fault
        self._items.add((kind, der))

    def _follow(self, value: PdfObject) -> PdfObject:
        if isinstance(value, Ref):
            self._objects.add(value)
        return value


def unsigned_items(store: SecurityStore, others: tuple[bytes, ...]) -> Iterator[str]:
    """Name the kinds of items that no certificate of the store, nor of the `others` (DER), has signed.

    Nothing else protects an item's bytes until a document timestamp is over them. Whom to trust is not judged here.
    """
    known = [read_certificate(one) for one in {*others, *store.of("certificate")}]
    for kind, der in sorted(store.items):
        signed = _signed_parts(kind, der)
        responders = [read_certificate(one) for one in signed.certificates]
        candidates = [one for one in (*known, *responders) if signed.issuer is None or one.subject == signed.issuer]
        if not any(_good(one, signed) for one in candidates) or any(
            not any(_good(issuer, _signed_parts("certificate", one.der)) for issuer in known) for one in responders
        ):
            yield kind


@dataclass(frozen=True, slots=True)
class _Signed:
    issuer: bytes | None
    algorithm: bytes
    tbs: bytes
    signature: bytes
    certificates: tuple[bytes, ...] = ()


def _signed_parts(kind: Kind, der: bytes) -> _Signed:
    if kind == "certificate":
        certificate = read_certificate(der)
        return _Signed(certificate.issuer, certificate.signature_algorithm, certificate.tbs, certificate.signature)
    if kind == "crl":
        crl = read_crl(der)
        return _Signed(crl.issuer, crl.signature_algorithm, crl.tbs, crl.signature)
    answer = read_ocsp_response(der)
    return _Signed(None, answer.signature_algorithm, answer.tbs, answer.signature, answer.certificates)


def _good(issuer: Certificate, signed: _Signed) -> bool:
    return signatures.verify(issuer.public_key, signed.algorithm, signed.tbs, signed.signature)
