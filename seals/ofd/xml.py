"""The XML of OFD packages, read within limits and without anything that reaches outside the file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from types import MappingProxyType
from typing import Final
from xml.parsers import expat

from seals.ofd.errors import OfdOverLimits, OfdUnreadable

NAMESPACE: Final = "http://www.ofdspec.org/2016"
HEADER: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'
_MAX_SIZE: Final = 4 << 20
_MAX_DEPTH: Final = 64
_MAX_ELEMENTS: Final = 100_000
_SEPARATOR: Final = " "


@dataclass(slots=True)
class Element:
    """An element by its name without prefix. text: what stands directly in it; end: where its end tag starts in the file."""

    name: str
    attributes: Mapping[str, str]
    children: "list[Element]" = field(default_factory=list)
    text: str = ""
    end: int = 0

    def all(self, name: str) -> "list[Element]":
        """Return the children of that name."""
        return [child for child in self.children if child.name == name]

    def optional(self, name: str) -> "Element | None":
        """Return the child of that name or None; raises OfdUnreadable where two readers could take different ones."""
        found = self.all(name)
        if len(found) > 1:
            raise OfdUnreadable(reason="element_twice")
        return found[0] if found else None

    def one(self, name: str) -> "Element":
        """Return the child of that name; raises OfdUnreadable."""
        found = self.optional(name)
        if found is None:
            raise OfdUnreadable(reason="element_missing")
        return found

    def attribute(self, name: str) -> str:
        """Return an attribute; raises OfdUnreadable."""
        value = self.attributes.get(name)
        if value is None:
            raise OfdUnreadable(reason="attribute_missing")
        return value

    def content(self) -> str:
        """Return the text without the blanks around it; raises OfdUnreadable if there is none."""
        text = self.text.strip()
        if not text:
            raise OfdUnreadable(reason="element_empty")
        return text


def read_xml(data: bytes, root: str) -> Element:
    """Read a file whose outermost element must have this name; raises OfdUnreadable, OfdOverLimits."""
    if len(data) > _MAX_SIZE:
        raise OfdOverLimits(reason="xml_size")
    found = _Builder().read(data)
    if found.name != root:
        raise OfdUnreadable(reason="xml_root")
    return found


def attribute(name: str, value: str) -> str:
    """Return an attribute as it is written, a blank before it."""
    return f' {name}="{escape(value)}"'


class _Builder:
    """Builds the elements of one file; any declaration of types or entities is refused."""

    def __init__(self) -> None:
        # The encoding is fixed: a file that says another is refused, not read in it
        self._parser = expat.ParserCreate("UTF-8", _SEPARATOR)
        self._parser.buffer_text = True
        self._parser.XmlDeclHandler = self._declaration
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._open: list[Element] = []
        self._texts: list[list[str]] = []
        self._root: Element | None = None
        self._count = 0

    def read(self, data: bytes) -> Element:
        try:
            data.decode()  # a mark of another encoding at the front would count for more than what was fixed
            self._parser.Parse(data, True)  # noqa: FBT003 - the library takes it by position only
        except (UnicodeDecodeError, expat.ExpatError) as error:
            raise OfdUnreadable(reason="xml") from error
        if self._root is None:
            raise OfdUnreadable(reason="xml")
        return self._root

    @staticmethod
    def _declaration(_version: str, encoding: str | None, _standalone: int) -> None:
        if encoding is not None and encoding.upper() != "UTF-8":
            raise OfdUnreadable(reason="xml_encoding")

    @staticmethod
    def _doctype(*_: object) -> None:
        raise OfdUnreadable(reason="xml_doctype")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > _MAX_ELEMENTS or len(self._open) >= _MAX_DEPTH:
            raise OfdOverLimits(reason="xml_elements")
        space, _, local = name.rpartition(_SEPARATOR)
        # Some makers leave the namespace out; an element of another one keeps it, and is none of those we look for
        element = Element(local if space in {"", NAMESPACE} else name, MappingProxyType(attributes))
        if self._open:
            self._open[-1].children.append(element)
        else:
            self._root = element
        self._open.append(element)
        self._texts.append([])

    def _end(self, _name: str) -> None:
        element = self._open.pop()
        element.end = self._parser.CurrentByteIndex
        element.text = "".join(self._texts.pop())

    def _text(self, text: str) -> None:
        self._texts[-1].append(text)
