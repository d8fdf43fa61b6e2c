"""A second opinion on SM2: slow, in pure Python, and nothing shared with the code that it judges but SM3 of hashlib.

Source: GB/T 32918.2 sections 5.5 and 7, GB/T 32918.5 section 2
"""

import hashlib

P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFC
B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
G = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)

Point = tuple[int, int] | None

HEAD = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d03420004")
"""What stands before the point in the DER of every SM2 SubjectPublicKeyInfo."""


def add(one: Point, other: Point) -> Point:
    """Add two points of the curve; None is the point at infinity."""
    if one is None or other is None:
        return one or other
    (x1, y1), (x2, y2) = one, other
    if x1 == x2 and (y1 + y2) % P == 0:
        return None
    slope = (3 * x1 * x1 + A) * pow(2 * y1, -1, P) if one == other else (y2 - y1) * pow(x2 - x1, -1, P)
    x = (slope * slope - x1 - x2) % P
    return x, (slope * (x1 - x) - y1) % P


def multiply(scalar: int, point: Point) -> Point:
    """Multiply a point by a number, bit by bit."""
    product: Point = None
    for bit in f"{scalar:b}":
        product = add(product, product)
        if bit == "1":
            product = add(product, point)
    return product


def sm3(data: bytes) -> bytes:
    return hashlib.new("sm3", data).digest()


def message_digest(key: tuple[int, int], user_id: bytes, data: bytes) -> int:
    """Return e: the SM3 of Z, which binds the user and the key, and the data."""
    numbers = b"".join(number.to_bytes(32, "big") for number in (A, B, *G, *key))
    z = sm3((8 * len(user_id)).to_bytes(2, "big") + user_id + numbers)
    return int.from_bytes(sm3(z + data), "big")


def point_of(public_key: bytes) -> tuple[int, int]:
    """Return the point in the DER of a SubjectPublicKeyInfo."""
    if not public_key.startswith(HEAD) or len(public_key) != len(HEAD) + 64:
        raise ValueError("not an SM2 key")
    x, y = (int.from_bytes(public_key[at : at + 32], "big") for at in (len(HEAD), len(HEAD) + 32))
    if not (x < P and y < P and (y * y - x * x * x - A * x - B) % P == 0):
        raise ValueError("not a point of the curve")
    return x, y


def numbers_of(signature: bytes) -> tuple[int, int]:
    """Return r and s of the DER of a signature."""
    r_size = signature[3]
    r = int.from_bytes(signature[4 : 4 + r_size], "big", signed=True)
    s = int.from_bytes(signature[6 + r_size :], "big", signed=True)
    if min(r, s) < 0 or signature != encoded(r, s):
        raise ValueError("not DER of two integers")
    return r, s


def encoded(r: int, s: int) -> bytes:
    """Return the DER of two positive integers below 2^256."""
    members = b""
    for number in (r, s):
        octets = number.to_bytes(number.bit_length() // 8 + 1, "big")
        members += bytes((2, len(octets))) + octets
    return bytes((0x30, len(members))) + members


def verify(public_key: bytes, data: bytes, signature: bytes, user_id: bytes = b"1234567812345678") -> bool:
    """Say whether the signature over the data is good; ValueError if key or signature is malformed."""
    key = point_of(public_key)
    r, s = numbers_of(signature)
    t = (r + s) % N
    if not (0 < r < N and 0 < s < N and t):
        return False
    point = add(multiply(s, G), multiply(t, key))
    return point is not None and (message_digest(key, user_id, data) + point[0]) % N == r
