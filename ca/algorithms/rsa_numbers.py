"""The numbers of an RSA private key, compared with each other before a library tries whether they are primes.

OpenSSL looks for the primality of whatever it is given: a changed key of absurd numbers costs it half a minute.
"""

from collections.abc import Sequence
from typing import Final

from ca.encoding import der
from ca.errors import DerInvalid

EXPONENT: Final = 65537
_MEMBERS: Final = 9


def check(info: bytes, sizes: Sequence[int]) -> None:
    """Compare the numbers of an RSA PrivateKeyInfo (DER); raises DerInvalid unless they belong together.

    sizes: lengths in bits that the modulus may have; its two primes have half of it each.
    Source: RFC 8017 section 3.2 and appendix A.1.2
    """
    fields = der.Fields(der.read(info))
    fields.take(der.INTEGER)
    fields.take(der.SEQUENCE)
    members = der.children(der.read(der.parse_octets(fields.take()), der.SEQUENCE))
    if len(members) != _MEMBERS:
        raise DerInvalid("another number of members than an RSA key with two primes has")
    version, n, e, d, p, q, dp, dq, qinv = (_natural(member, max(sizes)) for member in members)
    bits = n.bit_length()
    if version or bits not in sizes or e != EXPONENT or not p.bit_length() == q.bit_length() == bits // 2:
        raise DerInvalid("an RSA key of another size")
    fits = p * q == n and dp == d % (p - 1) and dq == d % (q - 1) and qinv * q % p == 1
    if not fits or e * dp % (p - 1) != 1 or e * dq % (q - 1) != 1:
        raise DerInvalid("numbers of an RSA key that do not belong together")


def _natural(element: der.Element, bits: int) -> int:
    value = der.expect(element, der.INTEGER).value
    if not value or value[0] & 0x80 or len(value) > bits // 8 + 1:
        raise DerInvalid("a number of unreasonable size")
    return int.from_bytes(value, "big")
