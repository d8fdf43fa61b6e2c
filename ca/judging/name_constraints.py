"""Whether a certificate's names lie where the authorities above it may name.

Source: RFC 5280 sections 4.2.1.10 and 6.1.3 (b), (c)
"""

from collections.abc import Callable, Iterable
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from ca.encoding import oids
from ca.errors import DerInvalid
from ca.reading import names
from ca.reading.certificate_reader import Certificate
from ca.reading.extension_reader import NameConstraints
from ca.reading.general_names import GeneralName, NameKind

_MAX_COMPARISONS: Final = 1 << 14
"""Names times subtrees of one certificate: both may come in thousands, and their product would cost seconds."""


def names_of(certificate: Certificate) -> tuple[GeneralName, ...]:
    """Return every name that constraints bind: the subject, its e-mail addresses, the alternative names; raises DerInvalid."""
    found = list(certificate.subject_alternative_names)
    levels = names.canonical(certificate.subject)
    if levels:
        found.append(GeneralName("directory", certificate.subject))
    # The RFC binds the subject's e-mail addresses where there is no alternative name; nobody may use them to get around.
    for level in levels:
        for kind, value in level:
            if kind == oids.EMAIL_ADDRESS:
                found.append(GeneralName("email", value.encode() if isinstance(value, str) else value))
    return tuple(found)


def permits(constraints: NameConstraints, certificate: Certificate) -> bool:
    """Say whether all names of the certificate lie inside the permitted subtrees and outside the excluded ones.

    A name of a kind that is constrained, but not known how, is refused; so are more comparisons than we care to make.
    """
    try:
        found = names_of(certificate)
        subtrees = len(constraints.permitted) + len(constraints.excluded)
        return len(found) * subtrees <= _MAX_COMPARISONS and all(_permits(constraints, name) for name in found)
    except (DerInvalid, ValueError):
        return False


def _permits(constraints: NameConstraints, name: GeneralName) -> bool:
    permitted, excluded = _of_kind(constraints.permitted, name.kind), _of_kind(constraints.excluded, name.kind)
    if not permitted and not excluded:
        return True
    within = _WITHIN.get(name.kind)
    if within is None:
        return False
    if any(within(name.value, subtree) or _wildcard_reaches(name, subtree) for subtree in excluded):
        return False
    return not permitted or any(within(name.value, subtree) for subtree in permitted)


def _of_kind(subtrees: Iterable[GeneralName], kind: NameKind) -> list[bytes]:
    return [subtree.value for subtree in subtrees if subtree.kind == kind]


def _directory_within(name: bytes, subtree: bytes) -> bool:
    above = names.canonical(subtree)
    return names.canonical(name)[: len(above)] == above


def _host(text: str) -> str:
    # A name may end with the root's dot, which is no other name.
    return text.lower().removesuffix(".")


def _host_within(host: str, subtree: str) -> bool:
    """Compare as for mail and web: a leading dot means any host below, else the host itself; nothing means all."""
    host, subtree = _host(host), _host(subtree)
    if not subtree or host == subtree:
        return True
    return subtree.startswith(".") and host.endswith(subtree)


def _dns_within(name: bytes, subtree: bytes) -> bool:
    """Compare as for domain names: the name itself and any below."""
    host, above = _host(name.decode("ascii")), _host(subtree.decode("ascii"))
    return not above or host == above or host.endswith("." + above.removeprefix("."))


def _wildcard_reaches(name: GeneralName, subtree: bytes) -> bool:
    """Say whether `*.example.com` stands for a name in the excluded `secret.example.com`."""
    if name.kind != "dns" or not name.value.startswith(b"*."):
        return False
    return _dns_within(subtree.lstrip(b"."), name.value[2:])


def _email_within(name: bytes, subtree: bytes) -> bool:
    mailbox, above = name.decode("ascii"), subtree.decode("ascii")
    local, _, host = mailbox.rpartition("@")
    if not local or not host:
        raise ValueError(mailbox)
    if "@" in above:
        above_local, _, above_host = above.rpartition("@")
        return local == above_local and _host(host) == _host(above_host)
    return _host_within(host, above)


def _uri_within(name: bytes, subtree: bytes) -> bool:
    host = urlsplit(name.decode("ascii")).hostname
    # The RFC: a constrained URI must have an authority that names a host by its domain, not by its address.
    if not host or ":" in host or host.rpartition(".")[2].isdigit():
        raise ValueError(name)
    return _host_within(host, subtree.decode("ascii"))


def _ip_within(name: bytes, subtree: bytes) -> bool:
    if len(subtree) not in {8, 32} or len(name) not in {4, 16}:
        raise ValueError(subtree)
    if len(subtree) != 2 * len(name):
        return False
    network, mask = subtree[: len(name)], subtree[len(name) :]
    return all(octet & bits == base & bits for octet, bits, base in zip(name, mask, network, strict=True))


_WITHIN: Final[MappingProxyType[NameKind, Callable[[bytes, bytes], bool]]] = MappingProxyType(
    {
        "directory": _directory_within,
        "dns": _dns_within,
        "email": _email_within,
        "uri": _uri_within,
        "ip": _ip_within,
    }
)
