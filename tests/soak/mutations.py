"""How an input is spoilt: by what a DER parser must not fall for, and by plain noise."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from random import Random

from ca.encoding import der
from ca.errors import DerInvalid
from tests.soak.trees import Node, Place, at, changed, grow, places

MAX_SIZE = 1 << 20
_USUAL_SIZE = 1 << 16
_MOST_AT_ONCE = 4

_TAGS = (0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x09, 0x0A, 0x0C, 0x13, 0x14, 0x16, 0x17, 0x18, 0x1A, 0x1C, 0x1E)
_OUTER_TAGS = (0x24, 0x30, 0x31, 0x80, 0x82, 0x86, 0xA0, 0xA1, 0xA2, 0xA3, 0xA4, 0xBF, 0x1F, 0xFF)
_TIMES = (
    b"20260230000000Z",
    b"99991231235959Z",
    b"00000101000000Z",
    b"20261122083015.5Z",
    b"261122083015+0800",
    b"2611220830Z",
)
_TEXTS = (
    b"",
    b"\x00",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"\xd8\x00\xd8\x00",
    "\u202egnp.exe".encode(),
    "\u0130\u00df\ufb03\u1e9e".encode() * 40,
    b"http://[::1",
    b"http://[fe80::%25eth0]:99999/",
    b"ldap://x/%%%",
    b"a@b@c",
    b"*.",
    b".",
    b"@",
)
_OIDS = (
    b"\x80\x01",
    b"\x2a\x81",
    b"\x2a" + b"\xff" * 70 + b"\x7f",
    b"\x55\x1d\x1e",
    b"\x55\x1d\x20\x00",
    b"\x55\x1d\x21",
    b"\x55\x1d\x13",
)


@dataclass(frozen=True)
class Seed:
    """A good input, and what it is made of."""

    data: bytes

    @cached_property
    def tree(self) -> Node | None:
        try:
            return grow(self.data)
        except DerInvalid:
            return None

    @cached_property
    def places(self) -> tuple[Place, ...]:
        return () if self.tree is None else places(self.tree)

    def piece(self, rng: Random) -> bytes:
        """Return any element of it."""
        return self.data if self.tree is None else at(self.tree, rng.choice(self.places)).raw


Donors = Sequence[Seed]
Change = Callable[[Random, Node, Donors], bytes]


def _another_tag(rng: Random, node: Node, donors: Donors) -> bytes:
    tag = rng.choice((node.tag ^ 0x20, node.tag ^ 0x80, node.tag ^ 1 << rng.randrange(8), *_TAGS, *_OUTER_TAGS))
    return bytes((tag,)) + node.raw[1:]


def _wrong_length(rng: Random, node: Node, donors: Donors) -> bytes:
    value = node.value
    size = len(value)
    octets = max(size, 1).to_bytes(4, "big")
    length = rng.choice(
        (
            b"\x80",
            b"\xff",
            b"\x84\xff\xff\xff\xff",
            b"\x84" + octets,
            b"\x81" + octets[-1:],
            b"\x88" + bytes(4) + octets,
            bytes((size + 1 & 0x7F,)),
            bytes((size - 1 & 0x7F,)),
            b"\x82" + (size + rng.randrange(1 << 12) & 0xFFFF).to_bytes(2, "big"),
        )
    )
    return node.raw[:1] + length + value + rng.choice((b"", b"\x00\x00"))


def _flipped(rng: Random, node: Node, donors: Donors) -> bytes:
    raw = bytearray(node.raw)
    raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
    return bytes(raw)


def _other_value(rng: Random, node: Node, donors: Donors) -> bytes:
    kind = node.tag & 0x1F
    if kind in {der.INTEGER, der.ENUMERATED}:
        bits = rng.choice((0, 1, 7, 8, 31, 32, 63, 64, 160, 511, 512, 4096, 70_000))
        value = der.integer(rng.choice((1 << bits, (1 << bits) - 1, -(1 << bits), rng.getrandbits(bits + 1))))
        return bytes((node.tag,)) + value[1:]
    if kind == der.OBJECT_IDENTIFIER:
        return der.tlv(node.tag, rng.choice(_OIDS))
    if kind in {der.UTC_TIME, der.GENERALIZED_TIME}:
        return der.tlv(rng.choice((der.UTC_TIME, der.GENERALIZED_TIME)), rng.choice(_TIMES))
    if kind in {der.BOOLEAN, der.NULL}:
        return der.tlv(node.tag, rng.choice((b"", b"\x00", b"\x01", b"\xff\xff")))
    return der.tlv(node.tag, rng.choice((*_TEXTS, rng.randbytes(rng.choice((1, 4, 16, 32, 300))))))


def _cut(rng: Random, node: Node, donors: Donors) -> bytes:
    value = node.value
    return der.tlv(node.tag, value[: rng.randrange(len(value) + 1)])


def _longer(rng: Random, node: Node, donors: Donors) -> bytes:
    return der.tlv(node.tag, node.value, rng.randbytes(rng.choice((1, 2, 127, 5000))))


def _gone(rng: Random, node: Node, donors: Donors) -> bytes:
    return b""


def _twice(rng: Random, node: Node, donors: Donors) -> bytes:
    return node.raw * 2


def _very_often(rng: Random, node: Node, donors: Donors) -> bytes:
    return node.raw * _times(rng, node)


def _numbered(rng: Random, node: Node, donors: Donors) -> bytes:
    """Repeat an element so that no two are alike, yet each stays what it was: names, policies, serial numbers."""
    raw, at_end = node.raw, min(2, len(node.raw) - 2)
    ends = (bytes((number >> 7 & 0x7F, number & 0x7F)) for number in range(_times(rng, node)))
    return b"".join(raw[: len(raw) - at_end] + end[2 - at_end :] for end in ends)


def _times(rng: Random, node: Node) -> int:
    # Seldom as much as a parser may be given at all
    room = MAX_SIZE // 2 if rng.random() < 0.01 else rng.choice((500, 5000, _USUAL_SIZE // 2))
    return max(2, min(room // len(node.raw), 1 << 14))


def _spliced(rng: Random, node: Node, donors: Donors) -> bytes:
    piece = rng.choice(donors).piece(rng)
    return rng.choice((piece, piece + node.raw, node.raw + piece))


def _retold(rng: Random, node: Node, donors: Donors) -> bytes:
    """Put another element's contents under this one's tag."""
    return bytes((node.tag,)) + rng.choice(donors).piece(rng)[1:]


def _nested(rng: Random, node: Node, donors: Donors) -> bytes:
    raw = node.raw
    for _ in range(rng.choice((1, 1, 2, 30, 1500))):
        raw = der.tlv(rng.choice((0x30, 0x30, 0x31, 0xA0, 0x04)), raw)
    return raw


def _shuffled(rng: Random, node: Node, donors: Donors) -> bytes:
    parts = [child.raw for child in node.children]
    rng.shuffle(parts)
    return der.tlv(node.tag, node.head, *parts) if parts else node.raw * 2


CHANGES: tuple[Change, ...] = (
    _another_tag,
    _wrong_length,
    _flipped,
    _other_value,
    _other_value,
    _cut,
    _longer,
    _gone,
    _twice,
    _very_often,
    _numbered,
    _spliced,
    _spliced,
    _retold,
    _nested,
    _shuffled,
)


def noise(rng: Random, data: bytes) -> bytes:
    """Return the data with a few octets changed, lost, added, cut off or repeated, whatever they mean."""
    raw = bytearray(data)
    for _ in range(rng.randint(1, 8)):
        here = rng.randrange(len(raw) + 1)
        match rng.randrange(6):
            case 0:
                raw[here:here] = rng.randbytes(rng.randint(1, 8))
            case 1:
                del raw[here : here + rng.randint(1, 8)]
            case 2:
                del raw[here:]
            case 3:
                raw[here:here] = raw[here : here + rng.randint(1, 400)]
            case _ if here < len(raw):
                raw[here] ^= 1 << rng.randrange(8)
            case _:
                raw += rng.randbytes(1)
    return bytes(raw)


def mutate(rng: Random, seed: Seed, donors: Donors) -> bytes:
    """Return a seed spoilt in one to four ways; never more than a megabyte. donors: whose pieces may get into it."""
    data = seed.data
    for _ in range(1 + sum(rng.random() < 0.3 for _ in range(_MOST_AT_ONCE - 1))):
        if seed.tree is None or rng.random() < 0.15:
            data = noise(rng, data)
        else:
            change = rng.choice(CHANGES)
            data = changed(seed.tree, rng.choice(seed.places), lambda node: change(rng, node, donors))  # noqa: B023 - called at once
        if len(data) > _USUAL_SIZE // 4:
            break
        seed = Seed(data)
    return data[:MAX_SIZE]
