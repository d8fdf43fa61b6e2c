"""DER as a tree that can be changed in one place and written again, every length above it put right."""

from collections.abc import Callable
from dataclasses import dataclass

from ca.encoding import der
from ca.errors import DerInvalid

_MAX_NODES = 4000
"""Of one seed: a list of thousands of lines is mutated as well by its first ones."""
_DEEPEST = 24

Place = tuple[int, ...]
"""Which child of which child, from the root."""


@dataclass(frozen=True, slots=True)
class Node:
    """An element. head: what stands before its children, where a BIT STRING wraps them."""

    tag: int
    raw: bytes
    head: bytes
    children: tuple["Node", ...]

    @property
    def value(self) -> bytes:
        return der.read(self.raw).value


def grow(data: bytes, depth: int = 0) -> Node:
    """Read an element with all that is in it, and in its octet and bit strings where that is DER; raises DerInvalid."""
    element = der.read(data)
    head, children = _inside(element, depth) if depth < _DEEPEST else (b"", ())
    return Node(element.tag, element.raw, head, children)


def _inside(element: der.Element, depth: int) -> tuple[bytes, tuple[Node, ...]]:
    if element.tag & 0x20:
        return b"", tuple(grow(child.raw, depth + 1) for child in der.children(element))
    head = {der.OCTET_STRING: b"", der.BIT_STRING: b"\x00"}.get(element.tag)
    if head is None or not element.value.startswith(head) or len(element.value) < len(head) + 2:
        return b"", ()
    try:
        return head, (grow(element.value[len(head) :], depth + 1),)
    except DerInvalid:
        return b"", ()


def places(node: Node) -> tuple[Place, ...]:
    """Return where every element of the tree is, the root first."""
    found: list[Place] = [()]
    waiting: list[tuple[Place, Node]] = [((), node)]
    while waiting and len(found) < _MAX_NODES:
        place, here = waiting.pop()
        for index, child in enumerate(here.children):
            found.append((*place, index))
            waiting.append((found[-1], child))
    return tuple(found)


def at(node: Node, place: Place) -> Node:
    """Return the element in a place."""
    for index in place:
        node = node.children[index]
    return node


def changed(node: Node, place: Place, change: Callable[[Node], bytes]) -> bytes:
    """Return the DER of the tree with other bytes (one element, several or none, or no DER) in a place."""
    if not place:
        return change(node)
    index, *below = place
    parts = [child.raw for child in node.children]
    parts[index] = changed(node.children[index], tuple(below), change)
    return der.tlv(node.tag, node.head, *parts)
