"""General names: the many ways in which a certificate names somebody or a place.

Source: RFC 5280 section 4.2.1.6
"""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from types import MappingProxyType
from typing import Final, Literal

from ca.encoding import der
from ca.errors import DerInvalid
from ca.reading import names

NameKind = Literal[
    "other", "email", "dns", "x400", "directory", "edi_party", "uri", "ip", "registered_id"
]  # the choices of GeneralName, in the order of their tags
_KINDS: Final[MappingProxyType[int, NameKind]] = MappingProxyType(
    {
        der.context(0): "other",
        der.context(1, constructed=False): "email",
        der.context(2, constructed=False): "dns",
        der.context(3): "x400",
        der.context(4): "directory",
        der.context(5): "edi_party",
        der.context(6, constructed=False): "uri",
        der.context(7, constructed=False): "ip",
        der.context(8, constructed=False): "registered_id",
    }
)
_TEXTS: Final = frozenset({"email", "dns", "uri"})


@dataclass(frozen=True, slots=True)
class GeneralName:
    """One name. value: ASCII of email, dns and uri; DER Name of directory; octets of ip; contents of the others."""

    kind: NameKind
    value: bytes

    @property
    def text(self) -> str:
        """The value of email, dns or uri as text."""
        return self.value.decode("ascii")

    def __str__(self) -> str:
        if self.kind in _TEXTS:
            return self.text
        if self.kind == "directory":
            return names.display(self.value)
        if self.kind == "ip" and len(self.value) in {4, 16}:
            return str(ip_address(self.value))
        return f"{self.kind}:{self.value.hex()}"


def parse_general_name(element: der.Element) -> GeneralName:
    """Read one GeneralName; raises DerInvalid."""
    kind = _KINDS.get(element.tag)
    if kind is None:
        raise DerInvalid("a name of no known kind")
    value = element.value
    if kind in _TEXTS and not value.isascii():
        raise DerInvalid("a name that is not ASCII")
    if kind == "directory":
        # The one choice that is tagged explicitly: Name is itself a CHOICE (X.680 section 31.2.7).
        value = der.read(value, der.SEQUENCE).raw
    return GeneralName(kind, value)


def parse_general_names(element: der.Element) -> tuple[GeneralName, ...]:
    """Read GeneralNames, whatever the tag they stand under; raises DerInvalid."""
    found = tuple(parse_general_name(member) for member in der.children(element))
    if not found:
        raise DerInvalid("an empty list of names")
    return found


def directory_names(found: Iterable[GeneralName]) -> tuple[bytes, ...]:
    """Return the distinguished names among them, each as the DER of its Name."""
    return tuple(name.value for name in found if name.kind == "directory")


def comparable(name: GeneralName) -> Hashable:
    """Return what is equal for names that are the same, as the places of revocation lists are compared (6.3.3)."""
    if name.kind == "directory":
        try:
            return name.kind, names.canonical(name.value)
        except DerInvalid:
            return name.kind, name.value
    return name.kind, name.value
